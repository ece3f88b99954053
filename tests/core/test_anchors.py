"""Anchors: what was cut off together with its own proof still shows."""

import json
import logging
import re
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection

from cifras.core import anchors, audit
from cifras.core.models import AuditChain, AuditEntry
from tests.at_once import at_once
from tests.core.test_audit import TENANT, faults, tamper, write

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).resolve().parent.parent.parent
OTHER = uuid.UUID("99999999-2222-3333-4444-555555555555")


def found() -> list[tuple[str, str, int]]:
    return [(fault.kind, fault.chain, fault.sequence) for fault in audit.verify()]


def test_a_chain_that_vanished_with_its_head_is_missed() -> None:
    write(3)
    write(1, tenant_uid=OTHER)
    assert anchors.anchor() == 2
    tamper("DELETE FROM core_auditentry WHERE chain = %s", chain_column(TENANT))
    AuditChain.objects.filter(chain=TENANT).delete()
    assert found() == [("unanchored", str(TENANT), 3)]


def test_an_end_that_was_cut_off_with_its_head_set_back_is_missed() -> None:
    entries = write(3)
    anchors.anchor()
    tamper("DELETE FROM core_auditentry WHERE id = %s", entries[2].pk)
    AuditChain.objects.filter(chain=TENANT).update(sequence=2, hash=entries[1].hash)
    assert found() == [("unanchored", str(TENANT), 3)]


def test_a_chain_that_was_written_anew_from_its_start_is_not_the_anchored_one() -> None:
    write(2)
    anchors.anchor()
    tamper("DELETE FROM core_auditentry WHERE chain = %s", chain_column(TENANT))
    AuditChain.objects.filter(chain=TENANT).delete()
    write(2)
    assert found() == [("unanchored", str(TENANT), 2)]


def test_only_what_grew_is_anchored_and_all_holds() -> None:
    write(2)
    assert [anchors.anchor(), anchors.anchor()] == [1, 0]
    write(1)
    write(1, tenant_uid=OTHER)
    assert anchors.anchor() == 2
    ends = (
        AuditEntry.objects.filter(action=audit.ANCHORED).order_by("sequence").values_list("after", flat=True)
    )
    assert [{chain: end[0] for chain, end in row.items()} for row in ends] == [
        {str(TENANT): 2},
        {str(TENANT): 3, str(OTHER): 1},
    ]
    assert faults() == []


def test_the_log_holds_what_proves_the_chain_of_the_anchors_itself(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    write(2)
    with caplog.at_level(logging.INFO, "cifras.core.anchors"):
        anchors.anchor()
    line = re.search(r"--anchor (\d+:[0-9a-f]{64})$", caplog.messages[-1])
    assert line
    call_command("verify_audit", "--anchor", line[1])
    tamper("DELETE FROM core_auditentry")
    AuditChain.objects.all().delete()
    capsys.readouterr()
    call_command("verify_audit")  # nothing is left that could tell
    with pytest.raises(SystemExit):
        call_command("verify_audit", "--anchor", line[1])
    assert json.loads(capsys.readouterr().out.splitlines()[1]) == {
        "kind": "unanchored",
        "chain": "",
        "sequence": 1,
    }


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgresql
def test_two_workers_at_once_anchor_each_stretch_once() -> None:
    write(2)
    write(1, tenant_uid=OTHER)
    assert sorted(at_once([anchors.anchor] * 3)) == [0, 0, 2]
    assert AuditEntry.objects.filter(action=audit.ANCHORED).count() == 1
    assert faults() == []


@pytest.mark.parametrize("level", ["WARNING", "CRITICAL"])
def test_the_log_is_told_of_the_anchor_however_little_it_is_to_hold(level: str) -> None:
    quiet = (
        "import logging, logging.config\n"
        "from cifras.settings.logs import logging_settings\n"
        f"logging.config.dictConfig(logging_settings({level!r}))\n"
        "logging.getLogger('cifras.core.anchors').info('anchored')\n"
        "logging.getLogger('cifras.core.audit').info('chatter')\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", quiet], capture_output=True, text=True, check=True, cwd=ROOT
    ).stderr
    assert "anchored" in told
    assert "chatter" not in told


def test_an_anchor_that_was_tampered_with_is_named_and_stops_nothing() -> None:
    write(1)
    anchors.anchor()
    tamper("UPDATE core_auditentry SET after = %s WHERE action = %s", json.dumps([1, "x"]), audit.ANCHORED)
    assert found() == [("altered", "", 1)]


def chain_column(uid: uuid.UUID) -> object:
    """The UUID as the database of the test keeps it."""
    return AuditEntry._meta.get_field("chain").get_db_prep_value(uid, connection)
