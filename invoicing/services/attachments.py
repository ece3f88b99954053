"""A document's files, fetched from the provider and kept: the one function for webhook, poll and manual attaching.

One row per document, kind and content, whatever comes in a race (the papers admit duplicate PDFs). What arrives is judged by
its content; its name in the storage is made here and carries the tenant. A file that cannot be had never stops the news that
offered it: it is logged, shown on the timeline, and asked for again by the next look. Errors of the storage bubble up.
"""

import hashlib
import logging
import re
from collections.abc import Callable
from typing import Any
from xml.parsers import expat

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.core.files.storage import Storage
from django.db import IntegrityError, transaction

from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.pac.contract import PacAnswer
from cifras.pac.download import Download, FilePolicy, FileRefused, LinkExpired, fetch
from cifras.pac.errors import PacError
from invoicing.models import Attachment, Document, TimelineEvent
from invoicing.services import timeline

logger = logging.getLogger(__name__)

type Refetch = Callable[[], PacAnswer]

LARGEST_GIVEN = 20 * 1024 * 1024

_UNTYPED = frozenset({"", "application/octet-stream", "binary/octet-stream"})
_CONTENT_TYPES = {
    Attachment.Kind.PDF: _UNTYPED | {"application/pdf", "application/x-pdf"},
    Attachment.Kind.XML: _UNTYPED | {"application/xml", "text/xml", "text/plain"},
    Attachment.Kind.CDR: _UNTYPED
    | {"application/xml", "text/xml", "text/plain", "application/zip", "application/x-zip-compressed"},
}
_ADDRESSES = {
    Attachment.Kind.PDF: "pdf_url",
    Attachment.Kind.XML: "xml_url",
    Attachment.Kind.CDR: "cdr_url",
}
_PDF_TAIL_BYTES = 1024  # where readers look for the end mark
_ZIP = b"PK\x03\x04"
_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,89}")


def attach_files(
    document: Document, answer: PacAnswer, *, source: str, refetch: Refetch | None = None
) -> bool:
    """Fetch and keep the files that `answer` offers; True when it offers some and all of them are stored now.

    `source` names what brought the answer (``webhook``, ``poll``, ``manual``). With `refetch`, which reads the document anew, an
    expired link is replaced by a fresh one, once. Never raises for a file's problem; errors of the storage bubble up.
    """
    links = _Links(answer, refetch)
    stored = [_attach(document, kind, links, source) for kind in links.offered()]
    return bool(stored) and all(stored)


def kind_given(content: bytes) -> Attachment.Kind:
    """Whether a file that a person gave is a PDF or an XML, by what stands in it; RuleBroken when it is neither whole."""
    if len(content) > LARGEST_GIVEN:
        raise RuleBroken(
            "file_too_large",
            gettext_noop("El archivo pasa de {limit} MiB: redúzcalo."),
            "files",
            limit=LARGEST_GIVEN // 1024**2,
        )
    if _is_pdf(content):
        return Attachment.Kind.PDF
    if _is_plain_xml(content):
        return Attachment.Kind.XML
    raise RuleBroken(
        "file_not_recognised",
        gettext_noop(
            "El archivo no es un PDF ni un XML íntegro, sea cual sea su nombre: expórtelo de nuevo."
        ),
        "files",
    )


def attach_given(document: Document, content: bytes, *, source: str) -> None:
    """Keep a file that a person gave, in the caller's transaction. Raises as `kind_given`."""
    kind = kind_given(content)
    _keep(document, kind, content, source=source, exchange_id="")
    if kind is Attachment.Kind.PDF:
        Document.objects.filter(pk=document.pk).update(has_pdf=True)
        document.has_pdf = True


def keep_from_person(
    document: Document, kind: Attachment.Kind, content: bytes, *, extension: str, filename: str
) -> tuple[Attachment, bool]:
    """(the stored file, whether it is new): the very same content is stored once per document and kind.

    The caller has judged the content. `filename` is what whoever downloads it sees.
    """
    digest = hashlib.sha256(content).hexdigest()
    same = Attachment.objects.filter(document=document, kind=kind, sha256=digest)
    if found := same.first():
        return found, False
    storage = Attachment._meta.get_field("file").storage
    attachment = Attachment(
        document=document,
        kind=kind,
        filename=filename,
        file=write_once(storage, f"{document.tenant.uid}/{document.uid}/{digest}.{extension}", content),
        sha256=digest,
        size_bytes=len(content),
        source="person",
    )
    try:
        with transaction.atomic():
            attachment.save(force_insert=True)
    except IntegrityError:
        return same.get(), False  # somebody else was faster with the same file
    return attachment, True


def read_at_most(upload: "File[bytes]", most_bytes: int) -> bytes | None:
    """All of an uploaded file; None when it is longer than that."""
    if (upload.size or 0) > most_bytes:
        return None
    upload.seek(0)
    content: bytes = upload.read(most_bytes + 1)
    return content if len(content) <= most_bytes else None


def verify_file(attachment: Attachment) -> bool:
    """Whether the stored bytes are still those that arrived: size and SHA-256 are computed anew. A lost file is not."""
    digest, size = hashlib.sha256(), 0
    try:
        with attachment.file.open("rb") as stored:
            for chunk in stored.chunks():
                digest.update(chunk)
                size += len(chunk)
    except FileNotFoundError:
        return False
    return (digest.hexdigest(), size) == (attachment.sha256, attachment.size_bytes)


def file_policy() -> FilePolicy:
    """What the settings let us fetch; also says which of a provider's links may be shown as links."""
    return FilePolicy(
        allowed_hosts=tuple(settings.PAC_FILE_HOSTS), allow_insecure=settings.PAC_ALLOW_INSECURE_FILES
    )


class _Links:
    """The links of an answer, which may be renewed once."""

    def __init__(self, answer: PacAnswer, refetch: Refetch | None) -> None:
        self.answer, self._refetch = answer, refetch

    def offered(self) -> list[Attachment.Kind]:
        return [kind for kind in _ADDRESSES if self.url(kind)]

    def url(self, kind: Attachment.Kind) -> str:
        address: str = getattr(self.answer, _ADDRESSES[kind])
        return address

    def download(self, kind: Attachment.Kind) -> Download:
        """The file of this kind; an expired link is renewed if that has not been done yet."""
        try:
            return fetch(self.url(kind), policy=file_policy())
        except LinkExpired:
            if self._refetch is None:
                raise
            refetch, self._refetch = self._refetch, None
            self.answer = refetch()
            if not self.url(kind):
                raise
            return fetch(self.url(kind), policy=file_policy())


def _attach(document: Document, kind: Attachment.Kind, links: _Links, source: str) -> bool:
    try:
        download = links.download(kind)
        _require_content(kind, download)
    except PacError as error:
        _note_failure(document, kind, error, source=source, exchange_id=links.answer.exchange_id)
        return False
    _keep(document, kind, download.content, source=source, exchange_id=links.answer.exchange_id)
    if kind is Attachment.Kind.PDF:
        Document.objects.filter(pk=document.pk, has_pdf=False).update(has_pdf=True)
        document.has_pdf = True
    return True


def _require_content(kind: Attachment.Kind, download: Download) -> None:
    """Raises FileRefused unless the content is what its kind promises, whatever the server calls it."""
    looks_right = _LOOKS[kind](download.content)
    if download.content_type not in _CONTENT_TYPES[kind] or not looks_right:
        raise FileRefused(
            gettext_noop(
                "El enlace no entregó un {kind} íntegro sino otra cosa ({content_type}). No se guardó."
            ),
            reason="content",
            kind=kind.value,
            content_type=download.content_type[:60] or "?",
        )


def _is_pdf(content: bytes) -> bool:
    return content.startswith(b"%PDF-") and b"%%EOF" in content[-_PDF_TAIL_BYTES:]


def _is_plain_xml(content: bytes) -> bool:
    """Well-formed and without a document type, where entities and outside references would live."""
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, _HasDoctype):
        return False
    return True


def _is_cdr(content: bytes) -> bool:
    """SUNAT hands its word over as XML inside a ZIP; some providers unpack it."""
    return content.startswith(_ZIP) or _is_plain_xml(content)


_LOOKS = {Attachment.Kind.PDF: _is_pdf, Attachment.Kind.XML: _is_plain_xml, Attachment.Kind.CDR: _is_cdr}


class _HasDoctype(Exception):
    pass


def _refuse_doctype(*_declared: Any) -> None:
    raise _HasDoctype


def _keep(
    document: Document, kind: Attachment.Kind, content: bytes, *, source: str, exchange_id: str
) -> None:
    """Store the file and its row, unless the very same file is there already."""
    digest = hashlib.sha256(content).hexdigest()
    same = Attachment.objects.filter(document=document, kind=kind, sha256=digest)
    if same.exists():
        return
    storage = Attachment._meta.get_field("file").storage
    stored_name = write_once(
        storage, f"{document.tenant.uid}/{document.uid}/{digest}.{_ending(kind, content)}", content
    )
    attachment = Attachment(
        document=document,
        kind=kind,
        filename=_shown_name(document, _ending(kind, content)),
        file=stored_name,
        sha256=digest,
        size_bytes=len(content),
        source=source[:20],
    )
    try:
        with transaction.atomic():
            attachment.save(force_insert=True)
            _note_success(attachment, exchange_id=exchange_id)
    except IntegrityError:
        # Somebody else was faster. In a store without exclusive creation both may have written the same name.
        winner = same.first()
        if winner is None or winner.file.name != stored_name:
            storage.delete(stored_name)
        if winner is None:
            raise


def write_once(storage: Storage, name: str, content: bytes) -> str:
    """The name under which `content` is stored; the whole file of a writer that died before its row is taken over."""
    if storage.exists(name):
        with storage.open(name) as stored:
            if stored.read() == content:
                return name
    return storage.save(name, ContentFile(content))


def _ending(kind: Attachment.Kind, content: bytes) -> str:
    if kind is Attachment.Kind.CDR:
        return "cdr.zip" if content.startswith(_ZIP) else "cdr.xml"
    return kind.lower()


def _shown_name(document: Document, ending: str) -> str:
    """`{cufe}.pdf`; a CUFE is the provider's text, so one with odd characters is not made a file's name."""
    name = document.cufe if _SAFE_NAME.fullmatch(document.cufe) else str(document.uid)
    return f"{name}.{ending}"


def _note_success(attachment: Attachment, *, exchange_id: str) -> None:
    detail = {
        "kind": attachment.kind,
        "filename": attachment.filename,
        "sha256": attachment.sha256,
        "size_bytes": attachment.size_bytes,
        "source": attachment.source,
    }
    code = f"{attachment.kind.lower()}_attached"
    timeline.note(attachment.document, code, detail=detail, exchange_id=exchange_id)


def _note_failure(
    document: Document, kind: Attachment.Kind, error: PacError, *, source: str, exchange_id: str
) -> None:
    """Log it; write it on the timeline unless the last look ended in the same way."""
    detail = {
        "kind": kind.value,
        "code": error.code,
        "reason": getattr(error, "reason", ""),
        "message": error.message,
    }
    logger.warning(
        "%s of document %s was not attached: %s %s", kind, document.uid, error.code, detail["reason"]
    )
    codes = ("file_failed", f"{kind.lower()}_attached")
    last = TimelineEvent.objects.filter(
        document_uid=document.uid, code__in=codes, detail__kind=kind.value
    ).first()
    if last is None or {**last.detail, "source": ""} != {**detail, "source": ""}:
        timeline.note(document, "file_failed", detail=detail | {"source": source}, exchange_id=exchange_id)
