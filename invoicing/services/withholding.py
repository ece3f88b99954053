"""A withholding's certificate: its number, its date and the paper itself, which often come weeks after the payment.

The file is judged by its content, never by its name, and kept with the document's files.
"""

import uuid
from collections.abc import Callable, Mapping
from datetime import date

from django.core.files.base import File
from django.db import transaction

from cifras.core import audit
from cifras.core.models import Staff
from cifras.fiscal.errors import RuleBroken, gettext_noop, refuse
from invoicing.models import Attachment, Document, Settlement
from invoicing.services import receipts, timeline
from invoicing.services.attachments import keep_from_person, read_at_most

MOST_BYTES = 5 * 1024 * 1024
_TYPES: Mapping[str, Callable[[bytes], bool]] = {
    "pdf": lambda content: content.startswith(b"%PDF-") and b"%%EOF" in content[-1024:],
    "png": lambda content: content.startswith(b"\x89PNG\r\n\x1a\n"),
    "jpg": lambda content: content.startswith(b"\xff\xd8\xff"),
}


def complete_certificate(
    settlement_uid: uuid.UUID | str,
    *,
    number: str,
    day: date | None,
    actor: Staff | None,
    upload: "File[bytes] | None" = None,
) -> Settlement:
    """Write down the certificate of a withholding that was recorded without it, or correct what was written.

    Raises RuleBroken for another kind of movement, one that was reversed, an empty number, a date in the future, a bad file.
    """
    with transaction.atomic():
        row = receipts.get_settlement(settlement_uid, actor=actor)
        row = (
            Settlement.objects.select_for_update(of=("self",))
            .select_related("document__tenant")
            .get(pk=row.pk)
        )
        refuse(receipts.certificate_reasons(row, number.strip(), day))
        before = {"number": row.certificate_number, "date": row.certificate_date}
        row.certificate_number, row.certificate_date = number.strip(), day
        if upload:
            row.certificate = keep_certificate(row.document, upload)
        row.save(update_fields=["certificate_number", "certificate_date", "certificate"])
        after = {
            "number": row.certificate_number,
            "date": row.certificate_date,
            "file": bool(row.certificate_id),
        }
        timeline.note(row.document, "certificate_received", actor=actor, detail=after)
        audit.record(
            "document.certificate_received",
            actor=actor,
            tenant_uid=row.document.tenant.uid,
            target=row.document,
            before=before,
            after=after,
        )
    return row


def keep_certificate(document: Document, upload: "File[bytes]") -> Attachment:
    """Store the paper; the very same file is stored once per document. Raises RuleBroken naming `certificate`."""
    content = read_at_most(upload, MOST_BYTES)
    if content is None:
        raise RuleBroken(
            "certificate_too_big",
            gettext_noop("El certificado pasa de {limit} MiB: adjunte un archivo más pequeño."),
            "certificate",
            limit=MOST_BYTES // (1024 * 1024),
        )
    extension = next((name for name, looks_right in _TYPES.items() if looks_right(content)), "")
    if not extension:
        raise RuleBroken(
            "certificate_type",
            gettext_noop("El certificado no es un PDF ni una imagen PNG o JPEG: adjunte otro archivo."),
            "certificate",
        )
    attachment, _is_new = keep_from_person(
        document,
        Attachment.Kind.WITHHOLDING,
        content,
        extension=extension,
        filename=f"retencion-{document.number or document.uid}.{extension}",
    )
    return attachment
