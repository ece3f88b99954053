"""The customers of a tenant, as registered. A document copies its receiver: a change here reaches no document."""

import re
from copy import copy
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import action, display

from cifras.core.admin.big_list import BigListAdmin, SearchRoute
from cifras.core.admin.filters import VisibleAutocompleteFilter
from cifras.core.wording import sentence
from cifras.fiscal.catalogues.sunat import IdentityType
from invoicing.admin import exports
from invoicing.admin.deeds import actor_of
from invoicing.admin.receiver_forms import receiver_law
from invoicing.admin.receiver_standing import standing_of, type_label
from invoicing.models import Receiver
from invoicing.services.verifying import verify_receiver
from tenants.access import tenants_for
from tenants.models import Tenant


@admin.register(Receiver)
class ReceiverPage(BigListAdmin):
    """Receivers, the newest first."""

    list_export = exports.RECEIVERS
    list_display = ("name", "code", "tax_id", "kind", "tenant", "created_at")
    list_select_related = ("tenant",)
    list_filter = (("tenant", VisibleAutocompleteFilter), "type")
    autocomplete_fields = ("tenant",)
    search_help_text = gettext_lazy("RUC, DNI, código o comienzo del nombre")
    search_routes = (
        SearchRoute(re.compile(r"\d{8}|\d{11}"), "ruc"),
        SearchRoute(re.compile(r"[0-9A-Za-z]{1,12}(-[0-9A-Za-z]{1,10})+"), "ruc__startswith"),
        SearchRoute(re.compile(r"\S{1,40}"), "code"),
        SearchRoute(re.compile(r".{1,200}"), "name__istartswith"),
    )
    actions_detail = ("verify",)
    change_form_outer_before_template = "admin/invoicing/receiver/above.html"

    class Media:
        css = {"all": ("cifras/documents.css", "cifras/pages.css")}

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        receiver: Any = self.require_object(request, object_id) if object_id else None
        context = {
            "standing": standing_of(receiver) if receiver and _is_asked_about(receiver) else None,
            "countries": [] if receiver else self._countries(request),
        } | (extra_context or {})
        return super().changeform_view(request, object_id, form_url, context)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = receiver_law(_country_of(request, obj)).form
        return super().get_form(request, obj, change, **{"form": form, **kwargs})

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return receiver_law(_country_of(request, obj)).fieldsets

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        """Which fields hang on another one is the country's too; the page's template reads it from the admin."""
        page: Any = copy(self)
        page.conditional_fields = receiver_law(_country_of(request, obj)).conditional_fields
        context["adminform"].model_admin = page
        return super().render_change_form(request, context, add, change, form_url, obj)

    def _countries(self, request: HttpRequest) -> list[tuple[str, str, bool]]:
        """(address, name, whether it is the one shown) of each country in which the person sees companies, if several."""
        seen = set(tenants_for(request.user).values_list("country", flat=True))
        chosen = _country_of(request, None)
        rows = [
            (f"?country={code}", str(name), code == chosen)
            for code, name in Tenant.Country.choices
            if code in seen
        ]
        return rows if len(rows) > 1 else []

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> Any:
        """Only somebody with a RUC can be asked about."""
        receiver: Any = self.get_object(request, str(object_id))
        is_asked = receiver and receiver.ruc and _is_asked_about(receiver)
        return super().get_actions_detail(request, object_id) if is_asked else []

    @action(description=gettext_lazy("Verificar el RUC"), icon="fact_check", permissions=["change"])
    def verify(self, request: HttpRequest, object_id: str) -> None:
        receiver: Any = self.require_object(request, object_id)
        result = verify_receiver(receiver, actor=actor_of(request))
        if result.warning:
            messages.warning(request, sentence(result.warning))
        else:
            text = _("El PAC conoce el RUC {ruc}: DV {dv}, {type}.")
            word = result.receiver_type or ""
            messages.success(request, text.format(ruc=result.ruc, dv=result.dv, type=type_label(word)))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("tenant",) if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @display(description=gettext_lazy("identificación"))
    def tax_id(self, receiver: Receiver) -> SafeString | str:
        if receiver.identity_type and receiver.ruc:
            label = _(IdentityType(receiver.identity_type).label)
            return format_html("{} {}", label, receiver.ruc)
        if receiver.type == Receiver.Type.EXTRANJERO:
            return receiver.foreign_number or "—"
        if not receiver.ruc:
            return "—"
        return format_html('<span class="cf-nowrap">{} DV {}</span>', receiver.ruc, receiver.dv or "—")

    @display(description=gettext_lazy("tipo"))
    def kind(self, receiver: Receiver) -> str:
        return receiver.get_type_display()


def _is_asked_about(receiver: Receiver) -> bool:
    """Whether a provider's register can be asked about the RUC: in Peru its own digit has to do."""
    return bool(receiver.tenant.country == Tenant.Country.PANAMA)


def _country_of(request: HttpRequest, receiver: Any) -> str:
    """The receiver's company's; of a new one that of the company that was chosen, else the one asked for."""
    if receiver is not None:
        return str(receiver.tenant.country)
    mine = tenants_for(request.user)
    chosen = request.POST.get("tenant", "")
    found = mine.filter(pk=int(chosen)).first() if chosen.isdecimal() else None
    if found is not None:
        return str(found.country)
    if request.GET.get("country") in Tenant.Country.values:
        return request.GET["country"]
    is_only_peru = mine.exists() and not mine.exclude(country=Tenant.Country.PERU).exists()
    return str(Tenant.Country.PERU if is_only_peru else Tenant.Country.PANAMA)
