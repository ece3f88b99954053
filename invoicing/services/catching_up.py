"""After an outage: everything since a moment that is not settled yet gets its turn now.

Nothing is called here. What waits is made due, so that the workers send, ask, fetch and match it in their own order and at the
provider's pace. What an incident or a suspension holds stays held; what a breaker holds waits for the breaker.
"""

from dataclasses import dataclass, fields
from datetime import datetime

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from cifras.core import audit, wake
from cifras.core.models import Staff
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.fiscal.lifecycle import TERMINAL_LEGAL, VOID_IN_COURSE, LegalStatus, Submission
from invoicing.models import Document, WebhookDelivery
from invoicing.models.document import DocumentQuerySet
from tenants.models import Tenant

_TASKS = ("submit", "resolve", "pac_status_poll", "void", "inbox")


@dataclass(frozen=True, slots=True)
class Backlog:
    """How much is not settled yet, by what it waits for; voids and webhooks apart from the documents."""

    to_send: int = 0
    unconfirmed: int = 0
    without_last_word: int = 0
    without_pdf: int = 0
    voids: int = 0
    webhooks: int = 0

    @property
    def total(self) -> int:
        """All of it."""
        return sum(getattr(self, each.name) for each in fields(self))


def catch_up(since: datetime, *, actor: Staff, tenant: Tenant | None = None) -> Backlog:
    """Give everything unsettled since `since` its turn now, of one tenant or of all that `actor` may see.

    Answers how much there was. Raises RuleBroken (since_in_future).
    """
    now = timezone.now()
    if since > now:
        raise RuleBroken(
            "since_in_future",
            gettext_noop("Ese momento aún no llega: indique cuándo empezó la caída."),
            "since",
        )
    found = backlog(since, actor=actor, tenant=tenant)
    documents, parked = _documents(since, actor, tenant), _parked(since, actor, tenant)
    with transaction.atomic():
        documents.filter(_TO_SEND | _UNCONFIRMED | _WITHOUT_LAST_WORD | _WITHOUT_PDF).update(due_at=now)
        documents.filter(_VOIDS).update(void_due_at=now)
        parked.update(due_at=now)
        audit.record(
            "documents.caught_up",
            actor=actor,
            tenant_uid=tenant.uid if tenant else None,
            target=tenant,
            after={each.name: getattr(found, each.name) for each in fields(found)} | {"since": since},
        )
        for task in _TASKS:
            wake(f"invoicing.{task}")
    return found


def backlog(since: datetime, *, actor: Staff, tenant: Tenant | None = None) -> Backlog:
    """How much is unsettled since `since`, of what `actor` may see: two queries."""
    counts = _documents(since, actor, tenant).aggregate(
        to_send=Count("pk", filter=_TO_SEND),
        unconfirmed=Count("pk", filter=_UNCONFIRMED),
        without_last_word=Count("pk", filter=_WITHOUT_LAST_WORD),
        without_pdf=Count("pk", filter=_WITHOUT_PDF),
        voids=Count("pk", filter=_VOIDS),
    )
    return Backlog(**counts, webhooks=_parked(since, actor, tenant).count())


_TO_SEND = Q(submission=Submission.QUEUED, held_reason="")
_UNCONFIRMED = Q(submission=Submission.UNKNOWN)
_WITHOUT_LAST_WORD = Q(submission=Submission.ACCEPTED) & ~Q(legal_status__in=TERMINAL_LEGAL)
_WITHOUT_PDF = Q(
    submission=Submission.ACCEPTED,
    legal_status=LegalStatus.DGI_AUTHORIZED,
    has_pdf=False,
    due_at__isnull=False,  # nothing is due where the provider has no PDF to give
)
# One that was left to a person has no turn of its own.
_VOIDS = Q(void_status__in=VOID_IN_COURSE, void_due_at__isnull=False)


def _documents(since: datetime, actor: Staff, tenant: Tenant | None) -> DocumentQuerySet:
    """What was under way since then, by the small indexes over what is not settled."""
    touched = (
        Q(queued_at__gte=since)
        | Q(last_attempt_at__gte=since)
        | Q(accepted_at__gte=since)
        | Q(void_requested_at__gte=since)
    )
    unsettled = Q(due_at__isnull=False) | Q(void_due_at__isnull=False) | Q(submission=Submission.UNKNOWN)
    documents = Document.objects.visible_to(actor).filter(touched, unsettled)
    return documents.filter(tenant=tenant) if tenant else documents


def _parked(since: datetime, actor: Staff, tenant: Tenant | None) -> QuerySet[WebhookDelivery]:
    waiting = [WebhookDelivery.State.PARKED, WebhookDelivery.State.NEW, WebhookDelivery.State.FAILED]
    rows = WebhookDelivery.objects.visible_to(actor).filter(
        verdict=WebhookDelivery.Verdict.SIGNED, state__in=waiting, received_at__gte=since
    )
    return rows.filter(tenant=tenant) if tenant else rows
