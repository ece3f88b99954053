"""A month in the address, and what every page about one has around it."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from cifras.fiscal.zones import PANAMA
from invoicing.admin.assets import ASSETS
from reports.services.facts import last_month, zone_of
from tenants.models import Tenant

_YEARS = range(2000, 2101)


def month_of(text: str) -> date:
    """The first day of a month written as 2026-11. Raises Http404."""
    try:
        found = datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC).date()
    except ValueError:
        raise Http404 from None
    if found.year not in _YEARS or f"{found:%Y-%m}" != text:
        raise Http404
    return found


def to_last_month(name: str) -> HttpResponseRedirect:
    """To the page of this name about the month that has just ended."""
    return HttpResponseRedirect(reverse(name, args=[f"{last_month(timezone.now()):%Y-%m}"]))


def month_frame(
    request: HttpRequest, title: str, first: date, tenant: Tenant | None = None
) -> dict[str, Any]:
    """The staff site's frame, the month, its neighbours, and the zone of its days: the tenant's on a page about one."""
    request.current_app = admin.site.name
    before, after = first - timedelta(days=1), first + timedelta(days=32)
    return {
        **admin.site.each_context(request),
        "title": title,
        "assets": ASSETS,
        "month": first,
        "month_text": f"{first:%Y-%m}",
        "month_before": f"{before:%Y-%m}",
        "month_after": f"{after:%Y-%m}",
        "zone": zone_of(tenant) if tenant else str(PANAMA),
    }
