"""A document as the commands print it: one JSON object per line (interface: Commands)."""

from typing import Any

from cifras.core.wording import sentence
from cifras.fiscal.errors import RuleBroken
from invoicing.models import Attachment, Document
from invoicing.services import settling


def document_line(document: Document) -> dict[str, Any]:
    """The result line of a stored document."""
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
            {"code": item["code"], "field": item["field"], "message": item["message"]}
            for item in document.problems
        ],
    }


def refused_line(data: Any, error: RuleBroken) -> dict[str, Any]:
    """The result line of an entry that was refused before anything was stored."""
    given = data if isinstance(data, dict) else {}
    return {
        "external_id": given.get("external_id"),
        "id": None,
        "kind": given.get("kind"),
        "number": None,
        "submission": None,
        "legal_status": None,
        "business_status": None,
        "document_id": None,
        "cufe": None,
        "pdf_sha256": None,
        "errors": error_list(error),
    }


def error_list(error: RuleBroken) -> list[dict[str, str]]:
    """Every reason of a refusal as plain JSON."""
    return [
        {"code": reason.code, "field": reason.field, "message": sentence(reason)} for reason in error.reasons
    ]
