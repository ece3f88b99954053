"""How many documents each company issues in each month: sizes as skewed as in life, always the same for the same seed. Pure."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from cifras.fiscal.zones import PANAMA

MONTHS = 24
MOST_TENANTS = 2_000
_PEAK_SHARE = 25  # one month of the largest company holds one document in so many
_SKEW = 0.9


@dataclass(frozen=True, slots=True)
class Plan:
    """`counts[month][tenant]`: how many documents; `months` are first days, the last one is the running month."""

    documents: int
    tenants: int
    months: list[date]
    until: date
    counts: list[list[int]]

    @property
    def peak_month(self) -> date:
        """The month in which the largest company, the first one, issues most."""
        return self.months[-2]


def plan(documents: int, until: date) -> Plan:
    """Spread so many documents over companies and the months that end with `until`."""
    tenants = min(MOST_TENANTS, max(2, documents // 50))
    months = list(_months(until))
    peak = documents // _PEAK_SHARE
    sizes = _shares(documents - peak, [(rank + 1) ** -_SKEW for rank in range(tenants)])
    elapsed = until.day / 30
    weights = [1 + position / MONTHS for position in range(MONTHS - 1)] + [2 * min(elapsed, 1)]
    counts = [[0] * tenants for _ in months]
    for tenant, size in enumerate(sizes):
        for month, count in enumerate(_shares(size, weights, phase=(tenant * 0.618) % 1)):
            counts[month][tenant] = count
    counts[-3][0] += counts[-2][0]
    counts[-2][0] = peak
    return Plan(documents, tenants, months, until, counts)


def moments(plan: Plan, month: int, chance: random.Random) -> Iterator[tuple[datetime, int]]:
    """(moment of issue, tenant) of every document of a month, in the order of time."""
    order = [tenant for tenant, count in enumerate(plan.counts[month]) for _ in range(count)]
    chance.shuffle(order)
    start = datetime.combine(plan.months[month], time.min, tzinfo=PANAMA)
    last_day = plan.until if month == MONTHS - 1 else plan.months[month + 1] - timedelta(days=1)
    end = datetime.combine(last_day + timedelta(days=1), time.min, tzinfo=PANAMA)
    step = (end - start) / (len(order) or 1)
    moment = start + step / 2
    for tenant in order:
        yield moment, tenant
        moment += step


def _months(until: date) -> Iterator[date]:
    number = until.year * 12 + until.month - 1
    for each in range(number - MONTHS + 1, number + 1):
        yield date(each // 12, each % 12 + 1, 1)


def _shares(amount: int, weights: list[float], *, phase: float = 0.5) -> list[int]:
    """`amount` in whole parts that follow `weights` and add up to it. `phase` says where the halves fall."""
    whole, passed, given, parts = sum(weights), 0.0, 0, []
    for weight in weights:
        passed += weight
        reached = min(int(amount * passed / whole + phase), amount)
        parts.append(reached - given)
        given = reached
    parts[-1] += amount - given
    return parts
