"""The month by tax rate, from the roll-up: what was invoiced, what of it is void, what notes took back, what is left.

The last column is the sales book's foot, rate by rate.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cifras.core.exports import CellKind
from cifras.fiscal.document import ZERO, Kind
from reports.models import MonthlyFigure, MonthlyRate
from reports.services.books.population import figures_of, rates_of
from reports.services.books.shapes import Book, Column, Period, Row, amount
from reports.services.books.words import Words, words_of
from reports.services.facts import EXPORT

_COLUMNS = (
    Column(gettext_lazy("Tasa")),
    Column(gettext_lazy("Moneda")),
    Column(gettext_lazy("Documentos"), CellKind.INTEGER),
    amount(gettext_lazy("Base facturada")),
    amount(gettext_lazy("Impuesto facturado")),
    amount(gettext_lazy("Base anulada")),
    amount(gettext_lazy("Impuesto anulado")),
    amount(gettext_lazy("Base de notas")),
    amount(gettext_lazy("Impuesto de notas")),
    amount(gettext_lazy("Base neta")),
    amount(gettext_lazy("Impuesto neto")),
)
_OTHER_TAXES, _OTHER_CHARGES = "taxes", "charges"
_LAST = {EXPORT: 1, _OTHER_TAXES: 2, _OTHER_CHARGES: 3}


@dataclass(slots=True)
class _Line:
    """One rate of one currency."""

    documents: int = 0
    gross_base: Decimal = ZERO
    gross_tax: Decimal = ZERO
    void_base: Decimal = ZERO
    void_tax: Decimal = ZERO
    note_base: Decimal = ZERO
    note_tax: Decimal = ZERO

    def add(self, row: MonthlyFigure | MonthlyRate, base: Decimal, tax: Decimal) -> None:
        """A group of the roll-up. A void note takes nothing back: it is in none of the columns."""
        self.documents += row.count
        if row.kind == Kind.INVOICE:
            self.gross_base, self.gross_tax = self.gross_base + base, self.gross_tax + tax
            if row.is_voided:
                self.void_base, self.void_tax = self.void_base - base, self.void_tax - tax
        elif not row.is_voided:
            self.note_base, self.note_tax = self.note_base - base, self.note_tax - tax

    def cells(self) -> tuple[object, ...]:
        """What was invoiced, the void and the notes below zero, and their sum."""
        return (
            self.gross_base,
            self.gross_tax,
            self.void_base,
            self.void_tax,
            self.note_base,
            self.note_tax,
            self.gross_base + self.void_base + self.note_base,
            self.gross_tax + self.void_tax + self.note_tax,
        )

    @property
    def is_empty(self) -> bool:
        return not any(self.cells())


class SummaryByRate(Book):
    """Resumen por tasa."""

    slug = "rates"
    is_rolled_up = True
    title = gettext_lazy("Resumen por tasa")
    lead = gettext_lazy(
        "Lo facturado menos lo anulado y las notas de crédito, por tasa. La venta neta es el total del libro de ventas. "
        "Un documento con varias tasas cuenta en cada una."
    )

    def columns(self, period: Period) -> tuple[Column, ...]:
        return _COLUMNS

    def rows(self, period: Period) -> Iterator[Row]:
        found = _lines(period)
        words = words_of(period.tenant)
        for (currency, rate), line in sorted(found.items(), key=_in_order):
            yield Row((_word(rate, words), currency, line.documents or None, *line.cells()), currency)


def _lines(period: Period) -> dict[tuple[str, str], _Line]:
    """By currency and rate. What the rates leave of taxes and totals stands in two lines of its own."""
    found: defaultdict[tuple[str, str], _Line] = defaultdict(_Line)
    for each in rates_of(period):
        found[period.currency_of(each.currency), each.tax_rate].add(each, each.base, each.tax)
        found[period.currency_of(each.currency), _OTHER_TAXES].add(each, ZERO, -each.tax)
        found[period.currency_of(each.currency), _OTHER_CHARGES].add(each, -each.base, ZERO)
    for figure in figures_of(period):
        found[period.currency_of(figure.currency), _OTHER_TAXES].add(figure, ZERO, figure.tax)
        found[period.currency_of(figure.currency), _OTHER_CHARGES].add(
            figure, figure.total - figure.tax, ZERO
        )
    for key in list(found):
        if key[1] in {_OTHER_TAXES, _OTHER_CHARGES}:
            found[key].documents = 0
            if found[key].is_empty:
                del found[key]
    return found


def _in_order(item: tuple[tuple[str, str], _Line]) -> tuple[str, int, Decimal]:
    currency, rate = item[0]
    return currency, _LAST.get(rate, 0), ZERO if rate in _LAST else Decimal(rate)


def _word(rate: str, country: Words) -> str:
    words = {
        "0": _("0 % (sin impuesto)"),
        EXPORT: _("Exportación"),
        _OTHER_TAXES: str(country.other_taxes),
        _OTHER_CHARGES: _("Otros cargos y descuentos"),
    }
    return words.get(rate) or f"{rate} %"
