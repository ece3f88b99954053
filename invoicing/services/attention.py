"""Which documents need somebody: the conditions behind the home page's figures and the lists they lead to, said once.

Each reads a small index where the database has one: what is on its way, not what was ever issued.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, time, timedelta

from django.db.models import Q

from cifras.fiscal.lifecycle import REJECTED_LEGAL, LegalStatus, Submission, VoidStatus
from cifras.fiscal.zones import PANAMA, local_date

PDF_AFTER = timedelta(minutes=10)
DGI_AFTER = timedelta(minutes=5)

Condition = Callable[[datetime], Q]


# Sent, and nobody knows what became of it.
UNCONFIRMED = Q(submission=Submission.UNKNOWN)
# The provider holds another document under the number, or says the contrary of what is known: a person decides.
CONFLICTING = ~Q(flag="") | ~Q(legal_conflict="")
# A void was asked for, and nobody knows whether it was done.
VOID_IN_DOUBT = Q(void_status=VoidStatus.UNKNOWN)


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


QUEUES: Mapping[str, Condition] = {
    "unconfirmed": lambda _now: UNCONFIRMED,
    "conflicting": lambda _now: CONFLICTING,
    "void_in_doubt": lambda _now: VOID_IN_DOUBT,
    "rejected_today": rejected_today,
    "without_pdf": without_pdf,
    "waiting_for_dgi": waiting_for_dgi,
}


def first_problem(code: str) -> Q:
    """Those whose first complaint has this code; an empty code stands for one without code, or no complaint."""
    return Q(problems__0__code=code) if code else Q(problems=[]) | Q(problems__0__code="")
