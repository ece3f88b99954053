"""The numbers of the home page: what needs somebody, counted in six queries over small indexes, kept for 30 seconds.

Numbers only: which of them a person may open is decided when the page is drawn.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.core.cache import cache
from django.db.models import Count, Min, Q, QuerySet, Sum, TextField, Value
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce, TruncDate
from django.utils import timezone

from cifras.core.models import Proposal, Staff
from cifras.fiscal.lifecycle import LegalStatus
from cifras.fiscal.zones import PANAMA, local_date
from invoicing.models import Document, DocumentMail, Incident, Mirror, NumberSeries, WebhookDelivery
from invoicing.models.choices import Kind, Mode
from invoicing.models.document import DocumentQuerySet
from invoicing.services import attention, listing
from invoicing.services.mirroring.standing import troubled
from reports.services.closing.open_months import to_close
from reports.services.facts import last_month
from tenants.access import tenants_for, visible_tenant_uids
from tenants.models import Certificate, Tenant

CLOSING_HOURS = (1, 6, 24)
CERTIFICATE_DAYS = 60
CHART_DAYS = 14
KEPT_SECONDS = 30

type Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rejection:
    """Documents of one kind rejected today with the same first complaint; `message` is one of theirs, as received."""

    kind: str
    code: str
    field: str
    message: str
    count: int


@dataclass(frozen=True, slots=True)
class HomeFigures:
    """Counts by name; those of documents by kind. `environment` is "live" once there is a live tenant, else "all"."""

    counts: Mapping[str, int]
    closing: Mapping[str, Row]
    moving: Mapping[str, Row]
    doubtful: Mapping[str, Row]
    rejections: tuple[Rejection, ...]
    issued: Mapping[tuple[date, str], int]
    environment: str
    at: datetime


def home_figures(staff: Staff) -> HomeFigures:
    """The figures for what `staff` may see, at most 30 seconds old; a grant that changes counts at once."""
    key = _key("home", staff)
    figures: HomeFigures | None = cache.get(key)
    if figures is None:
        figures = read_figures(staff, timezone.now())
        cache.set(key, figures, KEPT_SECONDS)
    return figures


def environments_seen(staff: Staff) -> frozenset[str]:
    """The environments of the companies that `staff` may see, as old as the figures may be: every page asks for them."""
    key = _key("environments", staff)
    seen: frozenset[str] | None = cache.get(key)
    if seen is None:
        seen = frozenset(tenants_for(staff).order_by().values_list("environment", flat=True).distinct())
        cache.set(key, seen, KEPT_SECONDS)
    return seen


def _key(what: str, staff: Staff) -> str:
    """Under which name it is kept: another one as soon as the person sees other companies."""
    sight = visible_tenant_uids(staff)
    seen = "all" if sight is None else hashlib.sha256(repr(sorted(sight)).encode()).hexdigest()
    return f"reports.{what}.{staff.uid}.{seen}"


def read_figures(staff: Staff, now: datetime) -> HomeFigures:
    """The figures as of now: six queries."""
    visible = tenants_for(staff)
    counts = _counts(visible, now)
    documents = Document.objects.issued_by_us().filter(tenant__in=visible)
    environment = "all"
    if counts["live"]:
        environment = Tenant.Environment.LIVE.value
        documents = documents.filter(environment=environment)
    return HomeFigures(
        counts=counts,
        closing=_closing(documents, now),
        moving=_moving(documents, now),
        doubtful=_doubtful(documents),
        rejections=_rejections(documents, now),
        issued=_issued(documents, now),
        environment=environment,
        at=now,
    )


def chart_days(now: datetime) -> list[date]:
    """The days of the chart, today last."""
    today = local_date(now)
    return [today - timedelta(days=ago) for ago in reversed(range(CHART_DAYS))]


def _counts(visible: QuerySet[Tenant], now: datetime) -> dict[str, int]:
    """Everything that is not a document, in one query."""
    expiring = now + timedelta(days=CERTIFICATE_DAYS)
    parts = {
        "tenants": visible,
        "live": visible.filter(environment=Tenant.Environment.LIVE),
        "onboarding": visible.filter(state=Tenant.State.ONBOARDING),
        "incidents": Incident.objects.filter(tenant__in=visible, released_at=None),
        "parked": WebhookDelivery.objects.filter(
            tenant__in=visible, due_at__isnull=False, state=WebhookDelivery.State.PARKED
        ),
        "mirrors": troubled(Mirror.objects.filter(tenant__in=visible)),
        "number_gaps": NumberSeries.objects.filter(office__tenant__in=visible, gap_count__gt=0),
        "proposals": Proposal.objects.open().filter(tenant_uid__in=visible.values("uid")),
        "invalid_invoices": _mailed(visible, Kind.INVOICE).filter(attention.invalid_in_hand(now)),
        "invalid_credits": _mailed(visible, Kind.CREDIT).filter(attention.invalid_in_hand(now)),
        "mails_troubled": _mailed(visible, Kind.INVOICE).filter(attention.mail_troubled(now)),
        "months_to_close": to_close(visible, last_month(now)),
        "certificates": Certificate.objects.filter(
            tenant__in=visible, replaced_at=None, not_after__lte=expiring
        ),
    }
    first, *others = [_counted(name, rows) for name, rows in parts.items()]
    return dict.fromkeys(parts, 0) | dict(first.union(*others, all=True))


def _mailed(visible: QuerySet[Tenant], kind: Kind) -> DocumentQuerySet:
    """The documents that were ever mailed: few beside all that there are."""
    mailed = DocumentMail.objects.filter(document__tenant__in=visible).values("document")
    return Document.objects.filter(kind=kind, pk__in=mailed)


def _counted(name: str, rows: QuerySet[Any]) -> Any:
    named = rows.order_by().annotate(figure=Value(name)).values("figure")
    return named.annotate(count=Count("pk")).values_list("figure", "count")


def _closing(documents: DocumentQuerySet, now: datetime) -> dict[str, Row]:
    numbers: dict[str, Any] = {}
    for hours in CLOSING_HOURS:
        inside = Q(void_deadline__lte=now + timedelta(hours=hours))
        numbers[f"within_{hours}"] = Count("pk", filter=inside)
        numbers[f"amount_{hours}"] = _sum(inside)
    return _by_kind(listing.closing_within(documents, max(CLOSING_HOURS), now=now), **numbers)


def _moving(documents: DocumentQuerySet, now: datetime) -> dict[str, Row]:
    unconfirmed, without_pdf = attention.UNCONFIRMED, attention.without_pdf(now)
    waiting, stuck = attention.waiting_for_dgi(now), attention.stuck(now)
    closing = attention.send_by_closing(now)
    return _by_kind(
        documents.filter(unconfirmed | without_pdf | waiting | stuck | closing),
        unconfirmed=Count("pk", filter=unconfirmed),
        unconfirmed_amount=_sum(unconfirmed),
        unconfirmed_since=Min("last_attempt_at", filter=unconfirmed),
        without_pdf=Count("pk", filter=without_pdf),
        waiting_for_dgi=Count("pk", filter=waiting),
        stuck=Count("pk", filter=stuck),
        send_by_closing=Count("pk", filter=closing),
    )


def _doubtful(documents: DocumentQuerySet) -> dict[str, Row]:
    conflicting, in_doubt = attention.CONFLICTING, attention.VOID_IN_DOUBT
    return _by_kind(
        documents.filter(conflicting | in_doubt),
        conflicting=Count("pk", filter=conflicting),
        void_in_doubt=Count("pk", filter=in_doubt),
    )


def _rejections(documents: DocumentQuerySet, now: datetime) -> tuple[Rejection, ...]:
    rows = (
        documents.filter(attention.rejected_today(now))
        .order_by()
        .values("kind", code=_first_problems("code"), field=_first_problems("field"))
        .annotate(count=Count("pk"), message=Min(KT("problems__0__message")))
        .order_by("-count", "code", "field", "kind")
    )
    return tuple(
        Rejection(row["kind"], row["code"], row["field"], row["message"] or "", row["count"]) for row in rows
    )


def _first_problems(member: str) -> Any:
    return Coalesce(KT(f"problems__0__{member}"), Value(""), output_field=TextField())


def _issued(documents: DocumentQuerySet, now: datetime) -> dict[tuple[date, str], int]:
    """Authorised by the DGI, by local day of issue and kind."""
    start = datetime.combine(chart_days(now)[0], time.min, tzinfo=PANAMA)
    rows = (
        documents.filter(
            mode=Mode.DGI, legal_status=LegalStatus.DGI_AUTHORIZED, issue_date__gte=start, issue_date__lte=now
        )
        .order_by()
        .values("kind", day=TruncDate("issue_date", tzinfo=PANAMA))
        .annotate(count=Count("pk"))
    )
    return {(row["day"], row["kind"]): row["count"] for row in rows}


def _by_kind(rows: DocumentQuerySet, **numbers: Any) -> dict[str, Row]:
    return {row["kind"]: row for row in rows.order_by().values("kind").annotate(**numbers)}


def _sum(condition: Q) -> Any:
    return Coalesce(Sum("total", filter=condition), Decimal(0))
