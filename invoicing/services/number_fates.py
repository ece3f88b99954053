"""What became of every number, and which numbers nobody can account for (domain 5).

Numbers are taken without a gap, so a gap means that numbers were used elsewhere, or that the point was told another first
number. Series are looked over at night; what is written on them (`gap_count`) is what the home page counts.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any

from django.db.models import BigIntegerField, Case, CharField, F, Q, Value, When, Window
from django.db.models.functions import Cast, Lag, Lead
from django.utils import timezone

from cifras.fiscal.lifecycle import LegalStatus, Submission, VoidStatus
from cifras.fiscal.zones import PANAMA
from invoicing.models import Document, NumberSeries
from invoicing.models.document import DocumentQuerySet
from invoicing.models.numbering import NumberSeriesQuerySet
from invoicing.services.numbering import PROFORMA_SERIES
from tenants.models import BillingPoint

_SERIES = ("office", "billing_point", "series")

type _Key = tuple[int, str, str]


class Fate(StrEnum):
    """What became of a number."""

    USED = "used"
    VOIDED = "voided"
    IMPORTED = "imported"
    IN_COURSE = "in_course"
    UNKNOWN = "unknown"
    REJECTED_CONSUMED = "rejected_consumed"
    REJECTED_NOT_CONSUMED = "rejected_not_consumed"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Gap:
    """Numbers from `first` to `last`, both included, that no document of ours bears."""

    first: int
    last: int

    @property
    def size(self) -> int:
        """How many numbers are missing."""
        return self.last - self.first + 1


def fate_of(document: Document) -> Fate:
    """What became of the document's number. A rejection by the DGI has consumed it; one by the provider has not."""
    if document.void_status == VoidStatus.VOIDED:
        return Fate.VOIDED
    if document.submission == Submission.IMPORTED:
        return Fate.IMPORTED
    if document.legal_status == LegalStatus.DGI_AUTHORIZED:
        return Fate.USED
    if document.legal_status == LegalStatus.DGI_REJECTED:
        return Fate.REJECTED_CONSUMED
    if document.legal_status == LegalStatus.PAC_REJECTED:
        return Fate.REJECTED_NOT_CONSUMED
    if document.submission == Submission.UNKNOWN:
        return Fate.UNKNOWN
    if document.submission in {Submission.DRAFT, Submission.DISCARDED}:
        return Fate.WITHDRAWN
    return Fate.IN_COURSE


def documents_of(series: NumberSeries, *, month: date | None = None) -> DocumentQuerySet:
    """The documents that bear a number of the series, by number; only those issued in a local month, where one is given."""
    rows = (
        Document.objects.issued_by_us()
        .filter(office=series.office_id, billing_point=series.billing_point, series=series.series)
        .exclude(number="")
    )
    if month is not None:
        start = datetime.combine(month.replace(day=1), time.min, tzinfo=PANAMA)
        end = (
            start.replace(year=start.year + 1, month=1)
            if start.month == 12
            else start.replace(month=start.month + 1)
        )
        rows = rows.filter(issue_date__gte=start, issue_date__lt=end)
    return rows.order_by("number")


def with_fate(rows: DocumentQuerySet) -> Any:
    """The documents with `fate`: what `fate_of` says, for counting many."""
    return rows.annotate(
        fate=Case(
            When(void_status=VoidStatus.VOIDED, then=Value(Fate.VOIDED)),
            When(submission=Submission.IMPORTED, then=Value(Fate.IMPORTED)),
            When(legal_status=LegalStatus.DGI_AUTHORIZED, then=Value(Fate.USED)),
            When(legal_status=LegalStatus.DGI_REJECTED, then=Value(Fate.REJECTED_CONSUMED)),
            When(legal_status=LegalStatus.PAC_REJECTED, then=Value(Fate.REJECTED_NOT_CONSUMED)),
            When(submission=Submission.UNKNOWN, then=Value(Fate.UNKNOWN)),
            When(submission__in=(Submission.DRAFT, Submission.DISCARDED), then=Value(Fate.WITHDRAWN)),
            default=Value(Fate.IN_COURSE),
            output_field=CharField(),
        )
    )


def gaps_of(series: NumberSeries) -> list[Gap]:
    """The numbers of the series that no document bears, from the point's first number to the last one taken."""
    return gaps_of_all([series])[series.pk]


def gaps_of_all(rows: Collection[NumberSeries]) -> dict[int, list[Gap]]:
    """As `gaps_of`, by the series' keys: two queries, however many series; no gaps for proformas."""
    found: dict[int, list[Gap]] = {series.pk: [] for series in rows}
    series_of = {
        (series.office_id, series.billing_point, series.series): series
        for series in rows
        if series.series != PROFORMA_SERIES
    }
    if not series_of:
        return found
    firsts, unseen = _first_numbers(series_of), set(series_of)
    for office, point, kind, before, value, after in _edges(series_of):
        series = series_of.get((office, point, kind))
        if series is None:
            continue
        unseen.discard((office, point, kind))
        first = firsts.get((office, point), 1) if before is None else before + 1
        found[series.pk].append(Gap(first, value - 1))
        if after is None:
            found[series.pk].append(Gap(value + 1, series.next_number - 1))
    for key in unseen:
        series = series_of[key]
        found[series.pk].append(Gap(firsts.get(key[:2], 1), series.next_number - 1))
    return {
        key: sorted((gap for gap in gaps if gap.size > 0), key=lambda gap: gap.first)
        for key, gaps in found.items()
    }


def look_over_series(*, limit: int = 200) -> int:
    """Count the gaps of every series that has taken numbers since it was looked over, or had gaps; answers how many."""
    stale = NumberSeries.objects.exclude(series=PROFORMA_SERIES).filter(
        Q(checked_to__lt=F("next_number") - 1) | Q(gap_count__gt=0)
    )
    done = 0
    for series in stale.select_related("office").order_by("checked_at", "pk")[:limit]:
        count = sum(gap.size for gap in gaps_of(series))
        NumberSeries.objects.filter(pk=series.pk).update(
            gap_count=count, checked_to=series.next_number - 1, checked_at=timezone.now()
        )
        done += 1
    return done


def all_gaps(rows: NumberSeriesQuerySet) -> Iterator[tuple[NumberSeries, Gap]]:
    """Every gap of these series, looked for now."""
    for series in rows.select_related("office__tenant").order_by(
        "office__tenant", "office", "billing_point", "series"
    ):
        for gap in gaps_of(series):
            yield series, gap


def _edges(keys: Collection[_Key]) -> Any:
    """The numbers of these series, and perhaps of their neighbours, that do not follow another one or that none follows."""
    offices, points, kinds = (set(part) for part in zip(*keys, strict=True))
    rows = Document.objects.issued_by_us().filter(
        office__in=offices, billing_point__in=points, series__in=kinds
    )
    series: dict[str, Any] = {"partition_by": [F(name) for name in _SERIES], "order_by": "value"}
    numbered = (
        rows.exclude(number="")
        .annotate(value=Cast("number", BigIntegerField()))
        .annotate(before=Window(Lag("value"), **series), after=Window(Lead("value"), **series))
    )
    edges = numbered.filter(Q(before=None) | Q(after=None) | Q(value__gt=F("before") + 1))
    return edges.order_by("value").values_list(*_SERIES, "before", "value", "after")


def _first_numbers(keys: Iterable[_Key]) -> dict[tuple[int, str], int]:
    points = BillingPoint.objects.filter(office__in={office for office, _point, _kind in keys})
    return {
        (office, code): first for office, code, first in points.values_list("office", "code", "first_number")
    }
