"""Celery's door: every task calls one service. The tables hold the truth, so a lost task costs time and nothing else."""

from celery import shared_task

from invoicing.services import (
    correcting,
    inbox,
    mail_sending,
    number_fates,
    requesting,
    resolving,
    submitting,
    voiding,
    watching,
)
from invoicing.services.importing import turns
from invoicing.services.mirroring import bringing, pulling

_AS_MANY_AS_TIME_ALLOWS = 1_000_000
_ROUND = 500


@shared_task(name="invoicing.submit")
def submit_task() -> int:
    """Send what is queued and due."""
    return submitting.submit_due(limit=_AS_MANY_AS_TIME_ALLOWS)


@shared_task(name="invoicing.resolve")
def resolve_task() -> int:
    """Ask about what is unconfirmed and due."""
    return resolving.resolve_due(limit=_ROUND)


@shared_task(name="invoicing.void")
def void_task() -> int:
    """Carry out the voids that are due."""
    return voiding.void_due(limit=_ROUND)


@shared_task(name="invoicing.inbox")
def inbox_task() -> int:
    """Process the webhooks that came in."""
    return inbox.process_due(limit=_ROUND)


@shared_task(name="invoicing.pac_status_poll")
def pac_status_poll_task() -> int:
    """Ask about accepted documents, invoices and credit notes, whose turn has come."""
    return watching.watch_due(limit=_ROUND)


@shared_task(name="invoicing.mail")
def mail_task() -> int:
    """Send the mails that are due."""
    return mail_sending.send_due()


@shared_task(name="invoicing.request_webhooks")
def request_webhooks_task() -> int:
    """Ask for the webhooks that are overdue or wanted again."""
    return requesting.request_due()


@shared_task(name="invoicing.correct")
def correct_task() -> int:
    """Take corrections of issued documents their next step."""
    return correcting.advance_due()


@shared_task(name="invoicing.import")
def import_task() -> int:
    """Go on with the uploaded files."""
    return turns.import_due(limit=_ROUND)


@shared_task(name="invoicing.numbering")
def numbering_task() -> int:
    """Look for numbers that no document bears."""
    return number_fates.look_over_series()


@shared_task(name="invoicing.mirror")
def mirror_task() -> int:
    """Read on in the providers' lists, and bring the documents they show."""
    return pulling.pull_due() + bringing.bring_due(limit=_ROUND)
