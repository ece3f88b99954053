"""One month of one tenant: totals first, rows where they differ, and what is left explained or said to be unexplained.

A month of up to `WHOLE` documents is compared row by row throughout, so that errors that cancel out are found, too; of a larger
one only the days whose totals differ, with the days beside them.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, Sum
from django.db.models.functions import TruncDate

from cifras.fiscal import cufe
from cifras.fiscal.document import Mode
from cifras.fiscal.lifecycle import REJECTED_LEGAL, Submission
from cifras.fiscal.zones import PANAMA, local_date
from invoicing.models import Document
from reports.models import StatementFigure
from reports.models.reconciliation import DifferenceClass
from reports.services import comparison
from reports.services.facts import between, end_of_month
from reports.services.queries import Filters, figures
from reports.services.reconciling.classes import differences, duplicates, pair
from reports.services.reconciling.groups import Explaining, Group, Placed, Stated, Told
from reports.services.reconciling.rows import Found, Ours, Theirs, is_in_process, of_documents
from reports.services.reconciling.sources import (
    Provider,
    documents_named,
    expected_there,
    near_rows,
    our_rows,
)
from reports.services.rollups import cents
from reports.services.statements import Heard
from tenants.models import Tenant

WHOLE = 2_000  # documents of a month that are all compared row by row
MOST_READS = 400  # documents read one by one in a run
MOST_FILES = 300  # signed XML read for their totals in a run


@dataclass(slots=True)
class Compared:
    """What a run found, and how much it looked at."""

    found: list[Found] = field(default_factory=list)
    summary: dict[str, Any] = field(default_factory=dict)
    is_complete: bool = True


def compare_month(tenant: Tenant, month: date, heard: Heard, *, asks: bool) -> Compared:
    """Compare a month with what was heard. `asks`: the provider may be asked about documents, beside its statement."""
    last = end_of_month(month)
    stated, told = _stated(heard.figures)
    ours = _our_groups(tenant, month, last, told)
    differing = {key for key in ours.keys() | stated.keys() if not _is_equal(ours.get(key), stated.get(key))}
    days = _days(month, last, ours, differing, told)
    provider = Provider(tenant, most_reads=MOST_READS, most_files=MOST_FILES) if asks else None
    comparing = _Comparing(tenant, provider, differing, told)
    for first, end in days:
        comparing.take(first, end)
    looked_at = {key: each for key, each in stated.items() if key.day is None or _is_within(key.day, days)}
    explaining = Explaining(looked_at, comparing.placed, near_rows(tenant, month), month, told)
    found = [*comparing.found, *explaining.found()]
    is_complete = provider is None or not provider.failures
    return Compared(found, _summary(tenant, month, ours, stated, differing, comparing, found), is_complete)


def _stated(said: Sequence[StatementFigure]) -> tuple[dict[Group, Stated], Told]:
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


def _our_groups(tenant: Tenant, first: date, last: date, told: Told) -> dict[Group, Stated]:
    groups: defaultdict[Group, Stated] = defaultdict(Stated)
    rows = (
        between(expected_there(tenant), first, last)
        .annotate(day=TruncDate("issue_date", tzinfo=PANAMA))
        .values("day", "kind", "legal_status")
        .order_by()
        .annotate(documents=Count("pk"), amount=Sum("total"))
    )
    for row in rows:
        group = Group(row["day"], row["kind"], row["legal_status"])
        groups[told.of(group)].add(row["documents"], cents(row["amount"]))
    return dict(groups)


def _is_equal(ours: Stated | None, stated: Stated | None) -> bool:
    if ours is None or stated is None:
        return False
    return ours.count == stated.count and stated.total in (None, ours.total)


def _days(
    first: date, last: date, ours: Mapping[Group, Stated], differing: Iterable[Group], told: Told
) -> list[tuple[date, date]]:
    """The ranges whose rows are looked at."""
    if not told.day or sum(each.count for each in ours.values()) <= WHOLE:
        return [(first, last)]
    wanted = {
        day
        for group in differing
        if group.day
        for day in (group.day - timedelta(days=1), group.day, group.day + timedelta(days=1))
        if first <= day <= last
    }
    return [(day, day) for day in sorted(wanted)]


def _is_within(day: date, days: Iterable[tuple[date, date]]) -> bool:
    return any(first <= day <= last for first, last in days)


class _Comparing:
    """Row by row, a range of days at a time; what is there is placed in the group where the provider should count it."""

    def __init__(self, tenant: Tenant, provider: Provider | None, differing: set[Group], told: Told) -> None:
        self.tenant, self.provider, self.differing, self.told = tenant, provider, differing, told
        self.found: list[Found] = []
        self.placed: list[Placed] = []
        self.looked_at = self.seen = self.with_amount = self.in_process = 0

    def take(self, first: date, last: date) -> None:
        """Compare the documents of some days."""
        ours = list(our_rows(self.tenant, first, last))
        self.looked_at += len(ours)
        theirs = self.provider.listed(first, last) if self.provider else []
        pairs = pair(ours, theirs)
        self.found += duplicates(pairs)
        for mine, row in pairs.both:
            self._see(mine, row)
        for mine in sorted(pairs.alone_here, key=lambda each: not self._is_differing(each)):
            self._look_up(mine)
        for _mine, row in pairs.twice:
            self._place_stranger(row)
        self._strangers(pairs.alone_there)

    def _look_up(self, mine: Ours) -> None:
        """Not on the list: the provider is asked for the document itself."""
        row, was_asked = self.provider.read(mine) if self.provider else (None, False)
        if row is not None:
            self._see(mine, row)
        elif was_asked:
            self.found.append(of_documents(DifferenceClass.MISSING_AT_PAC, "missing_at_pac", mine, None))
        elif mine.may_be_there:
            # Refused before it got an id: the provider may count it or not.
            never_entered = mine.legal_status in REJECTED_LEGAL and not mine.document_id
            self._place(mine, None, is_seen=never_entered)
        else:
            self.found.append(of_documents(DifferenceClass.PENDING, "not_sent_yet", mine, None))

    def _see(self, mine: Ours, row: Theirs) -> None:
        if self.provider and row.total is None and mine.legal_status not in REJECTED_LEGAL:
            row = self.provider.with_total(row)
        self.seen += 1
        self.with_amount += row.total is not None
        self.in_process += is_in_process(mine.legal_status)
        self.found += differences(mine, row, tax_id=self.tenant.ruc)
        if row.issued_at and (day := local_date(row.issued_at)) != mine.day:
            self._date_differs(mine, row, day)
        self._place(mine, row, is_seen=True)

    def _date_differs(self, mine: Ours, row: Theirs, day: date) -> None:
        is_other_month = (day.year, day.month) != (mine.day.year, mine.day.month)
        reason = "border_issue_date" if is_other_month else "issue_date"
        difference = DifferenceClass.BORDER if is_other_month else DifferenceClass.UNEXPLAINED
        self.found.append(of_documents(difference, reason, mine, row, day=day))

    def _place(self, mine: Ours, row: Theirs | None, *, is_seen: bool) -> None:
        day = row.day if row and row.day else mine.day
        if (day.year, day.month) != (mine.day.year, mine.day.month):
            return
        word = row.word if row and row.word else mine.legal_status
        total = row.total if row and row.total is not None else mine.total
        self.placed.append(Placed(Group(day, mine.kind, word), mine, row, total, is_seen))

    def _place_stranger(self, row: Theirs) -> None:
        """Where the provider should count what is none of ours, or one of ours once more."""
        if row.day is not None:
            group = Group(row.day, row.kind, row.word)
            self.placed.append(Placed(group, None, row, row.total, is_seen=True))

    def _strangers(self, rows: Sequence[Theirs]) -> None:
        """What the provider lists and we don't count: why."""
        known = documents_named(rows, self.tenant.pac_provider) if rows else {}
        offices = set(self.tenant.offices.values_list("code", flat=True)) if rows else set()
        for row in rows:
            if self.provider and row.word not in REJECTED_LEGAL:
                row = self.provider.with_total(row)
            self._place_stranger(row)
            self.found += _stranger(row, known.get(row.document_id), self.tenant, offices)

    def _is_differing(self, mine: Ours) -> bool:
        return self.told.of(Group(mine.day, mine.kind, mine.legal_status)) in self.differing


def _stranger(row: Theirs, known: Document | None, tenant: Tenant, offices: set[str]) -> Iterator[Found]:
    if known is not None:
        found = _known_stranger(row, known, tenant)
        if found is not None:
            yield replace(found, ours={"id": str(known.uid)}, document_uid=known.uid)
        return
    said = cufe.read(row.cufe)
    if said is not None and said.ruc.lstrip("0") != tenant.ruc.lstrip("0"):
        yield of_documents(DifferenceClass.OTHER_TENANT, "cufe_of_another", None, row, ruc=said.ruc)
    elif said is not None and said.branch not in offices:
        yield of_documents(DifferenceClass.OTHER_TENANT, "office_of_another", None, row, office=said.branch)
    else:
        yield of_documents(DifferenceClass.MISSING_HERE, "missing_here", None, row)


def _known_stranger(row: Theirs, known: Document, tenant: Tenant) -> Found | None:
    """A document of ours that this comparison does not count; None where that is no difference."""
    if known.tenant_id != tenant.pk:
        # Whose it is stays untold: whoever reads this may not see that tenant.
        found = of_documents(DifferenceClass.OTHER_TENANT, "tenant_of_another", None, row)
    elif known.is_received:
        found = of_documents(DifferenceClass.IMPORTED, "received", None, row)
    elif known.mode == Mode.DGI_IMPORT:
        found = of_documents(DifferenceClass.IMPORTED, "imported", None, row)
    elif known.environment != tenant.environment:
        found = of_documents(
            DifferenceClass.ENVIRONMENT, "environment", None, row, environment=known.environment
        )
    elif known.submission == Submission.DISCARDED:
        if row.word in REJECTED_LEGAL:
            return None
        found = of_documents(DifferenceClass.STATUS, "discarded", None, row, submission=known.submission)
    elif row.issued_at is None:
        return None  # of a day beside the month, and no more is said
    else:
        found = of_documents(DifferenceClass.BORDER, "border_issue_date", None, row, day=row.day)
    return found


def _summary(
    tenant: Tenant,
    month: date,
    ours: Mapping[Group, Stated],
    stated: Mapping[Group, Stated],
    differing: set[Group],
    comparing: _Comparing,
    found: Sequence[Found],
) -> dict[str, Any]:
    mine = figures(
        Tenant.objects.filter(pk=tenant.pk),
        month,
        end_of_month(month),
        filters=Filters(environment=tenant.environment),
        from_facts=True,
    )
    bridge = comparison.bridge(mine)
    concerned = {each.document_uid for each in found if each.document_uid}
    total = sum((each.total or Decimal(0) for each in stated.values()), Decimal(0))
    return {
        "documents": sum(each.count for each in ours.values()),
        "total": str(sum((each.total or Decimal(0) for each in ours.values()), Decimal(0))),
        "pac_documents": sum(each.count for each in stated.values()),
        "pac_total": None if any(each.total is None for each in stated.values()) else str(total),
        "groups": len(ours.keys() | stated.keys()),
        "groups_differing": len(differing),
        "rows": comparing.looked_at,
        "rows_seen": comparing.seen,
        "rows_with_amount": comparing.with_amount,
        "in_process": comparing.in_process,
        "matched": max(sum(each.count for each in ours.values()) - len(concerned), 0),
        "rounding": f"{_rounding(found):.2f}",
        "bridge": {
            "gross": str(bridge.gross),
            "voided": str(bridge.voided),
            "credits": str(bridge.credits),
            "net": str(bridge.net_sales),
        },
    }


def _rounding(found: Iterable[Found]) -> Decimal:
    values = [each.values["difference"] for each in found if each.difference == DifferenceClass.ROUNDING]
    return sum((Decimal(value) for value in values if value != "—"), Decimal(0))
