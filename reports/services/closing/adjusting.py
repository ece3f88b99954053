"""What changes about a closed month is booked beside it: an adjustment in the earliest open month after it, never a frozen row.

The database finds the documents that are no longer as they were frozen; what was booked before is taken into account, so the
sweep may run as often as it likes. Its cue is the roll-up, which marks a closing when it recomputes its month.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from cifras.core import audit
from cifras.fiscal.lifecycle import LegalStatus
from reports.models import Adjustment, Cause, ClosedDocument, MonthClosing
from reports.services import rollups
from reports.services.closing.freezing import MEMBERS, as_they_are
from reports.services.locking import lock_tenant
from reports.services.rollups import cents
from tenants.models import Tenant


class Side(NamedTuple):
    """A document as it counts in its month: what a frozen row says of it."""

    origin: str
    kind: str
    legal_status: str
    is_voided: bool
    currency: str
    net: Decimal
    tax: Decimal
    total: Decimal

    @property
    def is_authorized(self) -> bool:
        """Whether the authority has authorised it, void or not."""
        return self.legal_status == LegalStatus.DGI_AUTHORIZED

    @property
    def amounts(self) -> tuple[Decimal, Decimal, Decimal]:
        """Net, taxes and total."""
        return self.net, self.tax, self.total


type Sides = dict[UUID, Side]


def adjust_due() -> int:
    """Book what changed about the closed months that the roll-up has marked; answers how many adjustments. A sweep."""
    due = MonthClosing.objects.filter(state=MonthClosing.State.CLOSED, due_at__lte=timezone.now())
    return sum(map(_adjust_marked, list(due.order_by("due_at").select_related("tenant"))))


def adjust_before(tenant: Tenant, month: date) -> int:
    """Book what changed about the tenant's closed months before this one is closed, in the caller's transaction.

    What the roll-up has not read yet is looked at, too.
    """
    moved = rollups.months_in_motion(tenant)
    earlier = MonthClosing.objects.filter(
        tenant=tenant, environment=tenant.environment, state=MonthClosing.State.CLOSED, month__lt=month
    )
    return sum(
        len(adjust(closing))
        for closing in earlier.select_related("tenant").order_by("month")
        if closing.due_at is not None or closing.month in moved
    )


def adjust(closing: MonthClosing) -> list[Adjustment]:
    """Book what changed about a closed month since it was frozen or last adjusted; the caller holds the tenant's lock."""
    known, now = _sides(closing)
    booked_month = earliest_open(closing)
    rows = [
        row
        for uid in sorted(known.keys() | now.keys())
        for row in _changes(closing, booked_month, uid, known.get(uid), now.get(uid))
    ]
    if not rows:
        return []
    Adjustment.objects.bulk_create(rows, batch_size=500)
    audit.record(
        "month.adjusted",
        actor=None,
        tenant_uid=closing.tenant.uid,
        target=closing,
        after={"booked_month": booked_month, "causes": dict(Counter(str(row.cause) for row in rows))},
    )
    return rows


def earliest_open(closing: MonthClosing) -> date:
    """The first month after the closed one that is not closed itself."""
    later = MonthClosing.objects.filter(
        tenant=closing.tenant_id,
        environment=closing.environment,
        state=MonthClosing.State.CLOSED,
        month__gt=closing.month,
    )
    closed = set(later.values_list("month", flat=True))
    month = _next(closing.month)
    while month in closed:
        month = _next(month)
    return month


def _adjust_marked(closing: MonthClosing) -> int:
    with transaction.atomic():
        lock_tenant(closing.tenant_id)
        marked = MonthClosing.objects.filter(
            pk=closing.pk, state=MonthClosing.State.CLOSED, due_at=closing.due_at
        )
        # Taken away first: what changes from here on leaves a mark of its own.
        return len(adjust(closing)) if marked.update(due_at=None) else 0


def _sides(closing: MonthClosing) -> tuple[Sides, Sides]:
    """(as it is known, as it is now) of every document that may have changed."""
    frozen = ClosedDocument.objects.filter(closing=closing).order_by()
    current = as_they_are(closing.tenant_id, closing.month, closing.environment)
    kept = frozen.values_list(*MEMBERS)
    now = _read(current.difference(kept))
    known = _read(kept.difference(current))
    booked = {row.document_uid: row for row in closing.adjustments.order_by("pk")}
    # Booked before, and today again as it was frozen.
    back = booked.keys() - now.keys() - known.keys()
    now |= _read(frozen.filter(document_uid__in=back).values_list(*MEMBERS))
    for uid, row in booked.items():
        known.pop(uid, None)
        if row.is_counted:
            known[uid] = _after(row)
    return known, now


def _read(rows: Iterable[Any]) -> Sides:
    """By document; the rows stand in the order of `MEMBERS`."""
    return {
        uid: Side(origin, kind, legal, is_voided, currency, cents(net), cents(tax), cents(total))
        for uid, origin, kind, legal, is_voided, currency, net, tax, total in rows
    }


def _after(row: Adjustment) -> Side:
    return Side(
        row.origin,
        row.kind,
        row.legal_after,
        row.voided_after,
        row.currency,
        row.net_after,
        row.tax_after,
        row.total_after,
    )


def _changes(
    closing: MonthClosing, booked_month: date, uid: UUID, before: Side | None, after: Side | None
) -> Iterator[Adjustment]:
    if before == after:
        return
    is_another = before and after and (before[:2], before.currency) != (after[:2], after.currency)
    for left, right in [(before, None), (None, after)] if is_another else [(before, after)]:
        yield _adjustment(closing, booked_month, uid, left, right)


def _adjustment(
    closing: MonthClosing, booked_month: date, uid: UUID, before: Side | None, after: Side | None
) -> Adjustment:
    side = after or before
    if side is None:
        raise ValueError("an adjustment needs a side")
    row = Adjustment(
        closing=closing,
        tenant_id=closing.tenant_id,
        environment=closing.environment,
        origin_month=closing.month,
        booked_month=booked_month,
        cause=cause_of(before, after),
        document_uid=uid,
        origin=side.origin,
        kind=side.kind,
        currency=side.currency,
        was_counted=before is not None,
        is_counted=after is not None,
        legal_before=before.legal_status if before else "",
        legal_after=after.legal_status if after else "",
        voided_before=bool(before and before.is_voided),
        voided_after=bool(after and after.is_voided),
    )
    for word, one in (("before", before), ("after", after)):
        amounts = one.amounts if one else (Decimal(0),) * 3
        for name, amount in zip(("net", "tax", "total"), amounts, strict=True):
            setattr(row, f"{name}_{word}", amount)
    return row


def cause_of(before: Side | None, after: Side | None) -> Cause:
    """Why a document differs; what weighs most where several things changed at once."""
    if before is None or after is None:
        return Cause.ADDED if before is None else Cause.REMOVED
    if after.is_voided and not before.is_voided:
        return Cause.VOIDED
    if after.is_authorized and not before.is_authorized:
        return Cause.LATE_AUTHORIZATION
    return Cause.AMOUNT if before.amounts != after.amounts else Cause.STATUS


def _next(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)
