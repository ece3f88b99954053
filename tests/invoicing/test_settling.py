"""Money on documents: what may be recorded, said before, reversed; the business statuses it makes, computed from the rows."""

import uuid
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from cifras.fiscal.errors import RuleBroken
from cifras.fiscal.lifecycle import BusinessStatus, Reason
from cifras.fiscal.zones import local_date
from cifras.sandbox.server import SandboxServer
from invoicing import services
from invoicing.models import Document, Settlement, TimelineEvent
from invoicing.services import settling
from tenants.models import Tenant
from tests.at_once import at_once
from tests.clockwork import work_through
from tests.document_rows import a_document
from tests.factories import a_tenant, contribuyente, credit_json, invoice_json, line

pytestmark = pytest.mark.django_db

TODAY = local_date(timezone.now())
ON_CREDIT: dict[str, Any] = {
    "payment_time": "CREDIT",
    "payments": [{"method": "01", "amount": "321.00"}],
    "due_date": (TODAY + timedelta(days=30)).isoformat(),
    "instalments": [
        {"sequence": 1, "due_date": (TODAY + timedelta(days=30)).isoformat(), "amount": "321.00"}
    ],
}
HALF = {"lines": [line(quantity="1")], "payments": [{"method": "02", "amount": "160.50"}]}


@pytest.fixture
def tenant(pac: SandboxServer) -> Tenant:
    return a_tenant()


def authorised(tenant: Tenant, **changes: Any) -> Document:
    document = services.create_invoice(invoice_json(tenant, **changes), actor=None)
    work_through(rounds=1)
    return seen(document)


def a_note(tenant: Tenant, invoice: Document, **changes: Any) -> Document:
    note = services.create_credit(credit_json(tenant, invoice.external_id, **changes), actor=None)
    work_through(rounds=1)
    return seen(note)


def seen(document: Document) -> Document:
    return Document.objects.select_related("tenant", "office").get(pk=document.pk)


def record(document: Document, kind: str, amount: str, **changes: Any) -> Settlement:
    members = {"day": TODAY, "actor": None, **changes}
    return services.record_settlement(document.uid, kind=kind, amount=Decimal(amount), **members)


def refusal(document: Document, kind: str, amount: str, **changes: Any) -> str:
    with pytest.raises(RuleBroken) as refused:
        record(document, kind, amount, **changes)
    return refused.value.code


def standing(document: Document, **changes: Any) -> tuple[str, str, str]:
    """(status, balance, what is to be returned)"""
    found = settling.business(seen(document), **changes)
    return found.status, f"{found.balance:.2f}", f"{found.refund_due:.2f}"


def is_as_recomputed(document: Document) -> bool:
    before = seen(document)
    after = seen(document)
    settling.refresh_facts(after)
    names = ("settled_total", "credited_total", "next_due_date", "open_before")
    return [getattr(before, name) for name in names] == [getattr(seen(document), name) for name in names]


# The ten statuses, each reached by acts


def unpaid(tenant: Tenant) -> Document:
    return authorised(tenant, **ON_CREDIT)


def partially_paid(tenant: Tenant) -> Document:
    document = unpaid(tenant)
    record(document, "RECEIPT", "100")
    return document


def paid(tenant: Tenant) -> Document:
    document = partially_paid(tenant)
    record(document, "WITHHOLDING", "21")
    record(document, "ADVANCE", "200")
    return document


def overpaid(tenant: Tenant) -> Document:
    document = unpaid(tenant)
    record(document, "RECEIPT", "400")
    return document


def past_due(tenant: Tenant) -> Document:
    document = unpaid(tenant)
    Document.objects.filter(pk=document.pk).update(next_due_date=TODAY - timedelta(days=1))
    return document


def partially_credited(tenant: Tenant) -> Document:
    document = unpaid(tenant)
    a_note(tenant, document, **HALF)
    return document


def credited(tenant: Tenant) -> Document:
    document = unpaid(tenant)
    a_note(tenant, document)
    return document


def void(tenant: Tenant) -> Document:
    document = authorised(tenant)
    services.void_invoice(document.uid, "Factura emitida con datos equivocados", actor=None)
    work_through(rounds=1)
    return document


def discarded(tenant: Tenant) -> Document:
    document = services.create_invoice(invoice_json(tenant, draft=True), actor=None)
    return services.discard_document(document.uid, actor=None)


def rejected(tenant: Tenant) -> Document:
    return authorised(tenant, receiver=contribuyente(name="RECHAZO-DGI, S.A."))


def applied(tenant: Tenant) -> Document:
    return a_note(tenant, unpaid(tenant), **HALF)


def unapplied(tenant: Tenant) -> Document:
    invoice = unpaid(tenant)
    return services.create_credit(credit_json(tenant, invoice.external_id, **HALF), actor=None)


@pytest.mark.parametrize(
    ("reach", "status", "reason", "balance", "back"),
    [
        (unpaid, BusinessStatus.UNPAID, Reason.NONE, "321.00", "0.00"),
        (partially_paid, BusinessStatus.PARTIALLY_PAID, Reason.NONE, "221.00", "0.00"),
        (paid, BusinessStatus.PAID, Reason.NONE, "0.00", "0.00"),
        (overpaid, BusinessStatus.OVERPAID, Reason.NONE, "0.00", "79.00"),
        (past_due, BusinessStatus.PAST_DUE, Reason.NONE, "321.00", "0.00"),
        (partially_credited, BusinessStatus.PARTIALLY_CANCELED, Reason.NONE, "160.50", "0.00"),
        (credited, BusinessStatus.CANCELED, Reason.CREDITED, "0.00", "0.00"),
        (discarded, BusinessStatus.CANCELED, Reason.INTERNAL, "0.00", "0.00"),
        (void, BusinessStatus.VOID, Reason.NONE, "0.00", "321.00"),
        (rejected, BusinessStatus.UNPAID, Reason.NO_EFFECT, "0.00", "0.00"),
        (applied, BusinessStatus.APPLIED, Reason.NONE, "0.00", "0.00"),
        (unapplied, BusinessStatus.UNAPPLIED, Reason.NONE, "0.00", "0.00"),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_each_business_status_is_computed_from_what_happened(
    tenant: Tenant, reach: Any, status: str, reason: str, balance: str, back: str
) -> None:
    document = reach(tenant)
    found = settling.business(seen(document))
    assert (found.status, found.reason) == (status, reason)
    assert (f"{found.balance:.2f}", f"{found.refund_due:.2f}") == (balance, back)
    assert status == BusinessStatus.PAST_DUE or is_as_recomputed(document)


def test_what_is_overdue_changes_by_the_clock_alone(tenant: Tenant) -> None:
    document = partially_paid(tenant)
    assert standing(document, today=TODAY + timedelta(days=30))[0] == BusinessStatus.PARTIALLY_PAID
    assert standing(document, today=TODAY + timedelta(days=31))[0] == BusinessStatus.PAST_DUE


# What may be recorded


@pytest.mark.parametrize(
    ("kind", "amount", "changes", "code"),
    [
        ("RECEIPT", "0", {}, "amount_not_positive"),
        ("RECEIPT", "-1", {}, "amount_not_positive"),
        ("RECEIPT", "NaN", {}, "amount_not_positive"),
        ("RECEIPT", "0.005", {}, "amount_two_decimals"),
        ("RECEIPT", "1e12", {}, "amount_too_large"),
        ("RECEIPT", "1", {"day": TODAY + timedelta(days=1)}, "settlement_date"),
        ("RECEIPT", "1", {"day": date(202, 1, 1)}, "settlement_date"),
        ("RECEIPT", "1", {"method": "01"}, "settlement_method"),
        ("RECEIPT", "1", {"method": "77"}, "settlement_method"),
        ("RECEIPT", "1", {"certificate_number": "C-1"}, "certificate_without_withholding"),
        ("GIFT", "1", {}, "unknown_settlement_kind"),
        ("REFUND", "0.01", {}, "refund_above_received"),
        ("WITHHOLDING", "21.01", {}, "withholding_above_tax"),
        (
            "WITHHOLDING",
            "1",
            {"certificate_date": TODAY + timedelta(days=1)},
            "certificate_date",
        ),
        ("RECEIPT", "1", {"external_reference": "x" * 101}, "text_too_long"),
    ],
)
def test_a_movement_that_cannot_be_is_refused_and_leaves_nothing(
    kind: str, amount: str, changes: dict[str, Any], code: str
) -> None:
    document = a_document(total="321.00", itbms="21.00")
    assert refusal(document, kind, amount, **changes) == code
    assert not document.settlements.exists()


def test_more_may_be_withheld_than_the_tax_once_a_person_has_seen_it() -> None:
    document = a_document(total="321.00", itbms="21.00")
    record(document, "WITHHOLDING", "20")
    assert refusal(document, "WITHHOLDING", "2") == "withholding_above_tax"
    record(document, "WITHHOLDING", "2", confirmed=True)
    assert seen(document).settled_total == 22


def test_the_documents_own_retention_limits_what_is_withheld() -> None:
    document = a_document(total="321.00", itbms="21.00", retention_amount="10.50")
    assert refusal(document, "WITHHOLDING", "10.51") == "withholding_above_tax"
    assert record(document, "WITHHOLDING", "10.50").is_pending


def test_no_more_is_returned_than_was_received_and_a_withholding_is_not_ours_to_return() -> None:
    document = a_document(total="321.00", itbms="21.00")
    record(document, "RECEIPT", "100")
    record(document, "WITHHOLDING", "21")
    record(document, "REFUND", "60")
    assert refusal(document, "REFUND", "40.01") == "refund_above_received"
    record(document, "REFUND", "40")
    assert standing(document) == ("PARTIALLY_PAID", "300.00", "0.00")


@pytest.mark.parametrize(
    "state",
    [
        {"void_status": "VOIDED"},
        {"legal_status": "DGI_REJECTED"},
        {"submission": "DISCARDED", "legal_status": ""},
    ],
)
def test_a_document_without_effect_only_gives_back(state: dict[str, str]) -> None:
    document = a_document(total="321.00")
    record(document, "RECEIPT", "321")
    Document.objects.filter(pk=document.pk).update(**state)
    assert refusal(document, "RECEIPT", "1") == "without_effect_takes_refunds_only"
    assert standing(document)[1:] == ("0.00", "321.00")
    record(document, "REFUND", "321")
    assert standing(document)[1:] == ("0.00", "0.00")


def test_overpaying_is_allowed_and_said_before() -> None:
    document = a_document(total="321.00")
    outlook = settling.outlook(seen(document), kind="RECEIPT", amount=Decimal(400))
    assert [caution.code for caution in outlook.cautions] == ["overpayment"]
    assert (outlook.after.status, outlook.after.refund_due) == (BusinessStatus.OVERPAID, Decimal(79))
    assert not document.settlements.exists()
    record(document, "RECEIPT", "400")
    assert standing(document) == ("OVERPAID", "0.00", "79.00")


# Repeating, reversing


def test_a_movement_with_a_reference_is_recorded_once() -> None:
    document = a_document(total="321.00")
    first = record(document, "RECEIPT", "100", external_reference="REC-1")
    assert record(document, "RECEIPT", "100", external_reference=" REC-1 ") == first
    assert refusal(document, "RECEIPT", "99", external_reference="REC-1") == "settlement_reference_taken"
    other = a_document(total="321.00", cufe="")
    record(other, "RECEIPT", "100", external_reference="REC-1")
    services.reverse_settlement(first.uid, reason="Era de otra factura", actor=None)
    assert record(document, "RECEIPT", "100", external_reference="REC-1") == first
    assert (seen(document).settled_total, seen(other).settled_total) == (0, 100)


def test_a_form_that_is_sent_twice_records_once() -> None:
    document, form = a_document(total="321.00"), uuid.uuid4()
    record(document, "RECEIPT", "100", uid=form)
    record(document, "RECEIPT", "100", uid=form)
    assert (document.settlements.count(), seen(document).settled_total) == (1, 100)


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_refunds_at_the_same_time_return_no_more_than_was_received() -> None:
    document = a_document(total="321.00")
    record(document, "RECEIPT", "100")

    def give_back() -> str:
        try:
            record(document, "REFUND", "60")
        except RuleBroken as refused:
            return refused.code
        return "done"

    assert sorted(at_once([give_back, give_back])) == ["done", "refund_above_received"]
    assert seen(document).settled_total == 40


def test_a_reversed_movement_stays_with_who_and_why_and_counts_no_more() -> None:
    document = a_document(total="321.00")
    row = record(document, "RECEIPT", "321")
    services.reverse_settlement(row.uid, reason="  Cheque devuelto por el banco ", actor=None)
    services.reverse_settlement(row.uid, reason="otra vez", actor=None)
    row.refresh_from_db()
    assert (row.reversal_reason, bool(row.reversed_at)) == ("Cheque devuelto por el banco", True)
    assert standing(document) == ("UNPAID", "321.00", "0.00")
    assert is_as_recomputed(document)
    codes = TimelineEvent.objects.filter(document_uid=document.uid).values_list("code", flat=True)
    assert sorted(codes) == ["settled", "settlement_reversed"]


def test_money_that_was_given_back_is_not_reversed_as_if_it_never_came() -> None:
    document = a_document(total="321.00")
    receipt = record(document, "RECEIPT", "321")
    refund = record(document, "REFUND", "300")
    with pytest.raises(RuleBroken, match="revierta primero"):
        services.reverse_settlement(receipt.uid, reason="Por error", actor=None)
    with pytest.raises(RuleBroken) as silent:
        services.reverse_settlement(refund.uid, reason="  ", actor=None)
    assert silent.value.field == "reason"
    services.reverse_settlement(refund.uid, reason="Por error", actor=None)
    services.reverse_settlement(receipt.uid, reason="Por error", actor=None)
    assert seen(document).settled_total == 0


# Credit notes


def test_a_note_owes_back_what_its_invoice_did_not_owe_any_more(tenant: Tenant) -> None:
    invoice = unpaid(tenant)
    record(invoice, "RECEIPT", "250")
    first = a_note(tenant, invoice, **HALF)
    assert standing(first) == ("APPLIED", "0.00", "89.50")
    assert standing(invoice) == ("PARTIALLY_CANCELED", "0.00", "89.50")
    second = a_note(tenant, invoice, **HALF)
    assert [standing(note)[2] for note in (first, second)] == ["89.50", "160.50"]
    assert standing(invoice) == ("CANCELED", "0.00", "250.00")


def test_what_is_returned_over_a_note_counts_for_its_invoice(tenant: Tenant) -> None:
    invoice = authorised(tenant)
    note = a_note(tenant, invoice, **HALF)
    assert not note.settlements.exists(), "a note's payments create no settlement"
    assert refusal(note, "RECEIPT", "1") == "note_takes_refunds_only"
    assert refusal(note, "REFUND", "160.51") == "refund_above_received"
    record(note, "REFUND", "100")
    assert (standing(note)[2], standing(invoice)[2]) == ("60.50", "60.50")
    record(note, "REFUND", "60.50")
    assert (standing(note)[2], standing(invoice)[2]) == ("0.00", "0.00")
    assert is_as_recomputed(invoice)
    assert is_as_recomputed(note)


def test_a_void_note_takes_nothing_and_owes_nothing(tenant: Tenant) -> None:
    invoice = authorised(tenant)
    note = a_note(tenant, invoice, **HALF)
    services.void_credit(note.uid, "Nota emitida por error al cliente", actor=None)
    work_through(rounds=1)
    assert standing(note) == ("VOID", "0.00", "0.00")
    assert standing(invoice) == ("PAID", "0.00", "0.00")
