"""Following accepted documents to their last word, as due times and never as a sleeping worker.

Invoices and credit notes alike: every 5 s for 5 minutes (the papers' 60 x 5 s), then ever more rarely, never given up.
"""

import logging
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from cifras.core import wake
from cifras.core.context import act_context
from cifras.core.models import Staff
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.fiscal.lifecycle import Submission, VoidStatus
from cifras.pac.errors import Busy, PacError
from invoicing.models import Document
from invoicing.services import incidents, timeline, tracking
from invoicing.services.asking import ask_all
from invoicing.services.lanes import account_of
from invoicing.services.leases import lease

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
    # The files of ten thousand documents that were just mirrored keep none of ours waiting.
    waiting = Document.objects.select_related("tenant", "office").filter(due)
    return ask_all(waiting.order_by("is_mirrored", "due_at")[:limit], account_of, _look)


def look_now(document: Document, *, actor: Staff | None) -> None:
    """Let the workers ask the provider about `document` at once; nothing is called here.

    Raises RuleBroken for a document that the provider does not hold and that waits for nothing.
    """
    with transaction.atomic():
        tasks = _bring_forward(document)
        if not tasks:
            raise RuleBroken(
                "nothing_to_ask",
                gettext_noop(
                    "No hay nada que consultar: el documento {number} no está en el PAC ni espera su respuesta."
                ),
                "document",
                number=document.number or document.uid,
            )
        timeline.note(document, "asked", actor=actor)
        for task in tasks:
            wake(task)


def _bring_forward(document: Document) -> list[str]:
    """Make due now what the document waits for; answers the tasks that see to it."""
    now = timezone.now()
    row = Document.objects.filter(pk=document.pk)
    wanted = {
        "invoicing.pac_status_poll": row.filter(submission=Submission.ACCEPTED).update(due_at=now),
        "invoicing.resolve": row.filter(submission=Submission.UNKNOWN).update(due_at=now),
        "invoicing.void": row.filter(void_status=VoidStatus.UNKNOWN).update(void_due_at=now),
    }
    return [task for task, rows in wanted.items() if rows]


def _lease(document: Document) -> bool:
    now = timezone.now()
    free = Q(leased_until=None) | Q(leased_until__lt=now)
    mine = Document.objects.filter(
        free, pk=document.pk, submission=Submission.ACCEPTED, due_at=document.due_at
    )
    return bool(mine.update(leased_until=now + lease()))


def _look(document: Document) -> bool:
    if not _lease(document):
        return False
    _ask(document)
    return True


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
