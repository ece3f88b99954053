"""On a company's page: how far what is issued at its provider without us has come here."""

from typing import Any

from django import template
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from cifras.core.models import Staff
from cifras.core.rights import may
from cifras.fiscal.zones import written
from cifras.pac.contract import Capability
from invoicing.models import Mirror, MirroredRow
from invoicing.services.mirroring.standing import Standing, counts_of, problem_text, standing_of
from tenants.models import Tenant
from tenants.services.accounts import provider_spec

register = template.Library()

_PULL = "invoicing.import_document"
_WORDS = {
    Standing.TROUBLED: _("No se puede leer la lista del PAC; se sigue intentando."),
    Standing.LOADING: _("Se trae lo que se emitió en el PAC sin Cifras."),
    Standing.READING: _("Se trae lo que se emitió en el PAC sin Cifras."),
    Standing.CURRENT: _("Lo que se emite en el PAC sin Cifras llega aquí y está al día."),
}


@register.inclusion_tag("admin/invoicing/mirror/card.html", takes_context=True)
def mirror(context: Any, tenant: Tenant) -> dict[str, Any]:
    """Its state and the button, for those who may see it; nothing where the provider has no such list."""
    staff = getattr(context.get("request"), "user", None)
    if not isinstance(staff, Staff) or not may(staff, "invoicing.view_mirror"):
        return {}
    if not provider_spec(tenant).can(Capability.MIRROR):
        return {}
    row = Mirror.objects.filter(tenant=tenant).first()
    if row is None:
        return {}
    counts = counts_of(row)
    return {
        "standing": _WORDS[standing_of(row)],
        "brought": counts.get(MirroredRow.State.BROUGHT, 0),
        "held": counts.get(MirroredRow.State.HELD, 0),
        "completed": written(row.completed_at) if row.completed_at else "",
        "problem": problem_text(row.problem),
        "address": reverse("admin:invoicing_mirror_change", args=[row.uid]),
        "pull_address": reverse("admin:invoicing_mirror_pull", args=[row.uid]) if may(staff, _PULL) else "",
        "csrf_token": context.get("csrf_token"),
    }
