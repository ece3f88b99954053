"""Everything that is known of one document, as a ZIP that a stranger can check: what was sent, what came back, who did what.

It is written while it leaves, so that no exchange or file is held in memory longer than it takes; the hashes come last.
Bodies and headers are those of the ledgers, masked when they were written.
"""

import hashlib
import io
import json
import re
import uuid
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import models
from django.utils import timezone

from cifras.core import audit
from cifras.core.models import AuditChain, AuditEntry, Staff
from invoicing.models import Document, DocumentMail, TimelineEvent, WebhookDelivery
from invoicing.services.evidence_note import note
from invoicing.services.finding import get_document
from tenants.models import Exchange

_UNSAFE = re.compile(r"[^\w.-]+")
_CHUNK_BYTES = 256 * 1024
_ROWS = 50
_OF_THE_MACHINE = frozenset({"id", "payload", "leased_until", "void_leased_until"})


@dataclass(frozen=True, slots=True)
class EvidencePack:
    """The ZIP: its name, and its bytes as they come about."""

    filename: str
    content: Iterator[bytes]


def evidence_pack(
    document_id: uuid.UUID | str,
    *,
    actor: Staff | None,
    with_exchanges: bool = True,
    with_audit: bool = True,
) -> EvidencePack:
    """The document's evidence, for whoever may see it; that it was taken out is audited.

    Without `with_exchanges` or `with_audit` (the caller's rights) those parts are named as omitted. Raises RuleBroken.
    """
    document = get_document(document_id, actor=actor)
    omitted = [
        name for name, is_in in (("intercambios", with_exchanges), ("auditoria", with_audit)) if not is_in
    ]
    audit.record(
        "document.exported",
        actor=actor,
        tenant_uid=document.tenant.uid,
        target=document,
        after={"what": "evidence", "omitted": omitted},
    )
    pack = _Pack(document, by=actor.username if actor else "", omitted=omitted)
    name = _UNSAFE.sub("_", document.number or str(document.uid))
    return EvidencePack(f"expediente-{document.kind.lower()}-{name}.zip", pack.written())


class _Outlet(io.RawIOBase):
    """What the ZIP is written to: it keeps bytes only until they are fetched."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._waiting += data
        return len(data)

    def fetch(self) -> bytes:
        fetched = bytes(self._waiting)
        self._waiting.clear()
        return fetched


@dataclass
class _Pack:
    document: Document
    by: str
    omitted: list[str]
    files: list[dict[str, Any]] = field(default_factory=list)
    missing: list[dict[str, str]] = field(default_factory=list)

    def written(self) -> Iterator[bytes]:
        outlet = _Outlet()
        with zipfile.ZipFile(outlet, "w", zipfile.ZIP_DEFLATED) as archive:
            for path, chunks, facts in self._parts():
                yield from self._add(archive, outlet, path, chunks, facts)
            yield from self._add(archive, outlet, "manifest.json", [_pretty(self._manifest())], {})
            sums = "".join(f"{each['sha256']}  {each['path']}\n" for each in self.files)
            yield from self._add(archive, outlet, "SHA256SUMS", [sums.encode()], {})
        yield outlet.fetch()

    def _add(
        self,
        archive: zipfile.ZipFile,
        outlet: _Outlet,
        path: str,
        chunks: Iterable[bytes],
        facts: dict[str, Any],
    ) -> Iterator[bytes]:
        digest, size = hashlib.sha256(), 0
        entry = zipfile.ZipInfo(path, timezone.localtime().timetuple()[:6])
        entry.compress_type = zipfile.ZIP_DEFLATED
        entry.external_attr = 0o644 << 16
        with archive.open(entry, "w") as target:
            for chunk in chunks:
                digest.update(chunk)
                size += len(chunk)
                target.write(chunk)
                yield outlet.fetch()
        if arrived := facts.get("sha256_at_arrival"):
            facts = facts | {"intact": arrived == digest.hexdigest()}
        self.files.append({"path": path, "bytes": size, "sha256": digest.hexdigest(), **facts})
        yield outlet.fetch()

    def _parts(self) -> Iterator[tuple[str, Iterable[bytes], dict[str, Any]]]:
        document = self.document
        yield "VERIFICAR.txt", [note().encode()], {}
        yield "documento.json", [_pretty(_document(document))], {}
        if document.payload is not None:
            payload = bytes(document.payload)
            yield f"peticion.{_ending_of(payload)}", [payload], {}
        if document.pac_response is not None:
            yield "respuesta.json", [_pretty(document.pac_response)], {}
        if document.void_status:
            yield "anulacion.json", [_pretty(_void(document))], {}
        yield from self._stored()
        yield "linea-de-tiempo.json", [_pretty(_rows(TimelineEvent, document_uid=document.uid))], {}
        heard = _rows(WebhookDelivery, tenant=document.tenant, document_uid=document.uid)
        yield "webhooks.json", [_pretty(heard)], {}
        yield "correos.json", [_pretty(_rows(DocumentMail, document=document))], {}
        if "intercambios" not in self.omitted:
            yield from _exchanges(document)
        if "auditoria" not in self.omitted:
            yield "auditoria.json", [_pretty(_audit(document))], {}

    def _stored(self) -> Iterator[tuple[str, Iterable[bytes], dict[str, Any]]]:
        for serial, attachment in enumerate(self.document.attachments.order_by("pk"), start=1):
            path = f"archivos/{serial}-{_UNSAFE.sub('_', attachment.filename)}"
            facts = {
                "kind": attachment.kind,
                "source": attachment.source,
                "sha256_at_arrival": attachment.sha256,
            }
            try:
                stored = attachment.file.open("rb")
            except FileNotFoundError:
                self.missing.append({"path": path, **facts})
                continue
            with stored:
                yield path, stored.chunks(_CHUNK_BYTES), facts

    def _manifest(self) -> dict[str, Any]:
        document = self.document
        return {
            "document": str(document.uid),
            "kind": document.kind,
            "number": document.number,
            "cufe": document.cufe,
            "tenant": {"id": str(document.tenant.uid), "ruc": document.tenant.ruc},
            "environment": document.environment,
            "generated_at": timezone.now().isoformat(),
            "generated_by": self.by,
            "files": self.files,
            "missing": self.missing,
            "omitted": self.omitted,
        }


def _document(document: Document) -> dict[str, Any]:
    related = ("credited", "replaces")
    return _row(document) | {
        "tenant": str(document.tenant.uid),
        "office": document.office.code,
        "status": document.get_legal_status_display(),
        **{name: str(row.uid) if (row := getattr(document, name)) else None for name in related},
        "lines": [_row(line) for line in document.lines.all()],
        "payments": [_row(payment) for payment in document.payments.all()],
        "instalments": [_row(instalment) for instalment in document.instalments.all()],
        "settlements": [_row(settlement) for settlement in document.settlements.all()],
    }


def _void(document: Document) -> dict[str, Any]:
    names = (
        "void_status",
        "void_reason",
        "void_requested_at",
        "void_requested_by",
        "void_deadline",
        "voided_at",
        "void_answer",
    )
    return {name: audit.plain_json(getattr(document, name)) for name in names}


def _exchanges(document: Document) -> Iterator[tuple[str, Iterable[bytes], dict[str, Any]]]:
    """Each call with its answer, oldest first, as the ledger keeps it."""
    rows = Exchange.objects.filter(document_uid=document.uid).order_by("pk")
    for serial, exchange in enumerate(rows.iterator(chunk_size=_ROWS), start=1):
        name = _UNSAFE.sub("_", exchange.operation)
        yield f"intercambios/{serial:04}-{name}.json", [_pretty(_row(exchange))], {}


def _audit(document: Document) -> dict[str, Any]:
    entries = AuditEntry.objects.filter(chain=document.tenant.uid, object_uid=document.uid).order_by(
        "sequence"
    )
    head = AuditChain.objects.filter(chain=str(document.tenant.uid)).first()
    return {
        "head": {"sequence": head.sequence, "hash": head.hash} if head else None,
        "entries": [{"members": audit.hashed_members(entry), "hash": entry.hash} for entry in entries],
    }


def _rows(model: type[models.Model], **wanted: Any) -> list[dict[str, Any]]:
    return [_row(row) for row in model._default_manager.filter(**wanted).order_by("pk")]


def _row(row: models.Model) -> dict[str, Any]:
    """The row's own members; keys of the database stay inside."""
    columns = [column for column in row._meta.concrete_fields if not column.is_relation]
    return {
        column.name: audit.plain_json(getattr(row, column.attname))
        for column in columns
        if column.name not in _OF_THE_MACHINE
    }


def _ending_of(payload: bytes) -> str:
    try:
        json.loads(payload)
    except ValueError:
        return "txt"
    return "json"


def _pretty(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False, indent=2, sort_keys=False).encode()
