"""Settling what nobody knows: ask by id, ask by number, and send the same bytes again only when absence is proven.

Source: domain 6.4. Where nobody can be asked a document stays UNKNOWN, visible, for a person. Never a new number.
"""

import logging
import uuid
from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from cifras.core.context import act_context
from cifras.core.models import Staff
from cifras.fiscal.document import Kind
from cifras.fiscal.lifecycle import Submission
from cifras.pac.contract import Capability, PacAnswer
from cifras.pac.errors import NotFound, NotSupported, PacError
from invoicing.models import Document
from invoicing.models.choices import Flag
from invoicing.services import identity, incidents, timeline, tracking
from invoicing.services.asking import ask_all
from invoicing.services.finding import get_document
from invoicing.services.identity import Likeness
from invoicing.services.lanes import account_of
from invoicing.services.leases import lease, queue_wait
from invoicing.services.peruvian import printed_number
from tenants.models import Tenant
from tenants.services.accounts import provider_for, provider_spec

logger = logging.getLogger(__name__)

_NO_LOOKUP = timedelta(days=1)


def resolve_due(*, limit: int = 50) -> int:
    """Ask about what is unconfirmed and due; answers how many were asked about."""
    now = timezone.now()
    due = Q(submission=Submission.UNKNOWN, due_at__lte=now) & (Q(leased_until=None) | Q(leased_until__lt=now))
    for provider, environment in incidents.open_circuits(now):
        due &= ~Q(provider=provider, environment=environment)
    waiting = Document.objects.select_related("tenant", "office").filter(due).order_by("due_at")[:limit]
    return ask_all(waiting, account_of, _look_into)


def resolve_unknown(document_id: uuid.UUID | str, *, actor: Staff | None) -> Document:
    """Ask about one unconfirmed document now, whatever its next turn."""
    document = get_document(document_id, actor=actor)
    if document.submission == Submission.UNKNOWN and _lease(document):
        timeline.note(document, "asked", actor=actor)
        _resolve(document)
    document.refresh_from_db()
    return document


def record_conflict(document: Document, theirs: PacAnswer) -> None:
    """The number holds another sale: shown side by side, one decision with a reason. Nothing is sent."""
    with transaction.atomic():
        moved = Document.objects.filter(pk=document.pk, submission=Submission.UNKNOWN).update(
            flag=Flag.CONFLICT, conflict=identity.kept(theirs), due_at=None, leased_until=None
        )
        if moved:
            detail = {"document_id": theirs.document_id, "cufe": theirs.cufe}
            timeline.note(document, "conflict", detail=detail, exchange_id=theirs.exchange_id)


def _look_into(document: Document) -> bool:
    if not _lease(document):
        return False
    _resolve(document)
    return True


def _lease(document: Document) -> bool:
    now = timezone.now()
    free = Q(leased_until=None) | Q(leased_until__lt=now)
    mine = Document.objects.filter(free, pk=document.pk, submission=Submission.UNKNOWN)
    return bool(mine.update(leased_until=now + lease(), asks_made=F("asks_made") + 1))


def _resolve(document: Document) -> None:
    with act_context():
        document.refresh_from_db()
        try:
            held = _held_by_provider(document)
        except NotSupported:
            _nobody_to_ask(document)
        except PacError as error:
            logger.warning("Asking about %s failed: %s", document.uid, error.code)
            _wait(document, queue_wait(document.asks_made))
        else:
            incidents.note_success(document)
            _decide(document, held)


def _held_by_provider(document: Document) -> Sequence[PacAnswer]:
    """What the provider holds under our id or, where it does not know that, our number.

    Raises NotSupported where it cannot be asked.
    """
    provider = provider_for(document.tenant, document_uid=document.uid)
    if document.document_id:
        try:
            return [provider.read(Kind(document.kind), document.pac_company_id, document.document_id)]
        except NotFound:
            logger.warning("The provider does not know the id of %s: asking by number", document.uid)
    if not provider_spec(document.provider).can(Capability.FIND_BY_NUMBER) or _lookup_is_missing(
        document.tenant
    ):
        raise NotSupported
    try:
        return provider.find(Kind(document.kind), document.pac_company_id, printed_number(document))
    except NotSupported:
        Tenant.objects.filter(pk=document.tenant_id).update(lookup_missing_until=timezone.now() + _NO_LOOKUP)
        raise


def _decide(document: Document, held: Sequence[PacAnswer]) -> None:
    likeness = [(identity.compare(document, answer), answer) for answer in held]
    ours = [answer for how, answer in likeness if how is Likeness.SAME]
    theirs = [answer for how, answer in likeness if how is Likeness.DIFFERENT]
    if ours:
        tracking.accept(document, ours[0], source="lookup")
    elif theirs:
        record_conflict(document, theirs[0])
    elif document.flag:
        _wait(document, queue_wait(document.asks_made))
    else:
        _absent(document)


def _absent(document: Document) -> None:
    """The provider does not hold our number. Proof only once its own time-out has passed since the attempt."""
    since = document.last_attempt_at or document.queued_at or timezone.now()
    proven_from = since + timedelta(seconds=settings.PAC_RESEND_AFTER)
    now = timezone.now()
    if now < proven_from:
        _wait(document, min(queue_wait(document.asks_made), max(proven_from - now, timedelta(seconds=1))))
        return
    _send_again(document, "absent")


def _nobody_to_ask(document: Document) -> None:
    """Where a repeat is refused by number the same bytes are safe to send; else it waits for a person or a webhook.

    A number that the provider already called used is not sent again: that would only be said once more.
    """
    if not document.flag and provider_spec(document.provider).can(Capability.REPEAT_IS_REFUSED):
        _send_again(document, "repeat_is_refused")
        return
    _wait(document, _NO_LOOKUP)
    timeline.note(document, "nobody_to_ask")


def _send_again(document: Document, proof: str) -> None:
    """The same bytes once more, while the law still lets them go; after `send_by` a person decides."""
    if document.send_by and document.send_by < timezone.now():
        _wait(document, _NO_LOOKUP)
        timeline.note(document, "too_late_to_send", detail={"send_by": document.send_by})
        return
    with transaction.atomic():
        moved = Document.objects.filter(pk=document.pk, submission=Submission.UNKNOWN).update(
            submission=Submission.QUEUED, due_at=timezone.now(), leased_until=None, asks_made=0
        )
        if moved:
            timeline.note(document, "absence_proven", detail={"proof": proof})


def _wait(document: Document, wait: timedelta) -> None:
    Document.objects.filter(pk=document.pk, submission=Submission.UNKNOWN).update(
        due_at=timezone.now() + wait, leased_until=None
    )


def _lookup_is_missing(tenant: Tenant) -> bool:
    return tenant.lookup_missing_until is not None and tenant.lookup_missing_until > timezone.now()
