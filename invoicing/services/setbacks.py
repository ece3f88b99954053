"""What a failed post means: refused, back to the queue, held by an incident, or unknown, which is asked about.

A refusal that proves that our own document is there is none: an earlier attempt of ours had an unknown outcome, and the authority
says that it holds just what was sent again (domain 6.3).
"""

import logging
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from cifras.core import audit
from cifras.fiscal.lifecycle import LegalStatus, Submission
from cifras.pac.contract import PacAnswer
from cifras.pac.errors import (
    Busy,
    Holder,
    Incident,
    NotSupported,
    NumberTaken,
    Outcome,
    PacError,
    Refused,
    Returned,
)
from invoicing.models import Attempt, Document
from invoicing.models.choices import Flag
from invoicing.services import identity, incidents, timeline, tracking
from invoicing.services.claiming import finish_attempt
from invoicing.services.leases import queue_wait

logger = logging.getLogger(__name__)


def settle_failure(document: Document, error: PacError) -> None:
    """Record what a failed post means: `outcome` decides, and an earlier attempt of unknown outcome forbids certainty."""
    logger.warning("Document %s was not accepted: %s (%s)", document.uid, error.code, error.outcome)
    earlier_unknown = had_unknown_outcome(document)
    if error.outcome is Outcome.UNKNOWN:
        incidents.note_failure(document)
        become_unknown(document, error.message, error.exchange_id)
    elif isinstance(error, NumberTaken):
        _number_taken(document, error, earlier_unknown=earlier_unknown)
    elif isinstance(error, Refused) and earlier_unknown:
        _leave_to_a_person(document, error.message, _problems(error), error.exchange_id)
    elif isinstance(error, Returned):
        _hand_back_to_mend(document, error)
    elif isinstance(error, Refused):
        _refuse(document, error)
    else:
        _back_to_queue(document, error)


def become_unknown(document: Document, message: str, exchange_id: str) -> None:
    """Nobody knows whether it was done: it will be asked about, and never blindly sent again."""
    with transaction.atomic():
        finish_attempt(document, Attempt.Outcome.UNKNOWN, message, exchange_id)
        moved = _move(
            document, submission=Submission.UNKNOWN, asks_made=0, due_at=timezone.now() + queue_wait(1)
        )
        if moved:
            timeline.note(document, "unknown", detail={"message": message}, exchange_id=exchange_id)


def had_unknown_outcome(document: Document) -> bool:
    """Whether an attempt before the present one may have reached the provider."""
    return Attempt.objects.filter(document=document, outcome=Attempt.Outcome.UNKNOWN).exists()


def doubt_rejection(document: Document, answer: PacAnswer) -> None:
    """A rejection of what was sent again, which names no document: the first one may have been accepted. Somebody looks."""
    _leave_to_a_person(document, answer.message, tracking.problems_of(answer), answer.exchange_id)


def _leave_to_a_person(
    document: Document, message: str, problems: list[dict[str, str]], exchange_id: str
) -> None:
    """A validation error on a re-send says nothing about the first one: no more bytes, somebody looks."""
    with transaction.atomic():
        finish_attempt(document, Attempt.Outcome.UNKNOWN, message, exchange_id)
        if _move(document, submission=Submission.UNKNOWN, problems=problems):
            detail = {"message": message, "problems": problems}
            timeline.note(document, "refused_on_resend", detail=detail, exchange_id=exchange_id)


def _number_taken(document: Document, error: NumberTaken, *, earlier_unknown: bool) -> None:
    """After an attempt of unknown outcome it proves that our document exists; at first it may be anybody's.

    Where it is told what holds the number: the same is our own, and accepted; something else is shown to a person.
    """
    held = _held(error, error.holder)
    if held and earlier_unknown and error.holder and error.holder.is_same:
        _accept_after_all(document, held)
        return
    flag = Flag.EXISTS_NO_ID if earlier_unknown and held is None else Flag.CONFLICT
    with transaction.atomic():
        finish_attempt(document, Attempt.Outcome.UNKNOWN, error.message, error.exchange_id)
        moved = _move(
            document,
            submission=Submission.UNKNOWN,
            flag=flag,
            conflict=identity.kept(held) if held else None,
            asks_made=0,
            due_at=timezone.now(),
        )
        if moved:
            detail = {"flag": flag, "provider": error.provider_words}
            timeline.note(document, "number_taken", detail=detail, exchange_id=error.exchange_id)


def _accept_after_all(document: Document, held: PacAnswer) -> None:
    """The first attempt, whose answer was lost, had issued it: nothing more is sent."""
    detail = {"document_id": held.document_id, "provider": held.message}
    with transaction.atomic():
        finish_attempt(document, Attempt.Outcome.DONE, held.raw_legal_status, held.exchange_id)
        timeline.note(document, "issued_before", detail=detail, exchange_id=held.exchange_id)
    tracking.accept(document, held, source="answer", fetches_files=False)


def _held(error: PacError, holder: Holder | None) -> PacAnswer | None:
    """What a refusal proves to be there, as an answer that would show it."""
    if holder is None:
        return None
    return PacAnswer(
        document_id=holder.document_id,
        number=holder.number,
        legal_status=holder.legal_status,
        raw_legal_status=holder.raw_legal_status,
        message=error.provider_words,
        body=error.body,
        exchange_id=error.exchange_id,
    )


def _hand_back_to_mend(document: Document, error: Returned) -> None:
    """The authority did not take it in: it is mended and queued again under the same number."""
    problems = _problems(error)
    with transaction.atomic():
        finish_attempt(document, Attempt.Outcome.REFUSED, error.message, error.exchange_id)
        if _move(document, submission=Submission.RETURNED, problems=problems):
            timeline.note(document, "returned", detail={"problems": problems}, exchange_id=error.exchange_id)


def _refuse(document: Document, error: Refused) -> None:
    problems = _problems(error)
    with transaction.atomic():
        finish_attempt(document, Attempt.Outcome.REFUSED, error.message, error.exchange_id)
        moved = _move(
            document,
            submission=Submission.REFUSED,
            legal_status=LegalStatus.PAC_REJECTED,
            problems=problems,
            pac_response=audit.plain_json(error.body),
        )
        if moved:
            timeline.note(document, "refused", detail={"problems": problems}, exchange_id=error.exchange_id)
            audit.record(
                "document.refused",
                actor=None,
                tenant_uid=document.tenant.uid,
                target=document,
                after={"problems": problems},
                exchange_id=error.exchange_id,
            )


def _problems(error: Refused) -> list[dict[str, str]]:
    listed = [{"code": item.code, "field": item.field, "message": item.message} for item in error.problems]
    return listed or [{"code": error.code, "field": "", "message": error.message}]


def _back_to_queue(document: Document, error: PacError) -> None:
    """Certainly not done: the same document waits its turn again, or is held by an incident."""
    if isinstance(error, Busy) and error.retry_after is not None:
        wait = timedelta(seconds=error.retry_after)
    else:
        wait = queue_wait(document.attempts_made)
    with transaction.atomic():
        finish_attempt(document, Attempt.Outcome.NOT_DONE, error.message, error.exchange_id)
        if _move(document, submission=Submission.QUEUED, due_at=timezone.now() + wait):
            detail = {"code": error.code, "message": error.message, "wait_seconds": wait.total_seconds()}
            timeline.note(document, "not_done", detail=detail, exchange_id=error.exchange_id)
    if isinstance(error, Incident | NotSupported):
        incidents.open_incident(document.tenant, error)
    elif not isinstance(error, Busy):
        incidents.note_failure(document)


def hand_back(document: Document) -> None:
    """Nothing was sent: its turn did not come in time. It is due again at once."""
    with transaction.atomic():
        finish_attempt(document, Attempt.Outcome.NOT_DONE, "its turn did not come in time")
        _move(document, submission=Submission.QUEUED, due_at=timezone.now())


def _move(document: Document, **changes: object) -> bool:
    """Compare-and-set out of the SENDING it was claimed for; False when somebody else settled it, or sends it again."""
    sending = Document.objects.filter(
        pk=document.pk, submission=Submission.SENDING, last_attempt_at=document.last_attempt_at
    )
    return bool(sending.update(leased_until=None, **changes))
