"""What a person asks of a credit note, turned into its JSON form: all that is left, units of some lines, or an amount.

It is paid as accepted notes are: at once, method 02, for its own total (DGI contract 6). What is owed back to the receiver is
recorded apart (domain 3). In Peru it says why it is issued instead, in a series of its own.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal, localcontext
from enum import StrEnum
from typing import Any

from cifras.fiscal import crediting as law
from cifras.fiscal.document import ZERO, Kind, Line, Mode, PaymentTime
from cifras.fiscal.errors import RuleBroken, gettext_noop, refuse
from cifras.fiscal.money import CENT, EXACT, is_whole_cents, round_half_up
from cifras.fiscal.note_lines import amount_over, folded, line_worth, units_of
from cifras.fiscal.totals import Totals
from invoicing.models import Document
from invoicing.services import crediting, crediting_lines, drafting
from invoicing.services.crediting_lines import LineStanding
from invoicing.services.laws import law_of
from invoicing.services.peruvian_notes import note_terms, usual_reason
from invoicing.services.reading import read_entry
from invoicing.services.sketching import draft_of_entry

_METHOD = "02"


class How(StrEnum):
    """What a note takes from its invoice."""

    WHOLE = "whole"
    LINES = "lines"
    AMOUNT = "amount"


@dataclass(frozen=True, slots=True)
class Wish:
    """`amount` is in the invoice's currency, taxes included; `quantities` are by the position of the invoice's line."""

    how: How = How.WHOLE
    amount: Decimal = ZERO
    quantities: Mapping[int, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Creditable:
    """An invoice with its live notes, and what they leave of it, as a whole and line by line."""

    invoice: Document
    notes: tuple[Document, ...]
    lines: tuple[LineStanding, ...]

    @property
    def taken(self) -> Decimal:
        return sum((note.total for note in self.notes), ZERO)

    @property
    def left(self) -> Decimal:
        return law.remaining(self.invoice.total, (note.total for note in self.notes))

    def left_of(self, member: str) -> Decimal:
        """What is left of the invoice's freight, insurance or discount after tax (`discount_total`)."""
        whole: Decimal = getattr(self.invoice, member)
        return max(whole - sum((getattr(note, member) for note in self.notes), ZERO), ZERO)


@dataclass(frozen=True, slots=True)
class _Composed:
    """A note's lines, each with the standing it takes from, and what belongs to the note as a whole."""

    lines: tuple[tuple[LineStanding, Line], ...]
    freight: Decimal = ZERO
    insurance: Decimal = ZERO
    discount: Decimal = ZERO

    @property
    def items(self) -> Decimal:
        with localcontext(EXACT):
            worths = (line_worth(line, rounding=standing.sold.rounding) for standing, line in self.lines)
            return round_half_up(sum(worths, ZERO))

    @property
    def total(self) -> Decimal:
        return self.items + self.freight + self.insurance - self.discount


def creditable(invoice: Document, *, besides: Document | None = None) -> Creditable:
    """What `invoice` and its live notes are now, `besides` left out, which is being rewritten.

    To decide on it the caller holds the invoice's row lock.
    """
    notes = crediting.live_notes(invoice).select_related("tenant").order_by("pk")
    if besides is not None:
        notes = notes.exclude(pk=besides.pk)
    return Creditable(invoice, tuple(notes), tuple(crediting_lines.standing(invoice, besides=besides)))


def note_json(
    standing: Creditable,
    wish: Wish,
    *,
    mode: Mode,
    notes: str = "",
    emails: Iterable[str] = (),
    series: str = "",
    reason_code: str = "",
    reason: str = "",
) -> dict[str, Any]:
    """The note that `wish` describes, as JSON, its lines naming the invoice's.

    `series`, `reason_code` (SUNAT's catalogue 09) and `reason` are Peru's; what is empty is filled in with what is usual there.
    Raises RuleBroken naming `amount`, `quantities[position]` or `lines` for what cannot be had.
    """
    invoice = standing.invoice
    composed = _composed(standing, wish)
    data: dict[str, Any] = {
        "tenant": str(invoice.tenant.uid),
        "kind": Kind.CREDIT.value,
        "mode": mode.value,
        "office": invoice.office.code,
        "references": {"id": str(invoice.uid)},
        "notes": notes,
        "lines": [_line_json(standing, line) for standing, line in composed.lines],
        "payment_time": PaymentTime.CASH.value,
    }
    addresses = list(emails)
    if addresses:
        data["ad_hoc"] = {"emails": addresses}
    charges = {"freight": composed.freight, "insurance": composed.insurance}
    data |= {name: _figure(amount) for name, amount in charges.items() if amount}
    if composed.discount:
        data["global_discounts"] = [
            {"description": _discount_words(invoice), "amount": _figure(composed.discount)}
        ]
    if invoice.peru:
        code = reason_code or usual_reason(
            is_whole=wish.how is How.WHOLE and not standing.notes, is_by_line=wish.how is How.LINES
        )
        return data | note_terms(invoice, series=series, reason_code=code, reason=reason)
    total = composed.total
    data |= {
        "billing_point": invoice.billing_point,
        "payments": [{"method": _METHOD, "amount": _figure(total)}],
    }
    return data | _exportation(invoice, total)


def add_up(data: Mapping[str, Any], invoice: Document) -> Totals:
    """The totals of a note in its JSON form, as they will be stored. Raises RuleBroken when it cannot be read."""
    draft = draft_of_entry(read_entry(data, kind=Kind.CREDIT), invoice.tenant)
    return law_of(invoice.tenant).compute(replace(draft, discounts_after_tax=True))


def _composed(standing: Creditable, wish: Wish) -> _Composed:
    if wish.how is How.LINES:
        return _by_line(standing, wish.quantities)
    if wish.how is How.AMOUNT and wish.amount != standing.left:
        return _by_amount(standing, wish.amount)
    if standing.left <= 0:
        raise _nothing_left()
    return _whole(standing)


def _whole(standing: Creditable) -> _Composed:
    """As it was sold where no note has taken anything; else all that the notes left, to the cent."""
    charges = {
        "freight": standing.left_of("freight"),
        "insurance": standing.left_of("insurance"),
        "discount": standing.left_of("discount_total"),
    }
    if not standing.notes:
        copied = _Composed(tuple((line, folded(line.sold.line)) for line in standing.lines), **charges)
        if _adds_up(copied, standing):
            return copied
    goods = standing.left - charges["freight"] - charges["insurance"] + charges["discount"]
    return _Composed(_over(max(goods, ZERO), standing), **charges)


def _over(amount: Decimal, standing: Creditable) -> tuple[tuple[LineStanding, Line], ...]:
    """The amount over what is left of the lines."""
    pieces = amount_over(amount, [line.sold for line in standing.lines])
    lines = ((standing.lines[index], line) for index, line in pieces)
    return tuple((sold, _without_bags(sold, line)) for sold, line in lines)


def _without_bags(sold: LineStanding, piece: Line) -> Line:
    """The tax on bags is given back with the whole line only."""
    is_whole = piece.quantity == sold.row.quantity and not sold.sold.taken.worth
    return piece if is_whole or not piece.icbper_bags else replace(piece, icbper_bags=0)


def _adds_up(copied: _Composed, standing: Creditable) -> bool:
    """Whether the invoice's own lines make its total again; free lines and taxes by the piece are the law's to reckon."""
    if not standing.invoice.peru:
        return copied.total == standing.left
    sold = drafting.draft_of(standing.invoice)
    lines = tuple(line for _, line in copied.lines)
    again = replace(sold, lines=lines, global_discounts=sold.global_discounts if copied.discount else ())
    sums = law_of(standing.invoice.tenant).compute(replace(again, discounts_after_tax=True))
    return sums.total == standing.left


def _by_amount(standing: Creditable, amount: Decimal) -> _Composed:
    if amount <= 0 or not is_whole_cents(amount):
        raise RuleBroken(
            "credit_amount",
            gettext_noop("El importe de la nota es mayor que cero y no tiene fracciones de centavo."),
            "amount",
        )
    try:
        law.require_within(amount, standing.invoice.total, (note.total for note in standing.notes))
    except RuleBroken as refusal:
        raise refusal.at("amount") from None
    return _Composed(_over(amount, standing))


def _by_line(standing: Creditable, quantities: Mapping[int, Decimal]) -> _Composed:
    by_position = {line.row.position: line for line in standing.lines}
    wanted = {position: quantity for position, quantity in quantities.items() if quantity}
    if not wanted:
        raise RuleBroken(
            "credit_of_nothing",
            gettext_noop("Indique la cantidad de al menos una línea."),
            "lines",
        )
    refuse(
        RuleBroken(
            "credit_exceeds_quantity",
            gettext_noop("De esta línea quedan {left} sin nota de crédito. Escriba esa cantidad o menos."),
            f"quantities[{position}]",
            left=_figure(by_position[position].sold.quantity_left) if position in by_position else "0",
        )
        for position, quantity in wanted.items()
        if position not in by_position or not 0 < quantity <= by_position[position].sold.quantity_left
    )
    pieces = tuple(
        (line, _without_bags(line, piece))
        for position, line in by_position.items()
        if position in wanted
        for piece in units_of(line.sold, wanted[position])
    )
    return _Composed(pieces, discount=_discount_share(standing, _Composed(pieces).items))


def _discount_share(standing: Creditable, items: Decimal) -> Decimal:
    """The part of the discount after tax that goes with lines of so much; rounded on what was credited so far."""
    whole: Decimal = standing.invoice.discount_total
    sold = sum((line.sold.worth for line in standing.lines), ZERO)
    if not whole or not sold:
        return Decimal(0)
    taken = sum((line.sold.taken.worth for line in standing.lines), ZERO)
    with localcontext(EXACT):
        so_far = round_half_up(whole * min((taken + items) / sold, Decimal(1)))
    left = standing.left_of("discount_total")
    return min(max(so_far - (whole - left), ZERO), left)


def _line_json(standing: LineStanding, line: Line) -> dict[str, Any]:
    data: dict[str, Any] = {
        "code": line.code,
        "description": line.description,
        "unit": line.unit,
        "quantity": _figure(line.quantity),
        "unit_price": _figure(line.unit_price),
        "unit_discount": _figure(line.unit_discount),
        "tax_rate": _figure(line.tax_rate),
        "cpbs_code": line.cpbs_code,
        "cpbs_unit": line.cpbs_unit,
    }
    if line.affectation:
        data["affectation"] = line.affectation
    if line.icbper_bags:
        data["icbper_bags"] = line.icbper_bags
    if standing.row.pk:
        data["credits_line"] = standing.row.position
    if line.isc_amount:
        rate = {"rate": _figure(line.isc_rate)} if line.isc_rate is not None else {}
        data["isc"] = {**rate, "amount": _figure(line.isc_amount)}
    if line.oti:
        data["oti"] = [{"code": tax.code, "amount": _figure(tax.amount)} for tax in line.oti]
    return data


def _discount_words(invoice: Document) -> str:
    return "; ".join(row["description"] for row in invoice.global_discounts)[:500]


def _exportation(invoice: Document, total: Decimal) -> dict[str, Any]:
    """The invoice's export block, its amount in the proportion of the note."""
    block = invoice.exportation
    if not block:
        return {}
    with localcontext(EXACT):
        part = round_half_up(Decimal(block["amount"]) * total / invoice.total)
    members = {name: block[name] for name in ("incoterm", "currency", "exchange_rate", "port")}
    return {"exportation": {**members, "amount": _figure(max(part, CENT))}}


def _figure(number: Decimal) -> str:
    """Plain, without idle zeros."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _nothing_left() -> RuleBroken:
    return RuleBroken(
        "nothing_left_to_credit",
        gettext_noop("Las notas de crédito vigentes ya cubren toda la factura: no queda nada que rebajar."),
        "lines",
    )
