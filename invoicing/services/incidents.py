"""What holds a queue: incidents of a tenant, suspension, and the circuit breaker of a provider.

An incident is one banner and one "reanudar", never hundreds of rejected documents (domain 6.3). The breaker waits out a
provider that does not answer while its queue grows (domain 6.5, setting PAC_BREAKER).
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from cifras.core import audit, wake
from cifras.core.models import Staff
from cifras.fiscal.errors import gettext_noop
from cifras.fiscal.lifecycle import VOID_IN_COURSE, Submission
from cifras.pac.errors import Incident as AccountRefused
from cifras.pac.errors import PacError, Problem
from invoicing.models import Document, Incident, ProviderHealth
from invoicing.models.document import DocumentQuerySet
from tenants.models import Tenant
from tenants.services import affiliation

LAPSED = "affiliation_lapsed"
SUSPENDED = "tenant_suspended"
TOO_LATE = "send_by_passed"


class AffiliationLapsed(AccountRefused):
    """The company's affiliation is over: what a read of the company told, not an answer to a document."""

    code = LAPSED
    sentence = gettext_noop(
        "La afiliación de la empresa caducó: nada con validez legal puede salir. Rehágala desde su habilitación (código QR "
        "nuevo, escanearlo, completar) y después reanude."
    )


def open_incident(tenant: Tenant, error: PacError) -> Incident:
    """Hold the tenant's queue because of `error`; the same open incident is counted once more."""
    with transaction.atomic():
        incident = _counted(tenant) or _opened(tenant, error)
        _queued(tenant).update(held_reason=incident.code)
        affiliation.heed_complaints(
            tenant, [problem.code for problem in error.problems], exchange_id=error.exchange_id
        )
    return incident


def release(incident: Incident, *, actor: Staff | None) -> int:
    """Close the incident and let the queue go on, voids too; answers how many documents it had held."""
    with transaction.atomic():
        Incident.objects.filter(pk=incident.pk, released_at=None).update(
            released_at=timezone.now(), released_by=actor.username if actor else ""
        )
        now = timezone.now()
        held = _queued(incident.tenant).filter(held_reason=incident.code)
        count = held.update(held_reason="", due_at=now)
        voids = Document.objects.filter(tenant=incident.tenant, void_status__in=VOID_IN_COURSE)
        voids.filter(void_due_at__gt=now).update(void_due_at=now)
        audit.record(
            "incident.released",
            actor=actor,
            tenant_uid=incident.tenant.uid,
            target=incident,
            after={"documents": count},
        )
        wake("invoicing.submit")
        wake("invoicing.void")
    return count


def refresh_holds() -> None:
    """Hold what is queued for tenants that are not active, and let go what was held for one that is again.

    A live tenant whose affiliation has lapsed gets its incident here, whoever learnt of it. What may no longer be sent by law
    is held for good: it is discarded and issued anew.
    """
    _open_for_lapses()
    queued = Document.objects.filter(submission=Submission.QUEUED)
    queued.filter(held_reason="", send_by__lt=timezone.now()).update(held_reason=TOO_LATE)
    stopped = [Tenant.State.SUSPENDED, Tenant.State.CLOSED]
    queued.filter(held_reason="", tenant__state__in=stopped).update(held_reason=SUSPENDED)
    queued.filter(held_reason=SUSPENDED).exclude(tenant__state__in=stopped).update(
        held_reason="", due_at=timezone.now()
    )
    open_incidents = Incident.objects.filter(tenant=OuterRef("tenant"), released_at=None)
    queued.filter(Exists(open_incidents), held_reason="").update(
        held_reason=open_incidents.values("code")[:1]
    )


def open_circuits(now: datetime) -> list[tuple[str, str]]:
    """The (provider, environment) pairs that are being left alone until later."""
    return list(ProviderHealth.objects.filter(open_until__gt=now).values_list("provider", "environment"))


def note_failure(document: Document) -> None:
    """Count one more call that the provider did not answer; too many in a row open the circuit."""
    limit, pause_seconds = settings.PAC_BREAKER
    health = ProviderHealth.objects.filter(pk=_health(document).pk)
    now = timezone.now()
    health.update(failures=F("failures") + 1)
    # Once the pause is over a single call tries; when that one fails too, the circuit stays open for another pause.
    health.filter(Q(failures__gte=limit) | Q(open_until__lte=now)).update(
        failures=0, open_until=now + timedelta(seconds=pause_seconds)
    )


def note_success(document: Document) -> None:
    """The provider answers: the circuit is closed."""
    ProviderHealth.objects.filter(provider=document.provider, environment=document.environment).exclude(
        failures=0, open_until=None
    ).update(failures=0, open_until=None)


def _open_for_lapses() -> None:
    """Only a renewed affiliation ends a lapse: released before that, the incident is opened again."""
    open_ones = Incident.objects.filter(tenant=OuterRef("pk"), released_at=None)
    lapsed = Tenant.objects.filter(
        affiliation_lapsed_at__isnull=False,
        may_issue_live=False,
        environment=Tenant.Environment.LIVE,
        state=Tenant.State.ACTIVE,
    )
    for tenant in lapsed.exclude(Exists(open_ones)):
        error = AffiliationLapsed(problems=(Problem(tenant.affiliated),) if tenant.affiliated else ())
        _opened(tenant, error)


def _health(document: Document) -> ProviderHealth:
    return ProviderHealth.objects.get_or_create(provider=document.provider, environment=document.environment)[
        0
    ]


def _counted(tenant: Tenant) -> Incident | None:
    incident = Incident.objects.filter(tenant=tenant, released_at=None).first()
    if incident:
        Incident.objects.filter(pk=incident.pk).update(times_seen=F("times_seen") + 1)
    return incident


def _opened(tenant: Tenant, error: PacError) -> Incident:
    try:
        with transaction.atomic():
            return Incident.objects.create(
                tenant=tenant,
                code=error.code,
                message=error.message,
                provider_words=error.provider_words,
                http_status=error.status,
                exchange_id=error.exchange_id,
            )
    except IntegrityError:
        return Incident.objects.get(tenant=tenant, released_at=None)


def _queued(tenant: Tenant) -> DocumentQuerySet:
    return Document.objects.filter(tenant=tenant, submission=Submission.QUEUED)
