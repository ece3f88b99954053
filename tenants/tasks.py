"""Celery's door: every task calls one service."""

from celery import shared_task

from tenants.services import following
from tenants.services.catalogues import refresh_catalogues


@shared_task(name="tenants.affiliation")
def affiliation_task() -> int:
    """Read the companies whose affiliation is waited for, or is due for its daily look."""
    return following.read_due()


@shared_task(name="tenants.catalogues")
def catalogues_task() -> int:
    """Fetch the authority's code tables that are older than a day."""
    return len(refresh_catalogues(only_old=True))
