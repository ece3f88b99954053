"""A document as the commands print it: one JSON object per line (interface: Commands)."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from cifras.core.management.results import complaint, error_list
from cifras.fiscal.errors import RuleBroken
from cifras.fiscal.lifecycle import LegalStatus, Submission, VoidStatus
from invoicing.models import Attachment, Document, Incident
from invoicing.services import settling
from invoicing.services.incidents import SUSPENDED


def document_line(document: Document) -> dict[str, Any]:
    """The result line of a stored document; `errors` also say what holds it or keeps it unconfirmed."""
    pdf = document.attachments.filter(kind=Attachment.Kind.PDF).order_by("-pk").first()
    return {
        "external_id": document.external_id or None,
        "id": str(document.uid),
        "kind": document.kind,
        "number": document.number or None,
        "submission": document.submission,
        "legal_status": document.legal_status or None,
        "business_status": settling.business(document).status.value,
        "document_id": document.document_id or None,
        "cufe": document.cufe or None,
        "pdf_sha256": pdf.sha256 if pdf else None,
        "errors": [
            *_complaints(document),
            *_hindrances(document),
        ],
    }


def _complaints(document: Document) -> Iterator[dict[str, str]]:
    """What was found wrong; the authority's remarks on what it accepted are none."""
    if document.legal_status != LegalStatus.DGI_AUTHORIZED:
        for item in document.problems:
            yield complaint(item["code"], item["field"], item["message"])


def refused_line(data: Any, error: RuleBroken) -> dict[str, Any]:
    """The result line of an entry that was refused before anything was stored."""
    return {
        "external_id": _text_of(data, "external_id"),
        "id": None,
        "kind": _text_of(data, "kind"),
        "number": None,
        "submission": None,
        "legal_status": None,
        "business_status": None,
        "document_id": None,
        "cufe": None,
        "pdf_sha256": None,
        "errors": error_list(error),
    }


def void_line(document: Document) -> dict[str, Any]:
    """The result line of a document whose void was asked for; why not, where the provider refused it."""
    line = document_line(document)
    if document.void_status == VoidStatus.REFUSED and isinstance(document.void_answer, dict):
        words = [document.void_answer.get(name) for name in ("message", "provider")]
        line["errors"].append(complaint("void_refused", "document", " ".join(filter(None, words))))
    return {**line, "void_status": document.void_status}


def _hindrances(document: Document) -> list[dict[str, str]]:
    if document.held_reason == SUSPENDED:
        message = _("La empresa está suspendida: el documento espera en cola hasta que se reactive.")
        return [complaint(SUSPENDED, "tenant", message)]
    if document.held_reason:
        incident = Incident.objects.filter(tenant=document.tenant_id, released_at=None).first()
        words = [incident.message, incident.provider_words] if incident else []
        remedy = _("Resuelva la causa y reanude la cola de la empresa.")
        return [complaint(document.held_reason, "tenant", " ".join([*filter(None, words), remedy]))]
    if document.submission == Submission.UNKNOWN:
        message = _(
            "No se sabe si el PAC recibió el documento: se le sigue preguntando. No lo emita con otra referencia."
        )
        return [complaint((document.flag or "unconfirmed").lower(), "document", message)]
    return []


def _text_of(data: Any, name: str) -> str | None:
    value = data.get(name) if isinstance(data, Mapping) else None
    return value if isinstance(value, str) else None
