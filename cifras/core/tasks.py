"""Celery's door: every task calls one service."""

from celery import shared_task

from cifras.core import anchors
from cifras.core.exports import jobs
from cifras.core.health import heartbeat
from cifras.core.sign_in import places, sessions


@shared_task(name="core.exports")
def exports_task() -> int:
    """Make the long files that somebody waits for, and erase the old ones."""
    return jobs.run_due()


@shared_task(name="core.heartbeat")
def heartbeat_task() -> None:
    """Show that schedule, broker and workers are alive."""
    heartbeat.beat()


@shared_task(name="core.anchor_audit")
def anchor_audit_task() -> int:
    """Write down elsewhere how far every chain of the audit trail reaches."""
    return anchors.anchor()


@shared_task(name=places.TASK)
def new_places_task() -> int:
    """Tell people of the new places that somebody signed in from as them."""
    return places.tell_due()


@shared_task(name="core.sessions")
def sessions_task() -> int:
    """Forget the sessions that would no longer be let in."""
    return sessions.forget_expired()
