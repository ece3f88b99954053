"""Credit notes against their invoice, and the void window by the movable clock."""

from typing import Any

import pytest

from tests.sandbox.bodies import credit_note, halved, invoice
from tests.sandbox.client import Client


def refusal(answer: Any) -> str:
    assert answer.status_code == 400, answer.text
    body = answer.json()
    return body["message"] if "message" in body else body["errors"][0]["message"]


def test_notes_may_credit_what_remains_and_no_more(pac: Client) -> None:
    cufe = pac.issue(invoice())["cufe"]
    pac.issue(halved(credit_note(cufe, 1)), "/credit-notes")
    assert "exceeds the remaining 53.50" in refusal(pac.post("/credit-notes", credit_note(cufe, 2)))
    pac.issue(halved(credit_note(cufe, 2)), "/credit-notes")
    assert "exceeds the remaining 0.00" in refusal(pac.post("/credit-notes", halved(credit_note(cufe, 3))))


def test_a_voided_or_rejected_note_gives_its_amount_back(pac: Client) -> None:
    cufe = pac.issue(invoice())["cufe"]
    note = pac.issue(credit_note(cufe, 1), "/credit-notes")
    assert pac.void(note["id"], path="/credit-notes").status_code == 200
    rejected = credit_note(cufe, 2)
    rejected["items"][0]["description"] = "RECHAZO-DGI"
    pac.issue(rejected, "/credit-notes")
    assert pac.issue(credit_note(cufe, 3), "/credit-notes")["legalStatus"] == "DGI_AUTHORIZED"


def test_a_debit_note_adds_to_what_may_be_credited(pac: Client) -> None:
    cufe = pac.issue(invoice())["cufe"]
    pac.issue(halved(credit_note(cufe, 1, documentType="05")), "/debit-notes")
    pac.issue(credit_note(cufe, 1), "/credit-notes")
    assert pac.issue(halved(credit_note(cufe, 2)), "/credit-notes")["legalStatus"] == "DGI_AUTHORIZED"


def test_a_note_needs_a_reference(pac: Client) -> None:
    note = credit_note("x" * 66)
    assert "Referenced document not found" in refusal(pac.post("/credit-notes", note))
    del note["referencedDocuments"][0]["cufeIdentification"]
    assert 'requires property "cufeIdentification"' in refusal(pac.post("/credit-notes", note))
    del note["referencedDocuments"]
    assert 'instance requires property "referencedDocuments"' in refusal(pac.post("/credit-notes", note))


def test_a_note_may_refer_to_paper(pac: Client) -> None:
    note = credit_note("")
    note["referencedDocuments"] = [{"emissionType": "PAPER", "otherIdentification": "A-001-17"}]
    assert pac.issue(note, "/credit-notes")["legalStatus"] == "DGI_AUTHORIZED"


def test_an_invoice_must_be_authorised_and_not_void_to_be_credited(pac: Client) -> None:
    pac.sandbox.behaviour.authorise_after = 60
    document = pac.issue(invoice())
    assert "not authorized by the DGI" in refusal(pac.post("/credit-notes", credit_note(document["cufe"])))
    pac.sandbox.clock.advance(seconds=61)
    assert pac.void(document["id"]).status_code == 200
    assert "is cancelled" in refusal(pac.post("/credit-notes", credit_note(document["cufe"])))


def test_a_note_repeats_receiver_and_date_of_its_invoice(pac: Client) -> None:
    cufe = pac.issue(invoice())["cufe"]
    note = credit_note(cufe)
    note["receiver"]["ruc"]["ruc"] = "155646463-2-2017"
    assert "The receiver is not the one" in refusal(pac.post("/credit-notes", note))
    note = credit_note(cufe)
    note["referencedDocuments"][0]["issueDate"] = "2020-01-31T10:00:00-05:00"
    assert "The issue date is not the one" in refusal(pac.post("/credit-notes", note))


def test_a_full_annulment_has_the_total_of_its_invoice(pac: Client) -> None:
    cufe = pac.issue(invoice())["cufe"]
    half = halved(credit_note(cufe, 1, modificationCode=1))
    assert "full annulment" in refusal(pac.post("/credit-notes", half))
    assert pac.issue(credit_note(cufe, 1, modificationCode=1), "/credit-notes")["cufe"].startswith("FE04")


def test_another_companys_invoice_cannot_be_credited(pac: Client) -> None:
    cufe = pac.issue(invoice())["cufe"]
    other = Client(pac.sandbox, pac.sandbox.authority.add_company(ruc="155646463-2-2017", name="Otra, S.A."))
    assert "Referenced document not found" in refusal(other.post("/credit-notes", credit_note(cufe)))


def test_a_void_leaves_the_legal_status_alone(pac: Client) -> None:
    document = pac.issue(invoice())
    answer = pac.void(document["id"])
    assert answer.json() == {
        "message": "Document cancelled",
        "document": {"id": document["id"], "legalStatus": "DGI_AUTHORIZED"},
    }
    after = pac.read(document["id"])
    assert {**after, "pdf": "", "xml": ""} == {**document, "pdf": "", "xml": ""}
    assert pac.sandbox.authority.documents[document["id"]].is_void


def test_a_document_is_voided_once(pac: Client) -> None:
    document_id = pac.issue(invoice())["id"]
    assert pac.void(document_id).status_code == 200
    again = pac.void(document_id)
    assert (again.status_code, again.json()["code"]) == (400, "0622")


@pytest.mark.parametrize(
    ("reason", "message"),
    [
        ("catorce letras", "reason too short"),
        ("  corta, al fin   ", "reason too short"),
        ("x" * 1001, "reason too long"),
    ],
)
def test_a_void_needs_a_reason_of_15_to_1000_characters(reason: str, message: str, pac: Client) -> None:
    document_id = pac.issue(invoice())["id"]
    assert refusal(pac.void(document_id, reason)) == message
    assert pac.void(document_id, "quince letras, x").status_code == 200


def test_a_void_needs_its_reason_and_nothing_else(pac: Client) -> None:
    path = f"/invoices/{pac.issue(invoice())['id']}"
    assert 'instance requires property "reason"' in refusal(pac.call("DELETE", path, {}))
    body = {"reason": "Emitida por equivocación", "motivo": "1"}
    assert 'additional property "motivo"' in refusal(pac.call("DELETE", path, body))[0]


def test_the_window_closes_182_hours_after_the_issue_time(pac: Client) -> None:
    first, second = pac.issue(invoice(1))["id"], pac.issue(invoice(2))["id"]
    pac.sandbox.clock.advance(hours=181.9)
    assert pac.void(first).status_code == 200
    pac.sandbox.clock.advance(hours=0.2)
    assert refusal(pac.void(second)) == "outside void window"


def test_an_invoice_issued_183_hours_ago_is_authorised_and_cannot_be_voided(pac: Client) -> None:
    pac.sandbox.clock.advance(hours=-183)
    issued = pac.sandbox.clock.now().isoformat(timespec="seconds")
    pac.sandbox.clock.reset()
    document = pac.issue(invoice(issueDate=issued))
    assert document["legalStatus"] == "DGI_AUTHORIZED"
    assert refusal(pac.void(document["id"])) == "outside void window"


def test_a_late_repetition_may_hear_of_the_window_instead_of_the_void(pac: Client) -> None:
    document_id = pac.issue(invoice())["id"]
    pac.void(document_id)
    pac.sandbox.clock.advance(hours=200)
    assert refusal(pac.void(document_id)) == "Document already cancelled"
    pac.sandbox.behaviour.window_first = True
    assert refusal(pac.void(document_id)) == "outside void window"


def test_what_is_not_authorised_cannot_be_voided(pac: Client) -> None:
    pac.sandbox.behaviour.authorise_after = 60
    document_id = pac.issue(invoice())["id"]
    assert refusal(pac.void(document_id)) == "Document is not authorized by the DGI"


def test_an_invoice_with_a_live_note_cannot_be_voided(pac: Client) -> None:
    document = pac.issue(invoice())
    note = pac.issue(credit_note(document["cufe"]), "/credit-notes")
    assert refusal(pac.void(document["id"])) == "Document has credit notes"
    assert pac.void(note["id"], path="/credit-notes").status_code == 200
    assert pac.void(document["id"]).status_code == 200
