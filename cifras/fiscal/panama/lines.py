"""What every line needs."""

from collections.abc import Iterator
from decimal import Decimal

from cifras.fiscal.catalogues.dgi import Oti, itbms_code, require_cpbs
from cifras.fiscal.document import DocumentDraft, Line, ReceiverType
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.fiscal.every_country import line_count_reasons
from cifras.fiscal.lengths import outside
from cifras.fiscal.money import MAX_PLACES, round_half_up

DESCRIPTION = (1, 500)  # the upper limit is ours: the papers give no figure

_AMOUNTS = ("quantity", "unit_price", "unit_discount", "isc_amount", "freight", "insurance")
# The JSON document keeps the ISC of a line in a block of its own.
_PATHS = {"isc_amount": "isc.amount"}


def lines_reasons(draft: DocumentDraft) -> Iterator[RuleBroken]:
    """Everything wrong with the lines of a document."""
    yield from line_count_reasons(draft)
    is_government = draft.receiver.type is ReceiverType.GOBIERNO
    for index, line in enumerate(draft.lines):
        yield from _line(line, f"lines[{index}].", is_government=is_government)


def _line(line: Line, path: str, *, is_government: bool) -> Iterator[RuleBroken]:
    yield from outside(line.description, f"{path}description", *DESCRIPTION)
    yield from outside(line.unit, f"{path}unit", 1, 20)
    yield from _amounts(line, path)
    yield from _taxes(line, path)
    yield from _cpbs(line, path, is_government=is_government)


def _amounts(line: Line, path: str) -> Iterator[RuleBroken]:
    for member in _AMOUNTS:
        value: Decimal = getattr(line, member)
        field = path + _PATHS.get(member, member)
        if value < 0 or (member == "quantity" and value == 0):
            yield RuleBroken(
                "quantity_not_positive" if member == "quantity" else "negative_amount",
                gettext_noop(
                    "{value} no vale aquí: la cantidad es mayor que cero y ningún importe es negativo. Corríjalo."
                ),
                field,
                value=f"{value:f}",
            )
        elif value != round_half_up(value, MAX_PLACES):
            yield RuleBroken(
                "amount_too_precise",
                gettext_noop("La cifra {value} tiene más de {places} decimales. Redondéela."),
                field,
                value=f"{value:f}",
                places=MAX_PLACES,
            )
    if line.unit_discount > line.unit_price >= 0:
        yield RuleBroken(
            "discount_above_price",
            gettext_noop("El descuento por unidad, {discount}, supera el precio, {price}. Redúzcalo."),
            f"{path}unit_discount",
            discount=f"{line.unit_discount:f}",
            price=f"{line.unit_price:f}",
        )


def _taxes(line: Line, path: str) -> Iterator[RuleBroken]:
    try:
        itbms_code(line.tax_rate)
    except RuleBroken as error:
        yield error.at(f"{path}tax_rate")
    if line.isc_rate is not None and line.isc_rate < 0:
        yield RuleBroken(
            "negative_rate",
            gettext_noop("La tasa del ISC no puede ser negativa. Corríjala."),
            f"{path}isc.rate",
        )
    for index, tax in enumerate(line.oti):
        if not Oti.knows(tax.code):
            yield RuleBroken(
                "oti_code_unknown",
                gettext_noop("«{given}» no es un código de OTI de la DGI (01 a 11). Elija otro."),
                f"{path}oti[{index}].code",
                given=tax.code,
            )
        if tax.amount < 0:
            yield RuleBroken(
                "negative_amount",
                gettext_noop("El importe del OTI no puede ser negativo. Corríjalo."),
                f"{path}oti[{index}].amount",
            )


def _cpbs(line: Line, path: str, *, is_government: bool) -> Iterator[RuleBroken]:
    """A sale to the government names the CPBS code and unit of every line."""
    if line.cpbs_code:
        try:
            require_cpbs(line.cpbs_code)
        except RuleBroken as error:
            yield error.at(f"{path}cpbs_code")
    if not is_government:
        return
    for member in ("cpbs_code", "cpbs_unit"):
        if not getattr(line, member):
            yield RuleBroken(
                f"missing_{member}",
                gettext_noop(
                    "El receptor es del gobierno: cada línea lleva código y unidad CPBS. Elíjalos del catálogo."
                ),
                f"{path}{member}",
            )
