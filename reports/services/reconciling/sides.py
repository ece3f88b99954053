"""Both sides of a month as groups, and the days in which they differ."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models.functions import TruncDate

from cifras.fiscal.lifecycle import Submission
from cifras.fiscal.zones import PANAMA
from invoicing.models.document import DocumentQuerySet
from reports.models import StatementFigure
from reports.services import comparison
from reports.services.facts import SUMS, between, with_key
from reports.services.queries import bucket
from reports.services.reconciling.fingerprint import GROUP
from reports.services.reconciling.groups import Group, Stated, Told
from reports.services.reconciling.sources import SENT, expected_or_discarded, expected_there
from reports.services.rollups import cents
from tenants.models import Tenant

_BESIDE = (timedelta(days=-1), timedelta(0), timedelta(days=1))


@dataclass(frozen=True, slots=True)
class OurSide:
    """Everything that we count, of it what was sent, and the facts as `fingerprint.groups_of` has them of what we issued.

    A group has no total where several currencies meet in it.
    """

    everything: Mapping[Group, Stated]
    sent: Mapping[Group, Stated]
    issued: Sequence[Mapping[str, Any]]

    @property
    def documents(self) -> int:
        """How many they are."""
        return sum(each.count for each in self.everything.values())


def stated_groups(said: Sequence[StatementFigure]) -> tuple[dict[Group, Stated], Told]:
    """The provider's side, and what it tells apart."""
    told = Told(
        day=comparison.tells(said, "day"),
        kind=all(comparison.pac_kind(figure) for figure in said),
        word=all(comparison.pac_word(figure) for figure in said),
    )
    groups: defaultdict[Group, Stated] = defaultdict(Stated)
    for figure in said:
        group = Group(figure.day, comparison.pac_kind(figure), comparison.pac_word(figure))
        groups[told.of(group)].add(figure.count, figure.total)
    return dict(groups), told


def our_side(tenant: Tenant, first: date, last: date, told: Told) -> OurSide:
    """Our side of some days, read once."""
    everything: defaultdict[Group, dict[str, Stated]] = defaultdict(dict)
    sent: defaultdict[Group, dict[str, Stated]] = defaultdict(dict)
    issued: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in _our_sums(tenant, first, last):
        group = told.of(Group(row["day"], row["kind"], row["legal_status"]))
        for sums in (everything, sent) if row["submission"] in SENT else (everything,):
            of_currency = sums[group].setdefault(bucket(row["currency"], tenant.country), Stated())
            of_currency.add(row["documents"], cents(row["total_sum"]))
        if row["submission"] != Submission.DISCARDED:
            fact = issued.setdefault(
                tuple(row[name] for name in GROUP),
                {**{name: row[name] for name in GROUP}, **dict.fromkeys(SUMS, 0)},
            )
            for name in SUMS:
                fact[name] += row[name]
    return OurSide(_together(everything), _together(sent), list(issued.values()))


def _our_sums(tenant: Tenant, first: date, last: date) -> list[Mapping[str, Any]]:
    """By day, submission and the members of a group. Which of the discarded ones got an id there, the index does not tell."""
    rows = list(_summed(expected_or_discarded(tenant), first, last))
    days = [row["day"] for row in rows if row["submission"] == Submission.DISCARDED]
    if not days:
        return rows
    rejected = expected_there(tenant).filter(submission=Submission.DISCARDED)
    others = [row for row in rows if row["submission"] != Submission.DISCARDED]
    return [*others, *_summed(rejected, min(days), max(days))]


def _summed(rows: DocumentQuerySet, first: date, last: date) -> Any:
    named = with_key(between(rows, first, last)).annotate(day=TruncDate("issue_date", tzinfo=PANAMA))
    return named.values("day", "submission", *GROUP).order_by().annotate(**SUMS)


def differing_groups(ours: Mapping[Group, Stated], stated: Mapping[Group, Stated]) -> set[Group]:
    """The groups in which the sides don't agree."""
    return {key for key in ours.keys() | stated.keys() if not _is_equal(ours.get(key), stated.get(key))}


def days_around(first: date, last: date, differing: Iterable[Group]) -> list[tuple[date, date]]:
    """The days of these groups with those beside them, within a month, as ranges."""
    wanted = {
        day for group in differing if group.day for by in _BESIDE if first <= (day := group.day + by) <= last
    }
    ranges: list[tuple[date, date]] = []
    for day in sorted(wanted):
        is_next = bool(ranges) and ranges[-1][1] == day - timedelta(days=1)
        ranges[-1:] = [(ranges[-1][0], day)] if is_next else [*ranges[-1:], (day, day)]
    return ranges


def is_within(day: date, days: Iterable[tuple[date, date]]) -> bool:
    """Whether a day is in one of these ranges."""
    return any(first <= day <= last for first, last in days)


def _together(sums: Mapping[Group, Mapping[str, Stated]]) -> dict[Group, Stated]:
    """Each group of one currency or several."""
    return {group: _of_currencies(list(each.values())) for group, each in sums.items()}


def _of_currencies(sums: Sequence[Stated]) -> Stated:
    count = sum(each.count for each in sums)
    return Stated(count, sums[0].total if len(sums) == 1 else None)


def _is_equal(ours: Stated | None, stated: Stated | None) -> bool:
    if ours is None or stated is None:
        return False
    is_same_total = None in (ours.total, stated.total) or ours.total == stated.total
    return ours.count == stated.count and is_same_total
