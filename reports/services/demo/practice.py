"""The practice PAC that the demo is built against: where it listens, and its hand behind the scenes."""

from typing import Any
from urllib.parse import urlsplit

import requests
from django.conf import settings

from cifras.fiscal.ruc import peru as ruc

KEY = "practice-key"
_SECONDS = 10


def address(path: str) -> str:
    """An address of the practice PAC, whichever dialect is spoken there."""
    known = urlsplit(settings.PAC_BASE_URL)
    return f"{known.scheme}://{known.netloc}/{path}"


def turn(what: str, wanted: dict[str, Any]) -> None:
    """Turn a switch on its control page."""
    requests.post(address(f"control/{what}"), json=wanted, timeout=_SECONDS).raise_for_status()


def hand_in(path: str, body: dict[str, Any]) -> None:
    """Post something to a dialect, as a program that is not ours would."""
    headers = {"Authorization": f"Bearer {KEY}"}
    requests.post(address(path), json=body, headers=headers, timeout=_SECONDS).raise_for_status()


def peruvian_ruc(serial: int) -> str:
    """A company's RUC with its check digit, far above those in use."""
    body = f"20990{serial:05d}"
    return f"{body}{ruc.check_digit(body)}"
