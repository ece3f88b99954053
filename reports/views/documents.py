"""The documents report of one company: the provider's figures, ours and what lies between them, in adjacent columns."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cifras.core.admin.refusals import refusals_as_messages
from cifras.core.models import Staff
from cifras.core.rights import may
from cifras.pac.contract import Capability
from invoicing.admin.assets import ASSETS
from invoicing.admin.figures import ago, as_received, moment, money
from invoicing.models.choices import Kind
from reports.models import StatementRequest
from reports.services import comparison
from reports.services.comparison import Compared, Verdict
from reports.services.facts import end_of_month, zone_of
from reports.services.queries import Figure, Grouping, figures, home_currency, is_whole_months
from reports.services.rollups import with_age
from reports.services.statement_queue import last_request, request_statement
from reports.services.statements import Heard, Scope, last_heard
from reports.views import cells
from reports.views.asked import GROUPINGS, NO_WORD, Asked, legal_choices, read
from reports.views.cells import Cell, Rows
from reports.views.doors import require
from tenants.access import tenants_for
from tenants.models import Tenant
from tenants.services.accounts import provider_spec

READ = "reports.view_report"
MOST_LINES = 500
_STALE = timedelta(minutes=10)  # after that the sweeps don't run: the documents themselves are asked
_BY_DAY = (Grouping.DAY, Grouping.MONTH)
_NOT_RECONCILED = (Grouping.OFFICE, Grouping.RECEIVER)
_LONGEST_SHOWN = 20_000


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the table, ready to be shown."""

    part: str
    kind: Any
    legal: Any
    ours: Cell
    voided: Cell
    pac: Cell | None
    count_difference: str
    total_difference: str
    verdict: Any
    is_different: bool
    differences: str = ""


@require_http_methods(["GET", "HEAD", "POST"])
def documents_report(request: HttpRequest) -> HttpResponse:
    """The page; a POST has the provider asked and comes back to it."""
    staff = require_reader(request)
    tenants = visible_tenants(staff)
    asked = read(request.POST if request.method == "POST" else request.GET, tenants)
    if request.method == "POST":
        return _refresh(request, asked, staff)
    request.current_app = admin.site.name
    context = {
        **admin.site.each_context(request),
        "title": _("Informe de documentos"),
        "assets": ASSETS,
        "asked": asked,
        "tenants": tenants,
        "kinds": Kind.choices,
        "legal_choices": legal_choices([asked.tenant] if asked.tenant else tenants),
        "groupings": list(GROUPINGS.items()),
        "all_address": f"{reverse('reports:all_companies')}?{asked.query(tenant='', docType='', groupBy='')}",
    }
    if asked.tenant:
        context |= report_of(asked, asked.tenant, staff)
    return TemplateResponse(request, "admin/reports/documents.html", context)


def require_reader(request: HttpRequest) -> Staff:
    """The person, if they may read reports. Raises PermissionDenied."""
    return require(request, READ)


def visible_tenants(staff: Staff) -> list[Tenant]:
    """The companies to choose from; each knows until when the roll-up was level with the documents (`rolled_up_at`)."""
    return sorted(with_age(tenants_for(staff)), key=lambda tenant: str(tenant).casefold())


def is_level(tenants: list[Tenant]) -> bool:
    """Whether the roll-up may be shown: the sweeps run."""
    at = getattr(tenants[0], "rolled_up_at", None) if tenants else None
    return at is not None and timezone.now() - at < _STALE


def our_age(tenants: list[Tenant], *, is_rolled_up: bool) -> str:
    """How old our figures are."""
    if not is_rolled_up:
        return _("leídas de los documentos ahora mismo")
    return _("al día {ago}").format(ago=ago(tenants[0].rolled_up_at))  # type: ignore[attr-defined]


def _refresh(request: HttpRequest, asked: Asked, staff: Staff) -> HttpResponse:
    if not may(staff, "reports.request_statement"):
        raise PermissionDenied
    if asked.tenant:
        with refusals_as_messages(request):
            request_statement(
                Scope.of(asked.tenant),
                asked.first,
                asked.last,
                by_day=asked.group_by in _BY_DAY,
                actor=staff,
            )
            messages.success(request, _("Se pidieron las cifras al PAC; esta página se actualiza sola."))
    return HttpResponseRedirect(f"{request.path}?{asked.query()}")


def report_of(asked: Asked, tenant: Tenant, staff: Staff) -> dict[str, Any]:
    """What the page shows of a company; `compared` are the lines as figures."""
    environment = tenant.environment
    filters = asked.filters(environment)
    rolled_up = is_level([tenant]) and is_whole_months(asked.first, asked.last)
    ours = figures(
        Tenant.objects.filter(pk=tenant.pk),
        asked.first,
        asked.last,
        filters=filters,
        group_by=asked.group_by,
        from_facts=not rolled_up,
    )
    can_ask = provider_spec(tenant).can(Capability.STATEMENT) and bool(tenant.pac_company_id)
    by_day = asked.group_by in _BY_DAY
    heard = last_heard(Scope.of(tenant), asked.first, asked.last, by_day=by_day) if can_ask else None
    wish = last_request(Scope.of(tenant), asked.first, asked.last, by_day=by_day) if can_ask else None
    # No provider tells the currency of its totals: beside several of ours there is nothing to hold them against.
    is_mixed = len({figure.key.currency for figure in ours}) > 1
    comparable = None if is_mixed else heard
    compared = _compared(asked, tenant, ours, comparable)
    rows = Rows(staff, asked.first, asked.last, environment)
    shown = compared[:MOST_LINES]
    lines = [_line(each, asked, tenant, rows) for each in shown]
    is_by_part = asked.group_by in (*_BY_DAY, Grouping.OFFICE, Grouping.RECEIVER)
    uses_rollup = rolled_up and asked.group_by not in (Grouping.DAY, Grouping.OFFICE, Grouping.RECEIVER)
    return {
        "compared": compared,
        "lines": lines,
        "hidden_lines": len(compared) - len(shown),
        "sums": [
            _line(each, asked, tenant, rows, is_sum=True) for each in _sums(asked, tenant, ours, comparable)
        ],
        "part_title": GROUPINGS[asked.group_by] if is_by_part else "",
        "differences": sum(each.verdict is Verdict.DIFFERENT for each in compared),
        "is_mixed": is_mixed and heard is not None,
        "is_compared": any(each.verdict is not Verdict.NOT_COMPARED for each in compared),
        "bridge": _bridge(ours) if not asked.kind and not asked.legal else None,
        "chart": _chart(lines, is_by_part=is_by_part),
        "our_age": our_age([tenant], is_rolled_up=uses_rollup),
        "zone": zone_of(tenant),
        "provider": provider_spec(tenant).name,
        "can_ask": can_ask,
        "may_ask": can_ask and may(staff, "reports.request_statement"),
        "is_sandbox": not tenant.is_live,
        **statement_context(heard, wish),
    }


def statement_context(heard: Heard | None, wish: StatementRequest | None) -> dict[str, Any]:
    """The provider's side: how old it is, what it said word for word, and whether it is being asked."""
    is_waiting = wish is not None and wish.done_at is None
    return {
        "heard_at": moment(heard.fetched_at) if heard else "",
        "heard_ago": ago(heard.fetched_at) if heard else "",
        "statements": [
            {
                "from": statement.from_date,
                "to": statement.to_date,
                "sha256": statement.sha256,
                "text": as_received(statement.text, _LONGEST_SHOWN),
            }
            for statement in (heard.statements if heard else ())
        ],
        "is_waiting": is_waiting,
        "failed": as_received(wish.error, 500) if wish and wish.error else "",
    }


def _compared(asked: Asked, tenant: Tenant, ours: list[Figure], heard: Heard | None) -> list[Compared]:
    """The lines of the table: differences first, but days and months in their order."""
    said = comparison.wanted(heard.figures, asked.filters(tenant.environment)) if heard else None
    told_in = _told_in(ours, tenant)

    def pac_key(figure: Any) -> tuple[str, ...] | None:
        part = comparison.pac_part(figure, asked.group_by)
        kind, word = comparison.pac_kind(figure), comparison.pac_word(figure)
        return None if part is None or not kind or not word else (part, kind, word, told_in)

    lines = comparison.compare(ours, said, our_key=_our_key, pac_key=pac_key)
    lines.sort(key=lambda line: _order(line, asked.group_by))
    return lines


def _told_in(ours: list[Figure], tenant: Tenant) -> str:
    """The currency of the provider's totals, which names none: the company's only one."""
    return min({figure.key.currency for figure in ours}, default=home_currency(tenant.country))


def _our_key(figure: Figure) -> tuple[str, ...]:
    key = figure.key
    return (key.part, key.kind, key.legal_status, key.currency)


def _order(line: Compared, group_by: Grouping) -> tuple[Any, ...]:
    part, kind, word, currency = line.key
    legal = cells.LEGAL_ORDER.index(word) if word in cells.LEGAL_ORDER else len(cells.LEGAL_ORDER)
    within = (legal, kind) if group_by is Grouping.STATUS else (kind != Kind.INVOICE, legal)
    if group_by in _BY_DAY:
        return (part, *within, currency)
    if group_by is Grouping.RECEIVER:
        return (-line.ours.total, part, *within, currency)
    return (line.verdict is not Verdict.DIFFERENT, part, *within, currency)


def _sums(asked: Asked, tenant: Tenant, ours: list[Figure], heard: Heard | None) -> list[Compared]:
    """Each kind over all its statuses, compared wherever the provider tells kinds apart."""
    said = comparison.wanted(heard.figures, asked.filters(tenant.environment)) if heard else None
    told_in = _told_in(ours, tenant)

    def pac_key(figure: Any) -> tuple[str, ...] | None:
        kind = comparison.pac_kind(figure)
        return ("", kind, "", told_in) if kind else None

    lines = comparison.compare(
        ours, said, our_key=lambda figure: ("", figure.key.kind, "", figure.key.currency), pac_key=pac_key
    )
    return sorted(lines, key=lambda line: (line.key[1] != Kind.INVOICE, line.key))


def _line(each: Compared, asked: Asked, tenant: Tenant, rows: Rows, *, is_sum: bool = False) -> Line:
    part, kind, word, currency = each.key
    query = (_sum_query(asked) if is_sum else _query(each, asked)) | cells.currency_query(
        currency, tenant.country
    )
    first, last = _days(asked, part)
    opened = Rows(rows.staff, first, last, rows.environment)
    ours, pac = each.ours, each.pac
    return Line(
        part=_part_word(each, asked),
        kind=cells.kind_word(kind),
        legal=cells.legal_badge(word, [tenant.country]),
        ours=Cell(
            ours.count,
            money(ours.total, currency),
            opened.address(kind, tenant.pk, **query) if ours.count else "",
        ),
        voided=Cell(
            ours.voided_count,
            money(ours.voided_total, currency),
            opened.address(kind, tenant.pk, **query, **cells.voided_query()) if ours.voided_count else "",
        ),
        pac=Cell(pac.count, "—" if pac.total is None else money(pac.total, currency)) if pac else None,
        count_difference=cells.signed_count(each.count_difference) if pac else "—",
        total_difference=cells.signed_money(each.total_difference, currency),
        verdict=cells.verdict_badge(each),
        is_different=each.verdict is Verdict.DIFFERENT,
        differences=_differences(each, asked, tenant, first, last, is_sum=is_sum),
    )


def _differences(
    each: Compared, asked: Asked, tenant: Tenant, first: date, last: date, *, is_sum: bool
) -> str:
    """The differences behind a figure that differs, where the reconciliation tells its group apart."""
    _part, kind, word, _currency = each.key
    if each.verdict is not Verdict.DIFFERENT or kind not in Kind.values or asked.group_by in _NOT_RECONCILED:
        return ""
    legal = {} if is_sum else cells.legal_query(word)
    return cells.differences_address(tenant.uid, first, last, kind=kind, **legal)


def _query(each: Compared, asked: Asked) -> dict[str, str]:
    part, _kind, word, _currency = each.key
    query = cells.legal_query(word)
    if asked.group_by is Grouping.OFFICE:
        query["office__uid"] = each.part_uid
    if asked.group_by is Grouping.RECEIVER:
        query["receiver_ruc"] = part
    return query


def _sum_query(asked: Asked) -> dict[str, str]:
    """A kind's sum holds every status, unless one was asked for."""
    return cells.legal_query("" if asked.legal == NO_WORD else asked.legal) if asked.legal else {}


def _days(asked: Asked, part: str) -> tuple[date, date]:
    """The days of a part: one day, one month within the range, or the whole range."""
    if not part or asked.group_by not in _BY_DAY:
        return asked.first, asked.last
    start = date.fromisoformat(part)
    end = start if asked.group_by is Grouping.DAY else end_of_month(start)
    return max(start, asked.first), min(end, asked.last)


def _part_word(each: Compared, asked: Asked) -> str:
    part = each.key[0]
    if asked.group_by is Grouping.DAY and part:
        return f"{date.fromisoformat(part):%d/%m/%Y}"
    if asked.group_by is Grouping.MONTH and part:
        return f"{date.fromisoformat(part):%m/%Y}"
    if asked.group_by is Grouping.OFFICE:
        return f"{part} {each.name}".strip()
    if asked.group_by is Grouping.RECEIVER:
        return f"{each.name or _('Sin nombre')} ({part})" if part else _("Sin RUC")
    return ""


def _bridge(ours: list[Figure]) -> dict[str, str] | None:
    currencies = {figure.key.currency for figure in ours}
    if len(currencies) != 1:
        return None
    bridge, currency = comparison.bridge(ours), currencies.pop()
    return {
        "gross": money(bridge.gross, currency),
        "voided": money(-bridge.voided, currency),
        "credits": money(-bridge.credits, currency),
        "net": money(bridge.net_sales, currency),
    }


def _chart(lines: list[Line], *, is_by_part: bool) -> dict[str, Any]:
    """How many documents, by part or else by kind and status, on both sides."""
    ours: dict[str, int] = {}
    pac: dict[str, int] = {}
    for line in lines:
        label = line.part if is_by_part else f"{line.kind} · {line.legal.word}"
        ours[label] = ours.get(label, 0) + line.ours.count
        if line.pac:
            pac[label] = pac.get(label, 0) + line.pac.count
    labels = list(ours)[:62]
    series = [{"label": _("Nuestro"), "data": [ours[label] for label in labels]}]
    if pac:
        series.insert(0, {"label": "PAC", "data": [pac.get(label, 0) for label in labels]})
    return {"labels": labels, "series": series} if labels else {}
