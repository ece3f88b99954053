"""The provider's figures and ours, side by side: on the legal axis only, gross and unsigned per kind, voided included.

Where the provider did not tell groups apart (no kind, no legal status, no day), only what is common to both is compared.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from cifras.fiscal.document import Kind
from cifras.fiscal.lifecycle import LegalStatus
from reports.models import StatementFigure
from reports.services.queries import Figure, Filters, Grouping


class Verdict(StrEnum):
    """What the comparison of one group says."""

    SAME = "same"
    DIFFERENT = "different"
    NOT_COMPARED = "not_compared"


@dataclass(slots=True)
class Said:
    """What the provider counts. `total` is None when it gave no amount for a part of it."""

    count: int = 0
    total: Decimal | None = Decimal(0)

    def add(self, figure: StatementFigure) -> None:
        """One group more."""
        self.count += figure.count
        known = self.total is not None and figure.total is not None
        self.total = self.total + figure.total if known else None  # type: ignore[operator]


@dataclass(slots=True)
class Ours:
    """What we count; `voided` is within it."""

    count: int = 0
    total: Decimal = field(default_factory=Decimal)
    voided_count: int = 0
    voided_total: Decimal = field(default_factory=Decimal)
    net: Decimal = field(default_factory=Decimal)
    tax: Decimal = field(default_factory=Decimal)

    def add(self, figure: Figure) -> None:
        """One group more."""
        self.count += figure.count
        self.total += figure.total
        self.voided_count += figure.voided_count
        self.voided_total += figure.voided_total
        self.net += figure.net
        self.tax += figure.tax


@dataclass(frozen=True, slots=True)
class Compared:
    """One line: ours and the provider's (None: it does not say)."""

    key: tuple[str, ...]
    ours: Ours
    pac: Said | None
    name: str = ""
    part_uid: str = ""

    @property
    def count_difference(self) -> int:
        """Ours less the provider's."""
        return self.ours.count - (self.pac.count if self.pac else 0)

    @property
    def total_difference(self) -> Decimal | None:
        """Ours less the provider's; None when it gave no amount."""
        if self.pac is None or self.pac.total is None:
            return None
        return self.ours.total - self.pac.total

    @property
    def verdict(self) -> Verdict:
        """Same, different, or nothing to compare with."""
        if self.pac is None:
            return Verdict.NOT_COMPARED
        return Verdict.DIFFERENT if self.count_difference or self.total_difference else Verdict.SAME


@dataclass(frozen=True, slots=True)
class Bridge:
    """From what was issued to what was sold: authorised invoices - voided - authorised notes (less voided ones) = net sales."""

    gross: Decimal
    voided: Decimal
    credits: Decimal

    @property
    def net_sales(self) -> Decimal:
        """What remains."""
        return self.gross - self.voided - self.credits


OurKey = Callable[[Figure], tuple[str, ...]]
PacKey = Callable[[StatementFigure], tuple[str, ...] | None]


def compare(
    ours: Iterable[Figure],
    said: Iterable[StatementFigure] | None,
    *,
    our_key: OurKey,
    pac_key: PacKey,
) -> list[Compared]:
    """Both sides by the same key, in its order. `said` None: nobody asked. A key of None: the provider does not tell it."""
    left: defaultdict[tuple[str, ...], Ours] = defaultdict(Ours)
    named: dict[tuple[str, ...], Figure] = {}
    for figure in ours:
        left[our_key(figure)].add(figure)
        named[our_key(figure)] = figure
    right = _keyed(said, pac_key)
    lines = []
    for key in sorted(left.keys() | (right or {}).keys()):
        figure_of = named.get(key)
        pac = None if right is None else right.get(key, Said())
        lines.append(
            Compared(
                key,
                left.get(key, Ours()),
                pac,
                figure_of.name if figure_of else "",
                figure_of.part_uid if figure_of else "",
            )
        )
    return lines


def bridge(figures: Iterable[Figure]) -> Bridge:
    """The bridge of these figures."""
    gross = voided = notes = Decimal(0)
    for figure in figures:
        if figure.key.legal_status != LegalStatus.DGI_AUTHORIZED:
            continue
        if figure.key.kind == Kind.INVOICE:
            gross, voided = gross + figure.total, voided + figure.voided_total
        else:
            notes += figure.total - figure.voided_total
    return Bridge(gross, voided, notes)


def wanted(said: Iterable[StatementFigure], filters: Filters) -> list[StatementFigure]:
    """The provider's groups that the filters leave; what it did not tell apart is left out where it is asked for."""
    return [
        figure
        for figure in said
        if filters.kind in ("", figure.kind)
        and (filters.legal_status is None or filters.legal_status == figure.legal_status)
        and (filters.legal_status != "" or not figure.legal_status)
    ]


def pac_part(figure: StatementFigure, group_by: Grouping) -> str | None:
    """The part that a group of the provider's belongs to; None when it does not tell parts apart."""
    if group_by in (Grouping.KIND, Grouping.STATUS):
        return ""
    if figure.day is None or group_by in (Grouping.OFFICE, Grouping.RECEIVER):
        return None
    return str(figure.day if group_by is Grouping.DAY else figure.day.replace(day=1))


def pac_word(figure: StatementFigure) -> str:
    """The legal status that a group stands under: ours, else the provider's word as received."""
    return figure.legal_status or figure.raw_legal_status


def pac_kind(figure: StatementFigure) -> str:
    """The kind that a group stands under: ours, else the provider's word as received."""
    return figure.kind or figure.raw_kind


def tells(said: Sequence[StatementFigure], *members: str) -> bool:
    """Whether every group of the provider's says all of these."""
    return all(getattr(figure, member) for figure in said for member in members)


def _keyed(said: Iterable[StatementFigure] | None, pac_key: PacKey) -> dict[Any, Said] | None:
    if said is None:
        return None
    found: defaultdict[tuple[str, ...], Said] = defaultdict(Said)
    for figure in said:
        key = pac_key(figure)
        if key is None:
            return None
        found[key].add(figure)
    return found
