"""What may stand in a mail that somebody asks for: one address, and plain text."""

import re

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.fiscal.panama.receiver import EMAIL_LENGTH
from invoicing.models import Document

LONGEST_MESSAGE = 500
# Control characters but line ends and tabs, those that turn the direction of a text, and what begins a tag.
_NOT_PLAIN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069<>]")
_SEPARATORS = re.compile(r"[,;\s]+")


def addresses_of(document: Document) -> list[str]:
    """The receiver's addresses as the document carries them."""
    emails = document.receiver_data.get("emails") if isinstance(document.receiver_data, dict) else None
    return [str(email) for email in emails or ()]


def split_addresses(text: str) -> list[str]:
    """The addresses in `text`, separated by commas, semicolons or blanks, each once."""
    return list(dict.fromkeys(part for part in _SEPARATORS.split(text) if part))


def clean_address(address: str) -> str:
    """One address as a provider and a mail header take it. Raises RuleBroken for none, for several, for anything else."""
    clean = address.strip()
    if not clean:
        raise RuleBroken(
            "mail_without_address",
            gettext_noop("El receptor no tiene correo: escriba la dirección."),
            "address",
        )
    if not is_address(clean):
        raise RuleBroken(
            "mail_address_shape",
            gettext_noop("«{address}» no es una sola dirección de correo, o pasa de {limit} caracteres."),
            "address",
            address=_NOT_PLAIN.sub("\N{REPLACEMENT CHARACTER}", clean)[:100],
            limit=EMAIL_LENGTH,
        )
    return clean


def clean_message(message: str) -> str:
    """Plain text. Raises RuleBroken for what is too long, and for what a mail program could take for markup."""
    clean = message.replace("\r\n", "\n").replace("\r", "\n").strip()
    if len(clean) > LONGEST_MESSAGE:
        raise RuleBroken(
            "mail_message_too_long",
            gettext_noop("El mensaje tiene {length} caracteres y caben {limit}. Acórtelo."),
            "message",
            length=len(clean),
            limit=LONGEST_MESSAGE,
        )
    if _NOT_PLAIN.search(clean):
        raise RuleBroken(
            "mail_message_not_plain",
            gettext_noop("El mensaje es solo texto: sin los signos < y >, ni caracteres de control."),
            "message",
        )
    return clean


def is_address(address: str) -> bool:
    """Whether it is one plain address that every provider takes."""
    if len(address) > EMAIL_LENGTH or not address.isascii() or _NOT_PLAIN.search(address):
        return False
    try:
        validate_email(address)
    except ValidationError:
        return False
    return True
