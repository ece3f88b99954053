"""Tandia's dialect: documents of a company listed, searched and read; created too, though its paper does not say how.

Both forms of the two addresses on which the paper contradicts itself are served.
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from cifras.sandbox.journal import Posting
from cifras.sandbox.papers import NOTICE, one_page
from cifras.sandbox.peru.sunat import (
    BOLETA,
    CREDIT_NOTE,
    DEBIT_NOTE,
    FACTURA,
    Comprobante,
    Number,
    NumberUsed,
    Taxpayer,
    new_id,
)
from cifras.sandbox.web import NoJson, Request, Response
from cifras.sandbox.world import World

NAME = "tandia"
_TYPES = {"invoice": FACTURA, "receipt": BOLETA, "credit-note": CREDIT_NOTE, "debit-note": DEBIT_NOTE}
_NAMES = {code: name for name, code in _TYPES.items()}
_NUMBER = re.compile(r"(?P<series>[A-Z0-9]{4})-(?P<number>\d{1,8})")
_MOST_ROWS = 100
Answer = Callable[..., Response]


class Refused(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class Tandia:
    """The dialect. Paths arrive without the prefix.

    `repeats_token` makes the list lead in a circle, `has_empty_page` puts a page without rows behind the first one, and
    `omits_last_token` leaves the last page without saying that it is the last.
    """

    prefix = "/tandia"

    def __init__(self, world: World) -> None:
        self.world, self.sunat = world, world.sunat
        self.repeats_token = self.has_empty_page = self.omits_last_token = False
        company = r"(?P<company_id>[^/]+)"
        one = r"/(?P<type>[^/]+)/(?P<number>[^/]+)"
        self._routes: Sequence[tuple[str, re.Pattern[str], str, Answer]] = [
            _route("GET", f"/api/document/search/company/{company}", "search_documents", self._search),
            _route("GET", f"/api/document/(?:search/)?company/{company}{one}", "find_document", self._find),
            _route("GET", f"/api/document/company/{company}", "list_documents", self._search),
            _route("GET", r"/api/document/(?P<document_id>[^/]+)", "get_document", self._read),
            _route("POST", "/api/document", "create_document", self._create),
            _route("POST", "/api/company", "create_company", self._create_company),
            _route("GET", "/api/account/companies", "list_companies", self._companies),
            _route(
                "POST", r"/api/company/correlative/(?P<ruc>[^/]+)", "create_correlative", self._correlative
            ),
            _route(
                "PUT",
                r"/api/company/correlative/(?P<ruc>[^/]+)/(?P<type>[^/]+)/(?P<series>[^/]+)",
                "update_correlative",
                self._correlative,
            ),
            _route("GET", r"/api/catalogue/PE/(?P<name>\w+)", "catalogue", _catalogue),
            _route("GET", r"/files/(?P<document_id>\w+)\.(?P<kind>pdf|xml|cdr)", "download", self._file),
        ]

    def operation(self, request: Request) -> str:
        """The name of the operation, as faults and journal know it."""
        return next((name for _answer, name, _parts in self._fitting(request)), "")

    def posting(self, request: Request) -> Posting | None:
        """The number that a posted document wants."""
        if self.operation(request) != "create_document":
            return None
        try:
            series, number = str(request.json["number"]).split("-")
            company = request.json["company"]["id"]
            return Posting(company, "", _TYPES[request.json["type"]], series, str(int(number)))
        except (NoJson, KeyError, TypeError, ValueError):
            return None

    def answer(self, request: Request) -> Response:
        """Let the right operation answer."""
        found = next(self._fitting(request), None)
        if found is None:
            return Response(404, {"message": "Not found"})
        answer, name, parts = found
        if name != "download" and not self.world.behaviour.accepts(request.bearer):
            return Response(401, {"message": "Unauthorized"})
        try:
            return answer(request, **parts)
        except Refused as refused:
            return Response(refused.status, {"message": refused.message})
        except NoJson:
            return Response(400, {"message": "Malformed JSON"})

    def announce(self, document: Comprobante, secret: str) -> None:
        """Post a document to its company's address, signed as the paper has it: a JWT in `Tandia-Signature`."""
        company = self.sunat.companies[document.company_id]
        shown = {"id": document.id, "status": _status(document), "metadata": None, "company_id": company.id}
        self.world.webhooks.send(company.web_hook, {"Tandia-Signature": signature(secret)}, shown)

    def _fitting(self, request: Request) -> Iterator[tuple[Answer, str, dict[str, str]]]:
        for method, path, name, answer in self._routes:
            match = path.fullmatch(request.path)
            if match and method == request.method:
                yield answer, name, match.groupdict()

    def _company(self, company_id: str) -> Taxpayer:
        company = self.sunat.company(company_id, NAME)
        if company is None:
            raise Refused(404, "Company not found")
        return company

    def _search(self, request: Request, company_id: str) -> Response:
        company = self._company(company_id)
        asked = request.query
        first, last = asked.get("start_date", ""), asked.get("end_date", "")
        rows = [
            self._row(company, each)
            for each in self.sunat.of_company(company.id)
            if (not first or f"{each.issued_at:%Y-%m-%d}" >= first)
            and (not last or f"{each.issued_at:%Y-%m-%d}" <= last)
            and asked.get("status", _status(each)) == _status(each)
        ]
        return self._page(request, rows)

    def _find(self, _request: Request, company_id: str, type: str, number: str) -> Response:
        company = self._company(company_id)
        named = _NUMBER.fullmatch(number)
        key = (
            Number(company.id, _TYPES.get(type, ""), named["series"], int(named["number"])) if named else None
        )
        document = self.sunat.find(key) if key else None
        rows = [self._row(company, document)] if document else []
        return Response(200, {"data": rows, "meta": {"next_token": None}})

    def _read(self, _request: Request, document_id: str) -> Response:
        document = self.sunat.documents.get(document_id)
        company = self.sunat.company(document.company_id, NAME) if document else None
        if document is None or company is None:
            raise Refused(404, "Document not found")
        return Response(200, self._shown(company, document))

    def _create(self, request: Request) -> Response:
        body = request.json
        document, texts = _document_of(body)
        document.body = request.body.decode()
        company = self._company(document.company_id)
        try:
            self.sunat.register(document, texts)
        except NumberUsed:
            raise Refused(422, "El número ya existe") from None
        if not document.holds_number:
            self.sunat.documents[document.id] = document
        return Response(200, self._shown(company, document))

    def _create_company(self, request: Request) -> Response:
        body = request.json
        company = Taxpayer(
            id=new_id("com_"),
            ruc=str(body.get("tax_id", "")),
            name=str(body.get("business_name", "")),
            provider=NAME,
            trade_name=str(body.get("trade_name", "")),
            email=str(body.get("email", "")),
            phone=str(body.get("phone", "")),
            web_hook=str(body.get("web_hook", "")),
        )
        self.sunat.save(company)
        return Response(200, self._company_row(company))

    def _companies(self, request: Request) -> Response:
        mine = [each for each in self.sunat.companies.values() if each.provider == NAME]
        return self._page(request, [self._company_row(each) for each in mine])

    def _correlative(self, request: Request, ruc: str, type: str = "", series: str = "") -> Response:
        given = {"document_type": type, "serie": series, "correlative": 1, "description": ""}
        return Response(200, {**given, **request.json})

    def _file(self, _request: Request, document_id: str, kind: str) -> Response:
        document = self.sunat.documents.get(document_id)
        if document is None:
            return Response(404, b"", media_type="text/plain")
        title = f"{document.series}-{document.number:08d}"
        if kind == "cdr":
            word = f"<ApplicationResponse><ReferenceID>{title}</ReferenceID></ApplicationResponse>"
            return Response(200, word.encode(), media_type="application/xml")
        if kind == "xml":
            return Response(
                200, f"<Invoice><ID>{title}</ID></Invoice>".encode(), media_type="application/xml"
            )
        lines = [NOTICE, title, document.receiver_name, f"Total {document.currency} {document.total}"]
        return Response(200, one_page(lines), media_type="application/pdf")

    def _page(self, request: Request, rows: Sequence[Mapping[str, Any]]) -> Response:
        limit = request.query.get("limit", "")
        if not limit.isdecimal() or not 0 < int(limit) <= _MOST_ROWS:
            raise Refused(400, "limit is required")
        token = request.query.get("next_token", "")
        asked, _dash, skip = token.partition("-")
        start = int(asked) if asked.isdecimal() else 0
        end = start + int(limit)
        following = str(end) if end < len(rows) else None
        if self.repeats_token and following:
            following = token or str(end)
        if skip:
            return Response(200, {"data": [], "meta": {"next_token": asked}})
        if self.has_empty_page and following and not token:
            following = f"{following}-empty"
        meta = {} if self.omits_last_token and following is None else {"next_token": following}
        return Response(200, {"data": list(rows[start:end]), "meta": meta})

    def _row(self, company: Taxpayer, document: Comprobante) -> dict[str, Any]:
        """A row of a list: neither currency nor customer (contract 1.3)."""
        is_rejected = not document.is_accepted
        return {
            "id": document.id,
            "company_id": company.id,
            "type": _NAMES[document.document_type],
            "number": f"{document.series}-{document.number:08d}",
            "date": document.issued_at.isoformat(timespec="seconds"),
            "business_name": company.name,
            "tax_id": company.ruc,
            "total": document.total,
            "status": _status(document),
            "failure_code": str(document.code) if is_rejected else "",
            "failure_message": document.description if is_rejected else "",
            "document_pdf": self._address(document, "pdf"),
            "document_file": self._address(document, "xml"),
        }

    def _shown(self, company: Taxpayer, document: Comprobante) -> dict[str, Any]:
        """The whole document (contract 1.4): what was sent, and what became of it. Nulls where a list has empty text."""
        row = self._row(company, document)
        is_rejected = not document.is_accepted
        return {
            **json.loads(document.body, parse_float=Decimal),
            **{name: row[name] for name in ("id", "type", "number", "date", "total", "status")},
            "company": {**self._company_row(company), "logo": None},
            "failure_code": row["failure_code"] if is_rejected else None,
            "failure_message": row["failure_message"] if is_rejected else None,
            "document_pdf": row["document_pdf"],
            "document_file": row["document_file"],
            "document_cdr": self._address(document, "cdr") if document.is_accepted else None,
        }

    def _address(self, document: Comprobante, kind: str) -> str:
        return f"{self.world.links.base_url}{self.prefix}/files/{document.id}.{kind}"

    def _company_row(self, company: Taxpayer) -> dict[str, Any]:
        return {
            "id": company.id,
            "tax_id": company.ruc,
            "business_name": company.name,
            "trade_name": company.trade_name,
            "email": company.email,
            "phone": company.phone,
            "country": "PE",
            "environment": "PRODUCTION" if company.is_live else "TEST",
            "web_hook": company.web_hook,
            "address": {"country": "PE", "city": "Lima", "address": "Av. de la Práctica 100"},
        }


def signature(secret: str) -> str:
    """A JWT, HS256, without an expiry."""
    head = _part({"alg": "HS256", "typ": "JWT"})
    signed = f"{head}.{_part({'iss': 'tandia'})}"
    digest = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def _part(members: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(members).encode()).rstrip(b"=").decode()


def _document_of(body: Any) -> tuple[Comprobante, list[str]]:
    """The document that a request describes, and the words that decide its fate."""
    try:
        series, number = str(body["number"]).split("-")
        customer = body["customer"]
        document = Comprobante(
            id=new_id("doc_"),
            company_id=str(body["company"]["id"]),
            document_type=_TYPES[body["type"]],
            series=series,
            number=int(number),
            issued_at=datetime.fromisoformat(body["date"]),
            receiver_type=str(customer["document_type"]),
            receiver_number=str(customer["document_number"]),
            receiver_name=str(customer["registration_name"]),
            currency=str(body["currency"]),
            net=Decimal(str(body["sale_value"])),
            igv=Decimal(str(body["tax_total"])),
            total=Decimal(str(body["total"])),
        )
        texts = [document.receiver_name, *(str(item["description"]) for item in body["items"])]
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise Refused(400, f"Invalid document: {error}") from None
    return document, texts


def _status(document: Comprobante) -> str:
    return "succeeded" if document.is_accepted else "failed"


def _catalogue(_request: Request, name: str) -> Response:
    types = [{"name": key.upper(), "value": key} for key in _TYPES]
    reasons = [
        {"code": "01", "description": "Anulación de la operación"},
        {"code": "02", "description": "Anulación por error en el RUC"},
        {"code": "06", "description": "Devolución total"},
    ]
    tables = {"document_types": types, "voided_codes": reasons}
    if name not in tables:
        raise Refused(404, "Catalogue not found")
    return Response(200, tables[name])


def _route(method: str, path: str, name: str, answer: Answer) -> tuple[str, re.Pattern[str], str, Answer]:
    return method, re.compile(path), name, answer
