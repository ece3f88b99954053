"""What the rows leave open: each group's count and total held against the documents that are known to be there. Pure.

A group is a day, a kind and a legal status; the day is empty where the provider does not tell days apart. A provider that counts
in UTC has the evening's documents a day later: within the month that is no difference, over its border it is one by itself.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from heapq import nsmallest
from typing import NamedTuple

from cifras.fiscal.lifecycle import REJECTED_LEGAL
from cifras.fiscal.zones import PANAMA, written
from reports.models.reconciliation import DifferenceClass
from reports.services.reconciling.pairing import amount_class
from reports.services.reconciling.rows import BORDER_HOURS, Found, Ours, Theirs, is_in_process, of_documents

_MOST_BROUGHT_IN = 2_000  # documents of a group that are looked at though they agree


class Group(NamedTuple):
    """What is told apart; members that the provider does not tell are empty."""

    day: date | None
    kind: str
    word: str


@dataclass(slots=True)
class Stated:
    """What the provider counts in a group; `total` is None where it gives no amount."""

    count: int = 0
    total: Decimal | None = field(default_factory=Decimal)

    def add(self, count: int, total: Decimal | None) -> None:
        """One row more of the statement."""
        self.count += count
        self.total = None if self.total is None or total is None else self.total + total


@dataclass(frozen=True, slots=True)
class Told:
    """What the statement tells apart."""

    day: bool = True
    kind: bool = True
    word: bool = True

    def of(self, group: Group) -> Group:
        """The group, as far as it is told."""
        return Group(
            group.day if self.day else None, group.kind if self.kind else "", group.word if self.word else ""
        )


@dataclass(frozen=True, slots=True)
class Placed:
    """A document expected in a group. `is_seen`: the provider showed it; `total` None: unknown on both sides."""

    group: Group
    ours: Ours | None
    theirs: Theirs | None
    total: Decimal | None
    is_seen: bool


class Explaining:
    """One month's statement against the documents expected in it."""

    def __init__(
        self,
        stated: Mapping[Group, Stated],
        placed: Iterable[Placed],
        near: Iterable[Ours],
        month: date,
        told: Told,
        *,
        agreed: Mapping[Group, Stated] | None = None,
        of_agreed: Callable[[Group], Iterable[Placed]] = lambda _group: (),
    ) -> None:
        self.month, self.told = month, told
        self.rows: defaultdict[Group, list[Placed]] = defaultdict(list)
        for each in placed:
            self.rows[told.of(each.group)].append(each)
        self.agreed = dict(agreed or {})
        self.near = nsmallest(_MOST_BROUGHT_IN, near, key=_from_midnight)
        self.count: dict[Group, int] = {}
        self.total: dict[Group, Decimal | None] = {}
        for group in stated.keys() | self.rows.keys() | self.agreed.keys():
            said, total = stated.get(group, Stated()), self._amount(group)
            self.count[group] = said.count - self._size(group)
            self.total[group] = None if None in (said.total, total) else said.total - total.copy_abs()  # type: ignore[union-attr, operator]
            # Of a large group only those may matter that the provider could count on the other side of a midnight.
            is_large = self.agreed.get(group, Stated()).count > _MOST_BROUGHT_IN
            if group in self.agreed and (self.count[group] < 0 or (not is_large and self.total[group])):
                self._bring_in(group, of_agreed(group))

    def _size(self, group: Group) -> int:
        """How many documents are expected in a group."""
        return len(self.rows.get(group, ())) + self.agreed.get(group, Stated()).count

    def _amount(self, group: Group) -> Decimal | None:
        """What they come to; None when that of one is unknown."""
        totals = [*(row.total for row in self.rows.get(group, ())), self.agreed.get(group, Stated()).total]
        return None if None in totals else sum(filter(None, totals), Decimal(0))

    def _bring_in(self, group: Group, rows: Iterable[Placed]) -> None:
        """Documents that agree by themselves, in a group that does not: of a large one those nearest to midnight."""
        held = self.agreed[group]
        if held.count > _MOST_BROUGHT_IN:
            brought = nsmallest(_MOST_BROUGHT_IN, rows, key=lambda row: _from_midnight(row.ours))
        else:
            brought = list(rows)
        if held.total is None:
            brought = [replace(row, total=None) for row in brought]
        else:
            held.total -= sum((row.total for row in brought if row.total is not None), Decimal(0))
        held.count -= len(brought)
        self.rows[group] += brought

    def found(self) -> Iterator[Found]:
        """Every difference that remains, the most certain explanations first."""
        yield from self._borders()
        yield from self._other_words()
        for group in sorted(self.count, key=str):
            yield from self._left(group)

    def _borders(self) -> Iterator[Found]:
        """Documents near midnight that the provider counts on the other side of it."""
        rows = [row for rows in self.rows.values() for row in rows if row.ours]
        for row in sorted(rows, key=lambda row: _from_midnight(row.ours)):
            other = _other_day(row.ours)
            if other is None or row.ours is None or not self._lacks(row.group, row.total):
                continue
            is_out = (other.year, other.month) != (self.month.year, self.month.month)
            if is_out:
                self._move(row.group, None, row.total)
                yield _border(row.ours, row.theirs)
            elif self.told.day and self._has_more(row.group._replace(day=other)):
                self._move(row.group, row.group._replace(day=other), row.total)
        for ours in self.near:
            other = _other_day(ours)
            group = self.told.of(Group(other, ours.kind, ours.legal_status))
            if other and other.replace(day=1) == self.month and self._has_more(group, ours.total):
                self._move(None, group, ours.total)
                yield _border(ours, None)

    def _lacks(self, group: Group, total: Decimal | None) -> bool:
        group = self.told.of(group)
        return self.count.get(group, 0) < 0 and self._fits(group, total)

    def _has_more(self, group: Group, total: Decimal | None = None) -> bool:
        return self.count.get(group, 0) > 0 and self._fits(group, -total if total is not None else None)

    def _fits(self, group: Group, total: Decimal | None) -> bool:
        """Whether the amount comes nearer to nothing with `total` added."""
        left = self.total.get(group)
        return total is None or left is None or abs(left + total) <= abs(left)

    def _move(self, source: Group | None, target: Group | None, total: Decimal | None) -> None:
        for group, sign in ((source, 1), (target, -1)):
            if group is None:
                continue
            group = self.told.of(group)
            self.count[group] = self.count.get(group, 0) + sign
            left = self.total.get(group)
            self.total[group] = None if left is None or total is None else left + sign * total

    def _other_words(self) -> Iterator[Found]:
        """As many documents more under one word as there are less under another, of the same day and kind."""
        for group in sorted(self.count, key=str):
            for other in sorted(self.count, key=str):
                moved = min(-self.count[group], self.count[other])
                if moved <= 0 or other[:2] != group[:2] or other.word == group.word:
                    continue
                if group.word in REJECTED_LEGAL:
                    continue
                yield self._under_another_word(group, other, moved)

    def _under_another_word(self, group: Group, other: Group, moved: int) -> Found:
        left = self.total[other]
        rows = self.rows[group]
        only = rows[0] if self._size(group) == moved == len(rows) == 1 else None
        is_late = (
            is_in_process(other.word) or self._size(group) > len(rows) or any(row.is_seen for row in rows)
        )
        self.count[group] += moved
        self.count[other] -= moved
        if not self.count[other]:
            here = self.total[group]
            self.total[group] = None if here is None or left is None else here + left
            self.total[other] = Decimal(0)
        return Found(
            DifferenceClass.PENDING if is_late else DifferenceClass.STATUS,
            group.kind,
            group.word,
            "group_pending" if is_late else "group_status",
            only.ours.shown() if only and only.ours else _side(group, moved, None),
            _side(other, moved, left),
            {"count": str(moved), "pac": other.word or "—", "ours": group.word or "—"},
            only.ours.uid if only and only.ours else None,
            only.ours.document_id if only and only.ours else "",
        )

    def _left(self, group: Group) -> Iterator[Found]:
        count, total = self.count[group], self.total[group]
        if count > 0:
            yield self._of_group(DifferenceClass.MISSING_HERE, "group_missing_here", group, count, total)
        elif count < 0:
            yield from self._fewer(group, -count, total)
        elif total:
            yield self._of_amount(group, total)

    def _fewer(self, group: Group, count: int, total: Decimal | None) -> Iterator[Found]:
        """The provider counts fewer than there are: what it did not show is missing, what it showed it does not count."""
        unseen = [row for row in self.rows[group] if not row.is_seen and row.ours]
        if len(unseen) < count:
            if group.word not in REJECTED_LEGAL:
                yield self._of_group(DifferenceClass.UNEXPLAINED, "not_counted", group, -count, total)
            return
        lost = [row for row in unseen if total is not None and row.total == -total] if count == 1 else unseen
        if len(lost) == count:
            for row in lost:
                yield of_documents(
                    DifferenceClass.MISSING_AT_PAC,
                    "group_missing_at_pac",
                    row.ours,
                    None,
                    count=1,
                    total=row.total,
                )
            return
        yield self._of_group(DifferenceClass.MISSING_AT_PAC, "group_missing_at_pac", group, -count, total)

    def _of_amount(self, group: Group, difference: Decimal) -> Found:
        """The same documents, another sum: of the only document whose amount was not seen, else of the group."""
        rows = self.rows[group]
        unseen = [row for row in rows if row.ours and (row.theirs is None or row.theirs.total is None)]
        kind = amount_class(difference, self._size(group))
        if len(unseen) == 1 and (ours := unseen[0].ours):
            theirs = unseen[0].theirs or Theirs(ours.kind, ours.document_id, ours.legal_status)
            stated = {**theirs.shown(), "total": str(ours.total + difference)}
            found = of_documents(kind, kind.value, ours, theirs, difference=f"{-difference:+.2f}")
            return Found(
                found.difference, found.kind, found.legal_status, found.reason, found.ours, stated,
                found.values, found.document_uid, found.document_id,
            )  # fmt: skip
        return self._of_group(kind, f"group_{kind.value}", group, 0, difference)

    def _of_group(
        self, kind: DifferenceClass, reason: str, group: Group, count: int, total: Decimal | None
    ) -> Found:
        known = [row.total for row in self.rows.get(group, ()) if row.total is not None]
        ours = sum(known, self.agreed.get(group, Stated()).total or Decimal(0))
        size = self._size(group)
        values = {
            "count": str(abs(count)),
            "total": "—" if total is None else f"{abs(total):.2f}",
            "difference": "—" if total is None else f"{-total:+.2f}",
        }
        return Found(
            kind,
            group.kind,
            group.word,
            reason,
            _side(group, size, ours),
            _side(group, size + count, None if total is None else ours + total),
            values,
        )


def _side(group: Group, count: int, total: Decimal | None) -> dict[str, object]:
    return {
        "day": str(group.day) if group.day else None,
        "legal_status": group.word or None,
        "count": count,
        "total": None if total is None else str(total),
    }


def _border(ours: Ours, theirs: Theirs | None) -> Found:
    return of_documents(DifferenceClass.BORDER, "border", ours, theirs, moment=written(ours.issued_at))


def _from_midnight(ours: Ours | None) -> float:
    """Hours between the moment of issue and the nearest local midnight."""
    if ours is None:
        return 24.0
    local = ours.issued_at.astimezone(PANAMA)
    hours = local.hour + local.minute / 60 + local.second / 3600
    return min(hours, 24 - hours)


def _other_day(ours: Ours | None) -> date | None:
    """The day on the other side of a near midnight; None when none is near."""
    if ours is None or _from_midnight(ours) > BORDER_HOURS:
        return None
    is_evening = ours.issued_at.astimezone(PANAMA).hour >= 12
    return ours.day + timedelta(days=1 if is_evening else -1)
