"""`PacService`: every endpoint of Alanube's paper, and the look-ups that others have observed (contract wire.md).

Calls take the company's id first. Each answers a `PacAnswer` or raises a `PacError` (see `cifras.pac.errors`). No call decides
whether to repeat a write that may have been done: that is the caller's.
"""

import warnings
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Unpack
from urllib.parse import quote

from cifras.fiscal.errors import gettext_noop
from cifras.pac.alanube import complaints, reading
from cifras.pac.alanube.complaints import Act
from cifras.pac.contract import PacAnswer
from cifras.pac.errors import Incident, NotFound, NotSupported, Refused, Unsettled
from cifras.pac.masking import masked_url
from cifras.pac.payload import to_bytes
from cifras.pac.transport import Answer, Transport, TransportOptions

_PREFIX = "/pan/v1"
_CHECK_DIGIT_NUMBERS = {"NATURAL": "1", "JURIDICO": "2"}
_PAGE_SIZE = 100
_MOST_PAGES = 50
_MOST_PAGES_OF_DAYS = 2_000

Payload = Mapping[str, Any] | bytes


class PacService:
    """Alanube over HTTP. Times are seconds; nothing is read from the environment or from Django."""

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        check_digit_type: str = "words",
        legacy_cancel_path: str = "",
        **options: Unpack[TransportOptions],
    ) -> None:
        self.base_url = base_url.rstrip("/").removesuffix(_PREFIX)
        self._check_digit_type = check_digit_type
        self._legacy_cancel_path = legacy_cancel_path
        self._http = Transport(
            self.base_url + _PREFIX,
            {"Authorization": f"Bearer {api_key}", "Accept": "application/json"},
            **options,
        )

    def __repr__(self) -> str:
        return f"PacService({masked_url(self.base_url)!r})"

    # Documents

    def generate_invoice(self, company_id: str, payload: Payload, *, idempotency_key: str = "") -> PacAnswer:
        """Issue an invoice. Bytes leave as they are."""
        return self._create("generate_invoice", "/invoices", company_id, payload, idempotency_key)

    def generate_credit_note(
        self, company_id: str, payload: Payload, *, idempotency_key: str = ""
    ) -> PacAnswer:
        """Issue a credit note. Bytes leave as they are."""
        return self._create("generate_credit_note", "/credit-notes", company_id, payload, idempotency_key)

    def get_invoice(self, company_id: str, document_id: str, *, documents: str = "pdf") -> PacAnswer:
        """Read an invoice, with the short-lived address of its PDF."""
        return self._read("get_invoice", "/invoices", company_id, document_id, documents)

    def get_credit_note(self, company_id: str, document_id: str, *, documents: str = "pdf") -> PacAnswer:
        """Read a credit note, with the short-lived address of its PDF."""
        return self._read("get_credit_note", "/credit-notes", company_id, document_id, documents)

    def void_invoice(self, company_id: str, document_id: str, reason: str) -> PacAnswer:
        """Void an authorised invoice: a DELETE with a JSON body. `reason` has 15 to 1000 characters."""
        return self._void("void_invoice", "/invoices", company_id, document_id, reason)

    def void_credit_note(self, company_id: str, document_id: str, reason: str) -> PacAnswer:
        """Void an authorised credit note, as `void_invoice`."""
        return self._void("void_credit_note", "/credit-notes", company_id, document_id, reason)

    def cancel_invoice(self, company_id: str, document_id: str, reason: str) -> PacAnswer:
        """The older cancel endpoint, for data flows not yet moved; its path is the operator's (PAC_LEGACY_CANCEL_PATH)."""
        warnings.warn("cancel_invoice is deprecated: use void_invoice", DeprecationWarning, stacklevel=2)
        if not self._legacy_cancel_path:
            raise NotSupported(
                gettext_noop("La dirección de la cancelación antigua no está configurada: use void_invoice.")
            )
        path = "/" + self._legacy_cancel_path.strip("/").removeprefix("pan/v1/")
        body = {"documentId": document_id, "reason": reason}
        return self._post("cancel_invoice", path, body, _of(company_id), act=Act.VOID)

    def find_documents(
        self, company_id: str, path: str, number: str
    ) -> Iterator[tuple[Mapping[str, Any], Answer]]:
        """Every row of the list at `path` ("/invoices", "/credit-notes") filtered by number, page after page.

        Raises NotSupported where there is no such list, or where it does not come to an end.
        """
        return self._pages("find_documents", company_id, path, {"documentNumber": number})

    def list_documents(
        self, company_id: str, path: str, from_date: date, to_date: date
    ) -> Iterator[tuple[Mapping[str, Any], Answer]]:
        """Every row of the list at `path` issued between two days, page after page. Raises as `find_documents`."""
        days = {"start": str(from_date), "end": str(to_date)}
        return self._pages("list_documents", company_id, path, days, most=_MOST_PAGES_OF_DAYS)

    # Notifications

    def notify_webhook(
        self, company_id: str, document_id: str, *, url: str, secret: str, user_id: str = ""
    ) -> PacAnswer:
        """Have the webhook of one document sent again to `url`, signed with `secret`."""
        body = {"documentId": document_id, "webhookUrl": url, "userId": user_id, "webhookSecret": secret}
        path = "/documents/notify-webhook"
        return self._post("notify_webhook", path, _given(body), _of(company_id), act=Act.DOCUMENT)

    def notify_email(
        self,
        company_id: str,
        document_id: str,
        *,
        mail: str,
        message: str = "",
        document_type: str = "invoice",
    ) -> PacAnswer:
        """Have the document's PDF sent to an address. `document_type` is invoice or credit-note."""
        body = {"documentId": document_id, "mail": mail, "message": message, "documentType": document_type}
        path = "/documents/notify-email"
        return self._post("notify_email", path, _given(body), _of(company_id), act=Act.DOCUMENT)

    # Verification and catalogues

    def check_digit(self, ruc: str, contributor: str) -> PacAnswer:
        """The DV and receiver type of a RUC. `contributor` is NATURAL or JURIDICO. Raises Refused for an unknown RUC."""
        word = contributor.upper()
        kind = _CHECK_DIGIT_NUMBERS.get(word, word) if self._check_digit_type == "numbers" else word
        answer = self._http.get("check_digit", "/check-digit", params={"ruc": ruc, "type": kind})
        if answer.status == 404:
            raise Refused(
                status=answer.status,
                problems=tuple(complaints.problems_of(answer.body)),
                body=answer.body,
                exchange_id=answer.exchange_id,
            )
        return self._plain(answer)

    def goods_and_services(self, company_id: str) -> PacAnswer:
        """The CPBS catalogue; `body` is the list of rows."""
        params = _of(company_id)
        answer = self._http.get("goods_and_services", "/goods-and-services", params=params)
        if answer.status == 404:
            answer = self._http.get("goods_and_services", "/dgi/goods-and-services", params=params)
        return self._plain(answer)

    def dgi_catalogue(self, name: str) -> PacAnswer:
        """One of the DGI's code tables, such as ``locations``; `body` is the list of rows."""
        return self._plain(self._http.get("dgi_catalogue", f"/dgi/{name}"))

    # Companies and offices

    def create_company(self, payload: Payload) -> PacAnswer:
        """Register a company with its certificate."""
        return self._post("create_company", "/companies", payload)

    def get_company(self, company_id: str) -> PacAnswer:
        """One company; its `affiliated` tells whether it may issue."""
        return self._plain(self._http.get("get_company", _company_path(company_id)), Act.DOCUMENT)

    def list_companies(self, *, page: int = 1) -> PacAnswer:
        """The companies of the key. Raises NotSupported when there is no such list."""
        return self._plain(self._list("list_companies", "/companies", {"page": page} if page > 1 else {}))

    def update_company(self, company_id: str, changes: Mapping[str, Any]) -> PacAnswer:
        """Change some members of a company."""
        path = _company_path(company_id)
        return self._plain(
            self._http.write("update_company", "PATCH", path, body=to_bytes(changes)), Act.DOCUMENT
        )

    def affiliate(self, company_id: str, affiliation_type: int) -> PacAnswer:
        """3 asks for the QR the customer scans, 1 finishes. A GET with side effects: repeated only while nothing left."""
        params = {**_of(company_id), "affiliationType": affiliation_type}
        return self._plain(self._http.write("affiliate", "GET", "/company-affiliate", params=params))

    def list_offices(self, company_id: str) -> PacAnswer:
        """The branches of a company. Raises NotSupported when there is no such list, NotFound for an unknown company."""
        return self._plain(
            self._list("list_offices", f"{_company_path(company_id)}/offices", {}, Act.DOCUMENT)
        )

    def create_office(self, company_id: str, payload: Mapping[str, Any]) -> PacAnswer:
        """Add a branch; where the main one may not be added it is changed instead (contract wire.md 11 and 14)."""
        path = _company_path(company_id)
        try:
            return self._post("create_office", f"{path}/offices", payload)
        except (Refused, Incident) as error:
            if payload.get("type") != "main" or error.status in {401, 403}:
                raise
            answer = self._http.write("update_main_office", "PATCH", f"{path}/office", body=to_bytes(payload))
            if not answer.is_success:
                raise
            return self._plain(answer)

    # Reports

    def documents_report(
        self,
        company_id: str,
        from_date: date | str,
        to_date: date | str,
        *,
        doc_type: str | None = None,
        legal_status: str | None = None,
        group_by: str | None = None,
    ) -> PacAnswer:
        """Counts and totals of one company between two days, both included. `body` is as received."""
        params = {
            **_of(company_id),
            "from": str(from_date),
            "to": str(to_date),
            "docType": doc_type,
            "legalStatus": legal_status,
            "groupBy": group_by,
        }
        return self._plain(self._http.get("documents_report", "/reports/documents", params=_given(params)))

    def documents_report_all_companies(
        self, from_date: date | str, to_date: date | str, *, legal_status: str | None = None
    ) -> PacAnswer:
        """The same over every company of the key."""
        params = _given({"from": str(from_date), "to": str(to_date), "legalStatus": legal_status})
        path = "/reports/documents/all-companies"
        return self._plain(self._http.get("documents_report_all_companies", path, params=params))

    # One step below

    def _create(
        self, operation: str, path: str, company_id: str, payload: Payload, idempotency_key: str
    ) -> PacAnswer:
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        answer = self._http.write(
            operation, "POST", path, params=_of(company_id), body=_bytes(payload), headers=headers
        )
        complaints.require_success(answer, Act.CREATE)
        return reading.answer_about_document(reading.require_object(answer))

    def _read(
        self, operation: str, path: str, company_id: str, document_id: str, documents: str
    ) -> PacAnswer:
        params = _given({**_of(company_id), "documents": documents})
        answer = self._http.get(operation, f"{path}/{_segment(document_id)}", params=params)
        complaints.require_success(answer, Act.DOCUMENT)
        return reading.answer_about_document(reading.require_object(answer))

    def _void(self, operation: str, path: str, company_id: str, document_id: str, reason: str) -> PacAnswer:
        body = to_bytes({"reason": reason})
        answer = self._http.write(
            operation, "DELETE", f"{path}/{_segment(document_id)}", params=_of(company_id), body=body
        )
        return reading.answer_about_document(complaints.require_success(answer, Act.VOID))

    def _post(
        self,
        operation: str,
        path: str,
        payload: Payload,
        params: Mapping[str, Any] | None = None,
        *,
        act: Act = Act.OTHER,
    ) -> PacAnswer:
        return self._plain(
            self._http.write(operation, "POST", path, params=params, body=_bytes(payload)), act
        )

    def _pages(
        self,
        operation: str,
        company_id: str,
        path: str,
        filters: Mapping[str, str],
        *,
        most: int = _MOST_PAGES,
    ) -> Iterator[tuple[Mapping[str, Any], Answer]]:
        seen: set[int] = set()  # by their hashes: a list may be long
        for page in range(1, most + 1):
            params = {**_of(company_id), **filters, "limit": _PAGE_SIZE, "page": page}
            answer = self._list(operation, path, params)
            rows = reading.rows_of(answer.body, "documents")
            if rows is None:
                raise NotSupported(status=answer.status, body=answer.body, exchange_id=answer.exchange_id)
            new = [row for row in rows if hash(repr(row)) not in seen]
            yield from ((row, answer) for row in new)
            if len(rows) < (reading.page_size(answer.body) or _PAGE_SIZE):
                return
            if not new:
                break
            seen |= {hash(repr(row)) for row in new}
        raise NotSupported(gettext_noop("La lista de documentos del proveedor no termina: no prueba nada."))

    def _list(self, operation: str, path: str, params: Mapping[str, Any], act: Act = Act.OTHER) -> Answer:
        """A list that not every account has. The transport, which repeats what is transient, gives a 501 as UNKNOWN."""
        try:
            answer = self._http.get(operation, path, params=params)
        except Unsettled as error:
            if error.status != 501:
                raise
            raise NotSupported(status=501, exchange_id=error.exchange_id) from error
        is_missing = answer.status == 404 and act is Act.OTHER
        if is_missing or answer.status == 405:
            raise NotSupported(status=answer.status, exchange_id=answer.exchange_id)
        return complaints.require_success(answer, act)

    def _plain(self, answer: Answer, act: Act = Act.OTHER) -> PacAnswer:
        """An answer that is no document: its body as received."""
        complaints.require_success(answer, act)
        message = answer.body.get("message", "") if isinstance(answer.body, Mapping) else ""
        return PacAnswer(
            http_status=answer.status,
            message=message if isinstance(message, str) else "",
            body=answer.body,
            raw_text=answer.text,
            exchange_id=answer.exchange_id,
        )


def _bytes(payload: Payload) -> bytes:
    return payload if isinstance(payload, bytes) else to_bytes(payload)


def _given(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in params.items() if value not in (None, "")}


def _of(company_id: str) -> dict[str, str]:
    """In whose name a call is made. Without it the main company of the key would act: never let that happen unseen."""
    if not company_id.strip():
        raise Incident(
            gettext_noop("La empresa no tiene identificador en Alanube (pac_company_id). No se envió nada.")
        )
    return {"idCompany": company_id}


def _company_path(company_id: str) -> str:
    return f"/companies/{_segment(_of(company_id)['idCompany'])}"


def _segment(identifier: str) -> str:
    """An id as one part of a path: whatever it holds, it leads nowhere else. Raises NotFound for one that names nothing."""
    if not identifier.strip(". "):
        raise NotFound
    return quote(identifier, safe="")
