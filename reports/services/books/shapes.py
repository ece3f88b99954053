"""What a book is made of: a month of a tenant, columns, rows, a foot with one sum per currency."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from django.utils.translation import gettext as _

from cifras.core.exports import CellKind, Table
from cifras.core.exports import Column as FileColumn
from cifras.fiscal.document import ZERO
from cifras.fiscal.money import round_half_up
from invoicing.models import Document, NumberSeries
from reports.services.books.words import words_of
from reports.services.facts import end_of_month, zone_of
from reports.services.queries import bucket
from tenants.models import Tenant

PAGE = 100


@dataclass(frozen=True, slots=True)
class Period:
    """A tenant's local month in one environment; `is_level`: the roll-up may stand for the documents."""

    tenant: Tenant
    month: date
    environment: str
    is_level: bool = False

    @property
    def last(self) -> date:
        """The month's last day: what happens after it does not count where a book stands as of a day."""
        return end_of_month(self.month)

    def currency_of(self, currency: str) -> str:
        """The currency under which an amount is added up: in Panama the balboa stands for the dollar."""
        return bucket(currency, self.tenant.country)

    @property
    def zone(self) -> str:
        """Whose days these are."""
        return zone_of(self.tenant)


@dataclass(frozen=True)
class Column(FileColumn):
    """A column of a screen and of a file alike. `is_link`: its cell opens the row's document; `is_summed`: it has a foot.

    `currency`: that of its amounts where it is not the row's; they add up over all rows. `is_on_paper`: it is printed.
    """

    key: str = ""
    is_link: bool = False
    is_summed: bool = False
    is_wide: bool = False
    currency: str = ""
    is_on_paper: bool = True


def amount(label: Any, key: str = "", currency: str = "") -> Column:
    """Money, summed at the foot; in the row's currency where none is named."""
    return Column(label, CellKind.MONEY, key, is_summed=True, currency=currency)


def count(label: Any, key: str = "") -> Column:
    """How many, summed at the foot."""
    return Column(label, CellKind.INTEGER, key, is_summed=True)


@dataclass(frozen=True, slots=True)
class Mark:
    """A word about a row; on a screen with its icon and tone, in a file the word alone."""

    word: Any
    icon: str = "info"
    tone: str = "grey"

    def __str__(self) -> str:
        return str(self.word)


@dataclass(frozen=True, slots=True)
class Row:
    """One line. `currency` is that of its amounts; `opens` is what it is about: a document, a series, the query of its rows."""

    cells: tuple[object, ...]
    currency: str = ""
    opens: Document | NumberSeries | str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins: after or before what the address says; the first page when both are empty."""

    after: str = ""
    before: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Unrated:
    """A day and a currency whose exchange rate nobody has recorded; without a day where a note does not say what it modifies."""

    currency: str
    day: date | None


@dataclass(frozen=True, slots=True)
class More:
    """Sums that only some documents of the month add to: by currency, by the columns' keys; and what they lack."""

    sums: Mapping[str, Mapping[str, Decimal]]
    unrated: Sequence[Unrated] = ()


@dataclass(frozen=True, slots=True)
class Foot:
    """The sums of a whole book.

    `left_out`: how many documents of the month do not stand in it because they are not authorised; `unrated`: what it lacks to
    state everything in the register's currency.
    """

    rows: Sequence[Row] = ()
    left_out: int = 0
    unrated: Sequence[Unrated] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """The rows of one screen, the foot of the whole book, and the places of the neighbours (empty: there is none)."""

    rows: Sequence[Row]
    foot: Foot = Foot()
    before: str = ""
    after: str = ""


class Book(ABC):
    """One book of a month. Its file holds the rows of its screen, all pages, and the same foot."""

    slug: ClassVar[str]
    title: ClassVar[Any]
    tab: ClassVar[Any] = ""  # a shorter title, where one is needed
    lead: ClassVar[Any] = ""  # {authority}, {office} and {point} are the country's
    is_rolled_up: ClassVar[bool] = False  # read from the roll-up where that is level, not from the documents

    @abstractmethod
    def columns(self, period: Period) -> tuple[Column, ...]:
        """What a row's cells say."""

    @abstractmethod
    def rows(self, period: Period) -> Iterable[Row]:
        """Every row, in order."""

    def page(self, period: Period, place: Place) -> Page:
        """One screen of rows. Books of a few rows reckon them all and show a part."""
        rows, sums = list(self.rows(period)), Sums(self.columns(period))
        for row in rows:
            sums.add(row)
        return _cut(rows, Foot(sums.foot()), place)

    def notes(self, period: Period) -> list[str]:
        """What a reader must know, above the screen's table and below the file's."""
        words = words_of(period.tenant)
        office, point = str(words.office).lower(), str(words.point).lower()
        return [str(self.lead).format(authority=words.authority, office=office, point=point)]

    def lacks(self, period: Period) -> list[str]:
        """What is missing in it, as sentences of the file; the screen has them from its page."""
        return []

    def is_longer_than(self, period: Period, most: int) -> bool:
        """Whether there are more rows than that. Books of a few rows are not."""
        return False

    def title_of(self, period: Period) -> str:
        """The title, in the words of the tenant's country."""
        return str(self.title)


@dataclass
class Sums:
    """The foot: the summed columns, one row per currency."""

    columns: Sequence[Column]
    by_currency: dict[str, list[Any]] = field(default_factory=dict)
    is_partial: bool = False

    def add(self, row: Row) -> None:
        """Count a row; a cell without a figure counts nothing."""
        sums = self.by_currency.setdefault(row.currency, [ZERO] * len(self.columns))
        for position, column in enumerate(self.columns):
            value = row.cells[position]
            if column.is_summed and isinstance(value, int | Decimal):
                sums[position] += value
            elif column.currency and value is None:
                self.is_partial = True

    def foot(self) -> list[Row]:
        """One row per currency, and one of what is in the same currency in all of them."""
        rows = [self._row(currency, sums) for currency, sums in sorted(self.by_currency.items())]
        return rows + common_foot(self.columns, rows, is_partial=self.is_partial)

    def _row(self, currency: str, sums: list[Any]) -> Row:
        label = _("Total {currency}").format(currency=currency) if currency else _("Total")
        cells = [sums[index] if column.is_summed else "" for index, column in enumerate(self.columns)]
        return Row((label, *cells[1:]), currency)


def foot_of(columns: Sequence[Column], currency: str, values: Mapping[str, Decimal]) -> Row:
    """A foot from sums by the columns' keys."""
    label = _("Total {currency}").format(currency=currency)
    cells = [values.get(column.key, ZERO) if column.is_summed else "" for column in columns]
    return Row((label, *cells[1:]), currency)


def common_foot(columns: Sequence[Column], foot: Sequence[Row], *, is_partial: bool) -> list[Row]:
    """The columns that are in one currency whatever the row's, added up over the currencies; none where there is but that one."""
    own = next((column.currency for column in columns if column.currency), "")
    if not own or all(row.currency == own for row in foot):
        return []
    label = _("Total general en {currency} (incompleto)") if is_partial else _("Total general en {currency}")
    cells = [_added_up(foot, position) if column.currency else "" for position, column in enumerate(columns)]
    return [Row((label.format(currency=own), *cells[1:]), own)]


def _added_up(rows: Sequence[Row], position: int) -> Decimal:
    return sum((cell for row in rows if isinstance(cell := row.cells[position], Decimal)), ZERO)


def table_of(book: Book, period: Period, *facts: str) -> Table:
    """The book as a file: read as it is written, the foot after the last row. `facts`: as of when, and the like."""
    columns = book.columns(period)
    day = f"{period.month:%Y-%m}"
    about = _("{tenant} · {month} · fecha local de emisión, {zone}").format(
        tenant=period.tenant, month=day, zone=period.zone
    )
    if period.environment != Tenant.Environment.LIVE:
        about += " · " + _("ambiente de pruebas")
    return Table(
        name=f"{book.title_of(period)} {day} {period.tenant.ruc}",
        title=f"{book.title_of(period)} {day}",
        columns=columns,
        rows=_with_foot(book.rows(period), columns),
        notes=[about, *facts, *book.notes(period), *book.lacks(period)],
    )


def _with_foot(rows: Iterable[Row], columns: Sequence[Column]) -> Iterator[list[object]]:
    sums = Sums(columns)
    for row in rows:
        sums.add(row)
        yield [_plain(column, cell) for column, cell in zip(columns, row.cells, strict=True)]
    for row in sums.foot():
        yield [_plain(column, cell) for column, cell in zip(columns, row.cells, strict=True)]


def _plain(column: Column, cell: object) -> object:
    """A cell as a file takes it: a word for a mark, an amount in cents, no zero with a sign."""
    if isinstance(cell, Mark):
        return str(cell)
    is_money = column.kind is CellKind.MONEY and isinstance(cell, Decimal)
    return round_half_up(cell) + ZERO if is_money else cell  # type: ignore[arg-type]


def _cut(rows: Sequence[Row], foot: Foot, place: Place) -> Page:
    """A part of rows that are all there; a place is the number of rows before it."""
    given = place.after or place.before
    start = int(given) if given.isascii() and given.isdigit() and len(given) < 9 else 0
    start = start if start < len(rows) else 0
    before = str(max(start - PAGE, 0)) if start else ""
    after = str(start + PAGE) if start + PAGE < len(rows) else ""
    return Page(rows[start : start + PAGE], foot, before, after)
