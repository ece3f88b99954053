"""Line and document arithmetic of a Peruvian document.

Source: Peru contract 3.6. Line values are rounded half up to two decimals; the document's IGV is the rate on the sum of the
bases, rounded once, so that it may differ from the sum of the lines' by a few cents, which is shown. What is free has a
reference value and a reference tax that are not added; the ICBPER is a sum per bag, in soles, and not a part of the base.
The house's columns are kept: `net` is the value of sale, `itbms` the IGV and `oti` the ICBPER.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, localcontext

from cifras.fiscal import totals as house
from cifras.fiscal.catalogues.sunat import SOLES
from cifras.fiscal.catalogues.sunat_taxes import (
    ICBPER_PER_BAG,
    IGV_RATE,
    Affectation,
    PriceKind,
    Tax,
    icbper_per_bag,
)
from cifras.fiscal.document import ZERO, DocumentDraft, Line
from cifras.fiscal.errors import RuleBroken, gettext_noop, refuse
from cifras.fiscal.money import EXACT, round_half_up
from cifras.fiscal.zones import LIMA

UNIT_PLACES = 10  # decimals of a unit value

_NOTHING = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class PeruLineTotals(house.LineTotals):
    """One line added up. On a free one `net`, `itbms` are zero and the reference figures stand beside.

    `unit_price` is the price of catalogue 16: with IGV, or the reference value of a free line; without ICBPER.
    """

    affectation: Affectation
    price_kind: PriceKind
    unit_price: Decimal
    reference_value: Decimal
    reference_tax: Decimal


@dataclass(frozen=True, slots=True)
class PeruTotals(house.Totals):
    """A document added up, in its currency.

    `taxed` to `exported` are the bases of what is paid for, `free` and `free_tax` the reference figures of what is not.
    `igv_difference` is the document's IGV less the sum of the lines'. `by_rate` leaves what is free out.
    """

    lines: tuple[PeruLineTotals, ...]
    taxed: Decimal
    exonerated: Decimal
    unaffected: Decimal
    exported: Decimal
    free: Decimal
    free_tax: Decimal
    igv_difference: Decimal

    @property
    def igv(self) -> Decimal:
        """The document's IGV."""
        return self.itbms

    @property
    def icbper(self) -> Decimal:
        """The tax on plastic bags."""
        return self.oti


def unit_value_of(price: Decimal, rate: Decimal = IGV_RATE) -> Decimal:
    """The unit value in a price with IGV, at ten decimals; `rate` in percent."""
    with localcontext(EXACT):
        return round_half_up(price * 100 / (100 + rate), UNIT_PLACES)


def spread_discounts(draft: DocumentDraft) -> DocumentDraft:
    """The same document with its global discounts inside the lines that are paid for, so that the IGV falls too.

    Raises RuleBroken (discount_above_lines) when the discounts exceed those lines.
    """
    paid = [index for index, line in enumerate(draft.lines) if not _is_free(line)]
    spread = house.spread_discounts(replace(draft, lines=tuple(draft.lines[index] for index in paid)))
    lines = list(draft.lines)
    for index, line in zip(paid, spread.lines, strict=True):
        lines[index] = line
    return replace(spread, lines=tuple(lines))


def compute(draft: DocumentDraft, *, icbper: Mapping[int, Decimal] = ICBPER_PER_BAG) -> PeruTotals:
    """Add a document up. Global discounts are spread first, unless they apply after tax.

    `icbper`: soles per bag by year. Raises RuleBroken for affectations that are not in the catalogue, bags of a year without
    an amount or in another currency than soles, and a global discount larger than the lines it reduces.
    """
    refuse(_uncomputable(draft, icbper))
    with localcontext(EXACT):
        spread = spread_discounts(draft)
        per_bag = icbper.get(_year(draft), ZERO)
        lines = tuple(_line(line, per_bag) for line in spread.lines)
        by_rate = _by_rate(lines)
        net, bags = _sum(lines, "net"), _sum(lines, "oti")
        igv = sum((row.tax for row in by_rate.values()), _NOTHING)
        discount = round_half_up(sum((entry.amount for entry in spread.global_discounts), ZERO))
        received = round_half_up(sum((payment.amount for payment in draft.payments), ZERO))
        total = net + igv + bags - discount
        return PeruTotals(
            lines=lines,
            net=net,
            itbms=igv,
            isc=_NOTHING,
            oti=bags,
            taxes=igv + bags,
            items_total=net + igv + bags,
            discount=discount,
            freight=_NOTHING,
            insurance=_NOTHING,
            total=total,
            received=received,
            change=max(received - total, _NOTHING),
            by_rate=by_rate,
            taxed=_base(lines, Tax.IGV, Tax.IVAP),
            exonerated=_base(lines, Tax.EXONERATED),
            unaffected=_base(lines, Tax.UNAFFECTED),
            exported=_base(lines, Tax.EXPORT),
            free=_sum(lines, "reference_value"),
            free_tax=_sum(lines, "reference_tax"),
            igv_difference=igv - _sum(lines, "itbms"),
        )


def _uncomputable(draft: DocumentDraft, icbper: Mapping[int, Decimal]) -> Iterator[RuleBroken]:
    currency = draft.peru.currency if draft.peru else SOLES
    for index, line in enumerate(draft.lines):
        if not Affectation.knows(line.affectation):
            yield RuleBroken(
                "affectation_unknown",
                gettext_noop(
                    "«{given}» no es una afectación del IGV (catálogo 07 de la SUNAT). Use 10 si la línea está gravada."
                ),
                f"lines[{index}].affectation",
                given=line.affectation,
            )
        if line.icbper_bags <= 0:
            continue
        field = f"lines[{index}].icbper_bags"
        if currency != SOLES:
            yield RuleBroken(
                "icbper_currency",
                gettext_noop(
                    "El ICBPER se fija en soles y el documento va en {currency}. Quite las bolsas de la línea."
                ),
                field,
                currency=currency,
            )
        try:
            icbper_per_bag(_year(draft), field, amounts=icbper)
        except RuleBroken as error:
            yield error


def _year(draft: DocumentDraft) -> int:
    """The year of issue in Lima; of a moment without zone, which is refused elsewhere, the year it says."""
    issued = draft.issue_date
    return (issued if issued.utcoffset() is None else issued.astimezone(LIMA)).year


def _is_free(line: Line) -> bool:
    return Affectation.knows(line.affectation) and Affectation(line.affectation).is_free


def _line(line: Line, per_bag: Decimal) -> PeruLineTotals:
    affectation = Affectation(line.affectation)
    value = house.line_net(line)
    rate = line.tax_rate if affectation.is_taxed else ZERO
    tax = round_half_up(value * rate / 100)
    net, igv = (_NOTHING, _NOTHING) if affectation.is_free else (value, tax)
    bags = round_half_up(line.icbper_bags * per_bag)
    paid = value if affectation.is_free else value + tax
    return PeruLineTotals(
        net=net,
        itbms=igv,
        isc=_NOTHING,
        oti=bags,
        total=net + igv + bags,
        rate=rate,
        unit_discount=house.effective_unit_discount(line),
        affectation=affectation,
        price_kind=PriceKind.REFERENCE if affectation.is_free else PriceKind.WITH_TAX,
        unit_price=round_half_up(paid / line.quantity, UNIT_PLACES) if line.quantity else ZERO,
        reference_value=value if affectation.is_free else _NOTHING,
        reference_tax=tax if affectation.is_free else _NOTHING,
    )


def _by_rate(lines: Sequence[PeruLineTotals]) -> dict[Decimal, house.RateTotals]:
    """Base and IGV by rate, of the lines that are paid for: the rate on the sum of the bases, rounded once."""
    paid = [line for line in lines if not line.affectation.is_free]
    bases = {rate: _sum([line for line in paid if line.rate == rate], "net") for rate in _rates(paid)}
    return {rate: house.RateTotals(base, round_half_up(base * rate / 100)) for rate, base in bases.items()}


def _rates(lines: Sequence[PeruLineTotals]) -> list[Decimal]:
    return sorted({line.rate for line in lines})


def _base(lines: Sequence[PeruLineTotals], *taxes: Tax) -> Decimal:
    return _sum([line for line in lines if line.affectation.tax in taxes], "net")


def _sum(lines: Sequence[PeruLineTotals], member: str) -> Decimal:
    return sum((getattr(line, member) for line in lines), _NOTHING)
