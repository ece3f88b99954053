"""The buttons about money, and those that take a document back from the queue."""

from typing import Any

from django.utils.translation import gettext as _

from cifras.core.rights import may
from cifras.core.wording import sentence
from cifras.fiscal.document import Kind, Mode
from cifras.fiscal.lifecycle import LegalStatus, Submission
from invoicing.admin.deeds import Deed, refusal_of, right
from invoicing.models import Document
from invoicing.services import receipts, settling, withdrawing

SETTLE = "invoicing.settle_invoice"


def money_deeds(document: Document, staff: Any) -> list[Deed]:
    """Record a movement, pass a balance on; withdraw and redate what waits in the queue."""
    return [*_queued(document, staff), *_settle(document, staff), *_move(document, staff)]


def takes_money(document: Document) -> bool:
    """Whether a movement may be recorded: on what was issued, and on anything that still holds money."""
    if document.is_received:
        return False
    if document.kind == Kind.CREDIT:
        return document.legal_status == LegalStatus.DGI_AUTHORIZED and not document.is_voided
    is_open = not document.is_mendable and document.mode != Mode.PROFORM
    return document.settled_total > 0 or (is_open and not receipts.is_without_effect(document))


def _settle(document: Document, staff: Any) -> list[Deed]:
    if not takes_money(document):
        return []
    gives_back = document.kind == Kind.CREDIT or receipts.is_without_effect(document)
    label, icon = (
        (_("Registrar devolución"), "currency_exchange") if gives_back else (_("Registrar cobro"), "payments")
    )
    return [Deed("settle", label, icon, why_not=_why_not(staff, SETTLE))]


def _move(document: Document, staff: Any) -> list[Deed]:
    if document.is_received or not settling.business(document).refund_due:
        return []
    label = _("Pasar saldo a otra factura")
    return [Deed("move_money", label, "move_down", why_not=_why_not(staff, SETTLE))]


def _queued(document: Document, staff: Any) -> list[Deed]:
    if document.submission != Submission.QUEUED:
        return []
    why_not = _why_not(staff, right(document, "issue"))
    if not why_not:
        refusal = refusal_of(lambda: withdrawing.require_withdrawable(document))
        why_not = sentence(refusal) if refusal else ""
    return [
        Deed("withdraw", _("Retirar de la cola"), "undo", why_not=why_not),
        Deed("redate", _("Cambiar la fecha"), "edit_calendar", why_not=why_not),
    ]


def _why_not(staff: Any, permission: str) -> str:
    return "" if may(staff, permission) else _("Su rol no permite este acto.")
