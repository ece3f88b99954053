"""Taking a document back from the queue, or giving it another date, while it certainly never reached the provider.

It keeps its number and its security code (domain 2 and 5).
"""

import uuid
from datetime import datetime

from django.db import transaction

from cifras.core import audit
from cifras.core.models import Staff
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.fiscal.lifecycle import SUBMISSION_MOVES, Submission, require_move
from cifras.fiscal.zones import require_aware
from invoicing.models import Attempt, Document
from invoicing.services import issuing, settling, timeline
from invoicing.services.finding import get_document


def withdraw_document(document_id: uuid.UUID | str, *, actor: Staff | None, reason: str = "") -> Document:
    """Back to a draft that can be edited, with its number. Raises RuleBroken when it may have reached the provider."""
    with transaction.atomic():
        document = settling.locked(get_document(document_id, actor=actor))
        require_withdrawable(document)
        _take_back(document)
        timeline.note(
            document, "withdrawn", actor=actor, detail={"number": document.number, "reason": reason}
        )
        _audit(document, "document.withdrawn", actor, reason)
    return document


def redate_document(
    document_id: uuid.UUID | str, *, issue_date: datetime | None = None, actor: Staff | None
) -> Document:
    """Give a queued document another date (None: now), and with it another payload; number and security code stay.

    Raises RuleBroken when it may have reached the provider, and RulesBroken with what preflight says of the new date.
    """
    if issue_date is not None:
        require_aware(issue_date, "issue_date")
    with transaction.atomic():
        document = settling.locked(get_document(document_id, actor=actor))
        require_withdrawable(document)
        before = document.issue_date
        _take_back(document)
        Document.objects.filter(pk=document.pk).update(issue_date=issue_date)
        document.issue_date = issue_date
        timeline.note(document, "redated", actor=actor, detail={"from": before, "to_date": issue_date})
        _audit(document, "document.redated", actor, "")
        return issuing.queue(document, actor=actor)


def require_withdrawable(document: Document) -> None:
    """Raises RuleBroken unless it waits in the queue and every attempt is known not to have been done."""
    require_move(SUBMISSION_MOVES, Submission(document.submission), Submission.DRAFT)
    reached = Attempt.objects.filter(document=document).exclude(outcome=Attempt.Outcome.NOT_DONE)
    if reached.exists():
        raise RuleBroken(
            "withdraw_may_have_reached",
            gettext_noop("Un envío pudo llegar al PAC: ya no se retira ni se cambia; siga su estado."),
        )


def _take_back(document: Document) -> None:
    """A date that the queue filled in by itself goes; one that was given stays."""
    queued = document.queued_at.replace(microsecond=0) if document.queued_at else None
    is_own = document.issue_date is not None and document.issue_date == queued
    Document.objects.filter(pk=document.pk, submission=Submission.QUEUED).update(
        submission=Submission.DRAFT,
        due_at=None,
        held_reason="",
        void_deadline=None,
        **({"issue_date": None} if is_own else {}),
    )
    document.refresh_from_db()


def _audit(document: Document, code: str, actor: Staff | None, reason: str) -> None:
    audit.record(
        code,
        actor=actor,
        tenant_uid=document.tenant.uid,
        target=document,
        before={"submission": Submission.QUEUED, "number": document.number},
        after={"issue_date": document.issue_date},
        reason=reason,
    )
