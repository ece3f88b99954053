"""The pretend SUNAT: who may issue, which number exists, what became of it. It knows no wire: the dialects translate.

Words in a receiver's name or a line's description decide what SUNAT says, so that every answer can be had on purpose.
"""

import secrets
import threading
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from cifras.sandbox.clock import Clock
from cifras.sandbox.shelf import Shelf

FACTURA, BOLETA, CREDIT_NOTE, DEBIT_NOTE = "01", "03", "07", "08"
ACCEPTED = 0
_BURNT = range(2000, 4000)
_VOID_DAYS = 7


class Number(NamedTuple):
    """What must be unique: left zeros of the number mean nothing."""

    company_id: str
    document_type: str
    series: str
    number: int


@dataclass
class Taxpayer:
    """A company that a provider serves. `provider` is the dialect that knows it; the rest is what that dialect shows."""

    id: str
    ruc: str
    name: str
    provider: str
    trade_name: str = ""
    email: str = ""
    phone: str = ""
    web_hook: str = ""
    is_live: bool = False


@dataclass
class Comprobante:
    """A document. `code` is SUNAT's return code; `body` the request as posted, as JSON."""

    id: str
    company_id: str
    document_type: str
    series: str
    number: int
    issued_at: datetime
    receiver_type: str
    receiver_number: str
    receiver_name: str
    currency: str
    net: Decimal
    igv: Decimal
    total: Decimal
    body: str = field(repr=False, default="{}")
    references: str = ""
    code: int = ACCEPTED
    description: str = ""
    observations: list[str] = field(default_factory=list)
    void_reason: str = ""
    voided_at: datetime | None = None

    @property
    def key(self) -> Number:
        """The number that it holds."""
        return Number(self.company_id, self.document_type, self.series, self.number)

    @property
    def is_accepted(self) -> bool:
        """Whether it has legal effect."""
        return self.code == ACCEPTED

    @property
    def has_effect(self) -> bool:
        """Whether it is accepted, and not void."""
        return self.is_accepted and self.voided_at is None

    @property
    def holds_number(self) -> bool:
        """Accepted and rejected ones do; what SUNAT did not take in may come again under the same number."""
        return self.is_accepted or self.code in _BURNT


@dataclass(frozen=True, slots=True)
class Verdict:
    """What SUNAT answers: its code, its sentence, and remarks on what it accepts."""

    code: int
    description: str
    observations: tuple[str, ...] = ()


VERDICTS = {
    "SUNAT-2335": Verdict(2335, "2335 - El documento electronico ingresado ha sido alterado"),
    "SUNAT-3244": Verdict(
        3244, "3244 - Debe consignar la informacion del tipo de transaccion del comprobante"
    ),
    "SUNAT-0109": Verdict(
        109, "0109 - El sistema no puede responder su solicitud (El servicio de autenticacion)"
    ),
    "SUNAT-1001": Verdict(1001, "1001 - ID - El dato SERIE-CORRELATIVO no cumple con el formato"),
    "SUNAT-OBSERVA": Verdict(
        ACCEPTED,
        "Aceptado con observaciones",
        ("4287 - El precio unitario difiere de los calculos", "4252 - El dato no cumple con el estandar"),
    ),
}


class NumberUsed(Exception):
    """Another document holds this number; `is_same` when it says the very same, and has legal effect."""

    def __init__(self, held: Comprobante, *, is_same: bool) -> None:
        super().__init__()
        self.held, self.is_same = held, is_same


class NotVoidable(Exception):
    """A void is refused, with SUNAT's code and words."""

    def __init__(self, code: int, description: str) -> None:
        super().__init__(description)
        self.code, self.description = code, description


class Sunat:
    """The ledger. Safe from any thread; `lock` guards the shelf that it shares with the DGI's."""

    def __init__(self, clock: Clock, shelf: Shelf, lock: threading.RLock) -> None:
        self.clock, self._shelf, self.lock = clock, shelf, lock
        self.companies: dict[str, Taxpayer] = {}
        self.strangers: set[str] = set()  # RUCs that the register does not have
        self.documents: dict[str, Comprobante] = {}
        self._by_number: dict[Number, Comprobante] = {}
        for record in shelf.all(Taxpayer.__name__):
            self.companies[record["id"]] = Taxpayer(**record)
        for record in shelf.all(Comprobante.__name__):
            self._enter(Comprobante(**record))

    def save(self, record: Taxpayer | Comprobante) -> None:
        """Keep a new or changed record."""
        with self.lock:
            if isinstance(record, Taxpayer):
                self.companies[record.id] = record
            self._shelf.put(type(record).__name__, record.id, asdict(record))

    def company(self, company_id: str, provider: str) -> Taxpayer | None:
        """A provider's own company."""
        found = self.companies.get(company_id)
        return found if found and found.provider == provider else None

    def register(self, document: Comprobante, texts: Iterable[str]) -> Comprobante:
        """Judge a document by its words and enter it where it holds its number. Raises NumberUsed; then nothing was entered."""
        verdict = verdict_on(texts)
        with self.lock:
            held = self._by_number.get(document.key)
            if held is not None:
                is_alike = (held.total, held.receiver_number) == (document.total, document.receiver_number)
                is_same = is_alike and held.has_effect
                raise NumberUsed(held, is_same=is_same)
            document.code, document.observations = verdict.code, list(verdict.observations)
            document.description = verdict.description or _accepted(document)
            if document.holds_number:
                self._enter(document)
                self.save(document)
        return document

    def find(self, key: Number) -> Comprobante | None:
        """The document that holds a number."""
        return self._by_number.get(key)

    def of_company(self, company_id: str) -> Sequence[Comprobante]:
        """A company's documents, newest first."""
        with self.lock:
            mine = [each for each in self.documents.values() if each.company_id == company_id]
        return sorted(mine, key=lambda each: (each.issued_at, each.id), reverse=True)

    def void(self, document: Comprobante, reason: str) -> None:
        """A comunicación de baja. Raises NotVoidable; then nothing was recorded."""
        with self.lock:
            if not document.is_accepted:
                raise NotVoidable(2398, "2398 - El documento fue rechazado: no se puede dar de baja")
            if document.voided_at:
                raise NotVoidable(
                    2323, "2323 - Existe documento ya informado anteriormente en una comunicacion de baja"
                )
            if self.clock.now().date() > document.issued_at.date() + timedelta(days=_VOID_DAYS):
                raise NotVoidable(
                    2957, "2957 - El plazo para la comunicacion de baja ha vencido desde su emision"
                )
            document.void_reason, document.voided_at = reason, self.clock.now()
            self.save(document)

    def reset(self) -> None:
        """Forget every company and document."""
        with self.lock:
            self.companies.clear()
            self.documents.clear()
            self._by_number.clear()
            self.strangers.clear()

    def _enter(self, document: Comprobante) -> None:
        self.documents[document.id] = document
        if document.holds_number:
            self._by_number[document.key] = document


def verdict_on(texts: Iterable[str]) -> Verdict:
    """The verdict on a document that says `texts`; accepted when no word occurs."""
    text = " ".join(texts).upper()
    return next((verdict for word, verdict in VERDICTS.items() if word in text), Verdict(ACCEPTED, ""))


def new_id(prefix: str) -> str:
    """An id that only its maker understands."""
    return f"{prefix}{secrets.token_hex(10)}"


def _accepted(document: Comprobante) -> str:
    names = {FACTURA: "La Factura", BOLETA: "La Boleta", CREDIT_NOTE: "La Nota de Credito"}
    name = names.get(document.document_type, "El comprobante")
    return f"{name} numero {document.series}-{document.number}, ha sido aceptada"
