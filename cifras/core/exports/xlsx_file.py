"""Tables as XLSX by xlsxwriter, row by row to disk: memory stays flat, and no cell is ever a formula."""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import count
from os import PathLike
from typing import Any, BinaryIO

from django.utils.translation import gettext as _
from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from cifras.core.cells import safe_cell
from cifras.core.exports.table import AMOUNTS, CellKind, Table, local

MOST_ROWS_OF_A_SHEET = 1_048_576
_ROWS_AT_ONCE = 500
_LONGEST_CELL = 32_767
_EXACT_DIGITS = 15  # a spreadsheet's numbers are no more precise than that
_FIRST_YEAR = 1900
_NOT_IN_A_NAME = re.compile(r"[\[\]:*?/\\\x00-\x1f']")
_NOT_IN_XML = re.compile("[\ud800-\udfff\ufffe\uffff]")
_NUMBER_FORMATS = {
    CellKind.INTEGER: "0",
    CellKind.MONEY: "#,##0.00",
    CellKind.DATE: "yyyy-mm-dd",
    CellKind.MOMENT: "yyyy-mm-dd hh:mm:ss",
}
_WIDTHS = {CellKind.TEXT: 22, CellKind.DATE: 12, CellKind.MOMENT: 20}
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
}


def write_xlsx(
    table: Table,
    file: "str | PathLike[str] | BinaryIO",
    *,
    on_rows: Callable[[int], None] | None = None,
    most_rows: int = MOST_ROWS_OF_A_SHEET,
) -> int:
    """Write the table to a path or an open file; answers how many rows it had. What a sheet cannot hold goes to the next one.

    `on_rows` is told how many rows have been added.
    """
    with Workbook(file, _OPTIONS) as book:
        writer = _Writer(book, table, most_rows)
        written = 0
        for written, row in enumerate(table.rows, start=1):
            writer.write(row)
            if on_rows and not written % _ROWS_AT_ONCE:
                on_rows(_ROWS_AT_ONCE)
        if on_rows:
            on_rows(written % _ROWS_AT_ONCE)
        if table.notes:
            _write_notes(book, table.notes)
    return written


class _Writer:
    """Rows to sheets, one after the other."""

    def __init__(self, book: Workbook, table: Table, most_rows: int) -> None:
        self._book, self._table, self._most_rows = book, table, most_rows
        self._bold = book.add_format({"bold": True})
        self._formats: list[Format | None] = [
            book.add_format({"num_format": _NUMBER_FORMATS[column.kind]})
            if column.kind in _NUMBER_FORMATS
            else None
            for column in table.columns
        ]
        self._moments = book.add_format({"num_format": _NUMBER_FORMATS[CellKind.MOMENT]})
        self._kinds = [column.kind for column in table.columns]
        self._numbers = count(1)
        self._sheet, self._line = self._begin_sheet(), 1

    def write(self, row: Sequence[object]) -> None:
        if self._line >= self._most_rows:
            self._sheet, self._line = self._begin_sheet(), 1
        for position, value in enumerate(row):
            if value is not None and value != "":
                self._write_cell(position, value)
        self._line += 1

    def _write_cell(self, position: int, value: object) -> None:
        kind, style = self._kinds[position], self._formats[position]
        match value:
            case bool():
                self._sheet.write_string(self._line, position, _("sí") if value else _("no"))
            case int() | Decimal() if kind in AMOUNTS and _is_exact(value):
                self._sheet.write_number(self._line, position, value, style)
            case datetime() if value.year >= _FIRST_YEAR:
                self._sheet.write_datetime(self._line, position, local(value), style or self._moments)
            case date() if value.year >= _FIRST_YEAR:
                self._sheet.write_datetime(self._line, position, value, style)
            case _:
                self._sheet.write_string(self._line, position, _text(value))

    def _begin_sheet(self) -> Worksheet:
        number = next(self._numbers)
        sheet = self._book.add_worksheet(_sheet_name(str(self._table.title), number))
        for position, column in enumerate(self._table.columns):
            sheet.set_column(position, position, _WIDTHS.get(column.kind, 14))
        for position, column in enumerate(self._table.columns):
            sheet.write_string(0, position, _text(column.heading), self._bold)
        sheet.freeze_panes(1, 0)
        return sheet


def _write_notes(book: Workbook, notes: Iterable[Any]) -> None:
    sheet = book.add_worksheet(_sheet_name(_("Acerca de este archivo"), 1))
    for line, note in enumerate(notes):
        sheet.write_string(line, 0, _text(note))


def _sheet_name(title: str, number: int) -> str:
    """A name that no spreadsheet refuses."""
    clean = _NOT_IN_A_NAME.sub(" ", title).strip() or "1"
    ending = f" ({number})" if number > 1 else ""
    return clean[: 31 - len(ending)] + ending


def _is_exact(value: int | Decimal) -> bool:
    if isinstance(value, int):
        return len(str(abs(value))) <= _EXACT_DIGITS
    return bool(value.is_finite()) and len(value.as_tuple().digits) <= _EXACT_DIGITS


def _text(value: object) -> str:
    text = _NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", safe_cell(value))
    return text if len(text) <= _LONGEST_CELL else f"{text[: _LONGEST_CELL - 1]}…"
