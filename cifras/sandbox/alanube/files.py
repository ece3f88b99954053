"""What lies behind the signed links and behind the QR."""

from html import escape

from cifras.sandbox.alanube.answers import error
from cifras.sandbox.alanube.showing import has_pdf
from cifras.sandbox.papers import NOTICE, TITLES, pdf_of, xml_of
from cifras.sandbox.web import Request, Response
from cifras.sandbox.world import World


def download(world: World, request: Request, document_id: str, kind: str) -> Response:
    """A PDF or XML by its signed link. A token sent along is refused, as object stores do."""
    if "authorization" in request.headers:
        return error(400, "Only one way to authenticate is allowed")
    path = f"/alanube/files/{document_id}.{kind}"
    if not world.links.is_good(path, request.query.get("expires", "0"), request.query.get("sig", "")):
        return error(403, "Request has expired or the signature does not match")
    document = world.authority.documents.get(document_id)
    if document is None or (kind == "pdf" and not has_pdf(world, document)):
        return error(404, "File not found")
    company = world.authority.companies[document.company_id]
    if kind == "xml":
        return Response(200, xml_of(document, company), "application/xml")
    return Response(200, pdf_of(document, company), "application/pdf")


def consultation(world: World, request: Request) -> Response:
    """What anybody sees who scans a document's QR."""
    document = world.authority.look_up(request.query.get("chFE", ""))
    if document is None:
        return Response(404, b"<!doctype html><p>No existe.</p>", "text/html; charset=utf-8")
    state = "ANULADA" if document.is_void else document.legal_status
    rows = (
        ("CUFE", document.cufe),
        ("Documento", f"{TITLES[document.kind]} {document.billing_point}-{document.number}"),
        ("Fecha", document.issued_at.isoformat()),
        ("Receptor", document.receiver_name),
        ("Total", str(document.total)),
        ("Estado", state),
    )
    table = "".join(f"<tr><th>{name}<td>{escape(value)}" for name, value in rows)
    page = f'<!doctype html><html lang="es"><title>Consulta</title><h1>{NOTICE}</h1><table>{table}</table>'
    return Response(200, page.encode(), "text/html; charset=utf-8")
