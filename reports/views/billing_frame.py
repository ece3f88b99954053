"""The frame of the billing's pages: who may look, what every page shows, and the same as a file."""

from datetime import date
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse

from cifras.core.admin.refusals import refusals_as_messages
from cifras.core.exports import Table
from cifras.core.exports.delivering import deliver
from cifras.core.models import Staff
from cifras.core.models.export import EXPORT_LISTS
from cifras.core.rights import may
from reports.services.billing import issuing
from reports.services.billing.plans import MANAGE
from reports.views.billing_shown import NOT_FISCAL, RULES
from reports.views.months import month_frame

_FORMS = ("csv", "xlsx")


def require_billing(request: HttpRequest, permission: str = issuing.VIEW) -> Staff:
    """The person, if they may. Raises PermissionDenied."""
    staff = request.user
    if not isinstance(staff, Staff) or not may(staff, permission):
        raise PermissionDenied
    return staff


def frame(request: HttpRequest, title: str, first: date) -> dict[str, Any]:
    """What every page of the billing shows."""
    return {
        **month_frame(request, title, first),
        "month_page": reverse("reports:billing", args=[f"{first:%Y-%m}"]),
        "not_fiscal": NOT_FISCAL,
        "rules": RULES,
        "may_export": request.user.has_perm(EXPORT_LISTS),
        "may_mend": request.user.has_perm(MANAGE),
    }


def wanted_form(request: HttpRequest) -> str:
    """Which file is asked for; empty for the page."""
    form = request.GET.get("file", "")
    if form and form not in _FORMS:
        raise Http404
    return form


def as_file(request: HttpRequest, table: Table, form: str, staff: Staff, back: str) -> HttpResponseBase:
    """The table as a download; back to the page where the person has had too many. Raises PermissionDenied."""
    if not may(staff, EXPORT_LISTS):
        raise PermissionDenied
    with refusals_as_messages(request):
        bom = request.GET.get("bom") == "1"
        return deliver(table, form, actor=staff, filters=request.GET.urlencode(), bom=bom)
    return HttpResponseRedirect(back)
