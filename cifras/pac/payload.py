"""A payload as the exact bytes that leave.

Amounts and quantities are plain JSON numbers: no exponent, no thousands marks, no trailing zeros, never by way of a float.
"""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any


def to_bytes(payload: Mapping[str, Any]) -> bytes:
    """`payload` in UTF-8, members in their order. Raises ValueError for a number that is none, TypeError for other values."""
    return _written(payload).encode()


def plain_number(value: Decimal) -> str:
    """A Decimal without exponent, thousands marks or trailing zeros. Raises ValueError for NaN and infinity."""
    if not value.is_finite():
        raise ValueError(f"{value} is no number")
    text = f"{value:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def _written(value: Any) -> str:
    if isinstance(value, Decimal):
        return plain_number(value)
    if isinstance(value, float):
        return plain_number(Decimal(repr(value)))
    if isinstance(value, Mapping):
        members = (f"{json.dumps(name, ensure_ascii=False)}:{_written(value[name])}" for name in value)
        return "{" + ",".join(members) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(_written(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)
