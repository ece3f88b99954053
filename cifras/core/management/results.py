"""What every command prints: one line of JSON per result, and refusals in it (interface: Commands)."""

import json
import sys
from collections.abc import Mapping
from typing import Any

from cifras.core.wording import sentence
from cifras.fiscal.errors import RuleBroken
from cifras.pac.errors import PacError


def as_line(data: Mapping[str, Any]) -> str:
    """`data` on one line of JSON, escaped where the terminal could not show a character."""
    text = json.dumps(data, ensure_ascii=False)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return json.dumps(data)
    return text


def error_list(error: RuleBroken | PacError, *, about: str = "") -> list[dict[str, str]]:
    """Every reason of a refusal, or the one of a provider's error, whose field is `about`."""
    if isinstance(error, PacError):
        return [complaint(error.code, about, sentence(error))]
    return [complaint(reason.code, reason.field, sentence(reason)) for reason in error.reasons]


def complaint(code: str, field: str, message: str) -> dict[str, str]:
    """One error as the commands print it."""
    return {"code": code, "field": field, "message": message}
