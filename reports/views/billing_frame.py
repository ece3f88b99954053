"""The frame of the billing's pages: who may look, what every page shows, and the same as a file."""

from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse

from cifras.core.exports import Table
from cifras.core.models import Staff
from cifras.core.models.export import EXPORT_LISTS
from reports.services.billing import issuing
from reports.services.billing.plans import MANAGE
from reports.views.billing_shown import NOT_FISCAL, RULES
from reports.views.doors import require
from reports.views.handing_out import hand_out
from reports.views.months import month_frame
from tenants.models import Tenant


def require_billing(request: HttpRequest, permission: str = issuing.VIEW) -> Staff:
    """The person, if they may. Raises PermissionDenied."""
    return require(request, permission)


def frame(request: HttpRequest, title: str, first: date, tenant: Tenant | None = None) -> dict[str, Any]:
    """What every page of the billing shows."""
    return {
        **month_frame(request, title, first, tenant),
        "month_page": reverse("reports:billing", args=[f"{first:%Y-%m}"]),
        "not_fiscal": NOT_FISCAL,
        "rules": RULES,
        "may_export": request.user.has_perm(EXPORT_LISTS),
        "may_mend": request.user.has_perm(MANAGE),
    }


def wants_file(request: HttpRequest) -> bool:
    """Whether a button for a file was pressed."""
    return request.method == "POST" and "form" in request.POST


def as_file(request: HttpRequest, table: Table) -> HttpResponseBase:
    """The table as a download, with the filters of the address. Raises PermissionDenied and Http404."""
    staff = require(request, EXPORT_LISTS)
    filters, back = request.GET.urlencode(), request.get_full_path()
    return hand_out(request, table, request.POST.get("form", ""), staff=staff, filters=filters, back=back)
