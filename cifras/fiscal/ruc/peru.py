"""RUC, Peru's tax id: eleven digits, the last of them its check digit.

Source: Peru contract 3.8. The prefix names the kind of taxpayer (10 natural person: 10, the DNI, the check digit; 15 and 17
others; 20 company). The arithmetic is python-stdnum's (`stdnum.pe.ruc`). A right digit proves no registration: whether a RUC is
active is the provider's to say, and what a provider answers is never judged by this.

>>> validate("20131312955")
'20131312955'
>>> check_digit("2013131295")
'5'
"""

import re

from stdnum.exceptions import ValidationError
from stdnum.pe import ruc as stdnum_ruc

from cifras.fiscal.errors import RuleBroken, gettext_noop

LENGTH = 11
PREFIXES = ("10", "15", "17", "20")


def compact(ruc: str) -> str:
    """Only the digits that were meant: without blanks and dashes. Raises RuleBroken when nothing is left."""
    text = re.sub(r"[\s\-\u2010-\u2015\u2212]", "", ruc if isinstance(ruc, str) else "")
    if not text:
        raise RuleBroken("ruc_missing", gettext_noop("Falta el RUC."), "ruc")
    return text


def check_digit(first_ten: str) -> str:
    """The eleventh digit for the first ten. Raises RuleBroken unless these are ten digits."""
    if not re.fullmatch(r"[0-9]{10}", first_ten):
        raise RuleBroken("ruc_shape", gettext_noop("El dígito se calcula sobre diez cifras."), "ruc")
    return str(stdnum_ruc.calc_check_digit(first_ten))


def validate(ruc: str) -> str:
    """The clean RUC. Raises RuleBroken: ruc_missing, ruc_shape, ruc_prefix, ruc_check_digit."""
    clean = compact(ruc)
    if not re.fullmatch(r"[0-9]{11}", clean):
        raise RuleBroken(
            "ruc_shape", gettext_noop("«{ruc}» no es un RUC: son once cifras."), "ruc", ruc=clean[:20]
        )
    if not clean.startswith(PREFIXES):
        raise RuleBroken(
            "ruc_prefix",
            gettext_noop("El RUC {ruc} no comienza por 10, 15, 17 o 20: revíselo."),
            "ruc",
            ruc=clean,
        )
    try:
        return str(stdnum_ruc.validate(clean))
    except ValidationError:
        raise RuleBroken(
            "ruc_check_digit",
            gettext_noop("El último dígito del RUC {ruc} no corresponde a los demás: debería ser {digit}."),
            "ruc",
            ruc=clean,
            digit=check_digit(clean[:10]),
        ) from None


def to_dni(ruc: str) -> str:
    """The DNI inside the RUC of a natural person (prefix 10); empty for any other."""
    clean = validate(ruc)
    return clean[2:10] if clean.startswith("10") else ""
