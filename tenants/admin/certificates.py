"""The public face of the signing certificates: whose, which, until when. Their bytes are never here."""

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
from tenants.admin import exports
from tenants.admin.badges import expiry
from tenants.admin.tenant_filters import RADAR_WORDS
from tenants.models import Certificate
from tenants.services.radar import Level, ending


class ExpiringFilter(DropdownFilter):
    """Those in use that expire soon, or have expired."""

    title = _("vencimiento")
    parameter_name = "expiring"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(level.value, word) for level, word in RADAR_WORDS.items()]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet) -> models.QuerySet:
        if self.value() not in {level.value for level in RADAR_WORDS}:
            return queryset
        return queryset.filter(ending(Level(str(self.value())), timezone.now()))


@admin.register(Certificate)
class CertificatePage(ReadOnlyStaffAdmin):
    """A certificate, to be read; another one is uploaded in the onboarding, or on the company's page."""

    list_export = exports.CERTIFICATES
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
