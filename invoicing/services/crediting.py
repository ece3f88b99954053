"""How much of an invoice may still be credited, and what its live notes have taken.

A live note is one that was queued and is not rejected, void or discarded: notes in flight reserve their amount, a void gives
it back (domain 10).
"""

from decimal import Decimal

from django.db.models import Sum

from cifras.fiscal import crediting
from cifras.fiscal.document import Mode
from cifras.fiscal.errors import RuleBroken
from cifras.fiscal.lifecycle import REJECTED_LEGAL, LegalStatus, Submission, VoidStatus
from invoicing.models import Document
from invoicing.models.document import DocumentQuerySet

_RESERVES_NOTHING = (Submission.DRAFT, Submission.DISCARDED, Submission.REFUSED)


def live_notes(invoice: Document) -> DocumentQuerySet:
    """The notes that hold an amount of `invoice`."""
    return (
        Document.objects.filter(credited=invoice, mode=Mode.DGI)
        .exclude(submission__in=_RESERVES_NOTHING)
        .exclude(legal_status__in=REJECTED_LEGAL)
        .exclude(void_status=VoidStatus.VOIDED)
    )


def remaining(invoice: Document, *, besides: Document | None = None) -> Decimal:
    """What may still be credited of `invoice`, leaving `besides` out of the notes that count."""
    return crediting.remaining(invoice.total, _amounts(invoice, besides))


def limit_reasons(note: Document, invoice: Document) -> list[RuleBroken]:
    """Why `note` may not be issued against `invoice` for its amount; empty when it may."""
    try:
        crediting.require_within(note.total, invoice.total, _amounts(invoice, note))
    except RuleBroken as reason:
        return [reason]
    return []


def modification_code(note: Document, invoice: Document) -> int:
    """1 for a full annulment with no other live note, else 3 (domain 10)."""
    return crediting.modification_code(note.total, invoice.total, _amounts(invoice, note))


def authorised_total(invoice: Document) -> Decimal:
    """The sum of authorised notes that are not void: what the invoice's business status counts."""
    counted = live_notes(invoice).filter(legal_status=LegalStatus.DGI_AUTHORIZED)
    return counted.aggregate(sum=Sum("total"))["sum"] or Decimal(0)


def _amounts(invoice: Document, besides: Document | None) -> list[Decimal]:
    notes = live_notes(invoice)
    if besides is not None:
        notes = notes.exclude(pk=besides.pk)
    return list(notes.values_list("total", flat=True))
