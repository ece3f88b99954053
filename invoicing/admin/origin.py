"""Where a document was issued: from here, at the provider without us, or in another system."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter

from cifras.core.admin.badges import GREY, Badge
from invoicing.models import Document
from invoicing.models.choices import Mode
from tenants.services.accounts import provider_spec

HERE, PAC, ELSEWHERE = "here", "pac", "elsewhere"
MIRRORED = Badge(_("PAC"), "cloud_download", GREY, _("Emitido en el PAC, sin Cifras"))


class OriginFilter(DropdownFilter):
    """Issued from here, at the provider, or in another system."""

    title = _("origen")
    parameter_name = "origin"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(HERE, _("Cifras")), (PAC, _("PAC")), (ELSEWHERE, _("Otro sistema"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == PAC:
            return queryset.filter(is_mirrored=True)
        if self.value() == ELSEWHERE:
            return queryset.filter(mode=Mode.DGI_IMPORT)
        if self.value() == HERE:
            return queryset.filter(is_mirrored=False).exclude(mode=Mode.DGI_IMPORT)
        return queryset


def origin_text(document: Document) -> str:
    """At which provider it was issued without us; empty for what was issued otherwise."""
    if not document.is_mirrored:
        return ""
    text: str = _("{provider}, sin Cifras").format(provider=provider_spec(document.provider).name)
    return text
