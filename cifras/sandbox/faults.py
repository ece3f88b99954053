"""Misfortunes on order: a plan of what goes wrong, for which operation, how often.

"Before" means that nothing was done; "after" means that the deed was done and the caller does not hear of it properly.
"""

import random
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any


class FaultKind(StrEnum):
    """What may go wrong. The values are the names used over HTTP."""

    DROP_BEFORE = "drop_before"
    TIMEOUT_BEFORE = "timeout_before"
    SERVER_ERROR_BEFORE = "500_before"
    TOO_MANY_REQUESTS = "429"
    UNAUTHORIZED = "401"
    FORBIDDEN = "403"
    TIMEOUT_AFTER_COMMIT = "timeout_after_commit"
    DROP_AFTER_COMMIT = "drop_after_commit"
    SERVER_ERROR_AFTER = "500_after"
    REQUEST_TIMEOUT_AFTER = "408_after"
    MALFORMED_JSON = "malformed_json"
    TRUNCATED = "truncated"
    SLOW = "slow"


BEFORE = frozenset(
    {
        FaultKind.DROP_BEFORE,
        FaultKind.TIMEOUT_BEFORE,
        FaultKind.SERVER_ERROR_BEFORE,
        FaultKind.TOO_MANY_REQUESTS,
        FaultKind.UNAUTHORIZED,
        FaultKind.FORBIDDEN,
    }
)


@dataclass
class Fault:
    """One entry of the plan. `operation` may hold `*`; `times` None never ends; `skip` lets the first calls pass.

    `seconds`: how long a time-out hangs at most, or over how long a slow answer drips; `retry_after` goes with 429.
    """

    kind: FaultKind
    operation: str = "*"
    times: int | None = 1
    probability: float = 1.0
    skip: int = 0
    seconds: float = 120
    retry_after: int = 1
    fired: int = field(default=0, compare=False)

    @property
    def is_before(self) -> bool:
        """Whether nothing is done before it strikes."""
        return self.kind in BEFORE

    @property
    def is_spent(self) -> bool:
        """Whether it has struck as often as it should."""
        return self.times is not None and self.fired >= self.times

    def as_dict(self) -> dict[str, Any]:
        """For the control page and the tests."""
        return {**vars(self), "kind": self.kind.value}


class Faults:
    """The plan: the first entry that fits a call strikes it. Thread-safe; chances come from a seed."""

    def __init__(self, seed: int = 0) -> None:
        self._lock = threading.Lock()
        self._plan: list[Fault] = []
        self._random = random.Random(seed)  # noqa: S311 - repeatable misfortune, no secret

    def add(
        self,
        kind: str,
        operation: str = "*",
        *,
        times: int | None = 1,
        probability: float = 1.0,
        skip: int = 0,
        seconds: float | None = None,
        retry_after: int = 1,
    ) -> Fault:
        """Plan a fault (`FaultKind` or its value). Raises ValueError for a kind that does not exist."""
        fault_kind = FaultKind(kind)
        if seconds is None:
            seconds = 3 if fault_kind is FaultKind.SLOW else 120
        fault = Fault(fault_kind, operation, times, probability, skip, seconds, retry_after)
        with self._lock:
            self._plan.append(fault)
        return fault

    def seed(self, seed: int) -> None:
        """Start the chances anew."""
        self._random.seed(seed)

    def strike(self, operation: str) -> Fault | None:
        """The fault that befalls this call, if any; it counts as fired."""
        with self._lock:
            for fault in self._plan:
                if fault.is_spent or not fnmatchcase(operation, fault.operation):
                    continue
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                if self._random.random() < fault.probability:
                    fault.fired += 1
                    return fault
        return None

    def pending(self) -> Sequence[Fault]:
        """What may still strike."""
        with self._lock:
            return [fault for fault in self._plan if not fault.is_spent]

    def clear(self) -> None:
        """No more misfortune."""
        with self._lock:
            self._plan.clear()
