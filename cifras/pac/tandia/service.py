"""`TandiaService`: every endpoint of Tandia's papers (seeds/tandia-documents.txt, Peru contract 1).

Rows and documents are dicts as received, their numbers Decimal. Lists follow `next_token` to their end. Two of the paper's
addresses contradict their own examples; both forms are served by the option `search_path`.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Unpack
from urllib.parse import quote

from cifras.fiscal.errors import gettext_noop
from cifras.pac.errors import Incident, NotFound, NotSupported, Unsettled
from cifras.pac.masking import masked_url
from cifras.pac.payload import to_bytes
from cifras.pac.tandia.complaints import require_success
from cifras.pac.transport import Answer, Transport, TransportOptions

SEARCH, PLAIN = "search", "plain"
_MOST_PAGES = 10_000
_ALL = "/document/company"
_NUMBER = re.compile(r"(?P<series>[A-Z0-9]{1,4})-0*(?P<number>[0-9]{1,8})")

Row = dict[str, Any]
Payload = Mapping[str, Any] | bytes


class TandiaService:
    """Tandia over HTTP. Times are seconds; nothing is read from the environment or from Django.

    `search_path`: ``search`` as the paper's headings have it, ``plain`` as its examples. `create_path` is empty until an
    account confirms that documents can be created there.
    """

    def __init__(
        self,
        base_url: str,
        token: str,
        *,
        search_path: str = SEARCH,
        create_path: str = "",
        **options: Unpack[TransportOptions],
    ) -> None:
        self.base_url = base_url.rstrip("/").removesuffix("/api")
        self._searches = "/document/search/company" if search_path == SEARCH else _ALL
        self._create_path = create_path.strip("/").removeprefix("api/")
        self._http = Transport(
            f"{self.base_url}/api",
            {
                "Authorization": f"Bearer {token}",
                "Accept": "application/json",
                "Content-Type": "application/json",
            },
            **options,
        )

    def __repr__(self) -> str:
        return f"TandiaService({masked_url(self.base_url)!r})"

    # Documents

    def list_documents(self, company_id: str, *, limit: int = 100) -> "Pages":
        """Every document of a company, `limit` rows to a page; each document once."""
        return self._pages("list_documents", f"{_ALL}/{_segment(company_id)}", {"limit": limit})

    def search_documents(
        self,
        company_id: str,
        *,
        limit: int = 100,
        start_date: date | str | None = None,
        end_date: date | str | None = None,
        status: str | None = None,
    ) -> "Pages":
        """The documents of a company between two days, both included, and of a status; each document once."""
        given = {"start_date": start_date, "end_date": end_date, "status": status}
        wanted = {name: str(value) for name, value in given.items() if value}
        path = f"{self._searches}/{_segment(company_id)}"
        return self._pages("search_documents", path, {"limit": limit, **wanted})

    def document_page(
        self,
        company_id: str,
        *,
        limit: int = 100,
        next_token: str = "",
        start_date: date | str | None = None,
    ) -> tuple[list[Row], str]:
        """One page of a company's documents, of all or of those since a day, and the token of the next one (empty: none).

        For whoever remembers how far they came; the other lists follow the tokens themselves.
        """
        base = self._searches if start_date else _ALL
        given = {"start_date": str(start_date) if start_date else "", "next_token": next_token}
        wanted = {"limit": limit, **{name: value for name, value in given.items() if value}}
        operation = "search_documents" if start_date else "list_documents"
        answer = require_success(self._http.get(operation, f"{base}/{_segment(company_id)}", params=wanted))
        return _rows(answer), _next_token(answer.body)

    def find_document(self, company_id: str, type: str, number: str) -> Row | None:
        """The document of a type with this number, whatever the padding; None is proof of absence.

        Raises Unsettled for an answer that holds other documents only, which proves nothing.
        """
        path = f"{self._searches}/{_segment(company_id)}/{_segment(type)}/{_segment(number)}"
        try:
            answer = require_success(self._http.get("find_document", path))
        except NotFound:
            return None
        rows = _rows(answer)
        fits = [row for row in rows if _is_named(row, type, number)]
        if rows and not fits:
            raise Unsettled(status=answer.status, body=answer.body, exchange_id=answer.exchange_id)
        return fits[0] if fits else None

    def get_document(self, document_id: str) -> Row:
        """One document in full. Raises NotFound for an id that Tandia does not know."""
        answer = require_success(self._http.get("get_document", f"/document/{_segment(document_id)}"))
        return _object(answer)

    def create_document(self, payload: Payload, *, idempotency_key: str = "") -> Row:
        """Send a document, where the account says that it may (option `create_path`). Raises NotSupported without."""
        if not self._create_path:
            raise NotSupported(
                gettext_noop("Tandia no documenta cómo emitir: actívelo por empresa cuando lo confirme.")
            )
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        return self._write("create_document", "POST", f"/{self._create_path}", payload, headers)

    # Companies, correlatives, catalogues

    def list_companies(self, *, limit: int = 100) -> "Pages":
        """The companies of the account."""
        return self._pages("list_companies", "/account/companies", {"limit": limit})

    def create_company(self, payload: Payload) -> Row:
        """Register a company."""
        return self._write("create_company", "POST", "/company", payload)

    def create_correlative(self, ruc: str, payload: Payload) -> Row:
        """Open a series: document_type, serie, correlative, description."""
        return self._write("create_correlative", "POST", f"/company/correlative/{_segment(ruc)}", payload)

    def update_correlative(self, ruc: str, document_type: str, series: str, changes: Payload) -> Row:
        """Change the correlative or the description of a series."""
        path = f"/company/correlative/{_segment(ruc)}/{_segment(document_type)}/{_segment(series)}"
        return self._write("update_correlative", "PUT", path, changes)

    def catalogue(self, country: str, name: str) -> list[Row]:
        """A code table such as ``document_types`` or ``voided_codes``."""
        path = f"/catalogue/{_segment(country)}/{_segment(name)}"
        return _rows(require_success(self._http.get("catalogue", path)))

    # One step below

    def _pages(self, operation: str, path: str, params: Mapping[str, Any]) -> "Pages":
        def page(token: str) -> Answer:
            wanted = {**params, "next_token": token} if token else dict(params)
            return require_success(self._http.get(operation, path, params=wanted))

        return Pages(page)

    def _write(
        self,
        operation: str,
        method: str,
        path: str,
        payload: Payload,
        headers: Mapping[str, str] | None = None,
    ) -> Row:
        body = payload if isinstance(payload, bytes) else to_bytes(payload)
        return _object(require_success(self._http.write(operation, method, path, body=body, headers=headers)))


class Pages:
    """The rows of a list, page after page, each id once.

    A token that was seen before leads in a circle: the list ends there, and `is_complete` stays False, as it does after the
    page cap and while an error cuts the list short.
    """

    def __init__(self, page: Any) -> None:
        self._page = page
        self.is_complete = False

    def __iter__(self) -> Iterator[Row]:
        self.is_complete = False
        seen_ids: set[str] = set()
        seen_tokens: set[str] = set()
        token = ""
        for _ in range(_MOST_PAGES):
            answer = self._page(token)
            for row in _rows(answer):
                identifier = str(row.get("id") or "")
                if identifier not in seen_ids:
                    seen_ids.add(identifier)
                    yield row
                elif not identifier:
                    yield row
            token = _next_token(answer.body)
            if not token:
                self.is_complete = True
                return
            if token in seen_tokens:
                return
            seen_tokens.add(token)


def _rows(answer: Answer) -> list[Row]:
    """The rows of a list, bare or under ``data``; Unsettled for an answer that holds no list of objects."""
    body = answer.body
    rows = body.get("data") if isinstance(body, Mapping) else body
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise Unsettled(status=answer.status, body=body, exchange_id=answer.exchange_id)
    return [_with_decimals(row) for row in rows]


def _object(answer: Answer) -> Row:
    """The object of an answer, bare or under ``data``; Unsettled for one without."""
    body = answer.body
    if isinstance(body, Mapping) and isinstance(body.get("data"), Mapping):
        body = body["data"]
    if not isinstance(body, Mapping) or not body:
        raise Unsettled(status=answer.status, body=answer.body, exchange_id=answer.exchange_id)
    row: Row = _with_decimals(body)
    return row


def _with_decimals(value: Any) -> Any:
    """Every number as Decimal: the paper writes ``236`` and ``236.00`` for the same amount."""
    if isinstance(value, Mapping):
        return {name: _with_decimals(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_with_decimals(member) for member in value]
    return Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _next_token(body: Any) -> str:
    meta = body.get("meta") if isinstance(body, Mapping) else None
    token = meta.get("next_token") if isinstance(meta, Mapping) else None
    return token if isinstance(token, str) else ""


def _is_named(row: Row, type: str, number: str) -> bool:
    is_of_type = str(row.get("type") or type).casefold() == type.casefold()
    return is_of_type and _name(str(row.get("number") or "")) == _name(number)


def _name(number: str) -> tuple[str, int] | str:
    """Series and number, padding aside; the text itself where it has another shape."""
    text = number.strip().upper()
    found = _NUMBER.fullmatch(text)
    return (found["series"], int(found["number"])) if found else text


def _segment(text: str) -> str:
    """An id as one part of a path: whatever it holds, it leads nowhere else."""
    if not text.strip(". "):
        raise Incident(gettext_noop("Falta el identificador en Tandia. No se envió nada."))
    return quote(text, safe="")
