"""A document as somebody asks for it: read from JSON or from the staff's form, before anything is stored."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from cifras.fiscal.document import (
    ZERO,
    Comprobante,
    Detraction,
    Discount,
    Exportation,
    Instalment,
    Kind,
    Line,
    Mode,
    Party,
    Payment,
    PaymentTime,
)
from cifras.fiscal.stated import StatedTotals


@dataclass(frozen=True, slots=True)
class AdHoc:
    """What overrides the registered receiver on one invoice."""

    name: str = ""
    ruc: str = ""
    emails: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReferenceName:
    """How the entry names the invoice that a note refers to: one of the three, and its date where it isn't ours."""

    id: str = ""
    cufe: str = ""
    external_id: str = ""
    issue_date: datetime | None = None


@dataclass(frozen=True, slots=True)
class PeruSaid:
    """What an entry says of a Peruvian document; what a note leaves out is its invoice's."""

    document_kind: Comprobante | None = None
    series: str = ""
    currency: str = ""
    operation_type: str = ""
    reason_code: str = ""
    reason: str = ""
    exchange_rate: Decimal | None = None
    detraction: Detraction | None = None


@dataclass(frozen=True, slots=True)
class DocumentEntry:
    """Everything an entry may say. `content_hash` covers the entry as written: the same content is the same document.

    `credits_lines`: on a note, for each of its lines the position (from 1) of the invoice's line that it takes from, where named.
    """

    tenant: str
    kind: Kind
    mode: Mode
    office: str
    lines: tuple[Line, ...]
    payment_time: PaymentTime
    payments: tuple[Payment, ...]
    receiver: Party | None = None
    receiver_code: str = ""
    ad_hoc: AdHoc = field(default_factory=AdHoc)
    external_id: str = ""
    billing_point: str = ""
    issue_date: datetime | None = None
    due_date: date | None = None
    notes: str = ""
    retention_code: str = ""
    retention_amount: Decimal | None = None
    global_discounts: tuple[Discount, ...] = ()
    freight: Decimal = ZERO
    insurance: Decimal = ZERO
    change: Decimal = ZERO
    instalments: tuple[Instalment, ...] = ()
    reference: ReferenceName | None = None
    credits_lines: tuple[int | None, ...] = ()
    exportation: Exportation | None = None
    peru: PeruSaid | None = None
    is_draft: bool = False
    # Of a document issued elsewhere (DGI_IMPORT):
    cufe: str = ""
    issuer_name: str = ""
    files: tuple[str, ...] = ()
    totals: StatedTotals | None = None
    content_hash: str = ""
