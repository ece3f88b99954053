"""The list of documents: columns, filters and a search that looks at the shape of what was typed."""

import re
from typing import Any, ClassVar

from django.contrib.admin.views.main import ORDER_VAR
from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import display

from cifras.core.admin.big_list import BigListAdmin, KeysetChangeList, SearchRoute
from cifras.core.admin.filters import DayRangeFilter, VisibleAutocompleteFilter, day_in
from cifras.core.admin.keyset import Order
from cifras.fiscal.lifecycle import BusinessStatus
from invoicing.admin.badges import SANDBOX, alerts, business_badge, legal_badge, side_by_side
from invoicing.admin.document_page import deadline_of
from invoicing.admin.figures import money, stamp
from invoicing.admin.origin import MIRRORED, OriginFilter
from invoicing.admin.words import legal_words, words_in
from invoicing.admin.work_queue import WorkQueueFilter
from invoicing.models import Document
from invoicing.models.choices import BUSINESS_STATUSES, LEGAL_STATUSES, SUBMISSIONS, Kind, Mode
from invoicing.services import listing, settling
from invoicing.services.listing import Receivable
from tenants.access import tenants_for
from tenants.models import Tenant
from tenants.services.accounts import provider_spec

_BUSINESS_OF: dict[str, tuple[BusinessStatus, ...]] = {
    Kind.INVOICE: tuple(
        status
        for status in BusinessStatus
        if status not in {BusinessStatus.UNAPPLIED, BusinessStatus.APPLIED}
    ),
    Kind.CREDIT: (
        BusinessStatus.UNAPPLIED,
        BusinessStatus.APPLIED,
        BusinessStatus.VOID,
        BusinessStatus.CANCELED,
    ),
}
_CLOSING_HOURS = (1, 6, 24, 48)
_ISSUED_WITHIN = ("issue_date_from", "issue_date_to")
# What a list never shows and an object's page reads anew.
_HEAVY = (
    "payload",
    "pac_response",
    "conflict",
    "void_answer",
    "receiver_data",
    "issuer_data",
    "totals_by_rate",
)


def _kinds_seen(request: Any) -> frozenset[tuple[str, str]]:
    """(country, environment) of the companies that the person sees, asked for once on a page."""
    if not hasattr(request, "kinds_of_companies_seen"):
        kinds = tenants_for(request.user).order_by().values_list("country", "environment").distinct()
        request.kinds_of_companies_seen = frozenset(kinds)
    seen: frozenset[tuple[str, str]] = request.kinds_of_companies_seen
    return seen


class LegalFilter(DropdownFilter):
    """The authority's word, or that there is none yet."""

    title = _("estado legal")
    parameter_name = "legal"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        countries = {country for country, _environment in _kinds_seen(request)}
        return [*legal_words(countries).items(), ("none", _("Sin palabra aún"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        wanted = self.value()
        if wanted == "none":
            return queryset.filter(legal_status="")
        return queryset.filter(legal_status=wanted) if wanted in dict(LEGAL_STATUSES) else queryset


class BusinessFilter(DropdownFilter):
    """The business status, computed in the database."""

    title = _("estado del negocio")
    parameter_name = "business"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        words = dict(BUSINESS_STATUSES) | {BusinessStatus.CANCELED.value: _("Acreditada o descartada")}
        return [(status.value, words[status.value]) for status in _BUSINESS_OF[model_admin.kind]]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        wanted = self.value() or ""
        known = wanted in {status.value for status in BusinessStatus}
        return listing.with_business(queryset, BusinessStatus(wanted)) if known else queryset


class ReceivableFilter(DropdownFilter):
    """What is to be collected, or given back: amounts, whatever the word beside them says."""

    title = _("cobranza")
    parameter_name = "money"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        words = [(Receivable.REFUND.value, _("Con devolución pendiente"))]
        if model_admin.kind == Kind.INVOICE:
            words = [
                (Receivable.OPEN.value, _("Con saldo")),
                (Receivable.OVERDUE.value, _("Vencidas")),
                *words,
            ]
        return words

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        wanted = self.value() or ""
        known = wanted in {each.value for each in Receivable}
        return listing.with_receivable(queryset, Receivable(wanted)) if known else queryset


class SubmissionFilter(DropdownFilter):
    """How far it has come on its way."""

    title = _("envío")
    parameter_name = "submission"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [*SUBMISSIONS]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(submission=self.value()) if self.value() in dict(SUBMISSIONS) else queryset


class ModeFilter(DropdownFilter):
    """Before the DGI, proforma, imported."""

    title = _("modo")
    parameter_name = "mode"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(Mode.choices)

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(mode=self.value()) if self.value() in Mode.values else queryset


class ReportedFilter(DropdownFilter):
    """What the reports count, so that a figure of theirs opens its rows."""

    title = _("informes")
    parameter_name = "reported"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Cuenta en los informes"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return listing.reported(queryset) if self.value() == "yes" else queryset


class ClosingFilter(DropdownFilter):
    """Voids whose window closes soon; the list is then ordered by deadline."""

    title = _("plazo de anulación")
    parameter_name = "closing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(str(hours), _("Cierra en %(hours)s h") % {"hours": hours}) for hours in _CLOSING_HOURS]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        wanted = closing_hours(self.value())
        return listing.closing_within(queryset, wanted) if wanted else queryset


class EnvironmentFilter(DropdownFilter):
    """Sandbox and live never mix without saying so: live by default, once the person sees a live tenant."""

    title = _("ambiente")
    parameter_name = "environment"
    all_option = ["all", _("Todos")]

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        live = Tenant.Environment.LIVE.value
        sees_live = any(environment == live for _country, environment in _kinds_seen(request))
        self.default = live if sees_live else "all"
        super().__init__(request, *args, **kwargs)

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(Tenant.Environment.choices)

    def value(self) -> str:
        return super().value() or self.default

    @property
    def hides_sandbox(self) -> bool:
        """Whether documents are left out that nobody asked to leave out."""
        return not super().value() and self.default == Tenant.Environment.LIVE

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        known = self.value() in Tenant.Environment.values
        return queryset.filter(environment=self.value()) if known else queryset


def closing_hours(text: Any) -> int:
    """The hours of the filter's parameter; 0 when it is none of those offered."""
    return int(text) if str(text) in {str(hours) for hours in _CLOSING_HOURS} else 0


class DocumentChangeList(KeysetChangeList):
    """Rows without their heavy members; by deadline when those that close soon are asked for, by day within a range of days."""

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> models.QuerySet:
        rows = super().get_queryset(request, exclude_parameters)
        return rows.select_related(None).select_related("tenant").defer(*_HEAVY)

    def keyset_order(self) -> Order:
        if closing_hours(self.params.get(ClosingFilter.parameter_name)):
            return Order(self.model, "void_deadline", descending=False)
        if not self.params.get(ORDER_VAR) and any(day_in(self.params.get(name)) for name in _ISSUED_WITHIN):
            return Order(
                self.model, "issue_date"
            )  # never empty in a range of days, whose index is read backwards
        return super().keyset_order()


class DocumentListMixin(BigListAdmin):
    """The list. `kind` says which face it shows."""

    kind: Kind
    list_before_template = "admin/invoicing/list_outlook.html"
    list_select_related = ("tenant",)
    list_display: Any = (
        "numbered",
        "tenant_name",
        "received_by",
        "issued",
        "amount",
        "legal",
        "business",
        "deadline",
    )
    list_filter: ClassVar[Any] = (
        ("tenant", VisibleAutocompleteFilter),
        LegalFilter,
        BusinessFilter,
        ReceivableFilter,
        ClosingFilter,
        WorkQueueFilter,
        SubmissionFilter,
        ModeFilter,
        OriginFilter,
        ReportedFilter,
        EnvironmentFilter,
        ("issue_date", DayRangeFilter),
    )
    allowed_lookups = ("created_by__uid", "office__uid", "receiver_ruc", "currency__in")
    search_help_text = _("CUFE, número, RUC del receptor, identificador del PAC o referencia externa")
    search_routes: tuple[SearchRoute, ...] = (
        SearchRoute(re.compile(r"FE[0-9A-Za-z-]{64}"), "cufe", opens=True),
        SearchRoute(
            re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE), "uid", opens=True
        ),
        SearchRoute(re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}"), "document_id", opens=True),
        SearchRoute(re.compile(r"\d{10}|P-\d{6,10}"), "number"),
        SearchRoute(re.compile(r"[0-9A-Z][0-9A-Z-]{2,19}"), "receiver_ruc"),
        SearchRoute(re.compile(r".{1,100}"), "external_id", opens=True),
        SearchRoute(re.compile(r"\S{20,255}"), "document_id", opens=True),
    )

    class Media:
        css = {"all": ("cifras/documents.css",)}

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[KeysetChangeList]:
        return DocumentChangeList

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet, search_term: str
    ) -> tuple[models.QuerySet, bool]:
        """As the base, and a number is found without its left zeros: Panama's ten digits, Peru's eight with their series."""
        term = search_term.strip()
        numbered = None
        if printed := re.fullmatch(r"([FBE][A-Z0-9]{3})-0*(\d{1,8})", term.upper()):
            numbered = queryset.filter(number=printed[2].zfill(8), billing_point=printed[1])
        elif re.fullmatch(r"\d{1,9}", term):
            numbered = queryset.filter(number__in=[term.zfill(10), term.zfill(8)])
        if numbered is not None and numbered.order_by().exists():
            return numbered, False
        return super().get_search_results(request, queryset, search_term)

    @display(description=_("número"))
    def numbered(self, row: Document) -> SafeString:
        marks = [SANDBOX] if row.environment == Tenant.Environment.SANDBOX else []
        marks += [MIRRORED] if row.is_mirrored else []
        label = row.printed_number or row.external_id or _("sin número")
        detail = row.get_mode_display() if row.mode == Mode.DGI_IMPORT else row.external_id
        return format_html(
            '<span class="cf-number">{}</span><span class="cf-small">{}</span>{}',
            label,
            " · ".join(filter(None, [row.kind_label if row.peru else "", detail if detail != label else ""])),
            side_by_side(marks) if marks else "",
        )

    @display(description=_("empresa"))
    def tenant_name(self, row: Document) -> SafeString:
        provider = provider_spec(row.provider or row.tenant)
        return format_html(
            '<span class="cf-clip">{}</span><span class="cf-small">{} · {}</span>',
            row.tenant,
            provider.name,
            words_in(provider.country).country,
        )

    @display(description=_("receptor"))
    def received_by(self, row: Document) -> SafeString:
        return format_html(
            '<span class="cf-clip">{}</span><span class="cf-small">{}</span>',
            row.receiver_name or "—",
            row.receiver_ruc,
        )

    @display(description=_("emisión"))
    def issued(self, row: Document) -> SafeString | str:
        return stamp(row.issue_date)

    @display(description=_("total"), formatting="price")
    def amount(self, row: Document) -> SafeString:
        return format_html('<span class="cf-money">{}</span>', money(row.total, row.currency))

    @display(description=_("legal"))
    def legal(self, row: Document) -> SafeString:
        badges = side_by_side([legal_badge(row), *alerts(row)])
        if not row.has_pdf:
            return badges
        return format_html(
            '{} <a class="cf-pdf" href="{}" title="{}"><span class="material-symbols-outlined" aria-hidden="true">'
            'picture_as_pdf</span><span class="cf-unseen">{}</span></a>',
            badges,
            self.address_of(row, "pdf"),
            _("Descargar el PDF"),
            _("PDF"),
        )

    @display(description=_("negocio"))
    def business(self, row: Document) -> SafeString:
        return side_by_side([business_badge(settling.business(row))])

    @display(description=_("plazo de anulación"))
    def deadline(self, row: Document) -> SafeString | str:
        until = deadline_of(row, timezone.now())
        if until is None:
            return "—"
        return format_html(
            '<span class="cf-nowrap">{}</span><span class="cf-small cf-ink-{}">'
            '<span class="material-symbols-outlined" aria-hidden="true">{}</span>{}</span>',
            until.absolute,
            until.tone,
            until.icon,
            until.left,
        )
