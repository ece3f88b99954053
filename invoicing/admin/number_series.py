"""The numbers of each billing point and type: where each series stands, what became of every number, which are missing."""

from datetime import date
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import display

from cifras.core.admin.badges import AMBER, BLUE, GREEN, GREY, RED, Badge
from cifras.core.admin.staff_admin import ReadOnlyStaffAdmin
from cifras.core.rights import may
from cifras.fiscal.catalogues import dgi, sunat
from cifras.fiscal.zones import local_date
from invoicing.admin import exports
from invoicing.admin.assets import ASSETS
from invoicing.admin.document_summary import address_of
from invoicing.admin.figures import money
from invoicing.admin.words import Words, words_in
from invoicing.models import NumberSeries
from invoicing.services.number_fates import Fate, documents_of, fate_of, gaps_of
from invoicing.services.numbering import PROFORMA_SERIES
from tenants.models import Tenant
from tenants.services.accounts import provider_spec

_MOST_ROWS = 2_000
_TYPES: dict[str, Any] = {Tenant.Country.PANAMA: dgi.DocumentType, Tenant.Country.PERU: sunat.DocumentType}
_WORDS: dict[Fate, tuple[Any, str, str]] = {
    Fate.USED: (gettext_lazy("Usado"), "check_circle", GREEN),
    Fate.VOIDED: (gettext_lazy("Anulado"), "block", GREY),
    Fate.IMPORTED: (gettext_lazy("Emitido en otro sistema"), "move_to_inbox", BLUE),
    Fate.IN_COURSE: (gettext_lazy("En trámite"), "hourglass_top", BLUE),
    Fate.UNKNOWN: (gettext_lazy("Sin confirmar"), "help", AMBER),
    Fate.REJECTED_CONSUMED: (gettext_lazy("Rechazado por la DGI: consumido"), "cancel", RED),
    Fate.REJECTED_NOT_CONSUMED: (gettext_lazy("Rechazado por el PAC: sin consumir"), "cancel", RED),
    Fate.WITHDRAWN: (gettext_lazy("Retirado"), "undo", GREY),
}


class GapsFilter(DropdownFilter):
    """Series with numbers that nobody can account for."""

    title = gettext_lazy("huecos")
    parameter_name = "gaps"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Con números sin documento"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(gap_count__gt=0) if self.value() == "yes" else queryset


@admin.register(NumberSeries)
class NumberSeriesPage(ReadOnlyStaffAdmin):
    """Series; the page of one lists its numbers of a month."""

    list_export = exports.NUMBER_SERIES
    list_display = ("place", "company", "kind", "next_number", "gaps", "checked_at")
    list_filter = (GapsFilter,)
    list_filter_submit = True
    list_select_related = ("office__tenant",)
    ordering = ("office__tenant", "office", "billing_point", "series")
    search_fields = ("office__tenant__legal_name", "office__tenant__ruc__startswith")
    search_help_text = gettext_lazy("Nombre o comienzo del RUC de la empresa")

    class Media:
        css = {"all": ("cifras/documents.css", "cifras/pages.css")}

    def tenant_uid_of(self, obj: Any) -> Any:
        return obj.tenant.uid

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        series: Any = self.require_object(request, object_id)
        if not self.has_view_permission(request, series):
            raise PermissionDenied
        words = words_in(series.tenant.country)
        month = _month(request.GET.get("month", ""))
        rows = list(documents_of(series, month=month)[: _MOST_ROWS + 1])
        may_open = any(may(request.user, f"invoicing.view_{kind}") for kind in ("invoice", "credit"))
        request.current_app = self.admin_site.name
        context = {
            **self.admin_site.each_context(request),
            "title": str(series),
            "opts": self.opts,
            "original": series,
            "assets": ASSETS,
            "series": series,
            "kind": self.kind(series),
            "tenant": series.tenant,
            "words": words,
            "provider_name": provider_spec(series.tenant).name,
            "numbers_of_month": str(words.numbers_of_month).format(month=f"{month:%m/%Y}"),
            "month": month,
            "gaps": gaps_of(series),
            "rows": [
                (
                    row,
                    _badge(fate_of(row), words),
                    address_of(row) if may_open else "",
                    money(row.total, row.currency),
                )
                for row in rows[:_MOST_ROWS]
            ],
            "is_cut": len(rows) > _MOST_ROWS,
        }
        return TemplateResponse(request, "admin/invoicing/numberseries/page.html", context)

    @display(description=gettext_lazy("sucursal y punto"))
    def place(self, series: NumberSeries) -> str:
        return f"{series.office.code} · {series.billing_point}"

    @display(description=gettext_lazy("empresa"))
    def company(self, series: NumberSeries) -> str:
        return str(series.tenant)

    @display(description=gettext_lazy("tipo de la autoridad"), ordering="series")
    def kind(self, series: NumberSeries) -> str:
        code = series.series
        if code == PROFORMA_SERIES:
            return _("Proforma")
        known = {each.value: each.label for each in _TYPES[series.tenant.country]}
        return f"{code} · {_(known[code])}" if code in known else code

    @display(description=gettext_lazy("huecos"))
    def gaps(self, series: NumberSeries) -> Any:
        if series.checked_at is None:
            return Badge(_("Sin revisar"), "pending", GREY)
        if not series.gap_count:
            return Badge(_("Ninguno"), "check_circle", GREEN)
        return format_html("{} {}", Badge(_("Faltan"), "warning", AMBER), series.gap_count)


def _badge(fate: Fate, words: Words) -> Badge:
    word, icon, tone = _WORDS[fate]
    return Badge(words.number_consumed if fate is Fate.REJECTED_CONSUMED else str(word), icon, tone)


def _month(text: str) -> date:
    """The month asked for as 2026-11; this one, in Panama, for anything else."""
    try:
        month = date.fromisoformat(f"{text}-01")
    except ValueError:
        month = date.max
    if month.year == date.max.year:  # its last month has no next one
        return local_date(timezone.now()).replace(day=1)
    return month
