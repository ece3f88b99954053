"""Which companies have a month that waits to be closed."""

from datetime import date

from django.db.models import Exists, OuterRef, QuerySet

from reports.models import MonthClosing, MonthlyFigure
from tenants.models import Tenant


def to_close(tenants: QuerySet[Tenant], month: date) -> QuerySet[Tenant]:
    """Those of `tenants` that are active, issued something in the month and have not closed it."""
    of_tenant = {"tenant": OuterRef("pk"), "month": month, "environment": OuterRef("environment")}
    closed = MonthClosing.objects.filter(**of_tenant, state=MonthClosing.State.CLOSED)
    return tenants.filter(
        Exists(MonthlyFigure.objects.filter(**of_tenant)),
        ~Exists(closed),
        state=Tenant.State.ACTIVE,
        pac_company_id__isnull=False,
    )
