"""What is done to a company from its page: asked again, stopped, started."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import action
from unfold.enums import ActionVariant

from cifras.core.admin.staff_admin import StaffAdmin
from cifras.core.rights import may
from cifras.pac.contract import Capability
from tenants.admin.actors import actor_of
from tenants.admin.tenant_forms import ReasonForm
from tenants.models import Tenant
from tenants.services import reactivate_tenant, refresh_affiliation, suspend_tenant
from tenants.services.accounts import provider_spec


class TenantActsMixin(StaffAdmin):
    """The affiliation, suspension and its end; the service judges whoever comes by another way."""

    actions_detail = ("refresh_affiliation", "suspend", "reactivate")

    def has_suspend_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return may(request.user, "tenants.suspend_tenant")

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> Any:
        """Only the one of the two that makes sense now; the service judges whoever comes by another way."""
        tenant: Any = self.get_object(request, str(object_id))
        idle = {Tenant.State.ACTIVE: "reactivate", Tenant.State.SUSPENDED: "suspend"}
        hidden = {idle[tenant.state]} if tenant and tenant.state in idle else {"suspend", "reactivate"}
        if tenant and not (tenant.pac_company_id and provider_spec(tenant).can(Capability.ONBOARD)):
            hidden.add("refresh_affiliation")
        shown = super().get_actions_detail(request, object_id)
        return [each for each in shown if not any(each.action_name.endswith(name) for name in hidden)]

    @action(
        description=gettext_lazy("Consultar la afiliación"),
        icon="sync",
        permissions=["change"],
    )
    def refresh_affiliation(self, request: HttpRequest, object_id: str) -> None:
        seen: Any = self.require_object(request, object_id)
        tenant = refresh_affiliation(seen, actor=actor_of(request))
        if tenant.may_issue_live:
            live = _("El PAC respondió «{word}»: la empresa puede emitir documentos con validez legal.")
            practice = _("El PAC respondió «{word}»: la empresa está afiliada en pruebas, sin validez legal.")
            text = live if tenant.is_live else practice
            messages.success(request, text.format(word=tenant.affiliated))
        else:
            text = _("El PAC respondió «{word}»: la empresa todavía no está afiliada.")
            messages.warning(request, text.format(word=tenant.affiliated or "—"))

    @action(
        description=gettext_lazy("Suspender"),
        icon="pause_circle",
        variant=ActionVariant.DANGER,
        permissions=["suspend"],
        dialog={
            "title": gettext_lazy("Suspender la empresa"),
            "description": gettext_lazy(
                "No sale ningún documento nuevo: lo que está en cola queda retenido. Las anulaciones, los archivos y "
                "los webhooks siguen."
            ),
            "form_class": ReasonForm,
            "form_submit_text": gettext_lazy("Suspender"),
        },
    )
    def suspend(self, request: HttpRequest, form: ReasonForm, object_id: str) -> None:
        tenant: Any = self.require_object(request, object_id)
        suspend_tenant(tenant, reason=form.cleaned_data["reason"], actor=actor_of(request))
        text = _("{tenant} quedó suspendida: nada nuevo sale hasta que se reactive.")
        messages.success(request, text.format(tenant=tenant))

    @action(
        description=gettext_lazy("Reactivar"),
        icon="play_circle",
        variant=ActionVariant.PRIMARY,
        permissions=["suspend"],
        dialog={
            "title": gettext_lazy("Reactivar la empresa"),
            "description": gettext_lazy("Lo que quedó retenido en cola sale de inmediato."),
            "form_class": ReasonForm,
            "form_submit_text": gettext_lazy("Reactivar"),
        },
    )
    def reactivate(self, request: HttpRequest, form: ReasonForm, object_id: str) -> None:
        tenant: Any = self.require_object(request, object_id)
        reactivate_tenant(tenant, reason=form.cleaned_data["reason"], actor=actor_of(request))
        text = _("{tenant} vuelve a emitir: sale lo que estaba retenido.")
        messages.success(request, text.format(tenant=tenant))
