"""The control page and its JSON: clock, faults, verdicts, switches, and the ledger for all to see."""

import re
from datetime import timedelta
from html import unescape

import pytest
import requests

from tests.sandbox.bodies import invoice
from tests.sandbox.client import Client


def page(pac: Client) -> str:
    answer = requests.get(f"{pac.sandbox.root_url}/control/", timeout=5)
    assert answer.status_code == 200
    return answer.text


def send_form(pac: Client, action: str, **fields: str) -> requests.Response:
    return requests.post(
        f"{pac.sandbox.root_url}/control/{action}", data=fields, timeout=5, allow_redirects=False
    )


def test_the_page_shows_documents_companies_and_forms_in_spanish(pac: Client) -> None:
    body = invoice(4)
    body["receiver"]["name"] = "<b>Cliente</b> & Cía."
    document = pac.issue(body)
    shown = page(pac)
    assert "<b>Cliente</b>" not in shown
    assert "<b>Cliente</b> & Cía." in unescape(shown)
    assert document["cufe"] in shown
    assert pac.company.ruc in shown
    for words in (
        "Reloj",
        "Fallas",
        "Documentos (1)",
        "acepta y no contesta",
        "sin aceptar",
        "DGI_AUTHORIZED",
    ):
        assert words in shown
    assert "<script" not in shown


def test_every_form_of_the_page_leads_back_to_it(pac: Client) -> None:
    pac.sandbox.behaviour.authorise_after = 3600
    pac.post("/invoices", invoice())
    shown = page(pac)
    for form in re.findall(r"<form.*?</form>", shown, re.DOTALL):
        if "behaviour" in form or "reset" in form or "clear" in form:
            continue
        action = re.search(r'action="/control/(\w+)"', form)
        fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
        if "<select" in form:
            fields["kind"] = re.search(r'option value="(\w+)"', form)[1]
        answer = send_form(pac, action[1], **fields)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/control/"), form


def test_the_clock_is_moved_set_and_reset(pac: Client) -> None:
    before = pac.sandbox.clock.now()
    pac.control("POST", "/clock", {"hours": 183})
    assert pac.sandbox.clock.now() - before >= timedelta(hours=183)
    told = pac.control("POST", "/clock", {"at": "2027-01-01T00:00:00-05:00"}).json()
    assert told["now"].startswith("2027-01-01T00:00:00")
    pac.control("POST", "/clock", {"reset": True})
    assert pac.control("GET", "/clock").json()["offset_hours"] == 0


def test_faults_are_planned_listed_and_cleared(pac: Client) -> None:
    plan = [
        {"kind": "429", "operation": "create_invoice", "retry_after": 9},
        {"kind": "slow", "times": None, "probability": 0.5, "seed": 3},
    ]
    pending = pac.control("POST", "/faults", plan).json()["pending"]
    assert [(fault["kind"], fault["times"]) for fault in pending] == [("429", 1), ("slow", None)]
    assert pac.post("/invoices", invoice()).headers["Retry-After"] == "9"
    assert len(pac.control("GET", "/faults").json()["pending"]) == 1
    assert pac.control("DELETE", "/faults").json() == {"pending": []}


def test_a_document_is_decided_by_hand(pac: Client) -> None:
    pac.sandbox.behaviour.authorise_after = 3600
    document_id = pac.issue(invoice())["id"]
    verdict = {"document_id": document_id, "legal_status": "DGI_REJECTED", "code": "1601", "message": "No"}
    assert pac.control("POST", "/verdict", verdict).status_code == 200
    assert pac.read(document_id)["governmentResponse"] == [{"code": "1601", "message": "No"}]
    pac.control("POST", "/verdict", verdict | {"legal_status": "DGI_AUTHORIZED"})
    assert pac.read(document_id)["legalStatus"] == "DGI_REJECTED"


def test_the_state_shows_each_number_with_its_documents_and_postings(pac: Client) -> None:
    pac.issue(invoice(1))
    pac.post("/invoices", invoice(1))
    state = pac.control("GET", "/state").json()
    assert [(row["number"], len(row["documents"])) for row in state["numbers"]] == [("0000000001", 1)]
    assert [(row["number"], row["times"]) for row in state["postings"]] == [("0000000001", 2)]
    assert [row["legal_status"] for row in state["documents"]] == ["DGI_AUTHORIZED", "PAC_REJECTED"]


def test_the_state_is_up_to_date_though_nobody_read(pac: Client) -> None:
    pac.post("/invoices", invoice(1))
    assert pac.control("GET", "/state").json()["documents"][0]["legal_status"] == "DGI_AUTHORIZED"


def test_switches_take_their_own_type_all_or_none(pac: Client) -> None:
    told = pac.control("POST", "/behaviour", {"authorise_after": "5", "auto_scan": "off"}).json()
    assert (told["authorise_after"], told["auto_scan"]) == (5.0, False)
    answer = pac.control("POST", "/behaviour", {"authorise_after": 9, "list_status": 418})
    assert (answer.status_code, pac.sandbox.behaviour.authorise_after) == (400, 5.0)


def test_a_key_is_revoked_and_restored(pac: Client) -> None:
    pac.control("POST", "/keys", {"revoke": "a-key"})
    assert pac.get("/invoices").status_code == 401
    pac.control("POST", "/keys", {"restore": "a-key"})
    assert pac.get("/invoices").status_code == 200


def test_an_affiliation_lapses(pac: Client) -> None:
    pac.control("POST", "/lapse", {"company_id": pac.company.id})
    assert pac.post("/invoices", invoice()).json()["code"] == "AP1010"


def test_everything_is_forgotten_on_reset(pac: Client) -> None:
    pac.issue(invoice())
    pac.sandbox.behaviour.authorise_after = 9
    pac.sandbox.faults.add("500_before")
    pac.control("POST", "/reset", {})
    state = pac.control("GET", "/state").json()
    assert (state["documents"], state["companies"], state["postings"]) == ([], [], [])
    assert (pac.sandbox.behaviour.authorise_after, list(pac.sandbox.faults.pending())) == (0, [])


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/faults", {"kind": "earthquake"}),
        ("/faults", "text"),
        ("/clock", {"at": "2027-01-01T00:00:00"}),
        ("/clock", {"hours": "many"}),
        ("/verdict", {"document_id": "x"}),
        ("/behaviour", {"colour": "red"}),
        ("/scan", {}),
    ],
)
def test_control_that_makes_no_sense_is_refused(path: str, body: object, pac: Client) -> None:
    assert pac.control("POST", path, body).status_code == 400


def test_unknown_controls_do_not_exist(pac: Client) -> None:
    assert pac.control("GET", "/nothing").status_code == 404
    assert pac.control("POST", "/nothing", {}).status_code == 404
    assert pac.control("GET", "/scan/nobody").status_code == 404


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Host": "evil.example"}])
def test_pages_of_other_sites_cannot_pull_the_strings(headers: dict[str, str], pac: Client) -> None:
    address = f"{pac.sandbox.root_url}/control/clock"
    assert requests.post(address, json={"hours": 5}, headers=headers, timeout=5).status_code == 403
    assert pac.sandbox.clock.offset == timedelta()


def test_a_company_signs_up_at_a_provider_of_peru(pac: Client) -> None:
    url, known = (
        f"{pac.sandbox.root_url}/control/taxpayers",
        {"id": "com_1", "ruc": "20131312955", "name": "Bazar"},
    )
    assert requests.post(url, json={**known, "provider": "alanube"}, timeout=5).status_code == 400
    assert requests.post(url, json={**known, "provider": "tandia"}, timeout=5).status_code == 200
    companies = requests.get(
        f"{pac.sandbox.root_url}/tandia/api/account/companies?limit=10",
        headers={"Authorization": "Bearer practice-key"},
        timeout=5,
    )
    assert [row["tax_id"] for row in companies.json()["data"]] == ["20131312955"]
