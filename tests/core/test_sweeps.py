"""The schedule without a broker: each sweep when its time has come, once, and none that was switched off."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from celery import current_app
from django.core.management import call_command
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from cifras.core import sweeps
from cifras.core.models import Heartbeat
from tests.at_once import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def only() -> None:
    """Of the schedule only the heartbeat."""
    PeriodicTask.objects.exclude(name="core.heartbeat").update(enabled=False)
    PeriodicTask.objects.filter(name="core.heartbeat").update(last_run_at=None)


def last_beat() -> Any:
    return Heartbeat.objects.values_list("at", flat=True).first()


@pytest.mark.usefixtures("only")
def test_a_sweep_is_done_when_its_time_has_come() -> None:
    now = timezone.now() + timedelta(minutes=1)
    with time_machine.travel(now, tick=False) as clock:
        for seconds in (0, 29, 1, 29):
            clock.shift(timedelta(seconds=seconds))
            sweeps.run_due()
    assert last_beat() == now + timedelta(seconds=30)
    assert PeriodicTask.objects.get(name="core.heartbeat").total_run_count == 2


@pytest.mark.usefixtures("only")
def test_what_is_switched_off_or_seen_to_elsewhere_is_left_alone() -> None:
    sweeps.run_all(without={"core.heartbeat"})
    PeriodicTask.objects.update(enabled=False)
    sweeps.run_all()
    assert last_beat() is None


@pytest.mark.usefixtures("only")
def test_a_clock_time_waits_for_its_hour() -> None:
    now = timezone.now().replace(minute=10)
    four = CrontabSchedule.objects.create(minute="0", hour="4", timezone="UTC")
    with time_machine.travel(now.replace(hour=5), tick=False) as clock:
        PeriodicTask.objects.filter(name="core.heartbeat").update(
            interval=None, crontab=four, date_changed=timezone.now()
        )
        clock.shift(timedelta(hours=22))
        sweeps.run_due()
        assert last_beat() is None
        clock.shift(timedelta(hours=1))
        sweeps.run_due()
        assert last_beat() == timezone.now()


@pytest.mark.usefixtures("only")
def test_one_that_breaks_off_stops_nobody(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    PeriodicTask.objects.create(name="a-typo", task="core.no_such_task", interval_id=_interval())
    PeriodicTask.objects.filter(name="core.sessions").update(enabled=True)
    monkeypatch.setattr(current_app.tasks["core.sessions"], "run", lambda: 1 / 0)
    sweeps.run_all()
    assert last_beat() is not None
    assert [each for each in caplog.messages if "broke off" in each] == [
        "A sweep broke off: core.sessions",
        "A sweep broke off: core.no_such_task",
    ]


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgresql
def test_processes_that_share_the_schedule_take_each_turn_once() -> None:
    call_command("migrate", verbosity=0)
    PeriodicTask.objects.exclude(name="core.heartbeat").update(enabled=False)
    PeriodicTask.objects.update(last_run_at=None, date_changed=timezone.now() - timedelta(hours=1))
    at_once([sweeps.run_due] * 3)
    assert PeriodicTask.objects.get(name="core.heartbeat").total_run_count == 1


def _interval() -> int:
    return int(PeriodicTask.objects.values_list("interval", flat=True).get(name="core.heartbeat") or 0)
