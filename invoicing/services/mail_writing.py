"""What our own mails say: in the tenant's language and, where it has one, with its text.

A tenant's text is a template without logic: `{empresa}` and its like are replaced, nothing is computed. The mail goes out as
plain text and as simple HTML, in which everything that came from outside is escaped.
"""

import re
from collections.abc import Mapping
from email.utils import parseaddr

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import override

from cifras.core.masking import one_line
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.fiscal.zones import written
from invoicing.models import Attachment, Document, DocumentMail
from invoicing.services.attachments import verify_file
from invoicing.services.mail_words import is_address, split_addresses
from tenants.services.mail_text import filled

_PARAGRAPHS = re.compile(r"\n\s*\n")
_LONGEST_SUBJECT = 150


class FileUnfit(RuleBroken):
    """The stored PDF is not what arrived: a person has to look before anything leaves."""

    def __init__(self) -> None:
        super().__init__(
            "mail_file_unfit",
            gettext_noop("El PDF guardado falta o no es el que llegó: no se envía. Pídalo de nuevo al PAC."),
            "document",
        )


def write(mail: DocumentMail) -> EmailMultiAlternatives:
    """The mail, ready to leave, with the document's PDF if that is what it carries. Raises FileUnfit."""
    document = mail.document
    with override(mail.tenant.mail_language):
        values = _values(document)
        subject, text = _words(mail, values)
        message = _message(mail, subject, text)
    if mail.purpose == DocumentMail.Purpose.DOCUMENT:
        name, content = _pdf(document)
        message.attach(name, content, "application/pdf")
    return message


def _words(mail: DocumentMail, values: Mapping[str, str]) -> tuple[str, str]:
    if mail.purpose == DocumentMail.Purpose.NOTICE:
        subject = _("{documento} de {empresa}: quedó sin validez")
        text = _notice_in_peru() if mail.document.peru else _notice()
    else:
        subject = _("{documento} de {empresa}")
        text = mail.tenant.mail_text or (_letter_in_peru() if mail.document.peru else _letter())
    parts = [filled(text, values), mail.message]
    return filled(subject, values), "\n\n".join(part for part in parts if part)


def _letter() -> str:
    return _(
        "Estimado cliente {receptor}:\n\nAdjuntamos el documento {documento} del {fecha} por {total}, autorizado por la "
        "DGI.\n\nCUFE: {cufe}\n\n{empresa}"
    )


def _letter_in_peru() -> str:
    return _(
        "Estimado cliente {receptor}:\n\nAdjuntamos el comprobante {documento} del {fecha} por {total}, aceptado por la "
        "SUNAT.\n\n{empresa}"
    )


def _notice() -> str:
    return _(
        "Estimado cliente {receptor}:\n\nEl documento {documento} del {fecha} por {total} que recibió de {empresa} quedó "
        "sin validez ante la DGI. No lo use para su contabilidad ni para sustentar gastos.\n\nCUFE: {cufe}"
    )


def _notice_in_peru() -> str:
    return _(
        "Estimado cliente {receptor}:\n\nEl comprobante {documento} del {fecha} por {total} que recibió de {empresa} quedó "
        "sin validez ante la SUNAT. No lo use para su contabilidad ni para sustentar gastos."
    )


def _message(mail: DocumentMail, subject: str, text: str) -> EmailMultiAlternatives:
    is_sandbox = not mail.tenant.is_live
    foot = _("Enviado por Cifras por encargo de {empresa}").format(empresa=mail.tenant.legal_name)
    warning = _("Documento de pruebas: sin validez legal")
    if is_sandbox:
        subject = f"[{warning}] {subject}"
    context = {
        "subject": subject,
        "language": mail.tenant.mail_language,
        "is_sandbox": is_sandbox,
        "paragraphs": _PARAGRAPHS.split(text),
        "foot": foot,
    }
    body = "\n\n".join([*([warning.upper()] if is_sandbox else []), text, "--\n" + foot])
    reply_to = [mail.tenant.email] if is_address(mail.tenant.email) else None
    message = EmailMultiAlternatives(
        subject=_on_one_line(subject),
        body=body,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=split_addresses(mail.address),
        reply_to=reply_to,
        # The same mail twice bears the same name, by which mail programs may tell.
        headers={"Message-ID": f"<{mail.uid}@{_domain()}>", "Auto-Submitted": "auto-generated"},
    )
    message.attach_alternative(render_to_string("mail/document.html", context), "text/html")
    return message


def _values(document: Document) -> dict[str, str]:
    number = document.printed_number or document.external_id
    return {
        "receptor": document.receiver_name,
        "empresa": str(document.tenant),
        "documento": f"{document.kind_label} {number}".strip(),
        "numero": number,
        "fecha": written(document.issue_date) if document.issue_date else "",
        "total": f"{document.currency} {document.total:,.2f}",
        "cufe": document.cufe,
    }


def _pdf(document: Document) -> tuple[str, bytes]:
    newest = document.attachments.filter(kind=Attachment.Kind.PDF).order_by("pk").last()
    if newest is None or not verify_file(newest):
        raise FileUnfit
    with newest.file.open("rb") as stored:
        return newest.filename, stored.read()


def _on_one_line(text: str) -> str:
    return " ".join(one_line(" ".join(text.split())).split())[:_LONGEST_SUBJECT]


def _domain() -> str:
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
