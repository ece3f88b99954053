"""Files as people have them: JSON, JSON lines, CSV and XLSX, told apart by their content and read row by row.

Nothing is believed about a file: its size is capped before it is opened, a workbook's before it is inflated, a cell's and a
row's while they are read. What cannot be read at all raises RuleBroken; what is wrong with one row comes as that row.
"""

import codecs
import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from cifras.core.reading import parse_json
from cifras.fiscal.errors import RuleBroken, gettext_noop
from invoicing.services.importing import sheets
from invoicing.services.importing.limits import (
    LONGEST_CELL,
    MOST_BYTES,
    MOST_COLUMNS,
    MOST_ROWS,
    bad_file,
    too_many_rows,
)

_ZIP, _OLD_EXCEL = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_CHUNK = 64 * 1024
_BLANK = re.compile(r"\s*")


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One row of the file as it stands there: an object of JSON, or cells by header. A refusal where it can't be read."""

    number: int
    data: Mapping[str, Any] | RuleBroken
    is_flat: bool


def read_rows(file: BinaryIO) -> Iterator[SourceRow]:
    """The rows of `file`, which can seek, in their order. Raises RuleBroken when it is none of the forms, or too large."""
    _require_size(file)
    head = file.read(8)
    file.seek(0)
    if head.startswith(_ZIP):
        return _flat(sheets.read(file))
    if head.startswith(_OLD_EXCEL):
        raise bad_file(
            "old_excel", gettext_noop("Es un Excel antiguo (.xls): guárdelo como .xlsx y súbalo de nuevo.")
        )
    text = _text(file)
    start = text.read(1)
    while start.isspace():
        start = text.read(1)
    text.seek(0)
    if start in {"{", "["}:
        return _json(text.read(), is_list=start == "[")
    if not start:
        raise bad_file("empty_file", gettext_noop("El archivo está vacío."))
    return _flat(_csv(text))


def in_row(number: int, refusal: RuleBroken) -> Iterator[RuleBroken]:
    """The reasons of a refusal, each saying in which row of the file it stands."""
    for reason in refusal.reasons:
        yield RuleBroken(
            reason.code,
            gettext_noop("Fila {number}: {problem}"),
            "file",
            number=number,
            problem=reason.message,
        )


def _require_size(file: BinaryIO) -> None:
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    if size > MOST_BYTES:
        raise bad_file(
            "file_too_large",
            gettext_noop("El archivo pasa de {limit} MiB: repártalo en varios."),
            limit=MOST_BYTES // 1024**2,
        )


def _text(file: BinaryIO) -> io.TextIOWrapper:
    """The file as text: UTF-8, with or without its mark, or else Latin 1 as older Excels write it."""
    encoding = "utf-8-sig"
    decoder: codecs.IncrementalDecoder = codecs.getincrementaldecoder("utf-8")()
    while chunk := file.read(_CHUNK):
        if b"\x00" in chunk:
            raise bad_file(
                "not_text",
                gettext_noop("El archivo no es JSON, CSV ni XLSX: expórtelo en una de esas formas."),
            )
        try:
            decoder.decode(chunk)
        except UnicodeDecodeError:
            encoding = "cp1252"
            decoder = codecs.getincrementaldecoder("latin-1")()  # takes everything; NUL is still looked for
    if decoder.getstate()[0]:  # the file ends in the middle of a character
        encoding = "cp1252"
    file.seek(0)
    return io.TextIOWrapper(
        io.BufferedReader(_Borrowed(file), _CHUNK), encoding=encoding, errors="replace", newline=""
    )


class _Borrowed(io.RawIOBase):
    """The file as a reader that leaves it open when it is itself thrown away."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def readinto(self, buffer: Any) -> int:
        content = self._file.read(len(buffer))
        buffer[: len(content)] = content
        return len(content)


def _json(text: str, *, is_list: bool) -> Iterator[SourceRow]:
    """The elements of a list, the lines of JSON lines, or the one object."""
    if is_list:
        yield from _elements(text)
    elif _is_one_object(text):
        yield SourceRow(1, _object(text, 1), is_flat=False)
    else:
        yield from _lines(text)


def _elements(text: str) -> Iterator[SourceRow]:
    """One element at a time, so that the list never stands in memory as a whole beside its text."""
    scanner = json.JSONDecoder()
    at, number = _skip(text, text.index("[") + 1), 0
    while text[at : at + 1] != "]":
        try:
            end = scanner.raw_decode(text, at)[1]
        except (ValueError, RecursionError):
            line = text.count("\n", 0, at) + 1
            raise bad_file(
                "not_json", gettext_noop("La línea {line} no es JSON: corríjala."), line=line
            ) from None
        number += 1
        if number > MOST_ROWS:
            raise too_many_rows()
        yield SourceRow(number, _object(text[at:end], number), is_flat=False)
        at = _skip(text, end)
        if text[at : at + 1] == ",":
            at = _skip(text, at + 1)
        elif text[at : at + 1] != "]":
            raise bad_file("not_json", gettext_noop("La lista JSON no está completa: expórtela de nuevo."))


def _lines(text: str) -> Iterator[SourceRow]:
    for number, line in enumerate(io.StringIO(text), start=1):
        if number > MOST_ROWS:
            raise too_many_rows()
        if line.strip():
            yield SourceRow(number, _object(line, number), is_flat=False)


def _is_one_object(text: str) -> bool:
    """Whether the text is a single object, over however many lines, and not a line per object."""
    try:
        end = json.JSONDecoder().raw_decode(text, _skip(text, 0))[1]
    except (ValueError, RecursionError):
        return False
    return _skip(text, end) == len(text)


def _object(text: str, number: int) -> Mapping[str, Any] | RuleBroken:
    try:
        value = parse_json(text)
    except RuleBroken:
        return RuleBroken("not_json", gettext_noop("La línea {line} no es JSON: corríjala."), line=number)
    if isinstance(value, Mapping):
        return value
    return RuleBroken(
        "wrong_type",
        gettext_noop("Un documento es un objeto JSON, {shape}: corrija el archivo."),
        shape="{…}",
    )


def _skip(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at


def _csv(text: io.TextIOWrapper) -> Iterator[list[str]]:
    first = text.readline(_CHUNK)
    delimiter = max(",;\t", key=first.count)
    text.seek(0)
    rows = csv.reader(text, delimiter=delimiter, strict=True)
    try:
        for cells in rows:
            if any(len(cell) > LONGEST_CELL for cell in cells):
                raise _cell_too_large(rows.line_num)
            yield cells
    except csv.Error as error:
        if "field larger" in str(error):
            raise _cell_too_large(rows.line_num) from None
        raise bad_file(
            "not_csv",
            gettext_noop("Cerca de la línea {line} las comillas no se cierran bien: expórtelo de nuevo."),
            line=rows.line_num,
        ) from None


def _cell_too_large(line: int) -> RuleBroken:
    return bad_file(
        "cell_too_large",
        gettext_noop("Cerca de la línea {line} hay una celda de más de {limit} caracteres."),
        line=line,
        limit=LONGEST_CELL,
    )


def _flat(rows: Iterator[list[str]]) -> Iterator[SourceRow]:
    """Cells by the header of their column. Rows are counted as a spreadsheet shows them, the header being 1."""
    headers = _headers(next(rows, []))
    for number, cells in enumerate(rows, start=2):
        if number > MOST_ROWS + 1:
            raise too_many_rows()
        if not any(cell.strip() for cell in cells):
            continue
        extra = [cell for cell in cells[len(headers) :] if cell.strip()]
        if extra:
            sentence = gettext_noop(
                "La fila tiene más celdas que columnas el encabezado: revise los separadores."
            )
            yield SourceRow(number, RuleBroken("too_many_cells", sentence), is_flat=True)
            continue
        pairs = zip(headers, cells, strict=False)
        yield SourceRow(
            number, {header: cell.strip() for header, cell in pairs if header and cell.strip()}, is_flat=True
        )


def _headers(cells: list[str]) -> list[str]:
    headers = [cell.strip() for cell in cells]
    while headers and not headers[-1]:
        headers.pop()
    if not headers:
        raise bad_file(
            "header_missing", gettext_noop("La primera fila debe traer los nombres de las columnas.")
        )
    if len(headers) > MOST_COLUMNS:
        raise bad_file(
            "too_many_columns",
            gettext_noop("El archivo tiene más de {limit} columnas: no es de documentos."),
            limit=MOST_COLUMNS,
        )
    return headers
