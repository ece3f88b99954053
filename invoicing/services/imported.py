"""What becomes of a document issued elsewhere once it is registered: somebody verifies it, or deletes the registration.

Verifying is a person's word, with a reason and perhaps the evidence, that the DGI holds the document as authorised (domain 2).
Deleting takes back a registration that was a mistake: the document never was ours to issue, the ledgers keep what was done,
and its number stays out of our series.
"""

import uuid
from functools import partial

from django.db import transaction
from django.db.models import ProtectedError
from django.utils import timezone

from cifras.core import audit
from cifras.core.models import Staff
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.fiscal.lifecycle import LegalStatus, Submission
from invoicing.models import Document
from invoicing.services import attachments, settling, timeline
from invoicing.services.finding import get_document

SHORTEST_REASON = 10
EVIDENCE = "evidence"


def verify_import(
    document_id: uuid.UUID | str, *, reason: str, actor: Staff | None, evidence: bytes | None = None
) -> Document:
    """Record that the DGI holds the document as authorised. A repeat changes nothing.

    `evidence`: a PDF or XML of what was seen there. Raises RuleBroken for a document of ours and without a reason.
    """
    clean = _require_reason(reason)
    with transaction.atomic():
        document = settling.locked(get_document(document_id, actor=actor))
        require_imported(document)
        if document.legal_status == LegalStatus.DGI_AUTHORIZED:
            return document
        moved = Document.objects.filter(
            pk=document.pk, submission=Submission.IMPORTED, legal_status=LegalStatus.NONE
        ).update(legal_status=LegalStatus.DGI_AUTHORIZED, authorized_at=timezone.now())
        if not moved:
            raise _not_imported()
        document.refresh_from_db()
        if evidence is not None:
            attachments.attach_given(document, evidence, source=EVIDENCE)
        timeline.note(document, "verified", actor=actor, detail={"reason": clean})
        audit.record(
            "document.verified",
            actor=actor,
            tenant_uid=document.tenant.uid,
            target=document,
            before={"legal_status": LegalStatus.NONE},
            after={"legal_status": LegalStatus.DGI_AUTHORIZED, "cufe": document.cufe},
            reason=clean,
        )
        if not document.is_received:
            settling.settle_declared_payments(document)
        settling.refresh_with_invoice(document)
    document.refresh_from_db()
    return document


def delete_import(document_id: uuid.UUID | str, *, reason: str, actor: Staff | None) -> None:
    """Delete the registration with its files; timeline and audit stay, the number stays out of our series.

    Raises RuleBroken for a document of ours, without a reason, and while money or a note hangs on it.
    """
    clean = _require_reason(reason)
    with transaction.atomic():
        document = settling.locked(get_document(document_id, actor=actor))
        require_deletable(document)
        said = {
            "cufe": document.cufe,
            "number": document.number,
            "external_id": document.external_id,
            "total": document.total,
            "is_received": document.is_received,
            "legal_status": document.legal_status,
            "files": list(document.attachments.values_list("sha256", flat=True)),
        }
        timeline.note(document, "import_deleted", actor=actor, detail={**said, "reason": clean})
        audit.record(
            "document.import_deleted",
            actor=actor,
            tenant_uid=document.tenant.uid,
            target=document,
            before=said,
            reason=clean,
        )
        _delete(document)


def require_imported(document: Document) -> None:
    """Raises RuleBroken unless the document was issued elsewhere."""
    if document.submission != Submission.IMPORTED:
        raise _not_imported()


def require_deletable(document: Document) -> None:
    """Raises RuleBroken unless the registration may be deleted now."""
    require_imported(document)
    if document.credits.exists():
        raise RuleBroken(
            "import_has_notes",
            gettext_noop("Hay notas de crédito que se refieren a este documento: no se puede borrar."),
            "document",
        )
    if document.settlements.filter(is_declared=False).exists():
        raise RuleBroken(
            "import_has_money",
            gettext_noop("El documento tiene cobros o devoluciones registrados: no se puede borrar."),
            "document",
        )


def _delete(document: Document) -> None:
    credited = document.credited
    for attachment in document.attachments.all():
        transaction.on_commit(partial(attachment.file.storage.delete, str(attachment.file.name)))
        attachment.delete()
    document.settlements.all().delete()
    try:
        document.delete()
    except ProtectedError:
        raise RuleBroken(
            "import_in_use",
            gettext_noop("Otros registros dependen de este documento: no se puede borrar."),
            "document",
        ) from None
    if credited is not None:
        settling.refresh_facts(settling.locked(credited))


def _require_reason(reason: str) -> str:
    clean = reason.strip()
    if len(clean) < SHORTEST_REASON:
        raise RuleBroken(
            "reason_too_short",
            gettext_noop("Escriba el motivo con al menos {minimum} caracteres: queda en la auditoría."),
            "reason",
            minimum=SHORTEST_REASON,
        )
    return clean[:1000]


def _not_imported() -> RuleBroken:
    return RuleBroken(
        "not_imported",
        gettext_noop("Este acto es para documentos emitidos en otro sistema y registrados aquí."),
        "document",
    )
