"""Looking into stored webhooks: each is a hint about a document, which is then read at the provider and believed there.

A delivery may overtake the answer to our own post. What matches nothing yet is asked about where a document of ours still
waits for its answer, else parked and tried again: by this timer, and at once when the submission is applied. Source: domain 7.
"""

import logging
import re
import traceback
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from cifras.core import audit, wake
from cifras.core.context import act_context
from cifras.core.masking import mask
from cifras.core.models import Staff
from cifras.fiscal import cufe
from cifras.fiscal.document import Kind
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.fiscal.lifecycle import PERSON_ACCEPTS, TERMINAL_LEGAL, LegalStatus, Submission
from cifras.pac.contract import Capability, PacEvent
from cifras.pac.errors import Busy, NotDelivered, NotFound, PacError, Unsettled
from invoicing.models import Document, WebhookDelivery
from invoicing.models.document import DocumentQuerySet
from invoicing.services import identity, incidents, receiving, timeline, tracking
from invoicing.services.asking import ask_all
from invoicing.services.lanes import Account
from invoicing.services.leases import lease
from invoicing.services.mirroring.bringing import bring_one
from tenants.models import Tenant
from tenants.services.accounts import company_id, provider_for, provider_spec

logger = logging.getLogger(__name__)

State = WebhookDelivery.State
Effect = WebhookDelivery.Effect

_WAITS = (
    timedelta(seconds=10),
    timedelta(minutes=1),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(days=1),
)
_GIVEN_UP_AFTER = timedelta(days=7)
_TRANSIENT = (Unsettled, NotDelivered, Busy)
_TRACEBACK_LENGTH = 20_000
# An id becomes part of an address: what could lead elsewhere is not asked for.
_MAY_BE_ASKED_FOR = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,99}")


def process_due(*, limit: int = 50) -> int:
    """Look into the signed deliveries whose turn has come; answers how many there were.

    A delivery is claimed by moving its `due_at` beyond a lease, so that two workers never share one and what a killed worker
    held comes up again.
    """
    now = timezone.now()
    due = Q(due_at__lte=now, verdict=WebhookDelivery.Verdict.SIGNED)
    for provider, environment in incidents.open_circuits(now):
        due &= ~Q(tenant__pac_provider=provider, tenant__environment=environment)
    waiting = WebhookDelivery.objects.select_related("tenant").filter(due).order_by("due_at", "pk")
    return ask_all(waiting[:limit], _account_of, _look_into)


def reprocess(delivery: WebhookDelivery, *, actor: Staff | None) -> WebhookDelivery:
    """Put a signed delivery back to the beginning. RuleBroken (delivery_not_signed) for any other."""
    if delivery.verdict != WebhookDelivery.Verdict.SIGNED:
        raise RuleBroken(
            "delivery_not_signed",
            gettext_noop(
                "Esta entrega no trae una firma válida y no se procesa. Si el documento es suyo, actualícelo desde su página."
            ),
        )
    with transaction.atomic():
        WebhookDelivery.objects.filter(pk=delivery.pk).update(
            state=State.NEW, effect="", due_at=timezone.now(), attempts=0, traceback="", processed_at=None
        )
        audit.record(
            "webhook.reprocessed",
            actor=actor,
            tenant_uid=delivery.tenant.uid,
            target=delivery,
            before={"state": delivery.state},
        )
        wake("invoicing.inbox")
    delivery.refresh_from_db()
    return delivery


def _account_of(delivery: WebhookDelivery) -> Account:
    return delivery.tenant.pac_provider, delivery.tenant.environment


def _look_into(delivery: WebhookDelivery) -> bool:
    if not _claim(delivery):
        return False
    _process(delivery)
    return True


def _claim(delivery: WebhookDelivery) -> bool:
    until = timezone.now() + lease()
    free = WebhookDelivery.objects.filter(pk=delivery.pk, state=delivery.state, due_at=delivery.due_at)
    if not free.update(due_at=until, attempts=F("attempts") + 1):
        return False
    delivery.due_at, delivery.attempts = until, delivery.attempts + 1
    return True


def _process(delivery: WebhookDelivery) -> None:
    with act_context():
        try:
            content = receiving.read_body(delivery.body.encode())
            _follow(delivery, receiving.read_event(delivery.tenant, content))
        except PacError as error:
            logger.warning("Webhook delivery %s could not be followed: %s", delivery.uid, error.code)
            _fail(delivery, _next_try(delivery, error) if isinstance(error, _TRANSIENT) else None)
        except Exception:
            # One delivery that cannot be understood must not stop those behind it.
            logger.exception("Webhook delivery %s failed", delivery.uid)
            _fail(delivery, None)


def _follow(delivery: WebhookDelivery, event: PacEvent) -> None:
    if event.is_probe or not event.document_id:
        _finish(delivery, State.IGNORED, Effect.PROBE)
        return
    documents = Document.objects.select_related("tenant", "office")
    document = documents.filter(tenant=delivery.tenant, document_id=event.document_id).first()
    if document and _is_old_news(delivery, document):
        _finish(delivery, State.IGNORED, Effect.OLD, document)
    elif document:
        _note(delivery, document)
        before = _known(document)
        _ask_again(document)
        _finish(delivery, State.PROCESSED, _effect(before, _known(document)), document)
    elif found := _found(delivery.tenant, event):
        _note(delivery, found)
        effect = Effect.MIRRORED if found.is_mirrored else Effect.ADOPTED
        _finish(delivery, State.PROCESSED, effect, found)
    else:
        _park(delivery)


def _ask_again(document: Document) -> None:
    if document.is_mirrored and document.submission == Submission.REFUSED:
        # Where the provider has taken it in by now, the notes that wait for it come with it.
        bring_one(document.tenant, document.document_id)
        document.refresh_from_db()
    else:
        tracking.refresh(document, source="webhook")


def _known(document: Document) -> dict[str, object]:
    """What news may change of a document, by the effect that a change of it is."""
    return {
        Effect.LEGAL: (document.legal_status, document.legal_conflict, document.submission),
        Effect.FILES: document.attachments.count(),
        Effect.NEWS: (document.raw_legal_status, document.cufe, document.protocol, document.qr),
    }


def _effect(before: dict[str, object], after: dict[str, object]) -> str:
    """The weightiest of what changed; that nothing did is an answer too."""
    return next((effect for effect, value in after.items() if before[effect] != value), Effect.SAME)


def _is_old_news(delivery: WebhookDelivery, document: Document) -> bool:
    """The word that the document ended with, and that was looked into before: nothing is left to learn."""
    if LegalStatus(document.legal_status) not in TERMINAL_LEGAL:
        return False
    if delivery.raw_legal_status != document.raw_legal_status:
        return False
    same = WebhookDelivery.objects.filter(
        tenant=delivery.tenant,
        pac_document_id=delivery.pac_document_id,
        raw_legal_status=delivery.raw_legal_status,
        state=State.PROCESSED,
    )
    return same.exclude(pk=delivery.pk).exists()


def _found(tenant: Tenant, event: PacEvent) -> Document | None:
    """The document under an id that nobody here knows yet; None if there is none.

    One account of a provider that is mirrored opens every company of it, so there it is asked first whose document it is.
    """
    if not _MAY_BE_ASKED_FOR.fullmatch(event.document_id):
        return None
    is_mirrored = provider_spec(tenant).can(Capability.MIRROR)
    return _brought(tenant, event) if is_mirrored else _adopt(tenant, event)


def _adopt(tenant: Tenant, event: PacEvent) -> Document | None:
    """The document of ours, still waiting for its answer, that the provider holds under the event's id; None if there is none."""
    kinds = _awaited(tenant, event).order_by("kind").values_list("kind", flat=True).distinct()
    for kind in list(kinds):
        try:
            answer = provider_for(tenant).read(Kind(kind), company_id(tenant), event.document_id)
        except NotFound:
            continue
        known = replace(answer, document_id=answer.document_id or event.document_id)
        if document := tracking.adopt(tenant, Kind(kind), known, source="webhook"):
            return document
    return None


def _brought(tenant: Tenant, event: PacEvent) -> Document | None:
    """The document that was issued at the provider without us, or that waits for its answer; None if there is none."""
    try:
        return bring_one(tenant, event.document_id)
    except NotFound:
        return None


def _awaited(tenant: Tenant, event: PacEvent) -> DocumentQuerySet:
    """The tenant's documents that may exist without our knowing, narrowed to those the event names if it names any."""
    sent = (
        Q(submission__in=[Submission.SENDING, Submission.UNKNOWN])
        | Q(submission=Submission.QUEUED, attempts_made__gt=0)
        | Q(submission__in=PERSON_ACCEPTS, settled_by_person=True)
    )
    awaited = Document.objects.filter(sent, tenant=tenant)
    if read := cufe.read(event.cufe):
        return awaited.filter(number=read.number, security_code=read.security_code)
    if event.number:
        return awaited.filter(number__in=identity.stored_numbers(event.number))
    return awaited


def _note(delivery: WebhookDelivery, document: Document) -> None:
    """Tell the document's timeline, once per delivery however often it is tried."""
    with transaction.atomic():
        unlinked = WebhookDelivery.objects.filter(pk=delivery.pk, document_uid=None)
        if unlinked.update(document_uid=document.uid):
            detail = {"delivery": delivery.uid, "legal_status": delivery.raw_legal_status}
            timeline.note(document, "webhook_received", detail=detail)


def _finish(delivery: WebhookDelivery, state: str, effect: str, document: Document | None = None) -> None:
    WebhookDelivery.objects.filter(pk=delivery.pk).update(
        state=state,
        effect=effect,
        document_uid=document.uid if document else None,
        due_at=None,
        processed_at=timezone.now(),
        traceback="",
    )


def _park(delivery: WebhookDelivery) -> None:
    """Nothing matches yet: later again, and after a week no more, though it stays to be seen."""
    due_at = _next_try(delivery)
    if due_at is None:
        _finish(delivery, State.IGNORED, Effect.UNMATCHED)
    else:
        _release(delivery, state=State.PARKED, due_at=due_at, traceback="")


def _fail(delivery: WebhookDelivery, due_at: datetime | None) -> None:
    trace = audit.plain_json(mask(traceback.format_exc()))[-_TRACEBACK_LENGTH:]
    _release(delivery, state=State.FAILED, due_at=due_at, traceback=trace)


def _release(delivery: WebhookDelivery, **changes: object) -> None:
    """Give up the claim; whoever moved the turn meanwhile (the answer to our post came) keeps it."""
    WebhookDelivery.objects.filter(pk=delivery.pk, due_at=delivery.due_at).update(**changes)


def _next_try(delivery: WebhookDelivery, error: PacError | None = None) -> datetime | None:
    """When to try again, ever more rarely; None once the delivery is a week old."""
    now = timezone.now()
    if now - delivery.received_at >= _GIVEN_UP_AFTER:
        return None
    wait = _WAITS[min(delivery.attempts, len(_WAITS)) - 1]
    if error is not None and error.retry_after is not None:
        wait = max(wait, timedelta(seconds=error.retry_after))
    return now + wait
