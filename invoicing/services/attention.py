"""Which documents need somebody: the conditions behind the home page's figures and the lists they lead to, said once.

Each reads a small index where the database has one: what is on its way, not what was ever issued.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, time, timedelta

from django.db.models import Exists, OuterRef, Q

from cifras.fiscal.lifecycle import (
    REJECTED_LEGAL,
    TERMINAL_LEGAL,
    VOID_IN_COURSE,
    LegalStatus,
    Submission,
    VoidStatus,
)
from cifras.fiscal.zones import PANAMA, local_date
from invoicing.models import DocumentMail

PDF_AFTER = timedelta(minutes=10)
DGI_AFTER = timedelta(minutes=5)
STUCK_AFTER = timedelta(hours=24)
SEND_BY_WITHIN = timedelta(hours=24)

Condition = Callable[[datetime], Q]


# Sent, and nobody knows what became of it.
UNCONFIRMED = Q(submission=Submission.UNKNOWN)
# The provider holds another document under the number, or says the contrary of what is known: a person decides.
CONFLICTING = ~Q(flag="") | ~Q(legal_conflict="")
# A void was asked for, and nobody knows whether it was done.
VOID_IN_DOUBT = Q(void_status=VoidStatus.UNKNOWN)
# A void was asked for, and its outcome is still open.
VOID_OPEN = Q(void_status__in=VOID_IN_COURSE)
# On its way, to be mended, or without a terminal word of the authority; what is unconfirmed is counted apart.
WITHOUT_LAST_WORD = Q(submission__in=[Submission.QUEUED, Submission.SENDING, Submission.RETURNED]) | (
    Q(submission=Submission.ACCEPTED) & ~Q(legal_status__in=TERMINAL_LEGAL)
)


def rejected_today(now: datetime) -> Q:
    """Rejected, with the last news of today in Panama, and not mended yet."""
    midnight = datetime.combine(local_date(now), time.min, tzinfo=PANAMA)
    heard_today = (
        Q(updated_at__gte=midnight) | Q(accepted_at__gte=midnight) | Q(last_attempt_at__gte=midnight)
    )
    return heard_today & Q(
        legal_status__in=REJECTED_LEGAL,
        submission__in=[Submission.REFUSED, Submission.ACCEPTED],
        is_superseded=False,
        is_mirrored=False,  # mended where it was issued
    )


def without_pdf(now: datetime) -> Q:
    """Authorised ten minutes ago and still looked at because its PDF has not come."""
    return Q(
        due_at__isnull=False,
        submission=Submission.ACCEPTED,
        legal_status=LegalStatus.DGI_AUTHORIZED,
        has_pdf=False,
        authorized_at__lt=now - PDF_AFTER,
    )


def waiting_for_dgi(now: datetime) -> Q:
    """Authorised by the provider, and the DGI silent for five minutes."""
    return Q(legal_status=LegalStatus.PAC_AUTHORIZED, accepted_at__lt=now - DGI_AFTER)


def stuck(now: datetime) -> Q:
    """Received by the provider a day ago and still without a last word: it is asked on, but somebody should know."""
    return Q(submission=Submission.ACCEPTED, accepted_at__lt=now - STUCK_AFTER) & ~Q(
        legal_status__in=TERMINAL_LEGAL
    )


def still_voidable(now: datetime) -> Q:
    """In force, and its void window still open."""
    return Q(
        legal_status=LegalStatus.DGI_AUTHORIZED,
        void_status__in=[VoidStatus.NONE, VoidStatus.REFUSED],
        void_deadline__gte=now,
    )


def send_by_closing(now: datetime) -> Q:
    """Not certainly received, and a day is left at most until the law no longer lets it be sent; or it has passed."""
    return Q(
        submission__in=[Submission.QUEUED, Submission.SENDING, Submission.UNKNOWN],
        send_by__lt=now + SEND_BY_WITHIN,
    )


def invalid_in_hand(_now: datetime) -> Q:
    """Mailed to its receiver, void or rejected since, and nobody has told them."""
    mails = DocumentMail.objects.filter(document=OuterRef("pk"))
    delivered = mails.filter(
        purpose=DocumentMail.Purpose.DOCUMENT,
        state__in=[DocumentMail.State.SENT, DocumentMail.State.UNKNOWN],
    )
    told = mails.filter(purpose=DocumentMail.Purpose.NOTICE, state=DocumentMail.State.SENT)
    is_invalid = Q(void_status=VoidStatus.VOIDED) | Q(legal_status__in=REJECTED_LEGAL)
    return is_invalid & Q(Exists(delivered)) & ~Q(Exists(told))


def mail_troubled(_now: datetime) -> Q:
    """A mail of it did not leave, or nobody knows, and none went out since."""
    later = DocumentMail.objects.filter(
        document=OuterRef("document"),
        purpose=OuterRef("purpose"),
        state=DocumentMail.State.SENT,
        pk__gt=OuterRef("pk"),
    )
    troubled = DocumentMail.objects.filter(
        ~Exists(later), state__in=[DocumentMail.State.FAILED, DocumentMail.State.UNKNOWN]
    )
    return Q(pk__in=troubled.values("document"))


QUEUES: Mapping[str, Condition] = {
    "unconfirmed": lambda _now: UNCONFIRMED,
    "conflicting": lambda _now: CONFLICTING,
    "void_in_doubt": lambda _now: VOID_IN_DOUBT,
    "void_in_course": lambda _now: VOID_OPEN,
    "without_last_word": lambda _now: WITHOUT_LAST_WORD,
    "still_voidable": still_voidable,
    "rejected_today": rejected_today,
    "without_pdf": without_pdf,
    "waiting_for_dgi": waiting_for_dgi,
    "stuck": stuck,
    "send_by_closing": send_by_closing,
    "invalid_in_hand": invalid_in_hand,
    "mail_troubled": mail_troubled,
}


def first_problem(code: str, field: str = "") -> Q:
    """Those whose first complaint has this code and names this member; empty stands for one without, or no complaint."""
    with_code = Q(problems__0__code=code) if code else Q(problems=[]) | Q(problems__0__code="")
    with_field = Q(problems__0__field=field) if field else Q(problems=[]) | Q(problems__0__field="")
    return with_code & with_field
