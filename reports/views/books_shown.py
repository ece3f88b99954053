"""A book on a screen: its cells as text, each amount with two decimals, each row a way to what it is about."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from cifras.core.admin.badges import Badge
from cifras.core.exports import CellKind
from cifras.core.models import Staff
from cifras.core.rights import may
from cifras.fiscal.document import ZERO
from invoicing.admin.document_summary import address_of
from invoicing.admin.figures import money
from invoicing.models import Document, NumberSeries
from reports.services.books.shapes import Book, Column, Mark, Page, Period, Row, Unrated

_NUMBERS = frozenset({CellKind.MONEY, CellKind.INTEGER, CellKind.NUMBER})


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: what it says, its look, where it leads (empty: nowhere). `title` is the whole text of what is shown short."""

    text: Any
    look: str = ""
    address: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """A page of a book, ready for the template."""

    headings: Sequence[Cell]
    rows: Sequence[Sequence[Cell]]
    foot: Sequence[Sequence[Cell]]
    before: str
    after: str
    left_out: int
    unrated: Sequence[Unrated]


def shown(book: Book, period: Period, page: Page, staff: Staff) -> Shown:
    """The page as `staff` may see it: links only to what they may open."""
    columns = book.columns(period)
    ways = _Ways(staff, period.month)
    return Shown(
        headings=[Cell(column.label, _look(column)) for column in columns],
        rows=[
            [_cell(column, value, row, ways) for column, value in zip(columns, row.cells, strict=True)]
            for row in page.rows
        ],
        foot=[_foot(columns, row) for row in page.foot.rows],
        before=page.before,
        after=page.after,
        left_out=page.foot.left_out,
        unrated=page.foot.unrated,
    )


def amount_text(value: Decimal, currency: str) -> str:
    """B/. 1,234.50, and no zero with a sign."""
    return money(value + ZERO, currency)


def badge(mark: Mark) -> Badge:
    """A mark as the staff site shows words about a state."""
    return Badge(mark.word, mark.icon, mark.tone)


class _Ways:
    """Where rows lead, for one person; rights are asked for once."""

    def __init__(self, staff: Staff, month: date) -> None:
        self._faces = {face for face in ("invoice", "credit") if may(staff, f"invoicing.view_{face}")}
        self._may_see_series = may(staff, "invoicing.view_numberseries")
        self._month = month

    def address(self, opens: Document | NumberSeries | str) -> str:
        if isinstance(opens, Document):
            return address_of(opens) if opens.face_name in self._faces else ""
        if isinstance(opens, NumberSeries):
            if not self._may_see_series:
                return ""
            page = reverse("admin:invoicing_numberseries_change", args=[opens.uid])
            return f"{page}?month={self._month:%Y-%m}"
        return f"?{opens}" if opens else ""


def _cell(column: Column, value: object, row: Row, ways: _Ways) -> Cell:
    address = ways.address(row.opens) if column.is_link else ""
    text = _text(column, value) or (_("Abrir") if address else "—")
    return Cell(text, _look(column), address, str(value) if column.key == "cufe" else "")


def _foot(columns: Sequence[Column], row: Row) -> list[Cell]:
    found = []
    for position, (column, value) in enumerate(zip(columns, row.cells, strict=True)):
        if position and column.kind is CellKind.MONEY and isinstance(value, Decimal):
            found.append(Cell(amount_text(value, column.currency or row.currency), _look(column)))
        else:
            found.append(Cell(value, _look(column) if position else ""))
    return found


def _text(column: Column, value: object) -> Any:
    """What a cell says; empty where it says nothing."""
    match value:
        case None | "":
            return ""
        case Mark():
            return badge(value)
        case Decimal() if column.kind is CellKind.MONEY:
            return f"{value + ZERO:,.2f}"  # no zero with a sign
        case Decimal():
            return f"{value:f}"
        case date():
            return f"{value:%d/%m/%Y}"
        case _:
            return str(value)


def _look(column: Column) -> str:
    looks = {
        "cf-num": column.kind in _NUMBERS,
        "cf-wide": column.is_wide,
        "cf-cufe": column.key == "cufe",
        "cf-unprinted": not column.is_on_paper,
    }
    return " ".join(look for look, is_so in looks.items() if is_so)


def sums_by_currency(pairs: Iterable[tuple[str, Decimal]]) -> list[str]:
    """Amounts added up per currency, never across: B/. 100.00, EUR 20.00."""
    sums: dict[str, Decimal] = {}
    for currency, value in pairs:
        sums[currency] = sums.get(currency, Decimal(0)) + value
    return [amount_text(value, currency) for currency, value in sorted(sums.items())]
