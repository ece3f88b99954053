"""Asking for a mail about a document: by the provider, or our own with the PDF. The rows are the queue; `mail_sending` sends.

Nothing is mailed but what the DGI has authorised and nobody has voided. A mail goes out at least once: where the outcome of
an attempt is unknown it is repeated a few times, so a receiver may get it twice. Source: domain 8, leaders 52.
"""

import uuid

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from cifras.core import audit, wake
from cifras.core.models import Staff
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.fiscal.lifecycle import REJECTED_LEGAL, VOID_IN_COURSE, LegalStatus, Submission, VoidStatus
from cifras.fiscal.panama.receiver import MOST_CONTACTS
from cifras.pac.contract import Capability
from invoicing.models import Document, DocumentMail, Receiver
from invoicing.services import timeline
from invoicing.services.finding import get_document
from invoicing.services.mail_words import (
    addresses_of,
    clean_address,
    clean_message,
    is_address,
    split_addresses,
)
from tenants.services.accounts import provider_spec

Channel = DocumentMail.Channel
Purpose = DocumentMail.Purpose
State = DocumentMail.State

_NO_MAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"


def resend_document_email(
    document_id: uuid.UUID | str,
    *,
    actor: Staff | None,
    address: str = "",
    message: str = "",
    save_to_receiver: bool = False,
    channel: str = "",
    uid: uuid.UUID | None = None,
) -> DocumentMail:
    """Queue a mail with the document to `address` (empty: the receiver's first); the same one still waiting is answered.

    `channel` PAC or OWN; empty: the provider's where it can, else our own. `save_to_receiver` keeps the address with the
    registered receiver. `uid`: drawn by whoever asks; the mail that has it already is answered. Raises RuleBroken when the
    document may not be mailed, or address or message is none.
    """
    document = get_document(document_id, actor=actor)
    require_mailable(document)
    channel = channel or channels_of(document)[0]
    if channel not in channels_of(document):
        raise _no_channel()
    clean = clean_address(address or next(iter(addresses_of(document)), ""))
    with transaction.atomic():
        if save_to_receiver:
            _save_to_receiver(document, clean, actor)
        return _queue(document, Purpose.DOCUMENT, channel, clean, clean_message(message), actor, uid)


def queue_for_receiver(document: Document) -> None:
    """Our own mail, once per document, where the tenant wants it; called in the transaction of the DGI's word.

    Whoever issued a document at the provider has handed it over there.
    """
    tenant = document.tenant
    if (
        document.is_mirrored
        or not tenant.mails_receivers
        or not provider_spec(document.provider).can(Capability.PDF)
    ):
        return
    addresses = [address for address in addresses_of(document) if is_address(address)]
    if not addresses:
        timeline.note(document, "mail_without_address")
        return
    mail, made = DocumentMail.objects.get_or_create(
        document=document,
        is_automatic=True,
        defaults={
            "tenant": tenant,
            "purpose": Purpose.DOCUMENT,
            "channel": Channel.OWN,
            "address": ", ".join(addresses),
            "due_at": timezone.now(),
        },
    )
    if made:
        timeline.note(document, "mail_queued", detail={"address": mail.address, "channel": mail.channel})
        wake("invoicing.mail")


def send_notice(
    document_id: uuid.UUID | str,
    *,
    actor: Staff | None,
    addresses: str = "",
    message: str = "",
    uid: uuid.UUID | None = None,
) -> DocumentMail:
    """Queue our own mail that tells the receiver that the document they hold has no validity (void or rejected).

    `addresses`: separated by commas or blanks; empty: wherever the document was sent. `uid` as above. Raises RuleBroken.
    """
    document = get_document(document_id, actor=actor)
    require_invalid(document)
    if not sends_own_mail():
        raise _no_channel()
    given = split_addresses(addresses) or delivered_to(document)
    clean = ", ".join(dict.fromkeys(clean_address(each) for each in given or [""]))
    with transaction.atomic():
        return _queue(document, Purpose.NOTICE, Channel.OWN, clean, clean_message(message), actor, uid)


def settle_notice(document_id: uuid.UUID | str, *, actor: Staff | None, reason: str) -> DocumentMail:
    """Record that the receiver was told by other means: how and by whom. Raises RuleBroken."""
    document = get_document(document_id, actor=actor)
    require_invalid(document)
    how = clean_message(reason)
    if not how:
        raise RuleBroken(
            "notice_without_reason", gettext_noop("Escriba cómo y cuándo se avisó al receptor."), "message"
        )
    with transaction.atomic():
        mail = DocumentMail.objects.create(
            tenant=document.tenant,
            document=document,
            purpose=Purpose.NOTICE,
            channel=Channel.OTHER,
            message=how,
            state=State.SENT,
            sent_at=timezone.now(),
            requested_by=actor.uid if actor else None,
            requested_name=actor.username if actor else "",
        )
        _tell(document, "notice_elsewhere", mail, actor)
    return mail


def retry_mail(mail: DocumentMail, *, actor: Staff | None) -> DocumentMail:
    """Put a mail that failed or stayed unconfirmed back into the queue. Raises RuleBroken when it makes no sense any more."""
    if mail.purpose == Purpose.DOCUMENT:
        require_mailable(mail.document)
    else:
        require_invalid(mail.document)
    with transaction.atomic():
        again = DocumentMail.objects.filter(pk=mail.pk, state__in=[State.FAILED, State.UNKNOWN])
        if again.update(state=State.QUEUED, attempts=0, due_at=timezone.now(), error=""):
            _tell(mail.document, "mail_retried", mail, actor)
            wake("invoicing.mail")
    mail.refresh_from_db()
    return mail


def require_mailable(document: Document) -> None:
    """Raises RuleBroken, with the reason, when the document may not be mailed."""
    if document.void_status == VoidStatus.VOIDED:
        raise RuleBroken(
            "mail_of_void_document",
            gettext_noop("El documento está anulado: no se envía. Si el receptor lo tiene, avísele."),
            "document",
        )
    if document.void_status in VOID_IN_COURSE:
        raise RuleBroken(
            "mail_while_voiding",
            gettext_noop("Hay una anulación en curso: espere a saber si el documento sigue vigente."),
            "document",
        )
    if document.legal_status != LegalStatus.DGI_AUTHORIZED:
        raise RuleBroken(
            "mail_before_authorised",
            gettext_noop("Solo se envía por correo lo que la DGI autorizó; este documento aún no lo está."),
            "document",
        )
    if document.submission != Submission.ACCEPTED or not document.document_id:
        raise RuleBroken(
            "mail_of_foreign_document",
            gettext_noop("El documento no se emitió por el PAC de la empresa: no hay qué enviar."),
            "document",
        )
    if not channels_of(document):
        raise _no_channel()


def require_invalid(document: Document) -> None:
    """Raises RuleBroken unless the document is void or rejected."""
    if not is_invalid(document):
        raise RuleBroken(
            "notice_of_valid_document",
            gettext_noop("El documento no está anulado ni rechazado: no hay de qué avisar."),
            "document",
        )


def is_invalid(document: Document) -> bool:
    """Whether a receiver who holds it holds paper."""
    return document.void_status == VoidStatus.VOIDED or document.legal_status in REJECTED_LEGAL


def channels_of(document: Document) -> list[str]:
    """By which ways it can be mailed, the usual one first."""
    found: list[str] = []
    if provider_spec(document.provider).can(Capability.EMAIL):
        found.append(Channel.PAC)
    if sends_own_mail() and provider_spec(document.provider).can(Capability.PDF):
        found.append(Channel.OWN)
    return found


def sends_own_mail() -> bool:
    """Whether an outgoing mail server is configured (setting EMAIL_URL)."""
    return bool(settings.EMAIL_BACKEND != _NO_MAIL_BACKEND)


def delivered_to(document: Document) -> list[str]:
    """Everybody who was sent the document, or may have been."""
    sent = DocumentMail.objects.filter(
        document=document, purpose=Purpose.DOCUMENT, state__in=[State.SENT, State.UNKNOWN]
    )
    return split_addresses(", ".join(sent.order_by("pk").values_list("address", flat=True)))


def _queue(
    document: Document,
    purpose: str,
    channel: str,
    address: str,
    message: str,
    actor: Staff | None,
    uid: uuid.UUID | None,
) -> DocumentMail:
    of_document = DocumentMail.objects.filter(document=document, purpose=purpose)
    waiting = Q(channel=channel, address=address, state__in=[State.QUEUED, State.SENDING])
    known = of_document.filter(waiting | Q(uid=uid) if uid else waiting)
    if mail := known.first():
        return mail
    try:
        with transaction.atomic():
            mail = DocumentMail.objects.create(
                uid=uid or uuid.uuid4(),
                tenant=document.tenant,
                document=document,
                purpose=purpose,
                channel=channel,
                address=address,
                message=message,
                due_at=timezone.now(),
                requested_by=actor.uid if actor else None,
                requested_name=actor.username if actor else "",
            )
    except IntegrityError:
        # Somebody asked for the very same just now; else the id is another document's, and is not taken over.
        return known.first() or _queue(document, purpose, channel, address, message, actor, None)
    _tell(document, "notice_queued" if purpose == Purpose.NOTICE else "mail_queued", mail, actor)
    wake("invoicing.mail")
    return mail


def _tell(document: Document, code: str, mail: DocumentMail, actor: Staff | None) -> None:
    detail = {"mail": mail.uid, "address": mail.address, "channel": mail.channel}
    if mail.channel == Channel.OTHER:
        detail |= {"reason": mail.message}
    timeline.note(document, code, actor=actor, detail=detail)
    audit.record(
        f"document.{code}",
        actor=actor,
        tenant_uid=document.tenant.uid,
        target=document,
        after=detail,
        reason=mail.message,
    )


def _save_to_receiver(document: Document, address: str, actor: Staff | None) -> None:
    """Keep the address with the registered receiver. Raises RuleBroken where there is none, or no room."""
    receiver = None
    if document.receiver_id is not None:
        receiver = Receiver.objects.select_for_update().filter(pk=document.receiver_id).first()
    if receiver is None:
        raise RuleBroken(
            "receiver_not_registered",
            gettext_noop("El receptor de este documento no está registrado: no hay dónde guardar el correo."),
            "save_to_receiver",
        )
    before = list(receiver.emails)
    if address in before:
        return
    if len(before) >= MOST_CONTACTS:
        raise RuleBroken(
            "receiver_emails_full",
            gettext_noop(
                "El receptor ya tiene {limit} correos, que es lo que admite la DGI: quite uno antes."
            ),
            "save_to_receiver",
            limit=MOST_CONTACTS,
        )
    after = [*before, address]
    Receiver.objects.filter(pk=receiver.pk).update(emails=after)
    audit.record(
        "receiver.email_saved",
        actor=actor,
        tenant_uid=document.tenant.uid,
        target=receiver,
        before={"emails": before},
        after={"emails": after},
    )


def _no_channel() -> RuleBroken:
    return RuleBroken(
        "mail_no_channel",
        gettext_noop(
            "No hay por dónde enviarlo: el PAC no ofrece correo, o falta el servidor de correo en la configuración."
        ),
        "channel",
    )
