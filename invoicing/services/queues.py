"""All that is due, done without a broker: the table is the queue."""

import logging
import time
from collections.abc import Callable
from datetime import datetime

from django.db import Error as DatabaseError
from django.db.models import Min
from django.utils import timezone

from cifras.core.exports import jobs
from cifras.fiscal.lifecycle import VoidStatus
from invoicing.models import Document, Mirror, MirroredRow, WebhookDelivery
from invoicing.services import (
    correcting,
    crew,
    inbox,
    mail_sending,
    requesting,
    resolving,
    submitting,
    voiding,
    watching,
)
from invoicing.services.importing import turns
from invoicing.services.mirroring import bringing, pulling
from tenants.models import Tenant
from tenants.services import following

logger = logging.getLogger(__name__)

_LONGEST_NAP_SECONDS = 1.0
_SHORTEST_NAP_SECONDS = 0.05
_ROUND = 50
# With the task that does the same where there is a broker.
_QUEUES: tuple[tuple[str, Callable[..., int]], ...] = (
    ("invoicing.submit", submitting.submit_due),
    ("invoicing.resolve", resolving.resolve_due),
    ("invoicing.void", voiding.void_due),
    ("invoicing.inbox", inbox.process_due),
    ("invoicing.mirror", pulling.pull_due),
    ("invoicing.mirror", bringing.bring_due),
    ("invoicing.pac_status_poll", watching.watch_due),
    ("invoicing.correct", correcting.advance_due),
    ("invoicing.mail", mail_sending.send_due),
    ("invoicing.request_webhooks", requesting.request_due),
    ("tenants.affiliation", following.read_due),
    ("invoicing.import", turns.import_due),
    ("core.exports", jobs.run_due),
)
TASKS = frozenset(task for task, _queue in _QUEUES)


def work_once(*, limit: int = _ROUND, until: float | None = None) -> int:
    """One round over every queue, at most `limit` from each; answers how many things were done.

    No queue is begun after `until` (monotonic seconds).
    """
    done = 0
    for _task, queue in _QUEUES:
        if until is None or time.monotonic() < until:
            done += _done(queue, limit)
    return done


def work_until_idle() -> int:
    """Rounds until nothing is due now; answers how many things were done."""
    done = 0
    while step := work_once():
        done += step
    return done


def work_while(wanted: Callable[[], bool], *, seconds: float | None = None) -> int:
    """Rounds for as long as `wanted` says so, at most `seconds`; waits for the next due time in between."""
    end = None if seconds is None else time.monotonic() + seconds
    # One call to a provider may take a minute: whoever has little time looks at the clock after each handful of them.
    limit = _ROUND if end is None else crew.hands(crew.READERS)
    done = 0
    while wanted():
        step = work_once(limit=limit, until=end)
        done += step
        left = None if end is None else end - time.monotonic()
        if left is not None and left <= 0:
            break
        if not step:
            time.sleep(_nap(left))
    return done


def _done(queue: Callable[..., int], limit: int) -> int:
    """What one queue did. A row that breaks it is claimed by then, so the next round passes it by until its lease ends."""
    try:
        return queue(limit=limit)
    except DatabaseError:
        raise
    except Exception:
        logger.exception("A queue broke off: %s", queue.__name__)
        return 1


def _nap(left_seconds: float | None) -> float:
    next_due = _next_due()
    wait = _LONGEST_NAP_SECONDS
    if next_due is not None:
        wait = (next_due - timezone.now()).total_seconds()
    if left_seconds is not None:
        wait = min(wait, left_seconds)
    return min(max(wait, _SHORTEST_NAP_SECONDS), _LONGEST_NAP_SECONDS)


def _next_due() -> datetime | None:
    times = [
        Document.objects.filter(held_reason="").aggregate(at=Min("due_at"))["at"],
        Document.objects.filter(void_status__in=[VoidStatus.REQUESTED, VoidStatus.UNKNOWN]).aggregate(
            at=Min("void_due_at")
        )["at"],
        WebhookDelivery.objects.aggregate(at=Min("due_at"))["at"],
        Mirror.objects.exclude(tenant__state=Tenant.State.CLOSED).aggregate(at=Min("due_at"))["at"],
        MirroredRow.objects.exclude(tenant__state=Tenant.State.CLOSED).aggregate(at=Min("due_at"))["at"],
        mail_sending.sendable(timezone.now()).aggregate(at=Min("due_at"))["at"],
        requesting.askable(timezone.now()).aggregate(at=Min("due_at"))["at"],
    ]
    known = [at for at in times if at is not None]
    return min(known) if known else None
