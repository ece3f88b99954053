"""The staff home page and the ribbon on every page (named by string in UNFOLD)."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext

from cifras.core.models import Staff
from cifras.core.rights import may
from reports.home_cards import cards_of, chart_of, quiet_titles
from reports.services.home_figures import environments_seen, home_figures
from tenants.models import Tenant


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the work queue, the chart of the last days and, where there is nothing yet, what to do first."""
    staff = request.user
    if not isinstance(staff, Staff):
        return context
    figures = home_figures(staff)
    cards = cards_of(figures, staff)
    return {
        **context,
        "title": gettext("Inicio"),
        "figures": figures,
        "cards": cards,
        "quiet": quiet_titles(cards, staff),
        "is_one_step": not settings.CIFRAS_SECOND_FACTOR,
        "chart": chart_of(figures, staff),
        "may_onboard": may(staff, "tenants.add_tenant"),
        "may_see_invoices": may(staff, "invoicing.view_invoice"),
        "may_see_credits": may(staff, "invoicing.view_credit"),
    }


def environment(request: HttpRequest) -> list[str] | None:
    """The ribbon (text, colour): shown while any tenant the visitor may see only practises."""
    if not isinstance(request.user, Staff):
        return None
    environments = environments_seen(request.user)
    if Tenant.Environment.SANDBOX not in environments:
        return None
    if Tenant.Environment.LIVE in environments:
        return [gettext("Pruebas y producción"), "warning"]
    return [gettext("Pruebas"), "warning"]
