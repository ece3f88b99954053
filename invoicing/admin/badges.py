"""Badges: a word, an icon and a colour; the colour never speaks alone. Two of them stand on every document.

The legal badge is the authority's word or, before there is one, how far the document has come on its way. The business badge
is ours and is computed.
"""

from collections.abc import Mapping
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from cifras.core.admin.badges import AMBER, BLUE, GREEN, GREY, RED, Badge
from cifras.fiscal.lifecycle import Business, BusinessStatus, LegalStatus, Reason, Submission, VoidStatus
from invoicing.admin.figures import as_received
from invoicing.admin.words import words_of
from invoicing.models import Document
from invoicing.models.choices import BUSINESS_STATUSES, SUBMISSIONS, Flag, Mode

_SUBMISSION_WORDS = dict(SUBMISSIONS)
_BUSINESS_WORDS = dict(BUSINESS_STATUSES)

_LEGAL: Mapping[str, tuple[str, str]] = {
    LegalStatus.DGI_AUTHORIZED: ("verified", GREEN),
    LegalStatus.PAC_AUTHORIZED: ("hourglass_top", BLUE),
    LegalStatus.PAC_REJECTED: ("cancel", RED),
    LegalStatus.DGI_REJECTED: ("cancel", RED),
}
_ON_ITS_WAY: Mapping[str, Badge] = {
    status: Badge(_SUBMISSION_WORDS[status], icon, tone)
    for status, icon, tone in (
        (Submission.DRAFT, "edit_note", GREY),
        (Submission.QUEUED, "schedule_send", BLUE),
        (Submission.SENDING, "sync", BLUE),
        (Submission.UNKNOWN, "help", AMBER),
        (Submission.ACCEPTED, "mark_email_read", BLUE),
        (Submission.REFUSED, "cancel", RED),
        (Submission.RETURNED, "undo", AMBER),
        (Submission.IMPORTED, "input", GREY),
        (Submission.DISCARDED, "delete", GREY),
    )
}
_VOID: Mapping[str, Badge] = {
    VoidStatus.REQUESTED: Badge(_("Anulación en curso"), "sync", AMBER),
    VoidStatus.UNKNOWN: Badge(_("Anulación sin confirmar"), "help", AMBER),
    VoidStatus.REFUSED: Badge(_("Anulación rechazada"), "block", RED),
}
_BUSINESS: Mapping[str, tuple[str, str]] = {
    BusinessStatus.UNPAID: ("schedule", BLUE),
    BusinessStatus.PARTIALLY_PAID: ("timelapse", BLUE),
    BusinessStatus.PAID: ("paid", GREEN),
    BusinessStatus.OVERPAID: ("savings", AMBER),
    BusinessStatus.PAST_DUE: ("event_busy", RED),
    BusinessStatus.PARTIALLY_CANCELED: ("assignment_return", AMBER),
    BusinessStatus.CANCELED: ("assignment_turned_in", GREY),
    BusinessStatus.VOID: ("block", GREY),
    BusinessStatus.UNAPPLIED: ("pending", BLUE),
    BusinessStatus.APPLIED: ("task_alt", GREEN),
}
_REASONS: Mapping[Reason, Badge] = {
    Reason.INTERNAL: Badge(_("Descartada"), "delete", GREY),
    Reason.NO_EFFECT: Badge(_("Sin efecto"), "do_not_disturb_on", GREY),
}
_FLAGS: Mapping[str, Any] = {
    Flag.CONFLICT: _("Conflicto de número"),
    Flag.EXISTS_NO_ID: _("Existe en el PAC"),
}
PROFORMA = Badge(_("Proforma"), "draft", GREY, _("No válida como factura"))
UNVERIFIED = Badge(
    _("Sin verificar"), "help", AMBER, _("Emitida en otro sistema; nadie la ha comprobado en la DGI")
)
SANDBOX = Badge(_("Pruebas"), "science", AMBER, _("Sin validez legal"))


def legal_badge(document: Document) -> Badge:
    """The authority's word; before there is one, where the document is. An unknown word is shown as received."""
    if document.mode == Mode.PROFORM and document.submission == Submission.DRAFT:
        return PROFORMA
    if document.legal_status:
        return Badge(words_of(document).legal[document.legal_status], *_LEGAL[document.legal_status])
    if document.submission == Submission.QUEUED and document.held_reason:
        return Badge(_("Retenida en cola"), "pause_circle", AMBER, document.held_reason)
    if document.submission == Submission.IMPORTED:
        return UNVERIFIED
    badge = _ON_ITS_WAY[document.submission]
    if document.submission == Submission.ACCEPTED and document.raw_legal_status:
        return Badge(badge.word, badge.icon, badge.tone, f"«{as_received(document.raw_legal_status, 60)}»")
    return badge


def business_badge(business: Business) -> Badge:
    """Our own word, with its reason where the word alone would mislead."""
    if business.reason in _REASONS:
        return _REASONS[business.reason]
    icon, tone = _BUSINESS[business.status]
    return Badge(_BUSINESS_WORDS[business.status], icon, tone)


def alerts(document: Document) -> list[Badge]:
    """What stands beside the two badges when somebody should look."""
    found = [_VOID[document.void_status]] if document.void_status in _VOID else []
    if document.flag:
        found.append(Badge(_FLAGS[document.flag], "warning", RED, document.get_flag_display()))
    if document.legal_conflict:
        found.append(
            Badge(_("Noticia contraria del PAC"), "warning", RED, as_received(document.legal_conflict, 60))
        )
    if document.cufe_differs:
        found.append(Badge(_("CUFE distinto del calculado"), "warning", AMBER))
    return found


def side_by_side(badges: list[Badge]) -> SafeString:
    """Badges in a row, which may wrap."""
    inner = format_html_join(" ", "{}", ((badge,) for badge in badges))
    return format_html('<span class="cf-badges">{}</span>', inner)
