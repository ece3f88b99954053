"""What both sides say alike, found by the database: a month of hundreds of thousands passes without coming into memory.

The provider's rows go into a table of this connection only. Of a pair that agrees in everything that `classes.differences` looks
at, count and total remain; what is left on either side, and whatever could belong to it, is compared row by row.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from itertools import batched
from typing import Any, Self

from django.db import connection
from django.db.models import Case, F, When
from django.db.models.functions import TruncDate

from cifras.fiscal.cufe import LENGTH
from cifras.fiscal.lifecycle import VoidStatus
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
)  # fmt: skip
_COLUMNS = ("n", "part", *_SAID, "day", "word", "ruc", "short", "cufe_short")
_TABLE = f"""
    CREATE TEMPORARY TABLE reconciling_theirs (
        n bigint, part integer, {", ".join(f"{name} text" for name in _SAID if name not in {"total", "is_void"})},
        total numeric(20, 2), is_void boolean, day date, word text, ruc text, short text, cufe_short text,
        ours bigint, our_short text, our_cufe text
    )
"""
_COPY = f"COPY reconciling_theirs ({', '.join(_COLUMNS)}) FROM STDIN"
_INSERT = (
    f"INSERT INTO reconciling_theirs ({', '.join(_COLUMNS)}) VALUES ({', '.join(['%s'] * len(_COLUMNS))})"  # noqa: S608 our own names
)
_READ = f"SELECT n, ours, {', '.join(_SAID)} FROM reconciling_theirs WHERE {{where}} AND n > %s ORDER BY n LIMIT %s"  # noqa: S608 our own names
_ONCE = """
    DELETE FROM reconciling_theirs WHERE part = %s
    AND n NOT IN (SELECT max(n) FROM reconciling_theirs WHERE part = %s GROUP BY document_id)
"""
_MATCH = """
    UPDATE reconciling_theirs SET ours = o.id, our_short = ltrim(o.number, '0'), our_cufe = o.said
    FROM ({ours}) AS o
    WHERE part = %s AND reconciling_theirs.document_id <> ''
    AND o.document_id = reconciling_theirs.document_id AND o.kind = reconciling_theirs.kind
    AND o.legal_status = word AND o.total = reconciling_theirs.total AND o.day = reconciling_theirs.day
    AND (o.said = reconciling_theirs.cufe OR reconciling_theirs.cufe = '') AND ruc IN ('', %s)
    AND (o.void_status = %s) = (is_void IS TRUE)
"""
_LET_GO = """
    UPDATE reconciling_theirs SET ours = NULL WHERE part = %s AND ours IS NOT NULL AND (
        our_cufe IN (SELECT cufe FROM reconciling_theirs WHERE part = %s AND ours IS NULL AND cufe <> '')
        OR our_short IN (
            SELECT short FROM reconciling_theirs WHERE part = %s AND ours IS NULL
            UNION SELECT cufe_short FROM reconciling_theirs WHERE part = %s AND ours IS NULL AND cufe_short <> ''
        )
    )
"""
_OURS_LEFT = """
    SELECT o.id FROM ({ours}) AS o
    WHERE NOT EXISTS (SELECT 1 FROM reconciling_theirs WHERE part = %s AND ours = o.id) ORDER BY o.id
"""
_SUMS = """
    SELECT day, kind, word, count(*), sum(total) FROM reconciling_theirs WHERE part = %s AND ours IS NOT NULL
    GROUP BY day, kind, word
"""


class Matching:
    """The matched rows of a run, range of days by range of days. A context: the table goes with it."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        self._rows = self._parts = 0

    def __enter__(self) -> Self:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS reconciling_theirs")
            cursor.execute(_TABLE)
            if connection.vendor == "postgresql":
                cursor.execute("SET work_mem = '64MB'")
        return self

    def __exit__(self, *_: object) -> None:
        if connection.needs_rollback:
            return  # which takes the table along
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS reconciling_theirs")
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
            cursor.execute(_MATCH.format(ours=ours), [*params, part, ruc, VoidStatus.VOIDED.value])
            cursor.execute(_LET_GO, [part] * 4)
            cursor.execute(_OURS_LEFT.format(ours=ours), [*params, part])
            keys = [row[0] for row in cursor.fetchall()]
            cursor.execute(_SUMS, [part])
            agreed = {
                Group(_day(day), kind, word): Stated(count, Decimal(str(total)))
                for day, kind, word, count, total in cursor.fetchall()
            }
        left = [each for some in batched(keys, _AT_ONCE) for each in _documents(some).values()]
        theirs = [row for _ours, row in self._said("part = %s AND ours IS NULL", [part])]
        return sorted(left, key=lambda each: each.issued_at), theirs, agreed

    def placed(self, group: Group) -> Iterator[Placed]:
        """The matched documents of a group, whose empty members stand for any."""
        named = {"day": group.day, "kind": group.kind, "word": group.word}
        told = {name: str(value) for name, value in named.items() if value}
        where = " AND ".join(["ours IS NOT NULL", *(f"{name} = %s" for name in told)])
        for some in batched(self._said(where, list(told.values())), _AT_ONCE):
            documents = _documents([ours for ours, _row in some if ours])
            for key, row in some:
                if key in documents:
                    mine = documents[key]
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
        is_whole = len(row.cufe) == LENGTH and row.cufe.startswith("FE")
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
            str(row.day) if row.day else None,
            row.word,
            row.cufe[5:25].upper().lstrip("0") if is_whole else "",
            row.number.lstrip("0"),
            row.cufe[40:50].lstrip("0") if is_whole else "",
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
            "total",
            "void_status",
            "number",
            "day",
            "said",
        )
        sql, params = rows.order_by().values(*members).query.sql_with_params()
        return sql, params

    def _said(self, where: str, params: list[Any]) -> Iterator[tuple[int | None, Theirs]]:
        """(our document's key, the provider's row), a few thousand at a time."""
        last = 0
        while True:
            with connection.cursor() as cursor:
                cursor.execute(_READ.format(where=where), [*params, last, _AT_ONCE])
                rows = cursor.fetchall()
            for _n, ours, *said in rows:
                yield ours, _theirs(dict(zip(_SAID, said, strict=True)))
            if len(rows) < _AT_ONCE:
                return
            last = rows[-1][0]


def _documents(keys: Iterable[int | None]) -> dict[int, Ours]:
    return dict(rows_of(Document.objects.filter(pk__in=[key for key in keys if key])))


def _theirs(said: dict[str, Any]) -> Theirs:
    said["total"] = None if said["total"] is None else Decimal(str(said["total"])).quantize(Decimal("0.01"))
    said["issued_at"] = datetime.fromisoformat(said["issued_at"]) if said["issued_at"] else None
    said["is_void"] = None if said["is_void"] is None else bool(said["is_void"])
    return Theirs(**said)


def _day(day: Any) -> date:
    return day if isinstance(day, date) else date.fromisoformat(day)
