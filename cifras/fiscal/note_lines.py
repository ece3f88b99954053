"""The lines of a credit note: so many units of an invoice's line, or an amount with its taxes spread over the lines.

Source: domain 10, DGI contract 3.8 and 6. The provider computes the tax of every line anew, and a note has to add up to what is
asked for to the cent. Not every amount is a base plus its rounded tax (8 cents at 7 % is none), so a line may have to be
cut in two, the second one of a cent. Amounts are in the invoice's currency, with their taxes unless a name says net.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal, localcontext

from cifras.fiscal.crediting import credited_line
from cifras.fiscal.document import ZERO, Line, OtherTax
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.fiscal.money import CENT, EXACT, largest_remainder, round_half_up
from cifras.fiscal.totals import LINE_TAX_PLACES, Rounding, effective_unit_discount, line_net

LONGEST_DESCRIPTION = 500
_REBATE = "Rebaja: "  # on the paper, which is Spanish whoever reads our pages
# What rounding alone may add up to over the notes of a line. More than that is another price.
_ROUNDING = Decimal("0.05")
_MOST_CENTS = 3 * CENT  # a base of so much still has no tax, at 15 % too


@dataclass(frozen=True, slots=True)
class Taken:
    """What live notes have taken from a line. `quantity` and `share` count only what they took by the unit."""

    worth: Decimal = ZERO
    quantity: Decimal = ZERO
    share: Decimal = ZERO
    isc: Decimal = ZERO
    oti: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sold:
    """An invoice's line, its discount share as it was spread, beside what was taken from it."""

    line: Line
    taken: Taken = field(default_factory=Taken)
    rounding: Rounding = "line"

    @property
    def worth(self) -> Decimal:
        """The whole line."""
        return line_worth(self.line, rounding=self.rounding)

    @property
    def left(self) -> Decimal:
        """What no live note has taken; never negative."""
        return max(self.worth - self.taken.worth, ZERO)

    @property
    def quantity_left(self) -> Decimal:
        """The units that no live note has taken; none where nothing of the amount is left."""
        return max(self.line.quantity - self.taken.quantity, ZERO) if self.left else ZERO


def line_worth(line: Line, *, rounding: Rounding = "line") -> Decimal:
    """What a line adds to its document, ITBMS, ISC and other taxes included."""
    with localcontext(EXACT):
        oti = sum((tax.amount for tax in line.oti), ZERO)
        return _taxed(line_net(line), line.tax_rate, rounding) + round_half_up(line.isc_amount + oti)


def taken_by(lines: Iterable[Line], sold: Line, *, rounding: Rounding = "line") -> Taken:
    """What the lines of live notes have taken from `sold`.

    A note's line at another price than the invoice's took an amount, and not units.
    """
    total = Taken()
    with localcontext(EXACT):
        for line in lines:
            is_units = line.unit_price == sold.unit_price
            gross = round_half_up(line.quantity * (sold.unit_price - sold.unit_discount))
            oti = {code: amount + _amount_of(line, code) for code, amount in total.oti.items()}
            new = {tax.code: _amount_of(line, tax.code) for tax in line.oti if tax.code not in oti}
            total = Taken(
                worth=total.worth + line_worth(line, rounding=rounding),
                quantity=total.quantity + (line.quantity if is_units else ZERO),
                share=total.share + (max(gross - line_net(line), ZERO) if is_units else ZERO),
                isc=total.isc + line.isc_amount,
                oti=oti | new,
            )
    return total


def units_of(sold: Sold, quantity: Decimal) -> list[Line]:
    """So many units as a note carries them: the invoice's price, with their part of the global discount, of ISC and OTI.

    The last units of a line take what is left of it to the cent, so that notes by line never miss the invoice's tax.
    """
    line = folded(_with_taxes_of(sold, quantity))
    is_rest = bool(sold.taken.worth) and quantity == sold.quantity_left
    if is_rest and abs(line_worth(line, rounding=sold.rounding) - sold.left) <= _ROUNDING:
        return [each for _, each in amount_over(round_half_up(sold.left), [sold])]
    return [line]


def amount_over(amount: Decimal, sold: Sequence[Sold]) -> list[tuple[int, Line]]:
    """`amount`, taxes included, spread over what is left of the lines in proportion; (index of the line, a note's line) each.

    The bases and their taxes add up to `amount` exactly. Where the ITBMS is rounded on the document's total some amounts
    are out of reach: then RuleBroken names the nearest. RuleBroken also when the lines have not so much left.
    """
    weights = [round_half_up(each.left) for each in sold]
    if amount > sum(weights, ZERO):
        raise RuleBroken(
            "credit_exceeds_lines",
            gettext_noop("A las líneas de la factura solo les quedan {left} sin nota de crédito."),
            "amount",
            left=f"{sum(weights, ZERO):.2f}",
        )
    with localcontext(EXACT):
        pieces = [
            _Piece(index, each, share, weight)
            for index, (each, share, weight) in enumerate(
                zip(sold, largest_remainder(amount, weights), weights, strict=True)
            )
            if share
        ]
        _raise_bases(pieces, amount)
        lines = [(piece.index, line) for piece in pieces for line in piece.lines()]
        found = _sum_of(lines, pieces)
        if found != amount:
            raise _out_of_reach(amount, found)
        return lines


def folded(line: Line) -> Line:
    """The same with its share of a global discount inside the discount per unit, as it leaves."""
    return replace(line, unit_discount=effective_unit_discount(line), discount_share=ZERO)


class _Piece:
    """The part of an amount that falls on one line: a base that is still being found, and its taxes."""

    def __init__(self, index: int, sold: Sold, share: Decimal, weight: Decimal) -> None:
        self.index, self.sold, self.share, self.weight = index, sold, share, weight
        self.is_rest = share == weight
        isc = sold.line.isc_amount - sold.taken.isc
        self.isc = min(round_half_up(max(isc, ZERO) * share / weight), share)
        self.oti = tuple(
            OtherTax(code, round_half_up(left * share / weight)) for code, left in _oti_left(sold) if left > 0
        )
        goods = share - self.isc - sum((tax.amount for tax in self.oti), ZERO)
        self.base = _largest_base(max(goods, ZERO), sold.line.tax_rate, sold.rounding)
        self.cents = 0

    @property
    def worth(self) -> Decimal:
        extras = self.isc + sum((tax.amount for tax in self.oti), ZERO)
        return _taxed(self.base, self.sold.line.tax_rate, self.sold.rounding) + extras + self.cents * CENT

    def lines(self) -> list[Line]:
        line = replace(self._units() or self._rebate(self.base), isc_amount=self.isc, oti=self.oti)
        isc_rate = line.isc_rate if self.isc else None
        found = [replace(line, isc_rate=isc_rate)] if self.base or self.isc or self.oti else []
        return [*found, *([self._rebate(self.cents * CENT)] if self.cents else [])]

    def _units(self) -> Line | None:
        """All the units that are left, where the base is all that is left of them and no more than their price."""
        quantity = self.sold.quantity_left
        if not self.is_rest or not quantity:
            return None
        gross = round_half_up(quantity * (self.sold.line.unit_price - self.sold.line.unit_discount))
        line = replace(self.sold.line, quantity=quantity, discount_share=gross - self.base)
        return folded(line) if gross >= self.base and line_net(line) == self.base else None

    def _rebate(self, base: Decimal) -> Line:
        return replace(
            self.sold.line,
            description=(_REBATE + self.sold.line.description)[:LONGEST_DESCRIPTION],
            quantity=Decimal(1),
            unit="und",
            unit_price=base,
            unit_discount=ZERO,
            discount_share=ZERO,
            isc_rate=None,
            isc_amount=ZERO,
            oti=(),
        )


def _raise_bases(pieces: Sequence[_Piece], amount: Decimal) -> None:
    """Deal out the cents that the rounded taxes left over: to a base that takes them, else as lines of their own."""
    total = sum((piece.worth for piece in pieces), ZERO)
    for piece in pieces:
        while round_half_up(total) < amount:
            before = piece.worth
            piece.base += CENT
            raised = total + piece.worth - before
            if round_half_up(raised) > amount or round_half_up(piece.worth) > piece.weight:
                piece.base -= CENT
                break
            total = raised
    for piece in pieces:
        missing = amount - round_half_up(total)
        if piece.sold.rounding == "line" and missing > 0:
            room = min(missing, max(piece.weight - piece.worth, ZERO), _MOST_CENTS)
            piece.cents = int(room / CENT)
            total += piece.cents * CENT


def _sum_of(lines: Sequence[tuple[int, Line]], pieces: Sequence[_Piece]) -> Decimal:
    rounding = {piece.index: piece.sold.rounding for piece in pieces}
    return round_half_up(sum((line_worth(line, rounding=rounding[index]) for index, line in lines), ZERO))


def _out_of_reach(amount: Decimal, found: Decimal) -> RuleBroken:
    return RuleBroken(
        "credit_amount_out_of_reach",
        gettext_noop(
            "Con el impuesto redondeado no hay líneas que sumen {amount}: lo más cercano es {near}. Use ese importe."
        ),
        "amount",
        amount=f"{amount:.2f}",
        near=f"{found:.2f}",
    )


def _with_taxes_of(sold: Sold, quantity: Decimal) -> Line:
    line, taken = sold.line, sold.taken
    with localcontext(EXACT):
        so_far = (taken.quantity + quantity) / line.quantity
        part = credited_line(line, quantity, credited_quantity=taken.quantity, credited_share=taken.share)
        isc = max(min(round_half_up(line.isc_amount * so_far), line.isc_amount) - taken.isc, ZERO)
        oti = tuple(
            OtherTax(code, max(round_half_up(whole * so_far) - taken.oti.get(code, ZERO), ZERO))
            for code, whole in _oti_of(line)
        )
    kept = tuple(tax for tax in oti if tax.amount)
    return replace(part, isc_amount=isc, isc_rate=line.isc_rate if isc else None, oti=kept)


def _oti_of(line: Line) -> list[tuple[str, Decimal]]:
    """The amount of each code; a line may name one twice."""
    return [(code, _amount_of(line, code)) for code in dict.fromkeys(tax.code for tax in line.oti)]


def _oti_left(sold: Sold) -> list[tuple[str, Decimal]]:
    return [(code, whole - sold.taken.oti.get(code, ZERO)) for code, whole in _oti_of(sold.line)]


def _amount_of(line: Line, code: str) -> Decimal:
    return sum((tax.amount for tax in line.oti if tax.code == code), ZERO)


def _taxed(net: Decimal, rate: Decimal, rounding: Rounding) -> Decimal:
    return net + round_half_up(net * rate / 100, 2 if rounding == "line" else LINE_TAX_PLACES)


def _largest_base(goods: Decimal, rate: Decimal, rounding: Rounding) -> Decimal:
    """The largest base whose tax does not take it above `goods`."""
    base = round_half_up(goods * 100 / (100 + rate))
    while base > 0 and round_half_up(_taxed(base, rate, rounding)) > goods:
        base -= CENT
    while round_half_up(_taxed(base + CENT, rate, rounding)) <= goods:
        base += CENT
    return base
