"""PostgreSQL's own CSV against ours: cell by cell the same, whatever somebody has typed."""

import csv
import io
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.db.models import TextField, Value

from cifras.core.admin import exports
from cifras.core.cells import safe_cell
from cifras.core.exports.copying import copied
from cifras.core.exports.csv_file import csv_chunks
from cifras.core.exports.lists import ListColumn, ListExport, columns_of
from cifras.core.models import Staff

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]

BLANKS = [
    " ",
    "\t",
    "\v",
    "\f",
    "\r",
    "\x1c",
    "\x1f",
    "\x85",
    "\xa0",
    "\u1680",
    "\u2003",
    "\u200b",
    "\u2028",
    "\u3000",
    "\ufeff",
]
HOSTILE = [
    "",
    "plain",
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "＝1",
    "＋1",
    "－1",
    "＠1",
    "-5",
    "+5.25",
    "-5.",
    "-5\n",
    "5\n=1",
    "a\n=1\n+2\n\n-3",
    "a\r=1",
    "\n=1",
    "\ttab",
    "\rreturn",
    "155596713-2-2015",
    "FE0120000155596713-2-2015",
    "'=1",
    'quoted "=1", too',
    "\\.",
    "a,b",
    "%s %(a)s",
    *[f"{blank}=1" for blank in BLANKS],
    *[f"{blank}text" for blank in BLANKS],
    "".join(BLANKS) + "@1",
    "=" * 200,
    "ñandú = €",
]


def cells(pieces) -> list[list[str]]:
    return list(csv.reader(io.StringIO(b"".join(pieces).decode(), newline="")))


def whole_cells(pieces) -> list[list[str]]:
    """As `cells`, of texts that are longer than the module takes unasked."""
    usual = csv.field_size_limit(10**9)
    try:
        return cells(pieces)
    finally:
        csv.field_size_limit(usual)


def settings_of_the_session() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name || setting FROM pg_settings WHERE source = 'session' ORDER BY name")
        return [name for (name,) in cursor.fetchall()]


def test_every_hostile_text_is_disarmed_as_in_python() -> None:
    Staff.objects.bulk_create(
        Staff(username=f"{number:03}", email=text) for number, text in enumerate(HOSTILE)
    )
    export = ListExport("x", columns_of(Staff, "username", "email"))
    rows = Staff.objects.order_by("username")
    assert [cell for _name, cell in cells(copied(export, rows, lambda _: None))] == [
        safe_cell(text) for text in HOSTILE
    ]


def test_a_text_of_many_lines_has_no_longest() -> None:
    column = ListColumn("Texto", Value('dice "=1",\n' * 20_000 + "=2", output_field=TextField()))
    Staff.objects.create(username="a")
    [[text]] = whole_cells(copied(ListExport("x", (column,)), Staff.objects.all(), lambda _: None))
    assert text == 'dice "=1",\n' * 20_000 + "'=2"


def test_settings_of_a_file_end_with_it() -> None:
    before = settings_of_the_session()
    b"".join(copied(exports.STAFF, Staff.objects.all(), lambda _: None))
    assert settings_of_the_session() == before


def test_both_ways_write_the_same_cells() -> None:
    when = datetime(2026, 11, 21, 3, 30, 7, 999_999, tzinfo=UTC)
    Staff.objects.create(username="a", last_name="=x", is_superuser=True, last_login=when, date_joined=when)
    Staff.objects.create(username="b", email="b@cifras.test", is_active=False, date_joined=when)
    rows, counted = Staff.objects.order_by("username"), []
    theirs = cells(copied(exports.STAFF, rows, counted.append))
    ours = cells(csv_chunks(exports.STAFF.table("Personal", exports.STAFF.read(rows))))[1:]
    assert theirs == ours
    assert sum(counted) == 2
    assert theirs[0][2:7] == ["'=x", "", "sí", "sí", "2026-11-20 22:30:07"]


def test_a_list_without_rows_is_no_error() -> None:
    assert list(copied(exports.STAFF, Staff.objects.none(), lambda _: None)) == []


def test_an_unknown_word_is_shown_as_it_is_and_disarmed() -> None:
    Staff.objects.create(username="known"), Staff.objects.create(username="=odd")
    column = ListColumn("Usuario", "username", words={"known": "conocida"})
    rows = Staff.objects.order_by("-username")
    assert cells(copied(ListExport("x", (column,)), rows, lambda _: None)) == [["conocida"], ["'=odd"]]


def test_an_abandoned_copy_leaves_the_connection_usable(transactional_db: None) -> None:
    Staff.objects.bulk_create(Staff(username=f"{number:05}", email="x" * 200) for number in range(5000))
    pieces = copied(exports.STAFF, Staff.objects.all(), lambda _: None)
    assert next(pieces)
    pieces.close()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)
