"""The sweeps without a broker: what beat would send to the workers is done in this process, by the same schedule.

The schedule's own table is the registry, and Celery knows the tasks by name: so whoever runs this needs to know no floor above
its own, and a sweep that an operator has switched off stays off here as well.
"""

import json
import logging
from collections.abc import Collection, Iterator

from celery import current_app
from django.db import Error as DatabaseError
from django.utils import timezone
from django.utils.module_loading import autodiscover_modules
from django_celery_beat.models import PeriodicTask

from cifras.core.context import act_context

logger = logging.getLogger(__name__)


def run_due(*, without: Collection[str] = ()) -> int:
    """Each sweep whose time has come, once; answers how many things were done.

    `without`: tasks that somebody else sees to. Several processes share the schedule: each turn is taken by one of them.
    """
    return sum(_run(row) for row in _rows(without) if _is_due(row) and _takes_turn(row))


def run_all(*, without: Collection[str] = ()) -> int:
    """Each sweep once, whenever its time was; answers how many things were done."""
    return sum(_run(row) for row in _rows(without) if _takes_turn(row))


def _rows(without: Collection[str]) -> Iterator[PeriodicTask]:
    autodiscover_modules("tasks")
    schedules = ("interval", "crontab", "solar", "clocked")
    rows = PeriodicTask.objects.filter(enabled=True).exclude(task__in=without)
    yield from rows.select_related(*schedules).order_by("pk")


def _is_due(row: PeriodicTask) -> bool:
    return bool(row.schedule.is_due(row.last_run_at or row.date_changed)[0])


def _takes_turn(row: PeriodicTask) -> bool:
    rows = PeriodicTask.objects.filter(pk=row.pk, last_run_at=row.last_run_at)
    return bool(rows.update(last_run_at=timezone.now(), total_run_count=row.total_run_count + 1))


def _run(row: PeriodicTask) -> int:
    """What one sweep did. One that breaks off is told and stops nobody: its next turn comes."""
    try:
        with act_context():
            return int(current_app.tasks[row.task](*json.loads(row.args), **json.loads(row.kwargs)) or 0)
    except DatabaseError:
        raise
    except Exception:
        logger.exception("A sweep broke off: %s", row.task)
        return 0
