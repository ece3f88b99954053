"""The certificate radar: how near each signing certificate is to its end, at 60, 30, 7 and 1 days, and past it.

A company's radar is its current certificate that ends first, whatever its purpose. Nothing is blocked before the end.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.db.models import Exists, OuterRef, Q

from tenants.models import Certificate, Tenant

LEVEL_DAYS = (60, 30, 7, 1)


class Level(StrEnum):
    """How near the end is. Each but the first is reached when at most that many days are left, EXPIRED with none."""

    FAR = "far"
    DAYS_60 = "60"
    DAYS_30 = "30"
    DAYS_7 = "7"
    DAYS_1 = "1"
    EXPIRED = "expired"


def level_of(not_after: datetime, now: datetime) -> Level:
    """The level of a certificate that ends at `not_after`; at that very moment it has expired."""
    left = not_after - now
    if left <= timedelta(0):
        return Level.EXPIRED
    for days in sorted(LEVEL_DAYS):
        if left <= timedelta(days=days):
            return Level(str(days))
    return Level.FAR


def ending(level: Level, now: datetime) -> Q:
    """The current certificates at `level` or nearer to their end."""
    return Q(replaced_at=None, not_after__lte=now + timedelta(days=_days(level)))


def tenants_ending(level: Level, now: datetime) -> Exists:
    """The tenants with a current certificate at `level` or nearer to its end."""
    return Exists(Certificate.objects.filter(ending(level, now), tenant=OuterRef("pk")))


def first_to_end(tenant: Tenant) -> Certificate | None:
    """The tenant's current certificate that ends first; reads the prefetched ones."""
    current = [row for row in tenant.certificates.all() if row.replaced_at is None]
    return min(current, key=_end, default=None)


def _end(certificate: Certificate) -> Any:
    return certificate.not_after


def _days(level: Level) -> int:
    if level is Level.EXPIRED:
        return 0
    return int(level.value)
