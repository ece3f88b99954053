"""A list's rows as CSV made by PostgreSQL itself: `COPY (SELECT ...) TO STDOUT`, made safe in SQL as `safe_cell` does.

The rows never become objects of ours, which is what makes other ways of exporting ten times slower. Texts of several lines
are rare: the database looks at how a text begins, and in a piece that has more ends of lines than rows each text is gone
through here.
"""

import re
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction
from django.db.models import Func, QuerySet, TextField
from django.db.models.functions import Cast
from django.utils import timezone

from cifras.core.cells import safe_cell
from cifras.core.exports.lists import ListColumn, ListExport
from cifras.core.exports.table import AMOUNTS, CellKind

_ROWS_AT_ONCE = 150
_QUOTED = re.compile(r'"([^"]*(?:""[^"]*)*)"')
# As Python's \s, without the end of the line, and the blanks of `cells`; plain numbers are let be.
_BLANKS = (
    "\t\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u200b"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
_SIGNS = "=+@\uff1d\uff0b\uff0d\uff20-"
_BEGINS_FORMULA = rf"^(?![+-]?[0-9]+(\.[0-9]+)?$)(?=[{_BLANKS}]*[{_SIGNS}]|[\t\r])"
# By their numbers, which are looked up ten times faster than a pattern is matched.
_SUSPICIOUS = ", ".join(str(ord(character)) for character in _BLANKS + _SIGNS)
# To compile the conditions and words of forty columns anew for every file, in each of several processes, costs more than
# compiled code and helpers save; and a cast to `timestamp` by the session's zone is quicker than AT TIME ZONE.
_SETTINGS = """
    SELECT set_config('DateStyle', 'ISO', true), set_config('TimeZone', %s, true), set_config('jit', 'off', true),
           set_config('max_parallel_workers_per_gather', '0', true)
"""


def copies() -> bool:
    """Whether the database can."""
    return connection.vendor == "postgresql"


def copied(export: ListExport, rows: "QuerySet[Any]", on_rows: Callable[[int], None]) -> Iterator[bytes]:
    """The rows as lines of CSV, some at a time; `on_rows` is told how many rows each piece holds."""
    try:
        select, parameters = export.select(rows, _written).query.sql_with_params()
    except EmptyResultSet:
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_SETTINGS, [timezone.get_default_timezone_name()])
        with cursor.copy(f"COPY ({select}) TO STDOUT (FORMAT csv, ENCODING 'UTF8')", parameters) as copy:
            lines = iter(copy)
            while piece := list(islice(lines, _ROWS_AT_ONCE)):
                on_rows(len(piece))
                yield _piece(piece)
        transaction.set_rollback(
            True
        )  # nothing was written, and whatever goes on around us has its settings back


def _piece(lines: list[Any]) -> bytes:
    """The lines as they are or, where a text goes over several of them, each of its lines disarmed."""
    piece = b"".join(lines)
    if piece.count(b"\n") == len(lines):
        return piece
    return _QUOTED.sub(_each_line_disarmed, piece.decode()).encode()


def _each_line_disarmed(quoted: re.Match[str]) -> str:
    text = quoted[1].replace('""', '"')
    return f'"{safe_cell(text).replace('"', '""')}"'


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
    """The same for a stored column. Nearly no text begins with a sign or a blank: only those that do meet the pattern."""

    def as_sql(self, compiler: Any, connection: Any, **extra_context: Any) -> Any:  # type: ignore[override]
        text, parameters = compiler.compile(self.source_expressions[0])
        disarmed, pattern = super().as_sql(compiler, connection)
        sql = f"CASE WHEN ascii({text}) IN ({_SUSPICIOUS}) THEN {disarmed} ELSE {text} END"
        return sql, [*parameters, *pattern, *parameters]


class _Local(Func):
    """A moment in the zone of the files, which is the session's, to the second and without the zone."""

    output_field = TextField()
    template = "date_trunc('second', (%(expressions)s)::timestamp)"
