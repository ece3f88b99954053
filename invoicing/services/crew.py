"""Many hands in one process: threads that speak with providers while one thread keeps the books.

With one hand (setting PAC_THREADS) nothing leaves the calling thread, which is what a test inside one transaction needs.
The threads live as long as the process and keep their connections to the providers alive.
"""

import logging
import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import cache, partial
from itertools import count
from math import inf
from queue import Empty, PriorityQueue, SimpleQueue
from typing import Any, Protocol

from django.conf import settings
from django.db import close_old_connections

from cifras.core.scopes import carried

logger = logging.getLogger(__name__)

# How many threads of one process read at the same time.
READERS = 8
_SOON_SECONDS = 0.025
# How many threads a process keeps of each kind. Only a poster touches no database; each of the others has a connection.
_POSTERS, _READERS, _LEADERS = ("poster", 512), ("reader", READERS), ("leader", 8)

type Job[T] = Callable[[], T]


class Crew[T](Protocol):
    """Takes jobs and gives back what they answer, in whatever order they end. A job must not raise."""

    def start(self, job: Job[T], *, rank: int = 0) -> None:
        """Have `job` done; while all hands are busy, those of a lower rank come first."""

    def finished(self, *, seconds: float) -> list[T]:
        """What has ended meanwhile; waits for one, at most `seconds`."""


def hands(wanted: int) -> int:
    """How many hands this process can offer."""
    return max(1, min(wanted, settings.PAC_THREADS))


@contextmanager
def crew(size: int, *, kind: tuple[str, int] = _POSTERS) -> Iterator[Crew[Any]]:
    """`size` hands for as long as the block runs; one hand is the calling thread's own. Their jobs touch no database."""
    if size == 1:
        yield _OneHand[Any]()
        return
    many = _ManyHands[Any](size, kind)
    try:
        yield many
    finally:
        many.dismiss()


def each[T](rows: Sequence[T], do: Callable[[T], object], *, size: int, while_waiting: Job[None]) -> None:
    """Do something with every row, `size` at once, each on a database connection of its own. `do` is expected not to raise."""
    if size == 1 or len(rows) < 2:
        for row in rows:
            do(row)
            while_waiting()
        return
    inside = carried(do)
    with crew(min(size, len(rows), READERS), kind=_READERS) as many:
        for row in rows:
            many.start(partial(_alone, inside, row))
        left = len(rows)
        while left:
            left -= len(many.finished(seconds=1))
            while_waiting()


def side_by_side(acts: Sequence[Job[int]]) -> int:
    """The sum of what the acts answer; several run at the same time unless this process has but one hand."""
    if len(acts) < 2 or hands(2) == 1:
        return sum(act() for act in acts)
    futures = [_threads(os.getpid(), *_LEADERS).submit(_with_fresh_connection, carried(act)) for act in acts]
    return sum(future.result() for future in futures)


class _OneHand[T]:
    def __init__(self) -> None:
        self._jobs: deque[Job[T]] = deque()

    def start(self, job: Job[T], *, rank: int = 0) -> None:
        self._jobs.append(job)

    def finished(self, *, seconds: float) -> list[T]:
        return [self._jobs.popleft()()] if self._jobs else []


class _ManyHands[T]:
    def __init__(self, size: int, kind: tuple[str, int]) -> None:
        self._jobs: PriorityQueue[tuple[float, int, Job[T] | None]] = PriorityQueue()
        self._serial = count()
        self._answers: SimpleQueue[T] = SimpleQueue()
        self._size, self._open = size, 0
        for _ in range(size):
            _threads(os.getpid(), *kind).submit(self._work)

    def start(self, job: Job[T], *, rank: int = 0) -> None:
        self._open += 1
        self._jobs.put((rank, next(self._serial), job))

    def finished(self, *, seconds: float) -> list[T]:
        answers: list[T] = []
        end = time.monotonic() + seconds
        with suppress(Empty):
            while len(answers) < self._open:
                answers.append(self._answers.get(timeout=max(end - time.monotonic(), 0)))
                # What comes soon after the first one is worth waiting for, unless many hands are idle already.
                if len(answers) == 1:
                    end = time.monotonic() + _SOON_SECONDS
                elif len(answers) > self._size // 2:
                    end = 0
        self._open -= len(answers)
        return answers

    def dismiss(self) -> None:
        """Every hand goes once it has ended what it does."""
        for _ in range(self._size):
            self._jobs.put((inf, next(self._serial), None))

    def _work(self) -> None:
        while (job := self._jobs.get()[-1]) is not None:
            self._answers.put(job())


def _alone[T](do: Callable[[T], object], row: T) -> None:
    try:
        _with_fresh_connection(partial(do, row))
    except Exception:
        logger.exception("A job of a crew broke off")


def _with_fresh_connection[T](act: Job[T]) -> T:
    close_old_connections()
    try:
        return act()
    finally:
        close_old_connections()


@cache
def _threads(process_id: int, kind: str, most: int) -> ThreadPoolExecutor:
    """The threads of this process; a child that was forked off gets threads of its own."""
    return ThreadPoolExecutor(most, thread_name_prefix=f"{kind}-{process_id}")
