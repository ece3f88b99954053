"""The authority's code tables as the provider serves them: their age, their codes, and a way to ask anew."""

import re
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.decorators import action, display

from cifras.core.admin.badges import AMBER, GREEN, GREY, Badge
from cifras.core.admin.big_list import ReadOnlyBigListAdmin, SearchRoute
from cifras.core.admin.staff_admin import ReadOnlyStaffAdmin
from cifras.core.rights import may
from tenants.admin import exports
from tenants.admin.actors import actor_of
from tenants.models import Catalogue, CatalogueEntry, Tenant
from tenants.services.catalogues import GOOD_FOR, fetch, is_old
from tenants.services.providers import provider_names


@admin.register(Catalogue)
class CataloguePage(ReadOnlyStaffAdmin):
    """One row per table and provider account."""

    list_export = exports.CATALOGUES
    list_display = ("name", "account", "where", "codes", "state", "fetched_at", "fetched_by")
    list_filter = ("name", "environment")
    list_filter_submit = True
    fields = (("name", "account", "where"), "codes", "state", ("fetched_at", "fetched_by"), "problem")
    readonly_fields = ("account", "where", "codes", "state")
    actions_detail = ("refresh",)

    class Media:
        css = {"all": ("cifras/documents.css", "cifras/pages.css")}

    def has_refresh_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return may(request.user, "tenants.refresh_catalogue")

    @action(description=gettext_lazy("Pedir al PAC ahora"), icon="sync", permissions=["refresh"])
    def refresh(self, request: HttpRequest, object_id: str) -> None:
        catalogue: Any = self.require_object(request, object_id)
        size = fetch(catalogue, actor=actor_of(request)).size
        text = ngettext("Recibido: {size} código.", "Recibido: {size} códigos.", size)
        messages.success(request, text.format(size=size))

    @display(description=gettext_lazy("proveedor"))
    def account(self, catalogue: Catalogue) -> str:
        return dict(provider_names()).get(catalogue.provider, catalogue.provider)

    @display(description=gettext_lazy("ambiente"), ordering="environment")
    def where(self, catalogue: Catalogue) -> Any:
        return dict(Tenant.Environment.choices).get(catalogue.environment, catalogue.environment)

    @display(description=gettext_lazy("códigos"))
    def codes(self, catalogue: Catalogue) -> str:
        address = reverse("admin:tenants_catalogueentry_changelist")
        return format_html(
            '<a class="cf-link" href="{}?catalogue__uid={}">{}</a>',
            address,
            catalogue.uid,
            catalogue.size,
        )

    @display(description=gettext_lazy("estado"))
    def state(self, catalogue: Catalogue) -> Badge:
        if catalogue.fetched_at is None:
            return Badge(_("Nunca recibido"), "cloud_off", GREY)
        if is_old(catalogue):
            hours = int(GOOD_FOR.total_seconds() // 3600)
            return Badge(_("Copia de más de {hours} h").format(hours=hours), "history", AMBER)
        return Badge(_("Al día"), "check_circle", GREEN)


@admin.register(CatalogueEntry)
class CatalogueEntryPage(ReadOnlyBigListAdmin):
    """The codes, to look one up. Not in the menu: one comes here from the table."""

    list_export = exports.CATALOGUE_ENTRIES
    list_display = ("code", "name", "unit", "catalogue")
    list_select_related = ("catalogue",)
    list_filter = ("catalogue__name",)
    search_routes = (SearchRoute(re.compile(r"[0-9-]+"), "code__startswith"),)
    search_help_text = gettext_lazy("El comienzo del código")
    fields = ("catalogue", ("code", "unit"), "name")
    allowed_lookups = ("catalogue__uid",)

    class Media:
        css = {"all": ("cifras/documents.css", "cifras/pages.css")}

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False
