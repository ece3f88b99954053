"""Money on a document: recording it, reversing it, and keeping the facts from which the business status is computed."""

import uuid
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal

from django.core.files.base import File
from django.db import transaction
from django.utils import timezone

from cifras.core import audit
from cifras.core.models import Staff
from cifras.fiscal.document import Instalment, Kind
from cifras.fiscal.errors import RuleBroken, gettext_noop, refuse
from cifras.fiscal.lifecycle import (
    Business,
    Facts,
    LegalStatus,
    Submission,
    business_status,
    credit_business_status,
    oldest_due,
)
from cifras.fiscal.zones import local_date
from invoicing.models import Attachment, Document, Settlement
from invoicing.services import crediting, receipts, timeline, withholding
from invoicing.services.finding import get_document
from invoicing.services.receipts import Movement

_CREDIT_METHOD = "01"


@dataclass(frozen=True, slots=True)
class Outlook:
    """A document's money as it would be after a movement, and what a person should confirm first."""

    before: Business
    after: Business
    cautions: tuple[RuleBroken, ...]


def record_settlement(
    document_id: uuid.UUID | str,
    *,
    kind: str,
    amount: Decimal,
    day: date,
    actor: Staff | None,
    method: str = "",
    note: str = "",
    certificate_number: str = "",
    certificate_date: date | None = None,
    external_reference: str = "",
    certificate_file: "File[bytes] | None" = None,
    confirmed: bool = False,
    uid: uuid.UUID | None = None,
) -> Settlement:
    """Record a receipt, withholding, advance or refund on a document; `amount` is positive, in its currency.

    Repeating is safe where the movement has a name: the same `external_reference` on the same document, or the same `uid`
    (what a form draws when it is opened), answers the movement of the first time, even if it was reversed since.
    `confirmed`: a person has seen that a withholding exceeds the ITBMS. Raises RulesBroken with every reason.
    """
    movement = Movement(
        kind=kind,
        amount=amount,
        day=day,
        method=method,
        note=note.strip(),
        certificate_number=certificate_number.strip(),
        certificate_date=certificate_date,
        external_reference=external_reference.strip(),
    )
    with transaction.atomic():
        document = locked(get_document(document_id, actor=actor))
        known = _known(document, movement, uid)
        if known:
            return known
        refuse(receipts.reasons(document, movement, confirmed=confirmed))
        paper = None
        if certificate_file and kind == Settlement.Kind.WITHHOLDING:
            paper = withholding.keep_certificate(document, certificate_file)
        row = write(document, movement, actor=actor, uid=uid, certificate=paper)
        refresh_with_invoice(document)
    return row


def outlook(document: Document, *, kind: str, amount: Decimal) -> Outlook:
    """What a movement would make of the document's balance, before it is recorded."""
    refund = kind == Settlement.Kind.REFUND
    before = business(document)
    settled = document.settled_total + (-amount if refund else amount)
    today = local_date(timezone.now())
    after = _business(facts_of(document, settled=settled), document.open_before, today)
    return Outlook(before, after, tuple(receipts.cautions(document, kind, amount, owed=before.balance)))


def reverse_settlement(settlement_uid: uuid.UUID | str, *, reason: str, actor: Staff | None) -> Settlement:
    """Take back a movement that was recorded by mistake; the row stays, with who and why, and counts no more.

    Money passed between two documents is taken back on both. A repeat answers the reversed row. Raises RuleBroken without a
    reason, and where more would have been returned than was received.
    """
    with transaction.atomic():
        row = receipts.get_settlement(settlement_uid, actor=actor)
        pair = receipts.pair_of(row)
        for document in sorted({each.document for each in pair}, key=lambda each: each.pk):
            locked(document)
        row.refresh_from_db()
        if row.reversed_at:
            return row
        clean = receipts.require_reversal(pair, reason)
        for each in pair:
            take_back(each, clean, actor)
        for each in pair:
            refresh_with_invoice(each.document)
    row.refresh_from_db()
    return row


def settle_declared_payments(document: Document) -> None:
    """At DGI_AUTHORIZED the declared means of payment other than credit, less the change, become receipts (domain 3).

    What was passed on from the document that this one replaces is among them already, and is not counted twice.
    """
    if document.kind != Kind.INVOICE or document.settlements.filter(is_declared=True).exists():
        return
    held_back = document.change + receipts.passed_on_to(document)
    for payment in document.payments.exclude(method=_CREDIT_METHOD):
        covered = min(held_back, payment.amount)
        held_back -= covered
        if payment.amount > covered:
            Settlement.objects.create(
                document=document,
                kind=Settlement.Kind.RECEIPT,
                amount=payment.amount - covered,
                date=local_date(document.issue_date or timezone.now()),
                method=payment.method,
                is_declared=True,
            )


def refresh_facts(document: Document) -> None:
    """Recompute what was settled and credited, from the rows; and what each of its notes found still open."""
    document.settled_total = receipts.settled(document)
    if document.kind != Kind.INVOICE:
        Document.objects.filter(pk=document.pk).update(settled_total=document.settled_total)
        return
    document.credited_total = crediting.authorised_total(document)
    document.next_due_date = oldest_due(facts_of(document, instalments=_instalments(document)))
    Document.objects.filter(pk=document.pk).update(
        settled_total=document.settled_total,
        credited_total=document.credited_total,
        next_due_date=document.next_due_date,
    )
    _refresh_notes(document)


def refresh_with_invoice(document: Document) -> None:
    """As `refresh_facts`; a note's invoice too, which counts what was returned over the note."""
    refresh_facts(document)
    if document.credited_id:
        refresh_facts(Document.objects.select_for_update().get(pk=document.credited_id))
        document.refresh_from_db(fields=["open_before"])


def facts_of(
    document: Document, *, instalments: tuple[Instalment, ...] = (), settled: Decimal | None = None
) -> Facts:
    """What is known about a document's money. Without its instalments the next due date stands for them."""
    return Facts(
        kind=Kind(document.kind),
        total=document.total,
        issued_on=local_date(document.issue_date or document.created_at),
        legal=LegalStatus(document.legal_status),
        is_voided=document.is_voided,
        is_discarded=document.submission == Submission.DISCARDED,
        credited=document.credited_total,
        settled=document.settled_total if settled is None else settled,
        due_date=document.due_date if instalments else document.next_due_date or document.due_date,
        grace_days=document.tenant.grace_days,
        instalments=instalments,
    )


def business(document: Document, *, today: date | None = None) -> Business:
    """The business status with its reason, balance and refund due, as of the local date `today`; no query."""
    return _business(facts_of(document), document.open_before, today or local_date(timezone.now()))


def locked(document: Document) -> Document:
    """The document under its row lock, for the caller's transaction."""
    rows = Document.objects.select_for_update(of=("self",)).select_related("tenant", "office")
    return rows.get(pk=document.pk)


def write(
    document: Document,
    movement: Movement,
    *,
    actor: Staff | None,
    uid: uuid.UUID | None = None,
    moved_from: Settlement | None = None,
    certificate: Attachment | None = None,
) -> Settlement:
    """Store a movement that was judged before, with its line in timeline and audit; the caller refreshes the facts."""
    members = asdict(movement)
    row = Settlement.objects.create(
        uid=uid or uuid.uuid4(),
        document=document,
        date=members.pop("day"),
        moved_from=moved_from,
        certificate=certificate,
        recorded_by=actor.username if actor else "",
        **members,
    )
    said = {"kind": row.kind, "amount": row.amount, "date": row.date}
    timeline.note(document, "settled", actor=actor, detail=said)
    audit.record(
        "document.settled",
        actor=actor,
        tenant_uid=document.tenant.uid,
        target=document,
        after={**said, "reference": row.external_reference},
    )
    return row


def take_back(row: Settlement, reason: str, actor: Staff | None) -> None:
    """Mark a movement as reversed, in the caller's transaction; the caller refreshes the facts."""
    Settlement.objects.filter(pk=row.pk, reversed_at=None).update(
        reversed_at=timezone.now(), reversed_by=actor.username if actor else "", reversal_reason=reason
    )
    said = {"kind": row.kind, "amount": row.amount, "reason": reason}
    timeline.note(row.document, "settlement_reversed", actor=actor, detail=said)
    audit.record(
        "document.settlement_reversed",
        actor=actor,
        tenant_uid=row.document.tenant.uid,
        target=row.document,
        before={"kind": row.kind, "amount": row.amount, "date": row.date},
        reason=reason,
    )


def _known(document: Document, movement: Movement, uid: uuid.UUID | None) -> Settlement | None:
    """The movement of the first time; RuleBroken when its reference names another one."""
    if uid and (same := document.settlements.filter(uid=uid).first()):
        return same
    if not movement.external_reference:
        return None
    named = document.settlements.filter(external_reference=movement.external_reference).first()
    if named and (named.kind, named.amount, named.date) != (movement.kind, movement.amount, movement.day):
        raise RuleBroken(
            "settlement_reference_taken",
            gettext_noop("La referencia «{name}» ya registró otro movimiento de este documento: use otra."),
            "external_reference",
            name=movement.external_reference,
        )
    return named


def _refresh_notes(invoice: Document) -> None:
    """What the invoice still owed before each authorised note, in the order in which the notes were authorised."""
    notes = crediting.live_notes(invoice).filter(legal_status=LegalStatus.DGI_AUTHORIZED)
    returned = receipts.returned_over_notes(invoice)
    open_amount = invoice.total - invoice.settled_total - returned
    for note in notes.order_by("authorized_at", "pk").only("pk", "total", "open_before"):
        if note.open_before != open_amount:
            Document.objects.filter(pk=note.pk).update(open_before=open_amount)
        open_amount -= note.total


def _business(facts: Facts, open_before: Decimal | None, today: date) -> Business:
    if facts.kind is Kind.CREDIT:
        return credit_business_status(facts, open_balance=open_before)
    return business_status(facts, today)


def _instalments(document: Document) -> tuple[Instalment, ...]:
    return tuple(
        Instalment(row.sequence, row.due_date, row.amount, row.information)
        for row in document.instalments.all()
    )
