"""CUFE, the DGI's unique code of an electronic invoice: 66 characters that say who issued what, where and when.

Source: DGI contract 4, confirmed on real codes. Positions, counted from 1: ``FE`` 1-2, document type 3-4, kind of RUC 5
(1 natural, 2 legal entity), RUC with its dashes and filled with zeros on the left 6-25, a dash 26, DV 27-28, branch 29-32
(letters allowed), issue date 33-40, number 41-50, billing point 51-53, emission type 54-55, environment 56 (1 production,
2 test), security code 57-65, check digit 66.

The provider's CUFE is right even where ours differs: `read` takes it by its positions, `parse` is for what people type.
"""

import re
from dataclasses import dataclass, fields
from datetime import date, datetime

from cifras.fiscal.document import Contributor
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.fiscal.ruc import panama as ruc_rules
from cifras.fiscal.zones import local_date

LENGTH = 66
RUC_WIDTH = 20
PRODUCTION = "1"
TEST = "2"

_LAYOUT = re.compile(
    r"FE(?P<document_type>0[1-9]|10)(?P<ruc_type>[12])(?P<ruc>[0-9A-Z-]{20})-(?P<dv>[0-9]{2})(?P<branch>[0-9A-Z]{4})"
    r"(?P<issue_date>[0-9]{8})(?P<number>[0-9]{10})(?P<billing_point>[0-9]{3})(?P<emission_type>0[1-4])"
    r"(?P<environment>[12])(?P<security_code>[0-9]{9})(?P<check_digit>[0-9])"
)
_POSITIONS = re.compile(
    r"FE(?P<document_type>..)(?P<ruc_type>.)(?P<ruc>.{20})-(?P<dv>..)(?P<branch>.{4})"
    r"(?P<issue_date>[0-9]{8})(?P<number>.{10})(?P<billing_point>...)(?P<emission_type>..)"
    r"(?P<environment>.)(?P<security_code>.{9})."
)
_UNCHECKED = re.compile(r"FE[0-9A-Z-]{63}")
_RUC_TYPES = {Contributor.NATURAL: "1", Contributor.JURIDICO: "2"}

# What makes a CUFE ours beyond doubt: above all the security code, which nobody else can guess.
_IDENTITY = ("ruc", "document_type", "billing_point", "number", "issue_date", "security_code")


@dataclass(frozen=True, slots=True)
class Cufe:
    """What a CUFE says: texts exactly as they stand in it, the RUC without its left zeros, the issue date a date."""

    document_type: str
    ruc_type: str
    ruc: str
    dv: str
    branch: str
    issue_date: date
    number: str
    billing_point: str
    emission_type: str
    environment: str
    security_code: str

    @property
    def is_test(self) -> bool:
        """Whether the document has no legal value (iAmb 2)."""
        return self.environment == TEST


def build(
    *,
    document_type: str,
    contributor: str,
    ruc: str,
    dv: str,
    branch: str,
    issue_date: date | datetime,
    number: str,
    billing_point: str,
    emission_type: str = "01",
    environment: str,
    security_code: str,
) -> str:
    """The CUFE of a document before it is sent. A moment is reduced to its date in Panama.

    Raises RuleBroken naming the member that does not fit; the DV is not verified here.
    """
    day = local_date(issue_date) if isinstance(issue_date, datetime) else issue_date
    parts = (
        "FE",
        _part("document_type", document_type, r"0[1-9]|10"),
        _RUC_TYPES[ruc_rules.contributor_of(contributor)],
        _part("ruc", ruc_rules.compact(ruc), r"[1-9A-Z][0-9A-Z-]{0,19}").zfill(RUC_WIDTH),
        "-",
        _part("dv", dv, r"[0-9]{2}"),
        _part("branch", branch, r"[0-9A-Z]{4}"),
        f"{day:%Y%m%d}".zfill(8),
        _part("number", number, r"(?!0{10})[0-9]{10}"),
        _part("billing_point", billing_point, r"(?!000)[0-9]{3}"),
        _part("emission_type", emission_type, r"0[1-4]"),
        _part("environment", environment, r"[12]"),
        _part("security_code", security_code, r"(?!0{9})[0-9]{9}"),
    )
    body = "".join(parts)
    return body + check_digit(body)


def check_digit(first_65_characters: str) -> str:
    """Luhn's digit over the 63 characters after ``FE``; a letter or dash counts as the last digit of its ASCII code."""
    body = first_65_characters.strip().upper()
    if not _UNCHECKED.fullmatch(body):
        raise RuleBroken(
            "cufe_shape",
            gettext_noop(
                "Un CUFE empieza por FE y tiene 65 letras, dígitos y guiones antes de su dígito verificador."
            ),
            "cufe",
        )
    total = 0
    for position, character in enumerate(reversed(body[2:])):
        digit = int(character) if character.isdigit() else ord(character) % 10
        if position % 2 == 0:
            digit = digit * 2 - 9 if digit > 4 else digit * 2
        total += digit
    return str(-total % 10)


def parse(cufe: str) -> Cufe:
    """Read a CUFE somebody typed or scanned.

    Raises RuleBroken with cufe_length, cufe_shape, cufe_date or cufe_check_digit; the DV of its RUC is not verified.
    """
    text = cufe.strip().upper()
    if len(text) != LENGTH:
        raise RuleBroken(
            "cufe_length",
            gettext_noop("El CUFE tiene {length} caracteres y deben ser {expected}. Cópielo completo."),
            "cufe",
            length=len(text),
            expected=LENGTH,
        )
    found = _LAYOUT.fullmatch(text)
    if found is None or not found["ruc"].strip("0"):
        raise RuleBroken(
            "cufe_shape",
            gettext_noop("El CUFE no tiene la estructura de la DGI. Compruebe que no falte ni sobre nada."),
            "cufe",
        )
    day = _date(found["issue_date"])
    if day is None:
        raise RuleBroken(
            "cufe_date",
            gettext_noop("La fecha {text} dentro del CUFE no existe. Cópielo de nuevo."),
            "cufe",
            text=found["issue_date"],
        )
    if check_digit(text[:-1]) != text[-1]:
        raise RuleBroken(
            "cufe_check_digit",
            gettext_noop(
                "El dígito verificador del CUFE no concuerda: hay un error de copia. Cópielo de nuevo."
            ),
            "cufe",
        )
    return _said(found, day)


def read(cufe: str) -> Cufe | None:
    """What a provider's CUFE says, by positions alone; None when it cannot be read that way."""
    found = _POSITIONS.fullmatch(cufe.strip().upper())
    day = _date(found["issue_date"]) if found else None
    return _said(found, day) if found and day else None


def differences(theirs: Cufe, ours: Cufe) -> tuple[str, ...]:
    """The members in which two CUFEs differ, in their order."""
    return tuple(
        member.name for member in fields(Cufe) if getattr(theirs, member.name) != getattr(ours, member.name)
    )


def is_ours(theirs: str, ours: str) -> bool:
    """Whether a provider's CUFE proves that its document is the one we submitted.

    It does when RUC, document type, billing point, number, issue date and security code are those of our own CUFE.
    """
    found, expected = read(theirs), read(ours)
    if found is None or expected is None:
        return False
    return not set(_IDENTITY) & set(differences(found, expected))


def _part(member: str, value: str, shape: str) -> str:
    text = str(value).strip().upper()
    if not re.fullmatch(shape, text):
        raise RuleBroken(
            f"cufe_{member}",
            gettext_noop("«{value}» no puede ir en un CUFE. Revise ese dato."),
            member,
            value=text[:40],
        )
    return text


def _date(digits: str) -> date | None:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None


def _said(found: re.Match[str], day: date) -> Cufe:
    texts = {
        name: text for name, text in found.groupdict().items() if name not in {"issue_date", "check_digit"}
    }
    texts["ruc"] = texts["ruc"].lstrip("0")
    return Cufe(issue_date=day, **texts)
