"""A request and a response as the dialects see them, away from sockets."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any, Protocol

from cifras.sandbox.journal import Posting


class NoJson(ValueError):
    """The body is not JSON."""


@dataclass
class Request:
    """One request; `path` begins with a slash and has no query, header names are in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = field(default=b"", repr=False)

    @cached_property
    def json(self) -> Any:
        """The body with amounts as Decimal. Raises NoJson."""
        try:
            return json.loads(self.body.decode(), parse_float=Decimal, parse_constant=_refuse)
        except (ValueError, RecursionError) as error:
            raise NoJson(str(error)) from error

    @property
    def media_type(self) -> str:
        """What the body claims to be, without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def bearer(self) -> str:
        """The token, empty when there is none."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""


@dataclass(frozen=True)
class Response:
    """One answer; `body` is bytes as they go out or anything that becomes JSON."""

    status: int = 200
    body: Any = None
    media_type: str = "application/json; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes:
        """The bytes that go out; Decimal becomes a number."""
        if isinstance(self.body, bytes):
            return self.body
        return json.dumps(self.body, ensure_ascii=False, default=_plain).encode()


class Dialect(Protocol):
    """A PAC's way to speak: which operation a request is, and what it answers."""

    prefix: str

    def operation(self, request: Request) -> str:
        """Name of the operation for faults and journal; empty when there is no such address."""

    def posting(self, request: Request) -> Posting | None:
        """The number that a request wants to use, if it posts a document."""

    def answer(self, request: Request) -> Response:
        """Do it."""


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


def _plain(value: object) -> float | str:
    return float(value) if isinstance(value, Decimal) else str(value)
