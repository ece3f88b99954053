"""Webhooks in the provider's shapes, on request and when a document's fate is decided."""

from typing import Any

from cifras.sandbox.alanube import shapes
from cifras.sandbox.alanube.answers import not_found, schema_error
from cifras.sandbox.alanube.schema import examine
from cifras.sandbox.alanube.showing import file_address, has_pdf, qr_address, said_of, shown, word_of
from cifras.sandbox.records import DGI_AUTHORIZED, Company, Document
from cifras.sandbox.web import Request, Response
from cifras.sandbox.world import Mail, World


def notify_webhook(world: World, company: Company, request: Request) -> Response:
    """Send the webhook of one document again, to the address given."""
    complaints = examine(shapes.NOTIFY_WEBHOOK, request.json)
    if complaints:
        return schema_error(complaints, world.behaviour)
    wanted = request.json
    document = world.authority.find(company.id, "", wanted["documentId"])
    if document is None:
        return not_found("Document")
    headers = {}
    if "webhookSecret" in wanted:
        headers["X-Pac-Signature"] = wanted["webhookSecret"]
    if "userId" in wanted:
        headers["X-User-Id"] = wanted["userId"]
    echo = {name: wanted[name] for name in ("webhookUrl", "userId") if name in wanted}
    body = _body(world, document) | {"webhook": echo}
    world.webhooks.send(wanted["webhookUrl"], headers, body)
    return Response(200, {"message": "Notify by webhook event emitted."})


def notify_email(world: World, company: Company, request: Request) -> Response:
    """Pretend to mail the PDF."""
    complaints = examine(shapes.NOTIFY_EMAIL, request.json)
    if complaints:
        return schema_error(complaints, world.behaviour)
    wanted = request.json
    document = world.authority.find(company.id, wanted["documentType"], wanted["documentId"])
    if document is None:
        return not_found("Document")
    world.mails.append(Mail(document.id, wanted["mail"], wanted.get("message", "")))
    return Response(200, {"message": "Notify by email event emitted."})


def announce(world: World, document: Document) -> None:
    """Tell whoever wants to know of every decision: the company's own webhook, else the sandbox's default."""
    company = world.authority.companies.get(document.company_id)
    hook = ((company.webhooks if company else None) or {}).get("documents", {}).get("emissionFinished", {})
    if hook.get("status") == "active":
        world.webhooks.send(hook["url"], hook.get("headers", {}), _native(world, document))
    elif world.behaviour.webhooks_automatic and world.behaviour.webhook_url:
        url = world.behaviour.webhook_url.replace("{company}", document.company_id)
        headers = {"X-Pac-Signature": world.behaviour.webhook_secret}
        world.webhooks.send(url, headers, _body(world, document))


def is_anybody_listening(world: World) -> bool:
    """Whether a decision would be announced; else nobody needs it before the document is read."""
    companies = list(world.authority.companies.values())
    return world.behaviour.webhooks_automatic or any(company.webhooks for company in companies)


def _body(world: World, document: Document) -> dict[str, Any]:
    if world.behaviour.webhook_shape == "native":
        return _native(world, document)
    body = {"id": document.id, "legalStatus": word_of(world, document)}
    if document.cufe:
        body["cufe"] = document.cufe
    if document.response:
        body["message"] = said_of(document)
    return body


def _native(world: World, document: Document) -> dict[str, Any]:
    members = shown(world, document)
    company = world.authority.companies.get(document.company_id)
    is_authorised = document.legal_status == DGI_AUTHORIZED
    pdf = file_address(world, document, "pdf") if has_pdf(world, document) else None
    return {
        "type": "documents.emissionFinished",
        "id": document.id,
        "stampDate": members["documentIssueDate"],
        "status": members["status"],
        "legalStatus": members["legalStatus"],
        "companyIdentification": company.ruc if company else None,
        "trackId": document.id,
        "documentNumber": document.number,
        "sequenceConsumed": document.holds_number,
        "signatureDate": document.decided_at.isoformat(timespec="seconds") if document.decided_at else None,
        "securityCode": document.security_code,
        "documentStampUrl": qr_address(world, document) if is_authorised else None,
        "xml": members.get("xml"),
        "resumeXml": None,
        "pdf": pdf,
        "governmentResponse": document.response,
        "error": None if is_authorised or not document.response else said_of(document),
    }
