"""What the pages of the reconciliation show: companies with their progress, differences cell by cell, the bridge."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.db.models import Count, OuterRef, Q, Subquery
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cifras.core.admin.badges import AMBER, BLUE, GREEN, GREY, RED, Badge
from cifras.core.models import Staff
from cifras.core.rights import may
from invoicing.admin.figures import ago, as_received, moment, money
from invoicing.models.choices import Kind
from reports.models import Difference, DifferenceComment, Reconciliation
from reports.models.reconciliation import Decision, DifferenceClass
from reports.services.reconciling import deciding
from reports.services.reconciling.reasons import reason_text
from reports.views import cells
from tenants.models import Tenant

_DIFFERENCES_A_PAGE = 50
_RUNS_SHOWN = 50
_STATES = {
    Reconciliation.State.WAITING: Badge(gettext_lazy("En espera"), "schedule", BLUE),
    Reconciliation.State.RUNNING: Badge(gettext_lazy("En curso"), "sync", BLUE),
    Reconciliation.State.DONE: Badge(gettext_lazy("Terminada"), "task_alt", GREEN),
    Reconciliation.State.FAILED: Badge(gettext_lazy("Incompleta"), "error", RED),
}
_NOT_YET = Badge(gettext_lazy("Sin conciliar"), "remove", GREY)
_LEVEL = Badge(gettext_lazy("Sin diferencias"), "check_circle", GREEN)
_DECISIONS = {
    Decision.OPEN: Badge(gettext_lazy("Por decidir"), "pending", AMBER),
    Decision.ADOPT: Badge(gettext_lazy("Adoptada"), "task_alt", GREEN),
    Decision.REFETCH: Badge(gettext_lazy("Consultada de nuevo"), "sync", BLUE),
    Decision.ACCEPT: Badge(gettext_lazy("Aceptada"), "done", GREEN),
    Decision.DISPUTE: Badge(gettext_lazy("En disputa"), "gavel", RED),
}
_CELLS: Mapping[str, Any] = {
    "number": gettext_lazy("Número"),
    "document_id": gettext_lazy("Identificador en el PAC"),
    "cufe": "CUFE",
    "issue_date": gettext_lazy("Emisión"),
    "day": gettext_lazy("Día"),
    "legal_status": gettext_lazy("Estado legal"),
    "count": gettext_lazy("Documentos"),
    "total": gettext_lazy("Total"),
    "void": gettext_lazy("Anulada"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One company of the month."""

    tenant: Tenant
    address: str
    badge: Badge
    run: Reconciliation | None = None
    classes: Sequence[tuple[str, int]] = ()
    total: int = 0
    decided: int = 0

    @property
    def percent(self) -> int:
        """How much is decided."""
        return 100 * self.decided // self.total if self.total else 100


@dataclass(frozen=True, slots=True)
class Cell:
    """One member on both sides, raw. `differs` is None where one side does not say."""

    name: Any
    ours: str
    pac: str
    differs: bool | None


@dataclass(frozen=True, slots=True)
class Shown:
    """One difference, ready to be shown."""

    row: Difference
    kind: Any
    reason: str
    badge: Badge
    cells: Sequence[Cell]
    address: str
    may_adopt: bool
    may_refetch: bool
    comments: Sequence[DifferenceComment] = field(default=())


def _newest(first: date) -> Subquery:
    rows = Reconciliation.objects.filter(
        tenant=OuterRef("tenant"), month=first, environment=OuterRef("environment")
    )
    return Subquery(rows.order_by("-run").values("pk")[:1])


def month_lines(tenants: Sequence[Tenant], first: date, month: str) -> list[Line]:
    """The companies, those with most left to decide first."""
    runs = {
        run.tenant_id: run
        for run in Reconciliation.objects.filter(month=first, tenant__in=tenants, pk=_newest(first))
    }
    decided = dict(
        Difference.objects.filter(reconciliation__in=list(runs.values()))
        .exclude(decision=Decision.OPEN)
        .order_by()
        .values_list("reconciliation")
        .annotate(Count("pk"))
    )
    lines = []
    for tenant in tenants:
        address = reverse("reports:reconciliation_tenant", args=[month, tenant.uid])
        run = runs.get(tenant.pk)
        if run is None:
            lines.append(Line(tenant, address, _NOT_YET))
            continue
        total = sum(run.by_class.values())
        is_level = run.state == Reconciliation.State.DONE and not total
        badge = _LEVEL if is_level else _STATES[Reconciliation.State(run.state)]
        lines.append(Line(tenant, address, badge, run, _words(run.by_class), total, decided.get(run.pk, 0)))
    return sorted(lines, key=lambda line: (line.decided - line.total, line.run is None))


def _words(by_class: Mapping[str, int]) -> list[tuple[str, int]]:
    return [(str(each.label), by_class[each.value]) for each in DifferenceClass if by_class.get(each.value)]


def summed_classes(runs: Iterable[Reconciliation]) -> list[tuple[str, int]]:
    sums: dict[str, int] = {}
    for run in runs:
        for name, count in run.by_class.items():
            sums[name] = sums.get(name, 0) + count
    return _words(sums)


def summed_bridge(runs: Sequence[Reconciliation]) -> list[tuple[str, str]]:
    """Gross - voided - credits = net sales, over these runs."""
    if not runs:
        return []
    names = {
        "gross": _("Facturas autorizadas"),
        "voided": _("− Anuladas"),
        "credits": _("− Notas de crédito"),
        "net": _("= Ventas netas"),
    }
    bridges = [run.summary.get("bridge", {}) for run in runs]
    return [
        (word, money(sum((Decimal(each.get(name, "0")) for each in bridges), Decimal(0))))
        for name, word in names.items()
    ]


def is_open(run: Reconciliation | None) -> bool:
    return run is not None and run.state in (Reconciliation.State.WAITING, Reconciliation.State.RUNNING)


def runs_of(tenant: Tenant, first: date) -> list[Reconciliation]:
    """The runs of a month, the newest first; each knows how many of its differences are `decided`."""
    decided = (
        Difference.objects.filter(reconciliation=OuterRef("pk"))
        .exclude(decision=Decision.OPEN)
        .order_by()
        .values("reconciliation")
        .annotate(documents=Count("pk"))
        .values("documents")
    )
    rows = Reconciliation.objects.filter(tenant=tenant, month=first).select_related("asked_by")
    return list(rows.annotate(decided=Subquery(decided))[:_RUNS_SHOWN])


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
    tab = request.GET.get("class", "")
    tab = tab if tab in DifferenceClass.values else ""
    by_class = run.by_class
    total, decided = sum(by_class.values()), getattr(run, "decided", None) or 0
    rows = Difference.objects.filter(reconciliation=run).select_related("decided_by", "assignee")
    if tab:
        rows = rows.filter(difference_class=tab)
    paginator = Paginator(rows, _DIFFERENCES_A_PAGE)
    paginator.count = by_class.get(tab, 0) if tab else total
    page = paginator.get_page(request.GET.get("page"))
    may_reconcile = may(staff, deciding.RECONCILE)
    query = {"run": run.run} if run != next((each for each in runs if each.summary), run) else {}
    return {
        "badge": _STATES[Reconciliation.State(run.state)],
        "summary": run.summary,
        "our_total": money(Decimal(run.summary.get("total") or 0)),
        "pac_total": _pac_total(run),
        "statement_at": moment(run.statement_at),
        "statement_ago": ago(run.statement_at) if run.statement_at else "",
        "bridge": summed_bridge([run] if run.summary else []),
        "total": total,
        "decided": decided,
        "tab": tab,
        "tabs": _tabs(by_class, tab, query, total),
        "page": page,
        "page_query": urlencode({**query, **({"class": tab} if tab else {})}),
        "differences": _shown(list(page.object_list), staff),
        "decides": may_reconcile and not query,
        "people": _people(run.tenant_id) if may_reconcile and total else [],
        "error": as_received(run.error, 500),
    }


def _pac_total(run: Reconciliation) -> str:
    told = run.summary.get("pac_total")
    return money(Decimal(told)) if told is not None else "—"


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


def _shown(rows: Sequence[Difference], staff: Staff) -> list[Shown]:
    said: dict[str, list[DifferenceComment]] = {}
    for comment in (
        DifferenceComment.objects.filter(subject__in={row.subject for row in rows}) if rows else ()
    ):
        said.setdefault(comment.subject, []).append(comment)
    adopts = may(staff, deciding.ADOPT)
    return [
        Shown(
            row=row,
            kind=cells.kind_word(row.kind) if row.kind else "—",
            reason=reason_text(row.reason_key, row.reason_values),
            badge=_DECISIONS[Decision(row.decision)],
            cells=_cells(row),
            address=_address(row, staff),
            may_adopt=adopts and deciding.may_be_adopted(row),
            may_refetch=bool(row.document_uid and row.ours.get("document_id")),
            comments=said.get(row.subject, ()),
        )
        for row in rows
    ]


def _cells(row: Difference) -> list[Cell]:
    """Every member that one side has, raw."""
    found = []
    for name, word in _CELLS.items():
        ours, pac = row.ours.get(name), row.pac.get(name)
        if ours is None and pac is None:
            continue
        is_told = ours is not None and pac is not None
        differs = str(ours).lstrip("0") != str(pac).lstrip("0") if is_told else None
        found.append(Cell(word, _raw(ours), _raw(pac), differs))
    return found


def _raw(value: Any) -> str:
    if value is None:
        return "—"
    if isinstance(value, bool):
        return _("sí") if value else _("no")
    return as_received(str(value), 200)


def _address(row: Difference, staff: Staff) -> str:
    """Our document's page; empty for one of another company, or where the person may not."""
    is_own = row.document_uid and row.difference_class != DifferenceClass.OTHER_TENANT
    if not is_own or row.kind not in Kind.values or not may(staff, f"invoicing.view_{row.kind.lower()}"):
        return ""
    return reverse(f"admin:invoicing_{row.kind.lower()}_change", args=[row.document_uid])
