"""Telling the workers that there is something to do. The truth is in the tables: a lost call costs time, nothing else."""

import logging
from functools import partial
from time import monotonic
from typing import Any, ClassVar

from celery import current_app
from django.db import transaction
from kombu.exceptions import KombuError

from cifras.core.context import new_correlation_id

logger = logging.getLogger(__name__)

# After a failure this process does not try again for so long: an act that wakes a hundred tasks waits for a dead broker once.
QUIET_SECONDS = 5.0
# Those who wake the same task in so short a time share one message.
CROWD_SECONDS = 0.25
_MARGIN_SECONDS = 0.05  # for whoever commits while that message is being delivered


class _Broker:
    """What this process last saw of the broker and sent to it, in monotonic seconds."""

    quiet_until = 0.0
    # When the last message to each task is delivered, the waiting it was told included.
    arrives: ClassVar[dict[str, float]] = {}


def wake(task: str, *args: Any, **options: Any) -> None:
    """Send the Celery task named `task` once the current transaction commits; at once when there is none.

    `options` are Celery's own (`queue`, `countdown` in seconds, `kwargs`). A broker that cannot be reached is logged and never
    fails the act: a periodic sweep finds what is due. A task without arguments is one for all that is due, so a crowd that
    wakes it shares messages: the first goes at once, and then one every CROWD_SECONDS.
    """
    if args or options:
        transaction.on_commit(partial(_send, task, args, options))
    else:
        transaction.on_commit(partial(_send_for_the_crowd, task))


def begin_task_act(**_: Any) -> None:
    """A task is an act of its own, with a correlation id of its own: a receiver of Celery's task_prerun."""
    new_correlation_id()


def _send_for_the_crowd(task: str) -> None:
    now = monotonic()
    arrives = _Broker.arrives.get(task, -CROWD_SECONDS)
    if now < arrives:
        return  # a message on its way will find this work, too
    is_alone = now >= arrives + CROWD_SECONDS
    _Broker.arrives[task] = now if is_alone else now + CROWD_SECONDS
    _send(task, (), {} if is_alone else {"countdown": CROWD_SECONDS + _MARGIN_SECONDS})


def _send(task: str, args: tuple[Any, ...], options: dict[str, Any]) -> None:
    if monotonic() < _Broker.quiet_until:
        return
    try:
        current_app.send_task(task, args=args, **{"retry": False, "ignore_result": True, **options})
    except (KombuError, OSError) as error:
        _Broker.quiet_until = monotonic() + QUIET_SECONDS
        logger.warning("The broker did not take task %s; the sweep will find the work: %r", task, error)
