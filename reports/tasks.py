"""Celery's door: every task calls one service."""

from celery import shared_task

from reports.services import rollups, statement_queue
from reports.services.billing import drafts
from reports.services.closing import adjusting, month_end
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


@shared_task(name="reports.adjustments")
def adjustments_task() -> int:
    """Book what changed about closed months."""
    return adjusting.adjust_due()


@shared_task(name="reports.month_end")
def month_end_task() -> int:
    """Draft last month's reconciliations on the first working day, and mail finance about what was closed."""
    return month_end.draft_month() + month_end.mail_closings()


@shared_task(name="reports.billing")
def billing_task() -> int:
    """Draft the statements of closed months."""
    return drafts.compute_due()
