"""What closed months say to those who build on them: what may be billed, and which documents it was.

Billable is a live document of mode DGI that the DGI authorised, counted in the month in which it was issued or, by adjustment, in
the month in which its late authorisation was booked; once, even if it is voided later. `voided` are those of them that lost their
effect, so that a plan may forgive them.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from django.db.models import Count, Q, QuerySet

from cifras.fiscal.document import Kind
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.fiscal.lifecycle import LegalStatus
from invoicing.models import Document
from reports.models import Adjustment, ClosedDocument, MonthClosing, Origin
from tenants.models import Tenant

type Event = Literal["issued", "voided"]

_AUTHORIZED = LegalStatus.DGI_AUTHORIZED
_WAS, _IS = Q(legal_before=_AUTHORIZED), Q(legal_after=_AUTHORIZED)
_IN_FORCE_BEFORE, _IN_FORCE_AFTER = _WAS & Q(voided_before=False), _IS & Q(voided_after=False)
_OF_ADJUSTMENT: Mapping[Event, Q] = {
    "issued": _IS & ~_WAS,
    # In force before and no longer; or authorised and voided since the month was closed.
    "voided": (_IN_FORCE_BEFORE & ~_IN_FORCE_AFTER) | (~_WAS & _IS & Q(voided_after=True)),
}
_OF_MONTH: Mapping[Event, Q] = {
    "issued": Q(legal_status=_AUTHORIZED),
    "voided": Q(legal_status=_AUTHORIZED, is_voided=True),
}


@dataclass(frozen=True, slots=True)
class BillableEvent:
    """So many documents of one kind were issued or voided. `cause` is empty for the month itself, else the adjustment's."""

    event: Event
    kind: Kind
    origin_month: date
    count: int
    cause: str = ""


def closed(tenant: Tenant, month: date) -> MonthClosing | None:
    """The closing that stands for a tenant's month; None while the month is open."""
    return closings_of(month, [tenant]).get(tenant.pk)


def closings_of(month: date, tenants: Iterable[Tenant] | QuerySet[Tenant]) -> dict[int, MonthClosing]:
    """The closings that stand for a month, by the tenant's key: one query."""
    rows = MonthClosing.objects.filter(month=month, state=MonthClosing.State.CLOSED, tenant__in=tenants)
    return {row.tenant_id: row for row in rows}


def adjustments_of(tenant: Tenant, month: date) -> QuerySet[Adjustment]:
    """The adjustments that are booked in a month and stand: those of a month that was reopened do not."""
    return Adjustment.objects.filter(
        tenant=tenant,
        environment=tenant.environment,
        booked_month=month,
        closing__state=MonthClosing.State.CLOSED,
    )


def billable_events(tenant: Tenant, month: date) -> Sequence[BillableEvent]:
    """What a closed month has to be billed for, none with a count of nought. Raises RuleBroken (month_open)."""
    closing = _require_closed(tenant, month)
    if not tenant.is_live:
        return []
    found = [
        BillableEvent(event, Kind(kind), month, count)
        for event, kinds in _own(closing).items()
        for kind, count in sorted(kinds.items())
    ]
    adjusted: Counter[tuple[Event, str, date, str]] = Counter()
    rows = adjustments_of(tenant, month).filter(origin=Origin.ISSUED)
    for event, condition in _OF_ADJUSTMENT.items():
        named = rows.filter(condition).order_by().values_list("kind", "origin_month", "cause")
        for kind, origin_month, cause, count in named.annotate(Count("pk")):
            adjusted[event, kind, origin_month, cause] += count
    return found + [
        BillableEvent(event, Kind(kind), origin_month, count, cause)
        for (event, kind, origin_month, cause), count in sorted(adjusted.items())
    ]


def billable_documents(
    tenant: Tenant,
    month: date,
    event: Event,
    kind: Kind,
    origin_month: date,
    cause: str | None = None,
    closing: MonthClosing | None = None,
) -> QuerySet[Document]:
    """The documents behind an event; of all causes, or of one. Raises RuleBroken (month_open).

    `closing`: the one that stands, where the caller has it at hand.
    """
    closing = closing or _require_closed(tenant, month)
    if not tenant.is_live:
        return Document.objects.none()
    if origin_month == month:
        rows = ClosedDocument.objects.filter(_OF_MONTH[event], closing=closing, origin=Origin.ISSUED)
        return _documents(tenant, rows.filter(kind=kind).values("document_uid"))
    adjusted = adjustments_of(tenant, month).filter(
        _OF_ADJUSTMENT[event], origin=Origin.ISSUED, kind=kind, origin_month=origin_month
    )
    if cause is not None:
        adjusted = adjusted.filter(cause=cause)
    return _documents(tenant, adjusted.values("document_uid"))


def _own(closing: MonthClosing) -> dict[Event, dict[str, int]]:
    rows = ClosedDocument.objects.filter(closing=closing, origin=Origin.ISSUED).order_by()
    return {
        event: dict(rows.filter(condition).values_list("kind").annotate(Count("pk")))
        for event, condition in _OF_MONTH.items()
    }


def _documents(tenant: Tenant, uids: QuerySet[Any, Any]) -> QuerySet[Document]:
    return Document.objects.filter(tenant=tenant, uid__in=uids)


def _require_closed(tenant: Tenant, month: date) -> MonthClosing:
    closing = closed(tenant, month)
    if closing is None:
        raise RuleBroken(
            "month_open",
            gettext_noop("El mes {month} no está cerrado: ciérrelo antes."),
            "month",
            month=f"{month:%m/%Y}",
        )
    return closing
