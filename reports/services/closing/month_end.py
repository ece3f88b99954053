"""What goes by the calendar: the draft of every company's reconciliation, and the mail to finance when a month is closed.

The draft is made on the first working day of the month, Monday to Friday, and after it where no worker ran on that day.
"""

import logging
import smtplib
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from cifras.core.masking import mask, one_line
from cifras.fiscal.lifecycle import LegalStatus
from cifras.fiscal.zones import local_date, written
from invoicing.models.choices import Kind
from reports.models import FrozenFigure, MonthClosing, Reconciliation
from reports.services.closing.gates import has_figures_to_compare
from reports.services.facts import last_month, start_of
from reports.services.queries import bucket
from reports.services.reconciling import running
from tenants.models import Tenant

logger = logging.getLogger(__name__)

_TRY_AGAIN = timedelta(minutes=30)
_GIVEN_UP_AFTER = timedelta(days=2)
_LANGUAGE = "es-pa"
_SATURDAY = 5
# Before the message itself was handed over: nothing has left, so it may be tried again.
_NOT_LEFT = (
    ConnectionRefusedError,
    smtplib.SMTPConnectError,
    smtplib.SMTPHeloError,
    smtplib.SMTPAuthenticationError,
    smtplib.SMTPNotSupportedError,
)


def draft_month(now: datetime | None = None) -> int:
    """Ask once for the reconciliation of last month, for every active company; answers for how many. A sweep."""
    now = now or timezone.now()
    today = local_date(now)
    this_month = today.replace(day=1)
    if today < first_working_day(this_month):
        return 0
    month, since = last_month(now), start_of(this_month)
    asked = Reconciliation.objects.filter(tenant=OuterRef("pk"), month=month, asked_at__gte=since)
    tenants = Tenant.objects.filter(
        ~Exists(asked), state=Tenant.State.ACTIVE, pac_company_id__isnull=False, created_at__lt=since
    )
    wanted = [tenant for tenant in tenants if has_figures_to_compare(tenant)]
    return running.request_month(wanted, month, actor=None) if wanted else 0


def first_working_day(month: date) -> date:
    """The first day of the month that is neither a Saturday nor a Sunday; holidays are not known."""
    day = month
    while day.weekday() >= _SATURDAY:
        day += timedelta(days=1)
    return day


def mail_closings() -> int:
    """Tell finance of the months that were closed; answers how many mails left. A sweep.

    A mail goes out at most once: it is taken off the queue before it is handed over, and what broke off after that stays
    unsent, with its error, on the month's page.
    """
    now = timezone.now()
    due = MonthClosing.objects.filter(mail_due_at__lte=now).select_related(
        "tenant", "proposed_by", "closed_by"
    )
    return sum(_mail(closing) for closing in list(due.order_by("mail_due_at")[:50]))


def _mail(closing: MonthClosing) -> int:
    taken = MonthClosing.objects.filter(pk=closing.pk, mail_due_at=closing.mail_due_at)
    if not settings.CIFRAS_FINANCE_EMAILS or not taken.update(mail_due_at=None):
        return 0
    try:
        _message(closing).send()
    except _NOT_LEFT as error:
        return _not_sent(closing, error, is_repeated=True)
    except (OSError, smtplib.SMTPException) as error:
        return _not_sent(closing, error, is_repeated=False)
    MonthClosing.objects.filter(pk=closing.pk).update(mailed_at=timezone.now(), mail_error="")
    return 1


def _not_sent(closing: MonthClosing, error: Exception, *, is_repeated: bool) -> int:
    """Keep why; what certainly did not leave is tried again for two days."""
    now = timezone.now()
    is_over = closing.closed_at is None or closing.closed_at < now - _GIVEN_UP_AFTER
    again = now + _TRY_AGAIN if is_repeated and not is_over else None
    words = one_line(mask(f"{type(error).__name__}: {error}"))[:300]
    MonthClosing.objects.filter(pk=closing.pk).update(mail_due_at=again, mail_error=words)
    logger.warning("The mail about closing %s did not leave: %s", closing.uid, type(error).__name__)
    return 0


def _message(closing: MonthClosing) -> EmailMessage:
    with override(_LANGUAGE):
        subject = _("Mes cerrado: {tenant}, {month}").format(
            tenant=closing.tenant, month=f"{closing.month:%m/%Y}"
        )
        if not closing.tenant.is_live:
            subject = f"[{_('Pruebas')}] {subject}"
        return EmailMessage(
            subject=one_line(subject),
            body="\n".join(_lines(closing)),
            from_email=settings.DEFAULT_FROM_EMAIL,
            to=settings.CIFRAS_FINANCE_EMAILS,
            headers={"Message-ID": f"<{closing.uid}@cifras>", "Auto-Submitted": "auto-generated"},
        )


def _lines(closing: MonthClosing) -> Iterable[str]:
    yield _("{tenant} (RUC {ruc}): se cerró el mes {month}, cierre {number}.").format(
        tenant=closing.tenant, ruc=closing.tenant.ruc, month=f"{closing.month:%m/%Y}", number=closing.number
    )
    yield _("Propuso {first}, aprobó {second}, {at}.").format(
        first=closing.proposed_by,
        second=closing.closed_by,
        at=written(closing.closed_at) if closing.closed_at else "—",
    )
    yield ""
    figures = FrozenFigure.objects.filter(closing=closing, legal_status=LegalStatus.DGI_AUTHORIZED)
    sums: dict[tuple[str, str, bool], tuple[int, Decimal]] = {}
    for figure in figures:
        key = (bucket(figure.currency, closing.tenant.country), figure.kind, figure.is_voided)
        count, total = sums.get(key, (0, Decimal(0)))
        sums[key] = count + figure.count, total + figure.total
    for (currency, kind, is_voided), (count, total) in sorted(sums.items()):
        word = f"{Kind(kind).label}, {_('anuladas')}" if is_voided else f"{Kind(kind).label}"
        yield f"{currency} · {word}: {count} · {total:,.2f}"
    if not sums:
        yield _("Sin documentos autorizados.")
