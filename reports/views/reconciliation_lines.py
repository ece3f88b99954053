"""The companies of a month with their progress, and what their runs come to, each currency by itself."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Count, F, OuterRef, Subquery
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cifras.core.admin.badges import AMBER, BLUE, GREEN, GREY, RED, Badge
from invoicing.admin.figures import money
from reports.models import Difference, MonthClosing, Reconciliation
from reports.models.reconciliation import Decision, DifferenceClass
from reports.services.queries import home_currency
from tenants.models import Tenant

STATES = {
    Reconciliation.State.WAITING: Badge(gettext_lazy("En espera"), "schedule", BLUE),
    Reconciliation.State.RUNNING: Badge(gettext_lazy("En curso"), "sync", BLUE),
    Reconciliation.State.DONE: Badge(gettext_lazy("Terminada"), "task_alt", GREEN),
    Reconciliation.State.FAILED: Badge(gettext_lazy("Incompleta"), "error", RED),
}


_NOT_YET = Badge(gettext_lazy("Sin conciliar"), "remove", GREY)


_LEVEL = Badge(gettext_lazy("Sin diferencias"), "check_circle", GREEN)


CLOSINGS: Mapping[str, Badge] = {
    "": Badge(gettext_lazy("Abierto"), "lock_open", GREY),
    MonthClosing.State.PROPOSED: Badge(gettext_lazy("Cierre por aprobar"), "pending", AMBER),
    MonthClosing.State.CLOSED: Badge(gettext_lazy("Cerrado"), "lock", GREEN),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One company of the month."""

    tenant: Tenant
    address: str
    badge: Badge
    run: Reconciliation | None = None
    classes: Sequence[tuple[str, str, int]] = ()
    total: int = 0
    decided: int = 0
    closing: str = ""

    @property
    def closing_badge(self) -> Badge:
        """Whether the month is closed."""
        return CLOSINGS[self.closing]

    @property
    def closing_address(self) -> str:
        """The page of its closing."""
        return f"{self.address}closing/"

    @property
    def percent(self) -> int:
        """How much is decided."""
        return 100 * self.decided // self.total if self.total else 100


def _newest(first: date) -> Subquery:
    rows = Reconciliation.objects.filter(
        tenant=OuterRef("tenant"), month=first, environment=OuterRef("environment")
    )
    return Subquery(rows.order_by("-run").values("pk")[:1])


def newest_runs(tenants: Sequence[Tenant], first: date) -> dict[int, Reconciliation]:
    """The newest run of each company's month."""
    rows = Reconciliation.objects.filter(month=first, tenant__in=tenants, pk=_newest(first)).select_related(
        "tenant"
    )
    return {run.tenant_id: run for run in rows}


def month_lines(tenants: Sequence[Tenant], first: date, month: str) -> list[Line]:
    """The companies, those with most left to decide first."""
    runs = newest_runs(tenants, first)
    decided = dict(
        Difference.objects.filter(reconciliation__in=list(runs.values()))
        .exclude(decision=Decision.OPEN)
        .order_by()
        .values_list("reconciliation")
        .annotate(Count("pk"))
    )
    closings = dict(
        MonthClosing.objects.filter(
            month=first, tenant__in=tenants, environment=F("tenant__environment"), state__in=CLOSINGS
        ).values_list("tenant", "state")
    )
    lines = []
    for tenant in tenants:
        address = reverse("reports:reconciliation_tenant", args=[month, tenant.uid])
        run, closing = runs.get(tenant.pk), closings.get(tenant.pk, "")
        if run is None:
            lines.append(Line(tenant, address, _NOT_YET, closing=closing))
            continue
        total = sum(run.by_class.values())
        is_level = run.state == Reconciliation.State.DONE and not total
        badge = _LEVEL if is_level else STATES[Reconciliation.State(run.state)]
        lines.append(
            Line(tenant, address, badge, run, _words(run.by_class), total, decided.get(run.pk, 0), closing)
        )
    return sorted(lines, key=lambda line: (line.decided - line.total, line.run is None))


def _words(by_class: Mapping[str, int]) -> list[tuple[str, str, int]]:
    """(class, its word, how many)."""
    return [
        (each.value, str(each.label), by_class[each.value])
        for each in DifferenceClass
        if by_class.get(each.value)
    ]


def summed_classes(runs: Iterable[Reconciliation]) -> list[tuple[str, str, int]]:
    sums: dict[str, int] = {}
    for run in runs:
        for name, count in run.by_class.items():
            sums[name] = sums.get(name, 0) + count
    return _words(sums)


def summed_bridges(runs: Sequence[Reconciliation]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Gross - voided - credits = net sales over these runs, for each currency by itself."""
    names = {
        "gross": _("Facturas autorizadas"),
        "voided": _("− Anuladas"),
        "credits": _("− Notas de crédito"),
        "net": _("= Ventas netas"),
    }
    sums: dict[str, dict[str, Decimal]] = {}
    for run in runs:
        for currency, bridge in currencies_in(run).items():
            sum_of = sums.setdefault(currency, dict.fromkeys(names, Decimal(0)))
            for name in names:
                sum_of[name] += Decimal(bridge.get(name) or 0)
    return [
        (currency, [(word, money(amounts[name], currency)) for name, word in names.items()])
        for currency, amounts in sorted(sums.items())
    ]


def currencies_in(run: Reconciliation) -> Mapping[str, Mapping[str, str]]:
    """The bridge of each currency of a run; runs of before knew one alone."""
    told: Mapping[str, Mapping[str, str]] | None = run.summary.get("currencies")
    bridge = run.summary.get("bridge")
    if told:
        return told
    return {home_currency(run.tenant.country): bridge} if bridge else {}


def in_its_currency(run: Reconciliation, name: str) -> str:
    """A total of the summary; a dash where nobody tells it, or currencies meet."""
    told, currencies = run.summary.get(name), list(currencies_in(run))
    if told is None:
        return "—"
    return money(Decimal(told), currencies[0] if len(currencies) == 1 else home_currency(run.tenant.country))


def is_open(run: Reconciliation | None) -> bool:
    """Whether somebody still waits for it."""
    return run is not None and run.state in (Reconciliation.State.WAITING, Reconciliation.State.RUNNING)
