"""RUC, Panama's tax id, and DV, its two check digits.

Source: the DGI's paper on the check digit, version 201805, restated in the DGI contract 5. A RUC names a natural person or a
legal entity, and its text does not always tell which: ``8-NT-1-123456`` has DV 76 as the one and 52 as the other, so the
contributor is always given. Where the paper is silent, or implementations disagree, `CannotVerifyLocally` is raised: the
provider's check-digit service decides then. A DV that agrees proves no registration, only that nothing was mistyped.

>>> check_digit("8-274-125", "NATURAL")
'91'
>>> check_digit("155596713-2-2015", "JURIDICO")
'59'
"""

import re
from collections.abc import Callable
from typing import NoReturn

from cifras.fiscal.document import Contributor
from cifras.fiscal.errors import CannotVerifyLocally, RuleBroken, gettext_noop

MAX_LENGTH = 20

_PROVINCE = r"(?P<province>[1-9]|1[0-3])"
_BOOK = r"(?P<book>[0-9]{1,4})-(?P<entry>[0-9]+)"  # tomo and asiento
_CEDULA = re.compile(rf"{_PROVINCE}-{_BOOK}")
_LETTERED = re.compile(rf"(?P<mark>PE|E|N)-{_BOOK}")
_MARKED = re.compile(rf"{_PROVINCE}(?P<mark>AV|PI)-{_BOOK}")
_NT = re.compile(rf"{_PROVINCE}-NT-{_BOOK}")
_LEGAL = re.compile(r"(?P<first>[1-9][0-9]{0,9})-(?P<second>[0-9]{1,4})-(?P<third>[0-9]+)")
_FINCA = re.compile(r"[0-9]+-[0-9]+")

_MARKS = {"PE": "0075", "E": "0050", "N": "0040", "AV": "15", "PI": "79"}

# Old legal RUCs: the thousands of the first number are replaced by these (the jump from 22 to 23 is in the paper).
# Those not listed, 01 to 09, stay as they are.
_OLD_THOUSANDS = {
    0: 0, 10: 1, 11: 2, 12: 3, 13: 4, 14: 5, 15: 6, 16: 7, 17: 8, 18: 9,
    19: 1, 20: 2, 21: 3, 22: 4, 23: 7, 24: 8, 25: 9, 26: 2, 27: 3, 28: 4,
    29: 5, 30: 6, 31: 7, 32: 8, 33: 9, 34: 1, 35: 2, 36: 3, 37: 4, 38: 5,
    39: 6, 40: 7, 41: 8, 42: 9, 43: 1, 44: 2, 45: 3, 46: 4, 47: 5, 48: 6, 49: 7,
}  # fmt: skip

_SHAPES = {
    Contributor.NATURAL: gettext_noop(
        "«{ruc}» no tiene la forma de un RUC de persona natural. Escríbalo con guiones y sin el DV, como 8-274-125."
    ),
    Contributor.JURIDICO: gettext_noop(
        "«{ruc}» no tiene la forma de un RUC de persona jurídica. Escríbalo con guiones y sin el DV, como 155596713-2-2015."
    ),
}


def compact(ruc: str) -> str:
    """Upper case, without blanks or left zeros, every dash a plain one. Raises RuleBroken when nothing is left."""
    text = re.sub(r"\s+", "", _text(ruc)).upper()
    text = re.sub(r"[\u2010-\u2015\u2212]", "-", text).lstrip("0")
    if not text:
        raise RuleBroken("ruc_missing", gettext_noop("Falta el RUC."), "ruc")
    return text


def validate(ruc: str, contributor: str, dv: str) -> str:
    """The clean RUC, when it has the shape of its contributor's and `dv` belongs to it.

    Raises RuleBroken with one of the codes ruc_missing, ruc_too_long, ruc_characters, ruc_shape, contributor_unknown,
    dv_missing, dv_shape, dv_mismatch; `CannotVerifyLocally` (dv_open) when the paper leaves the case open.
    """
    clean = compact(ruc)
    kind = contributor_of(contributor)
    _require_characters(clean)
    digits = _require_dv_shape(dv)
    expected = check_digit(clean, kind)
    if digits != expected:
        raise RuleBroken(
            "dv_mismatch",
            gettext_noop(
                "El DV {dv} no corresponde al RUC {ruc}: la fórmula de la DGI da {expected}. Revise ambos."
            ),
            "dv",
            dv=digits,
            ruc=clean,
            expected=expected,
        )
    return clean


def check_digit(ruc: str, contributor: str) -> str:
    """The DV: two digits, as text (``09`` and ``00`` exist).

    Raises RuleBroken for a malformed RUC and `CannotVerifyLocally` where the paper leaves the case open.
    """
    clean = compact(ruc)
    _require_characters(clean)
    if contributor_of(contributor) is Contributor.JURIDICO:
        return _legal_digits(clean)
    return _natural_digits(clean)


def contributor_of(word: str) -> Contributor:
    """NATURAL or JURIDICO in any case; raises RuleBroken for anything else."""
    try:
        return Contributor(str(word).strip().upper())
    except ValueError:
        raise RuleBroken(
            "contributor_unknown",
            gettext_noop("«{word}» no es un tipo de contribuyente. Elija NATURAL o JURIDICO."),
            "contributor",
            word=str(word)[:40],
        ) from None


def is_natural_id(ruc: str, contributor: str | None = None) -> bool:
    """Whether `ruc` has the shape of a natural person's id: cédula, PE, E, N, AV or PI.

    An NT number is one only when `contributor` says NATURAL; nothing is when it says JURIDICO.
    """
    clean = _clean_or_empty(ruc)
    declared = contributor_of(contributor) if contributor else None
    if declared is Contributor.JURIDICO:
        return False
    if _NT.fullmatch(clean):
        return declared is Contributor.NATURAL
    return any(shape.fullmatch(clean) for shape in (_CEDULA, _LETTERED, _MARKED))


def is_juridical(ruc: str, contributor: str | None = None) -> bool:
    """Whether `ruc` is a legal entity's: by its shape when no person can have it, else by what `contributor` says."""
    clean = _clean_or_empty(ruc)
    if contributor and contributor_of(contributor) is Contributor.JURIDICO:
        return bool(_LEGAL.fullmatch(clean) or _NT.fullmatch(clean) or _FINCA.fullmatch(clean))
    return bool(_LEGAL.fullmatch(clean)) and not _CEDULA.fullmatch(clean)


def _text(value: object) -> str:
    """A form may bring anything: what is not text counts as nothing."""
    return value if isinstance(value, str) else ""


def _clean_or_empty(ruc: str) -> str:
    try:
        clean = compact(ruc)
        _require_characters(clean)
    except RuleBroken:
        return ""
    return clean


def _require_characters(clean: str) -> None:
    if len(clean) > MAX_LENGTH:
        raise RuleBroken(
            "ruc_too_long",
            gettext_noop(
                "El RUC tiene {length} caracteres; la DGI admite {limit}. Revise que no lleve el DV."
            ),
            "ruc",
            length=len(clean),
            limit=MAX_LENGTH,
        )
    if not re.fullmatch(r"[0-9A-Z-]+", clean):
        raise RuleBroken(
            "ruc_characters",
            gettext_noop(
                "El RUC «{ruc}» lleva caracteres que no le pertenecen. Use solo dígitos, letras y guiones."
            ),
            "ruc",
            ruc=clean,
        )


def _require_dv_shape(dv: str) -> str:
    text = _text(dv).strip()
    if not text:
        raise RuleBroken("dv_missing", gettext_noop("Falta el DV: dos dígitos que acompañan al RUC."), "dv")
    if not re.fullmatch("[0-9]{2}", text):
        raise RuleBroken(
            "dv_shape",
            gettext_noop("El DV «{dv}» no son dos dígitos. Conserve el cero inicial, por ejemplo 09."),
            "dv",
            dv=text[:20],
        )
    return text


def _refuse_shape(ruc: str, kind: Contributor) -> NoReturn:
    raise RuleBroken("ruc_shape", _SHAPES[kind], "ruc", ruc=ruc)


def _leave_open(ruc: str) -> NoReturn:
    raise CannotVerifyLocally(
        "dv_open",
        gettext_noop("La DGI no publica cómo se calcula el DV de «{ruc}». Consúltelo con el proveedor."),
        "ruc",
        ruc=ruc,
    )


def _natural_digits(ruc: str) -> str:
    """DV of a natural person: every shape builds its own digits, led by the natural marker 5."""
    for shape, build in _NATURAL_SHAPES:
        if found := shape.fullmatch(ruc):
            return build(ruc, found)
    _refuse_shape(ruc, Contributor.NATURAL)


def _cedula(ruc: str, found: re.Match[str]) -> str:
    book, entry = _numbers(ruc, found, longest_book=4, longest_entry=5)
    return _two_digits(f"5{int(found['province']):02}00{book}{entry}")


def _lettered(ruc: str, found: re.Match[str]) -> str:
    if len(found["book"]) == 4 and found["mark"] == "E":
        book, entry = _numbers(ruc, found, longest_book=4, longest_entry=5)
        return _short_digits(f"0{book}{entry}")
    longest_entry = 5 if found["mark"] == "PE" else 6
    book, entry = _numbers(ruc, found, longest_book=3, longest_entry=longest_entry)
    return _two_digits(f"5{_MARKS[found['mark']]}{book}{entry}")


def _marked(ruc: str, found: re.Match[str]) -> str:
    book, entry = _numbers(ruc, found, longest_book=3, longest_entry=5)
    return _two_digits(f"5{int(found['province']):02}{_MARKS[found['mark']]}{book}{entry}")


def _nt(ruc: str, found: re.Match[str], marker: str = "5") -> str:
    book, entry = _numbers(ruc, found, longest_book=3, longest_entry=7)
    if len(entry) == 7:
        entry = entry[:5]  # the note that closes the paper
    return _two_digits(f"{marker}{int(found['province']):02}43{book}{entry}")


_NATURAL_SHAPES: tuple[tuple[re.Pattern[str], Callable[[str, re.Match[str]], str]], ...] = (
    (_CEDULA, _cedula),
    (_LETTERED, _lettered),
    (_MARKED, _marked),
    (_NT, _nt),
)


def _numbers(ruc: str, found: re.Match[str], *, longest_book: int, longest_entry: int) -> tuple[str, str]:
    """Tomo and asiento, filled up to 3 and 5 digits; longer than the paper treats, or led by zeros, the case is open."""
    book, entry = found["book"], found["entry"]
    if len(book) > longest_book or len(entry) > longest_entry or book[0] == "0" or entry[0] == "0":
        _leave_open(ruc)
    return book.zfill(3), entry.zfill(5)


def _legal_digits(ruc: str) -> str:
    """DV of a legal entity: an NT number without the natural marker, or three numbers in a field of twenty."""
    if found := _NT.fullmatch(ruc):
        return _nt(ruc, found, marker="")
    if _FINCA.fullmatch(ruc):
        _leave_open(ruc)
    found = _LEGAL.fullmatch(ruc)
    if found is None:
        _refuse_shape(ruc, Contributor.JURIDICO)
    if len(found["third"]) > 6:
        _leave_open(ruc)
    first = int(found["first"])
    is_old = first % 10_000_000 < 50_000
    if is_old:
        thousands = first // 1000 % 100
        first += 1000 * (_OLD_THOUSANDS.get(thousands, thousands) - thousands)
    return _two_digits(f"{first:010}{found['second']:0>4}{found['third']:0>6}", is_old=is_old)


def _two_digits(base: str, *, is_old: bool = False) -> str:
    """Both digits: the second is computed over the base with the first appended. `base` may lack its left zeros."""
    first = _digit(base, is_old=is_old)
    return first + _digit(base + first, is_old=is_old)


def _short_digits(base: str) -> str:
    """The rule for E with a tomo of four digits: only the last ten positions count, in both rounds (weights 2 to 11)."""
    first = _digit(base[-10:])
    return first + _digit((base + first)[-10:])


def _digit(base: str, *, is_old: bool = False) -> str:
    """One digit modulo 11; weights grow from 2 at the right. In an old RUC the weight 11 is used twice."""
    total = sum(
        int(digit) * (position + (1 if is_old and position >= 10 else 2))
        for position, digit in enumerate(reversed(base))
    )
    rest = total % 11
    return str(11 - rest) if rest > 1 else "0"
