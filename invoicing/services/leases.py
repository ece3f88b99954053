"""How long things may take and how long they wait: leases on a document, and the queue's own waits."""

from datetime import datetime, timedelta

from django.conf import settings

_SHORTEST_WAIT_SECONDS = 0.1
_TURN = timedelta(seconds=10)


def lease() -> timedelta:
    """How long one attempt may take at most: its call, and the short time until it is that document's turn."""
    return longest_call() + _TURN


def longest_call() -> timedelta:
    """How long one call to a provider may take at most, its in-call repeats included."""
    return timedelta(
        seconds=2 * (settings.PAC_CONNECT_TIMEOUT + settings.PAC_TOTAL_TIMEOUT + settings.PAC_RETRY_WAIT[1])
    )


def is_late(leased_until: datetime | None, now: datetime) -> bool:
    """Whether a call that began now might outlast its lease, so that somebody else would take the document for lost."""
    return leased_until is None or leased_until - now < longest_call()


def queue_wait(times: int) -> timedelta:
    """The queue's own wait before the next try, after `times` of them (setting PAC_QUEUE_WAITS; the last repeats)."""
    waits = settings.PAC_QUEUE_WAITS
    return timedelta(seconds=max(waits[min(max(times, 1), len(waits)) - 1], _SHORTEST_WAIT_SECONDS))
