"""What became of every number, and which numbers nobody can account for (domain 5).

Numbers are taken without a gap, so a gap means that numbers were used elsewhere, or that the point was told another first
number. Series are looked over at night; what is written on them (`gap_count`) is what the home page counts.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum

from django.db.models import BigIntegerField, F, Max, Min, Q, Window
from django.db.models.functions import Cast, Lag
from django.utils import timezone

from cifras.fiscal.lifecycle import LegalStatus, Submission, VoidStatus
from cifras.fiscal.zones import PANAMA
from invoicing.models import Document, NumberSeries
from invoicing.models.document import DocumentQuerySet
from invoicing.models.numbering import NumberSeriesQuerySet
from invoicing.services.numbering import PROFORMA_SERIES
from tenants.models import BillingPoint


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


def gaps_of(series: NumberSeries) -> list[Gap]:
    """The numbers of the series that no document bears, from the point's first number to the last one taken."""
    if series.series == PROFORMA_SERIES:
        return []
    numbered = documents_of(series).annotate(value=Cast("number", BigIntegerField()))
    ends = numbered.aggregate(first=Min("value"), last=Max("value"))
    if ends["first"] is None:
        start = _first_number(series)
        return [Gap(start, series.next_number - 1)] if series.next_number > start else []
    found = [Gap(_first_number(series), ends["first"] - 1)]
    holes = numbered.annotate(before=Window(Lag("value"), order_by="value")).filter(value__gt=F("before") + 1)
    found += [Gap(before + 1, value - 1) for before, value in holes.values_list("before", "value")]
    found.append(Gap(ends["last"] + 1, series.next_number - 1))
    return [gap for gap in found if gap.size > 0]


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


def _first_number(series: NumberSeries) -> int:
    point = BillingPoint.objects.filter(office=series.office_id, code=series.billing_point).first()
    return point.first_number if point else 1
