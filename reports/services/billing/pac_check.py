"""A provider's bill against what we counted: per company, and per kind where the bill tells kinds apart.

Ours are the documents that the DGI authorised, voided ones included, by the month of their local issue date: as they were frozen
where the month is closed, else as they stand today.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, QuerySet, Subquery, Sum

from cifras.fiscal.lifecycle import LegalStatus
from reports.models import FrozenFigure, MonthClosing, MonthlyFigure, Origin, PacBill, PacBillLine
from tenants.models import Tenant


class Match(StrEnum):
    """How a company's line compares."""

    MORE = "more"
    FEWER = "fewer"
    UNKNOWN = "unknown"
    EQUAL = "equal"


@dataclass(frozen=True, slots=True)
class Checked:
    """One company, or one of its kinds. `tenant` is None for a company that we don't know."""

    match: Match
    tenant: Tenant | None
    company: str
    kind: str
    theirs: int
    ours: int
    amount: Decimal | None
    is_closed: bool

    @property
    def difference(self) -> int:
        """How many documents they charge beyond ours."""
        return self.theirs - self.ours


def check(bill: PacBill, tenants: QuerySet[Tenant], *, strangers: bool) -> list[Checked]:
    """Every company of the bill and of ours with documents, differences first; `strangers`: with those that nobody knows."""
    live = tenants.filter(pac_provider=bill.provider, environment=Tenant.Environment.LIVE)
    known = {tenant.uid: tenant for tenant in live.annotate(closing=_closing(bill.month))}
    lines = list(PacBillLine.objects.filter(bill=bill))
    closings = {tenant.pk: getattr(tenant, "closing", None) for tenant in known.values()}
    counts = _our_counts(closings, bill.month)
    closed = {pk for pk, closing in closings.items() if closing}
    found = list(_of_known(lines, known, counts, closed))
    if strangers:
        found += [_stranger(line) for line in lines if line.tenant_uid is None]
    order = list(Match)
    return sorted(
        found, key=lambda each: (order.index(each.match), -abs(each.difference), each.company, each.kind)
    )


def _closing(month: date) -> Subquery:
    """The key of the closing that stands for a company's month."""
    closings = MonthClosing.objects.filter(
        tenant=OuterRef("pk"),
        month=month,
        state=MonthClosing.State.CLOSED,
        environment=Tenant.Environment.LIVE,
    )
    return Subquery(closings.values("pk")[:1])


def _our_counts(closings: Mapping[int, int | None], month: date) -> dict[tuple[int, str], int]:
    """Our documents by company and kind; `closings` by company, None where the month is open."""
    frozen = _counted(FrozenFigure.objects.filter(closing__in=[pk for pk in closings.values() if pk]))
    open_ones = [tenant for tenant, closing in closings.items() if not closing]
    current = _counted(MonthlyFigure.objects.filter(month=month, tenant__in=open_ones))
    return {**frozen, **current}


def _counted(rows: Any) -> dict[tuple[int, str], int]:
    billable = rows.filter(
        legal_status=LegalStatus.DGI_AUTHORIZED,
        origin=Origin.ISSUED,
        environment=Tenant.Environment.LIVE,
    )
    grouped = billable.order_by().values_list("tenant", "kind").annotate(Sum("count"))
    return {(tenant, kind): count for tenant, kind, count in grouped}


def _of_known(
    lines: Iterable[PacBillLine],
    known: Mapping[UUID, Tenant],
    counts: Mapping[tuple[int, str], int],
    closed: set[int],
) -> Iterator[Checked]:
    billed: dict[UUID, list[PacBillLine]] = {}
    for line in lines:
        if line.tenant_uid is not None and line.tenant_uid in known:
            billed.setdefault(line.tenant_uid, []).append(line)
    own_counts: dict[int, dict[str, int]] = {}
    for (pk, kind), count in counts.items():
        own_counts.setdefault(pk, {})[kind] = count
    for uid, tenant in known.items():
        own = own_counts.get(tenant.pk, {})
        rows = billed.get(uid, [])
        by_kind = bool(rows) and all(row.kind for row in rows)
        for kind in sorted({*own, *(row.kind for row in rows)}) if by_kind else [""]:
            theirs = [row for row in rows if not by_kind or row.kind == kind]
            ours = own.get(kind, 0) if by_kind else sum(own.values())
            if theirs or ours:
                yield _compared(tenant, kind, theirs, ours, tenant.pk in closed)


def _compared(tenant: Tenant, kind: str, rows: Sequence[PacBillLine], ours: int, is_closed: bool) -> Checked:
    theirs = sum(row.count for row in rows)
    match = Match.EQUAL if theirs == ours else Match.MORE if theirs > ours else Match.FEWER
    company = rows[0].company if rows else tenant.pac_company_id or tenant.ruc
    return Checked(match, tenant, company, kind, theirs, ours, _amount(rows), is_closed)


def _stranger(line: PacBillLine) -> Checked:
    return Checked(Match.UNKNOWN, None, line.company, line.kind, line.count, 0, line.amount, is_closed=False)


def _amount(rows: Sequence[PacBillLine]) -> Decimal | None:
    told = [row.amount for row in rows if row.amount is not None]
    return sum(told, Decimal(0)) if told else None
