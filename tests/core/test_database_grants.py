"""The role that the product runs as: it works with the grants, and the trail is out of its reach."""

from collections.abc import Iterator

import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connection, transaction

from cifras.core import audit
from cifras.core.models import AuditEntry
from tenants.models import Exchange, Tenant
from tests.elsewhere import a_company

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]

ROLE = "cifras_app_of_the_test"


@pytest.fixture
def as_the_product(capsys: pytest.CaptureFixture[str]) -> Iterator[None]:
    """The rest of the transaction as the role that the printed SQL made."""
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {ROLE}")
        cursor.execute("\n".join(_statements(capsys)))
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"SET LOCAL ROLE {ROLE}")
    yield
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")


def _statements(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What is printed, without the transaction around it."""
    capsys.readouterr()
    call_command("database_grants", ROLE)
    begin, *statements, commit = capsys.readouterr().out.splitlines()
    assert (begin, commit) == ("BEGIN;", "COMMIT;"), "in between the role would hold more than it may"
    return statements


@pytest.mark.usefixtures("as_the_product")
def test_it_works_with_what_it_was_granted() -> None:
    tenant = a_company()
    Tenant.objects.filter(pk=tenant.pk).update(trade_name="Otra")
    audit.record("thing.done", actor=None, tenant_uid=tenant.uid)
    assert audit.verify() == []


@pytest.mark.parametrize("table", [AuditEntry._meta.db_table, Exchange._meta.db_table])
@pytest.mark.parametrize(
    "attempt",
    [
        "UPDATE {table} SET correlation_id = 'x'",
        "DELETE FROM {table}",
        "TRUNCATE {table}",
        "ALTER TABLE {table} DISABLE TRIGGER append_only",
        "DROP TRIGGER append_only ON {table}",
        "DROP TABLE {table}",
    ],
)
def test_append_only_tables_are_out_of_its_reach(as_the_product: None, table: str, attempt: str) -> None:
    audit.record("thing.done", actor=None)
    with (
        pytest.raises(ProgrammingError, match=r"permission denied|must be owner"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(attempt.format(table=table))


@pytest.mark.parametrize("role", ['x"; DROP TABLE y; --', "", "UPPER", "a" * 64])
def test_a_role_is_a_plain_name(role: str) -> None:
    with pytest.raises(CommandError):
        call_command("database_grants", role)
