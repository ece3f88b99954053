"""Never more calls at once than a provider takes, whatever the number of machines, workers and threads.

Whoever speaks with a provider takes lanes first, in one short transaction under the row lock of the provider's health, and
gives them back at the end. What a killed worker held comes free when its grant runs out. Source: domain 6.5, setting
PAC_CONCURRENCY.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from enum import Enum, auto

from django.conf import settings
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from invoicing.models import Document, LaneGrant, ProviderHealth

_GRANTED_FOR = timedelta(seconds=20)
_RENEWED_EVERY = timedelta(seconds=5)
# One lane in eight is not for posts, so that a flood of new documents never delays polls, look-ups and voids.
_RESERVE = 8

type Account = tuple[str, str]
"""A provider's key and an environment: what has a queue, a circuit and lanes of its own."""


def account_of(document: Document) -> Account:
    """The account at which `document` is issued."""
    return document.provider, document.environment


class Use(Enum):
    """What lanes are taken for. The law's clock runs for voids, so that they try even at a provider that does not answer."""

    POSTS = auto()
    READS = auto()
    VOIDS = auto()


class Lanes:
    """The lanes of one worker for one account; `calls` may be 0."""

    def __init__(self, grant: LaneGrant | None) -> None:
        self._grant = grant
        self.calls = grant.calls if grant else 0

    def keep(self) -> None:
        """Tell that the worker lives. To be called every second or so while calls are under way."""
        now = timezone.now()
        if self._grant and self._grant.until - now < _GRANTED_FOR - _RENEWED_EVERY:
            self._grant.until = now + _GRANTED_FOR
            LaneGrant.objects.filter(pk=self._grant.pk).update(until=self._grant.until)


@contextmanager
def lanes(account: Account, *, wanted: int, use: Use = Use.READS) -> Iterator[Lanes]:
    """At most `wanted` lanes for as long as the block runs; none while others hold them all or the circuit is open."""
    grant = _take(account, wanted, use)
    try:
        yield Lanes(grant)
    finally:
        if grant:
            LaneGrant.objects.filter(pk=grant.pk).delete()


def _take(account: Account, wanted: int, use: Use) -> LaneGrant | None:
    provider, environment = account
    with transaction.atomic():
        ProviderHealth.objects.get_or_create(provider=provider, environment=environment)
        health = ProviderHealth.objects.select_for_update().get(provider=provider, environment=environment)
        now = timezone.now()
        grants = LaneGrant.objects.filter(provider=provider, environment=environment)
        grants.filter(until__lte=now).delete()
        taken = grants.aggregate(calls=Sum("calls"))["calls"] or 0
        free = min(wanted, _limit(health, use, now) - taken)
        if free <= 0:
            return None
        return LaneGrant.objects.create(
            provider=provider, environment=environment, calls=free, until=now + _GRANTED_FOR
        )


def _limit(health: ProviderHealth, use: Use, now: datetime) -> int:
    """A circuit that was open lets one call through until that one is answered."""
    limit: int = settings.PAC_CONCURRENCY
    if use is Use.VOIDS:
        return limit
    if health.open_until is not None:
        return 0 if health.open_until > now else 1
    return limit - limit // _RESERVE if use is Use.POSTS else limit
