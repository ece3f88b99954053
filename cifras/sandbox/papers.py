"""The printed and the signed face of a document: a one-page PDF and a small XML, the same bytes every time.

Both say that they are worth nothing. The XML borrows the DGI's element names (rFE) without being complete.
"""

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape

from cifras.sandbox.records import CREDIT_NOTE, DEBIT_NOTE, INVOICE, Company, Document

TITLES = {INVOICE: "Factura", CREDIT_NOTE: "Nota de crédito", DEBIT_NOTE: "Nota de débito"}
NOTICE = "AMBIENTE DE PRÁCTICA - SIN VALIDEZ FISCAL"
_LINES_PER_PAGE = 30


def pdf_of(document: Document, company: Company) -> bytes:
    """The CAFE of a document."""
    body = json.loads(document.body, parse_float=Decimal)
    lines = [
        NOTICE,
        f"{TITLES[document.kind]} {document.billing_point}-{document.number}",
        f"Emisor: {company.name}  RUC {company.ruc}  DV {company.dv}",
        f"Receptor: {document.receiver_name or 'Consumidor final'}  {document.receiver_tax_id}",
        f"Fecha: {document.issued_at.isoformat()}",
        f"CUFE: {document.cufe}",
        f"Protocolo: {document.protocol}",
        "",
        *(f"{item['quantity']} x {item['description']}" for item in body["items"][:_LINES_PER_PAGE]),
        "",
        f"Neto {document.net}   ITBMS {document.itbms}   Total {document.total}",
    ]
    return one_page(lines)


def xml_of(document: Document, company: Company) -> bytes:
    """The signed XML, without the signature."""
    body = json.loads(document.body, parse_float=Decimal)
    items = "".join(_item(item) for item in body["items"])
    references = "".join(
        f"<gDFRef><gDFRefNum><gDFRefFE><dCUFERef>{escape(str(each.get('cufeIdentification', '')))}</dCUFERef>"
        "</gDFRefFE></gDFRefNum></gDFRef>"
        for each in body.get("referencedDocuments", ())
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<rFE xmlns="http://dgi-fep.mef.gob.pa"><dVerForm>1.00</dVerForm><dId>{document.cufe}</dId>'
        f"<gDGen><iDoc>{document.document_type}</iDoc><dNroDF>{document.number}</dNroDF>"
        f"<dPtoFacDF>{document.billing_point}</dPtoFacDF><dFechaEm>{document.issued_at.isoformat()}</dFechaEm>"
        f"<gEmis><dRuc>{escape(company.ruc)}</dRuc><dDV>{company.dv}</dDV><dNombEm>{escape(company.name)}</dNombEm>"
        f"</gEmis><gDatRec><dNombRec>{escape(document.receiver_name)}</dNombRec></gDatRec>{references}</gDGen>"
        f"{items}<gTot><dTotNeto>{document.net}</dTotNeto><dTotITBMS>{document.itbms}</dTotITBMS>"
        f"<dVTot>{document.total}</dVTot></gTot></rFE>\n"
    ).encode()


def _item(item: dict[str, Any]) -> str:
    return (
        f"<gItem><dSecItem>{item['number']}</dSecItem><dDescProd>{escape(item['description'])}</dDescProd>"
        f"<dCantCodInt>{item['quantity']}</dCantCodInt><dPrUnit>{item['prices']['transfer']}</dPrUnit>"
        f"<dTasaITBMS>{item['itbms']['rate']}</dTasaITBMS></gItem>"
    )


def one_page(lines: Sequence[str]) -> bytes:
    """A PDF of one page with these lines."""
    text = b"".join(b"(" + _printable(line) + b") Tj T*\n" for line in lines)
    stream = b"BT /F1 10 Tf 14 TL 40 800 Td\n" + text + b"ET"
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R "
        b"/Resources << /Font << /F1 4 0 R >> >> >>",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
    )
    file, offsets = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(file))
        file += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return file + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
        % (len(objects) + 1, table, len(objects) + 1, len(file))
    )


def _printable(line: str) -> bytes:
    escaped = line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    return escaped.encode("cp1252", "replace")
