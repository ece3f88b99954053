"""The public face of the signing certificates: whose, which, until when. Their bytes are never here."""

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import display

from cifras.core.admin.filters import VisibleAutocompleteFilter
from cifras.core.admin.staff_admin import ReadOnlyStaffAdmin
from tenants.admin.badges import EXPIRING_DAYS, expiry
from tenants.models import Certificate

_WITHIN_DAYS = (1, 7, 30, EXPIRING_DAYS)


class ExpiringFilter(DropdownFilter):
    """Those in use that expire soon, or have expired."""

    title = _("vencimiento")
    parameter_name = "expiring"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(str(days), _("Vence en %(days)s días o menos") % {"days": days}) for days in _WITHIN_DAYS]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet) -> models.QuerySet:
        if self.value() not in {str(days) for days in _WITHIN_DAYS}:
            return queryset
        until = timezone.now() + timedelta(days=int(self.value() or 0))
        return queryset.filter(replaced_at=None, not_after__lte=until)


@admin.register(Certificate)
class CertificatePage(ReadOnlyStaffAdmin):
    """A certificate, to be read; another one is uploaded in the onboarding."""

    list_display = ("subject", "tenant", "purpose", "until", "accepted_at")
    list_select_related = ("tenant",)
    list_filter = (("tenant", VisibleAutocompleteFilter), "purpose", ExpiringFilter)
    list_filter_submit = True
    ordering = ("not_after", "pk")
    search_fields = ("serial_number__exact", "subject__istartswith")
    search_help_text = _("Número de serie, o el comienzo del titular")
    fields = (
        "tenant",
        "purpose",
        "subject",
        "serial_number",
        "fingerprint",
        "not_before",
        "until",
        "accepted_at",
        "replaced_at",
    )
    readonly_fields = ("until",)

    class Media:
        css = {"all": ("cifras/documents.css", "cifras/pages.css")}

    @display(description=_("válido hasta"), ordering="not_after")
    def until(self, certificate: Certificate) -> str:
        return expiry(certificate)
