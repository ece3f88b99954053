"""A document as the law sees it: frozen values, no database, no provider.

The web floor builds a `DocumentDraft` from its rows; `totals.compute` adds it up; `panama.require_complete` says what is
missing; a provider's factory turns it into its own words. Amounts are Decimal in the document's currency (PAB and USD are
one), quantities are Decimal in the line's unit, times are aware.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

ZERO = Decimal(0)


class Kind(StrEnum):
    """Ours; the authority's type code is another thing (see `panama.document_type`)."""

    INVOICE = "INVOICE"
    CREDIT = "CREDIT"


class Mode(StrEnum):
    """PROFORM stays inside, DGI is sent, DGI_IMPORT was issued elsewhere and is registered by its CUFE."""

    PROFORM = "PROFORM"
    DGI = "DGI"
    DGI_IMPORT = "DGI_IMPORT"


class ReceiverType(StrEnum):
    """Who receives (DGI iTipoRec 01 to 04)."""

    CONTRIBUYENTE = "CONTRIBUYENTE"
    CONSUMIDOR_FINAL = "CONSUMIDOR_FINAL"
    GOBIERNO = "GOBIERNO"
    EXTRANJERO = "EXTRANJERO"


class Contributor(StrEnum):
    """Natural person or legal entity (DGI dTipoRuc 1 and 2)."""

    NATURAL = "NATURAL"
    JURIDICO = "JURIDICO"


class Comprobante(StrEnum):
    """Which of Peru's two sales documents; a note says that of the document it refers to."""

    FACTURA = "FACTURA"
    BOLETA = "BOLETA"


class PaymentTime(StrEnum):
    """When the sale is paid (DGI iPzPag 1 immediate, 2 on term, 3 mixed)."""

    CASH = "CASH"
    CREDIT = "CREDIT"
    MIXED = "MIXED"


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who issues, as frozen on the document."""

    ruc: str
    contributor: Contributor
    dv: str
    name: str


@dataclass(frozen=True, slots=True)
class ForeignId:
    """A foreigner's passport or tax number, and the country that gave it (its name or ISO code, as the papers allow both)."""

    number: str
    country: str


@dataclass(frozen=True, slots=True)
class Party:
    """Who receives, after the ad-hoc overrides of an invoice have been applied.

    `identity_type` (SUNAT catalogue 06) and `identity_number` are Peru's; both empty is nobody in particular.
    """

    type: ReceiverType
    name: str = ""
    contributor: Contributor | None = None
    ruc: str = ""
    dv: str = ""
    address: str = ""
    location: str = ""
    country: str = "PA"
    telephones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    withholds: bool = False
    retention_code: str = ""
    foreign_id: ForeignId | None = None
    identity_type: str = ""
    identity_number: str = ""


@dataclass(frozen=True, slots=True)
class OtherTax:
    """OTI: another tax or charge of a line (DGI table of 3.5)."""

    code: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Line:
    """One line. `unit_price` and `unit_discount` are per unit before tax; `tax_rate` is the percentage (0, 7, 10, 15).

    `discount_share` is the part of a global discount spread over this line before tax (whole line, two decimals).
    `freight` and `insurance` are the untaxed line members, rarely used (a taxed line is the usual way).
    Peru's: `affectation` (SUNAT catalogue 07; on a free line `unit_price` is its reference value) and `icbper_bags`, the
    plastic bags that pay ICBPER.
    """

    description: str
    quantity: Decimal
    unit_price: Decimal
    tax_rate: Decimal
    code: str = ""
    unit: str = "und"
    unit_discount: Decimal = ZERO
    discount_share: Decimal = ZERO
    cpbs_code: str = ""
    cpbs_unit: str = ""
    isc_rate: Decimal | None = None
    isc_amount: Decimal = ZERO
    oti: tuple[OtherTax, ...] = ()
    freight: Decimal = ZERO
    insurance: Decimal = ZERO
    affectation: str = ""
    icbper_bags: int = 0


@dataclass(frozen=True, slots=True)
class Discount:
    """A discount on the whole document, before it is spread or when it is applied after tax."""

    description: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Payment:
    """One declared means of payment (DGI iFormaPago); `description` belongs to 99 (10 to 100 characters)."""

    method: str
    amount: Decimal
    description: str = ""


@dataclass(frozen=True, slots=True)
class Instalment:
    """One part of what is owed on a sale on term."""

    sequence: int
    due_date: date
    amount: Decimal
    information: str = ""


@dataclass(frozen=True, slots=True)
class Reference:
    """The invoice a credit note refers to: its CUFE and issue time, and the provider's id where known.

    In Peru there is no CUFE: `series`, `number` and `comprobante` name it. `total` is its amount, where known.
    """

    cufe: str
    issue_date: datetime
    document_id: str = ""
    series: str = ""
    number: str = ""
    comprobante: Comprobante | None = None
    total: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Exportation:
    """The export block, wanted for a destination abroad and refused for an internal invoice."""

    incoterm: str
    currency: str
    amount: Decimal
    exchange_rate: Decimal = Decimal(1)
    port: str = ""


@dataclass(frozen=True, slots=True)
class Detraction:
    """What the receiver pays into the issuer's account at the Banco de la Nación instead of to the issuer.

    `amount` is in the document's currency; `goods_code`, `percent` and `account` are passed on as given.
    """

    amount: Decimal
    goods_code: str = ""
    percent: Decimal | None = None
    account: str = ""


@dataclass(frozen=True, slots=True)
class PeruTerms:
    """What only a Peruvian document says.

    `operation_type` is SUNAT catalogue 51 (a note repeats that of its document), `reason_code` catalogue 09 and `reason` its
    text, for notes. `exchange_rate`: soles for one unit of the currency, for the rules in soles; never sent.
    """

    document_kind: Comprobante
    series: str
    currency: str = "PEN"
    operation_type: str = "0101"
    reason_code: str = ""
    reason: str = ""
    exchange_rate: Decimal | None = None
    detraction: Detraction | None = None


@dataclass(frozen=True, slots=True)
class DocumentDraft:
    """Everything a document says. `number` and `security_code` are empty until the document is queued."""

    kind: Kind
    mode: Mode
    issuer: Issuer
    receiver: Party
    lines: tuple[Line, ...]
    payment_time: PaymentTime
    payments: tuple[Payment, ...]
    issue_date: datetime
    office_code: str = "0000"
    pac_office_id: str = ""
    billing_point: str = "001"
    number: str = ""
    security_code: str = ""
    due_date: date | None = None
    notes: str = ""
    change: Decimal = ZERO
    instalments: tuple[Instalment, ...] = ()
    global_discounts: tuple[Discount, ...] = ()
    discounts_after_tax: bool = False
    freight: Decimal = ZERO
    insurance: Decimal = ZERO
    retention_code: str = ""
    retention_amount: Decimal | None = None
    reference: Reference | None = None
    exportation: Exportation | None = None
    modification_code: int | None = None
    is_production: bool = False
    peru: PeruTerms | None = None
