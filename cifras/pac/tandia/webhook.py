"""Tandia's webhook: the document's data with `id` and `status`, and a JWT in `Tandia-Signature` (Peru contract 1.2).

Algorithm and claims are not documented: only HS256 is taken, and an expiry is kept where there is one. Nobody knows whether
the token is bound to the body, so a webhook stays a hint and the document is read again.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import jwt

from cifras.pac.contract import PacEvent
from cifras.pac.tandia.reading import text_of

HEADER = "Tandia-Signature"
_LONGEST_TOKEN = 4096


def is_signed(token: str, secrets: Sequence[str]) -> bool:
    """Whether one of the secrets signed the token, and it has not expired."""
    if not token or len(token) > _LONGEST_TOKEN:
        return False
    return any(_is_signed_with(token, secret) for secret in secrets if secret)


def parse_event(body: Mapping[str, Any]) -> PacEvent:
    """A hint that something happened to a document."""
    data = body.get("data")
    row = data if isinstance(data, Mapping) else body
    return PacEvent(
        document_id=text_of(row, "id")[:255],
        raw_legal_status=text_of(row, "status")[:60],
        number=text_of(row, "number")[:40],
        message=text_of(row, "failure_message")[:2000],
    )


def _is_signed_with(token: str, secret: str) -> bool:
    try:
        jwt.decode(token, secret, algorithms=["HS256"], options={"verify_aud": False})
    except jwt.PyJWTError:
        return False
    return True
