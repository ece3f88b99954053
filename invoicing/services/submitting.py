"""Sending what is queued: exactly once, or a person knows.

Claim in a transaction, commit, post outside any transaction, apply the answer in a second one. An attempt row is written
before the first byte leaves, so a killed worker leaves an attempt whose lease runs out, and that counts as UNKNOWN. Nothing is
posted again unless the provider is known not to hold it (domain 6).
"""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from cifras.core import audit
from cifras.core.context import act_context
from cifras.fiscal.document import Kind
from cifras.fiscal.lifecycle import LegalStatus, Submission
from cifras.pac.errors import Busy, Incident, NotSupported, NumberTaken, Outcome, PacError, Refused
from invoicing.models import Attempt, Document
from invoicing.services import incidents, timeline, tracking
from tenants.services.accounts import provider_for

logger = logging.getLogger(__name__)

_SHORTEST_WAIT_SECONDS = 0.1


def submit_due(*, limit: int = 50) -> int:
    """Send what is queued and due, one document after another; answers how many were tried."""
    recover_lost()
    incidents.refresh_holds()
    tried = 0
    while tried < limit and (claimed := _claim_next(timezone.now())):
        tried += 1
        _send(claimed)
    return tried


def recover_lost() -> int:
    """Attempts whose worker was killed: their lease ran out without an outcome, so nobody knows. They become UNKNOWN."""
    now = timezone.now()
    lost = Document.objects.filter(submission=Submission.SENDING, leased_until__lt=now).select_related(
        "tenant"
    )
    recovered = 0
    for document in lost:
        with transaction.atomic():
            moved = Document.objects.filter(
                pk=document.pk, submission=Submission.SENDING, leased_until=document.leased_until
            ).update(submission=Submission.UNKNOWN, leased_until=None, due_at=now)
            if moved:
                recovered += 1
                _finish(document, Attempt.Outcome.UNKNOWN, "lease expired")
                timeline.note(document, "attempt_lost")
    return recovered


def lease() -> timedelta:
    """How long one attempt may take at most, its in-call repeats included."""
    call_seconds = settings.PAC_CONNECT_TIMEOUT + settings.PAC_TOTAL_TIMEOUT + settings.PAC_RETRY_WAIT[1]
    return timedelta(seconds=2 * call_seconds + 10)


def queue_wait(times: int) -> timedelta:
    """The queue's own wait before the next try, after `times` of them (setting PAC_QUEUE_WAITS; the last repeats)."""
    waits = settings.PAC_QUEUE_WAITS
    return timedelta(seconds=max(waits[min(max(times, 1), len(waits)) - 1], _SHORTEST_WAIT_SECONDS))


def _claim_next(now: datetime) -> Document | None:
    waiting = Q(submission=Submission.QUEUED, due_at__lte=now, held_reason="")
    for provider, environment in incidents.open_circuits(now):
        waiting &= ~Q(provider=provider, environment=environment)
    with transaction.atomic():
        document = (
            Document.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("tenant", "office")
            .filter(waiting)
            .order_by(F("send_by").asc(nulls_last=True), "due_at")
            .first()
        )
        if document is None:
            return None
        until = now + lease()
        claimed = Document.objects.filter(pk=document.pk, submission=Submission.QUEUED).update(
            submission=Submission.SENDING,
            leased_until=until,
            last_attempt_at=now,
            attempts_made=F("attempts_made") + 1,
            due_at=None,
        )
        if not claimed:
            return None
        Attempt.objects.create(document=document, started_at=now, leased_until=until)
    document.refresh_from_db()
    return document


def _send(document: Document) -> None:
    with act_context():
        provider = provider_for(document.tenant, document_uid=document.uid)
        try:
            answer = provider.submit(
                Kind(document.kind),
                document.pac_company_id,
                bytes(document.payload or b""),
                idempotency_key=str(document.uid),
            )
        except PacError as error:
            _settle_failure(document, error)
            return
        if not answer.document_id and answer.legal_status != LegalStatus.PAC_REJECTED:
            _become_unknown(document, "answer without an id", answer.exchange_id)
            return
        incidents.note_success(document)
        _finish(document, Attempt.Outcome.DONE, answer.raw_legal_status, answer.exchange_id)
        tracking.accept(document, answer, source="answer")


def _settle_failure(document: Document, error: PacError) -> None:
    """Record what a failed post means: `outcome` decides, and an earlier attempt of unknown outcome forbids certainty."""
    logger.warning("Document %s was not accepted: %s (%s)", document.uid, error.code, error.outcome)
    earlier_unknown = Attempt.objects.filter(document=document, outcome=Attempt.Outcome.UNKNOWN).exists()
    if error.outcome is Outcome.UNKNOWN:
        incidents.note_failure(document)
        _become_unknown(document, error.message, error.exchange_id)
    elif isinstance(error, NumberTaken):
        _number_taken(document, error, earlier_unknown=earlier_unknown)
    elif isinstance(error, Refused) and earlier_unknown:
        _leave_to_a_person(document, error)
    elif isinstance(error, Refused):
        _refuse(document, error)
    else:
        _back_to_queue(document, error)


def _become_unknown(document: Document, message: str, exchange_id: str) -> None:
    with transaction.atomic():
        _finish(document, Attempt.Outcome.UNKNOWN, message, exchange_id)
        moved = _move(
            document, submission=Submission.UNKNOWN, asks_made=0, due_at=timezone.now() + queue_wait(1)
        )
        if moved:
            timeline.note(document, "unknown", detail={"message": message}, exchange_id=exchange_id)


def _leave_to_a_person(document: Document, error: Refused) -> None:
    """A validation error on a re-send says nothing about the first one: no more bytes, somebody looks."""
    with transaction.atomic():
        _finish(document, Attempt.Outcome.UNKNOWN, error.message, error.exchange_id)
        if _move(document, submission=Submission.UNKNOWN, problems=_problems(error)):
            detail = {"message": error.message, "problems": _problems(error)}
            timeline.note(document, "refused_on_resend", detail=detail, exchange_id=error.exchange_id)


def _number_taken(document: Document, error: NumberTaken, *, earlier_unknown: bool) -> None:
    """After an attempt of unknown outcome it proves that our document exists; at first it may be anybody's."""
    flag = "EXISTS_NO_ID" if earlier_unknown else "CONFLICT"
    with transaction.atomic():
        _finish(document, Attempt.Outcome.UNKNOWN, error.message, error.exchange_id)
        moved = _move(document, submission=Submission.UNKNOWN, flag=flag, asks_made=0, due_at=timezone.now())
        if moved:
            detail = {"flag": flag, "provider": error.provider_words}
            timeline.note(document, "number_taken", detail=detail, exchange_id=error.exchange_id)


def _refuse(document: Document, error: Refused) -> None:
    problems = _problems(error)
    with transaction.atomic():
        _finish(document, Attempt.Outcome.REFUSED, error.message, error.exchange_id)
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
        _finish(document, Attempt.Outcome.NOT_DONE, error.message, error.exchange_id)
        if _move(document, submission=Submission.QUEUED, due_at=timezone.now() + wait):
            detail = {"code": error.code, "message": error.message, "wait_seconds": wait.total_seconds()}
            timeline.note(document, "not_done", detail=detail, exchange_id=error.exchange_id)
    if isinstance(error, Incident | NotSupported):
        incidents.open_incident(document.tenant, error)
    elif not isinstance(error, Busy):
        incidents.note_failure(document)


def _move(document: Document, **changes: object) -> bool:
    """Compare-and-set out of SENDING; False when somebody else settled it meanwhile."""
    sending = Document.objects.filter(pk=document.pk, submission=Submission.SENDING)
    return bool(sending.update(leased_until=None, **changes))


def _finish(document: Document, outcome: Attempt.Outcome, message: str, exchange_id: str = "") -> None:
    Attempt.objects.filter(document=document, act=Attempt.Act.SUBMIT, outcome=Attempt.Outcome.RUNNING).update(
        outcome=outcome, message=message, exchange_id=exchange_id, finished_at=timezone.now()
    )
