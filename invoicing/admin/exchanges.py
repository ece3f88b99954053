"""What was said to the providers and what came back, masked. It stands on this floor because it leads to documents."""

import re
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import display

from cifras.core.admin.badges import AMBER, GREEN, RED, Badge
from cifras.core.admin.big_list import SearchRoute
from cifras.core.admin.filters import ExactTextFilter
from invoicing.admin import exports
from invoicing.admin.exchange_shown import shown
from invoicing.admin.figures import stamp
from invoicing.admin.ledger_pages import LedgerPage, TenantUidFilter, document_link, tenant_link
from tenants.models import Exchange

_UUID = re.compile(r"[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}", re.IGNORECASE)


class OutcomeFilter(DropdownFilter):
    """How the provider answered."""

    title = _("respuesta")
    parameter_name = "outcome"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("ok", _("Aceptó (2xx)")),
            ("refused", _("Rechazó (4xx)")),
            ("failed", _("Falló (5xx)")),
            ("none", _("No respondió")),
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        ranges = {"ok": (200, 399), "refused": (400, 499), "failed": (500, 599)}
        if self.value() == "none":
            return queryset.filter(status=None)
        return queryset.filter(status__range=ranges[self.value()]) if self.value() in ranges else queryset


@admin.register(Exchange)
class ExchangePage(LedgerPage):
    """Every request, newest first."""

    list_export = exports.EXCHANGES
    list_display = ("moment", "asked", "answered", "took", "tenant", "document")
    list_display_links = ("moment", "asked")
    list_filter = (TenantUidFilter, OutcomeFilter, ("operation", ExactTextFilter))
    search_help_text = _("Identificador del intercambio, del documento o de la correlación")
    search_routes = (
        SearchRoute(_UUID, "uid", opens=True),
        SearchRoute(_UUID, "document_uid"),
        SearchRoute(_UUID, "correlation_id"),
    )
    fields = (
        ("moment", "took"),
        ("tenant", "document"),
        ("provider", "operation", "attempt"),
        "correlation_id",
    )
    readonly_fields = ("moment", "took", "tenant", "document")
    change_form_outer_after_template = "admin/tenants/exchange/bodies.html"

    class Media:
        css = {"all": ("cifras/documents.css", "cifras/pages.css")}
        js = ("cifras/documents.js",)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        exchange: Any = self.require_object(request, object_id)
        return super().change_view(request, object_id, form_url, shown(exchange) | (extra_context or {}))

    @display(description=_("momento"))
    def moment(self, exchange: Exchange) -> SafeString | str:
        return stamp(exchange.started_at)

    @display(description=_("pedido"))
    def asked(self, exchange: Exchange) -> SafeString:
        return format_html(
            '<span class="cf-nowrap"><span class="cf-code">{}</span> {}</span>',
            exchange.method,
            exchange.operation,
        )

    @display(description=_("respuesta"))
    def answered(self, exchange: Exchange) -> Badge:
        if exchange.status is None:
            return Badge(_("Sin respuesta"), "cloud_off", RED, exchange.error[:200])
        if exchange.status < 400:
            return Badge(exchange.status, "check_circle", GREEN)
        return Badge(exchange.status, "error", AMBER if exchange.status < 500 else RED)

    @display(description=_("duración"))
    def took(self, exchange: Exchange) -> SafeString:
        return format_html('<span class="cf-nowrap">{} ms</span>', f"{exchange.duration_ms:,}")

    @display(description=_("empresa"))
    def tenant(self, exchange: Any) -> str:
        return tenant_link(exchange.named_tenant)

    @display(description=_("documento"))
    def document(self, exchange: Any) -> str:
        return document_link(exchange.named_document)
