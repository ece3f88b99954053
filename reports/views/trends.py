"""The last six months of a company in a handful of bars, with the numbers for whoever does not see them: from the roll-up."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Sum

from reports.models import MonthlyFigure, Origin
from reports.services.queries import bucket

MONTHS = 6
_BAR, _GAP, _HEIGHT = 6, 2, 20  # the drawing's own units


@dataclass(frozen=True, slots=True)
class Bar:
    """One month's documents, and where its bar stands."""

    month: date
    count: int
    x: int
    y: int
    height: int


@dataclass(frozen=True, slots=True)
class Trend:
    """Six bars, the oldest first, on the scale of their own largest."""

    bars: Sequence[Bar]
    width: int = MONTHS * (_BAR + _GAP)
    height: int = _HEIGHT
    bar: int = _BAR


def trends_of(tenants: Iterable[int], last: date) -> Mapping[tuple[int, str], Trend]:
    """The trend of each company and currency up to the month of `last`: one query; flat for those without figures."""
    months = _months(last)
    rows = (
        MonthlyFigure.objects.filter(tenant__in=set(tenants), month__in=months, origin=Origin.ISSUED)
        .order_by()
        .values_list("tenant", "tenant__country", "currency", "month")
        .annotate(Sum("count"))
    )
    counts: defaultdict[tuple[int, str], dict[date, int]] = defaultdict(dict)
    for tenant, country, currency, month, count in rows:
        of_months = counts[tenant, bucket(currency, country)]
        of_months[month] = of_months.get(month, 0) + count
    flat = _trend(months, {})
    return defaultdict(lambda: flat, {key: _trend(months, each) for key, each in counts.items()})


def _trend(months: Sequence[date], counts: Mapping[date, int]) -> Trend:
    most = max(counts.values(), default=0)
    bars = []
    for position, month in enumerate(months):
        count = counts.get(month, 0)
        height = (
            max(round(count / most * _HEIGHT), 1) if count else 1
        )  # a month without documents is a line on the ground
        bars.append(Bar(month, count, position * (_BAR + _GAP), _HEIGHT - height, height))
    return Trend(bars)


def _months(last: date) -> list[date]:
    found = [last.replace(day=1)]
    while len(found) < MONTHS:
        found.insert(0, (found[0] - timedelta(days=1)).replace(day=1))
    return found
