"""What stands above a tenant's form: its state, what is missing and what to do, and the ways to its rows."""

from collections.abc import Iterator
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from cifras.core.rights import may
from tenants.admin.badges import affiliation_badge, environment_badge, state_badge
from tenants.admin.certificate_change import may_change_certificate
from tenants.admin.tenant_pages import pages_of
from tenants.admin.wizard.start import way_on
from tenants.models import Tenant
from tenants.services import STEPS, PendingStep, pending_steps

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
    may_mend = may(staff, "tenants.onboard_tenant")
    badges = [state_badge(tenant), environment_badge(tenant), affiliation_badge(tenant)]
    return {
        "badges": badges if tenant.affiliated else badges[:2],
        "pending": [
            (
                STEPS[each.step].title_in(tenant.country),
                each.reason,
                _where_to_mend(tenant, each) if may_mend else "",
            )
            for each in pending_steps(tenant)
        ],
        "way_on": wizard_way_on(tenant) if may_mend else "",
        "acts": list(pages_of(tenant, staff)),
        "ways": list(_ways(tenant, staff)),
    }


def wizard_way_on(tenant: Tenant) -> str:
    """Where the onboarding goes on; empty when nothing is open that is mended there."""
    elsewhere = {"certificate"} if may_change_certificate(tenant) else set()
    is_open = any(each.step not in elsewhere for each in pending_steps(tenant))
    return way_on(tenant) if is_open else ""


def _where_to_mend(tenant: Tenant, pending: PendingStep) -> str:
    """The onboarding's step; for a company that the provider has, the certificate is changed on a page of its own."""
    if pending.step == "certificate" and may_change_certificate(tenant):
        return reverse("admin:tenants_tenant_certificate", args=[tenant.uid])
    return way_on(tenant, pending.step)


def _ways(tenant: Tenant, staff: Any) -> Iterator[tuple[Any, str, str]]:
    for title, icon, model, parameter in _ROWS_OF_TENANT:
        app, _underscore, name = model.rpartition("_")
        if may(staff, f"{app}.view_{name}"):
            value = tenant.pk if parameter.endswith("exact") else tenant.uid
            yield title, icon, f"{reverse(f'admin:{model}_changelist')}?{parameter}={value}"
