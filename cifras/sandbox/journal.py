"""What was asked of the sandbox: every request in the order of arrival, and how often each number was posted.

Keys, passwords and certificates are masked before anything is kept.
"""

import threading
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

_SECRET_MEMBERS = frozenset(
    {"certificate", "certificatePassword", "password", "content", "webhookSecret", "headers"}
)


class Posting(NamedTuple):
    """The number a posted document wants, as it arrived, valid or not."""

    company_id: str
    office_id: str
    document_type: str
    billing_point: str
    number: str


@dataclass
class Received:
    """One request. `status` is None while it is being answered and when the connection was dropped instead."""

    at: datetime
    method: str
    path: str
    query: dict[str, str]
    operation: str
    idempotency_key: str = ""
    correlation_id: str = ""
    content_type: str = ""
    body: Any = field(default=None, repr=False)
    fault: str = ""
    status: int | None = None


class Journal:
    """The last requests in memory. Thread-safe."""

    def __init__(self, length: int = 20_000) -> None:
        self._lock = threading.Lock()
        self._received: deque[Received] = deque(maxlen=length)
        self._postings: Counter[Posting] = Counter()

    def note(self, received: Received) -> None:
        """Keep a request; its body is masked here."""
        received.body = masked(received.body)
        with self._lock:
            self._received.append(received)

    def note_posting(self, posting: Posting) -> None:
        """Count that this number was posted once more."""
        with self._lock:
            self._postings[posting] += 1

    def requests(self, operation: str = "") -> Sequence[Received]:
        """All requests, or those of one operation, oldest first."""
        with self._lock:
            return [each for each in self._received if not operation or each.operation == operation]

    def postings(self) -> Counter[Posting]:
        """How often each number was posted."""
        with self._lock:
            return self._postings.copy()

    def times_posted(self, number: str, *, company_id: str = "", document_type: str = "") -> int:
        """How often `number` was posted, of any company and type unless named."""
        return sum(
            times
            for posting, times in self.postings().items()
            if posting.number == number
            and company_id in ("", posting.company_id)
            and document_type in ("", posting.document_type)
        )

    def clear(self) -> None:
        """Forget all requests and counts."""
        with self._lock:
            self._received.clear()
            self._postings.clear()


def masked(value: Any) -> Any:
    """A copy of parsed JSON without its secrets."""
    if isinstance(value, dict):
        return {name: "***" if name in _SECRET_MEMBERS else masked(member) for name, member in value.items()}
    if isinstance(value, list):
        return [masked(member) for member in value]
    return value
