"""What others issued to our tenants: a list and pages of its own, apart from the sales."""

import re
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from cifras.core.admin.big_list import KeysetChangeList, SearchRoute
from cifras.core.admin.filters import DayRangeFilter, VisibleAutocompleteFilter
from invoicing.admin import exports
from invoicing.admin.badges import legal_badge, side_by_side
from invoicing.admin.documents import DocumentAdmin
from invoicing.admin.figures import as_received
from invoicing.admin.lists import EnvironmentFilter, LegalFilter
from invoicing.models import Document, Received
from invoicing.models.choices import Kind


@admin.register(Received)
class ReceivedAdmin(DocumentAdmin):
    """Received documents: looked at, verified, deleted. None of the acts on sales applies to them."""

    list_export = exports.RECEIVED
    kind = Kind.INVOICE
    actions = ()
    list_display = ("numbered", "kind_shown", "tenant_name", "issued_by", "issued", "amount", "legal")
    list_filter = (
        ("tenant", VisibleAutocompleteFilter),
        "kind",
        LegalFilter,
        EnvironmentFilter,
        ("issue_date", DayRangeFilter),
    )
    search_help_text = _("CUFE, número o referencia externa")
    search_routes = (
        SearchRoute(re.compile(r"FE[0-9A-Za-z-]{64}"), "cufe", opens=True),
        SearchRoute(
            re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE), "uid", opens=True
        ),
        SearchRoute(re.compile(r"\d{10}"), "number"),
        SearchRoute(re.compile(r".{1,100}"), "external_id", opens=True),
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[KeysetChangeList]:
        return KeysetChangeList

    @display(description=_("clase"))
    def kind_shown(self, row: Document) -> str:
        return str(row.get_kind_display())

    @display(description=_("emisor"))
    def issued_by(self, row: Document) -> SafeString:
        return format_html(
            '<span class="cf-clip">{}</span><span class="cf-small">{}</span>',
            as_received(row.issuer_data.get("name") or "—", 200),
            as_received(row.issuer_data.get("ruc") or "", 20),
        )

    @display(description=_("legal"))
    def legal(self, row: Document) -> SafeString:
        return side_by_side([legal_badge(row)])
