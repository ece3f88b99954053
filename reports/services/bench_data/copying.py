"""Rows as the text that PostgreSQL's COPY reads, and tables that are filled before their indexes are made."""

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from django.db import connection, models
from django.db.backends.utils import CursorWrapper
from django.db.models.expressions import DatabaseDefault

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
NULL = "\\N"


def as_text(value: Any) -> str:
    """One value of a row."""
    if value is None:
        return NULL
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, bytes):
        return f"\\\\x{value.hex()}"
    if isinstance(value, dict | list):
        value = json.dumps(value, ensure_ascii=False)
    return str(value).translate(_ESCAPES)


class Sheet:
    """Rows of one table on their way. What is not `varying` is the model's default or one of `fixed`, for every row.

    The values of a row stand in the order of `varying`, each already as text.
    """

    def __init__(self, model: type[models.Model], varying: Sequence[str], fixed: Mapping[str, Any]) -> None:
        fields = model._meta.concrete_fields
        blank = model()
        values = {field.column: getattr(blank, field.attname) for field in fields}
        # What the database itself gives a value to is left to it.
        texts = {
            name: as_text(value) for name, value in values.items() if not isinstance(value, DatabaseDefault)
        }
        texts |= {name: as_text(value) for name, value in fixed.items()}
        rest = [name for name in texts if name not in varying]
        self.table = model._meta.db_table
        self._columns = [*varying, *rest]
        tail = "\t".join(texts[name].replace("%", "%%") for name in rest)
        self._form = "\t".join(["%s"] * len(varying) + ([tail] if rest else [])) + "\n"
        self._rows: list[str] = []

    def add(self, *values: Any) -> None:
        """One row more."""
        self._rows.append(self._form % values)

    def taken(self) -> tuple[str, list[str]]:
        """The command and the rows that have gathered, which are gone from here."""
        rows, self._rows = self._rows, []
        columns = ", ".join(f'"{name}"' for name in self._columns)
        return f"COPY {self.table} ({columns}) FROM STDIN", rows


class Courier:
    """Sends rows while the next ones are made. Between `send` and `wait` nobody else may use the connection."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1)
        self._under_way: Future[None] | None = None

    def send(self, loads: Sequence[tuple[str, list[str]]]) -> None:
        """Begin to send; what was sent before has arrived by then."""
        self.wait()
        self._under_way = self._thread.submit(_send, connection.connection, loads)

    def wait(self) -> None:
        """Return once everything has arrived."""
        if self._under_way is not None:
            self._under_way.result()
            self._under_way = None


def _send(raw: Any, loads: Sequence[tuple[str, list[str]]]) -> None:
    with raw.cursor() as cursor:
        for command, rows in loads:
            if rows:
                with cursor.copy(command) as copy:
                    copy.write("".join(rows))


@contextmanager
def without_indexes(tables: Sequence[str]) -> Iterator[None]:
    """Inside, these tables have no foreign keys and no index but the primary one; afterwards all of them are back.

    Belongs into a transaction: whoever fails half-way leaves everything as it was.
    """
    with connection.cursor() as cursor:
        # What waits to be checked at the end of the transaction stands in the way of ALTER TABLE.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        constraints = _constraints(cursor, tables)
        for table, name, _definition in reversed(constraints):
            cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
        indexes = _indexes(cursor, tables)
        for name, _definition in indexes:
            cursor.execute(f'DROP INDEX "{name}"')
        yield
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL maintenance_work_mem = '512MB'")
        for _name, definition in indexes:
            cursor.execute(definition)
        for table, name, definition in constraints:
            cursor.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')


def begin_after(model: type[models.Model], key: int) -> None:
    """Have the table's own keys begin after `key`."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", [model._meta.db_table, max(key, 1)]
        )


def _constraints(cursor: CursorWrapper, tables: Sequence[str]) -> list[tuple[str, str, str]]:
    """Unique ones before foreign keys, which stand on them."""
    cursor.execute(
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE conrelid::regclass::text = ANY(%s) AND contype IN ('u', 'f') ORDER BY contype = 'f', conname",
        [list(tables)],
    )
    return [*cursor.fetchall()]


def _indexes(cursor: CursorWrapper, tables: Sequence[str]) -> list[tuple[str, str]]:
    cursor.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema() AND tablename = ANY(%s)"
        " AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = to_regclass(quote_ident(indexname)))"
        " ORDER BY indexname",
        [list(tables)],
    )
    return [*cursor.fetchall()]
