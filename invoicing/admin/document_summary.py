"""The summary of a document: parties, lines, totals, payments, QR, references, what may still be credited, settlements."""

from decimal import Decimal
from typing import Any

import segno
from django.urls import reverse
from django.utils.translation import gettext as _

from cifras.fiscal.catalogues.dgi import PaymentMethod, Retention
from cifras.fiscal.catalogues.tables import CodeTable
from cifras.fiscal.lifecycle import MENDABLE, Submission
from invoicing.admin import peru_summary
from invoicing.admin.badges import legal_badge
from invoicing.admin.credit_shown import invoice_of, lines_left, notes_of, standing_of
from invoicing.admin.figures import as_received, moment, money, percent, price, quantity
from invoicing.admin.origin import origin_text
from invoicing.admin.words import words_of
from invoicing.models import Document
from invoicing.models.choices import Kind, PaymentTime
from invoicing.models.receiver import Receiver
from invoicing.services import settling
from tenants.services.accounts import provider_spec

_LONGEST_QR = 1500


def summary(document: Document, _staff: Any) -> dict[str, Any]:
    """What the template prints, every value as text."""
    currency = document.currency
    notes = notes_of(document)
    rows = list(document.lines.select_related("credited_line"))
    left = lines_left(document, rows, notes)
    return {
        "facts": _facts(document),
        "issuer": _issuer(document),
        "receiver": _receiver(document),
        "lines": [_line(row, currency, left.get(row.pk, "")) for row in rows],
        "totals": _totals(document),
        "payments": [
            (_method(row.method), row.description, money(row.amount, currency))
            for row in document.payments.all()
        ],
        "instalments": _instalments(document),
        "references": _references(document),
        "credits": standing_of(document, notes),
        "invoice": invoice_of(document),
        "money": _money(document),
        "qr": _qr(document.qr),
        "void": _void(document),
        "words": words_of(document),
    }


def _facts(document: Document) -> list[tuple[str, str]]:
    words = words_of(document)
    office = f"{document.office.code} · {words.point} {document.billing_point}"
    rows = [
        (words.issued, moment(document.issue_date)),
        (words.office, office),
        *peru_summary.facts(document),
        (_("Enviar antes de"), moment(document.send_by) if _waits(document) else ""),
        (_("Momento de pago"), document.get_payment_time_display()),
        (_("Vencimiento"), f"{document.due_date:%d/%m/%Y}" if document.due_date else ""),
        (_("Referencia externa"), document.external_id),
        (_("CUFE"), as_received(document.cufe or "", 80)),
        (_("CUFE calculado"), document.local_cufe if not document.cufe else ""),
        (_("Identificador en el PAC"), as_received(document.document_id, 255)),
        (_("Protocolo de autorización"), as_received(document.protocol, 100)),
        (_("Autorizada"), moment(document.authorized_at) if document.authorized_at else ""),
        (_("Creada por"), str(document.created_by or "")),
        (
            _("Proveedor"),
            f"{provider_spec(document.provider).name} · {words.country}" if document.provider else "",
        ),
        (_("Origen"), origin_text(document)),
        (_("Notas"), document.notes),
    ]
    return [row for row in rows if row[1]]


def _issuer(document: Document) -> dict[str, Any]:
    data = document.issuer_data
    office = data.get("office") or {}
    return {
        "name": data.get("name", ""),
        "ruc": f"{data.get('ruc', '')} DV {data['dv']}" if data.get("dv") else data.get("ruc", ""),
        "rows": [row for row in (office.get("address"), office.get("telephone")) if row],
    }


def _receiver(document: Document) -> dict[str, Any]:
    data = document.receiver_data
    if document.peru:
        return peru_summary.receiver(document)
    ruc, dv = data.get("ruc") or "", data.get("dv") or ""
    foreign = data.get("foreign_id") or {}
    identity = (
        f"{ruc} DV {dv}" if ruc and dv else ruc or f"{foreign.get('number', '')} {foreign.get('country', '')}"
    )
    kind = str(dict(Receiver.Type.choices).get(data.get("type", ""), ""))
    rows = (
        data.get("address"),
        ", ".join(data.get("telephones") or ()),
        ", ".join(data.get("emails") or ()),
        _retention(document),
    )
    return {
        "name": data.get("name", ""),
        "ruc": identity.strip(),
        "kind": kind,
        "rows": [row for row in rows if row],
    }


def _retention(document: Document) -> str:
    code = document.retention_code or document.receiver_data.get("retention_code") or ""
    if not document.receiver_data.get("withholds") or not Retention.knows(code):
        return ""
    return _("Retiene ITBMS: {code} {label}").format(code=code, label=_(_label(Retention, code)))


def _line(row: Any, currency: str, left: str) -> dict[str, str]:
    """`left`: what credit notes leave of it."""
    if row.credited_line:
        left = _("de la línea {position} de la factura").format(position=row.credited_line.position)
    discount = row.unit_discount * row.quantity + row.discount_share
    return {
        "code": row.code,
        "description": row.description,
        "cpbs": f"CPBS {row.cpbs_code} {row.cpbs_unit}".strip() if row.cpbs_code else "",
        "affectation": peru_summary.line_note(row),
        "quantity": f"{quantity(row.quantity)} {row.unit}",
        "price": price(row.unit_price),
        "discount": money(discount, currency) if discount else "",
        "rate": percent(row.tax_rate),
        "net": money(row.net, currency),
        "tax": money(row.itbms, currency),
        "total": money(row.total, currency),
        "left": left,
    }


def _totals(document: Document) -> dict[str, Any]:
    currency, words = document.currency, words_of(document)
    rows = [
        (_("Subtotal"), document.net, True),
        (_("Descuentos"), -document.discount_total, bool(document.discount_total)),
        (words.tax, document.itbms, True),
        (_("ISC"), document.isc, bool(document.isc)),
        (words.other_taxes, document.oti, bool(document.oti)),
        (_("Flete"), document.freight, bool(document.freight)),
        (_("Seguro"), document.insurance, bool(document.insurance)),
    ]
    return {
        "rows": [(label, money(amount, currency)) for label, amount, is_shown in rows if is_shown],
        "by_rate": [
            (
                percent(row["rate"]),
                money(Decimal(row["base"]), currency),
                money(Decimal(row["tax"]), currency),
            )
            for row in document.totals_by_rate
        ],
        "total": money(document.total, currency),
        "kept": [
            (label, money(amount, currency))
            for label, amount in (
                *peru_summary.kept_back(document),
                (words.withheld, document.retention_amount),
            )
            if amount
        ],
        "change": money(document.change, currency) if document.change else "",
    }


def _waits(document: Document) -> bool:
    """Whether the day until which the law lets it be sent still says something."""
    return document.send_by is not None and document.submission in {*MENDABLE, Submission.QUEUED}


def _instalments(document: Document) -> list[tuple[int, str, str]]:
    if document.payment_time == PaymentTime.CASH:
        return []
    return [
        (row.sequence, f"{row.due_date:%d/%m/%Y}", money(row.amount, document.currency))
        for row in document.instalments.all()
    ]


def _method(code: str) -> str:
    return _(_label(PaymentMethod, code)) if PaymentMethod.knows(code) else code


def _label(table: type[CodeTable], code: str) -> str:
    """The authority's label of a code that the table knows."""
    return next(row.label for row in table if row == code)


def _references(document: Document) -> list[dict[str, Any]]:
    found = []
    if document.replaces:
        found.append((_("Reemplaza a"), document.replaces))
    if document.is_superseded:
        found += [(_("Reemplazada por"), row) for row in document.replacements.all()]
    rows = [
        {"label": label, "text": str(row), "total": money(row.total, row.currency), "badge": legal_badge(row),
         "address": address_of(row)}
        for label, row in found
    ]  # fmt: skip
    if document.reference_cufe and not document.credited:
        text = f"{document.reference_cufe} · {moment(document.reference_date)}"
        rows.append(
            {"label": _("Nota sobre la factura"), "text": text, "total": "", "badge": "", "address": ""}
        )
    return rows


def address_of(document: Any) -> str:
    """The page of a document, by its face."""
    return reverse(f"admin:invoicing_{document.face_name}_change", args=[document.uid])


def _money(document: Document) -> dict[str, Any]:
    """What was settled, what is still owed and what is owed back; the movements have a tab of their own."""
    business, currency = settling.business(document), document.currency
    return {
        "is_invoice": document.kind == Kind.INVOICE,
        "settled": money(document.settled_total, currency),
        "address": f"{address_of(document)}?tab=money",
        "balance": money(business.balance, currency),
        "refund_due": money(business.refund_due, currency) if business.refund_due else "",
        "is_overdue": business.is_overdue,
        "next_due": f"{document.next_due_date:%d/%m/%Y}" if document.next_due_date else "",
    }


def _qr(text: str) -> str:
    """The authority's QR as an inline picture; nothing for a text that no code can hold."""
    if not text or len(text) > _LONGEST_QR:
        return ""
    return segno.make(text, error="m", micro=False).svg_data_uri(scale=4, border=3, light="#ffffff")


def _void(document: Document) -> list[tuple[str, str]]:
    if not document.void_status:
        return []
    rows = [
        (_("Anulación"), document.get_void_status_display()),
        (_("Pedida"), moment(document.void_requested_at)),
        (_("Hecha"), moment(document.voided_at) if document.voided_at else ""),
        (_("Motivo"), document.void_reason),
    ]
    return [row for row in rows if row[1]]
