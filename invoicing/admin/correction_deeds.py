"""The buttons that mend a document: one that was rejected, and one that was issued."""

from typing import Any

from django.utils.translation import gettext as _

from cifras.core.rights import may
from cifras.fiscal.document import Kind, Mode
from cifras.fiscal.lifecycle import REJECTED_LEGAL, LegalStatus, Submission, VoidStatus
from invoicing.admin.deeds import LINKS, POSTS, Deed
from invoicing.models import Document

_STARTS = ("invoicing.void_invoice", "invoicing.add_invoice", "invoicing.issue_credit")


def correction_deeds(document: Any, staff: Any) -> list[Deed]:
    """Correct and reissue what was rejected; correct what is authorised. The page's queryset adds `is_being_corrected`."""
    return [*_reissue(document, staff), *_amend(document, staff)]


def may_correct(staff: Any) -> bool:
    """Whether a person may start and steer corrections: they void, issue notes and write invoices."""
    return all(may(staff, permission) for permission in _STARTS)


def may_reissue(document: Document, staff: Any) -> bool:
    """Whether a person may write documents of this kind."""
    return may(staff, f"invoicing.add_{Kind(document.kind).lower()}")


def _reissue(document: Document, staff: Any) -> list[Deed]:
    """Rejected, or a discarded draft of such a reissue; not what another document replaces already."""
    is_rejected = document.legal_status in REJECTED_LEGAL
    is_put_aside = document.submission == Submission.DISCARDED and document.replaces_id is not None
    if not (is_rejected or is_put_aside) or document.is_superseded or document.mode != Mode.DGI:
        return []
    if not may_reissue(document, staff):
        return []
    return [Deed("correct", _("Corregir y reemitir"), "edit", "primary", how=POSTS)]


def _amend(document: Any, staff: Any) -> list[Deed]:
    """Why it can't be corrected is said in the dialog; one that is under way leads to its page."""
    is_authorised = document.legal_status == LegalStatus.DGI_AUTHORIZED and document.mode == Mode.DGI
    is_sale = document.kind == Kind.INVOICE and not document.is_received
    if not (is_authorised and is_sale) or document.is_superseded or not may_correct(staff):
        return []
    if document.is_being_corrected:
        return [Deed("amend", _("Seguir la corrección"), "rule", how=LINKS)]
    if document.void_status in {VoidStatus.REQUESTED, VoidStatus.UNKNOWN, VoidStatus.VOIDED}:
        return []
    return [Deed("amend", _("Corregir"), "rule")]
