"""What must not be kept: tokens, certificates, passwords and secrets, taken out of a record before it is written."""

import json
from collections.abc import Mapping
from typing import Any

_HIDDEN = "***"
_SECRET_HEADERS = frozenset(
    {"authorization", "x-pac-signature", "cookie", "set-cookie", "proxy-authorization"}
)
_SECRET_MEMBERS = frozenset({"certificatepassword", "password", "webhooksecret", "token", "apikey", "secret"})
_BULKY_MEMBERS = frozenset({"certificate", "content"})
_LONGEST = 200_000


def masked_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers with every secret one hidden."""
    return {name: _HIDDEN if name.lower() in _SECRET_HEADERS else value for name, value in headers.items()}


def masked_body(text: str) -> str:
    """A body without its secrets; certificates are replaced by their length, and what is endless is cut."""
    try:
        data = json.loads(text)
    except ValueError:
        return text[:_LONGEST]
    return json.dumps(_masked(data), ensure_ascii=False)[:_LONGEST]


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _masked_member(name, member) for name, member in value.items()}
    if isinstance(value, list):
        return [_masked(member) for member in value]
    return value


def _masked_member(name: str, member: Any) -> Any:
    plain = name.replace("_", "").replace("-", "").lower()
    if plain in _SECRET_MEMBERS:
        return _HIDDEN
    if plain in _BULKY_MEMBERS and isinstance(member, str):
        return f"({len(member)} characters)"
    if plain == "headers" and isinstance(member, dict):
        return dict.fromkeys(member, _HIDDEN)
    return _masked(member)
