"""The one HTTP door to a provider.

It sends, reads within limits, keeps a masked record of every attempt, and says in one word what happened: an answer, or a
`PacError` whose `outcome` tells whether the deed may have been done. In-call repeats (tenacity): a GET twice on lost
connections, 5xx and 429; a write twice only while no byte has left. Everything else is the caller's decision.
"""

import json
import ssl
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

import requests
import urllib3
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential

from cifras.pac.contract import Exchange, Recorder
from cifras.pac.errors import Busy, NotDelivered, PacError, Unsettled
from cifras.pac.masking import masked_body, masked_headers

_ATTEMPTS = 2
_LONGEST_ANSWER_BYTES = 8 * 1024 * 1024
_LONGEST_WAIT_SECONDS = 3600.0
_NEVER_CONNECTED = (
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.NameResolutionError,
    urllib3.exceptions.ConnectTimeoutError,
)
# OpenSSL's words that belong to a handshake; any other TLS error may come after the request has left.
_HANDSHAKE_FAILURES = frozenset(
    {
        "CERTIFICATE_VERIFY_FAILED",
        "NO_PROTOCOLS_AVAILABLE",
        "SSLV3_ALERT_HANDSHAKE_FAILURE",
        "TLSV1_ALERT_PROTOCOL_VERSION",
        "UNSUPPORTED_PROTOCOL",
        "WRONG_VERSION_NUMBER",
    }
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whatever its status. `body` is the parsed JSON, None when it is none; `text` is as received."""

    status: int
    headers: Mapping[str, str]
    text: str
    body: Any
    exchange_id: str

    @property
    def is_success(self) -> bool:
        """200, 201 and 202 alike."""
        return 200 <= self.status < 300


class Transport:
    """Speaks HTTP to one address with one set of headers. Times are seconds; a proxy only if it is given."""

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
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._headers = dict(headers)
        self._timeouts = (connect_timeout, read_timeout)
        self._total_timeout = total_timeout
        self._retry_wait = retry_wait
        self._proxies = {"http": proxy_url, "https": proxy_url} if proxy_url else {}
        self._recorder = recorder
        self._correlation_id = correlation_id or str(uuid.uuid4())
        self._sessions = threading.local()

    def __repr__(self) -> str:
        return f"Transport({self.base_url!r})"

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
        may_repeat: bool = False,
    ) -> Answer:
        """Write. Repeated once only while no byte has left, unless the call is safe to repeat."""
        return self._call(
            operation, method, path, params=params, body=body, headers=headers, may_repeat=may_repeat
        )

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
        request = requests.Request(
            method,
            f"{self.base_url}{path}",
            params=params,
            data=body,
            headers=self._all_headers(body, headers),
        ).prepare()
        record = _Record(self, operation, request, number)
        try:
            response = self._session().send(
                request, timeout=self._timeouts, stream=True, allow_redirects=False, proxies=self._proxies
            )
            with response:
                text = self._read(response)
        except requests.RequestException as error:
            failure = _failure_of(error, record.exchange_id)
            record.write(error=f"{type(error).__name__}: {failure.code}")
            raise failure from error
        except (urllib3.exceptions.HTTPError, OSError, TimeoutError) as error:
            record.write(error=type(error).__name__)
            raise Unsettled(exchange_id=record.exchange_id) from error
        record.write(status=response.status_code, headers=response.headers, text=text)
        answer = Answer(response.status_code, dict(response.headers), text, _parsed(text), record.exchange_id)
        _raise_for_transient(answer)
        return answer

    def _read(self, response: requests.Response) -> str:
        """The whole body within the total time-out and a size no honest answer reaches."""
        end = time.monotonic() + self._total_timeout
        chunks: list[bytes] = []
        size = 0
        for chunk in response.iter_content(64 * 1024):
            chunks.append(chunk)
            size += len(chunk)
            if size > _LONGEST_ANSWER_BYTES or time.monotonic() > end:
                raise TimeoutError("answer too long or too slow")
        expected = response.headers.get("Content-Length", "")
        if expected.isdigit() and "Content-Encoding" not in response.headers and size < int(expected):
            raise TimeoutError("answer cut short")
        return b"".join(chunks).decode("utf-8", "replace")

    def _all_headers(self, body: bytes | None, headers: Mapping[str, str]) -> dict[str, str]:
        content = {"Content-Type": "application/json"} if body is not None else {}
        return {**self._headers, **content, "X-Correlation-Id": self._correlation_id, **headers}

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._sessions, "session", None)
        if session is None:
            session = requests.Session()
            session.trust_env = False
            self._sessions.session = session
        return session


class _Record:
    """The exchange of one attempt, written once it has ended."""

    def __init__(
        self, transport: Transport, operation: str, request: requests.PreparedRequest, attempt: int
    ) -> None:
        self.exchange_id = str(uuid.uuid4())
        self._transport = transport
        self._operation = operation
        self._request = request
        self._attempt = attempt
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
        body = self._request.body
        sent = body.decode("utf-8", "replace") if isinstance(body, bytes) else body or ""
        self._transport._recorder(
            Exchange(
                exchange_id=self.exchange_id,
                correlation_id=self._transport._correlation_id,
                operation=self._operation,
                method=self._request.method or "",
                url=self._request.url or "",
                request_headers=masked_headers(self._request.headers),
                request_body=masked_body(sent),
                started_at=self._started_at,
                duration_ms=round((time.monotonic() - self._start) * 1000),
                status=status,
                response_headers=masked_headers(headers or {}),
                response_body=masked_body(text.replace("\x00", "\ufffd")),
                error=error,
                attempt=self._attempt,
            )
        )


def _is_worth_repeating(error: BaseException, *, may_repeat: bool) -> bool:
    return isinstance(error, NotDelivered) or (may_repeat and isinstance(error, Unsettled | Busy))


def _failure_of(error: requests.RequestException, exchange_id: str) -> PacError:
    """NotDelivered when the connection never came about, Unsettled when bytes may have left."""
    if isinstance(error, requests.exceptions.ConnectTimeout | requests.exceptions.InvalidURL):
        return NotDelivered(exchange_id=exchange_id)
    if isinstance(error, requests.exceptions.InvalidSchema | requests.exceptions.MissingSchema):
        return NotDelivered(exchange_id=exchange_id)
    if isinstance(error, requests.exceptions.ProxyError):
        return NotDelivered(exchange_id=exchange_id)
    if isinstance(error, requests.ConnectionError) and _never_connected(error):
        return NotDelivered(exchange_id=exchange_id)
    return Unsettled(exchange_id=exchange_id)


def _never_connected(error: BaseException) -> bool:
    """Whether the chain of causes shows that TCP or TLS never stood: a failed handshake sends no request."""
    for cause in _causes(error):
        if isinstance(cause, _NEVER_CONNECTED | ssl.SSLCertVerificationError):
            return True
        if isinstance(cause, ssl.SSLError) and cause.reason in _HANDSHAKE_FAILURES:
            return True
    return False


def _causes(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    waiting: list[Any] = [error]
    while waiting:
        cause = waiting.pop()
        if isinstance(cause, BaseException) and cause not in found:
            found.append(cause)
            waiting += [cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args]
    return found


def _parsed(text: str) -> Any:
    """The JSON of an answer with its numbers as Decimal; None when it is no JSON."""
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no number")


def _raise_for_transient(answer: Answer) -> None:
    """429 is NOT_DONE; 408, 5xx and a success that cannot be read are UNKNOWN."""
    details: dict[str, Any] = {
        "status": answer.status,
        "body": answer.body,
        "exchange_id": answer.exchange_id,
    }
    if answer.status == 429:
        raise Busy(retry_after=_retry_after(answer.headers), **details)
    unreadable = answer.is_success and answer.body is None and answer.status != 204
    if answer.status == 408 or answer.status >= 500 or unreadable or 300 <= answer.status < 400:
        raise Unsettled(**details)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, from a number or an HTTP date, at most an hour; None when the header says nothing."""
    text = next((value for name, value in headers.items() if name.lower() == "retry-after"), "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
        except (TypeError, ValueError):
            return None
    return min(max(seconds, 0.0), _LONGEST_WAIT_SECONDS)
