"""What must not be kept: tokens, certificates, passwords and secrets, taken out of a record before it is written."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

_HIDDEN = "***"
_SECRET_HEADERS = frozenset({"cookie", "set-cookie", "tandia-signature", "x-pac-signature"})
_SECRET_WORDS = ("password", "passphrase", "secret", "token", "apikey", "authorization", "privatekey")
_BULKY_MEMBERS = frozenset({"certificate", "content"})
_NAMED_SECRET = re.compile(
    rf"""(?ix) ( "[\w-]* (?: {"|".join(_SECRET_WORDS)} | certificate | content ) [\w-]*" \s*:\s* ) "(?:[^"\\]|\\.)*"? """
)
_USER_OF_ADDRESS = re.compile(r"(://)[^/@\s]*@")
_TELLTALES = (
    b"password",
    b"passphrase",
    b"secret",
    b"token",
    b"key",
    b"authorization",
    b"certificate",
    b"content",
)
_LONGEST = 200_000
SHORTEST_SECRET = 8  # characters; what is shorter would be found in innocent text


def masked_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers with every secret one hidden."""
    return {
        storable(name): _HIDDEN if _is_secret_header(name) else storable(value)
        for name, value in headers.items()
    }


def masked_url(url: str) -> str:
    """An address without the user and password that may stand before its host."""
    return _USER_OF_ADDRESS.sub(rf"\1{_HIDDEN}@", url)


def masked_body(text: str, *, secrets: Iterable[str] = ()) -> str:
    """A body without its secrets, certificates replaced by their length; one that holds none is kept as it is.

    `secrets` are taken out wherever they stand, as in a page that shows the request again. What is endless is cut.
    """
    try:
        data = json.loads(text)
        masked = _masked(data)
        kept = text if masked == data else json.dumps(masked, ensure_ascii=False)
    except (ValueError, RecursionError):
        kept = _NAMED_SECRET.sub(rf'\1"{_HIDDEN}"', text)
    return storable(without(kept, secrets)[:_LONGEST])


def secrets_in_body(body: bytes | None) -> tuple[str, ...]:
    """The texts of a JSON body that `masked_body` would hide: an answer that says them back must not be kept either."""
    said = (body or b"").lower()
    if not any(word in said for word in _TELLTALES):
        return ()
    try:
        return tuple(text for text in _hidden_texts(json.loads(body or b"")) if len(text) >= SHORTEST_SECRET)
    except (ValueError, RecursionError):
        return ()


def _hidden_texts(value: Any, *, is_hidden: bool = False) -> Iterator[str]:
    if isinstance(value, dict):
        for name, member in value.items():
            plain = _plain(name)
            is_secret = plain in _BULKY_MEMBERS or any(word in plain for word in _SECRET_WORDS)
            yield from _hidden_texts(member, is_hidden=is_secret and not isinstance(member, dict))
    elif isinstance(value, list):
        for member in value:
            yield from _hidden_texts(member, is_hidden=is_hidden)
    elif is_hidden and isinstance(value, str):
        yield value


def without(text: str, secrets: Iterable[str]) -> str:
    """The text with every one of the secrets hidden, wherever it stands."""
    for secret in secrets:
        text = text.replace(secret, _HIDDEN)
    return text


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _masked_member(name, member) for name, member in value.items()}
    if isinstance(value, list):
        return [_masked(member) for member in value]
    return value


def _masked_member(name: str, member: Any) -> Any:
    plain = _plain(name)
    if member is None or isinstance(member, bool):
        return member
    if any(word in plain for word in _SECRET_WORDS):
        return _HIDDEN
    if plain in _BULKY_MEMBERS and isinstance(member, str):
        return f"({len(member)} characters)"
    if plain == "headers" and isinstance(member, dict):
        return dict.fromkeys(member, _HIDDEN)
    return _masked(member)


def _is_secret_header(name: str) -> bool:
    return name.lower() in _SECRET_HEADERS or any(word in _plain(name) for word in _SECRET_WORDS)


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


def storable(text: str) -> str:
    """Without what a database cannot keep in a text: NUL and half a surrogate pair."""
    if text.isascii() and "\x00" not in text:
        return text  # as nearly every member of a list that may have a million rows
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
