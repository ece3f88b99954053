"""Asking the provider to send a document's webhook again: by hand, and a few times by itself when one is overdue.

The call goes through the queue. It is safe to repeat, since a webhook is a hint and has one effect however often it comes.
Source: domain 7, Alanube's contract 6.
"""

import logging
import uuid
from datetime import datetime, timedelta
from urllib.parse import quote

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from cifras.core import audit, wake
from cifras.core.context import act_context
from cifras.core.masking import mask, one_line
from cifras.core.models import Staff
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.fiscal.lifecycle import TERMINAL_LEGAL, Submission
from cifras.pac.contract import Capability
from cifras.pac.errors import Busy, NotDelivered, PacError, Unsettled
from invoicing.models import Document, WebhookDelivery, WebhookRequest
from invoicing.services import incidents, timeline
from invoicing.services.finding import get_document
from invoicing.services.leases import lease, queue_wait
from tenants.models import Tenant
from tenants.services.accounts import provider_for, provider_spec
from tenants.services.providers import provider_names

logger = logging.getLogger(__name__)

State = WebhookRequest.State

# How long after acceptance a webhook is overdue: for the first, the second and the last time that it is asked for.
OVERDUE_AFTER = (timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))
_LONGEST_OVERDUE = timedelta(days=2)
_MOST_TRIES = 3
_ROUND = 50
_DOOR = "/webhooks/pac"
_TRANSIENT = (Unsettled, NotDelivered, Busy)
_ERROR_LENGTH = 500


def request_webhook(document_id: uuid.UUID | str, *, actor: Staff | None) -> WebhookRequest:
    """Queue the wish that the document's webhook come again; one that waits already is answered. Raises RuleBroken."""
    document = get_document(document_id, actor=actor)
    require_askable(document)
    with transaction.atomic():
        request, made = _queued(document, actor=actor)
        if made:
            timeline.note(document, "webhook_requested", actor=actor)
            audit.record(
                "document.webhook_requested", actor=actor, tenant_uid=document.tenant.uid, target=document
            )
            wake("invoicing.request_webhooks")
    return request


def require_askable(document: Document) -> None:
    """Raises RuleBroken, with the reason, when no webhook of the document can be asked for."""
    if not provider_spec(document.provider).can(Capability.RESEND_WEBHOOK):
        raise RuleBroken(
            "webhook_not_resent",
            gettext_noop("El proveedor de este documento no repite webhooks: use «Actualizar»."),
            "document",
        )
    if document.submission != Submission.ACCEPTED or not document.document_id:
        raise RuleBroken(
            "webhook_of_unknown_document",
            gettext_noop("No consta en el PAC con un identificador: no hay webhook que pedir."),
            "document",
        )
    if not settings.PAC_WEBHOOK_URL or not _secret_of(document.tenant):
        raise RuleBroken(
            "webhook_not_configured",
            gettext_noop(
                "Falta nuestra dirección o el secreto de los webhooks en la configuración: no hay adónde pedirlo."
            ),
            "document",
        )


def request_due(*, limit: int = 50) -> int:
    """Ask for what is overdue and for what somebody wished; answers how many calls were made."""
    _wish_for_overdue(timezone.now())
    asked, now = 0, timezone.now()
    due = askable(now).filter(due_at__lte=now).select_related("document__tenant")
    for request in due[:limit]:
        if _claim(request):
            asked += 1
            _ask(request)
    return asked


def askable(now: datetime) -> QuerySet[WebhookRequest]:
    """The wishes that wait for nothing but their time."""
    waiting = WebhookRequest.objects.filter(state=State.QUEUED, due_at__isnull=False)
    for provider, environment in incidents.open_circuits(now):
        waiting = waiting.exclude(document__provider=provider, document__environment=environment)
    return waiting.order_by("due_at", "pk")


def callback_address(company_id: str) -> str:
    """Where the provider is to knock for this company (setting PAC_WEBHOOK_URL)."""
    base = settings.PAC_WEBHOOK_URL.rstrip("/")
    if base.endswith(f"/{company_id}"):
        return base
    return f"{base.removesuffix(_DOOR)}{_DOOR}/{quote(company_id, safe='')}"


def _wish_for_overdue(now: datetime) -> None:
    """A wish for every document whose webhook has not come in its time, at most one per turn."""
    if not settings.PAC_WEBHOOK_URL:
        return
    # The last turn first: after a standstill a document is asked about once and not three times in a row.
    for turn, wait in reversed(list(enumerate(OVERDUE_AFTER, start=1))):
        for document in _overdue(turn, now - wait, now)[:_ROUND]:
            with transaction.atomic():
                _queued(document, turn=turn)


def _overdue(turn: int, before: datetime, now: datetime) -> QuerySet[Document]:
    """Accepted before that moment, without a last word and without a webhook, and not asked about in this turn yet."""
    rows = Document.objects.filter(
        submission=Submission.ACCEPTED,
        due_at__isnull=False,
        provider__in=[key for key, _name in provider_names(Capability.RESEND_WEBHOOK)],
        accepted_at__lte=before,
        accepted_at__gt=now - _LONGEST_OVERDUE,
    )
    if not settings.PAC_WEBHOOK_SECRET:
        rows = rows.exclude(tenant__webhook_secret="")
    asked = WebhookRequest.objects.filter(Q(turn__gte=turn) | Q(state=State.QUEUED), document=OuterRef("pk"))
    heard = WebhookDelivery.objects.filter(
        tenant=OuterRef("tenant"),
        pac_document_id=OuterRef("document_id"),
        verdict=WebhookDelivery.Verdict.SIGNED,
    )
    rows = rows.exclude(legal_status__in=TERMINAL_LEGAL).exclude(document_id="")
    return rows.filter(~Exists(asked), ~Exists(heard)).select_related("tenant").order_by("pk")


def _queued(
    document: Document, *, turn: int | None = None, actor: Staff | None = None
) -> tuple[WebhookRequest, bool]:
    waiting = WebhookRequest.objects.filter(document=document, state=State.QUEUED)
    if request := waiting.first():
        return request, False
    try:
        with transaction.atomic():
            made = WebhookRequest.objects.create(
                document=document,
                turn=turn,
                due_at=timezone.now(),
                requested_by=actor.uid if actor else None,
                requested_name=actor.username if actor else "",
            )
    except IntegrityError:
        return WebhookRequest.objects.filter(document=document).latest("pk"), False
    return made, True


def _claim(request: WebhookRequest) -> bool:
    """Take it by moving its turn beyond a lease: what a killed worker held comes up again."""
    until = timezone.now() + lease()
    free = WebhookRequest.objects.filter(pk=request.pk, state=State.QUEUED, due_at=request.due_at)
    if not free.update(due_at=until, attempts=F("attempts") + 1):
        return False
    request.due_at, request.attempts = until, request.attempts + 1
    return True


def _ask(request: WebhookRequest) -> None:
    document = request.document
    with act_context():
        try:
            require_askable(document)
            provider = provider_for(document.tenant, document_uid=document.uid)
            answer = provider.resend_webhook(
                document.pac_company_id,
                document.document_id,
                url=callback_address(document.pac_company_id),
                secret=_secret_of(document.tenant),
                user_id=str(request.requested_by or ""),
            )
        except RuleBroken as refusal:
            _close(request, State.FAILED, "webhook_request_failed", refusal.message)
        except PacError as error:
            _settle_failure(request, error)
        else:
            incidents.note_success(document)
            _close(request, State.DONE, "webhook_asked", "", answer.exchange_id)


def _settle_failure(request: WebhookRequest, error: PacError) -> None:
    logger.warning("A webhook of %s was not asked for: %s", request.document.uid, error.code)
    if isinstance(error, Unsettled):
        incidents.note_failure(request.document)
    if not isinstance(error, _TRANSIENT) or request.attempts >= _MOST_TRIES:
        _close(request, State.FAILED, "webhook_request_failed", str(error), error.exchange_id)
        return
    asked = error.retry_after
    wait = queue_wait(request.attempts) if asked is None else timedelta(seconds=asked)
    WebhookRequest.objects.filter(pk=request.pk, due_at=request.due_at).update(due_at=timezone.now() + wait)


def _close(request: WebhookRequest, state: str, code: str, said: str, exchange_id: str = "") -> None:
    said = one_line(mask(said))[:_ERROR_LENGTH]
    with transaction.atomic():
        mine = WebhookRequest.objects.filter(pk=request.pk, state=State.QUEUED, due_at=request.due_at)
        if mine.update(state=state, due_at=None, error=said, exchange_id=exchange_id):
            detail = {"turn": request.turn, "message": said}
            timeline.note(request.document, code, detail=detail, exchange_id=exchange_id)


def _secret_of(tenant: Tenant) -> str:
    """What the webhook is to be signed with: the first of the tenant's own secrets, else of the settings'."""
    own = tenant.webhook_secret.reveal().split(",") if tenant.webhook_secret else settings.PAC_WEBHOOK_SECRET
    return next((secret.strip() for secret in own if secret.strip()), "")
