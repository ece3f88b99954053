"""A provider that can do nothing: what a provider does not override, it does not offer. Absent is not failed."""

from collections.abc import Iterator, Sequence
from datetime import date

from cifras.fiscal.document import Kind
from cifras.fiscal.errors import gettext_noop
from cifras.pac.contract import (
    CatalogueRow,
    CertificateFiles,
    CompanyProfile,
    CompanyState,
    Exchange,
    IssuedDocument,
    ListedPage,
    OfficeProfile,
    OfficeState,
    PacAnswer,
    Recorder,
    StatementAnswer,
    TaxIdAnswer,
)
from cifras.pac.errors import NotSupported


class Lacking:
    """Every call of `contract.PacProvider` save `payload`, each of which raises NotSupported under the provider's name."""

    name = ""

    def submit(self, kind: Kind, company_id: str, payload: bytes, *, idempotency_key: str) -> PacAnswer:
        """Not offered."""
        raise self._lack()

    def read(self, kind: Kind, company_id: str, document_id: str) -> PacAnswer:
        """Not offered."""
        raise self._lack()

    def find(self, kind: Kind, company_id: str, number: str) -> Sequence[PacAnswer]:
        """Not offered."""
        raise self._lack()

    def void(self, kind: Kind, company_id: str, document_id: str, reason: str) -> PacAnswer:
        """Not offered."""
        raise self._lack()

    def resend_webhook(
        self, company_id: str, document_id: str, *, url: str, secret: str, user_id: str = ""
    ) -> PacAnswer:
        """Not offered."""
        raise self._lack()

    def send_email(
        self, kind: Kind, company_id: str, document_id: str, *, address: str, message: str
    ) -> PacAnswer:
        """Not offered."""
        raise self._lack()

    def verify_tax_id(self, tax_id: str, contributor: str) -> TaxIdAnswer:
        """Not offered."""
        raise self._lack()

    def goods_and_services(self, company_id: str) -> Sequence[CatalogueRow]:
        """Not offered."""
        raise self._lack()

    def locations(self) -> Sequence[CatalogueRow]:
        """Not offered."""
        raise self._lack()

    def find_company(self, tax_id: str) -> CompanyState | None:
        """Not offered."""
        raise self._lack()

    def create_company(self, profile: CompanyProfile) -> CompanyState:
        """Not offered."""
        raise self._lack()

    def read_company(self, company_id: str) -> CompanyState:
        """Not offered."""
        raise self._lack()

    def replace_certificates(self, company_id: str, files: CertificateFiles) -> CompanyState:
        """Not offered."""
        raise self._lack()

    def request_affiliation(self, company_id: str) -> CompanyState:
        """Not offered."""
        raise self._lack()

    def finish_affiliation(self, company_id: str) -> CompanyState:
        """Not offered."""
        raise self._lack()

    def offices(self, company_id: str) -> Sequence[OfficeState]:
        """Not offered."""
        raise self._lack()

    def create_office(self, company_id: str, profile: OfficeProfile) -> OfficeState:
        """Not offered."""
        raise self._lack()

    def statement(
        self, company_id: str, from_date: date, to_date: date, *, by_day: bool = False
    ) -> StatementAnswer:
        """Not offered."""
        raise self._lack()

    def statement_all_companies(self, from_date: date, to_date: date) -> StatementAnswer:
        """Not offered."""
        raise self._lack()

    def list_documents(
        self, kind: Kind, company_id: str, from_date: date, to_date: date
    ) -> Iterator[PacAnswer]:
        """Not offered."""
        raise self._lack()

    def page_of_issued(self, company_id: str, *, token: str = "", since: date | None = None) -> ListedPage:
        """Not offered."""
        raise self._lack()

    def issued_document(self, company_id: str, document_id: str) -> IssuedDocument:
        """Not offered."""
        raise self._lack()

    def _lack(self) -> NotSupported:
        return NotSupported(gettext_noop("{provider} no ofrece esa operación."), provider=self.name)


class Hearing:
    """A recorder that remembers the last exchange, for clients whose calls answer no more than what was said."""

    def __init__(self, recorder: Recorder | None) -> None:
        self._recorder = recorder
        self.last: Exchange | None = None

    def __call__(self, exchange: Exchange) -> None:
        """Keep it, and pass it on."""
        self.last = exchange
        if self._recorder:
            self._recorder(exchange)

    @property
    def exchange_id(self) -> str:
        """The last exchange's id, empty before the first."""
        return self.last.exchange_id if self.last else ""

    @property
    def text(self) -> str:
        """The last answer, masked as the ledger has it."""
        return self.last.response_body if self.last else ""
