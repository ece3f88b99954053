"""Plans and their prices. A price changes from a month on, and never for a month that is closed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import DecimalField, Exists, OuterRef, Q
from django.db.models.functions import TruncMonth

from cifras.core import audit
from cifras.core.models import Staff
from cifras.core.scopes import all_tenants
from cifras.core.waking import wake
from cifras.fiscal.document import Kind
from cifras.fiscal.errors import RuleBroken, gettext_noop, refuse
from reports.models import BillingDraft, MonthClosing, Plan, PlanPrice, Subscription
from reports.services.billing.rating import Price

MANAGE = "reports.manage_plans"


@dataclass(frozen=True, slots=True)
class Prices:
    """What a plan costs from a month on."""

    monthly_fee: Decimal
    included_invoices: int
    included_credits: int
    invoice_price: Decimal
    credit_price: Decimal
    forgives_voids: bool

    def as_dict(self) -> dict[str, Any]:
        """As the columns of `PlanPrice`."""
        return {name: getattr(self, name) for name in self.__slots__}


def create_plan(name: str, currency: str, *, valid_from: date, prices: Prices, actor: Staff | None) -> Plan:
    """A plan with its first prices. Raises RuleBroken for a name that exists."""
    _require_prices(prices)
    try:
        with transaction.atomic():
            plan = Plan.objects.create(name=name.strip(), currency=currency)
    except IntegrityError:
        raise RuleBroken(
            "plan_name_taken", gettext_noop("Ya hay un plan con ese nombre: elija otro."), "name"
        ) from None
    with transaction.atomic():
        _record(plan, valid_from, prices, actor)
        audit.record("plan.created", actor=actor, target=plan, after={"currency": currency})
    return plan


def change_plan(plan: Plan, *, name: str, is_offered: bool, actor: Staff | None) -> None:
    """Another name, or offered no more. What was issued keeps the name that it had."""
    before = {"name": plan.name, "is_offered": plan.is_offered}
    after = {"name": name.strip(), "is_offered": is_offered}
    if before == after:
        return
    try:
        with transaction.atomic():
            Plan.objects.filter(pk=plan.pk).update(**after)
    except IntegrityError:
        raise RuleBroken(
            "plan_name_taken", gettext_noop("Ya hay un plan con ese nombre: elija otro."), "name"
        ) from None
    audit.record("plan.changed", actor=actor, target=plan, before=before, after=after)
    plan.refresh_from_db()


def add_price(plan: Plan, *, valid_from: date, prices: Prices, actor: Staff | None) -> PlanPrice:
    """New prices from a month on. Raises RuleBroken where a month that is closed would cost something else."""
    _require_prices(prices)
    with transaction.atomic():
        Plan.objects.select_for_update().get(pk=plan.pk)
        with all_tenants(reason="a price holds for every company on the plan"):
            _require_open_months(plan, valid_from.replace(day=1))
            return _record(plan, valid_from, prices, actor)


def price_in(plan: Plan, month: date) -> Price | None:
    """What the plan costs in a month; None before its first price."""
    row = plan.prices.filter(valid_from__lte=month).order_by("-valid_from", "-id").first()
    return _price(plan, row) if row else None


def _price(plan: Plan, row: PlanPrice) -> Price:
    included: Mapping[Kind, int] = {
        Kind.INVOICE: row.included_invoices,
        Kind.CREDIT: row.included_credits,
    }
    unit = {Kind.INVOICE: row.invoice_price, Kind.CREDIT: row.credit_price}
    return Price(
        row.uid, plan.uid, plan.name, plan.currency, row.monthly_fee, included, unit, row.forgives_voids
    )


def _record(plan: Plan, valid_from: date, prices: Prices, actor: Staff | None) -> PlanPrice:
    row = PlanPrice.objects.create(
        plan=plan,
        valid_from=valid_from.replace(day=1),
        recorded_by=actor.username if actor else "",
        **prices.as_dict(),
    )
    tenants = Subscription.objects.filter(plan=plan).values("tenant")
    BillingDraft.objects.filter(tenant__in=tenants, month__gte=row.valid_from).delete()
    after = {"valid_from": row.valid_from, "currency": plan.currency, **prices.as_dict()}
    audit.record("plan.priced", actor=actor, target=plan, after=after)
    wake("reports.billing")
    return row


def _require_prices(prices: Prices) -> None:
    refuse(_price_complaints(prices))


def _price_complaints(prices: Prices) -> Iterator[RuleBroken]:
    for name, value in prices.as_dict().items():
        column = PlanPrice._meta.get_field(name)
        if isinstance(value, int | Decimal) and value < 0:
            yield RuleBroken("negative_price", gettext_noop("Un precio no puede ser negativo."), name)
        elif isinstance(column, DecimalField) and value >= 10 ** (column.max_digits - column.decimal_places):
            yield RuleBroken(
                "price_too_large", gettext_noop("El precio es demasiado grande. Revise los ceros."), name
            )


def _require_open_months(plan: Plan, first: date) -> None:
    """The months that the new prices would reach are those from `first`, or the plan's first price, to its next later price."""
    known = sorted(plan.prices.values_list("valid_from", flat=True))
    if not known:
        return
    first = max(first, known[0])
    later = next((each for each in known if each > first), None)
    closed = MonthClosing.objects.filter(_is_on(plan), state=MonthClosing.State.CLOSED, month__gte=first)
    if later:
        closed = closed.filter(month__lt=later)
    newest = closed.order_by("-month").values_list("month", flat=True).first()
    if newest:
        raise RuleBroken(
            "price_touches_closed",
            gettext_noop(
                "{month} ya está cerrado para una empresa con este plan: los precios nuevos rigen desde un mes posterior."
            ),
            "valid_from",
            month=f"{newest:%m/%Y}",
        )


def _is_on(plan: Plan) -> Q:
    """Of closings: the plan holds for the company on any day of the month, from a row's day until its next row's."""
    followers = Subscription.objects.filter(
        tenant=OuterRef("tenant"),
        starts_on__gt=OuterRef("starts_on"),
        starts_on__lte=OuterRef(OuterRef("month")),
    )
    begun = Subscription.objects.alias(first_month=TruncMonth("starts_on")).filter(
        plan=plan, tenant=OuterRef("tenant"), first_month__lte=OuterRef("month")
    )
    return Q(Exists(begun.exclude(Exists(followers))))
