"""Tables as files: what a spreadsheet or a program makes of them."""

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal

import openpyxl
import pytest

from cifras.core.exports import CellKind, Column, Table
from cifras.core.exports.delivering import deliver
from cifras.core.exports.xlsx_file import write_xlsx
from tests.factories import an_administrator

pytestmark = pytest.mark.django_db

COLUMNS = [
    Column("=Nombre"),
    Column("RUC"),
    Column("Total", CellKind.MONEY),
    Column("Fecha", CellKind.DATE),
    Column("Emisión", CellKind.MOMENT),
]
# 22:30 of the day before in Panama.
MOMENT = datetime(2026, 11, 21, 3, 30, 7, 999, tzinfo=UTC)
ROWS = [
    ("=cmd|' /C calc'!A0", "0012", Decimal("-5.10"), date(2026, 1, 2), MOMENT),
    ("dos\n+líneas\x00\x01", None, Decimal("12345678901234.56"), None, None),
]


def table(rows=ROWS, **more) -> Table:
    return Table('libro "de" ventas\r\n', "Libro/ventas", COLUMNS, rows, **more)


def download(exported: Table, form: str, *, bom: bool = False):
    return deliver(exported, form, actor=an_administrator(), bom=bom)


def body(response) -> bytes:
    return b"".join(response)


def sheet_of(content: bytes, number: int = 0) -> list[list]:
    return [list(row) for row in openpyxl.load_workbook(io.BytesIO(content)).worksheets[number].iter_rows()]


def test_a_csv_keeps_numbers_and_disarms_text() -> None:
    rows = list(csv.reader(io.StringIO(body(download(table(), "csv")).decode(), newline="")))
    assert rows == [
        ["'=Nombre", "RUC", "Total", "Fecha", "Emisión (America/Panama)"],
        ["'=cmd|' /C calc'!A0", "0012", "-5.10", "2026-01-02", "2026-11-20 22:30:07"],
        ["dos\n'+líneas\x00\x01", "", "12345678901234.56", "", ""],
    ]


def test_the_byte_order_mark_is_there_when_it_is_asked_for() -> None:
    assert body(download(table(), "csv", bom=True)).startswith(b"\xef\xbb\xbf'=Nombre")
    assert body(download(table(), "csv")).startswith(b"'=Nombre")


def test_the_first_bytes_leave_before_the_first_row_is_read() -> None:
    def rows():
        raise AssertionError("a row was read")
        yield ()

    assert next(iter(download(table(rows()), "csv"))).startswith(b"'=Nombre")


def test_an_xlsx_has_text_as_text_amounts_as_numbers_and_no_formulas() -> None:
    heading, first, second = sheet_of(body(download(table(), "xlsx")))
    assert [cell.value for cell in heading][:2] == ["'=Nombre", "RUC"]
    assert [(cell.value, cell.data_type) for cell in first] == [
        ("'=cmd|' /C calc'!A0", "s"),
        ("0012", "s"),
        (-5.1, "n"),
        (datetime.fromisoformat("2026-01-02"), "d"),
        (datetime.fromisoformat("2026-11-20T22:30:07"), "d"),
    ]
    # More digits than a spreadsheet's number has: as text, not rounded.
    assert (second[2].value, second[2].data_type) == ("12345678901234.56", "s")


def test_rows_that_a_sheet_cannot_hold_go_to_the_next_one() -> None:
    file = io.BytesIO()
    assert write_xlsx(table(ROWS * 3), file, most_rows=3) == 6
    assert [len(sheet_of(file.getvalue(), number)) for number in range(3)] == [3, 3, 3]


def test_notes_stand_apart_from_the_rows() -> None:
    noted = body(download(table(notes=["=No es documento fiscal"]), "csv")).decode()
    assert noted.endswith("\n\n'=No es documento fiscal\n")
    content = body(download(table(notes=["No es documento fiscal"]), "xlsx"))
    assert [[cell.value for cell in row] for row in sheet_of(content, 1)] == [["No es documento fiscal"]]


def test_the_name_cannot_break_out_of_its_header() -> None:
    response = download(table(), "csv")
    assert response["Content-Disposition"] == 'attachment; filename="libro-de-ventas.csv"'
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize("text", ["\ud800", "x" * 40_000, "\uffff", "a\rb"])
def test_no_text_breaks_a_file(text: str) -> None:
    rows = [(text, "", None, None, None)]
    content = body(download(table(rows), "csv")).decode()
    assert len(list(csv.reader(io.StringIO(content, newline="")))) == 2
    assert len(sheet_of(body(download(table(rows), "xlsx")))) == 2
