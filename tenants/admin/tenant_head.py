"""What stands above a tenant's form: its state, what is missing and what to do, and the ways to its rows."""

from collections.abc import Iterator
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from cifras.core.rights import may
from tenants.admin.badges import affiliation_badge, environment_badge, state_badge
from tenants.models import Tenant
from tenants.services import STEPS, pending_steps

# Title, icon, list, and the parameter that names the tenant there: by key where it is a foreign key, else by UUID.
_ROWS_OF_TENANT = (
    (_("Facturas"), "receipt_long", "invoicing_invoice", "tenant__id__exact"),
    (_("Notas de crédito"), "assignment_return", "invoicing_credit", "tenant__id__exact"),
    (_("Receptores"), "contacts", "invoicing_receiver", "tenant__id__exact"),
    (_("Incidencias"), "report", "invoicing_incident", "tenant__id__exact"),
    (_("Webhooks"), "webhook", "invoicing_webhookdelivery", "tenant__id__exact"),
    (_("Intercambios PAC"), "swap_horiz", "tenants_exchange", "tenant_uid"),
    (_("Auditoría"), "policy", "core_auditentry", "chain"),
)


def head_of(tenant: Tenant, staff: Any) -> dict[str, Any]:
    """What the template of the head prints."""
    badges = [state_badge(tenant), environment_badge(tenant), affiliation_badge(tenant)]
    return {
        "badges": badges if tenant.affiliated else badges[:2],
        "pending": [(STEPS[each.step].title, each.reason) for each in pending_steps(tenant)],
        "ways": list(_ways(tenant, staff)),
    }


def _ways(tenant: Tenant, staff: Any) -> Iterator[tuple[Any, str, str]]:
    for title, icon, model, parameter in _ROWS_OF_TENANT:
        app, _underscore, name = model.rpartition("_")
        if may(staff, f"{app}.view_{name}"):
            value = tenant.pk if parameter.endswith("exact") else tenant.uid
            yield title, icon, f"{reverse(f'admin:{model}_changelist')}?{parameter}={value}"
