"""Misfortune on order, over real sockets: what was done, and what the client got to see."""

from collections.abc import Iterator

import pytest
import requests

from cifras.sandbox.faults import BEFORE, FaultKind, Faults
from cifras.sandbox.server import SandboxServer
from tests.sandbox.bodies import invoice
from tests.sandbox.client import Client

IMPATIENT = 0.3  # seconds, well below what a hanging call takes


def post(pac: Client, timeout: float = 5) -> requests.Response:
    return pac.session.post(
        f"{pac.sandbox.base_url}/pan/v1/invoices",
        json=invoice(1),
        params={"idCompany": pac.company.id},
        timeout=timeout,
    )


def documents(pac: Client) -> int:
    return len(pac.get("/invoices", documentNumber="0000000001").json()["documents"])


@pytest.mark.parametrize("kind", [FaultKind.TIMEOUT_AFTER_COMMIT, FaultKind.TIMEOUT_BEFORE])
def test_a_hanging_call_outlasts_the_client(kind: FaultKind, pac: Client) -> None:
    pac.sandbox.faults.add(kind, "create_invoice")
    with pytest.raises(requests.ReadTimeout):
        post(pac, IMPATIENT)
    assert documents(pac) == (0 if kind in BEFORE else 1)


@pytest.mark.parametrize("kind", [FaultKind.DROP_AFTER_COMMIT, FaultKind.DROP_BEFORE])
def test_a_dropped_call_has_no_answer(kind: FaultKind, pac: Client) -> None:
    pac.sandbox.faults.add(kind, "create_invoice")
    with pytest.raises(requests.ConnectionError):
        post(pac)
    assert documents(pac) == (0 if kind in BEFORE else 1)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (FaultKind.SERVER_ERROR_BEFORE, 500),
        (FaultKind.SERVER_ERROR_AFTER, 500),
        (FaultKind.REQUEST_TIMEOUT_AFTER, 408),
        (FaultKind.TOO_MANY_REQUESTS, 429),
        (FaultKind.UNAUTHORIZED, 401),
        (FaultKind.FORBIDDEN, 403),
    ],
)
def test_a_bad_status_says_nothing_about_the_deed(kind: FaultKind, status: int, pac: Client) -> None:
    pac.sandbox.faults.add(kind, "create_*", retry_after=7)
    answer = post(pac)
    assert answer.status_code == status
    assert answer.headers.get("Retry-After") == ("7" if status == 429 else None)
    assert documents(pac) == (0 if kind in BEFORE else 1)


def test_garbage_hides_an_accepted_document(pac: Client) -> None:
    pac.sandbox.faults.add("malformed_json")
    answer = post(pac)
    assert answer.status_code == 200
    with pytest.raises(requests.JSONDecodeError):
        answer.json()
    assert documents(pac) == 1


def test_a_truncated_answer_ends_too_early(pac: Client) -> None:
    pac.sandbox.faults.add("truncated")
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        post(pac)
    assert documents(pac) == 1


def test_a_slow_answer_arrives_whole_for_who_waits_for_each_byte(pac: Client) -> None:
    pac.sandbox.faults.add("slow", "create_invoice", seconds=1)
    assert post(pac).json()["message"] == "Document registered"
    assert pac.sandbox.journal.requests("create_invoice")[0].fault == "slow"


def test_a_slow_answer_is_cut_off_by_who_does_not(pac: Client) -> None:
    pac.sandbox.faults.add("slow", "create_invoice", seconds=30)
    with pytest.raises(requests.ConnectionError):
        post(pac, IMPATIENT)
    assert documents(pac) == 1


def test_faults_strike_the_named_operation_so_many_times_after_so_many_calls(pac: Client) -> None:
    pac.sandbox.faults.add("500_before", "get_*", times=2, skip=1)
    document_id = post(pac).json()["document"]["id"]
    statuses = [pac.get(f"/invoices/{document_id}").status_code for _ in range(5)]
    assert statuses == [200, 500, 500, 200, 200]
    assert not pac.sandbox.faults.pending()


def test_chances_repeat_with_their_seed() -> None:
    def struck(seed: int) -> list[bool]:
        faults = Faults(seed)
        faults.add("500_after", times=None, probability=0.5)
        return [faults.strike("create_invoice") is not None for _ in range(50)]

    assert struck(1) == struck(1) != struck(2)
    assert 10 < sum(struck(1)) < 40


def test_a_fault_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="earthquake"):
        Faults().add("earthquake")


def test_the_journal_tells_what_befell_each_request(pac: Client) -> None:
    pac.session.headers["Idempotency-Key"] = "one-intent"
    pac.sandbox.faults.add("drop_after_commit", "create_invoice")
    with pytest.raises(requests.ConnectionError):
        post(pac)
    post(pac)
    first, second = pac.sandbox.journal.requests("create_invoice")
    assert (first.fault, first.status) == ("drop_after_commit", None)
    assert (second.fault, second.status) == ("", 400)
    assert first.idempotency_key == second.idempotency_key == "one-intent"
    assert first.body["information"]["numeration"] == "0000000001"
    assert pac.sandbox.journal.times_posted("0000000001", company_id=pac.company.id, document_type="01") == 2


@pytest.fixture
def forty(pac: Client) -> Iterator[Client]:
    pac.sandbox.faults.seed(7)
    for kind in ("drop_after_commit", "500_after", "500_before", "429", "malformed_json", "drop_before"):
        pac.sandbox.faults.add(kind, "create_invoice", times=None, probability=0.15)
    yield pac


def test_a_client_that_repeats_stubbornly_still_gets_each_number_once(forty: Client) -> None:
    for number in range(1, 41):
        for _ in range(20):
            try:
                answer = forty.post("/invoices", invoice(number))
                done = (
                    answer.status_code == 200 and answer.json()["message"]
                ) or "already used" in answer.text
            except (requests.ConnectionError, requests.JSONDecodeError):
                continue
            if done:
                break
    numbers = forty.sandbox.authority.by_number()
    assert sorted(key.number for key in numbers) == [f"{number:010d}" for number in range(1, 41)]
    assert {len(held) for held in numbers.values()} == {1}
    assert sum(forty.sandbox.journal.postings().values()) > 60


def test_stopping_lets_hanging_calls_go() -> None:
    with SandboxServer() as sandbox:
        client = Client(sandbox, sandbox.authority.add_company(ruc="155596713-2-2015", name="Emisora"))
        sandbox.faults.add("timeout_before", seconds=3600)
        with pytest.raises(requests.ReadTimeout):
            post(client, IMPATIENT)
    with pytest.raises(requests.ConnectionError):
        post(client)
