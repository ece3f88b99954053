"""Celery's door: every task calls one service."""

from celery import shared_task

from reports.services import rollups, statement_queue
from reports.services.reconciling import running


@shared_task(name="reports.rollups")
def rollups_task() -> int:
    """Bring the monthly roll-up level with the documents that changed."""
    return rollups.roll_up_due()


@shared_task(name="reports.statements")
def statements_task() -> int:
    """Ask the providers for the figures that somebody waits for, and every night for all."""
    statement_queue.plan_night()
    return statement_queue.fetch_due()


@shared_task(name="reports.reconcile")
def reconcile_task() -> int:
    """Carry out the reconciliations that somebody waits for."""
    return running.run_due()
