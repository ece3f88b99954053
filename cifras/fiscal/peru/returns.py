"""What SUNAT's return code says about a document and its number.

Source: Peru contract 3.9 (ranges, confirmed by its list of codes) and 2.4. Three codes are not what their range says: 1032
("informed, and void or rejected"), 1033 ("registered before with other data") and 4000 ("presented before") prove that the
number is in use, and none of them may be answered by sending again nor taken for the acceptance of what was just sent.

>>> returned(0)
<Return.ACCEPTED: 'ACCEPTED'>
>>> returned("2335").burns_number
True
"""

import re
from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum

SAME_BEFORE, WITHOUT_EFFECT, OTHER_BEFORE = 4000, 1032, 1033
NUMBER_IN_USE = frozenset({SAME_BEFORE, WITHOUT_EFFECT, OTHER_BEFORE})

_CODE = re.compile(r"\s*([0-9]{1,4})(?![0-9])")


class Return(StrEnum):
    """ACCEPTED, WITH_REMARKS (accepted as well), RETURNED (mend it, the same number again), REJECTED (the number is burnt).

    NUMBER_IN_USE asks what was sent before; UNKNOWN is a word that we do not know: the last known status stays.
    """

    ACCEPTED = "ACCEPTED"
    WITH_REMARKS = "WITH_REMARKS"
    RETURNED = "RETURNED"
    REJECTED = "REJECTED"
    NUMBER_IN_USE = "NUMBER_IN_USE"
    UNKNOWN = "UNKNOWN"

    @property
    def is_accepted(self) -> bool:
        """Whether the document has legal effect."""
        return self in {Return.ACCEPTED, Return.WITH_REMARKS}

    @property
    def burns_number(self) -> bool:
        """Whether the number is used up without a valid document."""
        return self is Return.REJECTED


def returned(code: object, observations: Sequence[str] = ()) -> Return:
    """The meaning of a return code: a number, or text that begins with one ("2335 - ..."), with the CDR's observations."""
    number = _number(code)
    if number is None or 0 < number < 100:
        return Return.UNKNOWN
    if number in NUMBER_IN_USE:
        return Return.NUMBER_IN_USE
    if number == 0:
        return Return.WITH_REMARKS if observations else Return.ACCEPTED
    if number >= 4000:
        return Return.WITH_REMARKS
    return Return.RETURNED if number < 2000 else Return.REJECTED


def _number(code: object) -> int | None:
    if isinstance(code, bool) or not isinstance(code, int | str | Decimal):
        return None
    found = _CODE.match(str(code)[:40])
    return int(found[1]) if found else None
