"""What happened to the documents, in sentences."""

import re
from typing import Any

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import display

from cifras.core.admin.big_list import SearchRoute
from invoicing.admin import exports
from invoicing.admin.figures import stamp
from invoicing.admin.happenings import told
from invoicing.admin.ledger_pages import LedgerPage, TenantUidFilter, document_link, tenant_link
from invoicing.models import TimelineEvent

_UUID = re.compile(r"[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}", re.IGNORECASE)
_CODE = re.compile("[a-z_]{3,40}")


class ByHandFilter(DropdownFilter):
    """A person's acts, or what happened by itself."""

    title = _("quién")
    parameter_name = "by"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, Any]]:
        return [("staff", _("Personas")), ("system", _("El sistema"))]

    def queryset(self, request: Any, queryset: Any) -> Any:
        if self.value() not in {"staff", "system"}:
            return queryset
        return queryset.filter(actor_uid__isnull=self.value() == "system")


@admin.register(TimelineEvent)
class TimelinePage(LedgerPage):
    """The whole timeline, newest first; a document's own is on its page."""

    list_export = exports.TIMELINE
    list_display = ("moment", "happened", "document", "tenant", "who")
    list_display_links = ("moment",)
    list_filter = (TenantUidFilter, ByHandFilter)
    search_help_text = _("Código del hecho (void_requested), identificador del documento o correlación")
    search_routes = (
        SearchRoute(_UUID, "document_uid"),
        SearchRoute(_UUID, "correlation_id"),
        SearchRoute(_CODE, "code"),
    )
    fields = (
        "moment",
        "happened",
        "document",
        "tenant",
        "who",
        "code",
        "detail",
        "correlation_id",
        "exchange",
    )
    readonly_fields = ("moment", "happened", "document", "tenant", "who", "exchange")

    class Media:
        css = {"all": ("cifras/documents.css", "cifras/pages.css")}

    @display(description=_("momento"))
    def moment(self, event: TimelineEvent) -> SafeString | str:
        return stamp(event.at)

    @display(description=_("hecho"), wrapper_class="min-w-72")
    def happened(self, event: TimelineEvent) -> SafeString:
        told_event = told(event)
        said = format_html('<span class="cf-small">«{}»</span>', told_event.said) if told_event.said else ""
        return format_html(
            '<span class="cf-ink-{}"><span class="material-symbols-outlined cf-icon" aria-hidden="true">{}</span></span> {}{}',
            told_event.tone,
            told_event.icon,
            told_event.sentence,
            said,
        )

    @display(description=_("documento"))
    def document(self, event: Any) -> str:
        return document_link(event.named_document)

    @display(description=_("empresa"))
    def tenant(self, event: Any) -> str:
        return tenant_link(event.named_tenant)

    @display(description=_("quién"))
    def who(self, event: TimelineEvent) -> Any:
        return event.actor_name or _("el sistema")

    @display(description=_("intercambio"))
    def exchange(self, event: TimelineEvent) -> str:
        if event.exchange_uid is None:
            return "—"
        address = reverse("admin:tenants_exchange_change", args=[event.exchange_uid])
        return format_html('<a class="cf-link" href="{}">{}</a>', address, event.exchange_uid)
