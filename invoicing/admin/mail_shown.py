"""What a document's page says of its mails: the last one, what happens next, and what somebody should know."""

from collections.abc import Mapping
from typing import Any

from django.db.models import prefetch_related_objects
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from cifras.core.admin.badges import AMBER, BLUE, GREEN, RED, Badge
from cifras.core.rights import may
from cifras.core.wording import sentence
from cifras.fiscal.lifecycle import Submission
from invoicing.admin.deeds import POSTS, Deed, refusal_of
from invoicing.admin.document_page import Notice
from invoicing.admin.figures import as_received, moment
from invoicing.models import Document, DocumentMail
from invoicing.services import mailing, requesting

MAIL = "invoicing.add_documentmail"
State = DocumentMail.State
_STATES: Mapping[str, tuple[str, str]] = {
    State.QUEUED: ("schedule_send", BLUE),
    State.SENDING: ("sync", BLUE),
    State.SENT: ("mark_email_read", GREEN),
    State.FAILED: ("unsubscribe", RED),
    State.UNKNOWN: ("help", AMBER),
}


def mails_of(document: Document) -> list[DocumentMail]:
    """Its mails, newest first, read once however often they are asked for; none for what never left."""
    if document.submission != Submission.ACCEPTED:
        return []
    prefetch_related_objects([document], "mails")
    return list(document.mails.all())


def state_badge(mail: DocumentMail) -> Badge:
    """What became of it."""
    icon, tone = _STATES[mail.state]
    return Badge(mail.get_state_display(), icon, tone, as_received(mail.error, 300))


def in_words(mail: DocumentMail) -> str:
    """A mail in one line: to whom, by which way, when, and what became of it."""
    return _("{state} {channel}, {address}, {when}").format(
        state=mail.get_state_display(),
        channel=mail.get_channel_display(),
        address=as_received(mail.address, 200) or "—",
        when=moment(mail.sent_at or mail.created_at),
    )


def rows_of(mails: list[DocumentMail], staff: Any) -> list[dict[str, Any]]:
    """The mails as the tab of files shows them."""
    links = may(staff, "invoicing.view_documentmail")
    return [
        {
            "row": mail,
            "badge": state_badge(mail),
            "to": as_received(mail.address, 400),
            "at": moment(mail.sent_at or mail.created_at),
            "error": as_received(mail.error, 500),
            "address": reverse("admin:invoicing_documentmail_change", args=[mail.uid]) if links else "",
        }
        for mail in mails
    ]


def next_step(mails: list[DocumentMail]) -> str:
    """What happens by itself with the newest mail; empty when nothing does."""
    mail = mails[0] if mails else None
    if mail is None or mail.state in {State.SENT, State.FAILED}:
        return ""
    if mail.state == State.UNKNOWN:
        if mail.due_at is None:
            return ""
        return _("No se sabe si el correo salió: se repite a las {time}.").format(time=_clock(mail))
    if mail.due_at and mail.due_at > timezone.now():
        return _("El correo se intenta de nuevo a las {time}.").format(time=_clock(mail))
    return _("El correo sale en seguida.")


def notices_of(document: Document, mails: list[DocumentMail]) -> list[Notice]:
    """That the receiver holds paper, and that the last mail did not leave."""
    found = []
    if receivers := uninformed(document, mails):
        text = _(
            "Se envió a {addresses} y después perdió su validez. Avise al receptor, o deje constancia de que ya lo sabe."
        )
        title = _("El receptor tiene un documento sin validez")
        found.append(
            Notice(RED, "mark_email_unread", title, text.format(addresses=as_received(receivers, 400)))
        )
    last = mails[0] if mails else None
    if last and last.state == State.FAILED:
        text = _("A {address}: {error}").format(
            address=as_received(last.address, 200), error=as_received(last.error, 500)
        )
        found.append(Notice(AMBER, "unsubscribe", _("El último correo no salió"), text))
    elif last and last.state == State.UNKNOWN and last.due_at is None:
        text = _("A {address}: puede haberle llegado más de una vez, o ninguna. Confírmelo con el receptor.")
        found.append(
            Notice(
                AMBER, "help", _("Correo sin confirmar"), text.format(address=as_received(last.address, 200))
            )
        )
    return found


def uninformed(document: Document, mails: list[DocumentMail]) -> str:
    """Who was sent a document that is void or rejected, as long as nobody has told them; else empty."""
    if not mailing.is_invalid(document):
        return ""
    told = {mail.state for mail in mails if mail.purpose == DocumentMail.Purpose.NOTICE}
    if State.SENT in told:
        return ""
    delivered = [
        mail.address
        for mail in mails
        if mail.purpose == DocumentMail.Purpose.DOCUMENT and mail.state in {State.SENT, State.UNKNOWN}
    ]
    return ", ".join(dict.fromkeys(delivered))


def mail_deeds(document: Document, staff: Any, mails: list[DocumentMail]) -> list[Deed]:
    """Mail it, tell the receiver that it is void, ask for its webhook again."""
    if document.submission != Submission.ACCEPTED:
        return []
    no_right = "" if may(staff, MAIL) else _("Su rol no permite este acto.")
    found = []
    if uninformed(document, mails):
        found.append(Deed("notice", _("Avisar al receptor"), "campaign", "primary", why_not=no_right))
    if not mailing.is_invalid(document):
        why_not = no_right or _why_not(lambda: mailing.require_mailable(document))
        found.append(Deed("mail", _("Enviar por correo"), "forward_to_inbox", why_not=why_not))
    found.append(_webhook(document, staff))
    return found


def _webhook(document: Document, staff: Any) -> Deed:
    may_ask = may(staff, f"invoicing.change_{document.kind.lower()}")
    why_not = "" if may_ask else _("Su rol no permite este acto.")
    why_not = why_not or _why_not(lambda: requesting.require_askable(document))
    return Deed("webhook", _("Pedir el webhook de nuevo"), "webhook", how=POSTS, why_not=why_not)


def _why_not(question: Any) -> str:
    refusal = refusal_of(question)
    return sentence(refusal) if refusal else ""


def _clock(mail: DocumentMail) -> str:
    return timezone.localtime(mail.due_at).strftime("%H:%M:%S") if mail.due_at else "—"
