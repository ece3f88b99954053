"""What the page that writes an invoice shows of its totals, all of it computed here and nothing in the browser."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _

from cifras.core.wording import sentence
from cifras.fiscal.catalogues.dgi import PaymentMethod, Retention
from cifras.fiscal.errors import RuleBroken
from cifras.fiscal.ruc import panama as ruc
from invoicing.admin.figures import moment, money, percent
from invoicing.admin.invoice_choices import location_name
from invoicing.admin.invoice_parts import InvoiceForms
from invoicing.services.half_written import HalfWritten, read_half_written
from invoicing.services.sketching import Sketch, sketch, void_deadline

TEMPLATE = "admin/invoicing/invoice/form/summary.html"
_RETENTIONS = {code.value: code.label for code in Retention}
_BALANCED, _LACKING, _CHANGE = "balanced", "lacking", "change"


@dataclass(frozen=True, slots=True)
class Summary:
    """The figures as texts: `rows` of (name, amount), the total, how the payments stand, and what cannot be read yet."""

    rows: list[tuple[str, str]] = field(default_factory=list)
    total: str = "—"
    state: str = ""
    standing: str = ""
    notes: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)


def live(forms: InvoiceForms) -> dict[str, Any]:
    """Everything that the page updates while somebody writes: summary, lines, amounts that complete, hints.

    The same is drawn with the page itself, so that it serves without scripts too.
    """
    data = forms.json()
    half = read_half_written(data)
    drawn, problem = _sketched(half, forms)
    summary = summary_of(drawn, half, problem)
    drawn = None if summary.unread else drawn
    return {
        "summary": render_to_string(TEMPLATE, {"summary": summary}),
        "total": summary.total,
        "standing": summary.standing,
        "state": summary.state,
        "lines": _line_nets(forms, drawn),
        "fills": _fills(forms, drawn),
        "hints": hints(forms, data),
    }


def summary_of(drawn: Sketch | None, half: HalfWritten, problem: RuleBroken | None = None) -> Summary:
    """The figures, or why there are none."""
    unread = [sentence(reason) for reason in half.reasons if reason.code not in {"missing", "empty_list"}]
    if problem:
        unread += [sentence(reason) for reason in problem.reasons]
    if drawn is None or unread:
        return Summary(unread=unread)
    state, standing = _standing(drawn)
    return Summary(
        rows=_rows(drawn),
        total=money(drawn.totals.total),
        state=state,
        standing=standing,
        notes=_notes(drawn),
    )


def hints(forms: InvoiceForms, data: dict[str, Any]) -> dict[str, str]:
    """Short sentences beside fields: the computed DV, the names of a place, how long a void will be possible."""
    return {
        "dv": _check_digit(forms),
        "location": location_name(data.get("receiver", {}).get("location", "")),
        "issue_date": _void_hint(forms, data.get("issue_date", "")),
    }


def _sketched(half: HalfWritten, forms: InvoiceForms) -> tuple[Sketch | None, RuleBroken | None]:
    if half.entry is None:
        return None, None
    try:
        return sketch(half.entry, forms.tenant), None
    except RuleBroken as refusal:
        return None, refusal


def _rows(drawn: Sketch) -> list[tuple[str, str]]:
    sums = drawn.totals
    rows = [(_("Subtotal"), sums.net)]
    for rate, of_rate in sums.by_rate.items():
        if not of_rate.base:
            continue
        if rate:
            name = _("ITBMS {rate} sobre {base}")
            rows.append((name.format(rate=percent(rate), base=f"{of_rate.base:,.2f}"), of_rate.tax))
        else:
            rows.append((_("Exento sobre {base}").format(base=f"{of_rate.base:,.2f}"), of_rate.tax))
    optional = [
        (_("ISC"), sums.isc),
        (_("Otros impuestos"), sums.oti),
        (_("Flete"), sums.freight),
        (_("Seguro"), sums.insurance),
        (_("Descuento"), -sums.discount),
    ]
    return [(name, money(amount)) for name, amount in [*rows, *((n, a) for n, a in optional if a)]]


def _standing(drawn: Sketch) -> tuple[str, str]:
    """How the payments stand to the total."""
    if not drawn.totals.total and not drawn.totals.received:
        return "", ""
    if drawn.missing > 0:
        return _LACKING, _("Faltan {amount} por pagar").format(amount=money(drawn.missing))
    if drawn.missing == 0:
        return _BALANCED, _("Los pagos completan el total")
    cash = sum((row.amount for row in drawn.payments if row.method == PaymentMethod.CASH), Decimal(0))
    if -drawn.missing <= cash:
        return _CHANGE, _("Vuelto {amount}").format(amount=money(-drawn.missing))
    return _LACKING, _("Los pagos exceden el total en {amount}").format(amount=money(-drawn.missing))


def _notes(drawn: Sketch) -> list[str]:
    notes = []
    if drawn.retention:
        label = _(_RETENTIONS[drawn.retention.code])
        text = _("El receptor retiene {amount} del ITBMS ({code} · {label}); el total no cambia.")
        notes.append(
            text.format(amount=money(drawn.retention.amount), code=drawn.retention.code, label=label)
        )
    if drawn.owed and drawn.planned and drawn.owed != drawn.planned:
        text = _("Las cuotas suman {planned} y la parte a crédito es {owed}.")
        notes.append(text.format(planned=money(drawn.planned), owed=money(drawn.owed)))
    if drawn.other_itbms is not None:
        text = _("Con el otro redondeo (por línea o por total) el ITBMS sería {amount}.")
        notes.append(text.format(amount=money(drawn.other_itbms)))
    return notes


def _line_nets(forms: InvoiceForms, drawn: Sketch | None) -> list[str]:
    """The net of each row as it stands on the page; empty for one that says nothing."""
    nets = {id(row): "" for row in forms.lines.forms}
    if drawn:
        for row, line in zip(forms.sent["lines"], drawn.totals.lines, strict=False):
            nets[id(row)] = f"{line.net:,.2f}" if row.value("unit_price") else ""
    return [nets[id(row)] for row in forms.lines.forms]


def _fills(forms: InvoiceForms, drawn: Sketch | None) -> list[str]:
    """The amount with which each payment row would complete the total."""
    fills = {id(row): max(drawn.missing, Decimal(0)) if drawn else Decimal(0) for row in forms.payments.forms}
    if drawn:
        for index, row in enumerate(forms.sent["payments"]):
            fills[id(row)] = drawn.fill(index)
    return [f"{fills[id(row)]:.2f}" if fills[id(row)] else "" for row in forms.payments.forms]


def _check_digit(forms: InvoiceForms) -> str:
    """The DV by the DGI's formula, as far as the paper settles it."""
    number, kind = forms.receiver.value("ruc"), forms.receiver.value("contributor")
    if not number or not kind or not forms.receiver.has_check_digit:
        return ""
    try:
        return _("La fórmula de la DGI da {dv}.").format(dv=ruc.check_digit(number, kind))
    except RuleBroken as refusal:
        return sentence(refusal.at(""))


def _void_hint(forms: InvoiceForms, typed: str) -> str:
    if forms.tenant is None:
        return ""
    now = timezone.now()
    try:
        issued = datetime.fromisoformat(typed) if typed else now
    except ValueError:
        return ""
    deadline = void_deadline(issued, forms.tenant)
    if deadline is None:
        return ""
    if deadline <= now:
        return _("Con esta fecha el plazo para anular ya venció ({deadline}).").format(
            deadline=moment(deadline)
        )
    text = _("Con esta fecha quedan {span} para anular: hasta el {deadline}.")
    return text.format(span=_hours((deadline - now).total_seconds()), deadline=moment(deadline))


def _hours(seconds: float) -> str:
    return _("{hours} h").format(hours=int(seconds // 3600))
