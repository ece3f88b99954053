"""Time as a quiet machine would have measured it: what passed, less what our processes waited for a processor that others had.

Linux tells that per thread in `/proc/<process>/task/*/schedstat`; where it does not, it is plain time. It holds for work that is
done by turns, as between a program and its database, so that their waits never overlap.
"""

import os
import time
from pathlib import Path

from django.db import connection


class Stopwatch:
    """Runs from its making on; reads this process and the one that serves its connection."""

    def __init__(self) -> None:
        connection.ensure_connection()
        self._processes = (os.getpid(), connection.connection.info.backend_pid)
        self._since, self._had = time.perf_counter(), self._used()

    @property
    def passed(self) -> float:
        """Seconds by the clock."""
        return time.perf_counter() - self._since

    @property
    def quiet(self) -> float:
        """Seconds without those in which we were ready and had no processor."""
        return self.passed - (self._used()[1] - self._had[1])

    @property
    def busy(self) -> float:
        """Seconds that processors worked for us."""
        return self._used()[0] - self._had[0]

    def _used(self) -> tuple[float, float]:
        """(seconds on a processor, seconds ready and without one) of both processes until now."""
        told = [line for process in self._processes for line in _schedules(process)]
        return sum(run for run, _ in told) / 1e9, sum(wait for _, wait in told) / 1e9


def _schedules(process: int) -> list[tuple[int, int]]:
    found = []
    for path in Path(f"/proc/{process}/task").glob("*/schedstat"):
        run, wait, _times = path.read_text().split()
        found.append((int(run), int(wait)))
    return found
