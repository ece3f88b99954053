"""The main road: a document is posted, authorised, read and found again."""

from datetime import datetime, timedelta

import pytest
import requests

from cifras.sandbox.records import Company
from cifras.sandbox.server import SandboxServer
from tests.sandbox.bodies import credit_note, example, invoice
from tests.sandbox.client import Client

INVOICES = (
    "01",
    "02",
    "03",
    "04",
    "05",
    "06",
    "07",
    "08",
)


@pytest.fixture
def world_of_the_examples(sandbox: SandboxServer) -> Client:
    """The company and office that the contract's examples name."""
    sandbox.clock.set(datetime.fromisoformat("2026-11-19T12:00:00-05:00"))
    company = sandbox.authority.add_company(
        ruc="155999901-2-2021", name="Tienda de Ejemplo, S.A.", company_id="01K9CFRAS00000000000000001"
    )
    sandbox.authority.add_office(company.id, code="0001", office_id="01K9CFRAS00000000000000002")
    return Client(sandbox, company)


@pytest.mark.parametrize("name", INVOICES)
def test_every_invoice_of_the_contract_is_authorised(name: str, world_of_the_examples: Client) -> None:
    document = world_of_the_examples.issue(example(name))
    assert document["legalStatus"] == "DGI_AUTHORIZED"


@pytest.mark.parametrize("member", ["CUFE", "ID"])
def test_the_notes_of_the_contract_are_authorised(member: str, world_of_the_examples: Client) -> None:
    invoice_ = world_of_the_examples.issue(example("01"))
    note = example("09" if member == "CUFE" else "10")
    reference = note["referencedDocuments"][0]
    reference |= (
        {"cufeIdentification": invoice_["cufe"]}
        if member == "CUFE"
        else {"apiIdentification": invoice_["id"]}
    )
    assert world_of_the_examples.issue(note, "/credit-notes")["legalStatus"] == "DGI_AUTHORIZED"


def test_the_first_answer_is_the_pacs_and_the_next_reading_the_dgis(pac: Client) -> None:
    answer = pac.post("/invoices", invoice(7))
    first = answer.json()
    assert (answer.status_code, first["message"]) == (200, "Document registered")
    assert first["document"]["status"] == "REGISTERED"
    assert first["document"]["legalStatus"] == "PAC_AUTHORIZED"
    assert "pdf" not in first["document"]
    second = pac.read(first["document"]["id"])
    assert (second["status"], second["legalStatus"]) == ("FINISHED", "DGI_AUTHORIZED")
    assert second["governmentResponse"] == [{"code": "0260", "message": "Autorizado el uso de la FE"}]
    assert len(second["authorizationProtocol"]) == 23
    assert second["cufe"] == first["document"]["cufe"]
    assert second.keys() >= {"pdf", "xml", "qr"}


def test_the_cufe_carries_issuer_branch_date_number_point_and_security_code(pac: Client) -> None:
    office = pac.sandbox.authority.add_office(pac.company.id, code="3OC7")
    yesterday = pac.sandbox.clock.now() - timedelta(days=1)
    body = invoice(42, billingPoint="007", issueDate=yesterday.isoformat(timespec="seconds"))
    cufe = pac.issue({"idOffice": office.id, **body})["cufe"]
    assert len(cufe) == 66
    assert cufe[:-1] == f"FE0120000155596713-2-2015-593OC7{yesterday:%Y%m%d}0000000042007012123456789"


def test_a_document_without_an_office_belongs_to_the_head_office(pac: Client) -> None:
    assert pac.issue(invoice())["cufe"][28:32] == "0000"


def test_the_dgi_may_take_its_time_by_the_clock(pac: Client) -> None:
    pac.sandbox.behaviour.authorise_after = 600
    document = pac.issue(invoice())
    assert (document["legalStatus"], document["status"]) == ("PAC_AUTHORIZED", "WAITING_RESPONSE")
    pac.sandbox.clock.advance(seconds=601)
    assert pac.read(document["id"])["legalStatus"] == "DGI_AUTHORIZED"


def test_the_dgi_may_take_its_time_by_readings(pac: Client) -> None:
    pac.sandbox.behaviour.authorise_after_reads = 2
    document_id = pac.post("/invoices", invoice()).json()["document"]["id"]
    words = [pac.read(document_id)["legalStatus"] for _ in range(3)]
    assert words == ["PAC_AUTHORIZED", "PAC_AUTHORIZED", "DGI_AUTHORIZED"]


def test_a_document_in_process_may_carry_another_word(pac: Client) -> None:
    pac.sandbox.behaviour.in_process_word = "DGI_REQUEST"
    assert pac.post("/invoices", invoice()).json()["document"]["legalStatus"] == "DGI_REQUEST"


@pytest.mark.parametrize(("word", "code"), [("RECHAZO-DGI", "1602"), ("RECHAZO-QR", "4003")])
def test_the_dgi_rejects_what_asks_for_it(word: str, code: str, pac: Client) -> None:
    body = invoice()
    body["items"][0]["description"] = f"Servicio {word}"
    document = pac.issue(body)
    assert document["legalStatus"] == "DGI_REJECTED"
    assert document["governmentResponse"][0]["code"] == code
    assert not document.keys() & {"pdf", "xml", "qr", "authorizationProtocol"}


def test_the_pac_rejects_what_asks_for_it_with_a_document_in_the_answer(pac: Client) -> None:
    body = invoice()
    body["receiver"]["name"] = "RECHAZO-PAC, S.A."
    answer = pac.post("/invoices", body)
    assert (answer.status_code, answer.json()["message"]) == (400, "Document rejected")
    assert pac.read(answer.json()["document"]["id"])["legalStatus"] == "PAC_REJECTED"


def test_a_rejection_of_the_pac_may_come_with_200_or_late(pac: Client) -> None:
    body = invoice(1)
    body["receiver"]["name"] = "RECHAZO-PAC-200"
    answer = pac.post("/invoices", body)
    assert (answer.status_code, answer.json()["document"]["legalStatus"]) == (200, "PAC_REJECTED")
    body = invoice(2)
    body["receiver"]["name"] = "RECHAZO-PAC-TARDE"
    assert pac.post("/invoices", body).json()["document"]["legalStatus"] == "PAC_AUTHORIZED"
    assert (
        pac.issue(body | invoice(3)["information"] if False else invoice(3))["legalStatus"]
        == "DGI_AUTHORIZED"
    )
    assert (
        pac.get("/invoices", documentNumber="0000000002").json()["documents"][0]["legalStatus"]
        == "PAC_REJECTED"
    )


def test_some_documents_never_hear_from_the_dgi(pac: Client) -> None:
    body = invoice()
    body["receiver"]["name"] = "SIN-RESPUESTA"
    document = pac.issue(body)
    pac.sandbox.clock.advance(hours=1000)
    assert pac.read(document["id"])["legalStatus"] == "PAC_AUTHORIZED"


@pytest.mark.parametrize(
    ("answer", "read"),
    [
        ("document", lambda body: body["errors"][0]["message"]),
        ("plain", lambda body: body["message"]),
        ("errors", lambda body: body["errors"][0]["message"]),
    ],
)
def test_a_number_is_used_once(answer: str, read: object, pac: Client) -> None:
    pac.sandbox.behaviour.duplicate_answer = answer
    first = pac.issue(invoice(5))
    second = pac.post("/invoices", invoice(5))
    assert second.status_code == 400
    assert read(second.json()) == "Document numeration already used"
    listed = pac.get("/invoices", documentNumber="0000000005").json()["documents"]
    assert [document["id"] for document in listed] == [first["id"]]
    assert pac.sandbox.journal.times_posted("0000000005") == 2


def test_the_same_number_may_serve_another_point_branch_type_or_company(pac: Client) -> None:
    authority = pac.sandbox.authority
    cufe = pac.issue(invoice(1))["cufe"]
    office = authority.add_office(pac.company.id, code="0002", type="associated")
    other = Client(pac.sandbox, authority.add_company(ruc="155646463-2-2017", name="Otra, S.A."))
    pac.issue(invoice(1, billingPoint="002"))
    pac.issue({"idOffice": office.id, **invoice(1)})
    pac.issue(credit_note(cufe, 1), "/credit-notes")
    other.issue(invoice(1))
    assert len(authority.by_number()) == 5


def test_a_rejected_document_keeps_its_number(pac: Client) -> None:
    body = invoice(5)
    body["receiver"]["name"] = "RECHAZO-DGI"
    pac.issue(body)
    assert pac.post("/invoices", invoice(5)).status_code == 400


def test_the_answer_may_be_201_and_flat(pac: Client) -> None:
    pac.sandbox.behaviour.update({"created_status": 201, "flat_answers": "on"})
    answer = pac.post("/invoices", invoice())
    assert answer.status_code == 201
    assert pac.get(f"/invoices/{answer.json()['document']['id']}").json()["legalStatus"] == "DGI_AUTHORIZED"


def test_a_list_is_filtered_and_paged_newest_first(pac: Client) -> None:
    for number in range(1, 6):
        pac.issue(invoice(number))
    page = pac.get("/invoices", limit="2", page="2").json()
    assert page["metadata"] == {"current_page": 2, "limit": 2, "from": 3, "to": 4}
    assert [document["documentNumber"] for document in page["documents"]] == ["0000000003", "0000000002"]
    assert pac.get("/invoices", legalStatus="DGI_REJECTED,PAC_REJECTED").json()["documents"] == []
    assert pac.get("/invoices", documentNumber="0000000009").json()["documents"] == []
    today = f"{pac.sandbox.clock.now():%Y-%m-%d}"
    assert len(pac.get("/invoices", start=today, end=today).json()["documents"]) == 5
    assert pac.get("/invoices", start="2020-01-01", end="2020-01-02").json()["documents"] == []
    assert pac.get("/credit-notes").json()["documents"] == []


def test_a_list_may_be_missing_or_ignore_the_number(pac: Client) -> None:
    pac.issue(invoice(1))
    pac.sandbox.behaviour.list_ignores_number = True
    assert len(pac.get("/invoices", documentNumber="0000000009").json()["documents"]) == 1
    pac.sandbox.behaviour.list_status = 501
    assert pac.get("/invoices", documentNumber="0000000001").status_code == 501


def test_somebody_elses_document_is_not_found(pac: Client) -> None:
    document_id = pac.issue(invoice())["id"]
    other = Client(pac.sandbox, pac.sandbox.authority.add_company(ruc="155646463-2-2017", name="Otra, S.A."))
    assert other.get(f"/invoices/{document_id}").status_code == 404
    assert other.void(document_id).status_code == 404
    assert pac.get(f"/credit-notes/{document_id}").status_code == 404
    assert other.get("/invoices").json()["documents"] == []


def test_an_unknown_company_is_not_found(pac: Client) -> None:
    answer = pac.post("/invoices", invoice(), idCompany="01K9CFRAS00000000000000009")
    assert (answer.status_code, answer.json()) == (404, {"code": 404, "message": "Company not found"})


def test_without_a_company_the_main_one_of_the_key_acts(sandbox: SandboxServer) -> None:
    address, headers = f"{sandbox.base_url}/pan/v1/invoices", {"Authorization": "Bearer a-key"}
    sandbox.authority.add_company(ruc="155646463-2-2017", name="Otra, S.A.")
    assert requests.get(address, headers=headers, timeout=5).status_code == 404
    sandbox.authority.add_company(ruc="155596713-2-2015", name="Principal, S.A.", type="main")
    assert requests.get(address, headers=headers, timeout=5).status_code == 200


def test_a_company_that_is_not_affiliated_hears_ap1010(pac: Client, company: Company) -> None:
    pac.sandbox.authority.lapse(company)
    answer = pac.post("/invoices", invoice())
    assert (answer.status_code, answer.json()["code"]) == (400, "AP1010")


def test_a_call_without_a_good_key_is_unauthorised(pac: Client) -> None:
    pac.sandbox.behaviour.accepted_keys = {"another-key"}
    assert pac.get("/invoices").status_code == 401
    pac.sandbox.behaviour.accepted_keys = set()
    assert pac.get("/invoices").status_code == 200
    pac.sandbox.behaviour.revoked_keys.add("a-key")
    assert pac.post("/invoices", invoice()).status_code == 401
    pac.sandbox.behaviour.revoked_keys.clear()
    del pac.session.headers["Authorization"]
    assert pac.get("/invoices").json() == {"code": 401, "message": "Unauthorized"}
    assert not pac.sandbox.authority.documents
