"""A month in the address, and what every page about one has around it."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest

from cifras.fiscal.zones import PANAMA
from invoicing.admin.assets import ASSETS

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


def month_frame(request: HttpRequest, title: str, first: date) -> dict[str, Any]:
    """The staff site's frame, the month, its neighbours and the zone that its days are counted in."""
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
        "zone": str(PANAMA),
    }
