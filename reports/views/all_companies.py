"""The documents report of all companies: tenants by legal status, the provider's figures beside ours, the worst first."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from cifras.core.admin.refusals import refusals_as_messages
from cifras.core.models import Staff
from cifras.core.rights import may
from cifras.core.scopes import all_tenants
from cifras.fiscal.zones import PANAMA
from invoicing.admin.assets import ASSETS
from invoicing.admin.figures import as_received, money
from invoicing.models.choices import LEGAL_STATUSES, Kind
from reports.services import comparison
from reports.services.comparison import Compared, Verdict
from reports.services.queries import HOME_CURRENCY, Figure, figures, home_currency, is_whole_months
from reports.services.statement_queue import last_request, request_statement
from reports.services.statements import Heard, Scope, last_heard, scopes_of
from reports.views import cells
from reports.views.asked import Asked, default_environment, legal_choices, read
from reports.views.cells import Cell, Rows
from reports.views.documents import (
    is_level,
    our_age,
    require_reader,
    statement_context,
    visible_tenants,
)
from reports.views.trends import Trend, trends_of
from tenants.access import sees_everything
from tenants.models import Tenant

_PAGE = 100
STATUSES = [*(value for value, _word in LEGAL_STATUSES), ""]
SORTS = {
    "difference": gettext_lazy("Diferencia"),
    "size": gettext_lazy("Tamaño"),
    "name": gettext_lazy("Nombre"),
}
_SHORT = {Kind.INVOICE: gettext_lazy("fact."), Kind.CREDIT: gettext_lazy("notas")}


@dataclass(frozen=True, slots=True)
class Row:
    """A company, ready to be shown; one that issues in two currencies stands in two rows.

    `cells` hold a list of (short kind, Cell) for each status.
    """

    name: str
    address: str
    cells: list[list[tuple[Any, Cell]]]
    ours: Cell
    pac: Cell | None
    count_difference: str
    total_difference: str
    verdict: Any
    is_different: bool
    share: str
    differences: str
    trend: Trend


@require_http_methods(["GET", "HEAD", "POST"])
def all_companies_report(request: HttpRequest) -> HttpResponse:
    """The page; a POST has the provider asked and comes back to it."""
    staff = require_reader(request)
    tenants = visible_tenants(staff)
    given = request.POST if request.method == "POST" else request.GET
    asked = read({**given.dict(), "tenant": ""}, [])
    environment = asked.environment or default_environment(tenants)
    scopes = scopes_seen(tenants, environment)
    if request.method == "POST":
        return _refresh(request, asked, scopes, staff)
    request.current_app = admin.site.name
    context = {
        **admin.site.each_context(request),
        "title": _("Informe de todas las empresas"),
        "assets": ASSETS,
        "asked": asked,
        "chosen_environment": environment,
        "environments": Tenant.Environment.choices,
        "legal_choices": legal_choices(tenants),
        "sorts": list(SORTS.items()),
        "sort": request.GET.get("sort") if request.GET.get("sort") in SORTS else "difference",
        "is_sandbox": environment == Tenant.Environment.SANDBOX,
        "zone": str(PANAMA),
        "may_ask": bool(scopes) and may(staff, "reports.request_statement"),
    }
    mine = [tenant for tenant in tenants if tenant.environment == environment]
    context |= report_of(asked, mine, scopes, staff, context["sort"], request.GET.get("page", ""))
    return TemplateResponse(request, "admin/reports/all_companies.html", context)


def scopes_seen(tenants: list[Tenant], environment: str) -> list[Scope]:
    """The accounts to ask; none where the person sees no company that speaks under one."""
    mine = [tenant for tenant in tenants if tenant.environment == environment and tenant.pac_company_id]
    return scopes_of((tenant.pac_provider, environment) for tenant in mine)


def _refresh(request: HttpRequest, asked: Asked, scopes: list[Scope], staff: Staff) -> HttpResponse:
    if not may(staff, "reports.request_statement"):
        raise PermissionDenied
    with refusals_as_messages(request):
        for scope in scopes:
            request_statement(scope, asked.first, asked.last, actor=staff)
        messages.success(request, _("Se pidieron las cifras al PAC; esta página se actualiza sola."))
    return HttpResponseRedirect(f"{request.path}?{asked.query()}")


def report_of(
    asked: Asked, tenants: list[Tenant], scopes: list[Scope], staff: Staff, sort: str, page: str
) -> dict[str, Any]:
    """What the page shows; `compared` are the lines of all pages as figures, `by_status` ours by company and status."""
    environment = tenants[0].environment if tenants else ""
    rolled_up = is_level(tenants) and is_whole_months(asked.first, asked.last)
    ours = figures(
        Tenant.objects.visible_to(staff).filter(environment=environment),
        asked.first,
        asked.last,
        filters=asked.filters(environment),
        from_facts=not rolled_up,
    )
    # An account's answer is about every company of it; only those that the person sees are taken from it.
    with all_tenants(reason="figures of an account, of which only the visible companies' are shown"):
        heard = [each for scope in scopes if (each := last_heard(scope, asked.first, asked.last))]
    wishes = [wish for scope in scopes if (wish := last_request(scope, asked.first, asked.last))]
    compared = _compared(asked, tenants, ours, heard if len(heard) == len(scopes) else [])
    order = {str(tenant.pk): position for position, tenant in enumerate(tenants)}
    compared.sort(key=lambda line: _order(line, sort, order))
    number = min(int(page) if page.isdecimal() and len(page) < 6 else 1, -(-len(compared) // _PAGE) or 1)
    shown = compared[(max(number, 1) - 1) * _PAGE : max(number, 1) * _PAGE]
    waiting = next((wish for wish in wishes if wish.done_at is None), wishes[0] if wishes else None)
    by_cell = _by_cell(ours)
    whole: defaultdict[str, Decimal] = defaultdict(Decimal)
    for line in compared:
        whole[line.key[1]] += line.ours.total
    trends = trends_of([int(line.key[0]) for line in shown], asked.last)
    named = {str(tenant.pk): tenant for tenant in tenants}
    rows = Rows(staff, asked.first, asked.last, environment)
    countries = {tenant.country for tenant in tenants}
    return {
        "compared": compared,
        "by_status": by_cell,
        "rows": [_row(line, named[line.key[0]], by_cell, rows, asked, whole, trends) for line in shown],
        "statuses": [cells.legal_badge(status, countries) for status in _columns(asked)],
        "sums": _sums(compared),
        "companies": len({line.key[0] for line in compared}),
        "differences": sum(line.verdict is Verdict.DIFFERENT for line in compared),
        "is_compared": any(line.verdict is not Verdict.NOT_COMPARED for line in compared),
        "strangers": _strangers(heard) if sees_everything(staff) else [],
        "previous_page": number - 1,
        "next_page": number + 1 if number * _PAGE < len(compared) else 0,
        "our_age": our_age(tenants, is_rolled_up=rolled_up),
        "links": {name: asked.query(sort=name) for name in SORTS},
        "page_query": asked.query(sort=sort),
        **statement_context(heard[0] if heard else None, waiting),
    }


def _compared(asked: Asked, tenants: list[Tenant], ours: list[Figure], heard: list[Heard]) -> list[Compared]:
    """One line per company and currency that has something on either side; two currencies of one company are not compared."""
    own = {tenant.pk for tenant in tenants if tenant.pac_token or tenant.pac_base_url}
    seen = {tenant.pk: tenant for tenant in tenants if tenant.pk not in own}
    currencies: defaultdict[int, set[str]] = defaultdict(set)
    for figure in ours:
        currencies[figure.key.tenant_id].add(figure.key.currency)
    said = [
        figure
        for each in heard
        for figure in comparison.wanted(each.figures, asked.filters(""))
        if figure.tenant_id in seen
    ]

    def pac_key(figure: Any) -> tuple[str, ...]:
        # The provider names no currency: it is the company's only one.
        known = currencies[figure.tenant_id] or {home_currency(seen[figure.tenant_id].country)}
        return str(figure.tenant_id), min(known)

    lines = comparison.compare(
        ours,
        said if heard else None,
        our_key=lambda figure: (str(figure.key.tenant_id), figure.key.currency),
        pac_key=pac_key,
    )
    return [
        Compared(line.key, line.ours, None)
        if int(line.key[0]) in own or len(currencies[int(line.key[0])]) > 1
        else line
        for line in lines
        if line.ours.count or (line.pac and line.pac.count)
    ]


def _order(line: Compared, sort: str, names: dict[str, int]) -> tuple[Any, ...]:
    tenant, currency = line.key
    size = (currency != HOME_CURRENCY, currency, -line.ours.total)
    if sort == "name":
        return (names[tenant], currency)
    if sort == "size":
        return (*size, names[tenant])
    if line.verdict is not Verdict.DIFFERENT:
        return (1, *size)
    return (0, -abs(line.total_difference or Decimal(0)), -abs(line.count_difference), *size)


def _columns(asked: Asked) -> list[str]:
    wanted = asked.filters("").legal_status
    return STATUSES if wanted is None else [wanted]


def _by_cell(ours: list[Figure]) -> dict[tuple[int, str, str], list[Figure]]:
    found: defaultdict[tuple[int, str, str], list[Figure]] = defaultdict(list)
    for figure in ours:
        found[figure.key.tenant_id, figure.key.currency, figure.key.legal_status].append(figure)
    return found


def _row(
    line: Compared,
    tenant: Tenant,
    by_cell: dict[tuple[int, str, str], list[Figure]],
    rows: Rows,
    asked: Asked,
    whole: Mapping[str, Decimal],
    trends: Mapping[tuple[int, str], Trend],
) -> Row:
    currency = line.key[1]
    address = f"{reverse('reports:documents')}?{asked.query(tenant=tenant.uid, environment='')}"
    is_different = line.verdict is Verdict.DIFFERENT
    return Row(
        name=str(tenant),
        address=address,
        cells=[
            [
                (_SHORT[Kind(each.key.kind)], _cell(each, rows, tenant))
                for each in by_cell.get((tenant.pk, currency, status), [])
            ]
            for status in _columns(asked)
        ],
        ours=Cell(line.ours.count, money(line.ours.total, currency), address),
        pac=_pac_cell(line),
        count_difference=cells.signed_count(line.count_difference) if line.pac else "—",
        total_difference=cells.signed_money(line.total_difference, currency),
        verdict=cells.verdict_badge(line),
        is_different=is_different,
        share=f"{line.ours.total / whole[currency] * 100:.1f} %" if whole[currency] else "—",
        differences=cells.differences_address(tenant.uid, asked.first, asked.last) if is_different else "",
        trend=trends[tenant.pk, currency],
    )


def _cell(figure: Figure, rows: Rows, tenant: Tenant) -> Cell:
    key = figure.key
    query = cells.legal_query(key.legal_status) | cells.currency_query(key.currency, tenant.country)
    return Cell(
        figure.count, money(figure.total, key.currency), rows.address(key.kind, key.tenant_id, **query)
    )


def _pac_cell(line: Compared) -> Cell | None:
    if line.pac is None:
        return None
    amount = "—" if line.pac.total is None else money(line.pac.total, line.key[1])
    return Cell(line.pac.count, amount)


def _sums(compared: list[Compared]) -> list[dict[str, Any]]:
    """Each currency by itself."""
    by_currency: defaultdict[str, list[Compared]] = defaultdict(list)
    for line in compared:
        by_currency[line.key[1]].append(line)
    return [
        {"currency": currency, **_sum(lines, currency)} for currency, lines in sorted(by_currency.items())
    ]


def _sum(compared: list[Compared], currency: str) -> dict[str, Any]:
    said = [line.pac for line in compared if line.pac]
    amounts = [each.total for each in said if each.total is not None]
    is_told = said and len(amounts) == len(said)
    return {
        "count": sum(line.ours.count for line in compared),
        "amount": money(sum((line.ours.total for line in compared), Decimal(0)), currency),
        "pac_count": sum(each.count for each in said) if said else None,
        "pac_amount": money(sum(amounts, Decimal(0)), currency) if is_told else "—",
    }


def _strangers(heard: list[Heard]) -> list[dict[str, Any]]:
    """Companies of the account that are none of ours: the provider counts documents that we know nothing of."""
    found: defaultdict[str, comparison.Said] = defaultdict(comparison.Said)
    for each in heard:
        for figure in each.figures:
            if figure.tenant_id is None:
                found[figure.pac_company_id].add(figure)
    return [
        {
            "company": as_received(company, 60) or _("sin identificador"),
            "count": said.count,
            "amount": "—" if said.total is None else money(said.total),
        }
        for company, said in sorted(found.items())
    ]
