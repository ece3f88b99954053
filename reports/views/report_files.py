"""The reports as files: the same figures as the page, all lines of it, amounts as numbers. Asked for by a POST, and audited."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from cifras.core.exports import CellKind, Column, Table
from cifras.core.models import Staff
from cifras.core.models.export import EXPORT_LISTS
from cifras.fiscal.zones import PANAMA
from invoicing.models.choices import Kind
from reports.models import Difference
from reports.services.comparison import Compared
from reports.services.facts import zone_of
from reports.services.reconciling.reasons import reason_text
from reports.views import cells
from reports.views.all_companies import SORTS, STATUSES, scopes_seen
from reports.views.all_companies import report_of as companies_report
from reports.views.asked import Asked, default_environment, read
from reports.views.differences_shown import CELLS, raw_text
from reports.views.documents import READ, visible_tenants
from reports.views.documents import report_of as documents_report
from reports.views.doors import require
from reports.views.handing_out import hand_out
from reports.views.months import month_of
from reports.views.reconciliation_lines import month_lines
from reports.views.reconciliation_shown import chosen_run, runs_of
from tenants.access import tenants_for
from tenants.models import Tenant

_COUNT, _MONEY = CellKind.INTEGER, CellKind.MONEY
_COMPARED = [
    Column(gettext_lazy("PAC: documentos"), _COUNT),
    Column(gettext_lazy("PAC: total"), _MONEY),
    Column(gettext_lazy("Nuestro: documentos"), _COUNT),
    Column(gettext_lazy("Nuestro: total"), _MONEY),
    Column(gettext_lazy("Anulados: documentos"), _COUNT),
    Column(gettext_lazy("Anulados: total"), _MONEY),
    Column(gettext_lazy("Diferencia: documentos"), _COUNT),
    Column(gettext_lazy("Diferencia: total"), _MONEY),
    Column(gettext_lazy("Comparación")),
]


@require_POST
def documents_file(request: HttpRequest) -> HttpResponseBase:
    """The documents report of one company."""
    staff = _require_exporter(request)
    asked = read(request.POST, visible_tenants(staff))
    if asked.tenant is None:
        raise Http404
    whose = asked.tenant
    compared = documents_report(asked, whose, staff)["compared"]
    columns = [
        *(Column(label) for label in (_("Grupo"), _("Clase"), _("Estado legal"), _("Moneda"))),
        *_COMPARED,
    ]
    title = _("Informe de documentos")
    rows = ([*_group(each, whose), *_sides(each)] for each in compared)
    table = Table(f"documentos-{asked.tenant.ruc}", title, columns, rows, _range_notes(asked, asked.tenant))
    return _answer(request, table, asked.query(), reverse("reports:documents"))


@require_POST
def companies_file(request: HttpRequest) -> HttpResponseBase:
    """The report of all companies, with its counts and totals by status."""
    staff = _require_exporter(request)
    tenants = visible_tenants(staff)
    asked = read({**request.POST.dict(), "tenant": ""}, [])
    environment = asked.environment or default_environment(tenants)
    mine = [tenant for tenant in tenants if tenant.environment == environment]
    sort = request.POST.get("sort", "")
    context = companies_report(
        asked, mine, scopes_seen(tenants, environment), staff, sort if sort in SORTS else "difference", ""
    )
    named = {str(tenant.pk): tenant for tenant in mine}
    groups = [(kind, status) for kind in Kind for status in STATUSES]
    countries = {tenant.country for tenant in mine}
    columns = [
        *(Column(label) for label in (_("Empresa"), _("RUC"), _("Moneda"))),
        *_COMPARED,
        *(column for kind, status in groups for column in _columns_of(kind, status, countries)),
    ]

    def rows() -> Iterator[list[Any]]:
        for each in context["compared"]:
            tenant, currency = named[each.key[0]], each.key[1]
            yield [
                str(tenant),
                tenant.ruc,
                currency,
                *_sides(each),
                *(
                    value
                    for group in groups
                    for value in _figure(context["by_status"], tenant, currency, *group)
                ),
            ]

    table = Table("todas-las-empresas", _("Todas las empresas"), columns, rows(), _range_notes(asked))
    return _answer(request, table, asked.query(), reverse("reports:all_companies"))


@require_POST
def reconciliation_file(request: HttpRequest, month: str) -> HttpResponseBase:
    """Every company of a month with its progress."""
    staff, first = _require_exporter(request), month_of(month)
    tenants = tenants_for(staff).exclude(pac_company_id=None).order_by("trade_name", "pk")
    columns = [
        *(Column(label) for label in (_("Empresa"), _("RUC"), _("Conciliación"), _("Mes"))),
        Column(_("Diferencias"), _COUNT),
        Column(_("Decididas"), _COUNT),
    ]
    rows = (
        [
            str(line.tenant),
            line.tenant.ruc,
            str(line.badge.word),
            str(line.closing_badge.word),
            line.total,
            line.decided,
        ]
        for line in month_lines(list(tenants), first, month)
    )
    table = Table(f"conciliacion-{month}", _("Conciliación"), columns, rows, [_month_note(first)])
    return _answer(request, table, month, reverse("reports:reconciliation", args=[month]))


@require_POST
def differences_file(request: HttpRequest, month: str, tenant: UUID) -> HttpResponseBase:
    """The differences of a run, cell by cell with both raw values, and what was decided."""
    staff, first = _require_exporter(request), month_of(month)
    whose = tenants_for(staff).filter(uid=tenant).first()
    run = chosen_run(runs_of(whose, first), request.POST.get("run")) if whose else None
    if whose is None or run is None:
        raise Http404
    rows = (
        Difference.objects.visible_to(staff)
        .filter(reconciliation=run)
        .select_related("decided_by", "assignee")
    )
    columns = [
        *(Column(label) for label in (_("Diferencia"), _("Clase"), _("Estado legal"), _("Motivo"))),
        *(Column(f"{label}: {side}") for label in CELLS.values() for side in (_("nuestro"), _("PAC"))),
        *(Column(label) for label in (_("Decisión"), _("Motivo de la decisión"), _("Decidió"))),
        Column(_("Decidida"), CellKind.MOMENT),
        *(Column(label) for label in (_("Responsable"), _("Documento"), _("Identificador en el PAC"))),
    ]
    table = Table(
        f"diferencias-{whose.ruc}-{month}",
        _("Diferencias"),
        columns,
        (_difference(row) for row in rows.order_by("pk").iterator(chunk_size=1000)),
        [_("{tenant}, corrida {run}").format(tenant=whose, run=run.run), _month_note(first, whose)],
    )
    here = reverse("reports:reconciliation_tenant", args=[month, whose.uid])
    return _answer(request, table, f"{month} {whose.uid} {run.run}", here)


def _require_exporter(request: HttpRequest) -> Staff:
    return require(request, READ, EXPORT_LISTS)


def _answer(request: HttpRequest, table: Table, filters: str, page: str) -> HttpResponseBase:
    """The file in the form that was pressed; back to the page, with the reason, where it is refused."""
    staff: Any = request.user
    back = f"{page}?{filters}" if "=" in filters else page
    form = request.POST.get("file", "csv")
    return hand_out(request, table, form, staff=staff, filters=filters, back=back)


def _group(each: Compared, tenant: Tenant) -> list[str]:
    part, kind, word, currency = each.key
    return [
        f"{part} {each.name}".strip(),
        str(cells.kind_word(kind)),
        str(cells.legal_badge(word, [tenant.country]).word),
        currency,
    ]


def _sides(each: Compared) -> list[Any]:
    ours, pac = each.ours, each.pac
    return [
        pac.count if pac else None,
        pac.total if pac else None,
        ours.count,
        ours.total,
        ours.voided_count,
        ours.voided_total,
        each.count_difference if pac else None,
        each.total_difference,
        str(cells.verdict_badge(each).word),
    ]


def _columns_of(kind: Kind, status: str, countries: Iterable[str]) -> tuple[Column, Column]:
    word = f"{kind.label} · {cells.legal_badge(status, countries).word}"
    return Column(f"{word}: {_('documentos')}", _COUNT), Column(f"{word}: {_('total')}", _MONEY)


def _figure(by_status: Any, tenant: Tenant, currency: str, kind: Kind, status: str) -> tuple[Any, Any]:
    found = [figure for figure in by_status.get((tenant.pk, currency, status), []) if figure.key.kind == kind]
    return sum(each.count for each in found), sum((each.total for each in found), start=0)


def _difference(row: Difference) -> list[Any]:
    return [
        row.get_difference_class_display(),
        str(cells.kind_word(row.kind)) if row.kind else "",
        row.legal_status,
        reason_text(row.reason_key, row.reason_values),
        *(
            "" if side.get(name) is None else raw_text(side[name])
            for name in CELLS
            for side in (row.ours, row.pac)
        ),
        row.get_decision_display(),
        row.decision_reason,
        str(row.decided_by or ""),
        row.decided_at,
        str(row.assignee or ""),
        str(row.document_uid or ""),
        row.pac_document_id,
    ]


def _range_notes(asked: Asked, tenant: Tenant | None = None) -> list[str]:
    dates = _("Fecha local de emisión: {first} a {last}, {zone}.")
    zone = zone_of(tenant) if tenant else PANAMA
    said = dates.format(first=asked.first.isoformat(), last=asked.last.isoformat(), zone=zone)
    counting = _("En bruto, sin signo por clase, anulados incluidos.")
    return [str(tenant), said, counting] if tenant else [said, counting]


def _month_note(first: date, tenant: Tenant | None = None) -> str:
    zone = zone_of(tenant) if tenant else PANAMA
    return _("Mes {month}: fecha local de emisión, {zone}.").format(month=f"{first:%Y-%m}", zone=zone)
