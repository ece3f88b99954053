"""CUFE: the 66 characters that identify a Panamanian fiscal document, as the DGI lays them out (rFE 1.00)."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class CufeParts:
    """What a CUFE is made of; texts exactly as they appear in it, the RUC without padding."""

    document_type: str
    ruc_type: int
    ruc: str
    dv: str
    branch: str
    issue_date: date
    number: str
    billing_point: str
    emission_type: str
    environment: str
    security_code: str


def build(parts: CufeParts) -> str:
    """The CUFE with its check digit."""
    body = (
        f"{parts.document_type}{parts.ruc_type}{parts.ruc.upper():0>20}-{parts.dv}{parts.branch}"
        f"{parts.issue_date:%Y%m%d}{parts.number}{parts.billing_point}{parts.emission_type}"
        f"{parts.environment}{parts.security_code}"
    )
    return f"FE{body}{check_digit(body)}"


def check_digit(body: str) -> str:
    """Luhn digit of the 63 characters between `FE` and the last; a letter or dash counts as its ASCII code's last digit."""
    total = 0
    for place, character in enumerate(reversed(body)):
        digit = int(character) if character.isdigit() else ord(character) % 10
        if place % 2 == 0:
            digit = digit * 2 - 9 if digit > 4 else digit * 2
        total += digit
    return str(-total % 10)
