"""RUC and its two-digit check digit (DV), written again for the sandbox on purpose: it must catch a mistake of the client.

Source: the DGI's paper on the check digit, version 201805. What the paper leaves open (N, PE, AV and PI with a tomo of
four digits, fincas) gets an arbitrary but constant DV, because an authority always answers something.
"""

import re
from dataclasses import dataclass

NATURAL, JURIDICO = 1, 2

_NATURAL_FORMS = (
    (re.compile(r"(?P<p>1[0-3]|[1-9])-(?P<t>\d{1,4})-(?P<a>\d{1,6})"), "00"),
    (re.compile(r"(?P<p>)E-(?P<t>\d{1,4})-(?P<a>\d{1,6})"), "50"),
    (re.compile(r"(?P<p>)N-(?P<t>\d{1,4})-(?P<a>\d{1,6})"), "40"),
    (re.compile(r"(?P<p>)PE-(?P<t>\d{1,4})-(?P<a>\d{1,6})"), "75"),
    (re.compile(r"(?P<p>1[0-3]|[1-9])AV-(?P<t>\d{1,4})-(?P<a>\d{1,6})"), "15"),
    (re.compile(r"(?P<p>1[0-3]|[1-9])PI-(?P<t>\d{1,4})-(?P<a>\d{1,6})"), "79"),
)
_TRIBUTARY = re.compile(r"(1[0-3]|[1-9])-NT-(\d{1,3})-(\d{1,7})")
_COMPANY = re.compile(r"(\d{1,10})-(\d{1,4})-(\d{1,7})")
_FINCA = re.compile(r"\d{1,10}-\d{1,6}")

# Thousands of the first number of an old company RUC, and what stands for them in the sum.
_OLD_THOUSANDS = {
    pair[:2]: pair[2:]
    for row in (
        "1001 1102 1203 1304 1405 1506 1607 1708 1809 1901 2002 2103 2204 2307 2408 2509 2602 2703 2804 2905",
        "3006 3107 3208 3309 3401 3502 3603 3704 3805 3906 4007 4108 4209 4301 4402 4503 4604 4705 4806 4907",
    )
    for pair in row.split()
}


@dataclass(frozen=True, slots=True)
class _Digits:
    text: str
    is_old: bool = False
    last_ten_only: bool = False


def is_ruc(ruc: str, kind: int) -> bool:
    """Whether `ruc` has a form that a taxpayer of `kind` (1 natural, 2 juridical) can have: dashes, no DV, at most 20."""
    return len(ruc) <= 20 and _digits_of(ruc, kind) is not None


def check_digit(ruc: str, kind: int) -> str | None:
    """Two digits, or None when `ruc` has no form of `kind`."""
    digits = _digits_of(ruc, kind)
    if digits is None:
        return None
    first = _one_digit(digits, digits.text)
    return first + _one_digit(digits, digits.text + first)


def _digits_of(ruc: str, kind: int) -> _Digits | None:
    tributary = _TRIBUTARY.fullmatch(ruc)
    if tributary:
        province, volume, entry = tributary.groups()
        entry = entry[:5] if len(entry) == 7 else entry.zfill(5)
        return _Digits(("5" if kind == NATURAL else "") + province.zfill(2) + "43" + volume.zfill(3) + entry)
    return _natural_digits(ruc) if kind == NATURAL else _company_digits(ruc)


def _natural_digits(ruc: str) -> _Digits | None:
    for form, letters in _NATURAL_FORMS:
        match = form.fullmatch(ruc)
        if match is None:
            continue
        volume, entry = match["t"].zfill(3), match["a"].zfill(5)
        if letters == "50" and len(volume) == 4:
            return _Digits("0" + volume + entry, last_ten_only=True)
        return _Digits("5" + match["p"].zfill(2) + letters + volume + entry)
    return None


def _company_digits(ruc: str) -> _Digits | None:
    if _FINCA.fullmatch(ruc):
        return _Digits(ruc.replace("-", ""))
    match = _COMPANY.fullmatch(ruc)
    if match is None:
        return None
    first, second, third = match[1].zfill(10), match[2].zfill(4), match[3].zfill(6)
    is_old = int(first) % 10_000_000 < 50_000
    if is_old:
        first = first[:5] + _OLD_THOUSANDS.get(first[5:7], first[5:7]) + first[7:]
    return _Digits(first + second + third, is_old=is_old)


def _one_digit(digits: _Digits, text: str) -> str:
    if digits.last_ten_only:
        text = text[-10:]
    total = sum(int(digit) * _weight(i, digits.is_old) for i, digit in enumerate(reversed(text)))
    rest = total % 11
    return "0" if rest < 2 else str(11 - rest)


def _weight(index: int, is_old: bool) -> int:
    # An old RUC uses the weight 11 twice.
    return index + 1 if is_old and index >= 10 else index + 2
