"""The sandbox's own clock: Panama's time, which may be moved so that windows close and links expire at once."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

PANAMA = timezone(timedelta(hours=-5))


class Clock:
    """Real time plus an offset. Every deadline of the sandbox is measured by it."""

    def __init__(self, offset: timedelta = timedelta()) -> None:
        self._offset = offset
        self.on_move: list[Callable[[timedelta], None]] = []

    @property
    def offset(self) -> timedelta:
        """How far the clock stands from real time."""
        return self._offset

    def now(self) -> datetime:
        """The present in Panama."""
        return datetime.fromtimestamp(time.time(), PANAMA) + self._offset

    def advance(self, *, hours: float = 0, seconds: float = 0) -> datetime:
        """Move by so much; negative moves back. Returns the new present."""
        return self._move(self._offset + timedelta(hours=hours, seconds=seconds))

    def set(self, at: datetime) -> datetime:
        """Make it `at` (aware); the clock goes on from there."""
        return self._move(at - datetime.fromtimestamp(time.time(), PANAMA))

    def reset(self) -> datetime:
        """Back to real time."""
        return self._move(timedelta())

    def _move(self, offset: timedelta) -> datetime:
        self._offset = offset
        for told in self.on_move:
            told(offset)
        return self.now()
