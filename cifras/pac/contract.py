"""What the house asks of a provider, in the house's words.

A provider's folder turns these calls into its own dialect and its answers into `PacAnswer`; wire words stop there. What a
provider cannot do is a missing `Capability`, never a test of its name.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum, auto
from typing import Any, Protocol

from cifras.fiscal.document import DocumentDraft, Instalment, Kind, Party, PaymentTime
from cifras.fiscal.errors import RuleBroken
from cifras.fiscal.lifecycle import LegalStatus
from cifras.fiscal.voiding import CalendarDays, Hours
from cifras.pac.companies import CertificateFiles as CertificateFiles
from cifras.pac.companies import CompanyProfile as CompanyProfile
from cifras.pac.companies import CompanyState as CompanyState
from cifras.pac.companies import OfficeProfile as OfficeProfile
from cifras.pac.companies import OfficeState as OfficeState
from cifras.pac.errors import Problem


class Capability(StrEnum):
    """What a provider can do."""

    ISSUE_INVOICE = auto()
    ISSUE_CREDIT = auto()
    VOID_INVOICE = auto()
    VOID_CREDIT = auto()
    FIND_BY_NUMBER = auto()
    REPEAT_IS_REFUSED = auto()
    PDF = auto()
    XML = auto()
    WEBHOOK = auto()
    RESEND_WEBHOOK = auto()
    EMAIL = auto()
    VERIFY_TAX_ID = auto()
    CATALOGUE = auto()
    LOCATIONS = auto()
    ONBOARD = auto()
    REPLACE_CERTIFICATE = auto()
    STATEMENT = auto()
    MIRROR = auto()


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and what came back, masked, ready for the ledger. `duration_ms` is wall time in milliseconds."""

    exchange_id: str
    correlation_id: str
    operation: str
    method: str
    url: str
    request_headers: Mapping[str, str]
    request_body: str
    started_at: datetime
    duration_ms: int
    status: int | None = None
    response_headers: Mapping[str, str] = field(default_factory=dict)
    response_body: str = ""
    error: str = ""
    attempt: int = 1


Recorder = Callable[[Exchange], None]


@dataclass(frozen=True, slots=True)
class PacAnswer:
    """A provider's answer in our words. What the answer did not carry is empty; `body` is the parsed answer as received."""

    http_status: int = 200
    document_id: str = ""
    legal_status: LegalStatus = LegalStatus.NONE
    raw_legal_status: str = ""
    processing_status: str = ""
    cufe: str = ""
    number: str = ""
    issue_date: str = ""
    receiver_name: str = ""
    receiver_tax_id: str = ""
    total: str = ""
    currency: str = ""
    line_count: int | None = None
    is_void: bool | None = None
    protocol: str = ""
    qr: str = ""
    pdf_url: str = ""
    xml_url: str = ""
    cdr_url: str = ""
    message: str = ""
    problems: tuple[Problem, ...] = ()
    body: Any = None
    raw_text: str = field(default="", repr=False)
    exchange_id: str = ""


@dataclass(frozen=True, slots=True)
class ListedDocument:
    """A document as a provider's list shows it: enough to know that it exists. `kind` is None for what we do not keep."""

    document_id: str
    company_id: str = ""
    kind: Kind | None = None
    raw_kind: str = ""
    number: str = ""
    issue_date: str = ""
    total: str = ""
    raw_legal_status: str = ""


@dataclass(frozen=True, slots=True)
class ListedPage:
    """One page of such a list; without `next_token` it is the last one. `exchange_id` names the answer."""

    rows: tuple[ListedDocument, ...]
    next_token: str = ""
    exchange_id: str = ""


@dataclass(frozen=True, slots=True)
class IssuedLine:
    """A line as it was issued, its amounts as stated. `unit_price` before tax, `tax_rate` a percentage."""

    description: str
    quantity: Decimal
    unit_price: Decimal
    tax_rate: Decimal
    net: Decimal
    tax: Decimal
    total: Decimal
    code: str = ""
    unit: str = ""
    affectation: str = ""


@dataclass(frozen=True, slots=True)
class IssuedReference:
    """The document that a note takes from, as the note names it; `document_type` is the authority's code."""

    document_type: str
    series: str
    number: int


@dataclass(frozen=True, slots=True)
class IssuedDocument:
    """A document that was issued at the provider without us, whole: amounts as stated, none computed here.

    `document_type` is the authority's code, empty for what we do not keep. `issuer_tax_id` and `company_id` say whose it is;
    what the answer did not tell is empty. `net`, `taxes` and `total` are None where they are not stated. `answer` carries
    the legal word, the files and the answer itself.
    """

    answer: PacAnswer
    kind: Kind | None = None
    raw_kind: str = ""
    document_type: str = ""
    series: str = ""
    number: int = 0
    company_id: str = ""
    issuer_tax_id: str = ""
    issued_at: datetime | None = None
    currency: str = ""
    external_id: str = ""
    notes: str = ""
    receiver: Party | None = None
    payment_time: PaymentTime | None = None
    net: Decimal | None = None
    taxes: Mapping[str, Decimal] = field(default_factory=dict)
    total: Decimal | None = None
    lines: tuple[IssuedLine, ...] = ()
    instalments: tuple[Instalment, ...] = ()
    reason_code: str = ""
    reason: str = ""
    reference: IssuedReference | None = None


@dataclass(frozen=True, slots=True)
class PacEvent:
    """A webhook in our words: a hint that something happened to a document, never the truth itself."""

    document_id: str = ""
    raw_legal_status: str = ""
    cufe: str = ""
    number: str = ""
    message: str = ""
    is_probe: bool = False


@dataclass(frozen=True, slots=True)
class TaxIdAnswer:
    """A provider's answer about a tax id. `receiver` is its own word (CONTRIBUYENTE, GOBIERNO, ...)."""

    dv: str = ""
    receiver: str = ""
    body: Any = None
    exchange_id: str = ""


@dataclass(frozen=True, slots=True)
class CatalogueRow:
    """One row of a code table that the provider serves. `unit` only where the table has one."""

    code: str
    name: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class StatementRow:
    """One group of a provider's own counts: gross, unsigned, voided documents included.

    What the provider did not tell apart is None or empty; a word that we don't know is kept beside it. `total` is None where
    only a count was given.
    """

    count: int
    total: Decimal | None = None
    kind: Kind | None = None
    raw_kind: str = ""
    legal_status: LegalStatus | None = None
    raw_legal_status: str = ""
    day: date | None = None
    company_id: str = ""


@dataclass(frozen=True, slots=True)
class StatementAnswer:
    """A provider's counts, and the answer that says so, verbatim."""

    rows: tuple[StatementRow, ...]
    raw_text: str = field(default="", repr=False)
    exchange_id: str = ""


@dataclass(frozen=True, slots=True)
class ReasonLimits:
    """How long the reason of a void must be, in characters after trimming."""

    minimum: int = 15
    maximum: int = 1000


@dataclass(frozen=True, slots=True)
class Account:
    """Where and as whom to speak: address, token and time limits in seconds. Built from settings and the tenant."""

    base_url: str
    token: str = field(repr=False)
    connect_timeout: float = 5
    read_timeout: float = 30
    total_timeout: float = 60
    retry_wait: tuple[float, float] = (2, 10)
    proxy_url: str = ""
    options: Mapping[str, str] = field(default_factory=dict)


class PacProvider(Protocol):
    """The calls the services make. Every one may raise `PacError`; `company_id` is the tenant's id at the provider."""

    def payload(self, draft: DocumentDraft) -> bytes:
        """The exact bytes that will leave for `draft`; pure, no network."""

    def submit(self, kind: Kind, company_id: str, payload: bytes, *, idempotency_key: str) -> PacAnswer: ...

    def read(self, kind: Kind, company_id: str, document_id: str) -> PacAnswer:
        """The document with its files' addresses."""

    def find(self, kind: Kind, company_id: str, number: str) -> Sequence[PacAnswer]:
        """Every document the provider holds under `number`, whatever its billing point; empty proves absence.

        Raises NotSupported where the provider cannot be asked (404, 405, 501, or a filter it does not honour).
        """

    def void(self, kind: Kind, company_id: str, document_id: str, reason: str) -> PacAnswer:
        """Ask for the void. `is_void` False in the answer: it was taken, and the authority has not spoken yet."""

    def resend_webhook(
        self, company_id: str, document_id: str, *, url: str, secret: str, user_id: str = ""
    ) -> PacAnswer: ...

    def send_email(
        self, kind: Kind, company_id: str, document_id: str, *, address: str, message: str
    ) -> PacAnswer: ...

    def verify_tax_id(self, tax_id: str, contributor: str) -> TaxIdAnswer:
        """Raises Refused when the authority does not know the tax id."""

    def goods_and_services(self, company_id: str) -> Sequence[CatalogueRow]:
        """The CPBS, the codes that the government wants on its lines."""

    def locations(self) -> Sequence[CatalogueRow]:
        """The places of the country, named from the largest to the smallest part."""

    def find_company(self, tax_id: str) -> CompanyState | None: ...

    def create_company(self, profile: CompanyProfile) -> CompanyState: ...

    def read_company(self, company_id: str) -> CompanyState: ...

    def replace_certificates(self, company_id: str, files: CertificateFiles) -> CompanyState:
        """Hand over other certificates; repeating it with the same ones changes nothing."""

    def request_affiliation(self, company_id: str) -> CompanyState:
        """Asks for the code the customer scans."""

    def finish_affiliation(self, company_id: str) -> CompanyState: ...

    def offices(self, company_id: str) -> Sequence[OfficeState]: ...

    def create_office(self, company_id: str, profile: OfficeProfile) -> OfficeState: ...

    def statement(
        self, company_id: str, from_date: date, to_date: date, *, by_day: bool = False
    ) -> StatementAnswer:
        """The provider's counts of one company between two days, both included, as far apart as `statement_days` allows.

        `by_day` is a wish: where the provider cannot tell days apart, the rows carry none.
        """

    def statement_all_companies(self, from_date: date, to_date: date) -> StatementAnswer:
        """The same over every company of the account; rows name the company."""

    def list_documents(
        self, kind: Kind, company_id: str, from_date: date, to_date: date
    ) -> Iterator[PacAnswer]:
        """The documents that the provider lists as issued between two days; it may list others, too, or not all.

        Raises NotSupported, at the first row at the latest, where the provider has no list.
        """

    def page_of_issued(self, company_id: str, *, token: str = "", since: date | None = None) -> ListedPage:
        """One page of everything issued at the provider (MIRROR), whoever issued it; `since` is a day of issue, included.

        `token` is what the page before named, empty for the first one. A row may come twice.
        """

    def issued_document(self, company_id: str, document_id: str) -> IssuedDocument:
        """The whole of a listed document (MIRROR). Raises NotFound for an id that the provider does not know."""


@dataclass(frozen=True, slots=True)
class AccountField:
    """One thing that staff enter to connect a company that exists at the provider already; texts in Spanish.

    `name` is company_id, base_url, token, webhook_secret, or an option of the account (`Account.options`). `shape` is a
    regular expression of the whole value; `choices` are values with their words, the first one for an empty value. A
    secret is kept sealed and never shown.
    """

    name: str
    label: str
    help: str = ""
    shape: str = ""
    is_required: bool = False
    is_secret: bool = False
    choices: tuple[tuple[str, str], ...] = ()


def _no_remedy(_problem: Problem) -> str:
    return ""


def _all_sayable(_draft: DocumentDraft) -> Iterable[RuleBroken]:
    return ()


def _is_shared_secret(given: str, secrets: Sequence[str]) -> bool:
    """Whether the header is one of the secrets, told in the same time whether it is or not."""
    # WSGI hands header bytes over as Latin-1 text.
    digest = hashlib.sha256(given.encode("latin-1", "backslashreplace")).digest()
    fits = [hmac.compare_digest(digest, hashlib.sha256(secret.encode()).digest()) for secret in secrets]
    return any(fits)


@dataclass(frozen=True, slots=True)
class ProviderSpec:
    """One row of the registry: everything that differs between providers, as data.

    `account`: what staff enter about a company that has its account there already; empty where we create it (ONBOARD).
    `address_setting`: where the address stands for companies without one of their own, which then have their own token, too;
    empty: the common settings. `practice_address_setting`: the same for companies that practise, where they have another
    address; theirs is never taken for a real one. `on_request`: what an account can do once its option of that name is filled
    in. `is_signed` judges the webhook's header `signature_header` against our secrets. `remedy` says in Spanish what to do about
    a complaint of this provider; empty for one that it does not know. `unsayable` lists what its wire has no words for.
    """

    key: str
    name: str
    country: str
    capabilities: frozenset[Capability]
    connect: Callable[[Account, Recorder, str], PacProvider] = field(repr=False)
    parse_event: Callable[[Mapping[str, Any]], PacEvent] = field(repr=False)
    remedy: Callable[[Problem], str] = field(default=_no_remedy, repr=False)
    unsayable: Callable[[DocumentDraft], Iterable[RuleBroken]] = field(default=_all_sayable, repr=False)
    on_request: Mapping[Capability, str] = field(default_factory=dict)
    account: tuple[AccountField, ...] = field(default=(), repr=False)
    address_setting: str = ""
    practice_address_setting: str = ""
    signature_header: str = "X-Pac-Signature"
    is_signed: Callable[[str, Sequence[str]], bool] = field(default=_is_shared_secret, repr=False)
    void_windows: Mapping[Kind, Hours | CalendarDays] = field(default_factory=dict)
    void_reason: ReasonLimits = field(default_factory=ReasonLimits)
    statement_days: int = 90  # the longest range of one statement, both ends included
    operations: frozenset[str] | None = (
        None  # of SUNAT's catalogue 51; None: it takes whatever the law allows
    )
    lapse_codes: frozenset[str] = frozenset()  # complaints that mean: the company is not affiliated any more

    def can(self, capability: Capability, options: Mapping[str, str] | None = None) -> bool:
        """Whether the provider declares `capability`, or the account's `options` switch it on."""
        wanted = self.on_request.get(capability)
        return capability in self.capabilities or bool(wanted and (options or {}).get(wanted))
