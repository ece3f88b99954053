"""What the page that writes a credit note shows: the invoice it refers to, its lines, and what the note adds up to."""

import re
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from cifras.core.wording import sentence
from cifras.fiscal import crediting as law
from cifras.fiscal.errors import RuleBroken
from cifras.fiscal.lifecycle import business_status
from cifras.fiscal.totals import Totals
from cifras.fiscal.zones import local_date
from invoicing.admin.badges import business_badge, legal_badge
from invoicing.admin.credit_form_parts import NoteForms, QuantityForm
from invoicing.admin.document_summary import address_of
from invoicing.admin.figures import moment, money, percent, price, quantity
from invoicing.admin.words import Words, words_of
from invoicing.models import Document
from invoicing.services import settling
from invoicing.services.composing_notes import Creditable

_ROW = re.compile(r"quantities\[(\d+)\]")  # by position, from 1


@dataclass(frozen=True, slots=True)
class Figures:
    """A note added up, as texts: `rows` of (name, amount), its `lines`, what stays of the invoice, or why there is no sum."""

    rows: list[tuple[str, str]] = field(default_factory=list)
    lines: list[dict[str, str]] = field(default_factory=list)
    total: str = "—"
    stays: str = ""
    effect: str = ""
    unread: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the invoice beside the field for its quantity."""

    form: QuantityForm
    description: str
    code: str
    sold: str
    worth: str
    left: str
    left_worth: str
    is_spent: bool


def referenced(standing: Creditable) -> dict[str, Any]:
    """The invoice: who, how much, when, and what its live notes leave of it."""
    invoice, currency = standing.invoice, standing.invoice.currency
    return {
        "document": invoice,
        "words": words_of(invoice),
        "address": address_of(invoice),
        "receiver": f"{invoice.receiver_name or '—'}",
        "ruc": invoice.receiver_ruc,
        "total": money(invoice.total, currency),
        "issued": moment(invoice.issue_date),
        "cufe_tail": (invoice.cufe or invoice.local_cufe)[-12:],
        "badge": legal_badge(invoice),
        "taken": money(standing.taken, currency),
        "left": money(standing.left, currency),
        "notes": [
            {
                "text": str(note),
                "address": address_of(note),
                "badge": legal_badge(note),
                "total": money(note.total, currency),
            }
            for note in standing.notes
        ],
    }


def rows_of(forms: NoteForms) -> list[Row]:
    """The lines of the invoice that may be credited by the unit."""
    currency = forms.standing.invoice.currency
    return [
        Row(
            form=forms.rows[line.row.position],
            description=line.row.description,
            code=line.row.code,
            sold=f"{quantity(line.row.quantity)} {line.row.unit} × {price(line.row.unit_price)}",
            worth=money(line.sold.worth, currency),
            left=f"{quantity(line.sold.quantity_left)} {line.row.unit}",
            left_worth=money(line.sold.left, currency),
            is_spent=not line.sold.quantity_left,
        )
        for line in forms.standing.lines
        if line.row.position in forms.rows
    ]


def figures_of(sums: Totals | None, data: dict[str, Any] | None, forms: NoteForms) -> Figures:
    """What the note adds up to, or why it does not."""
    if sums is None or data is None:
        return Figures(unread=_unread(forms.problem))
    invoice = forms.standing.invoice
    stays = forms.standing.left - sums.total
    taken = [note.total for note in forms.standing.notes]
    is_full = law.modification_code(sums.total, invoice.total, taken) == law.FULL_ANNULMENT
    return Figures(
        rows=[(name, money(amount, invoice.currency)) for name, amount in _rows(sums, words_of(invoice))],
        lines=_lines(data, sums, invoice),
        total=money(sums.total, invoice.currency),
        stays=money(stays, invoice.currency),
        effect=_("Deja la factura entera sin efecto.") if is_full else _("Rebaja una parte de la factura."),
    )


def after_note(invoice: Document, total: Decimal) -> str:
    """What becomes of the invoice when the DGI authorises a note of so much: word, balance and what is owed back."""
    facts, today = settling.facts_of(invoice), local_date(timezone.now())
    before = business_status(facts, today)
    after = business_status(replace(facts, credited=facts.credited + total), today)
    words, wording = (business_badge(before).word, business_badge(after).word), words_of(invoice)
    status = str(wording.note_keeps if words[0] == words[1] else wording.note_changes)
    balance = _("Saldo: {before} → {after}.").format(
        before=money(before.balance, invoice.currency), after=money(after.balance, invoice.currency)
    )
    text = f"{status.format(before=words[0], after=words[1])} {balance}"
    if not after.refund_due:
        return text
    return f"{text} " + _("Queda por devolver {amount}.").format(
        amount=money(after.refund_due, invoice.currency)
    )


def _unread(problem: RuleBroken | None) -> list[str]:
    """Each refusal, with its line in front where it is about one."""
    return (
        [sentence(reason.at(_ROW.sub(_as_line, reason.field))) for reason in problem.reasons]
        if problem
        else []
    )


def _as_line(row: re.Match[str]) -> str:
    return f"lines[{int(row[1]) - 1}]"


def _rows(sums: Totals, words: Words) -> list[tuple[str, Decimal]]:
    rows = [(_("Subtotal"), sums.net)]
    for rate, of_rate in sums.by_rate.items():
        name = words.tax_of_rate if rate else words.untaxed
        rows.append((str(name).format(rate=percent(rate), base=f"{of_rate.base:,.2f}"), of_rate.tax))
    optional = [
        (_("ISC"), sums.isc),
        (str(words.other_taxes), sums.oti),
        (_("Flete"), sums.freight),
        (_("Seguro"), sums.insurance),
        (_("Descuento"), -sums.discount),
    ]
    return [*rows, *((name, amount) for name, amount in optional if amount)]


def _lines(data: dict[str, Any], sums: Totals, invoice: Document) -> list[dict[str, str]]:
    return [
        {
            "description": line["description"],
            "quantity": f"{quantity(Decimal(line['quantity']))} {line['unit']}",
            "base": f"{of_line.net:,.2f}",
            "tax": f"{of_line.itbms:,.2f}",
            "total": money(of_line.total, invoice.currency),
        }
        for line, of_line in zip(data["lines"], sums.lines, strict=True)
    ]
