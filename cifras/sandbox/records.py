"""What the ledger holds: companies, their offices, documents. Plain records; money is Decimal, times are aware."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

PAC_AUTHORIZED = "PAC_AUTHORIZED"
PAC_REJECTED = "PAC_REJECTED"
DGI_AUTHORIZED = "DGI_AUTHORIZED"
DGI_REJECTED = "DGI_REJECTED"
FINAL_WORDS = frozenset({PAC_REJECTED, DGI_AUTHORIZED, DGI_REJECTED})

INVOICE, CREDIT_NOTE, DEBIT_NOTE = "invoice", "credit-note", "debit-note"


class NumberKey(NamedTuple):
    """What must be unique: one number per company, branch, billing point and document type."""

    company_id: str
    branch: str
    billing_point: str
    document_type: str
    number: str


@dataclass
class Company:
    """A taxpayer that the PAC serves. No certificate or password is ever kept."""

    id: str
    ruc: str
    ruc_type: int
    dv: str
    name: str
    trade_name: str
    type: str = "associated"
    affiliated: str | None = None
    is_scanned: bool = False
    qr: str | None = None
    is_active: bool = True
    logo: str | None = None
    security_code: str | None = None
    next_id_request: int = 1
    emails: dict[str, Any] | None = None
    webhooks: dict[str, Any] | None = None

    @property
    def may_issue(self) -> bool:
        """SUBSCRIBED is the only word that allows issuing."""
        return self.affiliated == "SUBSCRIBED"


@dataclass
class Office:
    """A branch; `code` is the four characters in the CUFE."""

    id: str
    company_id: str
    code: str
    type: str
    coordinates: str = ""
    address: str = ""
    telephone: str = ""
    location: str = ""
    email: str | None = None


@dataclass
class Document:
    """A fiscal document. `body` is the request as posted; `fate` is what the DGI will say and stays empty when it never will."""

    id: str
    company_id: str
    kind: str
    document_type: str
    branch: str
    billing_point: str
    number: str
    security_code: str
    cufe: str
    issued_at: datetime
    accepted_at: datetime
    receiver_name: str
    receiver_tax_id: str
    net: Decimal
    itbms: Decimal
    total: Decimal
    body: str = field(repr=False)
    references: list[str] = field(default_factory=list)
    legal_status: str = PAC_AUTHORIZED
    fate: str = DGI_AUTHORIZED
    fate_code: str = ""
    fate_message: str = ""
    response: list[dict[str, str]] = field(default_factory=list)
    protocol: str = ""
    decided_at: datetime | None = None
    reads: int = 0
    holds_number: bool = True
    void_event: str = ""
    void_reason: str = ""
    voided_at: datetime | None = None

    @property
    def key(self) -> NumberKey:
        """The number this document holds."""
        return NumberKey(self.company_id, self.branch, self.billing_point, self.document_type, self.number)

    @property
    def is_decided(self) -> bool:
        """Whether its legal status is final."""
        return self.legal_status in FINAL_WORDS

    @property
    def is_void(self) -> bool:
        """Whether the authority holds a void event for it; its legal status does not show that."""
        return self.voided_at is not None

    @property
    def is_live(self) -> bool:
        """Neither rejected nor void: it counts against its invoice."""
        return not self.is_void and self.legal_status not in (PAC_REJECTED, DGI_REJECTED)
