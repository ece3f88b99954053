"""How the provider shows a document: in the answer to a post, when read, in lists and in webhooks."""

from datetime import timedelta
from typing import Any
from urllib.parse import quote

from cifras.sandbox.records import DGI_AUTHORIZED, Document
from cifras.sandbox.world import World


def shown(world: World, document: Document, *, with_pdf: bool = False) -> dict[str, Any]:
    """A document as it is now; what does not exist yet is absent."""
    members: dict[str, Any] = {
        "id": document.id,
        "documentIssueDate": document.issued_at.isoformat(timespec="seconds"),
        "documentNumber": document.number,
        "status": status_of(document),
        "legalStatus": word_of(world, document),
    }
    if document.cufe:
        members["cufe"] = document.cufe
    if document.response:
        members["governmentResponse"] = document.response
    if document.legal_status == DGI_AUTHORIZED:
        members["qr"] = qr_address(world, document)
        members["authorizationProtocol"] = document.protocol
        members["xml"] = file_address(world, document, "xml")
        if with_pdf and has_pdf(world, document):
            members["pdf"] = file_address(world, document, "pdf")
    return members


def status_of(document: Document) -> str:
    """The provider's own processing state."""
    return "FINISHED" if document.is_decided else "WAITING_RESPONSE"


def word_of(world: World, document: Document) -> str:
    """The legal status as the provider words it."""
    return document.legal_status if document.is_decided else world.behaviour.in_process_word


def has_pdf(world: World, document: Document) -> bool:
    """Only an authorised document has one, and not always at once."""
    if document.legal_status != DGI_AUTHORIZED or document.decided_at is None:
        return False
    return world.clock.now() >= document.decided_at + timedelta(seconds=world.behaviour.pdf_after)


def file_address(world: World, document: Document, kind: str) -> str:
    """Signed and short-lived; kind is pdf or xml."""
    return world.links.sign(f"/alanube/files/{document.id}.{kind}", world.behaviour.link_seconds)


def qr_address(world: World, document: Document) -> str:
    """Where anybody may look the document up; it has the members of the DGI's own address."""
    return (
        f"{world.links.base_url}/alanube/Consultas/FacturasPorQR?chFE={quote(document.cufe)}"
        f"&iAmb={document.cufe[55]}&digestValue={quote(document.security_code)}&jwt=sandbox"
    )


def said_of(document: Document) -> str:
    """What the authority said of a document, in one sentence."""
    return document.response[0]["message"] if document.response else ""
