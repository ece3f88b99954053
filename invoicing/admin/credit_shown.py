"""The credit notes of an invoice as its page shows them, what they leave of it and of its lines, and a note's own invoice."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.db.models import prefetch_related_objects
from django.urls import reverse
from django.utils.translation import gettext as _

from cifras.core.admin.badges import Badge
from cifras.fiscal import crediting as law
from cifras.fiscal.lifecycle import LegalStatus
from invoicing.admin.badges import alerts, business_badge, legal_badge
from invoicing.admin.figures import moment, money, quantity
from invoicing.models import Document, Line
from invoicing.models.choices import Kind
from invoicing.services import crediting, crediting_lines, settling


def notes_of(document: Document) -> list[Document]:
    """The notes over this invoice, the oldest first; none of a document that can have none. Read once for the whole page."""
    if document.kind != Kind.INVOICE or not (document.cufe or document.peru):
        return []
    prefetch_related_objects([document], "credits")
    notes = sorted(document.credits.all(), key=lambda note: note.pk)
    for note in notes:
        note.tenant = document.tenant
    return notes


def standing_of(document: Document, notes: Sequence[Document]) -> dict[str, Any]:
    """An invoice's notes with their two statuses, and the sums; empty where there are none."""
    if not notes:
        return {}
    currency = document.currency
    live = [note for note in notes if crediting.is_live(note)]
    authorised = _sum(note for note in live if note.legal_status == LegalStatus.DGI_AUTHORIZED)
    pending = _sum(note for note in live if note.legal_status != LegalStatus.DGI_AUTHORIZED)
    left = law.remaining(document.total, (note.total for note in live))
    sums = [
        (_("Total de la factura"), document.total, True),
        (_("Con nota de crédito autorizada"), authorised, True),
        (_("Con nota de crédito en trámite"), pending, bool(pending)),
    ]
    return {
        "notes": [_document(note) for note in notes],
        "sums": [(name, money(amount, currency)) for name, amount, is_shown in sums if is_shown],
        "left": money(left, currency),
    }


def lines_left(document: Document, rows: Sequence[Line], notes: Sequence[Document]) -> dict[int, str]:
    """What live notes leave of each line they have taken from, as a sentence, by the line's key."""
    if not any(crediting.is_live(note) for note in notes):
        return {}
    found = {}
    for line in crediting_lines.standing(document, rows=rows):
        if not line.sold.taken.worth:
            continue
        if not line.sold.left:
            found[line.row.pk] = _("con nota de crédito entera")
            continue
        found[line.row.pk] = _("quedan {units} {unit}, {amount}, sin nota de crédito").format(
            units=quantity(line.sold.quantity_left),
            unit=line.row.unit,
            amount=money(line.sold.left, document.currency),
        )
    return found


def invoice_of(document: Document) -> dict[str, Any]:
    """The invoice that a note refers to; empty for an invoice, and for a note over one that isn't among ours."""
    invoice = document.credited
    if invoice is None:
        return {}
    invoice.tenant = document.tenant
    return _document(invoice) | {
        "receiver": invoice.receiver_name,
        "cufe_tail": (invoice.cufe or invoice.local_cufe)[-12:],
    }


def _document(document: Document) -> dict[str, Any]:
    badges: list[Badge] = [
        legal_badge(document),
        business_badge(settling.business(document)),
        *alerts(document),
    ]
    return {
        "text": str(document),
        "address": reverse(f"admin:invoicing_{document.face_name}_change", args=[document.uid]),
        "issued": moment(document.issue_date),
        "badges": badges,
        "total": money(document.total, document.currency),
        "is_live": crediting.is_live(document),
    }


def _sum(notes: Any) -> Decimal:
    return sum((note.total for note in notes), Decimal(0))
