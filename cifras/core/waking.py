"""Telling the workers that there is something to do. The truth is in the tables: a lost call costs time, nothing else."""

import logging
from functools import partial
from time import monotonic
from typing import Any

from celery import current_app
from django.db import transaction
from kombu.exceptions import KombuError

from cifras.core.context import new_correlation_id

logger = logging.getLogger(__name__)

# After a failure this process does not try again for so long: an act that wakes a hundred tasks waits for a dead broker once.
QUIET_SECONDS = 5.0


class _Broker:
    """What this process last saw of the broker, in monotonic seconds."""

    quiet_until = 0.0


def wake(task: str, *args: Any, **options: Any) -> None:
    """Send the Celery task named `task` once the current transaction commits; at once when there is none.

    `options` are Celery's own (`queue`, `countdown` in seconds, `kwargs`). A broker that cannot be reached is logged and never
    fails the act: a periodic sweep finds what is due.
    """
    transaction.on_commit(partial(_send, task, args, options))


def begin_task_act(**_: Any) -> None:
    """A task is an act of its own, with a correlation id of its own: a receiver of Celery's task_prerun."""
    new_correlation_id()


def _send(task: str, args: tuple[Any, ...], options: dict[str, Any]) -> None:
    if monotonic() < _Broker.quiet_until:
        return
    try:
        current_app.send_task(task, args=args, **{"retry": False, "ignore_result": True, **options})
    except (KombuError, OSError) as error:
        _Broker.quiet_until = monotonic() + QUIET_SECONDS
        logger.warning("The broker did not take task %s; the sweep will find the work: %r", task, error)
