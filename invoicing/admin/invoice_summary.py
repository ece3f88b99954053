"""What the page that writes an invoice shows of its totals, all of it computed here and nothing in the browser."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.template.loader import render_to_string

from cifras.core.wording import sentence
from cifras.fiscal.errors import RuleBroken
from invoicing.admin.figures import money
from invoicing.admin.invoice_parts import InvoiceForms
from invoicing.services.half_written import HalfWritten, read_half_written
from invoicing.services.laws import law_of
from invoicing.services.sketching import Sketch, sketch
from tenants.models import Tenant

TEMPLATE = "admin/invoicing/invoice/form/summary.html"


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
    summary = summary_of(drawn, half, forms, problem)
    drawn = None if summary.unread else drawn
    return {
        "summary": render_to_string(TEMPLATE, {"summary": summary}),
        "total": summary.total,
        "standing": summary.standing,
        "state": summary.state,
        "lines": _line_nets(forms, drawn),
        "fills": _fills(forms, drawn),
        "hints": forms.law.hints(forms, data),
    }


def summary_of(
    drawn: Sketch | None, half: HalfWritten, forms: InvoiceForms, problem: RuleBroken | None = None
) -> Summary:
    """The figures, or why there are none."""
    unread = [sentence(reason) for reason in half.reasons if reason.code not in {"missing", "empty_list"}]
    if problem:
        unread += [sentence(reason) for reason in problem.reasons]
    if drawn is None or unread:
        return Summary(unread=unread)
    law, currency = forms.law, _currency(half, forms)
    state, standing = law.standing(drawn, currency)
    return Summary(
        rows=law.sums(drawn, currency),
        total=money(drawn.totals.total, currency),
        state=state,
        standing=standing,
        notes=law.notes(drawn, currency),
    )


def _currency(half: HalfWritten, forms: InvoiceForms) -> str:
    said = half.entry.peru if half.entry else None
    return (said.currency if said else "") or law_of(forms.tenant or Tenant()).currency


def _sketched(half: HalfWritten, forms: InvoiceForms) -> tuple[Sketch | None, RuleBroken | None]:
    if half.entry is None:
        return None, None
    try:
        return sketch(half.entry, forms.tenant), None
    except RuleBroken as refusal:
        return None, refusal


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
