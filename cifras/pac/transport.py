"""The one HTTP door to a provider.

It sends, reads within limits, keeps a masked record of every attempt, and says in one word what happened: an answer, or a
`PacError` whose `outcome` tells whether the deed may have been done. In-call repeats (tenacity): a GET twice on lost
connections, 5xx and 429; a write twice only while no byte has left. Everything else is the caller's decision.
"""

import json
import re
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from http.cookiejar import DefaultCookiePolicy
from typing import Any, TypedDict

import requests
import urllib3
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential

from cifras.fiscal.errors import gettext_noop
from cifras.pac.connection import PASSAGE, Passage, WatchingAdapter
from cifras.pac.contract import Exchange, Recorder
from cifras.pac.errors import Busy, Incident, NotDelivered, PacError, Unsettled
from cifras.pac.masking import (
    SHORTEST_SECRET,
    masked_body,
    masked_headers,
    masked_url,
    secrets_in_body,
    without,
)

_ATTEMPTS = 2
_LONGEST_ANSWER_BYTES = 8 * 1024 * 1024
_LONGEST_WAIT_SECONDS = 3600.0
_CHUNK_BYTES = 64 * 1024
_UNREADABLE = object()

Reads = Callable[[str, str], Any]
_sessions = threading.local()
_NETWORK_FAILURES = (requests.RequestException, urllib3.exceptions.HTTPError, HTTPException, OSError)
_MISCONFIGURED = gettext_noop(
    "La dirección o la clave del proveedor están mal escritas en la configuración. No se envió nada; corríjalas."
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whatever its status. `body` is the parsed JSON, None when it is none; `text` is as received.

    Our own secrets, which a provider may say back, are hidden in both.
    """

    status: int
    headers: Mapping[str, str]
    text: str
    body: Any
    exchange_id: str

    @property
    def is_success(self) -> bool:
        """200, 201 and 202 alike."""
        return 200 <= self.status < 300


class TransportOptions(TypedDict, total=False):
    """How a client is to speak, as its caller passes it on. Times are seconds; a proxy only if it is given."""

    connect_timeout: float
    read_timeout: float
    total_timeout: float
    retry_wait: tuple[float, float]
    proxy_url: str
    recorder: Recorder | None
    correlation_id: str


class Transport:
    """Speaks HTTP to one address with one set of headers. Times are seconds; a proxy only if it is given.

    It costs next to nothing to make: the connections belong to the thread and are kept from one transport to the next.
    """

    def __init__(
        self,
        base_url: str,
        headers: Mapping[str, str],
        *,
        connect_timeout: float = 5,
        read_timeout: float = 30,
        total_timeout: float = 60,
        retry_wait: tuple[float, float] = (2, 10),
        proxy_url: str = "",
        recorder: Recorder | None = None,
        correlation_id: str = "",
        reads: Reads | None = None,
    ) -> None:
        """`reads`: what a body of this Content-Type says, where answers are not all JSON; ValueError when it says nothing."""
        self.base_url = base_url.rstrip("/")
        self._reads = reads or _read_json
        self._headers = dict(headers)
        self._secrets = _secrets_in(headers)
        self._timeouts = (connect_timeout, read_timeout)
        self._total_timeout = total_timeout
        self._retry_wait = retry_wait
        self._proxies = {"http": proxy_url, "https": proxy_url} if proxy_url else {}
        self._recorder = recorder
        self._correlation_id = correlation_id or str(uuid.uuid4())

    def __repr__(self) -> str:
        return f"Transport({masked_url(self.base_url)!r})"

    def get(self, operation: str, path: str, *, params: Mapping[str, Any] | None = None) -> Answer:
        """Read. Repeated once on lost connections, 5xx and 429."""
        return self._call(operation, "GET", path, params=params, may_repeat=True)

    def write(
        self,
        operation: str,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Write, or a GET that does something. Repeated once only while no byte has left."""
        return self._call(
            operation, method, path, params=params, body=body, headers=headers, may_repeat=False
        )

    def ask(
        self,
        operation: str,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """A question that is not a GET: it changes nothing, so it is repeated as one."""
        return self._call(operation, method, path, body=body, headers=headers, may_repeat=True)

    def _call(
        self,
        operation: str,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        may_repeat: bool,
    ) -> Answer:
        low, high = self._retry_wait
        attempts = Retrying(
            stop=stop_after_attempt(_ATTEMPTS),
            wait=wait_exponential(multiplier=1, min=low, max=high),
            retry=retry_if_exception(lambda error: _is_worth_repeating(error, may_repeat=may_repeat)),
            reraise=True,
        )
        for attempt in attempts:
            with attempt:
                number = attempt.retry_state.attempt_number
                return self._attempt(operation, method, path, params, body, headers or {}, number)
        raise AssertionError("tenacity answers or raises")

    def _attempt(
        self,
        operation: str,
        method: str,
        path: str,
        params: Mapping[str, Any] | None,
        body: bytes | None,
        headers: Mapping[str, str],
        number: int,
    ) -> Answer:
        sent_headers = self._all_headers(body, headers)
        record = _Record(self, operation, method, f"{self.base_url}{path}", sent_headers, body, number)
        passage = Passage(total_seconds=self._total_timeout, read_seconds=self._timeouts[1])
        token = PASSAGE.set(passage)
        try:
            request = _prepared(method, record.url, params, body, sent_headers)
            record.url = request.url or record.url
            response, received = self._exchange(request)
        except (*_NETWORK_FAILURES, ValueError) as error:
            failure = _failure_of(error, passage)
            failure.exchange_id = record.exchange_id
            record.write(error=f"{type(error).__name__}: {failure.code}")
            # The words of a wrong header or address repeat it, secret and all.
            raise failure from (None if isinstance(failure, Incident) else error)
        finally:
            PASSAGE.reset(token)
        # A provider that says our own key back must not bring it into its words about the document.
        text = without(received, (*self._secrets, *secrets_in_body(body)))
        record.write(status=response.status_code, headers=response.headers, text=text)
        return _judged(response, text, record.exchange_id, self._reads)

    def _exchange(self, request: requests.PreparedRequest) -> tuple[requests.Response, str]:
        response = _session_of_this_thread().send(
            request, timeout=self._timeouts, stream=True, allow_redirects=False, proxies=self._proxies
        )
        with response:
            chunks: list[bytes] = []
            size = 0
            for chunk in response.iter_content(_CHUNK_BYTES):
                chunks.append(chunk)
                size += len(chunk)
                if size > _LONGEST_ANSWER_BYTES:
                    raise OSError("the answer is longer than any honest one")
        return response, b"".join(chunks).decode("utf-8-sig", "replace")

    def _all_headers(self, body: bytes | None, headers: Mapping[str, str]) -> dict[str, str]:
        content = {"Content-Type": "application/json"} if body is not None else {}
        return {**self._headers, **content, "X-Correlation-Id": self._correlation_id, **headers}


class _Record:
    """The exchange of one attempt, written once it has ended."""

    def __init__(
        self,
        transport: Transport,
        operation: str,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        attempt: int,
    ) -> None:
        self.exchange_id = str(uuid.uuid4())
        self.url = url
        self._transport = transport
        self._operation, self._method = operation, method
        self._headers, self._body, self._attempt = headers, body, attempt
        self._started_at = datetime.now(UTC)
        self._start = time.monotonic()

    def write(
        self,
        *,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        text: str = "",
        error: str = "",
    ) -> None:
        if self._transport._recorder is None:
            return
        secrets = self._transport._secrets
        self._transport._recorder(
            Exchange(
                exchange_id=self.exchange_id,
                correlation_id=self._transport._correlation_id,
                operation=self._operation,
                method=self._method,
                url=masked_url(self.url),
                request_headers=masked_headers(self._headers),
                request_body=masked_body((self._body or b"").decode("utf-8", "replace"), secrets=secrets),
                started_at=self._started_at,
                duration_ms=round((time.monotonic() - self._start) * 1000),
                status=status,
                response_headers={
                    name: without(value, secrets) for name, value in masked_headers(headers or {}).items()
                },
                response_body=masked_body(text, secrets=secrets),
                error=error,
                attempt=self._attempt,
            )
        )


def _session_of_this_thread() -> requests.Session:
    """One session per thread, which keeps its connections alive. Requests come prepared, so that it adds nothing of its own:
    no cookie, no login of the machine's own files, no proxy of its environment."""
    session: requests.Session | None = getattr(_sessions, "session", None)
    if session is None:
        session = requests.Session()
        session.trust_env = False
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        session.mount("https://", WatchingAdapter())
        session.mount("http://", WatchingAdapter())
        _sessions.session = session
    return session


def _is_worth_repeating(error: BaseException, *, may_repeat: bool) -> bool:
    return isinstance(error, NotDelivered) or (may_repeat and isinstance(error, Unsettled | Busy))


def _secrets_in(headers: Mapping[str, str]) -> tuple[str, ...]:
    """The values of the secret headers, without the word before a token."""
    hidden = masked_headers(headers)
    values = [value.split(" ")[-1] for name, value in headers.items() if hidden[name] != value]
    return tuple(value for value in values if len(value) >= SHORTEST_SECRET)


def _prepared(
    method: str, url: str, params: Mapping[str, Any] | None, body: bytes | None, headers: Mapping[str, str]
) -> requests.PreparedRequest:
    """The request as it will leave. Raises ValueError for an address or a header that cannot be sent."""
    if not all(value.isascii() and value.isprintable() for value in headers.values()):
        raise ValueError("a header holds what no header can")
    request = requests.Request(method, url, params=params, data=body, headers=dict(headers)).prepare()
    if not (request.url or "").lower().startswith(("http://", "https://")):
        raise ValueError("the address is none of the web")
    return request


def _failure_of(error: Exception, passage: Passage) -> PacError:
    """Whether the deed may have been done depends on one thing: had the request begun to leave?"""
    if passage.has_left:
        return Unsettled()
    return Incident(_MISCONFIGURED) if isinstance(error, ValueError) else NotDelivered()


def _judged(response: requests.Response, text: str, exchange_id: str, reads: Reads) -> Answer:
    """The answer itself, unless it is transient: 429 is NOT_DONE; 3xx, 408, 5xx and an unreadable success are UNKNOWN."""
    status, headers = response.status_code, dict(response.headers)
    is_empty = not text and (status == 204 or response.headers.get("Content-Length") == "0")
    body = None if is_empty else _parsed(reads, response.headers.get("Content-Type", ""), text)
    is_unreadable = body is _UNREADABLE
    answer = Answer(status, headers, text, None if is_unreadable else body, exchange_id)
    details: dict[str, Any] = {"status": status, "body": answer.body, "exchange_id": exchange_id}
    if status == 429:
        raise Busy(retry_after=_retry_after(response.headers.get("Retry-After", "")), **details)
    if status == 408 or status >= 500 or status < 200 or 300 <= status < 400:
        raise Unsettled(**details)
    if answer.is_success and is_unreadable:
        raise Unsettled(**details)
    return answer


def _parsed(reads: Reads, content_type: str, text: str) -> Any:
    """What an answer says; `_UNREADABLE` when it cannot be read."""
    try:
        return reads(content_type.lower(), text)
    except (ValueError, RecursionError):
        return _UNREADABLE


def _read_json(_content_type: str, text: str) -> Any:
    """JSON with its numbers as Decimal, whatever the answer calls itself. ValueError too when a member says two things."""
    return json.loads(text, parse_float=Decimal, parse_constant=_no_constant, object_pairs_hook=_members_once)


def _members_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member stands twice")
    return members


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no number")


def _retry_after(text: str) -> float | None:
    """Seconds to wait, from a number or an HTTP date, at most an hour; None when the header says nothing."""
    text = text.strip()
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]+)?", text):
        seconds = float(text)
    else:
        try:
            seconds = (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
        except (TypeError, ValueError):
            return None
    return min(max(seconds, 0.0), _LONGEST_WAIT_SECONDS)
