import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.management import call_command
from django.db import IntegrityError, connection, models, transaction

from cifras.core import audit
from cifras.core.append_only import AppendOnlyViolation
from cifras.core.context import act_context
from cifras.core.models import AuditChain, AuditEntry, Staff

pytestmark = pytest.mark.django_db

TENANT = uuid.UUID("11111111-2222-3333-4444-555555555555")


def write(count: int = 3, tenant_uid: uuid.UUID | None = TENANT) -> list[AuditEntry]:
    return [
        audit.record("thing.done", actor=None, tenant_uid=tenant_uid, after={"n": n}) for n in range(count)
    ]


def tamper(sql: str, *values) -> None:
    """What somebody with the owner's hands on the database could do."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("ALTER TABLE core_auditentry DISABLE TRIGGER append_only")
        cursor.execute(sql, values)
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("ALTER TABLE core_auditentry ENABLE TRIGGER append_only")


def faults() -> list[tuple[str, int]]:
    return [(fault.kind, fault.sequence) for fault in audit.verify()]


def test_an_entry_says_who_when_from_where_what_and_why():
    ana = Staff.objects.create_user("ana")
    with act_context(ip="200.46.1.2") as correlation_id:
        audit.record(
            "staff.renamed",
            actor=ana,
            tenant_uid=TENANT,
            target=ana,
            before={"name": "Ana"},
            after={"name": "Anabel"},
            reason="se casó",
            exchange_id="x-1",
        )
    entry = AuditEntry.objects.get()
    assert (entry.actor_uid, entry.actor_name, entry.ip) == (ana.uid, "ana", "200.46.1.2")
    assert (entry.object_type, entry.object_uid, entry.object_label) == ("core.staff", ana.uid, "ana")
    assert (entry.before, entry.after, entry.reason) == ({"name": "Ana"}, {"name": "Anabel"}, "se casó")
    assert (entry.correlation_id, entry.exchange_id, entry.chain) == (correlation_id, "x-1", TENANT)
    assert entry.at.tzinfo is not None


@pytest.mark.parametrize("nobody", [None, AnonymousUser()])
def test_the_systems_own_acts_have_no_actor(nobody):
    entry = audit.record("sweep.done", actor=nobody)
    assert (entry.actor_uid, entry.actor_name) == (None, "")


def test_each_tenant_has_its_own_chain_and_one_is_for_all_other_rows():
    write(2)
    write(2, tenant_uid=uuid.uuid4())
    write(2, tenant_uid=None)
    verdict = audit.examine()
    assert (verdict.entries, verdict.chains, verdict.faults) == (6, 3, [])
    assert sorted(AuditEntry.objects.values_list("sequence", flat=True)) == [1, 1, 1, 2, 2, 2]


def test_an_act_that_is_rolled_back_leaves_no_trace_and_no_gap():
    write(1)
    with pytest.raises(RuntimeError), transaction.atomic():
        write(1)
        raise RuntimeError
    write(1)
    assert audit.verify() == []
    assert list(AuditEntry.objects.order_by("sequence").values_list("sequence", flat=True)) == [1, 2]


def test_two_rows_can_never_hold_the_same_place():
    for tenant_uid in (TENANT, None):
        entry = write(1, tenant_uid=tenant_uid)[0]
        entry.pk, entry._state.adding = None, True
        with pytest.raises(IntegrityError), transaction.atomic():
            entry.save()


AWKWARD = {
    "float": 0.1 + 0.2,
    "decimal": Decimal("1.50"),
    "big": 10**30,
    "when": datetime(2026, 11, 21, 10, 30, tzinfo=timezone(timedelta(hours=-5))),
    "nul": "a\x00b",
    "half": "\ud800",
    "nested": [{"b": (1, 2)}, {uuid.UUID(int=1): None}],
    "text": "Ñandú « » </script>",
}


def test_awkward_values_still_prove_whole_after_a_trip_through_the_database():
    audit.record("thing.done", actor=None, before=AWKWARD, after=[AWKWARD], reason="\ud800 \x00")
    assert audit.verify() == []
    after = AuditEntry.objects.get().before
    assert after["decimal"] == "1.50"
    assert after["when"] == "2026-11-21T15:30:00+00:00"


def test_names_longer_than_their_column_are_cut_and_still_prove_whole():
    audit.record("a" * 200, actor=None, target=("t" * 200, TENANT, "l" * 900), exchange_id="e" * 200)
    assert audit.verify() == []


OTHER_VALUES = {
    models.UUIDField: uuid.UUID("aaaaaaaa-2222-3333-4444-555555555555"),
    models.DateTimeField: datetime(2020, 1, 1, tzinfo=UTC),
    models.PositiveBigIntegerField: 77,
    models.JSONField: {"n": 9},
}
# The database's own key: see test_the_key_of_a_row_is_no_part_of_what_it_says.
COLUMNS = [field for field in AuditEntry._meta.concrete_fields if field.name != "id"]


@pytest.mark.parametrize("place", [0, 1, 2], ids=["first", "middle", "last"])
@pytest.mark.parametrize("column", COLUMNS, ids=lambda field: field.name)
def test_a_change_of_any_member_of_any_row_names_the_row(column, place):
    row = write(3)[place]
    other = next((value for kind, value in OTHER_VALUES.items() if isinstance(column, kind)), "x" * 10)
    tamper(
        f"UPDATE core_auditentry SET {column.column} = %s WHERE id = %s",
        column.get_db_prep_save(other, connection),
        row.pk,
    )
    row.refresh_from_db()
    named = [(fault.chain, fault.sequence) for fault in audit.verify() if fault.kind == "altered"]
    assert (str(row.chain), row.sequence) in named


SMALLEST = [
    ("at", "at + interval '1 microsecond'"),
    ("hash", "overlay(hash placing chr(ascii(hash) # 1) from 1 for 1)"),
    ("reason", "reason || ' '"),
    ("actor_name", "actor_name || chr(8203)"),
    ("after", "jsonb_set(after, '{n}', '1.0')"),
    ("after", "jsonb_set(after, '{n}', 'true')"),
    ("after", "after || '{\"m\": null}'"),
    ("before", "'{}'"),
    ("before", "'null'"),
    ("after", "'null'"),
    ("after", "NULL"),
    ("ip", "' '"),
]


@pytest.mark.postgresql
@pytest.mark.parametrize(("column", "change"), SMALLEST, ids=lambda text: text[:20])
def test_the_smallest_change_names_the_row(column, change):
    entries = write(3)
    tamper(f"UPDATE core_auditentry SET {column} = {change} WHERE id = %s", entries[1].pk)
    assert ("altered", 2) in faults()


@pytest.mark.parametrize("column", ["before", "after"])
def test_an_empty_column_is_not_the_null_of_json(column):
    audit.record("thing.done", actor=None, tenant_uid=TENANT)
    tamper(f"UPDATE core_auditentry SET {column} = 'null'")
    assert faults() == [("altered", 1)]


def test_the_key_of_a_row_is_no_part_of_what_it_says():
    entries = write(3)
    said = audit.hashed_members(entries[0])
    tamper("UPDATE core_auditentry SET id = id + 1000 WHERE id = %s", entries[0].pk)
    assert faults() == []
    first = AuditEntry.objects.order_by("sequence")[0]
    assert (first.pk, audit.hashed_members(first)) == (entries[0].pk + 1000, said)


def test_a_change_whose_hash_was_recomputed_shows_in_the_row_that_follows():
    entries = write(3)
    entries[1].reason = "otra"
    tamper(
        "UPDATE core_auditentry SET reason = %s, hash = %s WHERE id = %s",
        "otra",
        audit.hash_of(entries[1]),
        entries[1].pk,
    )
    assert faults() == [("broken", 3)]


def test_a_last_row_that_was_rewritten_with_its_hash_differs_from_the_head():
    last = write(3)[-1]
    last.reason = "otra"
    tamper(
        "UPDATE core_auditentry SET reason = %s, hash = %s WHERE id = %s",
        "otra",
        audit.hash_of(last),
        last.pk,
    )
    assert faults() == [("altered", 3)]


def test_a_removed_row_shows():
    entries = write(3)
    tamper("DELETE FROM core_auditentry WHERE id = %s", entries[1].pk)
    assert faults() == [("broken", 3)]


def test_a_lost_end_shows():
    entries = write(3)
    tamper("DELETE FROM core_auditentry WHERE id = %s", entries[2].pk)
    assert faults() == [("lost_tail", 3)]


def test_a_lost_chain_shows():
    write(3)
    tamper("DELETE FROM core_auditentry")
    assert faults() == [("lost_tail", 1)]


def test_a_head_that_was_set_back_shows():
    entries = write(3)
    AuditChain.objects.update(sequence=2, hash=entries[1].hash)
    assert faults() == [("headless", 3)]


def test_a_lost_head_shows():
    write(2)
    AuditChain.objects.all().delete()
    assert faults() == [("headless", 2)]


def test_rows_that_changed_places_show():
    one, two, _three = write(3)
    tamper("UPDATE core_auditentry SET sequence = 99 WHERE id = %s", one.pk)
    tamper("UPDATE core_auditentry SET sequence = 1 WHERE id = %s", two.pk)
    tamper("UPDATE core_auditentry SET sequence = 2 WHERE id = %s", one.pk)
    assert {kind for kind, _sequence in faults()} == {"altered", "broken"}


def test_a_row_moved_to_another_tenants_chain_shows():
    entries = write(2)
    tamper("UPDATE core_auditentry SET chain = NULL WHERE id = %s", entries[0].pk)
    assert ("altered", 1) in faults()


def test_rows_added_during_the_walk_are_no_fault(monkeypatch):
    write(2)
    hash_of, meanwhile = audit.hash_of, iter([1])

    def hash_of_while_others_write(entry):
        for count in meanwhile:
            write(count)
        return hash_of(entry)

    monkeypatch.setattr(audit, "hash_of", hash_of_while_others_write)
    assert audit.verify() == []
    assert AuditEntry.objects.count() == 3


def test_verify_audit_counts_and_exits_well_when_all_is_whole(capsys):
    write(3)
    call_command("verify_audit")
    assert json.loads(capsys.readouterr().out) == {"entries": 3, "chains": 1, "faults": 0}


def test_verify_audit_prints_each_fault_and_exits_one(capsys):
    entries = write(3)
    tamper("UPDATE core_auditentry SET reason = 'x' WHERE id = %s", entries[1].pk)
    with pytest.raises(SystemExit) as caught:
        call_command("verify_audit")
    assert caught.value.code == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        {"kind": "altered", "chain": str(TENANT), "sequence": 2},
        {"entries": 3, "chains": 1, "faults": 1},
    ]


def test_an_entry_can_be_neither_changed_nor_deleted_in_python():
    entry = write(1)[0]
    entry.reason = "otra"
    rows = AuditEntry.objects.all()
    for attempt in (
        entry.save,
        entry.delete,
        rows.delete,
        lambda: rows.update(reason="otra"),
        lambda: rows.bulk_update([entry], ["reason"]),
        lambda: rows.bulk_create(
            [entry], update_conflicts=True, update_fields=["reason"], unique_fields=["id"]
        ),
    ):
        with pytest.raises(AppendOnlyViolation):
            attempt()
    assert AuditEntry.objects.get().reason == ""


@pytest.mark.postgresql
@pytest.mark.parametrize("sql", ["UPDATE core_auditentry SET reason = 'otra'", "DELETE FROM core_auditentry"])
def test_the_database_refuses_what_python_did_not_see(sql):
    write(1)
    with (
        pytest.raises(IntegrityError, match="append only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)
    assert AuditEntry.objects.get().reason == ""


@pytest.mark.postgresql
def test_the_triggers_are_installed_once_however_often_migrate_runs():
    call_command("migrate", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_trigger WHERE tgname = 'append_only' AND tgrelid = 'core_auditentry'::regclass"
        )
        assert cursor.fetchone() == (1,)


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_many_writers_at_once_make_one_chain_without_gap_or_fork():
    def write_some(_number: int) -> None:
        try:
            write(5)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as writers:
        list(writers.map(write_some, range(8)))
    verdict = audit.examine()
    assert (verdict.entries, verdict.chains, verdict.faults) == (40, 1, [])


@pytest.mark.django_db(transaction=True)
def test_a_test_database_can_still_be_emptied():
    write(1)
    call_command("flush", interactive=False, verbosity=0)
    assert not AuditEntry.objects.exists()


def test_only_superusers_see_the_audit_trail_where_nobody_answers_for_tenants(settings):
    settings.CIFRAS_TENANT_SIGHT = ""
    write(2)
    assert not AuditEntry.objects.visible_to(Staff.objects.create_user("ana")).exists()
    assert not AuditEntry.objects.visible_to(AnonymousUser()).exists()
    assert AuditEntry.objects.visible_to(Staff.objects.create_superuser("root")).count() == 2
