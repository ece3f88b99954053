"""How much of an invoice may still be credited, and what its live notes have taken.

A live note is one that was queued, or issued elsewhere and registered, and is not rejected, void or discarded: notes in flight
reserve their amount, a void gives it back, proformas reserve nothing (domain 10).
"""

from decimal import Decimal

from django.db.models import Sum

from cifras.fiscal import crediting, cufe, stated
from cifras.fiscal.document import Mode
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.fiscal.lifecycle import REJECTED_LEGAL, LegalStatus, Submission, VoidStatus
from invoicing.models import Document
from invoicing.models.document import DocumentQuerySet
from invoicing.services.parties import issuer_of
from tenants.models import Tenant

_RESERVES_NOTHING = (Submission.DRAFT, Submission.DISCARDED, Submission.REFUSED)
_NOTE_TYPES = frozenset({"04", "05", "06", "07"})  # credit and debit notes (DGI iDoc): no note refers to one
_VOID_OR_NEARLY = frozenset({VoidStatus.REQUESTED, VoidStatus.UNKNOWN, VoidStatus.VOIDED})


def live_notes(invoice: Document) -> DocumentQuerySet:
    """The notes that hold an amount of `invoice`."""
    return live(Document.objects.filter(credited=invoice))


def live(notes: DocumentQuerySet) -> DocumentQuerySet:
    """Those of these notes that hold an amount of their invoices."""
    return (
        notes.exclude(mode=Mode.PROFORM)
        .exclude(submission__in=_RESERVES_NOTHING)
        .exclude(legal_status__in=REJECTED_LEGAL)
        .exclude(void_status=VoidStatus.VOIDED)
    )


def is_live(note: Document) -> bool:
    """Whether the note holds its amount, as `live_notes`; no query."""
    return crediting.is_live(
        Mode(note.mode),
        Submission(note.submission),
        LegalStatus(note.legal_status),
        VoidStatus(note.void_status),
    )


def remaining(invoice: Document, *, besides: Document | None = None) -> Decimal:
    """What may still be credited of `invoice`, leaving `besides` out of the notes that count."""
    return crediting.remaining(invoice.total, amounts(invoice, besides=besides))


def amounts(invoice: Document, *, besides: Document | None = None) -> list[Decimal]:
    """The totals of the live notes, `besides` left out."""
    notes = live_notes(invoice)
    if besides is not None:
        notes = notes.exclude(pk=besides.pk)
    return list(notes.values_list("total", flat=True))


def limit_reasons(note: Document, invoice: Document) -> list[RuleBroken]:
    """Why `note` may not take its total from `invoice`; empty when it may. Its lines are `crediting_lines`' business."""
    try:
        crediting.require_within(note.total, invoice.total, amounts(invoice, besides=note))
    except RuleBroken as refusal:
        return [*refusal.reasons]
    return []


def modification_code(note: Document, invoice: Document) -> int:
    """1 for a full annulment with no other live note, else 3 (domain 10)."""
    return crediting.modification_code(note.total, invoice.total, amounts(invoice, besides=note))


def authorised_total(invoice: Document) -> Decimal:
    """The sum of authorised notes that are not void: what the invoice's business status counts."""
    counted = live_notes(invoice).filter(legal_status=LegalStatus.DGI_AUTHORIZED)
    return counted.aggregate(sum=Sum("total"))["sum"] or Decimal(0)


def reference_reasons(invoice: Document) -> list[RuleBroken]:
    """Why no note may refer to `invoice`, amounts aside; empty when one may. No query.

    An own sale issued elsewhere and registered by its CUFE may be credited before its legal status has been verified.
    """
    if invoice.is_received:
        return [_issued_by_another()]
    is_imported = invoice.mode == Mode.DGI_IMPORT and invoice.legal_status not in REJECTED_LEGAL
    if invoice.legal_status != LegalStatus.DGI_AUTHORIZED and not is_imported:
        return [
            RuleBroken(
                "reference_not_authorised",
                gettext_noop(
                    "La factura {number} no está autorizada por la DGI: no se le puede emitir una nota."
                ),
                "references",
                number=invoice.number,
            )
        ]
    if invoice.void_status in _VOID_OR_NEARLY:
        return [
            RuleBroken(
                "reference_void",
                gettext_noop(
                    "La factura {number} está anulada o en anulación: no se le puede emitir una nota."
                ),
                "references",
                number=invoice.number,
            )
        ]
    if invoice.environment != invoice.tenant.environment:
        return [
            RuleBroken(
                "reference_other_environment",
                gettext_noop("La factura {number} es de otro ambiente (pruebas o producción): elija otra."),
                "references",
                number=invoice.number,
            )
        ]
    return []


def unregistered_reasons(given_cufe: str, tenant: Tenant) -> list[RuleBroken]:
    """What the CUFE of an invoice that isn't among our documents says against a note of `tenant`.

    A CUFE that cannot be read says nothing: the provider's is right whatever we compute.
    """
    try:
        said = cufe.parse(given_cufe)
    except RuleBroken:
        return []
    if not stated.is_issued_by(said, issuer_of(tenant)):
        return [_issued_by_another()]
    if said.document_type in _NOTE_TYPES:
        return [
            RuleBroken(
                "reference_not_an_invoice",
                gettext_noop("Ese CUFE es de una nota, y una nota de crédito se refiere a una factura."),
                "references",
            )
        ]
    return []


def _issued_by_another() -> RuleBroken:
    return RuleBroken(
        "reference_of_another_issuer",
        gettext_noop("Esa factura la emitió otro contribuyente: solo a las propias se les emite una nota."),
        "references",
    )
