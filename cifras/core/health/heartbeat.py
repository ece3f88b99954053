"""The heartbeat: a sweep of the schedule, so its age says whether schedule, broker and workers are alive together."""

from datetime import timedelta

from django.utils import timezone

from cifras.core.models import Heartbeat

SWEEP = "core.heartbeat"
# Five beats missed: one is late while a worker restarts.
LONGEST_SILENCE = timedelta(seconds=150)


def beat() -> None:
    """Leave the time."""
    Heartbeat.objects.update_or_create(name=SWEEP, defaults={"at": timezone.now()})


def is_beating() -> bool:
    """Whether the last beat is no older than LONGEST_SILENCE."""
    since = timezone.now() - LONGEST_SILENCE
    return Heartbeat.objects.filter(name=SWEEP, at__gte=since).exists()
