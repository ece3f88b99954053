"""One month of one tenant: totals first, rows where they differ, and what is left explained or said to be unexplained.

A month of up to `WHOLE` documents is compared row by row throughout, so that errors that cancel out are found, too; of a larger
one the days whose totals differ, with the days beside them, the documents that were not sent or have no last word yet, and a
sample of the rest, the same one in every run. Amounts of several currencies are never added, and no provider tells the currency
of its totals: where a group holds more than one, its count alone is compared, and its documents one by one in any month.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from typing import Any

from cifras.fiscal import cufe
from cifras.fiscal.document import Mode
from cifras.fiscal.lifecycle import REJECTED_LEGAL, Submission
from cifras.fiscal.zones import local_date
from invoicing.models import Document
from reports.models.reconciliation import DifferenceClass
from reports.services.facts import end_of_month
from reports.services.reconciling.fingerprint import fingerprint
from reports.services.reconciling.groups import Explaining, Group, Placed, Stated, Told
from reports.services.reconciling.matching import Matching
from reports.services.reconciling.pairing import differences, duplicates, pair
from reports.services.reconciling.rows import Found, Ours, Theirs, is_in_process, of_documents
from reports.services.reconciling.sides import (
    days_around,
    differing_groups,
    is_within,
    our_side,
    stated_groups,
)
from reports.services.reconciling.sources import (
    Provider,
    documents_named,
    near_rows,
    rows_beside,
)
from reports.services.reconciling.summing import summary_of
from reports.services.statements import Heard
from tenants.models import Tenant

WHOLE = 2_000  # documents of a month that are all compared row by row
MOST_READS = 400  # documents read one by one in a run
MOST_FILES = 300  # signed XML read for their totals in a run
SAMPLE = 100  # documents of groups that agree, read one by one in a larger month


def _nobody(_done: int, _of: int, _rows: int) -> None:
    return None


@dataclass(slots=True)
class Compared:
    """What a run found, and how much it looked at."""

    found: list[Found] = field(default_factory=list)
    summary: dict[str, Any] = field(default_factory=dict)
    is_complete: bool = True


def compare_month(
    tenant: Tenant, month: date, heard: Heard, *, asks: bool, tell: Callable[[int, int, int], None] = _nobody
) -> Compared:
    """Compare a month with what was heard. `asks`: the provider may be asked about documents, beside its statement.

    `tell` hears how far it has come: (ranges of days done, of how many, rows).
    """
    with Matching(tenant) as matching:  # the whole run has the room that it asks of the database
        return _compared(tenant, month, heard, matching, asks=asks, tell=tell)


def _compared(
    tenant: Tenant,
    month: date,
    heard: Heard,
    matching: Matching,
    *,
    asks: bool,
    tell: Callable[[int, int, int], None],
) -> Compared:
    last = end_of_month(month)
    stated, told = stated_groups(heard.figures)
    ours = our_side(tenant, month, last, told)  # its facts are of before: what changes meanwhile is told
    differing = differing_groups(ours.sent, stated)
    is_whole = not told.day or ours.documents <= WHOLE
    mixed = {key for key, each in ours.sent.items() if each.total is None}
    days = [(month, last)] if is_whole else days_around(month, last, differing | (mixed if asks else set()))
    provider = Provider(tenant, most_reads=MOST_READS, most_files=MOST_FILES) if asks else None
    comparing = _Comparing(tenant, provider, differing, told, mixed, matching)
    comparing.take_all(days, tell)
    if not is_whole:
        most, sample = (MOST_READS - SAMPLE, SAMPLE) if provider else (0, 0)
        beside = _count_beside(ours.everything, days)
        comparing.probe(rows_beside(tenant, month, days, most=most, sample=sample, of=beside))
    explaining = Explaining(
        {key: each for key, each in stated.items() if key.day is None or is_within(key.day, days)},
        comparing.placed,
        near_rows(tenant, month),
        month,
        told,
        agreed=comparing.agreed,
        of_agreed=matching.placed,
    )
    found = [*comparing.found, *explaining.found()]
    is_complete = provider is None or not provider.failures
    summary = {
        **summary_of(tenant, ours.issued, ours.everything, stated, found),
        "groups_differing": len(differing),
        "rows": comparing.looked_at,
        "rows_seen": comparing.seen,
        "rows_with_amount": comparing.with_amount,
        "rows_sampled": comparing.sampled,
        "by_count_alone": sum(ours.sent[key].count for key in mixed) - comparing.seen_of_mixed,
        "in_process": comparing.in_process,
        "facts": fingerprint(ours.issued),
        "asked": asks,
    }
    return Compared(found, summary, is_complete)


class _Comparing:
    """Row by row, a range of days at a time; what is there is placed in the group where the provider should count it."""

    def __init__(
        self,
        tenant: Tenant,
        provider: Provider | None,
        differing: set[Group],
        told: Told,
        mixed: set[Group],
        matching: Matching,
    ) -> None:
        self.tenant, self.provider, self.differing, self.told = tenant, provider, differing, told
        self.mixed, self.matching = mixed, matching
        self.found: list[Found] = []
        self.placed: list[Placed] = []
        self.agreed: defaultdict[Group, Stated] = defaultdict(Stated)
        self.looked_at = self.seen = self.with_amount = self.in_process = self.sampled = 0
        self.seen_of_mixed = 0

    def take_all(self, days: Sequence[tuple[date, date]], tell: Callable[[int, int, int], None]) -> None:
        """Compare the documents of these days, and say while it goes on how far it has come."""
        for done, (first, last) in enumerate(days):
            if self.provider:
                self.provider.beat = partial(tell, done, len(days), self.looked_at)
            tell(done, len(days), self.looked_at)
            self.take(first, last)
        if self.provider:
            self.provider.beat = partial(tell, len(days), len(days), self.looked_at)
        tell(len(days), len(days), self.looked_at)

    def take(self, first: date, last: date) -> None:
        """Compare the documents of some days."""
        listed = self.provider.listed(first, last) if self.provider else ()
        ours, theirs, agreed = self.matching.split(first, last, listed)
        self.looked_at += len(ours)
        self._agree(agreed)
        pairs = pair(ours, theirs)
        self.found += duplicates(pairs)
        for mine, row in pairs.both:
            self._see(mine, row)
        for mine in sorted(pairs.alone_here, key=lambda each: not self._is_differing(each)):
            self._look_up(mine)
        for _mine, row in pairs.twice:
            self._place_stranger(row)
        self._strangers(pairs.alone_there)

    def _agree(self, agreed: Mapping[Group, Stated]) -> None:
        """What is alike on both sides is counted, and needs no look."""
        for group, each in agreed.items():
            self.looked_at += each.count
            self.seen += each.count
            self.with_amount += each.count
            self.in_process += each.count * is_in_process(group.word)
            told = self.told.of(group)
            self.seen_of_mixed += each.count * (told in self.mixed)
            self.agreed[told].add(each.count, None if told in self.mixed else each.total)

    def probe(self, rows: Iterable[Ours]) -> None:
        """Documents of days that agree, each asked for by itself; what they come to together was compared already."""
        for mine in rows:
            row, was_asked = self.provider.read(mine) if self.provider else (None, False)
            if row is None and was_asked:
                self.found.append(of_documents(DifferenceClass.MISSING_AT_PAC, "missing_at_pac", mine, None))
            elif row is None and not mine.may_be_there:
                self.found.append(of_documents(DifferenceClass.PENDING, "not_sent_yet", mine, None))
            if row is not None:
                self.sampled += 1
                self._compare(mine, row)

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
        row = self._compare(mine, row)
        self.seen += 1
        self.with_amount += row.total is not None
        is_mixed = self.told.of(Group(mine.day, mine.kind, mine.legal_status)) in self.mixed
        self.seen_of_mixed += is_mixed and mine.may_be_there and row.total is not None
        self.in_process += is_in_process(mine.legal_status)
        self._place(mine, row, is_seen=True)

    def _compare(self, mine: Ours, row: Theirs) -> Theirs:
        """The provider's side, with its total where that can be had."""
        if self.provider and row.total is None and mine.legal_status not in REJECTED_LEGAL:
            row = self.provider.with_total(row)
        self.found += differences(mine, row, tax_id=self.tenant.ruc)
        if row.issued_at and (day := local_date(row.issued_at)) != mine.day:
            self._date_differs(mine, row, day)
        return row

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
        group = Group(day, mine.kind, word)
        total = row.total if row and row.total is not None else mine.total
        is_mixed = self.told.of(group) in self.mixed
        self.placed.append(Placed(group, mine, row, None if is_mixed else total, is_seen))

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


def _count_beside(groups: Mapping[Group, Stated], days: Sequence[tuple[date, date]]) -> int:
    return sum(each.count for group, each in groups.items() if group.day and not is_within(group.day, days))


def _stranger(row: Theirs, known: Document | None, tenant: Tenant, offices: set[str]) -> Iterator[Found]:
    if known is not None:
        found = _known_stranger(row, known, tenant)
        if found is not None and known.tenant_id == tenant.pk:
            found = replace(found, ours={"id": str(known.uid)}, document_uid=known.uid)
        if found is not None:
            yield found
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
        # Neither whose it is nor which one: whoever reads this may not see that tenant.
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
