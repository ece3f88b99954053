"""Files to begin with: the columns with an example row, and what each column is for."""

import csv
import io
from collections.abc import Mapping

import openpyxl
from django.utils.translation import gettext
from openpyxl.styles import Font

from invoicing.services.importing.columns import DOCUMENT_COLUMNS, SETTLEMENT_COLUMNS, Column

SAMPLES: Mapping[str, tuple[Column, ...]] = {
    "documentos": DOCUMENT_COLUMNS,
    "movimientos": SETTLEMENT_COLUMNS,
}


def sample_csv(name: str) -> bytes:
    """The sample as CSV, with the mark by which Excel knows UTF-8."""
    columns = SAMPLES[name]
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([column.name for column in columns])
    writer.writerow([column.example for column in columns])
    return text.getvalue().encode("utf-8-sig")


def sample_xlsx(name: str) -> bytes:
    """The sample as a workbook; its second sheet tells what the columns are for."""
    columns = SAMPLES[name]
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = name
    explained = book.create_sheet(gettext("columnas"))
    for number, column in enumerate(columns, start=1):
        sheet.cell(1, number, column.name).font = Font(bold=True)
        cell = sheet.cell(2, number, column.example or None)
        cell.number_format = "@"  # text, so that zeros stay
        explained.append([column.name, ", ".join(column.names), gettext(column.help)])
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()
