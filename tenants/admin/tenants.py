"""The companies: what each still lacks, what may be changed on them, and how to stop and restart one."""

from typing import Any

from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from cifras.core import audit
from cifras.core.admin.badges import AMBER, GREEN, Badge
from cifras.core.admin.staff_admin import StaffAdmin
from cifras.core.rights import may
from cifras.fiscal.zones import written
from tenants.admin.actors import actor_of
from tenants.admin.badges import (
    affiliation_badge,
    current_certificate,
    environment_badge,
    expiry,
    state_badge,
)
from tenants.admin.tenant_forms import SECRETS, NewTenantForm, ReasonForm, TenantForm, TenantSecretsForm
from tenants.admin.tenant_head import head_of
from tenants.admin.tenant_parts import Certificates, Grants, Offices
from tenants.models import Tenant
from tenants.services import (
    pending_steps,
    reactivate_tenant,
    refresh_affiliation,
    start_onboarding,
    suspend_tenant,
)
from tenants.services.providers import provider_names

_ENTERED = (
    "pac_provider",
    "country",
    "environment",
    "ruc_type",
    "ruc",
    "dv",
    "legal_name",
    "trade_name",
    "email",
)


class ProviderFilter(DropdownFilter):
    """Through whom it issues."""

    title = gettext_lazy("proveedor")
    parameter_name = "provider"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return provider_names()

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return (
            queryset.filter(pac_provider=self.value()) if self.value() in dict(provider_names()) else queryset
        )


@admin.register(Tenant)
class TenantPage(StaffAdmin):
    """A company. Who it is and its account come from the onboarding; the rest is changed here."""

    form = TenantForm
    inlines = (Offices, Certificates, Grants)
    list_display = (
        "name",
        "tax_id",
        "pac_provider",
        "where",
        "condition",
        "affiliation",
        "still_pending",
        "certified_until",
    )
    list_filter = ("state", "environment", "country", ProviderFilter)
    list_filter_submit = True
    search_fields = ("legal_name", "trade_name", "ruc__startswith", "pac_company_id__exact")
    search_help_text = gettext_lazy("Nombre, comienzo del RUC o identificador en el PAC")
    autocomplete_fields = ("successor",)
    actions_detail = ("refresh_affiliation", "suspend", "reactivate")
    change_form_outer_before_template = "admin/tenants/tenant/head.html"
    fieldsets = (
        (
            gettext_lazy("Quién es"),
            {
                "fields": (
                    "legal_name",
                    "tax_id",
                    ("country", "ruc_type"),
                    "trade_name",
                    "email",
                    "successor",
                )
            },
        ),
        (
            gettext_lazy("Cuenta en el PAC"),
            {
                "fields": (
                    ("pac_provider", "where"),
                    "pac_company_id",
                    ("affiliation", "affiliation_read"),
                    "pac_base_url",
                    ("has_token", "has_webhook_secret"),
                )
            },
        ),
        (
            gettext_lazy("Cómo emite"),
            {"fields": (("grace_days", "max_backdate_days"), "discounts_after_tax")},
        ),
    )
    readonly_fields = (
        "legal_name",
        "tax_id",
        "country",
        "ruc_type",
        "pac_provider",
        "where",
        "pac_company_id",
        "pac_base_url",
        "affiliation",
        "affiliation_read",
        "has_token",
        "has_webhook_secret",
    )

    class Media:
        css = {"all": ("cifras/documents.css", "cifras/pages.css")}

    def get_queryset(self, request: HttpRequest) -> models.QuerySet:
        rows = super().get_queryset(request).select_related("onboarding")
        return rows.prefetch_related("certificates", "offices__billing_points")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return [(None, {"fields": _ENTERED})]
        if not self._sets_secrets(request, obj):
            return self.fieldsets
        secrets = (gettext_lazy("Secretos nuevos"), {"fields": tuple(SECRETS)})
        return [*self.fieldsets, secrets]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is None:
            kwargs["form"] = NewTenantForm
        elif self._sets_secrets(request, obj):
            kwargs["form"] = TenantSecretsForm
        return super().get_form(request, obj, change=change, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return () if obj is None else self.readonly_fields

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return self.inlines if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_suspend_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return may(request.user, "tenants.suspend_tenant")

    def tenant_uid_of(self, obj: Any) -> Any:
        return obj.uid

    def save_model(self, request: HttpRequest, obj: Tenant, form: Any, change: bool) -> None:
        """A new one is begun by the onboarding; of an old one only what was changed is written."""
        if not change:
            data = {name: str(form.cleaned_data[name] or "") for name in _ENTERED}
            begun = start_onboarding(data, actor=actor_of(request))
            obj.__dict__.update(begun.tenant.__dict__)
            return
        changed = [name for name in form.changed_data if name not in SECRETS]
        filled = [name for name in SECRETS if form.cleaned_data.get(name)]
        for name in filled:
            setattr(obj, SECRETS[name], form.cleaned_data[name])
        columns = [*changed, *(SECRETS[name] for name in filled)]
        if columns:
            obj.save(update_fields=[*columns, "updated_at"])
        for name in filled:
            audit.record(
                "tenant.secret_set",
                actor=actor_of(request),
                tenant_uid=obj.uid,
                target=obj,
                after={"field": SECRETS[name]},
            )

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """The onboarding's service has told the audit trail."""

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> Any:
        """Only the one of the two that makes sense now; the service judges whoever comes by another way."""
        tenant: Any = self.get_object(request, str(object_id))
        idle = {Tenant.State.ACTIVE: "reactivate", Tenant.State.SUSPENDED: "suspend"}
        hidden = {idle[tenant.state]} if tenant and tenant.state in idle else {"suspend", "reactivate"}
        if tenant and not tenant.pac_company_id:
            hidden.add("refresh_affiliation")
        shown = super().get_actions_detail(request, object_id)
        return [each for each in shown if not any(each.action_name.endswith(name) for name in hidden)]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        tenant = self.require_object(request, object_id) if object_id else None
        head = head_of(tenant, request.user) if isinstance(tenant, Tenant) else {}
        context = {"show_save_and_add_another": False} | head | (extra_context or {})
        return super().changeform_view(request, object_id, form_url, context)

    @action(
        description=gettext_lazy("Consultar la afiliación"),
        icon="sync",
        permissions=["change"],
    )
    def refresh_affiliation(self, request: HttpRequest, object_id: str) -> None:
        seen: Any = self.require_object(request, object_id)
        tenant = refresh_affiliation(seen, actor=actor_of(request))
        if tenant.may_issue_live:
            text = _("El PAC respondió «{word}»: la empresa puede emitir documentos con validez legal.")
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

    @display(description=gettext_lazy("empresa"), ordering="legal_name")
    def name(self, tenant: Tenant) -> str:
        return str(tenant)

    @display(description=gettext_lazy("RUC y DV"), ordering="ruc")
    def tax_id(self, tenant: Tenant) -> str:
        return format_html('<span class="cf-nowrap">{} DV {}</span>', tenant.ruc, tenant.dv or "—")

    @display(description=gettext_lazy("ambiente"), ordering="environment")
    def where(self, tenant: Tenant) -> Any:
        return environment_badge(tenant)

    @display(description=gettext_lazy("estado"), ordering="state")
    def condition(self, tenant: Tenant) -> Any:
        return state_badge(tenant)

    @display(description=gettext_lazy("afiliación"))
    def affiliation(self, tenant: Tenant) -> Any:
        return affiliation_badge(tenant)

    @display(description=gettext_lazy("afiliación leída"))
    def affiliation_read(self, tenant: Tenant) -> str:
        return written(tenant.affiliation_read_at) if tenant.affiliation_read_at else "—"

    @display(description=gettext_lazy("pasos pendientes"))
    def still_pending(self, tenant: Tenant) -> Any:
        count = len(pending_steps(tenant))
        if not count:
            return Badge(_("Completa"), "task_alt", GREEN)
        word = ngettext("{count} pendiente", "{count} pendientes", count).format(count=count)
        return Badge(word, "pending_actions", AMBER)

    @display(description=gettext_lazy("certificado hasta"))
    def certified_until(self, tenant: Tenant) -> Any:
        certificate = current_certificate(tenant)
        return expiry(certificate) if certificate else "—"

    @display(description=gettext_lazy("clave del PAC"))
    def has_token(self, tenant: Tenant) -> str:
        return _set_or_not(tenant.pac_token)

    @display(description=gettext_lazy("secreto del webhook"))
    def has_webhook_secret(self, tenant: Tenant) -> str:
        return _set_or_not(tenant.webhook_secret)

    def _sets_secrets(self, request: HttpRequest, tenant: Tenant) -> bool:
        is_trusted = may(request.user, "tenants.onboard_tenant")
        return is_trusted and self.has_change_permission(request, tenant)


def _set_or_not(secret: Any) -> str:
    return f"{secret}" if secret else _("La de la configuración")
