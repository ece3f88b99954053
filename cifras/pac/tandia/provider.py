"""Tandia as the house asks for a provider: `TandiaService` behind `contract.PacProvider`.

Documents issued there are listed, found and read; creating one is switched on by the account's option `create_path`. It knows
no report of totals: they are summed from its list, which tells neither currency nor tax.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from cifras.fiscal.document import DocumentDraft, Kind
from cifras.fiscal.lifecycle import LegalStatus
from cifras.pac.contract import (
    Account,
    CompanyState,
    IssuedDocument,
    ListedPage,
    PacAnswer,
    Recorder,
    StatementAnswer,
    StatementRow,
)
from cifras.pac.errors import Returned, Unsettled
from cifras.pac.lacking import Hearing, Lacking
from cifras.pac.payload import to_bytes
from cifras.pac.tandia import factory, issued, reading
from cifras.pac.tandia.service import Pages, TandiaService

_Group = tuple[Kind | None, str, LegalStatus, str, date | None]


class TandiaProvider(Lacking):
    """One account at Tandia. Options: `company_id`, `search_path`, `create_path`."""

    name = "Tandia"

    def __init__(self, account: Account, recorder: Recorder | None = None, correlation_id: str = "") -> None:
        self._company_id = account.options.get("company_id", "")
        self._hearing = Hearing(recorder)
        self.service = TandiaService(
            account.base_url,
            account.token,
            search_path=account.options.get("search_path", "search"),
            create_path=account.options.get("create_path", ""),
            connect_timeout=account.connect_timeout,
            read_timeout=account.read_timeout,
            total_timeout=account.total_timeout,
            retry_wait=account.retry_wait,
            proxy_url=account.proxy_url,
            recorder=self._hearing,
            correlation_id=correlation_id,
        )

    def payload(self, draft: DocumentDraft) -> bytes:
        """The exact bytes for `draft`; no network."""
        return to_bytes(factory.build(draft, self._company_id))

    def submit(self, kind: Kind, company_id: str, payload: bytes, *, idempotency_key: str) -> PacAnswer:
        """Create a document. Raises NotSupported while the account has no `create_path`, Returned where SUNAT took nothing in."""
        row = self.service.create_document(payload, idempotency_key=idempotency_key)
        answer = self._document(row)
        if reading.is_returned(row):
            raise Returned(problems=answer.problems, body=answer.body, exchange_id=answer.exchange_id)
        if not answer.document_id:
            raise Unsettled(body=answer.body, exchange_id=answer.exchange_id)
        return answer

    def read(self, kind: Kind, company_id: str, document_id: str) -> PacAnswer:
        """The whole document, with the addresses of its files."""
        return self._document(self.service.get_document(document_id))

    def find(self, kind: Kind, company_id: str, number: str) -> Sequence[PacAnswer]:
        """The document of a number such as F001-12; empty proves absence."""
        rows = (self.service.find_document(company_id, type, number) for type in _types(kind, number))
        return [self._document(row) for row in rows if row is not None]

    def read_company(self, company_id: str) -> CompanyState:
        """Who may list the company's documents has its token right; nothing more can be asked (contract 4.1)."""
        next(iter(self.service.list_documents(company_id, limit=1)), None)
        return CompanyState(company_id, may_issue=True, exchange_id=self._hearing.exchange_id)

    def statement(
        self, company_id: str, from_date: date, to_date: date, *, by_day: bool = False
    ) -> StatementAnswer:
        """The counts of one company, summed from its list. Raises Unsettled for a list that is not whole."""
        rows = list(
            self._listed(self.service.search_documents(company_id, start_date=from_date, end_date=to_date))
        )
        groups: defaultdict[_Group, list[Decimal | None]] = defaultdict(list)
        for row in rows:
            day = reading.day_of(row) if by_day else None
            word, status = reading.text_of(row, "type"), reading.text_of(row, "status")
            group = (reading.kind_of(row), word, reading.legal_status_of(row), status, day)
            groups[group].append(reading.total_of(row))
        text = json.dumps({"data": rows}, default=str, ensure_ascii=False)
        counted = tuple(_counted(company_id, group, totals) for group, totals in groups.items())
        return StatementAnswer(counted, text, self._hearing.exchange_id)

    def list_documents(
        self, kind: Kind, company_id: str, from_date: date, to_date: date
    ) -> Iterator[PacAnswer]:
        """The documents of a kind between two days."""
        pages = self.service.search_documents(company_id, start_date=from_date, end_date=to_date)
        return (self._document(row) for row in self._listed(pages) if reading.kind_of(row) is kind)

    def page_of_issued(self, company_id: str, *, token: str = "", since: date | None = None) -> ListedPage:
        """One page of the company's list."""
        rows, following = self.service.document_page(company_id, next_token=token, start_date=since)
        return ListedPage(
            tuple(reading.listed(row) for row in rows), following, exchange_id=self._hearing.exchange_id
        )

    def issued_document(self, company_id: str, document_id: str) -> IssuedDocument:
        """The whole document."""
        row = self.service.get_document(document_id)
        return issued.document_of(row, self._document(row))

    def _listed(self, pages: Pages) -> Iterator[Mapping[str, Any]]:
        yield from pages
        if not pages.is_complete:
            raise Unsettled(exchange_id=self._hearing.exchange_id)

    def _document(self, row: Mapping[str, Any]) -> PacAnswer:
        return reading.document_of(row, exchange_id=self._hearing.exchange_id, raw_text=self._hearing.text)


def _types(kind: Kind, number: str) -> Sequence[str]:
    """Under which of Tandia's types a number may be: a factura's series begins with F, a boleta's with B."""
    if kind is Kind.CREDIT:
        return (reading.CREDIT_NOTE,)
    types = {"F": (reading.INVOICE,), "B": (reading.RECEIPT,)}
    return types.get(number[:1].upper(), (reading.INVOICE, reading.RECEIPT))


def _counted(company_id: str, group: _Group, totals: Sequence[Decimal | None]) -> StatementRow:
    kind, word, legal_status, status, day = group
    known = [total for total in totals if total is not None]
    return StatementRow(
        count=len(totals),
        total=sum(known, Decimal(0)) if len(known) == len(totals) else None,
        kind=kind,
        raw_kind=word,
        legal_status=legal_status or None,
        raw_legal_status=status,
        day=day,
        company_id=company_id,
    )
