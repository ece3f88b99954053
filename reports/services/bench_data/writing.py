"""Documents with their lines and what the ledgers tell of them, row by row, as COPY takes them."""

import json
import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cifras.core.audit import hash_of
from cifras.core.models import AuditChain, AuditEntry
from cifras.fiscal.document import Kind, Mode
from cifras.fiscal.lifecycle import Submission
from cifras.fiscal.zones import PANAMA
from invoicing.models import Document, Line, TimelineEvent, WebhookDelivery
from reports.services.bench_data.copying import NULL, Courier, Sheet, as_text, begin_after
from reports.services.bench_data.masters import Issuer, uuid_text
from reports.services.bench_data.states import AUTHORISED, State, thousand
from tenants.models import Exchange

MODELS = (Document, Line, TimelineEvent, Exchange, WebhookDelivery, AuditEntry)
_DOCUMENT = (
    "id", "uid", "tenant_id", "office_id", "receiver_id", "kind", "mode", "external_id", "is_received", "series",
    "number", "security_code", "issue_date", "receiver_name", "receiver_ruc", "receiver_data", "net", "itbms",
    "total", "totals_by_rate", "credited_id", "reference_cufe", "reference_date", "credited_total", "environment",
    "pac_company_id", "submission", "legal_status", "raw_legal_status", "document_id", "cufe", "payload", "due_at",
    "queued_at", "accepted_at", "authorized_at", "has_pdf", "void_status", "void_deadline", "voided_at",
    "created_at", "updated_at",
)  # fmt: skip
_LINE = ("id", "document_id", "position", "unit_price", "tax_rate", "net", "itbms", "total")
_EVENT = ("id", "uid", "at", "tenant_uid", "document_uid", "code")
_EXCHANGE = (
    "id", "uid", "correlation_id", "tenant_uid", "document_uid", "url", "status", "started_at", "duration_ms",
    "response_body",
)  # fmt: skip
_DELIVERY = (
    "id", "uid", "tenant_id", "received_at", "pac_document_id", "raw_legal_status", "document_uid", "processed_at",
)  # fmt: skip
_AUDIT = (
    "id", "chain", "sequence", "previous_hash", "hash", "at", "object_uid", "object_label", "after",
)  # fmt: skip
_EXCHANGE_EVERY, _DELIVERY_EVERY, _AUDIT_EVERY = 2, 2, 5
_CREDIT_EVERY = 9
_AT_ONCE = 10_000  # documents between two COPYs
_RATES = ((7,), (7,), (7,), (7,), (0,), (7, 10), (7, 0))  # per cent, one line each
_WINDOW = timedelta(hours=182)
_AUDITED = {"action": "invoice.issued", "object_type": "invoicing.document"}


@dataclass(slots=True)
class _Progress:
    """How far a company has come. `last`: its last authorised invoice as (key, uid, CUFE, moment, lines of cents)."""

    left: int
    made: int = 0
    number: int = 0
    last: tuple[int, str, datetime, list[tuple[int, int, int]]] | None = None


@dataclass(slots=True)
class _Row:
    """One document under way."""

    key: int
    uid: str
    issuer: Issuer
    moment: datetime
    state: State
    is_credit: bool
    amounts: list[tuple[int, int, int]]  # rate, base and tax in cents
    number: str = ""
    cufe: str = ""
    document_id: str = ""

    @property
    def total(self) -> int:
        return sum(base + tax for _rate, base, tax in self.amounts)


class Writer:
    """Writes documents in the order in which they come. `sizes`: how many each company will have in all."""

    def __init__(
        self, issuers: Sequence[Issuer], sizes: Sequence[int], chance: random.Random, until: datetime
    ) -> None:
        self.issuers, self.chance = issuers, chance
        self.rows: dict[str, int] = {}
        self.documents = 0
        self._keys: dict[str, int] = {}
        self._courier = Courier()
        self._progress = [_Progress(left=size) for size in sizes]
        self._states = thousand(self.chance)
        self._due = (until + timedelta(days=365)).isoformat()
        fixed = {
            "payment_time": "CASH",
            "provider": "alanube",
            "local_cufe": "",
            "pac_response": {"ok": True},
        }
        self._sheets = {
            Document: Sheet(Document, _DOCUMENT, fixed),
            Line: Sheet(Line, _LINE, {"description": "Servicio prestado", "quantity": 1}),
            TimelineEvent: Sheet(TimelineEvent, _EVENT, {}),
            Exchange: Sheet(
                Exchange, _EXCHANGE, {"provider": "alanube", "operation": "create_document", "method": "POST"}
            ),
            WebhookDelivery: Sheet(
                WebhookDelivery,
                _DELIVERY,
                {"verdict": "signed", "state": "processed", "effect": "legal", "body": "{}"},
            ),
            AuditEntry: Sheet(AuditEntry, _AUDIT, _AUDITED),
        }

    @property
    def numbers(self) -> list[int]:
        """The last number of each company."""
        return [each.number for each in self._progress]

    def write(self, moment: datetime, tenant: int) -> None:
        """The next document of a company, issued at `moment`."""
        progress, issuer = self._progress[tenant], self.issuers[tenant]
        progress.left -= 1
        progress.made += 1
        place = progress.made % _CREDIT_EVERY
        is_credit = place == 0 and progress.last is not None
        is_credited = place == _CREDIT_EVERY - 1 and progress.left > 0
        state = AUTHORISED if is_credit or is_credited else self._states[self.documents % 1000]
        self.documents += 1
        row = _Row(
            self.documents,
            uuid_text(self.chance),
            issuer,
            moment,
            state,
            is_credit,
            progress.last[3] if is_credit and progress.last else self._amounts(),
        )
        if state.has_number:
            progress.number += 1
            self._number(row, progress.number)
        self._document(row, progress.last if is_credit else None, is_credited=is_credited)
        self._lines(row)
        self._ledgers(row)
        progress.last = (row.key, row.cufe, moment, row.amounts) if is_credited else None
        if self.documents % _AT_ONCE == 0:
            self.flush()

    def flush(self) -> None:
        """Send what has gathered."""
        loads = {model._meta.model_name or "": sheet.taken() for model, sheet in self._sheets.items()}
        for name, (_command, rows) in loads.items():
            self.rows[name] = self.rows.get(name, 0) + len(rows)
        self._courier.send(list(loads.values()))

    def finish(self) -> None:
        """Send the rest, and have keys and audit chains go on after it."""
        self.flush()
        self._courier.wait()
        for model in self._sheets:
            begin_after(model, self.rows[model._meta.model_name or ""])
        AuditChain.objects.bulk_create(
            [
                AuditChain(chain=str(each.tenant.uid), sequence=int(each.chain[1]), hash=each.chain[0])
                for each in self.issuers
                if len(each.chain) > 1
            ],
            batch_size=500,
        )

    def _amounts(self) -> list[tuple[int, int, int]]:
        rates = _RATES[self.chance.getrandbits(16) % len(_RATES)]
        bases = [500 + self.chance.getrandbits(18) for _ in rates]
        return [(rate, base, (base * rate + 50) // 100) for rate, base in zip(rates, bases, strict=True)]

    def _number(self, row: _Row, number: int) -> None:
        row.number = f"{number:010d}"
        if row.state.mode == Mode.DGI_IMPORT or row.state.is_there:
            kind = "04" if row.is_credit else "01"
            is_live = row.issuer.tenant.is_live
            day = row.moment.astimezone(PANAMA)
            row.cufe = (
                f"FE{kind}{row.issuer.cufe_head}{day:%Y%m%d}{row.number}00101{1 if is_live else 2}"
                f"{self.chance.getrandbits(29):09d}0"
            )
        if row.state.is_there:
            row.document_id = f"01K9BNCHD{row.key:017d}"

    def _document(
        self, row: _Row, credited: tuple[int, str, datetime, object] | None, *, is_credited: bool
    ) -> None:
        state, issuer, at = row.state, row.issuer, row.moment.isoformat()
        receiver, is_sent = issuer.receiver, state.has_number and state.mode == Mode.DGI
        later = (row.moment + timedelta(seconds=40)).isoformat()
        total = _money(row.total)
        self._sheets[Document].add(
            row.key,
            row.uid,
            issuer.tenant.pk,
            issuer.office.pk,
            receiver.pk,
            Kind.CREDIT.value if row.is_credit else Kind.INVOICE.value,
            state.mode,
            f"SO-{row.key}",
            as_text(state.is_received),
            "04" if row.is_credit else "01",
            row.number,
            "123456789" if is_sent else "",
            at,
            receiver.name,
            receiver.ruc,
            "{}",
            _money(sum(base for _rate, base, _tax in row.amounts)),
            _money(sum(tax for _rate, _base, tax in row.amounts)),
            total,
            json.dumps(
                [
                    {"rate": f"{rate}.00", "base": _money(base), "tax": _money(tax)}
                    for rate, base, tax in row.amounts
                ]
            ),
            credited[0] if credited else NULL,
            credited[1] if credited else "",
            credited[2].isoformat() if credited else NULL,
            total if is_credited else "0",
            issuer.tenant.environment,
            issuer.tenant.pac_company_id,
            state.submission,
            state.legal_status,
            state.legal_status,
            row.document_id,
            row.cufe,
            "\\\\x7b7d" if is_sent else NULL,
            self._due if state.submission in _WAITS else NULL,
            at if is_sent else NULL,
            later if state.is_there else NULL,
            later if state.is_authorised else NULL,
            as_text(state.is_authorised),
            state.void_status,
            (row.moment + _WINDOW).isoformat() if state == AUTHORISED else NULL,
            later if state.void_status == "VOIDED" else NULL,
            at,
            later,
        )

    def _lines(self, row: _Row) -> None:
        for position, (rate, base, tax) in enumerate(row.amounts, start=1):
            net, itbms, total = _money(base), _money(tax), _money(base + tax)
            self._sheets[Line].add(self._key("line"), row.key, position, net, rate, net, itbms, total)

    def _ledgers(self, row: _Row) -> None:
        at, tenant = row.moment.isoformat(), row.issuer.tenant
        code = "queued" if row.number else "created"
        self._sheets[TimelineEvent].add(
            self._key("event"), uuid_text(self.chance), at, tenant.uid, row.uid, code
        )
        if row.key % _EXCHANGE_EVERY == 0:
            status = 400 if row.state.submission == Submission.REFUSED else 201
            uid, body = uuid_text(self.chance), f'{{"document": {{"id": "{row.document_id}"}}}}'
            url = f"https://pac.test/pan/v1/invoices?idCompany={tenant.pac_company_id}"
            self._sheets[Exchange].add(
                self._key("exchange"), uid, row.uid, tenant.uid, row.uid, url, status, at, 180, body
            )
        if row.document_id and row.key % _DELIVERY_EVERY == 0:
            self._sheets[WebhookDelivery].add(
                self._key("delivery"), uuid_text(self.chance), tenant.pk, at, row.document_id, row.state.legal_status,
                row.uid, at,
            )  # fmt: skip
        if row.key % _AUDIT_EVERY == 0:
            self._audit(row)

    def _audit(self, row: _Row) -> None:
        chain = row.issuer.chain
        entry = AuditEntry(
            chain=row.issuer.tenant.uid,
            sequence=int(chain[1]) + 1 if len(chain) > 1 else 1,
            previous_hash=chain[0],
            at=row.moment,
            object_uid=uuid.UUID(row.uid),
            object_label=row.number or f"SO-{row.key}",
            after={"total": _money(row.total)},
            **_AUDITED,
        )
        entry.hash = hash_of(entry)
        chain[:] = [entry.hash, str(entry.sequence)]
        self._sheets[AuditEntry].add(
            self._key("audit"), entry.chain, entry.sequence, entry.previous_hash, entry.hash,
            row.moment.isoformat(), row.uid, entry.object_label, json.dumps(entry.after),
        )  # fmt: skip

    def _key(self, table: str) -> int:
        self._keys[table] = self._keys.get(table, 0) + 1
        return self._keys[table]


_WAITS = (Submission.QUEUED, Submission.SENDING, Submission.UNKNOWN)


def _money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"
