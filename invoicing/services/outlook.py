"""What holds up everybody now: a provider that does not answer, and accounts that it refused. Read often, so kept for seconds."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from django.core.cache import cache
from django.db.models import Count, F, IntegerField, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce, NullIf
from django.utils import timezone

from cifras.core.models import Staff
from cifras.core.scopes import all_tenants
from cifras.fiscal.lifecycle import VOID_IN_COURSE, Submission
from invoicing.models import Document, Incident, ProviderHealth
from tenants.access import visible_tenant_uids
from tenants.models import Tenant

KEPT_SECONDS = 10
_MOST_INCIDENTS = 5
_NAME = Coalesce(NullIf("tenant__trade_name", Value("")), "tenant__legal_name")


@dataclass(frozen=True, slots=True)
class Outage:
    """A provider that is being left alone until `retry_at`; `waiting` documents of one's own tenants stand in its queue."""

    provider: str
    environment: str
    waiting: int
    retry_at: datetime


@dataclass(frozen=True, slots=True)
class Held:
    """One open incident: `documents` of the tenant wait for its release."""

    uid: str
    tenant: str
    tenant_uid: str
    message: str
    documents: int


@dataclass(frozen=True, slots=True)
class Outlook:
    """`incidents` are the newest; `more` stand behind them."""

    outages: tuple[Outage, ...] = ()
    incidents: tuple[Held, ...] = ()
    more: int = 0


def outlook_for(staff: Staff, *, tenant: Tenant | None = None) -> Outlook:
    """What holds up the queues of the tenants that `staff` may see, or of one of them; ten seconds old at most.

    While nothing is wrong anywhere it costs two queries every ten seconds, whoever asks.
    """
    if not cache.get_or_set("invoicing.outlook", _is_something_wrong, KEPT_SECONDS):
        return Outlook()
    sight = visible_tenant_uids(staff)
    seen = "all" if sight is None else hashlib.sha256(repr(sorted(sight)).encode()).hexdigest()
    key = f"invoicing.outlook.{staff.uid}.{seen}.{tenant.uid if tenant else ''}"
    outlook: Outlook | None = cache.get(key)
    if outlook is None:
        outlook = read_outlook(staff, tenant=tenant)
        cache.set(key, outlook, KEPT_SECONDS)
    return outlook


def read_outlook(staff: Staff, *, tenant: Tenant | None = None) -> Outlook:
    """As `outlook_for`, as of now."""
    incidents = _incidents(staff, tenant)
    return Outlook(
        outages=tuple(_outages(staff, tenant)),
        incidents=tuple(incidents[:_MOST_INCIDENTS]),
        more=max(len(incidents) - _MOST_INCIDENTS, 0),
    )


@all_tenants(reason="whether anything is held anywhere, kept for everybody")
def _is_something_wrong() -> bool:
    is_held = Incident.objects.filter(released_at=None).exists()
    return is_held or ProviderHealth.objects.filter(open_until__gt=timezone.now()).exists()


def _outages(staff: Staff, tenant: Tenant | None) -> list[Outage]:
    open_ones = ProviderHealth.objects.filter(open_until__gt=timezone.now()).order_by(
        "provider", "environment"
    )
    if tenant:
        open_ones = open_ones.filter(provider=tenant.pac_provider, environment=tenant.environment)
    found = list(open_ones)
    if not found:
        return []
    counts = _waiting(staff, tenant)
    return [
        Outage(row.provider, row.environment, counts.get((row.provider, row.environment), 0), row.open_until)
        for row in found
        if row.open_until
    ]


def _waiting(staff: Staff, tenant: Tenant | None) -> dict[tuple[str, str], int]:
    due = Q(submission__in=[Submission.QUEUED, Submission.UNKNOWN], due_at__isnull=False) | Q(
        void_status__in=VOID_IN_COURSE, void_due_at__isnull=False
    )
    documents = Document.objects.visible_to(staff).filter(due, held_reason="")
    if tenant:
        documents = documents.filter(tenant=tenant)
    rows = documents.order_by().values("provider", "environment").annotate(count=Count("pk"))
    return {(row["provider"], row["environment"]): row["count"] for row in rows}


def _incidents(staff: Staff, tenant: Tenant | None) -> list[Held]:
    held = Document.objects.filter(
        tenant=OuterRef("tenant"), submission=Submission.QUEUED, held_reason=OuterRef("code")
    )
    counted = held.order_by().values("tenant").annotate(count=Count("pk")).values("count")
    rows = Incident.objects.visible_to(staff).filter(released_at=None)
    if tenant:
        rows = rows.filter(tenant=tenant)
    documents = Coalesce(Subquery(counted, output_field=IntegerField()), 0)
    shown = rows.annotate(documents=documents, name=_NAME, owner=F("tenant__uid"))
    return [
        Held(str(row["uid"]), row["name"], str(row["owner"]), row["message"], row["documents"])
        for row in shown.order_by("-pk").values("uid", "name", "owner", "message", "documents")
    ]
