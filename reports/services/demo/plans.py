"""Two plans of the demo, and which of its companies is on which."""

from datetime import timedelta
from decimal import Decimal

from django.utils import timezone

from cifras.core.models import Staff
from reports.models import Plan
from reports.services.billing.plans import Prices, create_plan
from reports.services.billing.terms import subscribe
from tenants.models import Tenant

_BASIC = Prices(Decimal("25.00"), 10, 5, Decimal("0.12"), Decimal("0.06"), forgives_voids=True)
_PREMIUM = Prices(Decimal("90.00"), 500, 100, Decimal("0.05"), Decimal("0.02"), forgives_voids=False)


def put_on_plans(tenants: list[Tenant], *, actor: Staff) -> None:
    """Half of the companies on the small plan, half on the large one; the first has outgrown the small one this month."""
    this_month = timezone.localdate().replace(day=1)
    first = (this_month - timedelta(days=62)).replace(day=1)
    basic = create_plan("Básico", Plan.Currency.BALBOA, valid_from=first, prices=_BASIC, actor=actor)
    premium = create_plan("Empresa", Plan.Currency.BALBOA, valid_from=first, prices=_PREMIUM, actor=actor)
    for position, tenant in enumerate(tenants):
        subscribe(tenant, premium if position % 2 else basic, starts_on=first, actor=actor)
    subscribe(tenants[0], premium, starts_on=this_month, actor=actor)
