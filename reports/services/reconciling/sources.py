"""Both sides of a month as rows: our documents, the provider's list where it has one, single reads, and amounts from its XML."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from itertools import batched
from uuid import UUID

from django.db.models import Q

from cifras.fiscal import fe_xml
from cifras.fiscal.document import Kind, Mode
from cifras.fiscal.errors import RuleBroken
from cifras.fiscal.lifecycle import TERMINAL_LEGAL, LegalStatus, Submission, VoidStatus
from cifras.fiscal.money import CENT
from cifras.fiscal.zones import local_date
from cifras.pac.contract import PacAnswer, PacProvider
from cifras.pac.download import fetch
from cifras.pac.errors import NotFound, NotSupported, PacError
from invoicing.models import Document
from invoicing.models.document import DocumentQuerySet
from invoicing.services import listing
from invoicing.services.attachments import file_policy
from reports.services.facts import between, end_of_month, of_month, start_of
from reports.services.reconciling.rows import BORDER_HOURS, Ours, Theirs
from tenants.models import Tenant
from tenants.services.accounts import company_id, provider_for

SENT = (Submission.ACCEPTED, Submission.REFUSED, Submission.DISCARDED)
_UNSENT = tuple(each for each in Submission if each not in {*SENT, Submission.DRAFT, Submission.IMPORTED})
_DISCARDED = Q(submission=Submission.DISCARDED, legal_status=LegalStatus.PAC_REJECTED)
_MOST_FAILURES = 3
_MOST_AMOUNT = Decimal(10) ** 16
_CODE = 3  # letters of a currency (ISO 4217)
_BEAT = 500  # rows of a list
_KEYS_AT_ONCE = 2_000
_HIGHEST_ID = 2**128 - 1


def _nothing() -> None:
    return None


def expected_there(tenant: Tenant) -> DocumentQuerySet:
    """What the provider should count: what we count and issued ourselves, and what it rejected before we discarded it."""
    return _own(tenant).filter(listing.REPORTED | (_DISCARDED & Q(document_id__gt="")))


def expected_or_discarded(tenant: Tenant) -> DocumentQuerySet:
    """Those, and whatever else was discarded after a rejection: what is summed of them stands in the index `document_report`."""
    return _own(tenant).filter(listing.REPORTED | _DISCARDED)


def _own(tenant: Tenant) -> DocumentQuerySet:
    return Document.objects.issued_by_us().filter(
        tenant=tenant, environment=tenant.environment, mode=Mode.DGI, issue_date__isnull=False
    )


def our_rows(tenant: Tenant, first: date, last: date) -> Iterator[Ours]:
    """Our documents of these days."""
    return _rows(between(expected_there(tenant), first, last))


def rows_beside(
    tenant: Tenant, month: date, looked_at: Sequence[tuple[date, date]], *, most: int, sample: int, of: int
) -> Iterator[Ours]:
    """Of the days of a month that nobody looks at, `of` documents read once: what the provider is not expected to hold yet; of
    what was sent and has no last word yet at most `most`; and a sample of the rest.

    The sample is drawn by the documents' own ids, which are random, so that every run looks at the same ones.
    """
    is_sent = Q(submission__in=SENT) & ~Q(document_id="")
    is_settled = is_sent & Q(legal_status__in=TERMINAL_LEGAL)
    is_open = is_sent & ~Q(legal_status__in=TERMINAL_LEGAL)
    drawn = is_settled & Q(uid__lte=_lowest_ids(sample, of))
    wanted = (Q(submission__in=_UNSENT) | is_open | drawn) if most else Q(submission__in=_UNSENT)
    rows = _beside(tenant, month, looked_at).filter(wanted).order_by("issue_date", "pk")
    unsent, open_ones, settled = [], [], []
    for key, uid, submission, legal_status in rows.values_list("pk", "uid", "submission", "legal_status"):
        if submission in _UNSENT:
            unsent.append(key)
        elif legal_status in TERMINAL_LEGAL:
            settled.append((uid.hex, key))
        else:
            open_ones.append(key)
    for keys in (unsent, open_ones[:most], [key for _uid, key in sorted(settled)[:sample]]):
        for some in batched(keys, _KEYS_AT_ONCE):
            yield from _rows(Document.objects.filter(pk__in=some))


def _lowest_ids(count: int, of: int) -> UUID:
    """The id up to which at least `count` of so many random ones lie, as good as certainly: three times as many on average."""
    return UUID(int=_HIGHEST_ID * min(3 * count, of) // max(of, 1))


def _beside(tenant: Tenant, month: date, looked_at: Sequence[tuple[date, date]]) -> DocumentQuerySet:
    rows = of_month(expected_there(tenant), month)
    for first, last in looked_at:
        rows = rows.exclude(
            issue_date__gte=start_of(first), issue_date__lt=start_of(last + timedelta(days=1))
        )
    return rows


def near_rows(tenant: Tenant, month: date) -> Iterator[Ours]:
    """Our documents of other months, so near the border that the provider may count them in this one."""
    start, end = start_of(month), start_of(end_of_month(month) + timedelta(days=1))
    span = timedelta(hours=BORDER_HOURS)
    before = Q(issue_date__gte=start - span, issue_date__lt=start)
    after = Q(issue_date__gte=end, issue_date__lt=end + span)
    return _rows(expected_there(tenant).filter(before | after))


def _rows(documents: DocumentQuerySet) -> Iterator[Ours]:
    return (mine for _key, mine in rows_of(documents))


def rows_of(documents: DocumentQuerySet) -> Iterator[tuple[int, Ours]]:
    """Documents as they are compared, each under its key."""
    members = (
        "pk", "uid", "kind", "legal_status", "total", "currency", "issue_date", "number", "cufe", "local_cufe",
        "document_id", "void_status", "void_answer", "submission",
    )  # fmt: skip
    for row in documents.order_by("issue_date", "pk").values(*members).iterator(chunk_size=2_000):
        yield (
            row["pk"],
            Ours(
                uid=row["uid"],
                kind=row["kind"],
                legal_status=row["legal_status"],
                total=row["total"],
                currency=row["currency"],
                issued_at=row["issue_date"],
                number=row["number"],
                cufe=row["cufe"] or row["local_cufe"],
                document_id=row["document_id"],
                is_voided=row["void_status"] == VoidStatus.VOIDED,
                is_void_proven=bool(row["void_answer"]),
                may_be_there=row["submission"] in SENT,
            ),
        )


class Provider:
    """The tenant's provider, asked for rows: as often as is bearable, and no more once it fails again and again."""

    def __init__(self, tenant: Tenant, *, most_reads: int, most_files: int) -> None:
        self.tenant, self.company_id = tenant, company_id(tenant)
        self._provider: PacProvider = provider_for(tenant)
        self.reads_left, self.files_left = most_reads, most_files
        self.failures = 0
        self.beat: Callable[[], None] = _nothing  # called again and again while the provider is being asked
        self._links: dict[str, str] = {}

    def listed(self, first: date, last: date) -> Iterator[Theirs]:
        """The documents that the provider lists as of these days, some perhaps twice; what it does not list may exist, too."""
        for kind in Kind:
            try:
                # Whoever filters by UTC has our evenings a day later, never earlier.
                answers = self._provider.list_documents(
                    kind, self.company_id, first, last + timedelta(days=1)
                )
                for position, answer in enumerate(answers):
                    if not position % _BEAT:
                        self.beat()
                    if answer.document_id and (row := self._row_of_days(kind, answer, first, last)):
                        yield row
            except NotSupported:
                continue
            except PacError:
                self.failures += 1

    def read(self, ours: Ours) -> tuple[Theirs | None, bool]:
        """(the document as the provider shows it, whether it was asked at all). None and True: it has no such document."""
        if not ours.document_id or self.reads_left <= 0 or self.failures >= _MOST_FAILURES:
            return None, False
        self.reads_left -= 1
        self.beat()
        kind = Kind(ours.kind)
        try:
            answer = self._provider.read(kind, self.company_id, ours.document_id)
        except NotFound:
            return None, True
        except PacError:
            self.failures += 1
            return None, False
        row = self._row(kind, answer, _moment(answer.issue_date))
        return row._replace(document_id=row.document_id or ours.document_id), True

    def with_total(self, row: Theirs) -> Theirs:
        """The row with the total that its signed XML states, where it told none and the XML can be had."""
        link = self._links.get(row.document_id)
        if row.total is not None or not link or self.files_left <= 0:
            return row
        self.files_left -= 1
        self.beat()
        try:
            stated = fe_xml.read(fetch(link, policy=file_policy()).content)
        except (PacError, RuleBroken):
            return row
        is_its = stated is not None and stated.cufe == row.cufe and stated.totals is not None
        return row._replace(total=stated.totals.total) if is_its and stated and stated.totals else row

    def _row_of_days(self, kind: Kind, answer: PacAnswer, first: date, last: date) -> Theirs | None:
        """The row of a list, unless it is certainly of another day."""
        moment = _moment(answer.issue_date)
        if moment is None:
            row = self._row(kind, answer, None)
            return row if (day := row.day) is None or first <= day <= last else None
        day = local_date(moment)
        return self._row(kind, answer, moment, day) if first <= day <= last else None

    def _row(self, kind: Kind, answer: PacAnswer, moment: datetime | None, day: date | None = None) -> Theirs:
        if answer.xml_url and not answer.total:
            self._links[answer.document_id] = answer.xml_url
        return Theirs(
            kind=kind.value,
            document_id=answer.document_id,
            legal_status=answer.legal_status.value,
            raw_legal_status=answer.raw_legal_status,
            total=_amount(answer.total),
            issued_at=moment,
            number=answer.number,
            cufe=answer.cufe,
            is_void=answer.is_void,
            currency=answer.currency if len(answer.currency) == _CODE else "",
            local_day=day,
        )


def documents_named(rows: Iterable[Theirs], provider: str) -> dict[str, Document]:
    """Any document of ours, whosever it is, that bears the id or the CUFE of these rows, by the row's id."""
    ids = {row.document_id for row in rows if row.document_id}
    by_cufe = {row.cufe: row.document_id for row in rows if row.cufe}
    known = Document.objects.select_related("tenant").filter(
        Q(provider=provider, document_id__in=ids) | Q(cufe__in=by_cufe)
    )
    found: dict[str, Document] = {}
    for document in known:
        key = document.document_id if document.document_id in ids else by_cufe.get(document.cufe, "")
        found.setdefault(key, document)
    return found


def _amount(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number.quantize(CENT) if number.is_finite() and abs(number) < _MOST_AMOUNT else None


def _moment(text: str) -> datetime | None:
    """A moment that says its zone; without one it tells no local day for certain."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
