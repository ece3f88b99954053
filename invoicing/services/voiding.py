"""Voiding: the authority knows, for good. One guard for button, dialog, bulk page, service and command.

Source: the voiding paper and domain 9. A void is an intent first (REQUESTED), then a call outside any transaction, then
VOIDED, REFUSED or UNKNOWN. The first call is made only before the deadline; a repeat that settles UNKNOWN may come after it.
"""

import logging
import uuid
from datetime import datetime, timedelta
from typing import TypedDict

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from cifras.core import audit, wake
from cifras.core.context import act_context
from cifras.core.models import Staff
from cifras.fiscal import voiding
from cifras.fiscal.document import Kind, Mode
from cifras.fiscal.lifecycle import LegalStatus, Submission, VoidStatus
from cifras.pac.contract import Capability
from cifras.pac.errors import AlreadyVoided, Busy, Incident, NotDelivered, Outcome, PacError
from invoicing.models import Attempt, Document
from invoicing.services import crediting, four_eyes, incidents, returning, settling, timeline
from invoicing.services.asking import ask_all
from invoicing.services.finding import get_document
from invoicing.services.issuing import void_window
from invoicing.services.lanes import Use, account_of
from invoicing.services.leases import lease, queue_wait
from invoicing.services.peruvian import require_by_law
from tenants.services.accounts import provider_for, provider_spec, require

logger = logging.getLogger(__name__)

_OPEN = (VoidStatus.REQUESTED, VoidStatus.UNKNOWN)
_HELD = timedelta(minutes=5)
_MOST_CALLS_IN_COURSE = 50  # about four hours by the queue's waits


class _Statuses(TypedDict):
    mode: Mode
    submission: Submission
    legal: LegalStatus
    void: VoidStatus
    live_credits: list[str]


def void_invoice(
    invoice_id: uuid.UUID | str, reason: str, *, actor: Staff | None, money: str = ""
) -> Document:
    """Ask for the void of an authorised invoice. Raises RuleBroken when the guard refuses; nothing is called here.

    Where the tenant wants four eyes on it, it is only proposed (`four_eyes`), and the document is answered as it was.
    `money`: what becomes of what was received once it is void: "refund", "move" (to the document that replaces it) or
    "balance"; empty leaves it as an amount to be returned.
    """
    return _request(invoice_id, reason, Kind.INVOICE, actor, returning.require_answer(money))


def void_credit(credit_id: uuid.UUID | str, reason: str, *, actor: Staff | None) -> Document:
    """Ask for the void of an authorised credit note, which gives its amount back to the invoice. Raises as above."""
    return _request(credit_id, reason, Kind.CREDIT, actor)


def void_approved(
    document_id: uuid.UUID | str, reason: str, *, actor: Staff, money: str, proposed_by: str
) -> Document:
    """Ask for a void that another person proposed. The guard is asked again: the window may have closed meanwhile."""
    kind = Kind(get_document(document_id, actor=actor).kind)
    return _request(document_id, reason, kind, actor, money, proposed_by=proposed_by)


def require_void(document: Document, reason: str, *, at: datetime) -> str:
    """The guard: the clean reason, or RuleBroken naming all that stands in the way of a first call at `at`."""
    _require_capability(document)
    limits = provider_spec(document.provider).void_reason
    return voiding.require_void(
        **_statuses(document),
        reason=reason,
        issued_at=_issued_at(document),
        at=at,
        window=void_window(document),
        minimum=limits.minimum,
        maximum=limits.maximum,
    )


def require_eligible(document: Document, *, at: datetime) -> None:
    """The guard without the reason: what a page needs to offer the button, or to say why not."""
    _require_capability(document)
    voiding.require_voidable(**_statuses(document))
    voiding.require_inside_window(_issued_at(document), at, void_window(document))


def void_due(*, limit: int = 50) -> int:
    """Carry out the voids that are asked for or unsettled, and due; answers how many were tried."""
    now = timezone.now()
    free = Q(void_leased_until=None) | Q(void_leased_until__lt=now)
    due = Document.objects.select_related("tenant", "office").filter(
        free, void_status__in=_OPEN, void_due_at__lte=now
    )
    return ask_all(due.order_by("void_deadline")[:limit], account_of, _try, use=Use.VOIDS)


def _request(
    document_id: uuid.UUID | str,
    reason: str,
    kind: Kind,
    actor: Staff | None,
    money: str = "",
    *,
    proposed_by: str = "",
) -> Document:
    with transaction.atomic():
        found = get_document(document_id, actor=actor, kind=kind)
        document = (
            Document.objects.select_for_update(of=("self",))
            .select_related("tenant", "office")
            .get(pk=found.pk)
        )
        now = timezone.now()
        clean = require_void(document, reason, at=now)
        if not proposed_by and four_eyes.void_takes_two(document):
            four_eyes.propose_void(document, clean, money, actor=actor)
            return document
        Document.objects.filter(pk=document.pk, void_status__in=[VoidStatus.NONE, VoidStatus.REFUSED]).update(
            void_status=VoidStatus.REQUESTED,
            void_reason=clean,
            void_money=money,
            void_requested_at=now,
            void_requested_by=actor.uid if actor else None,
            void_due_at=now,
            void_called_at=None,
            void_attempts=0,
            void_answer=None,
        )
        detail = {"reason": clean, "money": money, "proposed_by": proposed_by}
        code = "void_approved" if proposed_by else "void_requested"
        timeline.note(document, code, actor=actor, detail=detail)
        audit.record(
            "document.void_requested",
            actor=actor,
            tenant_uid=document.tenant.uid,
            target=document,
            reason=clean,
            before={"void_status": document.void_status},
            after={"void_status": VoidStatus.REQUESTED, "money": money, "proposed_by": proposed_by},
        )
        wake("invoicing.void")
    document.refresh_from_db()
    return document


def _try(document: Document) -> bool:
    if not _claim(document):
        return False
    _call(document)
    return True


def _claim(document: Document) -> bool:
    now = timezone.now()
    with transaction.atomic():
        free = Q(void_leased_until=None) | Q(void_leased_until__lt=now)
        mine = Document.objects.filter(free, pk=document.pk, void_status__in=_OPEN, void_due_at__lte=now)
        if not mine.update(void_leased_until=now + lease(), void_attempts=F("void_attempts") + 1):
            return False
        _running(document).update(outcome=Attempt.Outcome.UNKNOWN, finished_at=now)
        document.refresh_from_db()
        is_first = document.void_called_at is None
        if is_first and document.void_deadline and now > document.void_deadline:
            too_late = voiding.VoidWindowClosed(_issued_at(document), document.void_deadline)
            _close(document, VoidStatus.REFUSED, "void_too_late", {"message": too_late.message})
            return False
        if is_first:
            Document.objects.filter(pk=document.pk).update(void_called_at=now)
        Attempt.objects.create(
            document=document, act=Attempt.Act.VOID, started_at=now, leased_until=now + lease()
        )
    return True


def _call(document: Document) -> None:
    is_repeat = document.void_called_at is not None
    with act_context():
        provider = provider_for(document.tenant, document_uid=document.uid)
        try:
            answer = provider.void(
                Kind(document.kind), document.pac_company_id, document.document_id, document.void_reason
            )
        except AlreadyVoided as error:
            _voided(document, {"message": error.provider_words, "body": error.body}, error.exchange_id)
        except PacError as error:
            _settle_failure(document, error, is_repeat=is_repeat)
        else:
            incidents.note_success(document)
            evidence: dict[str, object] = {"message": answer.message, "body": answer.body}
            if answer.is_void is False:
                _await_the_authority(document, evidence, answer.exchange_id)
            else:
                _voided(document, evidence, answer.exchange_id)


def _await_the_authority(document: Document, evidence: dict[str, object], exchange_id: str) -> None:
    """Asked for again it hears what became of it: a second one is refused as done before. At last a person asks."""
    is_patient = document.void_attempts < _MOST_CALLS_IN_COURSE
    wait = queue_wait(document.void_attempts) if is_patient else None
    _again(document, VoidStatus.UNKNOWN, "void_in_course", wait, evidence, exchange_id)


def _voided(document: Document, evidence: dict[str, object], exchange_id: str) -> None:
    with transaction.atomic():
        if not _close(document, VoidStatus.VOIDED, "voided", evidence, exchange_id):
            return
        document.refresh_from_db()
        returning.settle_up(document, document.void_money)
        if document.credited_id:
            settling.refresh_facts(Document.objects.select_for_update().get(pk=document.credited_id))
        audit.record(
            "document.voided",
            actor=None,
            tenant_uid=document.tenant.uid,
            target=document,
            reason=document.void_reason,
            after={"void_status": VoidStatus.VOIDED},
            exchange_id=exchange_id,
        )


def _settle_failure(document: Document, error: PacError, *, is_repeat: bool) -> None:
    logger.warning("Void of %s did not succeed: %s (%s)", document.uid, error.code, error.outcome)
    wait = queue_wait(document.void_attempts)
    detail = {"message": error.message, "provider": error.provider_words, "body": error.body}
    # A repeat that was not done says nothing about the call before it, which may have been a killed worker's.
    undone = VoidStatus.UNKNOWN if is_repeat else VoidStatus.REQUESTED
    if error.outcome is Outcome.UNKNOWN:
        incidents.note_failure(document)
        _again(document, VoidStatus.UNKNOWN, "void_unknown", wait, detail, error.exchange_id)
    elif isinstance(error, Busy):
        wait = wait if error.retry_after is None else timedelta(seconds=error.retry_after)
        _again(document, undone, "void_not_done", wait, detail, error.exchange_id)
    elif isinstance(error, Incident):
        incidents.open_incident(document.tenant, error)
        _again(document, undone, "void_held", _HELD, detail, error.exchange_id)
    elif isinstance(error, NotDelivered):
        _again(document, undone, "void_not_done", wait, detail, error.exchange_id)
    elif is_repeat:
        _again(document, VoidStatus.UNKNOWN, "void_needs_a_person", None, detail, error.exchange_id)
    else:
        _close(document, VoidStatus.REFUSED, "void_refused", detail, error.exchange_id)


def _again(
    document: Document,
    status: VoidStatus,
    code: str,
    wait: timedelta | None,
    detail: dict[str, object],
    exchange_id: str,
) -> None:
    """Leave the void open; `wait` None leaves it to a person. Only an unknown outcome makes the next call a repeat."""
    outcome = Attempt.Outcome.UNKNOWN if status == VoidStatus.UNKNOWN else Attempt.Outcome.NOT_DONE
    with transaction.atomic():
        _running(document).update(outcome=outcome, finished_at=timezone.now(), exchange_id=exchange_id)
        called_at = timezone.now() if status == VoidStatus.UNKNOWN else None
        moved = Document.objects.filter(pk=document.pk, void_status__in=_OPEN).update(
            void_status=status,
            void_called_at=called_at,
            void_due_at=timezone.now() + wait if wait is not None else None,
            void_leased_until=None,
            void_answer=audit.plain_json(detail),
        )
        if moved:
            timeline.note(document, code, detail=detail, exchange_id=exchange_id)


def _close(
    document: Document, status: VoidStatus, code: str, evidence: dict[str, object], exchange_id: str = ""
) -> bool:
    outcome = Attempt.Outcome.DONE if status == VoidStatus.VOIDED else Attempt.Outcome.REFUSED
    with transaction.atomic():
        _running(document).update(outcome=outcome, finished_at=timezone.now(), exchange_id=exchange_id)
        now = timezone.now()
        moved = Document.objects.filter(pk=document.pk, void_status__in=_OPEN).update(
            void_status=status,
            void_due_at=None,
            void_leased_until=None,
            voided_at=now if status == VoidStatus.VOIDED else None,
            void_answer=audit.plain_json(evidence),
        )
        if moved:
            timeline.note(document, code, detail=evidence, exchange_id=exchange_id)
    return bool(moved)


def _running(document: Document) -> QuerySet[Attempt]:
    return Attempt.objects.filter(document=document, act=Attempt.Act.VOID, outcome=Attempt.Outcome.RUNNING)


def _statuses(document: Document) -> _Statuses:
    notes: list[str] = []
    if document.kind == Kind.INVOICE:
        notes = [note.number for note in document.credits.all() if crediting.is_live(note)]
    return {
        "mode": Mode(document.mode),
        "submission": Submission(document.submission),
        "legal": LegalStatus(document.legal_status),
        "void": VoidStatus(document.void_status),
        "live_credits": notes,
    }


def _require_capability(document: Document) -> None:
    require(
        document.tenant, Capability.VOID_INVOICE if document.kind == Kind.INVOICE else Capability.VOID_CREDIT
    )
    require_by_law(document)


def _issued_at(document: Document) -> datetime:
    return timezone.localtime(document.issue_date or document.created_at)
