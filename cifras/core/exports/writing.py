"""A list's rows into a file of any form: by PostgreSQL's COPY where it is at hand and the form is CSV, else row by row."""

from collections.abc import Callable, Iterator
from typing import Any

from cifras.core.exports.copying import copied, copies
from cifras.core.exports.csv_file import csv_chunks, csv_head
from cifras.core.exports.source import Source
from cifras.core.exports.xlsx_file import write_xlsx
from cifras.core.models import ExportJob

type Told = Callable[[int], None]


def csv_pieces(source: Source, *, bom: bool, on_rows: Told) -> Iterator[bytes]:
    """The list as CSV, its headings at once. `on_rows` is told how many rows each piece holds."""
    if copies():
        yield csv_head(source.export.table(source.title), bom=bom)
        yield from copied(source.export, source.rows, on_rows)
    else:
        table = source.export.table(source.title, source.export.read(source.rows))
        yield from csv_chunks(table, bom=bom, on_rows=on_rows)


def write(source: Source, form: str, file: Any, *, on_rows: Told) -> None:
    """The list into an open file; `on_rows` is told of the rows as they are written."""
    if form == ExportJob.Form.XLSX:
        table = source.export.table(source.title, source.export.read(source.rows))
        write_xlsx(table, file, on_rows=on_rows)
        return
    for piece in csv_pieces(source, bom=form == ExportJob.Form.CSV_BOM, on_rows=on_rows):
        file.write(piece)
