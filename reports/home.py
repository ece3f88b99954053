"""The staff home page and the ribbon on every page (named by string in UNFOLD)."""

from typing import Any

from django.db.models import Count
from django.http import HttpRequest
from django.utils.translation import gettext

from tenants.access import tenants_for
from tenants.models import Tenant


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add to the home page's context how many tenants the visitor looks after, by state."""
    counted = tenants_for(request.user).order_by().values_list("state").annotate(Count("pk"))
    return {**context, "tenants_by_state": dict.fromkeys(Tenant.State.values, 0) | dict(counted)}


def environment(request: HttpRequest) -> list[str] | None:
    """The ribbon (text, colour): shown while any tenant the visitor may see only practises."""
    environments = set(tenants_for(request.user).order_by().values_list("environment", flat=True).distinct())
    if Tenant.Environment.SANDBOX not in environments:
        return None
    if Tenant.Environment.LIVE in environments:
        return [gettext("Pruebas y producción"), "warning"]
    return [gettext("Pruebas"), "warning"]
