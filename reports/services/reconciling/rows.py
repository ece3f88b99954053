"""What reconciliation compares, as plain values: documents on both sides, and what a comparison found."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from cifras.fiscal import cufe
from cifras.fiscal.lifecycle import TERMINAL_LEGAL, LegalStatus
from cifras.fiscal.zones import PANAMA, local_date
from reports.models.reconciliation import DifferenceClass

ROUNDING = Decimal("0.05")  # per document
BORDER_HOURS = 5  # local time is so far behind UTC


@dataclass(frozen=True, slots=True)
class Ours:
    """One of our documents. `may_be_there`: the provider may hold it. `is_void_proven`: its void has an answer."""

    uid: UUID
    kind: str
    legal_status: str
    total: Decimal
    currency: str
    issued_at: datetime
    number: str = ""
    cufe: str = ""
    document_id: str = ""
    is_voided: bool = False
    is_void_proven: bool = False
    may_be_there: bool = True

    @property
    def day(self) -> date:
        """The local day of issue."""
        return local_date(self.issued_at)

    def shown(self) -> dict[str, Any]:
        """As it is kept with a difference."""
        return {
            "id": str(self.uid),
            "document_id": self.document_id or None,
            "number": self.number,
            "cufe": self.cufe or None,
            "issue_date": _local(self.issued_at),
            "legal_status": self.legal_status or None,
            "total": str(self.total),
            "currency": self.currency,
            "void": self.is_voided,
        }


class Theirs(NamedTuple):
    """One document as the provider shows it. None is what it does not tell. A list may have a million of them."""

    kind: str
    document_id: str
    legal_status: str = ""
    raw_legal_status: str = ""
    total: Decimal | None = None
    issued_at: datetime | None = None
    number: str = ""
    cufe: str = ""
    is_void: bool | None = None
    currency: str = ""
    local_day: date | None = None  # of `issued_at`, where it is known already

    @property
    def word(self) -> str:
        """The legal word: ours, else as received."""
        return self.legal_status or self.raw_legal_status

    @property
    def day(self) -> date | None:
        """The local day of issue, as it or its CUFE tells it."""
        if self.issued_at:
            return self.local_day or local_date(self.issued_at)
        said = cufe.read(self.cufe)
        return said.issue_date if said else None

    def shown(self) -> dict[str, Any]:
        """As it is kept with a difference."""
        return {
            "document_id": self.document_id or None,
            "number": self.number,
            "cufe": self.cufe or None,
            "issue_date": _local(self.issued_at) if self.issued_at else None,
            "legal_status": self.word or None,
            "total": None if self.total is None else str(self.total),
            "currency": self.currency or None,
            "void": self.is_void,
        }


@dataclass(frozen=True, slots=True)
class Found:
    """One difference: its class, both sides as they are, and the sentence that says why (`reasons.REASONS`)."""

    difference: DifferenceClass
    kind: str
    legal_status: str
    reason: str
    ours: Mapping[str, Any] = field(default_factory=dict)
    pac: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    document_uid: UUID | None = None
    document_id: str = ""


def of_documents(
    difference: DifferenceClass, reason: str, ours: Ours | None, theirs: Theirs | None, /, **values: Any
) -> Found:
    """A difference of one document, on either side or both."""
    side = ours or theirs
    return Found(
        difference,
        side.kind if side else "",
        ours.legal_status if ours else theirs.word if theirs else "",
        reason,
        ours.shown() if ours else {},
        theirs.shown() if theirs else {},
        {name: str(value) for name, value in values.items()},
        ours.uid if ours else None,
        theirs.document_id if theirs else ours.document_id if ours else "",
    )


def is_final(word: str) -> bool:
    """Whether a legal word is the last one."""
    return word in {status.value for status in TERMINAL_LEGAL}


def is_in_process(word: str) -> bool:
    """Whether the authority has not spoken yet, as far as we know the word."""
    return word in ("", LegalStatus.PAC_AUTHORIZED)


def _local(moment: datetime) -> str:
    return moment.astimezone(PANAMA).isoformat(timespec="seconds")
