"""A note and the invoice that it takes from, whichever came first."""

from django.db import IntegrityError, transaction

from cifras.core import audit
from cifras.fiscal.document import Kind
from cifras.fiscal.lifecycle import LegalStatus, Submission
from cifras.pac.contract import IssuedDocument, IssuedReference
from invoicing.models import Document, MirroredRow
from invoicing.services import settling, timeline
from invoicing.services.laws import law_of
from invoicing.services.mirroring.building import name_of


def link(row: MirroredRow, document: Document, whole: IssuedDocument) -> None:
    """Link a note to its invoice, or an invoice to the notes that wait for it, inside the caller's transaction.

    One after the other in each company: two that came at the same moment would not see one another.
    """
    audit.lock_chain(row.tenant.uid)
    if document.kind == Kind.CREDIT:
        if whole.reference is not None:
            _link_note(row, document, whole.reference)
        return
    if document.submission == Submission.REFUSED:
        return  # the number of what the provider rejected may be another one's
    name = name_of(IssuedReference(document.series, document.billing_point, int(document.number)))
    waiting = MirroredRow.objects.select_related("document__tenant").filter(
        tenant=row.tenant, refers_to=name, document__credited=None
    )
    for each in waiting:
        if each.document is not None and _joined(each.document, document):
            MirroredRow.objects.filter(pk=each.pk).update(refers_to="")


def _link_note(row: MirroredRow, note: Document, reference: IssuedReference) -> None:
    number = f"{reference.number:0{law_of(row.tenant).number_digits}d}"
    invoice = (
        Document.objects.issued_by_us()
        .filter(
            tenant=row.tenant,
            kind=Kind.INVOICE,
            series=reference.document_type,
            billing_point=reference.series,
            number=number,
        )
        .exclude(is_mirrored=True, legal_status=LegalStatus.PAC_REJECTED)
        .first()
    )
    if invoice is None or not _joined(note, invoice):
        row.refers_to = name_of(reference)[:20]


def _joined(note: Document, invoice: Document) -> bool:
    """Whether the note was linked. Notes that together exceed their invoice stay apart, and its timeline says so."""
    told = {"invoice": invoice.printed_number}
    try:
        with transaction.atomic():
            Document.objects.filter(pk=note.pk, credited=None).update(
                credited=invoice, reference_date=invoice.issue_date
            )
            note.refresh_from_db()
            settling.refresh_with_invoice(note)
            timeline.note(note, "note_linked", detail=told)
    except IntegrityError:
        note.refresh_from_db()
        timeline.note(note, "note_not_linked", detail=told)
        return False
    return True
