"""Line and document arithmetic of a Panamanian document, discounts and retention.

Source: DGI contract 3.8. The provider computes the totals again from the payload's figures per unit, and payments must add up to
its result: so every line is computed from exactly the unit price and unit discount that will leave, the discount with at
most six decimals (`effective_unit_discount`). ITBMS is computed on the line net alone, without freight, insurance or ISC.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, localcontext
from typing import Literal

from cifras.fiscal.catalogues.dgi import RETENTION_PERCENT
from cifras.fiscal.document import ZERO, DocumentDraft, Line
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.fiscal.money import EXACT, MAX_PLACES, is_whole_cents, largest_remainder, round_half_up

Rounding = Literal["line", "total"]

LINE_TAX_PLACES = 4  # decimals a line's tax keeps where only the document's sum is rounded


@dataclass(frozen=True, slots=True)
class LineTotals:
    """One line added up. `unit_discount` is what leaves per unit, with the share of a global discount in it.

    `net` is dPrItem, `itbms` dValITBMS, `total` dValTotItem (freight and insurance of the line included).
    """

    net: Decimal
    itbms: Decimal
    isc: Decimal
    oti: Decimal
    total: Decimal
    rate: Decimal
    unit_discount: Decimal


@dataclass(frozen=True, slots=True)
class RateTotals:
    """Base and ITBMS of all lines with one rate."""

    base: Decimal
    tax: Decimal


@dataclass(frozen=True, slots=True)
class Totals:
    """A document added up, in its currency.

    `net` dTotNeto, `itbms` dTotITBMS, `isc` dTotISC, `taxes` dTotGravado (a sum of taxes despite its name), `items_total`
    dVTotItems, `discount` dTotDesc (after tax only: what was spread before tax is in the lines), `freight` and `insurance`
    the document's own, `total` dVTot, `received` dTotRec, `change` dVuelto. `by_rate` is keyed by the rate in percent.
    """

    lines: tuple[LineTotals, ...]
    net: Decimal
    itbms: Decimal
    isc: Decimal
    oti: Decimal
    taxes: Decimal
    items_total: Decimal
    discount: Decimal
    freight: Decimal
    insurance: Decimal
    total: Decimal
    received: Decimal
    change: Decimal
    by_rate: Mapping[Decimal, RateTotals]


def compute(draft: DocumentDraft, *, itbms_rounding: Rounding = "line") -> Totals:
    """Add a document up. Global discounts are spread first, unless they apply after tax.

    `itbms_rounding`: "line" rounds every line's ITBMS to cents and adds; "total" keeps four decimals per line and rounds
    the sum. Raises RuleBroken when a global discount is larger than the lines it reduces.
    """
    with localcontext(EXACT):
        spread = spread_discounts(draft)
        places = 2 if itbms_rounding == "line" else LINE_TAX_PLACES
        lines = tuple(_line(line, places) for line in spread.lines)
        net, isc, oti = _sum(lines, "net"), _sum(lines, "isc"), _sum(lines, "oti")
        itbms = round_half_up(_sum(lines, "itbms"))
        items_total = round_half_up(_sum(lines, "total"))
        discount = round_half_up(sum((entry.amount for entry in spread.global_discounts), ZERO))
        freight, insurance = round_half_up(draft.freight), round_half_up(draft.insurance)
        total = items_total + freight + insurance - discount
        received = round_half_up(sum((payment.amount for payment in draft.payments), ZERO))
        return Totals(
            lines=lines,
            net=net,
            itbms=itbms,
            isc=isc,
            oti=oti,
            taxes=itbms + isc + oti,
            items_total=items_total,
            discount=discount,
            freight=freight,
            insurance=insurance,
            total=total,
            received=received,
            change=max(received - total, Decimal("0.00")),
            by_rate=_by_rate(lines, itbms),
        )


def _line(line: Line, places: int) -> LineTotals:
    net = line_net(line)
    itbms = round_half_up(net * line.tax_rate / 100, places)
    isc = round_half_up(line.isc_amount)
    oti = round_half_up(sum((tax.amount for tax in line.oti), ZERO))
    extras = round_half_up(line.freight) + round_half_up(line.insurance)
    return LineTotals(
        net=net,
        itbms=itbms,
        isc=isc,
        oti=oti,
        total=net + extras + itbms + isc + oti,
        rate=line.tax_rate,
        unit_discount=effective_unit_discount(line),
    )


def _sum(lines: Sequence[LineTotals], member: str) -> Decimal:
    return sum((getattr(line, member) for line in lines), Decimal("0.00"))


def _by_rate(lines: Sequence[LineTotals], itbms: Decimal) -> dict[Decimal, RateTotals]:
    """Bases and taxes by rate. With rounding on the total, the cents are dealt so that the taxes still add up."""
    rates = sorted({line.rate for line in lines})
    bases = [_sum([line for line in lines if line.rate == rate], "net") for rate in rates]
    taxes = [_sum([line for line in lines if line.rate == rate], "itbms") for rate in rates]
    if not all(is_whole_cents(tax) for tax in taxes) and min(taxes) >= 0:
        taxes = largest_remainder(itbms, taxes)
    return {
        rate: RateTotals(base, round_half_up(tax))
        for rate, base, tax in zip(rates, bases, taxes, strict=True)
    }


def line_net(line: Line) -> Decimal:
    """dPrItem: quantity by (unit price - unit discount as it leaves), half up to two decimals."""
    with localcontext(EXACT):
        return round_half_up(line.quantity * (line.unit_price - effective_unit_discount(line)))


def _gross(line: Line) -> Decimal:
    """The line before its share of a global discount."""
    return round_half_up(line.quantity * (line.unit_price - line.unit_discount))


def effective_unit_discount(line: Line) -> Decimal:
    """The discount per unit that leaves: the line's own plus its share of a global one, at most six decimals.

    The share by quantity is rounded half up; when that misses the intended net by a cent, the value that hits it is taken
    instead, which exists for quantities up to 10,000. Never more than the unit price, so that no line turns negative.
    """
    if line.discount_share == 0 or line.quantity <= 0:
        return line.unit_discount
    with localcontext(EXACT):
        intended = _gross(line) - line.discount_share
        plain = line.unit_discount + line.discount_share / line.quantity
        aimed = line.unit_price - intended / line.quantity
        for exact in (plain, aimed):
            unit = min(round_half_up(exact, MAX_PLACES), line.unit_price)
            if round_half_up(line.quantity * (line.unit_price - unit)) == intended:
                break
        return unit


def spread_discounts(draft: DocumentDraft) -> DocumentDraft:
    """The same document with its global discounts inside the lines, so that the tax falls too.

    Shares follow the lines' nets by largest remainder, in cents. Discounts after tax are left where they are. On lines of
    more than 10,000 units six decimals may miss a cent: it is moved to lines that can express it, if there are any.
    Raises RuleBroken (discount_above_lines) when the discounts exceed the lines.
    """
    if draft.discounts_after_tax or not draft.global_discounts:
        return draft
    with localcontext(EXACT):
        discount = round_half_up(sum((entry.amount for entry in draft.global_discounts), ZERO))
        nets = [max(line_net(line), ZERO) for line in draft.lines]
        if discount > sum(nets, ZERO):
            raise RuleBroken(
                "discount_above_lines",
                gettext_noop(
                    "El descuento global {discount} supera el importe de las líneas, {net}. Redúzcalo."
                ),
                "global_discounts",
                discount=str(discount),
                net=str(sum(nets, ZERO)),
            )
        shares = largest_remainder(discount, nets)
        lines = [
            replace(line, discount_share=line.discount_share + share)
            for line, share in zip(draft.lines, shares, strict=True)
        ]
        return replace(draft, lines=tuple(_settle_cents(lines)), global_discounts=())


def _settle_cents(lines: Sequence[Line]) -> list[Line]:
    """Give every line the share it can express, and move what is left over to lines that can take it."""
    settled = [replace(line, discount_share=_gross(line) - line_net(line)) for line in lines]
    left = sum((line.discount_share for line in lines), ZERO) - sum(
        (line.discount_share for line in settled), ZERO
    )
    for index, line in enumerate(settled):
        if left == 0:
            break
        share = min(max(line.discount_share + left, ZERO), _gross(line))
        candidate = replace(line, discount_share=share)
        if line_net(candidate) + share == _gross(line):
            settled[index] = candidate
            left -= share - line.discount_share
    return settled


def retention(code: str, itbms_total: Decimal, free_amount: Decimal | None = None) -> Decimal:
    """What the receiver withholds of the ITBMS, in cents; the document's total does not change (DGI contract 3.6).

    Code 8 has no percentage of its own: `free_amount` says it. Raises RuleBroken for an unknown code, and for a free amount
    that is missing, not positive or above the ITBMS.
    """
    if code not in RETENTION_PERCENT:
        raise RuleBroken(
            "retention_code_unknown",
            gettext_noop("«{given}» no es un código de retención: elija 1, 2, 3, 4, 7 u 8."),
            "retention_code",
            given=code,
        )
    percent = RETENTION_PERCENT[code]
    if percent is not None:
        return round_half_up(itbms_total * percent / 100)
    if free_amount is None or not 0 < free_amount <= itbms_total:
        raise RuleBroken(
            "retention_amount",
            gettext_noop(
                "Con el código 8 indique el importe retenido: mayor que cero y no más que el ITBMS, {itbms}."
            ),
            "retention_amount",
            itbms=str(itbms_total),
        )
    return round_half_up(free_amount)
