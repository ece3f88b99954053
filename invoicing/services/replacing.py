"""A document that replaces another: when it may be issued, and that it says something else than what was rejected."""

from dataclasses import replace
from datetime import timedelta

from django.utils import timezone

from cifras.fiscal.document import DocumentDraft, Mode
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.fiscal.lifecycle import REJECTED_LEGAL, Submission, VoidStatus
from invoicing.models import Document
from invoicing.services import drafting

_JUST_NOW = timedelta(minutes=1)


def is_over(document: Document) -> bool:
    """Whether a document has no effect any more: rejected, void, discarded, or credited in full by authorised notes."""
    is_credited = document.total > 0 and document.credited_total == document.total
    return is_dead(document) or is_credited


def is_dead(document: Document) -> bool:
    """Whether nobody owes anything for it: rejected, void or discarded."""
    is_rejected = document.legal_status in REJECTED_LEGAL
    return is_rejected or document.is_voided or document.submission == Submission.DISCARDED


def reasons(document: Document, draft: DocumentDraft) -> list[RuleBroken]:
    """Why a document that replaces another may not be issued yet; `draft` is its content as it would leave."""
    original = document.replaces
    if original is None:
        return []
    if not is_over(original):
        return [_still_stands(original)]
    if original.legal_status in REJECTED_LEGAL and _says_the_same(document, draft, original):
        return [
            RuleBroken(
                "unchanged_after_rejection",
                gettext_noop(
                    "Es igual a {document}, que fue rechazado: cambie lo que el PAC señaló antes de emitirlo."
                ),
                "document",
                document=str(original),
            )
        ]
    return []


def _still_stands(original: Document) -> RuleBroken:
    if original.void_status in {VoidStatus.REQUESTED, VoidStatus.UNKNOWN}:
        text = gettext_noop("Reemplaza a {document}, cuya anulación aún no consta: espere su resultado.")
    else:
        text = gettext_noop(
            "Reemplaza a {document}, que sigue vigente: primero se anula o se le emite una nota de crédito."
        )
    return RuleBroken("replaced_still_stands", text, "document", document=str(original))


def _says_the_same(document: Document, draft: DocumentDraft, original: Document) -> bool:
    """Whether nothing but number and clock differs. A date that was given and differs is a change; so are new issuer data."""
    if document.issuer_data != original.issuer_data:
        return False
    if original.pac_office_id and document.office.pac_office_id != original.pac_office_id:
        return False
    if _was_redated(draft, original):
        return False
    return _content(draft) == _content(drafting.draft_of(original))


def _was_redated(draft: DocumentDraft, original: Document) -> bool:
    """Whether another date was given. The present moment, which is filled in where none was, is no change."""
    is_now = abs(timezone.now() - draft.issue_date) < _JUST_NOW
    return not is_now and draft.issue_date != original.issue_date


def _content(draft: DocumentDraft) -> DocumentDraft:
    return replace(
        draft,
        mode=Mode.DGI,
        number="",
        security_code="",
        issue_date=draft.issue_date.replace(year=2000, month=1, day=1, hour=0, minute=0, second=0),
        modification_code=None,
    )
