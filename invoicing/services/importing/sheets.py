"""Workbooks (XLSX): the first sheet's cells as text, row by row, never the workbook as a whole.

A workbook is a zip of XML. What it promises to unpack to is capped before anything is inflated, and the library reads its XML
without entities (defusedxml). Formulas are not computed: the value that was last shown is read.
"""

import logging
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any, BinaryIO

import openpyxl

from cifras.fiscal.errors import RuleBroken, gettext_noop
from invoicing.services.importing.limits import (
    HIGHEST_RATIO,
    LONGEST_CELL,
    MOST_COLUMNS,
    MOST_ENTRIES,
    MOST_ROWS,
    MOST_UNPACKED,
    bad_file,
    too_many_rows,
)

logger = logging.getLogger(__name__)

_PARTS = {"[Content_Types].xml", "xl/workbook.xml"}
_SMALL = 1024**2  # an entry below this may be packed as tightly as it likes


def read(file: BinaryIO) -> Iterator[list[str]]:
    """The rows of the first sheet, their cells as text. Raises RuleBroken for a file that is no such workbook."""
    _require_harmless(file)
    try:
        yield from _rows(file)
    except RuleBroken:
        raise
    except Exception as error:  # a damaged workbook makes the library raise whatever it likes
        logger.info("A workbook could not be read: %r", error)
        raise _unreadable() from None


def _rows(file: BinaryIO) -> Iterator[list[str]]:
    book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
    try:
        if not book.worksheets:
            raise _unreadable()
        sheet: Any = book.worksheets[0]
        sheet.reset_dimensions()  # what the file claims about itself
        blank = 0
        for count, row in enumerate(sheet.iter_rows(max_col=MOST_COLUMNS + 1, values_only=True)):
            cells = ["" if value is None else _shown(value) for value in row]
            blank = 0 if any(cells) else blank + 1
            if count - blank > MOST_ROWS or blank > MOST_ROWS:
                raise too_many_rows()
            yield cells
    finally:
        book.close()


def _require_harmless(file: BinaryIO) -> None:
    """Judge the zip by its directory; what an entry says there is also the most that will be read of it."""
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        raise _unreadable() from None
    if not {entry.filename for entry in entries} >= _PARTS or any(entry.flag_bits & 1 for entry in entries):
        raise _unreadable()
    unpacked = sum(entry.file_size for entry in entries)
    tight = any(
        entry.file_size > _SMALL and entry.file_size > HIGHEST_RATIO * max(entry.compress_size, 1)
        for entry in entries
    )
    if len(entries) > MOST_ENTRIES or unpacked > MOST_UNPACKED or tight:
        raise bad_file(
            "unpacks_too_large",
            gettext_noop(
                "El libro se descomprime a un tamaño que no es de documentos: guárdelo de nuevo, o como CSV."
            ),
        )
    file.seek(0)


def _shown(value: Any) -> str:
    """A cell's value as JSON would write it: no exponent, no idle decimals, dates in ISO form."""
    match value:
        case bool():
            return "true" if value else "false"
        case float():
            return str(int(value)) if value.is_integer() else f"{value:.10f}".rstrip("0")
        case datetime() if value.time() == time.min:
            return value.date().isoformat()
        case datetime() | date():
            return value.isoformat()
        case _:
            text = str(value)
    if len(text) > LONGEST_CELL:
        raise bad_file(
            "cell_too_large",
            gettext_noop("Hay una celda de más de {limit} caracteres: no es de documentos."),
            limit=LONGEST_CELL,
        )
    return text


def _unreadable() -> RuleBroken:
    return bad_file(
        "not_xlsx", gettext_noop("El libro de Excel no se puede leer: guárdelo de nuevo como .xlsx.")
    )
