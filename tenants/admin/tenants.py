"""The companies: what each still lacks, what may be changed on them, and how to stop and restart one."""

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.decorators import display

from cifras.core import audit
from cifras.core.admin.badges import AMBER, GREEN, Badge
from cifras.core.admin.staff_admin import StaffAdmin
from cifras.core.rights import may
from cifras.core.sign_in.step_up import require_fresh
from cifras.fiscal.zones import written
from tenants.admin import exports
from tenants.admin.actors import actor_of
from tenants.admin.badges import (
    affiliation_badge,
    environment_badge,
    expiry,
    state_badge,
)
from tenants.admin.capabilities import CapabilitiesMixin
from tenants.admin.tenant_acts import TenantActsMixin
from tenants.admin.tenant_filters import PendingFilter, ProviderFilter, RadarFilter
from tenants.admin.tenant_forms import SECRETS, TenantForm, TenantSecretsForm
from tenants.admin.tenant_head import head_of, wizard_way_on
from tenants.admin.tenant_pages import TenantPagesMixin
from tenants.admin.tenant_parts import Certificates, Grants, Offices
from tenants.admin.wizard import WizardDoorsMixin
from tenants.models import Tenant
from tenants.services import pending_steps
from tenants.services.accounts import provider_spec
from tenants.services.radar import first_to_end


@admin.register(Tenant)
class TenantPage(WizardDoorsMixin, CapabilitiesMixin, TenantActsMixin, TenantPagesMixin, StaffAdmin):
    """A company. Who it is and its account come from the onboarding; the rest is changed here."""

    list_export = exports.TENANTS
    form = TenantForm
    inlines = (Offices, Certificates, Grants)
    list_display = (
        "name",
        "tax_id",
        "provider_and_country",
        "where",
        "condition",
        "affiliation",
        "still_pending",
        "certified_until",
    )
    list_filter = (PendingFilter, RadarFilter, "state", "environment", "country", ProviderFilter)
    list_filter_submit = True
    search_fields = ("legal_name", "trade_name", "ruc__startswith", "pac_company_id__exact")
    search_help_text = gettext_lazy("Nombre, comienzo del RUC o identificador en el PAC")
    autocomplete_fields = ("successor",)
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
        (
            gettext_lazy("Cuatro ojos"),
            {"fields": (("four_eyes_void", "four_eyes_void_above"),)},
        ),
        (
            gettext_lazy("Correos al receptor"),
            {"fields": (("mails_receivers", "mail_language"), "mail_text")},
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
        if not self._sets_secrets(request, obj):
            return self.fieldsets
        secrets = (gettext_lazy("Secretos nuevos"), {"fields": tuple(SECRETS)})
        return [*self.fieldsets, secrets]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Whoever may void must not be able to do without the second person."""
        if may(request.user, "tenants.set_four_eyes"):
            return self.readonly_fields
        return (*self.readonly_fields, "four_eyes_void", "four_eyes_void_above")

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if self._sets_secrets(request, obj):
            kwargs["form"] = TenantSecretsForm
        return super().get_form(request, obj, change=change, **kwargs)

    def get_list_display(self, request: HttpRequest) -> Any:
        if not may(request.user, "tenants.onboard_tenant"):
            return self.list_display
        return ["pending_with_way_on" if name == "still_pending" else name for name in self.list_display]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> Any:
        """A company comes in by its onboarding."""
        return self.onboard_start_view(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def tenant_uid_of(self, obj: Any) -> Any:
        return obj.uid

    def save_model(self, request: HttpRequest, obj: Tenant, form: Any, change: bool) -> None:
        """Only what was changed is written."""
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

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        tenant = self.require_object(request, object_id) if object_id else None
        if any(request.POST.get(name) for name in SECRETS) and self._sets_secrets(request, tenant):
            fields = TenantSecretsForm.declared_fields
            require_fresh(request, retype={name: fields[name].label for name in SECRETS})
        head = head_of(tenant, request.user) if isinstance(tenant, Tenant) else {}
        context = {"show_save_and_add_another": False} | head | (extra_context or {})
        return super().changeform_view(request, object_id, form_url, context)

    @display(description=gettext_lazy("empresa"), ordering="legal_name")
    def name(self, tenant: Tenant) -> str:
        return str(tenant)

    @display(description=gettext_lazy("RUC y DV"), ordering="ruc")
    def tax_id(self, tenant: Tenant) -> str:
        shown = f"{tenant.ruc} DV {tenant.dv}" if tenant.dv else tenant.ruc
        return format_html('<span class="cf-nowrap">{}</span>', shown)

    @display(description=gettext_lazy("proveedor"), ordering="pac_provider")
    def provider_and_country(self, tenant: Tenant) -> str:
        return format_html(
            '{}<span class="cf-small">{}</span>', provider_spec(tenant).name, tenant.get_country_display()
        )

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

    @display(description=gettext_lazy("pasos pendientes"))
    def pending_with_way_on(self, tenant: Tenant) -> Any:
        address = wizard_way_on(tenant)
        if not address:
            return self.still_pending(tenant)
        text = _("Continuar la habilitación")
        return format_html(
            '{} <a class="cf-link cf-small" href="{}">{}</a>', self.still_pending(tenant), address, text
        )

    @display(description=gettext_lazy("certificado hasta"))
    def certified_until(self, tenant: Tenant) -> Any:
        certificate = first_to_end(tenant)
        return expiry(certificate) if certificate else "—"

    @display(description=gettext_lazy("clave del PAC"))
    def has_token(self, tenant: Tenant) -> str:
        return _set_or_not(tenant.pac_token)

    @display(description=gettext_lazy("secreto del webhook"))
    def has_webhook_secret(self, tenant: Tenant) -> str:
        return _set_or_not(tenant.webhook_secret)

    def _sets_secrets(self, request: HttpRequest, tenant: Any) -> bool:
        is_trusted = may(request.user, "tenants.onboard_tenant")
        return is_trusted and self.has_change_permission(request, tenant)


def _set_or_not(secret: Any) -> str:
    return f"{secret}" if secret else _("La de la configuración")
