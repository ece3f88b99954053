"""Money on a document: recording it, and keeping the facts from which the business status is computed."""

from datetime import date
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from cifras.core import audit
from cifras.core.models import Staff
from cifras.fiscal.document import Instalment, Kind
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.fiscal.lifecycle import Business, Facts, LegalStatus, Submission, business_status, oldest_due
from cifras.fiscal.zones import local_date
from invoicing.models import Document, Settlement
from invoicing.services import crediting, timeline
from invoicing.services.finding import get_document

_CREDIT_METHOD = "01"


def record_settlement(
    document_id: str,
    *,
    kind: str,
    amount: Decimal,
    day: date,
    actor: Staff | None,
    method: str = "",
    certificate_number: str = "",
) -> Settlement:
    """Record a receipt, withholding, advance or refund on a document; `amount` is positive, in its currency."""
    document = get_document(document_id, actor=actor)
    if amount <= 0:
        raise RuleBroken("amount_not_positive", gettext_noop("El monto debe ser mayor que cero."), "amount")
    with transaction.atomic():
        row = Settlement.objects.create(
            document=document,
            kind=kind,
            amount=amount,
            date=day,
            method=method,
            certificate_number=certificate_number,
            recorded_by=actor.username if actor else "",
        )
        refresh_facts(document)
        timeline.note(document, "settled", actor=actor, detail={"kind": kind, "amount": amount, "date": day})
        audit.record(
            "document.settled",
            actor=actor,
            tenant_uid=document.tenant.uid,
            target=document,
            after={"kind": kind, "amount": amount, "date": day},
        )
    return row


def settle_declared_payments(document: Document) -> None:
    """At DGI_AUTHORIZED the declared means of payment other than credit, less the change, become receipts (domain 3)."""
    if document.kind != Kind.INVOICE or document.settlements.filter(is_declared=True).exists():
        return
    change = document.change
    for payment in document.payments.exclude(method=_CREDIT_METHOD):
        given_back = min(change, payment.amount)
        change -= given_back
        if payment.amount > given_back:
            Settlement.objects.create(
                document=document,
                kind=Settlement.Kind.RECEIPT,
                amount=payment.amount - given_back,
                date=local_date(document.issue_date or timezone.now()),
                method=payment.method,
                is_declared=True,
            )


def refresh_facts(document: Document) -> None:
    """Recompute what was settled and credited, from the rows."""
    settled = sum(
        (
            -row.amount if row.kind == Settlement.Kind.REFUND else row.amount
            for row in document.settlements.all()
        ),
        Decimal(0),
    )
    credited = crediting.authorised_total(document) if document.kind == Kind.INVOICE else Decimal(0)
    document.settled_total, document.credited_total = settled, credited
    document.next_due_date = oldest_due(facts_of(document, instalments=_instalments(document)))
    Document.objects.filter(pk=document.pk).update(
        settled_total=settled, credited_total=credited, next_due_date=document.next_due_date
    )


def facts_of(document: Document, *, instalments: tuple[Instalment, ...] = ()) -> Facts:
    """What is known about a document's money. Without its instalments the next due date stands for them."""
    return Facts(
        kind=Kind(document.kind),
        total=document.total,
        issued_on=local_date(document.issue_date or document.created_at),
        legal=LegalStatus(document.legal_status),
        is_voided=document.is_voided,
        is_discarded=document.submission == Submission.DISCARDED,
        credited=document.credited_total,
        settled=document.settled_total,
        due_date=document.due_date if instalments else document.next_due_date or document.due_date,
        grace_days=document.tenant.grace_days,
        instalments=instalments,
    )


def business(document: Document, *, today: date | None = None) -> Business:
    """The business status with its reason, balance and refund due, as of the local date `today`; no query."""
    return business_status(facts_of(document), today or local_date(timezone.now()))


def _instalments(document: Document) -> tuple[Instalment, ...]:
    return tuple(
        Instalment(row.sequence, row.due_date, row.amount, row.information)
        for row in document.instalments.all()
    )
