"""The authority's word contradicts the one that was held: persons keep the old one or take the new one. Source: domain 2."""

import uuid

from django.db import transaction

from cifras.core import audit
from cifras.core.models import Staff
from cifras.core.proposals import require_reason
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.fiscal.lifecycle import VoidStatus
from invoicing.models import Document
from invoicing.services import timeline, tracking
from invoicing.services.finding import get_document


def keep_legal(document_id: uuid.UUID | str, *, reason: str, actor: Staff) -> Document:
    """What is held stays. The queue entry goes, the history keeps it, and the same contrary word does not bring it back."""
    document = get_document(document_id, actor=actor)
    require_contradiction(document)
    clean = require_reason(reason)
    news = document.legal_conflict
    with transaction.atomic():
        kept = Document.objects.filter(pk=document.pk, legal_conflict=news).update(
            legal_conflict="", legal_kept=news, settled_by_person=True
        )
        if not kept:
            raise tracking.changed_meanwhile()
        detail = {"kept": document.legal_status, "news": news, "reason": clean}
        timeline.note(document, "legal_kept", actor=actor, detail=detail)
        audit.record(
            "document.legal_kept",
            actor=actor,
            tenant_uid=document.tenant.uid,
            target=document,
            before={"legal_conflict": news},
            after={"legal_status": document.legal_status},
            reason=clean,
        )
    document.refresh_from_db()
    return document


def require_contradiction(document: Document) -> None:
    """Raises RuleBroken unless contrary news waits for a decision."""
    if not document.legal_conflict:
        raise RuleBroken(
            "no_legal_conflict",
            gettext_noop("No hay ninguna noticia contraria por resolver en este documento."),
        )


def require_change(document: Document) -> None:
    """Raises RuleBroken unless the document may take the contrary word."""
    require_contradiction(document)
    if document.void_status not in {VoidStatus.NONE, VoidStatus.REFUSED}:
        raise RuleBroken(
            "legal_change_and_void",
            gettext_noop("El documento tiene una anulación: aclare primero esa anulación."),
        )


def change(document: Document, reason: str, actor: Staff) -> None:
    """Take the authority's contrary word. It stays flagged as decided by persons."""
    before = document.legal_status
    tracking.overrule(document, document.legal_conflict, actor=actor)
    document.refresh_from_db()
    audit.record(
        "document.legal_changed",
        actor=actor,
        tenant_uid=document.tenant.uid,
        target=document,
        before={"legal_status": before},
        after={"legal_status": document.legal_status},
        reason=reason,
    )
