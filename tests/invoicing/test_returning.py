"""Money already received when a document loses its effect: returned, passed on, kept; with the void, not before."""

from decimal import Decimal
from typing import Any

import pytest

from cifras.fiscal.errors import RuleBroken
from cifras.sandbox.server import SandboxServer
from invoicing import services
from invoicing.models import Document, Settlement, TimelineEvent
from invoicing.services import receipts, settling
from tenants.models import Tenant
from tests.clockwork import work_through
from tests.document_rows import a_document
from tests.factories import a_tenant, contribuyente, invoice_json
from tests.invoicing.test_settling import ON_CREDIT, authorised, is_as_recomputed, record, seen

pytestmark = pytest.mark.django_db

REASON = "Factura emitida con datos equivocados"


@pytest.fixture
def tenant(pac: SandboxServer) -> Tenant:
    return a_tenant()


def rows(document: Document) -> list[tuple[str, str]]:
    """What counts on the document."""
    standing = document.settlements.filter(reversed_at=None).order_by("pk")
    return [(row.kind, f"{row.amount:.2f}") for row in standing]


def ask(document: Document, money: str = "") -> None:
    services.void_invoice(document.uid, REASON, actor=None, money=money)


def refund_due(document: Document) -> str:
    return f"{settling.business(seen(document)).refund_due:.2f}"


def test_without_an_answer_the_money_stays_as_an_amount_to_be_returned(tenant: Tenant) -> None:
    document = authorised(tenant)
    ask(document)
    work_through(rounds=1)
    assert (seen(document).void_status, refund_due(document)) == ("VOIDED", "321.00")
    assert rows(document) == [("RECEIPT", "321.00")]


def test_the_money_is_returned_with_the_void_and_not_before(tenant: Tenant) -> None:
    document = authorised(tenant)
    ask(document, "refund")
    assert rows(document) == [("RECEIPT", "321.00")]
    work_through(rounds=1)
    assert rows(document) == [("RECEIPT", "321.00"), ("REFUND", "321.00")]
    assert refund_due(document) == "0.00"
    assert is_as_recomputed(document)


def test_a_refused_void_moves_no_money(tenant: Tenant, pac: SandboxServer) -> None:
    document = authorised(tenant)
    pac.behaviour.void_window_hours = 0
    ask(document, "refund")
    work_through(rounds=1)
    assert (seen(document).void_status, rows(document)) == ("REFUSED", [("RECEIPT", "321.00")])


def test_a_balance_in_favour_stays_and_says_so(tenant: Tenant) -> None:
    document = authorised(tenant)
    ask(document, "balance")
    work_through(rounds=1)
    assert refund_due(document) == "321.00"
    assert TimelineEvent.objects.filter(document_uid=document.uid, code="money_left_as_balance").exists()


def test_an_answer_that_is_none_is_refused(tenant: Tenant) -> None:
    document = authorised(tenant)
    with pytest.raises(RuleBroken) as refused:
        ask(document, "keep")
    assert (refused.value.field, seen(document).void_status) == ("money", "")


def test_money_waits_for_the_replacement_and_is_not_counted_twice_there(tenant: Tenant) -> None:
    document = authorised(tenant)
    ask(document, "move")
    work_through(rounds=1)
    assert refund_due(document) == "321.00"
    again = invoice_json(tenant, external_id=document.external_id, notes="Con el nombre corregido")
    replacement = services.create_invoice(again, actor=None)
    assert (rows(replacement), refund_due(document)) == ([("ADVANCE", "321.00")], "0.00")
    work_through(rounds=1)
    assert rows(replacement) == [("ADVANCE", "321.00")]
    assert settling.business(seen(replacement)).status == "PAID"
    assert is_as_recomputed(document)
    assert is_as_recomputed(replacement)


def test_a_withholding_goes_along_without_its_certificate(tenant: Tenant) -> None:
    document = authorised(tenant, **ON_CREDIT)
    record(document, "RECEIPT", "300")
    record(document, "WITHHOLDING", "21", certificate_number="RET-9")
    ask(document, "move")
    work_through(rounds=1)
    again = invoice_json(tenant, external_id=document.external_id, **ON_CREDIT, notes="Corregida")
    replacement = services.create_invoice(again, actor=None)
    assert rows(replacement) == [("ADVANCE", "300.00"), ("WITHHOLDING", "21.00")]
    assert Settlement.objects.get(document=replacement, kind="WITHHOLDING").is_pending
    assert (refund_due(document), seen(document).settled_total) == ("0.00", 0)


def test_what_was_passed_on_is_taken_back_on_both_sides(tenant: Tenant) -> None:
    document = authorised(tenant)
    ask(document)
    work_through(rounds=1)
    other = authorised(tenant, **ON_CREDIT)
    gone, arrived = services.move_money(document.uid, other.number, amount=Decimal(300), actor=None)
    assert (refund_due(document), settling.business(seen(other)).balance) == ("21.00", 21)
    services.reverse_settlement(arrived.uid, reason="Era de otra factura", actor=None)
    gone.refresh_from_db()
    assert gone.reversed_at
    assert (refund_due(document), settling.business(seen(other)).balance) == ("321.00", 321)


@pytest.mark.parametrize(
    ("target", "amount", "code"),
    [
        ("own", "321.01", "move_above_refund_due"),
        ("own", "0", "move_above_refund_due"),
        ("own", "0.001", "amount_two_decimals"),
        ("itself", "1", "move_to_nothing"),
        ("another receiver's", "1", "move_to_another_receiver"),
        ("nothing", "1", "unknown_document"),
        ("another tenant's", "1", "unknown_document"),
    ],
)
def test_a_balance_is_passed_only_to_a_living_invoice_of_the_same_receiver(
    target: str, amount: str, code: str
) -> None:
    who = {"total": "321.00", "receiver_ruc": "1-1-1", "cufe": ""}
    origin = a_document(**who)
    record(origin, "RECEIPT", "321")
    Document.objects.filter(pk=origin.pk).update(void_status="VOIDED")
    names = {
        "own": a_document(**who).number,
        "itself": str(origin.uid),
        "another receiver's": a_document(**who | {"receiver_ruc": "2-2-2"}).number,
        "another tenant's": str(a_document(**who, ruc="155596714-2-2015").uid),
        "nothing": "99",
    }
    with pytest.raises(RuleBroken) as refused:
        services.move_money(origin.uid, names[target], amount=Decimal(amount), actor=None)
    assert refused.value.code == code
    assert receipts.received(origin) == 321


def test_a_rejected_invoice_gives_back_its_advance(tenant: Tenant) -> None:
    draft: dict[str, Any] = {"draft": True, "receiver": contribuyente(name="RECHAZO-PAC, S.A.")}
    document = services.create_invoice(invoice_json(tenant, **draft), actor=None)
    record(document, "ADVANCE", "50")
    services.generate_invoice(document.uid, actor=None)
    work_through(rounds=1)
    assert (seen(document).legal_status, refund_due(document)) == ("PAC_REJECTED", "50.00")
