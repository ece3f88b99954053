"""What every line needs (Peru contract 3.5 and 3.6)."""

import re
from collections.abc import Iterator
from decimal import Decimal

from cifras.fiscal.catalogues.sunat import WITHOUT_AMOUNT
from cifras.fiscal.catalogues.sunat_taxes import IGV_RATE, IGV_RATES, Affectation
from cifras.fiscal.document import ZERO, DocumentDraft, Kind, Line, PeruTerms
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.fiscal.every_country import line_count_reasons
from cifras.fiscal.lengths import outside
from cifras.fiscal.money import LIMIT, round_half_up
from cifras.fiscal.peru.totals import UNIT_PLACES, PeruTotals

DESCRIPTION = (1, 500)  # the upper limit is ours: the contract gives none

_UNIT = re.compile(r"[A-Z0-9]{2,3}")
_AMOUNTS = ("quantity", "unit_price", "unit_discount")


def lines_reasons(draft: DocumentDraft, terms: PeruTerms) -> Iterator[RuleBroken]:
    """Everything wrong with the lines, as far as they alone show it."""
    yield from line_count_reasons(draft)
    may_be_zero = draft.kind is Kind.CREDIT and terms.reason_code in WITHOUT_AMOUNT
    for index, line in enumerate(draft.lines):
        path = f"lines[{index}]."
        yield from outside(line.description, f"{path}description", *DESCRIPTION)
        yield from _unit(line, path)
        yield from _amounts(line, path)
        if Affectation.knows(line.affectation):
            yield from _tax(line, Affectation(line.affectation), path)
        if line.unit_price == 0 and not may_be_zero:
            yield RuleBroken(
                "price_missing",
                gettext_noop(
                    "Falta el valor unitario. Si es gratis, elija una afectación gratuita e indique el valor referencial."
                ),
                f"{path}unit_price",
            )


def computed_lines_reasons(totals: PeruTotals) -> Iterator[RuleBroken]:
    """Lines whose tax, once rounded, is none although they have a base: SUNAT refuses a tax of zero (3111)."""
    for index, line in enumerate(totals.lines):
        base, tax = line.net + line.reference_value, line.itbms + line.reference_tax
        if line.rate > 0 and base > 0 and tax == 0:
            yield RuleBroken(
                "tax_rounds_to_zero",
                gettext_noop(
                    "El IGV de una línea de {base} se redondea a cero y la SUNAT no lo admite. Junte líneas o suba el valor."
                ),
                f"lines[{index}].unit_price",
                base=str(base),
            )


def _unit(line: Line, path: str) -> Iterator[RuleBroken]:
    if not _UNIT.fullmatch(line.unit):
        yield RuleBroken(
            "unit_shape",
            gettext_noop(
                "«{unit}» no es un código de unidad de la SUNAT: use NIU en bienes y ZZ en servicios."
            ),
            f"{path}unit",
            unit=line.unit[:20],
        )


def _amounts(line: Line, path: str) -> Iterator[RuleBroken]:
    for member in _AMOUNTS:
        value: Decimal = getattr(line, member)
        if value < 0 or (member == "quantity" and value == 0):
            yield RuleBroken(
                "quantity_not_positive" if member == "quantity" else "negative_amount",
                gettext_noop(
                    "{value} no vale aquí: la cantidad es mayor que cero y ningún importe es negativo. Corríjalo."
                ),
                path + member,
                value=f"{value:f}",
            )
        elif value >= LIMIT:
            yield RuleBroken(
                "amount_too_large",
                gettext_noop("La cifra {value} es demasiado grande. Revise los ceros."),
                path + member,
                value=f"{value:f}",
            )
        elif value != round_half_up(value, UNIT_PLACES):
            yield RuleBroken(
                "amount_too_precise",
                gettext_noop("La cifra {value} tiene más de {places} decimales. Redondéela."),
                path + member,
                value=f"{value:f}",
                places=UNIT_PLACES,
            )
    if line.unit_discount > line.unit_price >= 0:
        yield RuleBroken(
            "discount_above_price",
            gettext_noop("El descuento por unidad, {discount}, supera el precio, {price}. Redúzcalo."),
            f"{path}unit_discount",
            discount=f"{line.unit_discount:f}",
            price=f"{line.unit_price:f}",
        )
    if line.icbper_bags < 0:
        yield RuleBroken(
            "negative_amount",
            gettext_noop("El número de bolsas no puede ser negativo. Corríjalo."),
            f"{path}icbper_bags",
        )


def _tax(line: Line, affectation: Affectation, path: str) -> Iterator[RuleBroken]:
    """The rate has to fit the affectation; the IVAP is known and not issued, since no source gives its rate."""
    if affectation is Affectation.IVAP:
        yield RuleBroken(
            "ivap_not_issued",
            gettext_noop(
                "El IVAP (afectación 17) aún no se emite desde aquí. Emítalo en el portal de la SUNAT."
            ),
            f"{path}affectation",
        )
    elif affectation.is_taxed and line.tax_rate not in IGV_RATES:
        yield RuleBroken(
            "tax_rate_unknown",
            gettext_noop("El IGV no tiene una tasa de {rate} %. Use {expected}."),
            f"{path}tax_rate",
            rate=f"{line.tax_rate:f}",
            expected=f"{IGV_RATE:f}",
        )
    elif not affectation.is_taxed and line.tax_rate != ZERO:
        yield RuleBroken(
            "tax_rate_without_tax",
            gettext_noop("Con la afectación {affectation} la línea no lleva IGV. Ponga la tasa en 0."),
            f"{path}tax_rate",
            affectation=str(affectation),
        )
