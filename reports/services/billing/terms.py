"""Which plan a company is on, day by day: its subscriptions, and the terms of a month that follow from them."""

from collections.abc import Iterable
from datetime import date, timedelta
from itertools import zip_longest

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from cifras.core import audit
from cifras.core.models import AuditEntry, Staff
from cifras.core.waking import wake
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.fiscal.zones import local_date
from reports.models import BillingDraft, BillingStatement, Plan, Subscription
from reports.services.billing.plans import price_in
from reports.services.billing.rating import Term
from reports.services.facts import end_of_month, start_of
from reports.services.locking import lock_tenant
from tenants.models import Tenant

_OUT = ("tenant.suspended", "tenant.closed")
_IN = ("tenant.reactivated",)
_EARLIEST, _LATEST = date(2015, 1, 1), timedelta(days=366 * 3)


def subscribe(tenant: Tenant, plan: Plan | None, *, starts_on: date, actor: Staff | None) -> Subscription:
    """Put a company on a plan, or on none, from a day on. Raises RuleBroken where it would belie an issued statement."""
    _require_sense(plan, starts_on)
    with transaction.atomic():
        lock_tenant(tenant.pk)
        _require_not_issued(tenant, starts_on)
        try:
            with transaction.atomic():
                row = Subscription.objects.create(
                    tenant=tenant, plan=plan, starts_on=starts_on, created_by=actor
                )
        except IntegrityError:
            raise RuleBroken(
                "day_taken",
                gettext_noop("La empresa ya cambia de plan ese día: retire antes ese cambio."),
                "starts_on",
            ) from None
        _changed(row, "subscription.recorded", actor)
    return row


def withdraw_subscription(row: Subscription, *, actor: Staff | None) -> None:
    """Take back a change of plan that was recorded by mistake: what held before goes on. Raises RuleBroken as `subscribe`."""
    with transaction.atomic():
        lock_tenant(row.tenant_id)
        _require_not_issued(row.tenant, row.starts_on)
        _changed(row, "subscription.withdrawn", actor)
        Subscription.objects.filter(pk=row.pk).delete()


def terms_of(tenant: Tenant, month: date) -> list[Term]:
    """The terms of the month, in their order; none where the company was on no plan.

    A day counts as one with service unless the company was suspended or closed through the whole of it, as the audit trail has
    it. Raises RuleBroken (no_price) for a plan without a price in that month.
    """
    last = end_of_month(month)
    rows = list(
        Subscription.objects.select_related("plan")
        .filter(tenant=tenant, starts_on__lte=last)
        .order_by("starts_on")
    )
    without = _days_without_service(tenant, month, last)
    terms = []
    for row, follower in zip_longest(rows, rows[1:]):
        begins = max(row.starts_on, month)
        ends = min(follower.starts_on - timedelta(days=1), last) if follower else last
        if row.plan is None or ends < begins:
            continue
        price = price_in(row.plan, month)
        if price is None:
            raise RuleBroken(
                "no_price",
                gettext_noop("El plan {plan} no tiene precio en {month}: regístrelo."),
                plan=row.plan.name,
                month=f"{month:%m/%Y}",
            )
        days = sum(1 for day in _days(begins, ends) if day not in without)
        terms.append(Term(price, begins, ends, days, last.day))
    return terms


def _days_without_service(tenant: Tenant, first: date, last: date) -> set[date]:
    """The days that began and ended without service."""
    moves = (
        AuditEntry.objects.filter(
            object_uid=tenant.uid, action__in=(*_OUT, *_IN), at__lt=start_of(last + timedelta(days=1))
        )
        .order_by("at", "id")
        .values_list("action", "at")
    )
    without: set[date] = set()
    since: date | None = None
    for action, at in moves:
        day = local_date(at)
        if action in _OUT:
            since = since or day
        elif since is not None:
            without.update(_days(max(since + timedelta(days=1), first), min(day - timedelta(days=1), last)))
            since = None
    if since is not None:
        without.update(_days(max(since + timedelta(days=1), first), last))
    return without


def _days(first: date, last: date) -> Iterable[date]:
    return (date.fromordinal(number) for number in range(first.toordinal(), last.toordinal() + 1))


def _require_sense(plan: Plan | None, starts_on: date) -> None:
    if plan is not None and not plan.is_offered:
        raise RuleBroken(
            "plan_not_offered", gettext_noop("El plan {plan} ya no se ofrece."), "plan", plan=plan.name
        )
    if not _EARLIEST <= starts_on <= local_date(timezone.now()) + _LATEST:
        raise RuleBroken("day_out_of_range", gettext_noop("Revise el año de la fecha."), "starts_on")


def _require_not_issued(tenant: Tenant, starts_on: date) -> None:
    """A change reaches the days until the next one: no statement may count with them, be it only by a late document."""
    first, later = (
        starts_on.replace(day=1),
        Subscription.objects.filter(tenant=tenant, starts_on__gt=starts_on),
    )
    until = later.order_by("starts_on").values_list("starts_on", flat=True).first()
    own, late = Q(month__gte=first), Q(lines__origin_month__gte=first)
    if until:
        own, late = own & Q(month__lt=until), late & Q(lines__origin_month__lt=until)
    issued = BillingStatement.objects.standing().filter(own | late, tenant=tenant)
    newest = issued.order_by("-month").first()
    if newest is not None:
        raise RuleBroken(
            "statement_issued",
            gettext_noop(
                "El estado de cuenta {number} ya cuenta con el plan que había: elija un día posterior a su mes, o retírelo antes."
            ),
            "starts_on",
            number=newest.number,
        )


def _changed(row: Subscription, action: str, actor: Staff | None) -> None:
    tenant = row.tenant
    BillingDraft.objects.filter(tenant=tenant, month__gte=row.starts_on.replace(day=1)).delete()
    audit.record(
        action,
        actor=actor,
        tenant_uid=tenant.uid,
        target=row,
        after={"plan": row.plan.name if row.plan else None, "starts_on": row.starts_on},
    )
    wake("reports.billing")
