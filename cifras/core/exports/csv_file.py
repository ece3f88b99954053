"""Tables as CSV: UTF-8, comma, `\\n`, quoted where needed; written as it is read, so that memory stays flat."""

import codecs
import csv
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from itertools import batched

from django.utils.translation import gettext as _

from cifras.core.cells import safe_cell
from cifras.core.exports.table import Table, local

_ROWS_AT_ONCE = 500
_RETURN = "\r\n"


def csv_chunks(
    table: Table, *, bom: bool = False, on_rows: Callable[[int], None] | None = None
) -> Iterator[bytes]:
    """The file in pieces, the headings at once. `on_rows` is told how many rows each further piece holds.

    `bom` is for spreadsheets that would take the file for Latin-1.
    """
    yield csv_head(table, bom=bom)
    for rows in batched(table.rows, _ROWS_AT_ONCE):
        yield csv_lines([csv_cell(value) for value in row] for row in rows)
        if on_rows:
            on_rows(len(rows))
    yield csv_foot(table)


def csv_head(table: Table, *, bom: bool = False) -> bytes:
    """The headings, after the byte order mark where one is wanted."""
    headings = csv_lines([[safe_cell(column.heading) for column in table.columns]])
    return codecs.BOM_UTF8 + headings if bom else headings


def csv_foot(table: Table) -> bytes:
    """The notes, below an empty line; nothing where there are none."""
    return b"\n" + csv_lines([safe_cell(note)] for note in table.notes) if table.notes else b""


def csv_cell(value: object) -> str:
    """A value as it stands in the file. Only text can be taken for a formula."""
    match value:
        case None:
            return ""
        case bool():
            return _("sí") if value else _("no")
        case int() | Decimal():
            return f"{value:f}" if isinstance(value, Decimal) else str(value)
        case datetime():
            return local(value).isoformat(" ")
        case date():
            return value.isoformat()
        case _:
            return safe_cell(value)


def csv_lines(rows: Iterable[Iterable[str]]) -> bytes:
    """Cells that are safe already as lines of CSV."""
    page = _Page()
    csv.writer(page, lineterminator=_RETURN).writerows(rows)
    return "".join(page.lines).encode("utf-8", "replace")


class _Page:
    """The writer quotes a cell for the characters of its line ends, so it is given both; a line ends with the one."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def write(self, line: str) -> None:
        self.lines.append(f"{line.removesuffix(_RETURN)}\n")
