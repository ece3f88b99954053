"""Peruvian documents are mended, credited and replaced by the same acts as all others, under what SUNAT wants to read."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from cifras.fiscal.document import Kind, Mode
from cifras.fiscal.errors import RuleBroken
from cifras.sandbox.server import SandboxServer
from invoicing.models import Correction, Document, DocumentMail
from invoicing.services import (
    composing,
    composing_notes,
    correct_and_reissue,
    correcting,
    create_credit,
    create_invoice,
    discard_document,
    generate_invoice,
    mail_writing,
    preflight,
    start_correction,
    stop_correction,
)
from invoicing.services.composing import Form
from invoicing.services.composing_notes import How, Wish
from invoicing.services.reading import read_entry
from tenants.models import Tenant
from tests.clockwork import work_through
from tests.peru import a_company, boleta_json, factura_json, note_json

pytestmark = pytest.mark.django_db

REASON = "RUC equivocado"
HOUR = {"description": "Consultoría", "quantity": "3", "unit_price": "33.33", "tax_rate": "18"}
BOOK = {"description": "Libro", "quantity": "1", "unit_price": "12.5", "tax_rate": "0", "affectation": "20"}
SAMPLE = {"description": "Muestra", "quantity": "2", "unit_price": "5", "tax_rate": "18", "affectation": "13"}


@pytest.fixture
def fabo(pac: SandboxServer) -> Tenant:
    return a_company(pac)


def settled(document: Document) -> Document:
    work_through(rounds=2)
    document.refresh_from_db()
    return document


def issued(data: dict[str, Any]) -> Document:
    return settled(create_invoice(data, actor=None))


def returned(tenant: Tenant, **changes: Any) -> Document:
    """Handed in and not taken in by SUNAT."""
    data = factura_json(tenant, **changes)
    data["lines"][0]["description"] = "SUNAT-1001"
    document = issued(data)
    assert document.submission == "RETURNED"
    return document


def composed(invoice: Document, wish: Wish, **said: str) -> Document:
    data = composing_notes.note_json(composing_notes.creditable(invoice), wish, mode=Mode.DGI, **said)
    return settled(create_credit(data, actor=None))


def corrected(correction: Correction) -> tuple[Correction, Document]:
    found = correcting.get_correction(correction.uid, actor=None)
    assert found.replacement is not None
    return found, found.replacement


# What was returned is open for mending wherever a draft is.


def test_the_form_rewrites_what_was_returned_and_sends_it_under_its_number(
    pac: SandboxServer, fabo: Tenant
) -> None:
    document = returned(fabo)
    data = factura_json(fabo, external_id=document.external_id)
    form = Form(document.uid, document.content_hash)
    assert composing.rehearse(data, form, actor=None).reasons == ()
    entry = read_entry(data, kind=Kind.INVOICE)
    assert composing.keep_draft(entry, form, actor=None).submission == "RETURNED"
    document.refresh_from_db()
    composing.issue(entry, Form(document.uid, document.content_hash), actor=None)
    mended = settled(document)
    assert (mended.submission, mended.number) == ("ACCEPTED", "00000001")


def test_a_form_sent_twice_does_not_send_again_what_was_returned_meanwhile(
    pac: SandboxServer, fabo: Tenant
) -> None:
    data = factura_json(fabo)
    data["lines"][0]["description"] = "SUNAT-1001"
    entry, form = read_entry(data, kind=Kind.INVOICE), Form(Document().uid)
    document = settled(composing.issue(entry, form, actor=None))
    assert document.submission == "RETURNED"
    assert composing.issue(entry, form, actor=None).submission == "RETURNED"
    assert composing.issue(entry, Form(form.uid, document.content_hash), actor=None).submission == "QUEUED"


def test_what_was_returned_may_be_put_aside_and_made_anew(pac: SandboxServer, fabo: Tenant) -> None:
    document = returned(fabo)
    assert document.is_mendable
    assert discard_document(document.uid, actor=None).submission == "DISCARDED"
    draft = correct_and_reissue(document.uid, actor=None)
    assert draft.peru == document.peru
    assert (draft.billing_point, draft.currency, draft.submission) == ("F001", "PEN", "DRAFT")
    assert {reason.code for reason in preflight.check(draft)} == set()


def test_the_receiver_is_told_of_sunat_and_of_the_series(pac: SandboxServer, fabo: Tenant) -> None:
    """Our own mail, which needs no provider."""
    boleta = issued(boleta_json(fabo))
    mail = DocumentMail(document=boleta, tenant=fabo, address="ana@cliente.test")
    mail.purpose = DocumentMail.Purpose.NOTICE
    message = mail_writing.write(mail)
    assert "Boleta B001-1" in message.subject
    assert "sin validez ante la SUNAT" in message.body
    assert "DGI" not in message.body and "CUFE" not in message.body


# Credit notes that a person asks for in words.


@pytest.mark.parametrize(
    ("wish", "reason_code", "total"),
    [
        (Wish(), "01", Decimal("130.49")),
        (Wish(How.LINES, quantities={1: Decimal(1)}), "07", Decimal("39.33")),
        (Wish(How.AMOUNT, amount=Decimal("50.00")), "09", Decimal("50.00")),
    ],
)
def test_a_note_says_why_it_is_issued_in_a_series_of_its_own(
    pac: SandboxServer, fabo: Tenant, wish: Wish, reason_code: str, total: Decimal
) -> None:
    factura = issued(factura_json(fabo, lines=[HOUR, BOOK, SAMPLE]))
    assert factura.total == Decimal("130.49")
    note = composed(factura, wish)
    assert (note.legal_status, note.billing_point, note.total) == ("DGI_AUTHORIZED", "FC01", total)
    assert note.peru["reason_code"] == reason_code
    assert len(note.peru["reason"]) > 1
    factura.refresh_from_db()
    assert factura.credited_total == total


def test_what_is_left_of_an_invoice_is_credited_to_the_cent(pac: SandboxServer, fabo: Tenant) -> None:
    factura = issued(factura_json(fabo, lines=[HOUR, BOOK]))
    composed(factura, Wish(How.LINES, quantities={1: Decimal(1)}))
    rest = composed(factura, Wish(), reason_code="10", reason="Se devolvió el resto")
    assert (rest.peru["reason_code"], rest.peru["reason"]) == ("10", "Se devolvió el resto")
    factura.refresh_from_db()
    assert factura.credited_total == factura.total


def test_nothing_is_given_back_for_what_was_free(pac: SandboxServer, fabo: Tenant) -> None:
    factura = issued(factura_json(fabo, lines=[HOUR, SAMPLE]))
    with pytest.raises(RuleBroken) as refusal:
        composed(factura, Wish(How.LINES, quantities={2: Decimal(1)}))
    assert refusal.value.code == "credit_exceeds_quantity"


def test_a_note_goes_on_in_the_series_of_the_last_one(pac: SandboxServer, fabo: Tenant) -> None:
    fabo.offices.get().billing_points.create(code="FC02")
    factura = issued(factura_json(fabo))
    settled(create_credit(note_json(fabo, factura.external_id, series="FC02"), actor=None))
    assert composed(factura, Wish()).billing_point == "FC02"


def test_without_a_series_for_notes_a_note_bears_its_invoices(pac: SandboxServer, fabo: Tenant) -> None:
    fabo.offices.get().billing_points.filter(code="FC01").delete()
    factura = issued(factura_json(fabo))
    note = composed(factura, Wish())
    assert (note.billing_point, note.number, note.legal_status) == ("F001", "00000001", "DGI_AUTHORIZED")


# Mending what was issued.


def test_a_factura_inside_its_window_is_voided_and_replaced_by_one_like_it(
    pac: SandboxServer, fabo: Tenant
) -> None:
    factura = issued(factura_json(fabo))
    correction = start_correction(factura.uid, reason=REASON, actor=None, issues_itself=True)
    work_through()
    done, new = corrected(correction)
    assert (done.way, done.state) == ("VOID", "DONE")
    assert (new.peru, new.number, new.legal_status) == (factura.peru, "00000002", "DGI_AUTHORIZED")


@pytest.mark.parametrize("provider", ["fabo", "tandia"])
def test_what_is_never_voided_is_credited_and_replaced(pac: SandboxServer, provider: str) -> None:
    tenant = a_company(pac, provider)
    make = boleta_json if provider == "fabo" else factura_json
    original = issued(make(tenant))
    correction = start_correction(original.uid, reason=REASON, actor=None, issues_itself=True)
    work_through()
    done, new = corrected(correction)
    assert (done.way, done.state, new.legal_status) == ("CREDIT", "DONE", "DGI_AUTHORIZED")
    assert done.credit is not None
    assert (done.credit.peru["reason_code"], done.credit.peru["reason"]) == ("01", REASON)
    original.refresh_from_db()
    assert original.credited_total == original.total


def test_after_the_seventh_day_a_factura_is_credited(pac: SandboxServer, fabo: Tenant) -> None:
    factura = issued(factura_json(fabo))
    Document.objects.filter(pk=factura.pk).update(
        issue_date=timezone.now() - timedelta(days=8), void_deadline=timezone.now() - timedelta(days=1)
    )
    factura.refresh_from_db()
    assert correcting.way_of(factura) == "CREDIT"


def test_what_cannot_be_credited_is_not_corrected_either(pac: SandboxServer) -> None:
    tenant = a_company(pac, "tandia")
    waiting = create_invoice(factura_json(tenant), actor=None)
    with pytest.raises(RuleBroken) as refusal:
        start_correction(waiting.uid, reason=REASON, actor=None)
    assert refusal.value.code == "reference_not_authorised"


def test_a_replacement_that_was_returned_stands_in_the_way_and_may_be_put_aside(
    pac: SandboxServer, fabo: Tenant
) -> None:
    factura = issued(factura_json(fabo))
    correction = start_correction(factura.uid, reason=REASON, actor=None)
    work_through()
    _, draft = corrected(correction)
    draft.lines.update(description="SUNAT-1001")
    generate_invoice(draft.uid, actor=None)
    work_through()
    found, draft = corrected(correction)
    obstacle = correcting.obstacle_of(found)
    assert obstacle is not None
    assert (draft.submission, obstacle.code) == ("RETURNED", "replacement_returned")
    stop_correction(correction.uid, reason="Ya no hace falta", actor=None)
    draft.refresh_from_db()
    assert draft.submission == "DISCARDED"


def test_a_void_refused_before_says_nothing_about_the_note_under_way(
    pac: SandboxServer, fabo: Tenant
) -> None:
    factura = issued(factura_json(fabo))
    correction = start_correction(factura.uid, reason=REASON, actor=None)
    pac.clock.advance(hours=24 * 9)
    work_through()
    found, _ = corrected(correction)
    assert correcting.obstacle_of(found).code == "void_refused"
    Document.objects.filter(pk=factura.pk).update(
        issue_date=timezone.now() - timedelta(days=9), void_deadline=timezone.now() - timedelta(days=2)
    )
    found = correcting.try_again(correction.uid, actor=None)
    assert (found.way, correcting.obstacle_of(found)) == ("CREDIT", None)
