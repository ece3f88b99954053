"""A list's rows as CSV made by PostgreSQL itself: `COPY (SELECT ...) TO STDOUT`, made safe in SQL as `safe_cell` does.

The rows never become objects of ours, which is what makes other ways of exporting ten times slower. Texts of several lines
are rare: the database looks at how a text begins, and a piece that has more ends of lines than rows is gone through here.
"""

import csv
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Func, QuerySet, TextField
from django.db.models.functions import Cast
from django.utils import timezone

from cifras.core.cells import safe_cell
from cifras.core.exports.csv_file import csv_lines
from cifras.core.exports.lists import ListColumn, ListExport
from cifras.core.exports.table import AMOUNTS, CellKind

_PIECE = 64 * 1024
# As Python's \s, without the end of the line, and the blanks of `cells`; plain numbers are let be.
_BLANK = r"\t\v\f\r\u001c-\u0020\u0085\u00a0\u1680\u2000-\u200b\u2028\u2029\u202f\u205f\u3000\ufeff"
_BEGINS_FORMULA = rf"^(?![+-]?[0-9]+(\.[0-9]+)?$)(?=[{_BLANK}]*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r])"


def copies() -> bool:
    """Whether the database can."""
    return connection.vendor == "postgresql"


def copied(export: ListExport, rows: "QuerySet[Any]", on_rows: Callable[[int], None]) -> Iterator[bytes]:
    """The rows as lines of CSV in pieces of about 64 KiB; `on_rows` is told how many rows each piece holds."""
    try:
        select, parameters = export.select(rows, _written).query.sql_with_params()
    except EmptyResultSet:
        return
    with connection.cursor() as cursor:
        cursor.execute("SET DateStyle TO ISO")
        with cursor.copy(f"COPY ({select}) TO STDOUT (FORMAT csv, ENCODING 'UTF8')", parameters) as copy:
            lines: list[Any] = []
            size = 0
            for line in copy:
                lines.append(line)
                size += len(line)
                if size >= _PIECE:
                    on_rows(len(lines))
                    yield _piece(lines)
                    lines, size = [], 0
            on_rows(len(lines))
            yield _piece(lines)


def _piece(lines: list[Any]) -> bytes:
    """The lines as they are or, where a text goes over several of them, each of its lines disarmed."""
    piece = b"".join(lines)
    if piece.count(b"\n") == len(lines):
        return piece
    rows = csv.reader(StringIO(piece.decode(), newline=""))
    return csv_lines([safe_cell(cell) for cell in row] for row in rows)


def _written(column: ListColumn) -> Any:
    """The value as it stands in a CSV."""
    if column.words:
        return column.worded(_Disarmed(Cast(column.value, TextField())))
    if column.kind is CellKind.MOMENT:
        return _Local(column.value)
    if column.kind is CellKind.DATE or column.kind in AMOUNTS:
        return column.value
    text = Cast(column.value, TextField())
    if column.is_ours:
        return text
    return _Plain(text) if isinstance(column.source, str) else _Disarmed(text)


class _Disarmed(Func):
    """An apostrophe before what would begin a formula."""

    output_field = TextField()
    function = "regexp_replace"

    def as_sql(self, compiler: Any, connection: Any, **extra_context: Any) -> Any:  # type: ignore[override]
        text, parameters = compiler.compile(self.source_expressions[0])
        return f"regexp_replace({text}, %s, '''')", [*parameters, _BEGINS_FORMULA]


class _Plain(_Disarmed):
    """The same for a stored column. Nearly every text begins with a letter or a digit: comparing bytes costs next to nothing."""

    def as_sql(self, compiler: Any, connection: Any, **extra_context: Any) -> Any:  # type: ignore[override]
        text, parameters = compiler.compile(self.source_expressions[0])
        disarmed, pattern = super().as_sql(compiler, connection)
        bytewise = f'{text} COLLATE "C"'
        is_plain = f"{bytewise} >= 'A' AND {bytewise} < '{{' OR {bytewise} >= '0' AND {bytewise} < ':' OR {text} = ''"
        return f"CASE WHEN {is_plain} THEN {text} ELSE {disarmed} END", [*(parameters * 6), *pattern]


class _Local(Func):
    """A moment in the zone of the files, to the second and without the zone."""

    output_field = TextField()

    def as_sql(self, compiler: Any, connection: Any, **extra_context: Any) -> Any:  # type: ignore[override]
        moment, parameters = compiler.compile(self.source_expressions[0])
        zone = timezone.get_default_timezone_name()
        return f"date_trunc('second', {moment} AT TIME ZONE %s)", [*parameters, zone]
