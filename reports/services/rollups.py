"""Keeping the monthly roll-up level with the facts.

Every act on a document leaves a line in the timeline, so a worker reads on from where it stopped, marks the (tenant, month) pairs
dirty and recomputes those from the documents. Rows of the timeline may be committed out of order: the last two minutes are read
again each time.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max, Min, Q, QuerySet, Subquery
from django.utils import timezone

from cifras.fiscal.lifecycle import Submission
from cifras.fiscal.money import CENT
from cifras.fiscal.zones import local_date
from invoicing.models import Document, TimelineEvent
from reports.models import DirtyMonth, MonthClosing, MonthlyFigure, MonthlyRate, RollupCursor
from reports.models.figures import KEY
from reports.services.facts import SUMS, bases_and_taxes, counted, of_month, with_export, with_key
from reports.services.locking import lock_tenant
from tenants.models import Tenant

_OVERLAP = timedelta(minutes=2)
_EVENTS_A_TIME = 5_000
# After these a document may have left a month that its row no longer names. A date goes back a month or so; an import any time.
_MOVING = frozenset({"withdrawn", "redated", "edited"})
_MOVED_WITHIN_MONTHS = 4
_GONE = "import_deleted"
_FACT_KEY = ("origin", "kind", "legal_status", "voided", "environment", "currency")

type Month = tuple[int, date]  # the tenant's key, and the first day


@dataclass(frozen=True, slots=True)
class Deviation:
    """A group of a month where the roll-up and the facts differ; each side as count and sums, None where it has no such group."""

    key: Mapping[str, Any]
    rolled_up: tuple[Any, ...] | None
    facts: tuple[Any, ...] | None


def roll_up_due() -> int:
    """Read the timeline on, recompute what it touched; answers how many months. A sweep."""
    began = timezone.now()
    _read_on()
    done = recompute_dirty()
    RollupCursor.objects.filter(pk=_cursor().pk).update(caught_up_at=began)
    return done


def with_age(tenants: QuerySet[Tenant]) -> QuerySet[Tenant]:
    """The tenants with `rolled_up_at`, as of when the roll-up is level with the facts; None when it has never been."""
    return tenants.annotate(
        rolled_up_at=Subquery(RollupCursor.objects.order_by("pk").values("caught_up_at")[:1])
    )


def mark_dirty(months: Iterable[Month]) -> None:
    """Have these months recomputed by the next sweep."""
    rows = [DirtyMonth(tenant_id=tenant, month=month) for tenant, month in sorted(set(months))]
    DirtyMonth.objects.bulk_create(rows, ignore_conflicts=True)


def recompute_dirty() -> int:
    """Recompute every month that is marked; answers how many."""
    done = 0
    for row in list(DirtyMonth.objects.order_by("marked_at").values_list("pk", "tenant", "month")):
        done += _recompute_marked(*row)
    return done


def rebuild(tenants: Iterable[Tenant]) -> int:
    """Recompute every month of these tenants from the facts, whatever the roll-up says; answers how many months."""
    done = 0
    for tenant in tenants:
        for month in sorted(_months_of(tenant.pk)):
            with transaction.atomic():
                recompute(tenant.pk, month)
            done += 1
    return done


def recompute(tenant: int, month: date) -> None:
    """Write one month of one tenant anew from its documents, in the caller's transaction; a closed one is then looked through."""
    lock_tenant(tenant)
    figures, rates = figures_of(tenant, month), rates_of(tenant, month)
    MonthlyFigure.objects.filter(tenant=tenant, month=month).delete()
    MonthlyRate.objects.filter(tenant=tenant, month=month).delete()
    MonthlyFigure.objects.bulk_create(figures)
    MonthlyRate.objects.bulk_create(rates)
    closed = MonthClosing.objects.filter(tenant=tenant, month=month, state=MonthClosing.State.CLOSED)
    closed.update(due_at=timezone.now())


def months_in_motion(tenant: Tenant) -> set[date]:
    """The months of a tenant whose documents may have changed since they were rolled up."""
    rows = TimelineEvent.objects.filter(pk__gt=_cursor().event_id, tenant_uid=tenant.uid)
    events = rows.values_list("pk", "at", "tenant_uid", "document_uid", "code")
    touched = _touched([event[2:] for event in events])
    marked = DirtyMonth.objects.filter(tenant=tenant).values_list("month", flat=True)
    return {month for _tenant, month in touched} | set(marked)


def figures_of(tenant: int, month: date) -> list[MonthlyFigure]:
    """The figures of a month, from the facts; not saved."""
    rows = with_key(of_month(counted().filter(tenant=tenant), month))
    sums = rows.values(*_FACT_KEY).annotate(**SUMS)
    return [
        MonthlyFigure(
            **_key(tenant, month, row),
            count=row["documents"],
            net=cents(row["net_sum"]),
            tax=cents(row["tax_sum"]),
            total=cents(row["total_sum"]),
        )
        for row in sums.order_by()
    ]


def rates_of(tenant: int, month: date) -> list[MonthlyRate]:
    """The bases and taxes of a month by rate, from the facts; not saved."""
    rows = with_export(with_key(of_month(counted().filter(tenant=tenant), month))).order_by()
    sums: defaultdict[tuple[Any, ...], _RateSum] = defaultdict(_RateSum)
    facts = rows.values_list(*_FACT_KEY, "is_export", "totals_by_rate")
    for *key, is_export, by_rate in facts.iterator(chunk_size=2_000):
        for rate, (base, tax) in bases_and_taxes(by_rate, is_export=is_export).items():
            sums[(*key, rate)].add(base, tax)
    return [
        MonthlyRate(
            **_key(tenant, month, dict(zip(_FACT_KEY, key, strict=True))),
            tax_rate=rate,
            count=each.count,
            base=cents(each.base),
            tax=cents(each.tax),
        )
        for (*key, rate), each in sums.items()
    ]


def deviations(tenant: Tenant) -> Iterator[Deviation]:
    """Where the roll-up of a tenant differs from its documents, months that only one of them has included."""
    for month in sorted(_months_of(tenant.pk)):
        for model, facts in (
            (MonthlyFigure, figures_of(tenant.pk, month)),
            (MonthlyRate, rates_of(tenant.pk, month)),
        ):
            kept = model.objects.filter(tenant=tenant, month=month)
            ours, theirs = _by_key(kept), _by_key(facts)
            for key in sorted(ours.keys() | theirs.keys(), key=repr):
                if ours.get(key) != theirs.get(key):
                    yield Deviation(dict(key), ours.get(key), theirs.get(key))


def cents(amount: Decimal | None) -> Decimal:
    """A sum to the cent: SQLite adds in binary fractions."""
    return (amount or Decimal(0)).quantize(CENT)


@dataclass(slots=True)
class _RateSum:
    count: int = 0
    base: Decimal = field(default_factory=Decimal)
    tax: Decimal = field(default_factory=Decimal)

    def add(self, base: Decimal, tax: Decimal) -> None:
        self.count, self.base, self.tax = self.count + 1, self.base + base, self.tax + tax


def _key(tenant: int, month: date, row: Mapping[str, Any]) -> dict[str, Any]:
    named = {("is_voided" if name == "voided" else name): row[name] for name in _FACT_KEY}
    return {"tenant_id": tenant, "month": month, **named}


def _by_key(rows: Iterable[Any]) -> dict[tuple[tuple[str, Any], ...], tuple[Any, ...]]:
    found = {}
    for row in rows:
        is_rate = isinstance(row, MonthlyRate)
        names = [*KEY, "tax_rate"] if is_rate else KEY
        key = tuple((name, row.tenant_id if name == "tenant" else getattr(row, name)) for name in names)
        found[key] = (row.count, row.base, row.tax) if is_rate else (row.count, row.net, row.tax, row.total)
    return found


def _months_of(tenant: int) -> set[date]:
    """Every month in which the tenant has documents that count, or figures."""
    ends = counted().filter(tenant=tenant).aggregate(first=Min("issue_date"), last=Max("issue_date"))
    months = set(MonthlyFigure.objects.filter(tenant=tenant).values_list("month", flat=True))
    months |= set(MonthlyRate.objects.filter(tenant=tenant).values_list("month", flat=True))
    if ends["first"]:
        month, last = local_date(ends["first"]).replace(day=1), local_date(ends["last"])
        while month <= last:
            months.add(month)
            month = (month + timedelta(days=31)).replace(day=1)
    return months


def _recompute_marked(mark: int, tenant: int, month: date) -> int:
    with transaction.atomic():
        # Taken away first: what changes from here on leaves a mark of its own.
        taken, _by_model = DirtyMonth.objects.filter(pk=mark).delete()
        if taken:
            recompute(tenant, month)
        return 1 if taken else 0


def _cursor() -> RollupCursor:
    cursor = RollupCursor.objects.order_by("pk").first()
    return cursor or RollupCursor.objects.get_or_create(pk=1)[0]


def _read_on() -> None:
    """Mark what the events past the cursor touched, and move it to where no other event can come in before it any more."""
    cursor, settled = _cursor(), timezone.now() - _OVERLAP
    position = safe = cursor.event_id
    is_settled = True
    while events := _events_after(position):
        mark_dirty(_touched([event[2:] for event in events]))
        for pk, at, *_rest in events:
            is_settled = is_settled and at <= settled
            safe = pk if is_settled else safe
        position = events[-1][0]
    RollupCursor.objects.filter(pk=cursor.pk, event_id__lt=safe).update(event_id=safe)


def _events_after(position: int) -> list[tuple[Any, ...]]:
    rows = TimelineEvent.objects.filter(pk__gt=position).order_by("pk")
    return list(rows.values_list("pk", "at", "tenant_uid", "document_uid", "code")[:_EVENTS_A_TIME])


def _touched(events: Collection[tuple[Any, ...]]) -> set[Month]:
    """The months that the documents of these events are in now, and those that they may have left."""
    uids = {document for _tenant, document, _code in events if document}
    rows = Document.objects.issued_by_us().filter(uid__in=uids)
    months: set[Month] = set()
    drafts: set[UUID] = set()
    for uid, tenant, issued, submission in rows.values_list("uid", "tenant", "issue_date", "submission"):
        if issued:
            months.add((tenant, local_date(issued).replace(day=1)))
        if submission == Submission.DRAFT:
            drafts.add(uid)
    moved = {
        tenant
        for tenant, document, code in events
        if code in _MOVING and not (code == "edited" and document in drafts)
    }
    gone = {tenant for tenant, _document, code in events if code == _GONE}
    return months | _kept_months(moved - {None}, recent=True) | _kept_months(gone - {None}, recent=False)


def _kept_months(tenants: set[Any], *, recent: bool) -> set[Month]:
    if not tenants:
        return set()
    since = local_date(timezone.now()).replace(day=1) - timedelta(days=31 * _MOVED_WITHIN_MONTHS)
    wanted = Q(month__gte=since) if recent else Q()
    rows = MonthlyFigure.objects.filter(wanted, tenant__uid__in=tenants).order_by()
    return set(rows.values_list("tenant", "month").distinct())
