"""What stands below a tenant's form, to be looked at: its offices, its certificates, who may see it."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from cifras.core.admin.staff_admin import StaffTabularInline
from tenants.admin.badges import expiry, registration_badge
from tenants.models import Certificate, Office, StaffGrant


class _ToLookAt(StaffTabularInline):
    """Rows that have a page of their own, where they are changed."""

    tab = True
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class Offices(_ToLookAt):
    model = Office
    verbose_name_plural = _("sucursales")
    fields = readonly_fields = ("page", "type", "address", "points", "registered")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("billing_points")

    @display(description=_("código"))
    def page(self, office: Office) -> str:
        return format_html(
            '<a class="cf-link" href="{}">{}</a>',
            reverse("admin:tenants_office_change", args=[office.uid]),
            office.code,
        )

    @display(description=_("puntos de facturación"))
    def points(self, office: Office) -> str:
        return ", ".join(point.code for point in office.billing_points.all()) or "—"

    @display(description=_("registro en el PAC"))
    def registered(self, office: Office) -> Any:
        return registration_badge(office)


class Certificates(_ToLookAt):
    model = Certificate
    verbose_name_plural = _("certificados")
    fields = readonly_fields = ("subject", "purpose", "serial_number", "not_before", "until", "accepted_at")

    @display(description=_("válido hasta"))
    def until(self, certificate: Certificate) -> str:
        return expiry(certificate)


class Grants(_ToLookAt):
    model = StaffGrant
    fk_name = "tenant"
    verbose_name_plural = _("quién puede ver esta empresa")
    fields = readonly_fields = ("staff", "expires_at", "granted_by", "created_at")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("staff", "granted_by")
