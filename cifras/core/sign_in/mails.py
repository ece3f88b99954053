"""Mails to people of the staff about their own way in."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string

from cifras.core.models import Staff

_NO_MAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"


def can_be_mailed(person: Staff) -> bool:
    """Whether there is an address, and a server that would take a mail to it."""
    return bool(person.email) and settings.EMAIL_BACKEND != _NO_MAIL_BACKEND


def send(person: Staff, subject: str, template: str, context: Mapping[str, Any]) -> bool:
    """Write to the person in the language of the moment; answers whether a server took it."""
    if not can_be_mailed(person):
        return False
    body = render_to_string(template, {"person": person, **context})
    try:
        return EmailMessage(subject=subject, body=body, to=[person.email]).send() == 1
    except OSError:  # every failure of smtplib is one
        return False
