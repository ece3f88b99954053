"""What the page of a closing shows: gates with what is behind them, frozen figures beside today's, and what was adjusted."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.db.models import Count, Q, Sum
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cifras.core.admin.badges import AMBER, BLUE, GREEN, GREY, RED, Badge
from cifras.core.models import Staff
from cifras.core.wording import sentence
from cifras.fiscal.lifecycle import LegalStatus
from invoicing.admin.figures import money
from invoicing.models.choices import LEGAL_STATUSES, Kind, Mode
from reports.models import Adjustment, Cause, FrozenFigure, MonthClosing, Origin
from reports.services.closing.gates import Gate, GateName, Standing
from reports.services.facts import end_of_month
from reports.services.queries import bucket
from reports.services.rollups import cents
from reports.views import cells
from reports.views.cells import Cell, Rows
from reports.views.reconciliation_lines import CLOSINGS
from tenants.models import Tenant

STATES: Mapping[str, Badge] = {
    **CLOSINGS,
    MonthClosing.State.REOPENED: Badge(gettext_lazy("Reabierto"), "lock_open", AMBER),
    MonthClosing.State.PUT_ASIDE: Badge(gettext_lazy("No procedió"), "undo", GREY),
}
_TITLES: Mapping[GateName, Any] = {
    GateName.MONTH_OVER: gettext_lazy("El mes terminó"),
    GateName.UNCONFIRMED: gettext_lazy("Nada sin confirmar"),
    GateName.CONFLICTING: gettext_lazy("Nada en conflicto"),
    GateName.WITHOUT_LAST_WORD: gettext_lazy("Todo con palabra final de la autoridad"),
    GateName.VOID_IN_COURSE: gettext_lazy("Ninguna anulación en duda"),
    GateName.DEADLINE: gettext_lazy("Los plazos de anulación vencieron"),
    GateName.RUN: gettext_lazy("Conciliación completa, posterior al mes"),
    GateName.FRESH: gettext_lazy("Nada cambió desde la conciliación"),
    GateName.DIFFERENCES: gettext_lazy("Diferencias decididas"),
    GateName.DISPUTES: gettext_lazy("Nada en disputa con el PAC"),
}
_QUEUES = {
    GateName.UNCONFIRMED: "unconfirmed",
    GateName.CONFLICTING: "conflicting",
    GateName.WITHOUT_LAST_WORD: "without_last_word",
    GateName.VOID_IN_COURSE: "void_in_course",
    GateName.DEADLINE: "still_voidable",
}
_OF_DIFFERENCES = {GateName.DIFFERENCES: "unsettled", GateName.DISPUTES: "dispute"}
_PASSED = Badge(gettext_lazy("Cumple"), "check_circle", GREEN)
_WITH_REASON = Badge(gettext_lazy("Falta; se puede pasar con un motivo"), "warning", AMBER)
_MISSING = Badge(gettext_lazy("Falta"), "error", RED)
_NOTHING_TO_COMPARE = Badge(gettext_lazy("El PAC no da cifras"), "remove", BLUE)


@dataclass(frozen=True, slots=True)
class GateShown:
    """One line of the checklist. `links` open what is behind it: (words, address)."""

    name: str
    title: Any
    badge: Badge
    said: str
    links: Sequence[tuple[str, str]]
    may_be_overridden: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One group, as it was frozen and as it is today."""

    kind: Any
    legal: Badge
    note: str
    frozen: Cell | None
    today: Cell
    is_different: bool


@dataclass(frozen=True, slots=True)
class AdjustmentLine:
    """Adjustments of one cause; `address` opens them."""

    month: date
    cause: Any
    kind: Any
    count: int
    amount: str
    address: str


def gates_shown(standing: Standing, staff: Staff, *, is_compared: bool) -> list[GateShown]:
    """The checklist."""
    month = standing.month
    rows = Rows(staff, month, end_of_month(month), standing.tenant.environment)
    page = reverse("reports:reconciliation_tenant", args=[f"{month:%Y-%m}", standing.tenant.uid])
    return [
        GateShown(
            gate.name,
            _TITLES[gate.name],
            _gate_badge(gate, is_compared=is_compared),
            "" if gate.is_passed else sentence(gate.refusal()),
            list(_links(gate, standing.tenant, rows, page)),
            gate.may_be_overridden and not gate.is_passed,
        )
        for gate in standing.gates
    ]


def _gate_badge(gate: Gate, *, is_compared: bool) -> Badge:
    if gate.is_passed:
        return (
            _PASSED if is_compared or gate.name not in (GateName.RUN, GateName.FRESH) else _NOTHING_TO_COMPARE
        )
    return _WITH_REASON if gate.may_be_overridden else _MISSING


def _links(gate: Gate, tenant: Tenant, rows: Rows, page: str) -> Iterable[tuple[str, str]]:
    for kind, count in gate.by_kind.items():
        yield f"{Kind(kind).label}: {count}", rows.address(kind, tenant.pk, queue=_QUEUES[gate.name])
    if gate.name in _OF_DIFFERENCES and gate.count:
        yield _("Diferencias: {n}").format(n=gate.count), f"{page}?decision={_OF_DIFFERENCES[gate.name]}"
    if gate.name in (GateName.RUN, GateName.FRESH) and not gate.is_passed:
        yield _("Ir a la conciliación"), page


def lines_of(
    tenant: Tenant,
    month: date,
    groups: Sequence[Mapping[str, Any]],
    closing: MonthClosing | None,
    staff: Staff,
) -> list[Line]:
    """Every group of either side; what is void stands within its group, and once more by itself."""
    today: Sums = defaultdict(Summed)
    frozen: Sums = defaultdict(Summed)
    for group in groups:
        currency = bucket(group["currency"], tenant.country)
        key = Key(group["origin"], currency, group["kind"], group["legal_status"])
        _add(today, key, voided=group["voided"], count=group["documents"], total=cents(group["total_sum"]))
    for row in FrozenFigure.objects.filter(closing=closing) if closing else ():
        key = Key(row.origin, bucket(row.currency, tenant.country), row.kind, row.legal_status)
        _add(frozen, key, voided=row.is_voided, count=row.count, total=row.total)
    rows = Rows(staff, month, end_of_month(month), tenant.environment)
    page = reverse("reports:closing_documents", args=[f"{month:%Y-%m}", tenant.uid])
    return [
        Line(
            Kind(key.kind).label,
            cells.legal_badge(key.legal),
            _note(key),
            _frozen_cell(key, frozen[key], page) if closing else None,
            _today_cell(key, today[key], rows, tenant),
            closing is not None and frozen[key] != today[key],
        )
        for key in sorted(today.keys() | frozen.keys(), key=_order)
    ]


class Key(NamedTuple):
    """What a line of the figures is about."""

    origin: str
    currency: str
    kind: str
    legal: str
    only_voided: bool = False


@dataclass(slots=True)
class Summed:
    """Documents and what they come to."""

    count: int = 0
    total: Decimal = field(default_factory=Decimal)


type Sums = defaultdict[Key, Summed]


def _add(sums: Sums, key: Key, *, voided: bool, count: int, total: Decimal) -> None:
    for only_voided in (False, True) if voided else (False,):
        sum_of = sums[key._replace(only_voided=only_voided)]
        sum_of.count += count
        sum_of.total += total


def _order(key: Key) -> tuple[Any, ...]:
    legal = cells.LEGAL_ORDER.index(key.legal)
    return key.origin != Origin.ISSUED, key.currency, key.kind != Kind.INVOICE, legal, key.only_voided


def _note(key: Key) -> str:
    elsewhere = str(Origin(key.origin).label) if key.origin != Origin.ISSUED else ""
    return ", ".join(filter(None, [_("de ellas, anuladas") if key.only_voided else "", elsewhere]))


def _frozen_cell(key: Key, figure: Summed, page: str) -> Cell:
    query = {
        "origin": key.origin,
        "currency": key.currency,
        "kind": key.kind,
        "legal": key.legal or "none",
        "void": "yes" if key.only_voided else "",
    }
    asked = urlencode({name: value for name, value in query.items() if value})
    return Cell(figure.count, money(figure.total, key.currency), f"{page}?{asked}" if figure.count else "")


def _today_cell(key: Key, figure: Summed, rows: Rows, tenant: Tenant) -> Cell:
    query = cells.legal_query(key.legal) | cells.currency_query(key.currency, tenant.country)
    if key.only_voided:
        query |= cells.voided_query()
    if key.origin != Origin.ISSUED:
        query["mode"] = Mode.DGI_IMPORT.value
    address = rows.address(key.kind, tenant.pk, **query) if figure.count else ""
    return Cell(figure.count, money(figure.total, key.currency), address)


def adjustments_shown(tenant: Tenant, month: date) -> tuple[list[AdjustmentLine], list[AdjustmentLine]]:
    """(those booked in the month, those that come from it): one query."""
    page = reverse("reports:closing_adjustments", args=[f"{month:%Y-%m}", tenant.uid])
    booked: list[AdjustmentLine] = []
    from_here: list[AdjustmentLine] = []
    rows = (
        standing_adjustments(tenant, month)
        .order_by("origin_month", "booked_month", "cause", "kind", "currency")
        .values("origin_month", "booked_month", "cause", "kind", "currency")
        .annotate(documents=Count("pk"), before=_in_force("before"), after=_in_force("after"))
    )
    for row in rows:
        is_booked_here = row["booked_month"] == month
        other = row["origin_month"] if is_booked_here else row["booked_month"]
        query = {
            "side": "booked" if is_booked_here else "origin",
            "month": f"{other:%Y-%m}",
            "cause": row["cause"],
            "kind": row["kind"],
            "currency": row["currency"],
        }
        line = AdjustmentLine(
            other,
            Cause(row["cause"]).label,
            Kind(row["kind"]).label,
            row["documents"],
            cells.signed_money(cents(row["after"]) - cents(row["before"]), row["currency"]),
            f"{page}?{urlencode(query)}",
        )
        (booked if is_booked_here else from_here).append(line)
    return booked, from_here


def _in_force(side: str) -> Any:
    """What is authorised and not void on one side: the effect of an adjustment is what this gains or loses."""
    is_in_force = Q(**{f"legal_{side}": LegalStatus.DGI_AUTHORIZED, f"voided_{side}": False})
    return Coalesce(Sum(f"total_{side}", filter=is_in_force), Decimal(0))


def effect_of(row: Adjustment) -> Decimal:
    """What an adjustment adds to what is in force, or takes away."""
    authorized = LegalStatus.DGI_AUTHORIZED
    before = row.total_before if row.legal_before == authorized and not row.voided_before else Decimal(0)
    after = row.total_after if row.legal_after == authorized and not row.voided_after else Decimal(0)
    return after - before


def standing_adjustments(tenant: Tenant, month: date) -> Any:
    """The adjustments booked in a month or from it, but those of a closing that was reopened."""
    return Adjustment.objects.filter(
        Q(booked_month=month) | Q(origin_month=month),
        tenant=tenant,
        environment=tenant.environment,
        closing__state=MonthClosing.State.CLOSED,
    )


def legal_word(status: str) -> str:
    """The authority's word in a table; a dash where there is none."""
    return str(dict(LEGAL_STATUSES).get(status, "—"))
