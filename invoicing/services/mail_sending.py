"""Sending the mails that are due, by the provider or by our own server.

Claimed by a compare-and-set update, sent outside any transaction, the outcome written in a second one. What certainly did not
leave is tried again for a day. An attempt whose outcome nobody knows (a time-out, a killed worker) is repeated a few times:
two mails do less harm than none. Then it stays unconfirmed, to be seen by a person.
"""

import logging
import smtplib
import socket
import ssl
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from cifras.core.context import act_context
from cifras.core.masking import mask, one_line
from cifras.fiscal.document import Kind
from cifras.fiscal.errors import RuleBroken
from cifras.pac.errors import Busy, NotDelivered, Outcome, PacError
from cifras.pac.errors import Incident as RefusedAccount
from invoicing.models import DocumentMail, Incident
from invoicing.services import incidents, mailing, timeline
from invoicing.services.leases import lease, queue_wait
from invoicing.services.mail_writing import write
from tenants.services.accounts import provider_for

logger = logging.getLogger(__name__)

Channel = DocumentMail.Channel
Purpose = DocumentMail.Purpose
State = DocumentMail.State

_GIVEN_UP_AFTER = timedelta(days=1)
_UNCONFIRMED_TRIES = 3
_HELD = timedelta(minutes=5)
_ERROR_LENGTH = 500
# Before the message itself was handed over: nothing has left.
_NOT_LEFT = (
    ConnectionRefusedError,
    socket.gaierror,
    ssl.SSLCertVerificationError,
    smtplib.SMTPConnectError,
    smtplib.SMTPHeloError,
    smtplib.SMTPAuthenticationError,
    smtplib.SMTPNotSupportedError,
)


def send_due(*, limit: int = 50) -> int:
    """Send the mails whose turn has come; answers how many were tried."""
    recover_lost()
    due = sendable(timezone.now()).filter(due_at__lte=timezone.now())
    tried = 0
    for mail in due.select_related("tenant", "document__tenant", "document__office")[:limit]:
        if _claim(mail):
            tried += 1
            _send(mail)
    return tried


def sendable(now: datetime) -> QuerySet[DocumentMail]:
    """What waits for nothing but its time: the PDF is here, the account in order, the provider not left alone."""
    held = Q(channel=Channel.OWN, purpose=Purpose.DOCUMENT, document__has_pdf=False, document__void_status="")
    refused = Incident.objects.filter(tenant=OuterRef("tenant"), released_at=None)
    held |= Q(channel=Channel.PAC) & Q(Exists(refused))
    for provider, environment in incidents.open_circuits(now):
        held |= Q(channel=Channel.PAC, document__provider=provider, document__environment=environment)
    waiting = DocumentMail.objects.filter(state__in=[State.QUEUED, State.UNKNOWN], due_at__isnull=False)
    return waiting.exclude(held).order_by("due_at", "pk")


def recover_lost() -> int:
    """Mails whose worker was killed: nobody knows whether they left. They become UNKNOWN and are due again."""
    now = timezone.now()
    lost = DocumentMail.objects.filter(state=State.SENDING, leased_until__lt=now).select_related(
        "document__tenant"
    )
    recovered = 0
    for mail in lost:
        recovered += _become_unknown(mail, "lease expired", timedelta(0))
    return recovered


def _claim(mail: DocumentMail) -> bool:
    free = DocumentMail.objects.filter(pk=mail.pk, state=mail.state, due_at=mail.due_at)
    claimed = free.update(
        state=State.SENDING, due_at=None, leased_until=timezone.now() + lease(), attempts=F("attempts") + 1
    )
    if claimed:
        mail.refresh_from_db(fields=["state", "due_at", "leased_until", "attempts"])
        mail.document.refresh_from_db()
    return bool(claimed)


def _send(mail: DocumentMail) -> None:
    with act_context():
        try:
            _require_still_right(mail)
            exchange_id = _by_provider(mail) if mail.channel == Channel.PAC else _by_ourselves(mail)
        except RuleBroken as refusal:
            _failed(mail, refusal.message)
        except PacError as error:
            _settle_failure(mail, error)
        except (OSError, smtplib.SMTPException) as error:
            _settle_own_failure(mail, error)
        except Exception as error:
            # One mail that cannot be written must not stop those behind it.
            logger.exception("Mail %s failed", mail.uid)
            _failed(mail, type(error).__name__)
        else:
            _sent(mail, exchange_id)


def _require_still_right(mail: DocumentMail) -> None:
    """Between the wish and its turn the document may have been voided."""
    if mail.purpose == Purpose.DOCUMENT:
        mailing.require_mailable(mail.document)
    else:
        mailing.require_invalid(mail.document)


def _by_provider(mail: DocumentMail) -> str:
    document = mail.document
    provider = provider_for(document.tenant, document_uid=document.uid)
    answer = provider.send_email(
        Kind(document.kind),
        document.pac_company_id,
        document.document_id,
        address=mail.address,
        message=mail.message,
    )
    incidents.note_success(document)
    return answer.exchange_id


def _by_ourselves(mail: DocumentMail) -> str:
    write(mail).send()
    return ""


def _settle_failure(mail: DocumentMail, error: PacError) -> None:
    logger.warning("Mail %s did not leave: %s (%s)", mail.uid, error.code, error.outcome)
    said = str(error)
    if error.outcome is Outcome.UNKNOWN:
        incidents.note_failure(mail.document)
        _become_unknown(mail, said, queue_wait(mail.attempts), error.exchange_id)
    elif isinstance(error, RefusedAccount):
        incidents.open_incident(mail.tenant, error)
        _again(mail, said, _HELD, error.exchange_id)
    elif isinstance(error, Busy | NotDelivered):
        asked = error.retry_after
        wait = queue_wait(mail.attempts) if asked is None else timedelta(seconds=asked)
        _again(mail, said, wait, error.exchange_id)
    else:
        _failed(mail, said, error.exchange_id)


def _settle_own_failure(mail: DocumentMail, error: Exception) -> None:
    logger.warning("Our own mail %s did not leave: %s", mail.uid, type(error).__name__)
    said = f"{type(error).__name__}: {error}"
    if isinstance(error, smtplib.SMTPRecipientsRefused | smtplib.SMTPSenderRefused):
        _failed(mail, said)
    elif isinstance(error, _NOT_LEFT):
        _again(mail, said, queue_wait(mail.attempts))
    elif isinstance(error, smtplib.SMTPResponseException):
        permanent = error.smtp_code >= 500
        _failed(mail, said) if permanent else _again(mail, said, queue_wait(mail.attempts))
    else:
        _become_unknown(mail, said, queue_wait(mail.attempts))


def _sent(mail: DocumentMail, exchange_id: str) -> None:
    now = timezone.now()
    code = "notice_sent" if mail.purpose == Purpose.NOTICE else "mail_sent"
    _move(mail, code, exchange_id, state=State.SENT, sent_at=now, error="")


def _again(mail: DocumentMail, said: str, wait: timedelta, exchange_id: str = "") -> None:
    """Nothing left: back to the queue, for a day."""
    now = timezone.now()
    if now - mail.created_at >= _GIVEN_UP_AFTER:
        _failed(mail, said, exchange_id)
    else:
        _move(mail, "", exchange_id, state=State.QUEUED, due_at=now + wait, error=_clean(said))


def _failed(mail: DocumentMail, said: str, exchange_id: str = "") -> None:
    _move(mail, "mail_failed", exchange_id, state=State.FAILED, error=_clean(said))


def _become_unknown(mail: DocumentMail, said: str, wait: timedelta, exchange_id: str = "") -> bool:
    due_at = timezone.now() + wait if mail.attempts < _UNCONFIRMED_TRIES else None
    return _move(mail, "mail_unknown", exchange_id, state=State.UNKNOWN, due_at=due_at, error=_clean(said))


def _move(mail: DocumentMail, code: str, exchange_id: str, **changes: object) -> bool:
    """Write the outcome, unless another worker took the lapsed lease over; tell the timeline if there is a `code` for it."""
    with transaction.atomic():
        mine = DocumentMail.objects.filter(pk=mail.pk, state=State.SENDING, leased_until=mail.leased_until)
        values = {"leased_until": None, **changes}
        if exchange_id:
            values["exchange_id"] = exchange_id
        if not mine.update(**values):
            return False
        if code:
            detail = {
                "mail": mail.uid,
                "address": mail.address,
                "channel": mail.channel,
                "message": changes.get("error", ""),
            }
            timeline.note(mail.document, code, detail=detail, exchange_id=exchange_id)
    return True


def _clean(said: str) -> str:
    """What a server said, without what looks like a secret, on one line and not endless."""
    return one_line(mask(said))[:_ERROR_LENGTH]
