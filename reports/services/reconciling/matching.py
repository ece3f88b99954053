"""What both sides say alike, found by the database: a month of hundreds of thousands passes without coming into memory.

The provider's rows go into a table of this connection only. Of a pair that agrees in everything that `pairing.differences` looks
at, count and total remain; what is left on either side, and whatever could belong to it, is compared row by row.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import batched
from typing import Any, Self

from django.db import connection
from django.db.models import Case, F, When
from django.db.models.functions import TruncDate

from cifras.fiscal.cufe import LENGTH
from cifras.fiscal.lifecycle import VoidStatus
from cifras.fiscal.money import CENT
from cifras.fiscal.zones import PANAMA
from invoicing.models import Document
from reports.services.facts import between
from reports.services.reconciling.groups import Group, Placed, Stated
from reports.services.reconciling.rows import Ours, Theirs
from reports.services.reconciling.sources import expected_there, our_rows, rows_of
from tenants.models import Tenant

_AT_ONCE = 2_000
_SAID = (
    "kind", "document_id", "legal_status", "raw_legal_status", "total", "issued_at", "number", "cufe", "is_void",
    "currency",
)  # fmt: skip
_COLUMNS = ("n", "part", *_SAID, "day")
_TABLES = (
    """
    CREATE TEMPORARY TABLE reconciling_theirs (
        n bigint, part integer, kind text, document_id text, legal_status text, raw_legal_status text,
        total numeric(20, 2), issued_at text, number text, cufe text, is_void boolean, currency text, day date
    )
    """,
    """
    CREATE TEMPORARY TABLE reconciling_pairs (
        n bigint, part integer, ours bigint, number text, cufe text, day date, kind text, word text, total numeric(20, 2)
    )
    """,
)
_GONE = ("DROP TABLE IF EXISTS reconciling_pairs", "DROP TABLE IF EXISTS reconciling_theirs")
_COPY = f"COPY reconciling_theirs ({', '.join(_COLUMNS)}) FROM STDIN"
_INSERT = (
    f"INSERT INTO reconciling_theirs ({', '.join(_COLUMNS)}) VALUES ({', '.join(['%s'] * len(_COLUMNS))})"  # noqa: S608 our own names
)
_ONCE = """
    DELETE FROM reconciling_theirs WHERE part = %s
    AND n NOT IN (SELECT max(n) FROM reconciling_theirs WHERE part = %s GROUP BY document_id)
"""
_WORD = "CASE t.legal_status WHEN '' THEN t.raw_legal_status ELSE t.legal_status END"
_IS_CUFE = f"length(t.cufe) = {LENGTH} AND substr(t.cufe, 1, 2) = 'FE'"
# Of two of ours under one id neither is matched: they are compared row by row.
_MATCH = f"""
    INSERT INTO reconciling_pairs (n, part, ours, number, cufe, day, kind, word, total)
    SELECT t.n, %s, max(o.id), max(o.number), max(o.said), max(t.day), max(t.kind), max(o.legal_status), max(t.total)
    FROM reconciling_theirs AS t JOIN ({{ours}}) AS o ON o.document_id = t.document_id
    WHERE t.part = %s AND t.document_id <> ''
    AND o.kind = t.kind AND o.legal_status = {_WORD} AND o.total = t.total AND o.day = t.day
    AND (o.said = t.cufe OR t.cufe = '')
    AND (NOT ({_IS_CUFE}) OR ltrim(upper(substr(t.cufe, 6, 20)), '0') IN ('', %s))
    AND t.currency IN ('', o.currency) AND (o.void_status = %s) = (t.is_void IS TRUE)
    GROUP BY t.n HAVING count(*) = 1
"""  # noqa: S608 our own names
_ALONE = """
    FROM reconciling_theirs AS t WHERE t.part = %s
    AND NOT EXISTS (SELECT 1 FROM reconciling_pairs AS p WHERE p.part = %s AND p.n = t.n)
"""
# What could belong to a row that is left over is compared with it.
_LET_GO = f"""
    WITH alone AS (
        SELECT t.cufe, ltrim(t.number, '0') AS number,
               CASE WHEN {_IS_CUFE} THEN ltrim(substr(t.cufe, 41, 10), '0') ELSE '' END AS cufe_number {_ALONE}
    )
    DELETE FROM reconciling_pairs WHERE part = %s AND (
        cufe IN (SELECT cufe FROM alone WHERE cufe <> '')
        OR ltrim(number, '0') IN (
            SELECT number FROM alone UNION SELECT cufe_number FROM alone WHERE cufe_number <> ''
        )
    )
"""  # noqa: S608 our own names
_OURS_LEFT = """
    SELECT o.id FROM ({ours}) AS o
    WHERE NOT EXISTS (SELECT 1 FROM reconciling_pairs AS p WHERE p.part = %s AND p.ours = o.id) ORDER BY o.id
"""
_SUMS = """
    SELECT day, kind, word, count(*), sum(total) FROM reconciling_pairs WHERE part = %s GROUP BY day, kind, word
"""
_THEIRS = ", ".join(f"t.{name}" for name in _SAID)
_READ_ALONE = f"SELECT t.n, {_THEIRS} {_ALONE} AND t.n > %s ORDER BY t.n LIMIT %s"
_READ_PAIRS = f"""
    SELECT t.n, p.ours, {_THEIRS} FROM reconciling_pairs AS p JOIN reconciling_theirs AS t ON t.n = p.n
    WHERE {{where}} AND p.n > %s ORDER BY p.n LIMIT %s
"""  # noqa: S608 our own names


class Matching:
    """The matched rows of a run, range of days by range of days. A context: the table goes with it."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        self._rows = self._parts = 0

    def __enter__(self) -> Self:
        with connection.cursor() as cursor:
            for statement in (*_GONE, *_TABLES):
                cursor.execute(statement)
            if connection.vendor == "postgresql":
                cursor.execute("SET work_mem = '64MB'")
        return self

    def __exit__(self, *_: object) -> None:
        if connection.needs_rollback:
            return  # which takes the table along
        with connection.cursor() as cursor:
            for statement in _GONE:
                cursor.execute(statement)
            if connection.vendor == "postgresql":
                cursor.execute("RESET work_mem")

    def split(
        self, first: date, last: date, listed: Iterable[Theirs]
    ) -> tuple[list[Ours], list[Theirs], dict[Group, Stated]]:
        """(ours left, theirs left, what agrees by group) of some days."""
        self._parts += 1
        part = self._parts
        if not self._take(part, listed):
            return list(our_rows(self.tenant, first, last)), [], {}
        ours, params = self._ours(first, last)
        with connection.cursor() as cursor:
            cursor.execute(_ONCE, [part, part])
            if connection.vendor == "postgresql":
                cursor.execute("ANALYZE reconciling_theirs (document_id)")
            ruc = self.tenant.ruc.lstrip("0")
            cursor.execute(_MATCH.format(ours=ours), [part, *params, part, ruc, VoidStatus.VOIDED.value])
            cursor.execute(_LET_GO, [part] * 3)
            cursor.execute(_OURS_LEFT.format(ours=ours), [*params, part])
            keys = [row[0] for row in cursor.fetchall()]
            cursor.execute(_SUMS, [part])
            agreed = {
                Group(_day(day), kind, word): Stated(count, Decimal(str(total)))
                for day, kind, word, count, total in cursor.fetchall()
            }
        left = [each for some in batched(keys, _AT_ONCE) for each in _documents(some).values()]
        theirs = [_theirs(said) for said in self._rows_of(_READ_ALONE, [part, part])]
        return sorted(left, key=lambda each: each.issued_at), theirs, agreed

    def placed(self, group: Group) -> Iterator[Placed]:
        """The matched documents of a group, whose empty members stand for any."""
        named = {"day": group.day, "kind": group.kind, "word": group.word}
        told = {name: str(value) for name, value in named.items() if value}
        where = " AND ".join(["p.ours IS NOT NULL", *(f"p.{name} = %s" for name in told)])
        for some in batched(self._rows_of(_READ_PAIRS.format(where=where), list(told.values())), _AT_ONCE):
            documents = _documents([ours for ours, *_said in some])
            for key, *said in some:
                if key in documents:
                    mine, row = documents[key], _theirs(said)
                    yield Placed(
                        Group(mine.day, mine.kind, mine.legal_status), mine, row, row.total, is_seen=True
                    )

    def _take(self, part: int, listed: Iterable[Theirs]) -> int:
        before = self._rows
        for some in batched(listed, _AT_ONCE):
            rows = [self._told(part, row) for row in some]
            with connection.cursor() as cursor:
                if connection.vendor == "postgresql":
                    with cursor.copy(_COPY) as copy:
                        for row in rows:
                            copy.write_row(row)
                else:
                    cursor.executemany(_INSERT, rows)
        return self._rows - before

    def _told(self, part: int, row: Theirs) -> tuple[Any, ...]:
        self._rows += 1
        day = row.day
        return (
            self._rows,
            part,
            row.kind,
            row.document_id,
            row.legal_status,
            row.raw_legal_status,
            None if row.total is None else str(row.total),
            row.issued_at.isoformat() if row.issued_at else None,
            row.number,
            row.cufe,
            row.is_void,
            row.currency,
            None if day is None else day.isoformat(),
        )

    def _ours(self, first: date, last: date) -> tuple[str, tuple[Any, ...]]:
        rows = between(expected_there(self.tenant), first, last).annotate(
            day=TruncDate("issue_date", tzinfo=PANAMA),
            said=Case(When(cufe="", then=F("local_cufe")), default=F("cufe")),
        )
        members = (
            "id",
            "document_id",
            "kind",
            "legal_status",
            "currency",
            "total",
            "void_status",
            "number",
            "day",
            "said",
        )
        sql, params = rows.order_by().values(*members).query.sql_with_params()
        return sql, params

    def _rows_of(self, sql: str, params: list[Any]) -> Iterator[tuple[Any, ...]]:
        """Rows without their number, a few thousand at a time."""
        last = 0
        while True:
            with connection.cursor() as cursor:
                cursor.execute(sql, [*params, last, _AT_ONCE])
                rows = cursor.fetchall()
            for _n, *members in rows:
                yield tuple(members)
            if len(rows) < _AT_ONCE:
                return
            last = rows[-1][0]


def _documents(keys: Iterable[int | None]) -> dict[int, Ours]:
    return dict(rows_of(Document.objects.filter(pk__in=[key for key in keys if key])))


def _theirs(members: Sequence[Any]) -> Theirs:
    said = dict(zip(_SAID, members, strict=True))
    said["total"] = None if said["total"] is None else Decimal(str(said["total"])).quantize(CENT)
    said["issued_at"] = datetime.fromisoformat(said["issued_at"]) if said["issued_at"] else None
    said["is_void"] = None if said["is_void"] is None else bool(said["is_void"])
    return Theirs(**said)


def _day(day: Any) -> date:
    return day if isinstance(day, date) else date.fromisoformat(day)
