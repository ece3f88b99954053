"""What the pages of the reconciliation show of a run: its figures, its differences by class, and who may decide."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from cifras.core.models import Staff
from cifras.core.rights import may
from invoicing.admin.figures import ago, as_received, moment
from invoicing.models.choices import Kind
from reports.models import Difference, MonthClosing, Reconciliation
from reports.models.reconciliation import UNSETTLED, Decision, DifferenceClass
from reports.services.facts import end_of_month
from reports.services.reconciling import deciding
from reports.views.differences_shown import shown
from reports.views.reconciliation_lines import STATES, in_its_currency, is_open, newest_runs, summed_bridges
from tenants.models import Tenant

_DIFFERENCES_A_PAGE = 50
_RUNS_SHOWN = 50
# What a figure asks for beside a decision of its own name: whatever a later run has to confirm.
_TO_SETTLE = "unsettled"


def runs_of(tenant: Tenant, first: date) -> list[Reconciliation]:
    """The runs of a month, the newest first; each knows how many differences are `decided`, and whether the month `is_closed`."""
    decided = (
        Difference.objects.filter(reconciliation=OuterRef("pk"))
        .exclude(decision=Decision.OPEN)
        .order_by()
        .values("reconciliation")
        .annotate(documents=Count("pk"))
        .values("documents")
    )
    rows = Reconciliation.objects.filter(tenant=tenant, month=first).select_related("asked_by", "tenant")
    closed = MonthClosing.objects.filter(
        tenant=tenant, month=first, environment=OuterRef("environment"), state=MonthClosing.State.CLOSED
    )
    return list(rows.annotate(decided=Subquery(decided), is_closed=Exists(closed))[:_RUNS_SHOWN])


def chosen_run(runs: Sequence[Reconciliation], wanted: str | None) -> Reconciliation | None:
    """The run that was asked for, else the newest one that has something to show, else the newest."""
    if wanted:
        found = next((run for run in runs if str(run.run) == wanted), None)
        if found is None:
            raise Http404
        return found
    return next((run for run in runs if run.summary), runs[0] if runs else None)


def run_shown(
    request: HttpRequest, run: Reconciliation, runs: Sequence[Reconciliation], staff: Staff
) -> dict[str, Any]:
    asked = narrowed(request)
    tab = asked.get("class", "")
    by_class = run.by_class
    total, decided = sum(by_class.values()), getattr(run, "decided", None) or 0
    rows = Difference.objects.filter(reconciliation=run).select_related("decided_by", "assignee")
    paginator = Paginator(_of(rows, asked), _DIFFERENCES_A_PAGE)
    if not asked.keys() - {"class"}:
        paginator.count = by_class.get(tab, 0) if tab else total
    page = paginator.get_page(request.GET.get("page"))
    may_reconcile = may(staff, deciding.RECONCILE)
    query = {"run": run.run} if run != next((each for each in runs if each.summary), run) else {}
    return {
        "badge": STATES[Reconciliation.State(run.state)],
        "summary": run.summary,
        "by_class": by_class,
        "documents_page": _documents_page(run),
        "our_total": in_its_currency(run, "total"),
        "pac_total": in_its_currency(run, "pac_total"),
        "statement_at": moment(run.statement_at),
        "statement_ago": ago(run.statement_at) if run.statement_at else "",
        "bridges": summed_bridges([run] if run.summary else []),
        "total": total,
        "decided": decided,
        "undecided": total - decided,
        "tab": tab,
        "tabs": _tabs(by_class, tab, query, total),
        "is_narrowed": bool(asked.keys() - {"class"}),
        "page": page,
        "page_query": urlencode({**query, **asked}),
        "differences": shown(list(page.object_list), staff),
        "decides": may_reconcile and not query,
        "is_closed": getattr(run, "is_closed", False),
        "people": _people(run.tenant_id) if may_reconcile and total else [],
        "error": as_received(run.error, 500),
    }


def _documents_page(run: Reconciliation) -> str:
    """The report whose figures open the documents that a run counted."""
    query = {"tenant": run.tenant.uid, "from": run.month, "to": end_of_month(run.month)}
    return f"{reverse('reports:documents')}?{urlencode(query)}"


def waiting_for(runs: Sequence[Reconciliation]) -> dict[str, Any]:
    """How far the run in course has come; nothing where none is."""
    run = next((each for each in runs if is_open(each)), None)
    return {"is_waiting": run is not None, "progress": run.progress if run else {}}


def narrowed(request: HttpRequest) -> dict[str, str]:
    """Which differences an address asks for."""
    known = {
        "class": DifferenceClass.values,
        "decision": [*Decision.values, _TO_SETTLE],
        "kind": Kind.values,
    }
    asked = {name: request.GET.get(name, "") for name in known}
    found = {name: value for name, value in asked.items() if value in known[name]}
    legal = request.GET.get("legal", "")[:60]
    return {**found, "legal": legal} if legal else found


def _of(rows: QuerySet[Difference], asked: Mapping[str, str]) -> QuerySet[Difference]:
    if name := asked.get("class"):
        rows = rows.filter(difference_class=name)
    if decision := asked.get("decision"):
        rows = rows.filter(decision__in=UNSETTLED if decision == _TO_SETTLE else [decision])
    if kind := asked.get("kind"):
        rows = rows.filter(kind=kind)
    if legal := asked.get("legal"):
        rows = rows.filter(legal_status="" if legal == "none" else legal)
    return rows


def of_class(
    tenants: Sequence[Tenant], first: date, name: str, request: HttpRequest, staff: Staff
) -> dict[str, Any]:
    """The differences of one class over the newest runs of these companies, to be read; each is decided on its own page."""
    runs, named = newest_runs(tenants, first), {tenant.pk: tenant for tenant in tenants}
    rows = Difference.objects.filter(reconciliation__in=list(runs.values()), difference_class=name)
    paginator = Paginator(rows.select_related("decided_by", "assignee"), _DIFFERENCES_A_PAGE)
    paginator.count = sum(run.by_class.get(name, 0) for run in runs.values())
    page = paginator.get_page(request.GET.get("page"))
    found = shown(list(page.object_list), staff)
    return {
        "page": page,
        "class_word": DifferenceClass(name).label,
        "differences": [(named[each.row.tenant_id], each) for each in found],
        "page_query": urlencode({"class": name}),
    }


def _tabs(
    by_class: Mapping[str, int], tab: str, query: Mapping[str, Any], total: int
) -> list[dict[str, Any]]:
    every = {"word": _("Todas"), "count": total, "is_open": not tab, "query": urlencode(query) or "page=1"}
    return [every] + [
        {
            "word": each.label,
            "count": by_class[each.value],
            "is_open": tab == each.value,
            "query": urlencode({**query, "class": each.value}),
        }
        for each in DifferenceClass
        if each.value in by_class
    ]


def _people(tenant_id: int) -> list[Staff]:
    """Who sees the company, to choose an assignee from; who may decide is checked when one is chosen."""
    now = timezone.now()
    granted = Q(grants__expires_at=None) | Q(grants__expires_at__gt=now)
    sees = Q(is_superuser=True) | (
        granted & (Q(grants__tenant=tenant_id) | Q(grants__tenant=None, grants__isnull=False))
    )
    rows = Staff.objects.filter(sees, is_active=True, is_staff=True).order_by("username").distinct()
    return list(rows.only("uid", "username")[:200])
