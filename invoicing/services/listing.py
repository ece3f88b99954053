"""Choosing documents by what is computed and not stored: the business status, and how soon a void closes.

The conditions are the law's ladder (domain 3) said once more in SQL, over the same facts as `settling.business`; the tests
hold the two against each other.
"""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.db.models import Case, CharField, F, Q, Value, When
from django.db.models.functions import Coalesce, Round
from django.utils import timezone

from cifras.fiscal.document import Kind, Mode
from cifras.fiscal.lifecycle import REJECTED_LEGAL, BusinessStatus, LegalStatus, Submission, VoidStatus
from cifras.fiscal.zones import PANAMA, local_date
from invoicing.models.document import DocumentQuerySet
from tenants.models import Tenant

# A void may be asked for, or may be as soon as the DGI has spoken: the clock runs.
_CLOCK_RUNS = (Submission.QUEUED, Submission.SENDING, Submission.UNKNOWN, Submission.ACCEPTED)


_NO_EFFECT = (
    Q(void_status=VoidStatus.VOIDED) | Q(submission=Submission.DISCARDED) | Q(legal_status__in=REJECTED_LEGAL)
)


class _Cents(Round):
    """Rounded where it must be: SQLite reckons amounts in binary fractions, PostgreSQL exactly."""

    def as_postgresql(self, compiler: Any, connection: Any, **_: Any) -> Any:
        return compiler.compile(self.source_expressions[0])


class Receivable(StrEnum):
    """What is to be collected, or given back."""

    OPEN = "open"
    OVERDUE = "overdue"
    REFUND = "refund"


def with_receivable(
    rows: DocumentQuerySet, wanted: Receivable, *, today: date | None = None
) -> DocumentQuerySet:
    """The issued documents that still owe something, owe it since before `today`, or have something to be returned."""
    facts = _with_facts(rows)
    if wanted is Receivable.REFUND:
        return facts.filter(_refund_due())
    owing = Q(kind=Kind.INVOICE, open_amount__gt=0) & ~_NO_EFFECT
    if wanted is Receivable.OVERDUE:
        owing &= _overdue(today or local_date(timezone.now()))
    return facts.exclude(submission=Submission.DRAFT).filter(owing)


# Before the authority, here or elsewhere, no draft any more and not discarded.
REPORTED = ~Q(mode=Mode.PROFORM) & ~Q(submission__in=(Submission.DRAFT, Submission.DISCARDED))


def reported(rows: DocumentQuerySet) -> DocumentQuerySet:
    """What the reports count."""
    return rows.filter(REPORTED)


def with_business(
    rows: DocumentQuerySet, status: BusinessStatus, *, today: date | None = None
) -> DocumentQuerySet:
    """The documents whose business status is `status` on the local date `today`."""
    worded: Any = with_words(rows, today=today)
    return worded.filter(business_word=status)  # type: ignore[no-any-return]


def with_words(rows: DocumentQuerySet, *, today: date | None = None) -> DocumentQuerySet:
    """The documents with `business_word`, their business status on the local date `today`, and `balance`, what they still owe."""
    overdue = _overdue(today or local_date(timezone.now()))
    owes = Q(kind=Kind.INVOICE) & ~_NO_EFFECT & ~Q(submission=Submission.DRAFT)
    return _with_facts(rows).alias(
        business_word=_word(overdue),
        balance=Case(When(owes, then=F("open_amount")), default=Value(Decimal(0))),
    )


def closing_within(rows: DocumentQuerySet, hours: int, *, now: datetime | None = None) -> DocumentQuerySet:
    """The documents whose void window closes within `hours` from now, and that may be or may become voidable."""
    moment = now or timezone.now()
    return rows.filter(
        mode=Mode.DGI,
        void_status=VoidStatus.NONE,
        void_deadline__gte=moment,
        void_deadline__lte=moment + timedelta(hours=hours),
        submission__in=_CLOCK_RUNS,
    ).exclude(legal_status__in=REJECTED_LEGAL)


def _with_facts(rows: DocumentQuerySet) -> DocumentQuerySet:
    return rows.alias(
        open_amount=_Cents(F("total") - F("credited_total") - F("settled_total"), precision=2),
        over_the_note=_Cents(F("total") - F("open_before") + F("settled_total"), precision=2),
        agreed_day=Coalesce("next_due_date", "due_date"),
        issued_at=Coalesce("issue_date", "created_at"),
    )


def _refund_due() -> Q:
    """As `settling.business`: all of the money of a document without effect, what exceeds the debt, a note's excess."""
    of_invoice = (_NO_EFFECT & Q(settled_total__gt=0)) | (~_NO_EFFECT & Q(open_amount__lt=0))
    in_full = Q(open_before__lte=0, total__gt=-F("settled_total"))
    in_part = Q(open_before__gt=0, over_the_note__gt=0)
    of_note = ~_NO_EFFECT & Q(legal_status=LegalStatus.DGI_AUTHORIZED) & (in_full | in_part)
    return (Q(kind=Kind.INVOICE) & of_invoice) | (Q(kind=Kind.CREDIT) & of_note)


def _overdue(day: date) -> Q:
    """Due before `day`: on the agreed day or, without one, when the tenant's days of grace are over."""
    midnight = datetime.combine(day, time.min, tzinfo=PANAMA)
    late = Q(agreed_day__lt=day)
    for days in Tenant.objects.order_by().values_list("grace_days", flat=True).distinct():
        grace = Q(tenant__grace_days=days, issued_at__lt=midnight - timedelta(days=days))
        late |= Q(agreed_day=None) & grace
    return late


def _word(overdue: Q) -> Case:
    """Domain 3, in its order: the first condition that holds."""
    is_credit = Q(kind=Kind.CREDIT)
    return Case(
        When(void_status=VoidStatus.VOIDED, then=Value(BusinessStatus.VOID)),
        When(submission=Submission.DISCARDED, then=Value(BusinessStatus.CANCELED)),
        When(is_credit & Q(legal_status=LegalStatus.DGI_AUTHORIZED), then=Value(BusinessStatus.APPLIED)),
        When(is_credit, then=Value(BusinessStatus.UNAPPLIED)),
        When(legal_status__in=REJECTED_LEGAL, then=Value(BusinessStatus.UNPAID)),
        When(credited_total__gt=0, credited_total=F("total"), then=Value(BusinessStatus.CANCELED)),
        When(Q(credited_total__gt=0) & ~Q(open_amount=0), then=Value(BusinessStatus.PARTIALLY_CANCELED)),
        When(open_amount__lt=0, then=Value(BusinessStatus.OVERPAID)),
        When(open_amount=0, then=Value(BusinessStatus.PAID)),
        When(overdue, then=Value(BusinessStatus.PAST_DUE)),
        When(settled_total__gt=0, then=Value(BusinessStatus.PARTIALLY_PAID)),
        default=Value(BusinessStatus.UNPAID),
        output_field=CharField(),
    )
