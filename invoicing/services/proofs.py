"""Files that prove what a person says: a letter of the provider, a picture of a portal, a mail.

What arrives is judged by its content, never by its name: PDF, PNG, JPEG, plain text, or a mail saved as a file. Kept with the
document's files, handed out as a download like all of them.
"""

from collections.abc import Callable, Mapping
from email import policy
from email.parser import BytesParser

from django.core.files.base import File
from django.db import transaction

from cifras.core.models import Staff
from cifras.fiscal.errors import RuleBroken, gettext_noop
from invoicing.models import Attachment, Document
from invoicing.services import timeline
from invoicing.services.attachments import keep_from_person, read_at_most

MOST_BYTES = 10 * 1024 * 1024
_MAIL_HEADERS = ("From", "Date")
_LONGEST_NAME = 60


def keep(document: Document, upload: "File[bytes]", *, actor: Staff | None) -> Attachment:
    """Store a piece of evidence; the very same file is stored once per document.

    Raises RuleBroken with evidence_empty, evidence_too_big or evidence_type.
    """
    content = _content_of(upload)
    extension = _extension_of(content)
    filename = f"{_stem(upload.name or '')}.{extension}"
    with transaction.atomic():
        attachment, is_new = keep_from_person(
            document, Attachment.Kind.EVIDENCE, content, extension=extension, filename=filename
        )
        if is_new:
            detail = {
                "filename": attachment.filename,
                "sha256": attachment.sha256,
                "size_bytes": attachment.size_bytes,
            }
            timeline.note(document, "evidence_attached", actor=actor, detail=detail)
    return attachment


def _content_of(upload: "File[bytes]") -> bytes:
    content = read_at_most(upload, MOST_BYTES)
    if content is None:
        raise RuleBroken(
            "evidence_too_big",
            gettext_noop("La prueba pasa de {limit} MiB: adjunte un archivo más pequeño."),
            "evidence",
            limit=MOST_BYTES // (1024 * 1024),
        )
    if not content.strip():
        raise RuleBroken(
            "evidence_empty", gettext_noop("La prueba está vacía: adjunte otro archivo."), "evidence"
        )
    return content


def _extension_of(content: bytes) -> str:
    for extension, looks_right in _TYPES.items():
        if looks_right(content):
            return extension
    raise RuleBroken(
        "evidence_type",
        gettext_noop("La prueba no es un PDF, una imagen PNG o JPEG, un texto ni un correo guardado (EML)."),
        "evidence",
    )


def _is_text(content: bytes) -> bool:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    return all(character.isprintable() or character in "\r\n\t" for character in text)


def _is_mail(content: bytes) -> bool:
    """Whether it begins with a mail's headers; the rest may be any bytes."""
    head = content.replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    if not _is_text(head):
        return False
    message = BytesParser(policy=policy.compat32).parsebytes(head + b"\n\n", headersonly=True)
    return all(name in message for name in _MAIL_HEADERS)


def _is_pdf(content: bytes) -> bool:
    return content.startswith(b"%PDF-") and b"%%EOF" in content[-1024:]


# Tried in turn. A PDF that was cut off may look like text and is none.
_TYPES: Mapping[str, Callable[[bytes], bool]] = {
    "pdf": _is_pdf,
    "png": lambda content: content.startswith(b"\x89PNG\r\n\x1a\n") and b"IEND" in content[-16:],
    "jpg": lambda content: content.startswith(b"\xff\xd8\xff") and b"\xff\xd9" in content[-64:],
    "eml": _is_mail,
    "txt": lambda content: not content.startswith(b"%PDF-") and _is_text(content),
}


def _stem(name: str) -> str:
    """What the file was called, without its ending and without what a name should not hold."""
    stem = name.rsplit("/", 1)[-1].rsplit("\\", 1)[-1].rpartition(".")[0] or name
    clean = "".join(character if character.isalnum() or character in "-_ " else "-" for character in stem)
    return clean.strip()[:_LONGEST_NAME] or "prueba"
