"""One banner for what holds up the queues: on the home page, above the lists of documents, and on a tenant's page."""

from typing import Any

from django import template
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cifras.core.models import Staff
from cifras.core.rights import may
from invoicing.services.outlook import Held, Outage, outlook_for
from tenants.services.accounts import provider_spec

register = template.Library()


@register.inclusion_tag("admin/invoicing/outlook.html", takes_context=True)
def outlook(context: Any, tenant: Any = None) -> dict[str, Any]:
    """The banners for whoever is signed in; nothing when all is well or they may see no documents."""
    request = context.get("request")
    staff = getattr(request, "user", None)
    if not isinstance(staff, Staff) or not any(
        may(staff, f"invoicing.view_{kind}") for kind in ("invoice", "credit", "incident")
    ):
        return {}
    found = outlook_for(staff, tenant=tenant)
    return {
        "outages": [_outage(each) for each in found.outages],
        "incidents": [_incident(each, staff) for each in found.incidents],
        "more": found.more,
        "all": _list_address(staff),
    }


def _outage(outage: Outage) -> dict[str, str]:
    waiting = ngettext(
        "la cola crece: {n} documento", "la cola crece: {n} documentos", outage.waiting
    ).format(n=outage.waiting)
    at = timezone.localtime(outage.retry_at)
    text = _("El proveedor {provider} no responde; {waiting}; se reintenta a las {time}.")
    name = provider_spec(outage.provider).name
    return {
        "text": text.format(provider=name, waiting=waiting, time=f"{at:%H:%M:%S}"),
        "environment": _("Pruebas") if outage.environment == "sandbox" else _("Producción"),
    }


def _incident(held: Held, staff: Staff) -> dict[str, Any]:
    waiting = ngettext("{n} documento espera", "{n} documentos esperan", held.documents)
    address = ""
    if may(staff, "invoicing.view_incident"):
        address = reverse("admin:invoicing_incident_change", args=[held.uid])
    return {
        "tenant": held.tenant,
        "message": held.message,
        "waiting": waiting.format(n=held.documents),
        "address": address,
        "may_release": may(staff, "invoicing.release_incident"),
    }


def _list_address(staff: Staff) -> str:
    if not may(staff, "invoicing.view_incident"):
        return ""
    return reverse("admin:invoicing_incident_changelist") + "?open=yes"
