"""One exchange with the PAC as it can be read and repeated: masked request and answer, and a curl command without the token."""

import json
import shlex
from typing import Any

from invoicing.admin.figures import as_received, moment
from tenants.models import Exchange

_LONGEST_BODY = 60_000
# What curl says by itself, or what our own tracing adds.
_LEFT_OUT = frozenset({"content-length", "host", "accept-encoding", "connection", "user-agent"})
_TOKEN = "authorization"  # noqa: S105 a header's name


def shown(exchange: Exchange) -> dict[str, Any]:
    """What the page of an exchange prints."""
    return {
        "row": exchange,
        "at": moment(exchange.started_at),
        "url": as_received(exchange.url),
        "request_headers": _headers(exchange.request_headers),
        "request_body": _body(exchange.request_body),
        "response_headers": _headers(exchange.response_headers),
        "response_body": _body(exchange.response_body),
        "error": as_received(exchange.error),
        "curl": as_curl(exchange),
    }


def as_curl(exchange: Exchange) -> str:
    """The request as a shell command; the token is the reader's own $PAC_API_KEY."""
    parts = ["curl", "-X", shlex.quote(exchange.method), shlex.quote(as_received(exchange.url))]
    for name, value in exchange.request_headers.items():
        if name.lower() == _TOKEN:
            parts += ["-H", '"Authorization: Bearer $PAC_API_KEY"']
        elif name.lower() not in _LEFT_OUT:
            parts += ["-H", shlex.quote(f"{name}: {as_received(value)}")]
    if exchange.request_body:
        parts += ["--data-binary", shlex.quote(as_received(exchange.request_body, _LONGEST_BODY))]
    return " ".join(parts)


def _headers(headers: Any) -> str:
    return "\n".join(f"{name}: {as_received(value)}" for name, value in headers.items())


def _body(text: str) -> str:
    """JSON indented, anything else as it came."""
    try:
        pretty = json.dumps(json.loads(text), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        pretty = text
    return as_received(pretty, _LONGEST_BODY)
