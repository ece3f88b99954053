"""The right of one worker to carry out a run: renewed as it comes along, and lost where another worker has taken the run over.

Who holds it is told by `due_at`, the moment from which a run may be taken over: each renewal sets another one, and whoever finds
one that is not its own has lost the run and writes nothing more.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.utils import timezone

from reports.models import Reconciliation

_LEASE = timedelta(minutes=30)
_RENEWED_AFTER = timedelta(minutes=1)


class LeaseLost(Exception):
    """Another worker has taken the run over."""


class Lease:
    """One worker's hold on a run that is under way."""

    def __init__(self, run: int) -> None:
        self.run = run
        self.until = timezone.now() + _LEASE
        self._told: Mapping[str, int] = {}

    def take(self) -> bool:
        """Take over a run whose moment has come; False where somebody else was first."""
        waiting = Reconciliation.objects.filter(pk=self.run, due_at__lte=timezone.now())
        return bool(waiting.update(due_at=self.until, state=Reconciliation.State.RUNNING))

    def tell(self, done: int, of: int, rows: int) -> None:
        """Say how far the run has come, and hold it for longer. Raises LeaseLost."""
        progress = {"done": done, "of": of, "rows": rows}
        now = timezone.now()
        if progress == self._told and now < self.until - _LEASE + _RENEWED_AFTER:
            return
        self._change(due_at=now + _LEASE, progress=progress)
        self.until, self._told = now + _LEASE, progress

    def end(self, **changes: Any) -> None:
        """Write what the run came to, in the caller's transaction. Raises LeaseLost."""
        self._change(due_at=None, done_at=timezone.now(), **changes)

    def _change(self, **changes: Any) -> None:
        mine = Reconciliation.objects.filter(
            pk=self.run, state=Reconciliation.State.RUNNING, due_at=self.until
        )
        if not mine.update(**changes):
            raise LeaseLost
