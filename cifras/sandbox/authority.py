"""The pretend DGI and the ledger of legal truth: who may issue, which number exists, what became of it.

It knows no wire: the dialects translate. Every public call is safe from any thread; `lock` may be held around several.
"""

import hashlib
import secrets
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from datetime import timedelta
from decimal import Decimal

from cifras.sandbox.behaviour import Behaviour
from cifras.sandbox.clock import Clock
from cifras.sandbox.records import (
    CREDIT_NOTE,
    DEBIT_NOTE,
    DGI_AUTHORIZED,
    FINAL_WORDS,
    Company,
    Document,
    NumberKey,
    Office,
)
from cifras.sandbox.shelf import Shelf
from cifras.sandbox.taxpayer import JURIDICO, check_digit
from cifras.sandbox.verdicts import AUTHORISED

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class NumberUsed(Exception):
    """Another document holds this number."""


class NotVoidable(Exception):
    """A void is refused; `reason` is one of not_authorised, already_void, window, has_notes."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def new_id() -> str:
    """A ULID: 48 bits of time, 80 of chance, 26 characters."""
    number = int(time.time() * 1000) << 80 | secrets.randbits(80)
    return "".join(_CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))


class Authority:
    """The ledger. Records it hands out are its own: change them only through it."""

    def __init__(self, clock: Clock, behaviour: Behaviour, shelf: Shelf) -> None:
        self.clock, self.behaviour, self._shelf = clock, behaviour, shelf
        self.lock = threading.RLock()
        self.on_decision: list[Callable[[Document], None]] = []
        self.taxpayers: dict[str, str | None] = {}
        self._forget()
        self._load()
        clock.on_move.append(self._keep_offset)

    def _forget(self) -> None:
        self.companies: dict[str, Company] = {}
        self.offices: dict[str, Office] = {}
        self.documents: dict[str, Document] = {}
        self._by_number: dict[NumberKey, Document] = {}
        self._by_cufe: dict[str, Document] = {}
        self._by_company: defaultdict[str, list[Document]] = defaultdict(list)
        self._notes: defaultdict[str, list[Document]] = defaultdict(list)
        self._waiting: dict[str, Document] = {}
        self.taxpayers.clear()

    # Companies and offices

    def add_company(
        self,
        *,
        ruc: str,
        name: str,
        ruc_type: int = JURIDICO,
        company_id: str = "",
        type: str = "associated",
        affiliated: str | None = "SUBSCRIBED",
        trade_name: str = "",
    ) -> Company:
        """Register a company; by default it may issue at once, which is what a test wants."""
        company = Company(
            id=company_id or new_id(),
            ruc=ruc,
            ruc_type=ruc_type,
            dv=check_digit(ruc, ruc_type) or "00",
            name=name,
            trade_name=trade_name or name,
            type=type,
            affiliated=affiliated,
            is_scanned=affiliated == "SUBSCRIBED",
            qr=_qr_of(ruc) if affiliated == "SUBSCRIBED" else None,
        )
        self.save(company)
        return company

    def add_office(
        self, company_id: str, *, code: str, type: str = "main", office_id: str = "", **details: str
    ) -> Office:
        """Register a branch. `details`: coordinates, address, telephone, location, email."""
        office = Office(id=office_id or new_id(), company_id=company_id, code=code, type=type, **details)
        self.save(office)
        return office

    def save(self, record: Company | Office | Document) -> None:
        """Keep a new or changed record."""
        with self.lock:
            if isinstance(record, Company):
                self.companies[record.id] = record
            elif isinstance(record, Office):
                self.offices[record.id] = record
            self._shelf.put(type(record).__name__, record.id, asdict(record))

    def offices_of(self, company_id: str) -> Sequence[Office]:
        """A company's branches in the order they came."""
        with self.lock:
            return [office for office in self.offices.values() if office.company_id == company_id]

    def company_of_ruc(self, ruc: str) -> Company | None:
        """Who has this RUC."""
        with self.lock:
            return next((each for each in self.companies.values() if each.ruc == ruc), None)

    def request_affiliation(self, company: Company) -> None:
        """Type 3: from now on the customer may scan; repeating it changes nothing."""
        with self.lock:
            if not company.may_issue:
                company.affiliated = "REQUESTED"
                company.is_scanned = company.is_scanned or self.behaviour.auto_scan
            self.save(company)

    def scan(self, company: Company) -> None:
        """The customer scans the code and authorises the PAC."""
        with self.lock:
            company.is_scanned = True
            self.save(company)

    def finish_affiliation(self, company: Company) -> None:
        """Type 1: SUBSCRIBED once scanned, else it stays as it is."""
        with self.lock:
            if company.affiliated == "REQUESTED" and company.is_scanned:
                company.affiliated, company.qr = "SUBSCRIBED", _qr_of(company.ruc)
            self.save(company)

    def lapse(self, company: Company) -> None:
        """The affiliation ends: the next post is answered with AP1010."""
        with self.lock:
            company.affiliated, company.is_scanned, company.qr = "REQUESTED", False, None
            self.save(company)

    def receiver_kind(self, ruc: str, kind: int) -> str | None:
        """CONTRIBUYENTE, GOBIERNO or another word; None for a RUC nobody knows. `taxpayers` overrides the rule."""
        if check_digit(ruc, kind) is None:
            return None
        is_public = kind == JURIDICO and "-NT-" in ruc
        return self.taxpayers.get(ruc, "GOBIERNO" if is_public else "CONTRIBUYENTE")

    # Documents

    def register(self, document: Document) -> None:
        """Enter an accepted or rejected document. Raises NumberUsed; then nothing was entered."""
        with self.lock:
            if document.holds_number and document.key in self._by_number:
                raise NumberUsed
            self._enter(document)
            self.save(document)

    def is_number_used(self, key: NumberKey) -> bool:
        """Whether somebody holds this number, whatever became of the document."""
        with self.lock:
            return key in self._by_number

    def find(self, company_id: str, kind: str, document_id: str, *, is_read: bool = False) -> Document | None:
        """A company's own document, brought up to date. `is_read` counts as one look of the client."""
        with self.lock:
            document = self.documents.get(document_id)
            if document is None or document.company_id != company_id or kind not in ("", document.kind):
                return None
            self.settle(document)
            if is_read:
                document.reads += 1
            return document

    def find_by_cufe(self, company_id: str, cufe: str) -> Document | None:
        """A company's own document by its CUFE, brought up to date."""
        with self.lock:
            document = self.look_up(cufe)
            return self.find(company_id, "", document.id) if document else None

    def look_up(self, cufe: str) -> Document | None:
        """Whose CUFE this is, as anybody may ask."""
        with self.lock:
            return self._by_cufe.get(cufe)

    def of_company(self, company_id: str, kind: str = "") -> Sequence[Document]:
        """Documents that hold a number, oldest first, brought up to date."""
        with self.lock:
            mine = [
                each for each in self._by_company[company_id] if kind in ("", each.kind) and each.holds_number
            ]
            for document in mine:
                self.settle(document)
            return mine

    def settle(self, document: Document) -> None:
        """Let the DGI speak if its time has come."""
        if document.is_decided or not document.fate:
            return
        due_at = document.accepted_at + timedelta(seconds=self.behaviour.authorise_after)
        if document.reads >= self.behaviour.authorise_after_reads and self.clock.now() >= due_at:
            self.decide(document, document.fate, document.fate_code, document.fate_message)

    def settle_due(self) -> None:
        """Let the DGI speak of every document whose time has come."""
        with self.lock:
            for document in list(self._waiting.values()):
                self.settle(document)

    def decide(self, document: Document, word: str, code: str = "", message: str = "") -> None:
        """The final word on a document, at once; also by hand. Later words change nothing. Raises ValueError."""
        if word not in FINAL_WORDS:
            raise ValueError(word)
        with self.lock:
            if document.is_decided:
                return
            if word == DGI_AUTHORIZED:
                code, message = AUTHORISED.code, AUTHORISED.message
                document.protocol = f"{document.issued_at:%Y}{_digits_of(document.cufe, 19)}"
            document.legal_status, document.decided_at = word, self.clock.now()
            document.response = [{"code": code, "message": message} if code else {"message": message}]
            self._waiting.pop(document.id, None)
            self.save(document)
        for told in self.on_decision:
            told(document)

    def void(self, document: Document, reason: str) -> None:
        """Record a void event. Raises NotVoidable; then nothing was recorded."""
        with self.lock:
            self.settle(document)
            deadline = document.issued_at + timedelta(hours=self.behaviour.void_window_hours)
            is_late = self.clock.now() > deadline
            if document.is_void:
                raise NotVoidable("window" if is_late and self.behaviour.window_first else "already_void")
            if document.legal_status != DGI_AUTHORIZED:
                raise NotVoidable("not_authorised")
            if is_late:
                raise NotVoidable("window")
            if self.live_notes(document, CREDIT_NOTE):
                raise NotVoidable("has_notes")
            document.void_event, document.void_reason = new_id(), reason
            document.voided_at = self.clock.now()
            self.save(document)

    def live_notes(self, document: Document, kind: str) -> Sequence[Document]:
        """Notes of a kind that refer to it and are neither rejected nor void."""
        with self.lock:
            return [note for note in self._notes[document.id] if note.kind == kind and note.is_live]

    def remaining(self, document: Document) -> Decimal:
        """How much of it may still be credited: its total and debit notes less the live credit notes."""
        debits = _sum(note.total for note in self.live_notes(document, DEBIT_NOTE))
        return document.total + debits - _sum(note.total for note in self.live_notes(document, CREDIT_NOTE))

    def by_number(self) -> dict[NumberKey, Sequence[Document]]:
        """Every number with the documents that hold it: never more than one."""
        with self.lock:
            numbers: defaultdict[NumberKey, list[Document]] = defaultdict(list)
            for document in self.documents.values():
                if document.holds_number:
                    numbers[document.key].append(document)
            return dict(numbers)

    # Memory

    def reset(self) -> None:
        """Forget every company, office and document; the clock goes back to real time."""
        with self.lock:
            self._forget()
            self._shelf.clear()
            self.clock.reset()

    def close(self) -> None:
        """Let go of the state file."""
        with self.lock:
            self._shelf.close()

    def _enter(self, document: Document) -> None:
        self.documents[document.id] = document
        self._by_company[document.company_id].append(document)
        if document.holds_number:
            self._by_number[document.key] = document
        if document.cufe:
            self._by_cufe[document.cufe] = document
        for reference in document.references:
            self._notes[reference].append(document)
        if document.fate and not document.is_decided:
            self._waiting[document.id] = document

    def _load(self) -> None:
        self.companies = {each["id"]: Company(**each) for each in self._shelf.all("Company")}
        self.offices = {each["id"]: Office(**each) for each in self._shelf.all("Office")}
        documents = [Document(**each) for each in self._shelf.all("Document")]
        for document in sorted(documents, key=lambda each: (each.accepted_at, each.id)):
            self._enter(document)
        for kept in self._shelf.all("Clock"):
            self.clock.advance(seconds=kept["seconds"] - self.clock.offset.total_seconds())

    def _keep_offset(self, offset: timedelta) -> None:
        with self.lock:
            self._shelf.put("Clock", "clock", {"seconds": offset.total_seconds()})


def _qr_of(ruc: str) -> str:
    """The nine digits that a company gets with its affiliation."""
    return _digits_of(ruc, 9)


def _digits_of(text: str, length: int) -> str:
    return f"{int(hashlib.sha256(text.encode()).hexdigest(), 16) % (10**length - 1) + 1:0{length}d}"


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))
