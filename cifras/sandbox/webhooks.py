"""Posts webhooks from one background thread, with a few retries, and remembers what became of each."""

import http.client
import json
import logging
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from cifras.sandbox.behaviour import Behaviour

logger = logging.getLogger(__name__)

_TIMEOUT = 10.0  # seconds
_TICK = 0.2  # seconds between two looks at what is due


@dataclass
class Delivery:
    """One webhook. `status` is the receiver's last answer, None while there is none."""

    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: Any = None
    attempts: int = 0
    status: int | None = None
    error: str = ""


class Webhooks:
    """The postman. `tick` is called between deliveries while `is_wanted` says so."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour
        self._jobs: queue.Queue[Delivery | None] = queue.Queue()
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._deliveries: list[Delivery] = []
        self._thread: threading.Thread | None = None

    def start(self, tick: Callable[[], None]) -> None:
        """Begin to work; `tick` runs a few times a second."""
        self._thread = threading.Thread(target=self._work, args=(tick,), name="sandbox-webhooks", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop after the delivery under way."""
        self._stop.set()
        self._jobs.put(None)
        if self._thread:
            self._thread.join(_TIMEOUT)

    def send(self, url: str, headers: Mapping[str, str], body: Any) -> None:
        """Queue a delivery."""
        delivery = Delivery(url, headers, body)
        with self._lock:
            self._deliveries.append(delivery)
        self._jobs.put(delivery)

    def deliveries(self) -> Sequence[Delivery]:
        """Every webhook so far, oldest first."""
        with self._lock:
            return list(self._deliveries)

    def wait(self) -> None:
        """Until everything queued so far was delivered or given up."""
        self._jobs.join()

    def clear(self) -> None:
        """Forget what was delivered."""
        with self._lock:
            self._deliveries.clear()

    def _work(self, tick: Callable[[], None]) -> None:
        while not self._stop.is_set():
            try:
                self._work_once(tick)
            except Exception:
                logger.exception("the sandbox's postman stumbled")

    def _work_once(self, tick: Callable[[], None]) -> None:
        try:
            delivery = self._jobs.get(timeout=_TICK)
        except queue.Empty:
            tick()
            return
        try:
            if delivery:
                self._deliver(delivery)
        finally:
            self._jobs.task_done()
        tick()

    def _deliver(self, delivery: Delivery) -> None:
        for attempt in range(1, self._behaviour.webhook_attempts + 1):
            delivery.attempts, delivery.error = attempt, ""
            try:
                delivery.status = _post(delivery)
            except (OSError, http.client.HTTPException, ValueError) as error:
                delivery.status, delivery.error = None, type(error).__name__
            if delivery.status is not None and delivery.status < 500:
                return
            if self._stop.wait(self._behaviour.webhook_retry_wait * attempt):
                return


def _post(delivery: Delivery) -> int:
    address = urlsplit(delivery.url)
    kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
    connection = kind(address.hostname or "", address.port, timeout=_TIMEOUT)
    try:
        target = (address.path or "/") + (f"?{address.query}" if address.query else "")
        body = json.dumps(delivery.body, ensure_ascii=False, default=float).encode()
        headers = {"Content-Type": "application/json", "User-Agent": "sandbox-pac", **delivery.headers}
        connection.request("POST", target, body, headers)
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()
