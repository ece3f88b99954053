"""Alanube as the house asks for a provider: `PacService` behind `contract.PacProvider`."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, cast

from cifras.fiscal import cufe
from cifras.fiscal.document import DocumentDraft, Kind
from cifras.fiscal.ruc import panama as ruc_rules
from cifras.fiscal.totals import Rounding
from cifras.pac.alanube import reading
from cifras.pac.alanube.factory import PacCreditNoteFactory, PacInvoiceFactory
from cifras.pac.alanube.service import PacService
from cifras.pac.alanube.statement import read_statement
from cifras.pac.contract import (
    Account,
    CatalogueRow,
    CertificateFiles,
    CompanyProfile,
    CompanyState,
    OfficeProfile,
    OfficeState,
    PacAnswer,
    Recorder,
    StatementAnswer,
    TaxIdAnswer,
)
from cifras.pac.errors import NotFound, NotSupported, Refused, Unsettled
from cifras.pac.lacking import Lacking
from cifras.pac.payload import to_bytes
from cifras.pac.transport import Answer

_PATHS = {Kind.INVOICE: "/invoices", Kind.CREDIT: "/credit-notes"}
_MAIL_TYPES = {Kind.INVOICE: "invoice", Kind.CREDIT: "credit-note"}
_QR_FIRST, _FINISH = 3, 1
_DAYS = "day,docType,legalStatus"
_MOST_READS = 25  # rows of a list that tell no number, read one by one
_MOST_PAGES = 50
_CONTRIBUTOR_NUMBERS = {"NATURAL": 1, "JURIDICO": 2}


class AlanubeProvider(Lacking):
    """One account at Alanube."""

    name = "Alanube"

    def __init__(self, account: Account, recorder: Recorder | None = None, correlation_id: str = "") -> None:
        self._options = account.options
        self.service = PacService(
            account.base_url,
            account.token,
            connect_timeout=account.connect_timeout,
            read_timeout=account.read_timeout,
            total_timeout=account.total_timeout,
            retry_wait=account.retry_wait,
            proxy_url=account.proxy_url,
            recorder=recorder,
            correlation_id=correlation_id,
            check_digit_type=account.options.get("check_digit_type", "words"),
            legacy_cancel_path=account.options.get("legacy_cancel_path", ""),
        )

    def payload(self, draft: DocumentDraft) -> bytes:
        """The exact bytes for `draft`; no network."""
        factory = PacInvoiceFactory if draft.kind is Kind.INVOICE else PacCreditNoteFactory
        rounding = cast(Rounding, self._options.get("itbms_rounding", "line"))
        return to_bytes(factory(draft, itbms_rounding=rounding).build())

    def submit(self, kind: Kind, company_id: str, payload: bytes, *, idempotency_key: str) -> PacAnswer:
        """Post a document."""
        call = self.service.generate_invoice if kind is Kind.INVOICE else self.service.generate_credit_note
        return call(company_id, payload, idempotency_key=idempotency_key)

    def read(self, kind: Kind, company_id: str, document_id: str) -> PacAnswer:
        """The document with the addresses of its files."""
        call = self.service.get_invoice if kind is Kind.INVOICE else self.service.get_credit_note
        return call(company_id, document_id)

    def find(self, kind: Kind, company_id: str, number: str) -> Sequence[PacAnswer]:
        """Every document under `number`. The filter is INFERRED: an answer that ignores it proves no absence."""
        found: list[PacAnswer] = []
        is_filtered, reads_left = True, _MOST_READS
        rows = self.service.find_documents(company_id, _PATHS[kind], number)
        try:
            for row, answer in rows:
                document = reading.listed_document(row, answer)
                if not _number_of(document) and document.document_id and reads_left:
                    reads_left -= 1
                    document = self._read_again(kind, company_id, document)
                if _number_of(document).lstrip("0") == number.lstrip("0"):
                    found.append(document)
                else:
                    is_filtered = False
        except NotSupported:
            if not found:
                raise
        if not found and not is_filtered:
            raise NotSupported
        return found

    def void(self, kind: Kind, company_id: str, document_id: str, reason: str) -> PacAnswer:
        """Void a document."""
        call = self.service.void_invoice if kind is Kind.INVOICE else self.service.void_credit_note
        return call(company_id, document_id, reason)

    def resend_webhook(
        self, company_id: str, document_id: str, *, url: str, secret: str, user_id: str = ""
    ) -> PacAnswer:
        """Have a document's webhook sent again."""
        return self.service.notify_webhook(company_id, document_id, url=url, secret=secret, user_id=user_id)

    def send_email(
        self, kind: Kind, company_id: str, document_id: str, *, address: str, message: str
    ) -> PacAnswer:
        """Have a document's PDF mailed."""
        return self.service.notify_email(
            company_id, document_id, mail=address, message=message, document_type=_MAIL_TYPES[kind]
        )

    def verify_tax_id(self, tax_id: str, contributor: str) -> TaxIdAnswer:
        """DV and receiver type. Raises Refused for an unknown RUC."""
        answer = self.service.check_digit(tax_id, contributor)
        body = answer.body if isinstance(answer.body, Mapping) else {}
        dv = reading.text_of(body, "checkDigit")
        return TaxIdAnswer(
            dv=dv.zfill(2) if dv else "",
            receiver=reading.text_of(body, "receiver"),
            body=answer.body,
            exchange_id=answer.exchange_id,
        )

    def goods_and_services(self, company_id: str) -> Sequence[CatalogueRow]:
        """The CPBS."""
        return _catalogue(self.service.goods_and_services(company_id))

    def locations(self) -> Sequence[CatalogueRow]:
        """The DGI's places."""
        return _catalogue(self.service.dgi_catalogue("locations"))

    def find_company(self, tax_id: str) -> CompanyState | None:
        """The company of a RUC; None is proof of absence. Raises NotSupported where there is no list."""
        wanted = ruc_rules.compact(tax_id)
        for page in range(1, _MOST_PAGES + 1):
            answer = self.service.list_companies(page=page)
            rows = reading.rows_of(answer.body, "companies")
            if rows is None:
                break
            for row in rows:
                state = reading.company_state(_as_answer(answer), row)
                if _is_same_ruc(state.ruc, wanted):
                    return replace(state, ruc=wanted)
            if not reading.has_more(answer.body, len(rows)):
                return None
        raise NotSupported(body=answer.body, exchange_id=answer.exchange_id)

    def create_company(self, profile: CompanyProfile) -> CompanyState:
        """Register a company, in the flat or the nested body (option company_body). Without an id in the answer: UNKNOWN."""
        nested = self._options.get("company_body") == "nested"
        payload = _nested_company(profile) if nested else _flat_company(profile)
        state = reading.company_state(_as_answer(self.service.create_company(payload)))
        if not state.company_id:
            raise Unsettled(body=state.body, exchange_id=state.exchange_id)
        return state

    def read_company(self, company_id: str) -> CompanyState:
        """The company with its affiliation."""
        return reading.company_state(_as_answer(self.service.get_company(company_id)))

    def replace_certificates(self, company_id: str, files: CertificateFiles) -> CompanyState:
        """Change the company's certificates: the nested members, the only ones seen in a change (contract wire.md 9)."""
        changes = {"certificates": _certificates(files)}
        return reading.company_state(_as_answer(self.service.update_company(company_id, changes)))

    def request_affiliation(self, company_id: str) -> CompanyState:
        """Ask for the QR the customer scans."""
        return reading.company_state(_as_answer(self.service.affiliate(company_id, _QR_FIRST)))

    def finish_affiliation(self, company_id: str) -> CompanyState:
        """Finish after the scan."""
        return reading.company_state(_as_answer(self.service.affiliate(company_id, _FINISH)))

    def offices(self, company_id: str) -> Sequence[OfficeState]:
        """The company's branches."""
        answer = self.service.list_offices(company_id)
        rows = reading.rows_of(answer.body, "offices")
        if rows is None:
            raise NotSupported(body=answer.body, exchange_id=answer.exchange_id)
        return [reading.office_state(_as_answer(answer), row) for row in rows]

    def create_office(self, company_id: str, profile: OfficeProfile) -> OfficeState:
        """Add a branch. Without an id in the answer: UNKNOWN."""
        payload = {
            "code": profile.code,
            "type": "main" if profile.is_main else "associated",
            "coordinates": profile.coordinates,
            "address": profile.address,
            "telephone": profile.telephone,
            "location": profile.location,
            **({"email": profile.email} if profile.email else {}),
        }
        state = reading.office_state(_as_answer(self.service.create_office(company_id, payload)))
        if not state.office_id:
            raise Unsettled(body=state.body, exchange_id=state.exchange_id)
        return state

    def statement(
        self, company_id: str, from_date: date, to_date: date, *, by_day: bool = False
    ) -> StatementAnswer:
        """The counts of one company. The values of groupBy are INFERRED: where they are refused, days are not told apart."""
        if by_day:
            try:
                return _statement(
                    self.service.documents_report(company_id, from_date, to_date, group_by=_DAYS), company_id
                )
            except Refused:
                pass
        return _statement(self.service.documents_report(company_id, from_date, to_date), company_id)

    def statement_all_companies(self, from_date: date, to_date: date) -> StatementAnswer:
        """The counts of every company of the key."""
        return _statement(self.service.documents_report_all_companies(from_date, to_date))

    def list_documents(
        self, kind: Kind, company_id: str, from_date: date, to_date: date
    ) -> Iterator[PacAnswer]:
        """The documents of some days. The filters are INFERRED: rows of other days may be among them."""
        for row, answer in self.service.list_documents(company_id, _PATHS[kind], from_date, to_date):
            yield reading.listed_document(row, answer)

    def _read_again(self, kind: Kind, company_id: str, document: PacAnswer) -> PacAnswer:
        """A row that tells neither number nor CUFE, read by its id to learn them."""
        try:
            return self.read(kind, company_id, document.document_id)
        except NotFound:
            return document


def _statement(answer: PacAnswer, company_id: str = "") -> StatementAnswer:
    rows = read_statement(answer.body, company_id=company_id)
    if rows is None:
        raise Unsettled(status=answer.http_status, body=answer.body, exchange_id=answer.exchange_id)
    return StatementAnswer(rows, answer.raw_text, answer.exchange_id)


def _catalogue(answer: PacAnswer) -> list[CatalogueRow]:
    """The rows of a code table. An answer that is no list of rows, or only a part of it, raises Unsettled."""
    rows = reading.rows_of(answer.body)
    if rows is None or reading.has_more(answer.body, len(rows)):
        raise Unsettled(body=answer.body, exchange_id=answer.exchange_id)
    return [
        CatalogueRow(
            code=reading.text_of(row, "code", "value"),
            name=reading.text_of(row, "description", "label", "name"),
            unit=reading.text_of(row, "unit"),
        )
        for row in rows
        if reading.text_of(row, "code", "value")
    ]


def _is_same_ruc(theirs: str, wanted: str) -> bool:
    """Whether two RUCs are one, whatever their case and blanks. Dashes count only where both have them."""
    if not theirs.strip(" 0"):
        return False
    found = ruc_rules.compact(theirs)
    return found == wanted or ("-" not in found and found == wanted.replace("-", ""))


def _number_of(document: PacAnswer) -> str:
    said = cufe.read(document.cufe)
    return said.number if said else document.number


def _as_answer(answer: PacAnswer) -> Answer:
    return Answer(answer.http_status, {}, answer.raw_text, answer.body, answer.exchange_id)


def _flat_company(profile: CompanyProfile) -> dict[str, Any]:
    payload = {
        "ruc": profile.ruc,
        "rucType": profile.contributor,
        "checkDigit": profile.dv,
        "tradeName": profile.trade_name or profile.legal_name,
        "certificate": _base64(profile.certificate),
        "certificatePassword": profile.certificate_password,
    }
    return {**payload, "logoUrl": profile.logo_url} if profile.logo_url else payload


def _nested_company(profile: CompanyProfile) -> dict[str, Any]:
    files = CertificateFiles(
        profile.certificate,
        profile.certificate_password,
        profile.authentication_certificate,
        profile.authentication_password,
    )
    payload = {
        "name": profile.legal_name,
        "tradeName": profile.trade_name or profile.legal_name,
        "ruc": profile.ruc,
        "checkDigit": profile.dv,
        "type": "associated",
        "typeRuc": {"code": _CONTRIBUTOR_NUMBERS[profile.contributor]},
        "certificates": _certificates(files),
    }
    return {**payload, "logo": profile.logo_url} if profile.logo_url else payload


def _certificates(files: CertificateFiles) -> dict[str, Any]:
    """Both purposes; where there is one certificate it serves for both."""
    signature = _certificate(files.signature, files.signature_password)
    if not files.authentication:
        return {"signature": signature, "authentication": signature}
    authentication = _certificate(files.authentication, files.authentication_password)
    return {"signature": signature, "authentication": authentication}


def _certificate(content: bytes, password: str) -> dict[str, str]:
    return {"extension": "p12", "password": password, "content": _base64(content)}


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
