"""Celery's door: every task calls one service. The tables hold the truth, so a lost task costs time and nothing else."""

from celery import shared_task

from invoicing.services import inbox, resolving, submitting, voiding, watching


@shared_task(name="invoicing.submit")
def submit_task() -> int:
    """Send what is queued and due."""
    return submitting.submit_due()


@shared_task(name="invoicing.resolve")
def resolve_task() -> int:
    """Ask about what is unconfirmed and due."""
    return resolving.resolve_due()


@shared_task(name="invoicing.void")
def void_task() -> int:
    """Carry out the voids that are due."""
    return voiding.void_due()


@shared_task(name="invoicing.inbox")
def inbox_task() -> int:
    """Process the webhooks that came in."""
    return inbox.process_due()


@shared_task(name="invoicing.pac_status_poll")
def pac_status_poll_task() -> int:
    """Ask about accepted documents, invoices and credit notes, whose turn has come."""
    return watching.watch_due()
