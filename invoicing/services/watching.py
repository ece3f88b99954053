"""Following accepted documents to their last word, as due times and never as a sleeping worker.

Invoices and credit notes alike: every 5 s for 5 minutes (the papers' 60 x 5 s), then ever more rarely, never given up.
"""

import logging
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from cifras.core.context import act_context
from cifras.fiscal.lifecycle import Submission
from cifras.pac.errors import Busy, PacError
from invoicing.models import Document
from invoicing.services import incidents, tracking
from invoicing.services.submitting import lease

logger = logging.getLogger(__name__)

_AFTER_FAILURE = timedelta(seconds=15)


def watch_due(*, limit: int = 50) -> int:
    """Ask about accepted documents whose turn has come; answers how many were asked about."""
    now = timezone.now()
    due = Q(submission=Submission.ACCEPTED, due_at__lte=now) & (
        Q(leased_until=None) | Q(leased_until__lt=now)
    )
    for provider, environment in incidents.open_circuits(now):
        due &= ~Q(provider=provider, environment=environment)
    asked = 0
    for document in (
        Document.objects.select_related("tenant", "office").filter(due).order_by("due_at")[:limit]
    ):
        if _lease(document):
            asked += 1
            _ask(document)
    return asked


def _lease(document: Document) -> bool:
    now = timezone.now()
    free = Q(leased_until=None) | Q(leased_until__lt=now)
    mine = Document.objects.filter(
        free, pk=document.pk, submission=Submission.ACCEPTED, due_at=document.due_at
    )
    return bool(mine.update(leased_until=now + lease()))


def _ask(document: Document) -> None:
    wait = _AFTER_FAILURE
    with act_context():
        try:
            tracking.refresh(document, source="poll")
        except PacError as error:
            logger.warning("Asking about %s failed: %s", document.uid, error.code)
            if isinstance(error, Busy) and error.retry_after is not None:
                wait = timedelta(seconds=error.retry_after)
            Document.objects.filter(pk=document.pk, submission=Submission.ACCEPTED).update(
                due_at=timezone.now() + wait
            )
    Document.objects.filter(pk=document.pk).update(leased_until=None)
