"""The money of a document: what came in and went back, with whom and when; what is still owed, and what is owed back."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cifras.core.admin.badges import AMBER, GREY, Badge
from cifras.core.rights import may
from cifras.fiscal.catalogues.dgi import PaymentMethod
from cifras.fiscal.document import Kind
from invoicing.admin.badges import business_badge
from invoicing.admin.document_summary import address_of
from invoicing.admin.figures import moment, money
from invoicing.admin.money_deeds import SETTLE, takes_money
from invoicing.models import Document, Settlement
from invoicing.services import settling

_PENDING = Badge(gettext_lazy("Certificado pendiente"), "pending_actions", AMBER)
_REVERSED = Badge(gettext_lazy("Revertido"), "undo", GREY)


def settlements(document: Document, staff: Any) -> dict[str, Any]:
    """What the tab prints."""
    rows = document.settlements.select_related(
        "certificate", "moved_from__document__tenant", "moved_to__document__tenant"
    )
    may_settle = may(staff, SETTLE)
    business = settling.business(document)
    return {
        "rows": [_row(row, document, may_settle) for row in rows],
        "figures": _figures(document),
        "badge": business_badge(business),
        "overdue_since": f"{document.next_due_date:%d/%m/%Y}"
        if business.is_overdue and document.next_due_date
        else "",
        "is_overdue": business.is_overdue,
        "settle_address": reverse(f"admin:invoicing_{document.face_name}_settle", args=[document.uid])
        if may_settle and takes_money(document)
        else "",
    }


def _figures(document: Document) -> list[tuple[str, str]]:
    business, currency = settling.business(document), document.currency
    rows = [(_("Total"), document.total, True)]
    if document.kind == Kind.INVOICE:
        rows += [
            (_("Notas de crédito"), -document.credited_total, bool(document.credited_total)),
            (_("Cobrado, menos lo devuelto"), document.settled_total, True),
            (_("Saldo"), business.balance, True),
        ]
    else:
        found_open = document.open_before
        rows += [
            (_("Saldo de la factura antes de la nota"), found_open or 0, found_open is not None),
            (_("Devuelto"), -document.settled_total, True),
        ]
    rows.append((_("Por devolver"), business.refund_due, bool(business.refund_due)))
    return [(label, money(amount, currency)) for label, amount, is_shown in rows if is_shown]


def _row(row: Settlement, document: Document, may_settle: bool) -> dict[str, Any]:
    partner = _partner(row)
    is_open = may_settle and row.reversed_at is None
    is_withholding = row.kind == Settlement.Kind.WITHHOLDING
    return {
        "day": f"{row.date:%d/%m/%Y}",
        "kind": row.get_kind_display(),
        "detail": _detail(row),
        "note": _(row.note) if row.note else "",
        "amount": money(row.amount if row.kind != Settlement.Kind.REFUND else -row.amount, document.currency),
        "who": row.recorded_by or _("Cifras"),
        "at": moment(row.recorded_at),
        "badges": [*([_PENDING] if row.is_pending and not row.reversed_at else [])],
        "reversal": _reversal(row),
        "partner": str(partner) if partner else "",
        "partner_label": _("Viene de") if row.moved_from_id else _("Pasó a"),
        "partner_address": address_of(partner) if partner else "",
        "file": reverse("invoicing:file", args=[row.certificate.uid]) if row.certificate else "",
        "reverse_address": _door(document, row, "reverse") if is_open else "",
        "certificate_address": _door(document, row, "certificate") if is_open and is_withholding else "",
    }


def _detail(row: Settlement) -> str:
    if row.kind == Settlement.Kind.WITHHOLDING and row.certificate_number:
        day = f" · {row.certificate_date:%d/%m/%Y}" if row.certificate_date else ""
        return _("Certificado {number}").format(number=row.certificate_number) + day
    method = next((each.label for each in PaymentMethod if each == row.method), "")
    parts = [_(method) if method else "", row.external_reference]
    if row.is_declared:
        parts.append(_("declarado en la factura"))
    return " · ".join(part for part in parts if part)


def _reversal(row: Settlement) -> dict[str, Any]:
    if row.reversed_at is None:
        return {}
    return {
        "badge": _REVERSED,
        "who": row.reversed_by or _("Cifras"),
        "at": moment(row.reversed_at),
        "reason": _(row.reversal_reason) if row.reversal_reason else "",
    }


def _partner(row: Settlement) -> Document | None:
    """The document on the other side of money that was passed on."""
    if row.moved_from:
        return row.moved_from.document
    arrived: Settlement | None = getattr(row, "moved_to", None)
    return arrived.document if arrived else None


def _door(document: Document, row: Settlement, word: str) -> str:
    name = f"admin:invoicing_{document.face_name}_settlement_{word}"
    return reverse(name, args=[document.uid, row.uid])
