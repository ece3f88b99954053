"""Fabo's refusals in our words: HTTP statuses of its paper, SUNAT's return codes inside (Peru contract 2.4 and 3.9).

0100 to 1999 were not received (mend, send the same number again), 2000 to 3999 burn the number, from 4000 on it is accepted with
remarks. On a rejection the SUNAT pair says more than Fabo's own words, so it goes first.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from cifras.fiscal.peru import Return, returned
from cifras.pac.errors import (
    AlreadyVoided,
    Incident,
    NotFound,
    NumberTaken,
    PacError,
    Problem,
    Refused,
    Unsettled,
    WindowClosed,
)
from cifras.pac.masking import storable
from cifras.pac.transport import Answer

# 403: the UUID or the token. 405 and 406: how we speak, or an account that is not yet in production.
_ACCOUNT = frozenset({401, 402, 403, 405, 406, 407, 413, 415})
_REFUSALS = frozenset({400, 422})
_VOIDED_BEFORE = frozenset({"2106", "2323"})
_TOO_LATE = frozenset({"2374", "2376", "2379", "2957", "2958"})
_UNKNOWN_DOCUMENT = frozenset({"2105"})
_CODE = re.compile(r"\s*([0-9]{1,4})\b")


def require_success(answer: Answer) -> Answer:
    """The answer itself, or the `PacError` that its status and codes mean.

    A page where an answer should be comes from something in front of Fabo, which never looked at the request.
    """
    code = sunat_code(answer.body)
    # A code that says nothing about the document, such as a ticket still in process, is the caller's to read.
    says_no = bool(code) and not (returned(code).is_accepted or returned(code) is Return.UNKNOWN)
    if answer.is_success and not says_no:
        return answer
    raise _error(answer, code)


def problems_of(body: Any) -> Iterator[Problem]:
    """What an error body says: SUNAT's words first, then Fabo's with its extra, which its support asks for."""
    if not isinstance(body, Mapping):
        return
    words = _word(body, "sunat_descripcion")
    if words:
        yield Problem(words, sunat_code(body))
    own = " ".join(filter(None, [_word(body, "descripcion_error"), _word(body, "descripcion_extra")]))
    if own:
        yield Problem(own, _word(body, "codigo_error")[:40])


def sunat_code(body: Any) -> str:
    """SUNAT's return code of an answer as four digits; "" where it holds none, "0000" for accepted."""
    said = body.get("sunat_respuesta") if isinstance(body, Mapping) else None
    found = _CODE.match(str(said)) if said is not None and not isinstance(said, bool) else None
    return found[1].zfill(4) if found else ""


def _error(answer: Answer, code: str) -> PacError:
    problems = tuple(problems_of(answer.body)) or _raw(answer.text)
    is_page = answer.text.lstrip().startswith("<")
    kind = Incident if is_page and answer.status in _REFUSALS else _kind(answer.status, code)
    return kind(status=answer.status, problems=problems, body=answer.body, exchange_id=answer.exchange_id)


def _kind(status: int, code: str) -> type[PacError]:
    if code and returned(code) is Return.NUMBER_IN_USE:
        return NumberTaken
    for codes, kind in _NAMED:
        if code in codes:
            return kind
    if code:
        # An acceptance, or a code that means nothing to us, inside a refusal: nobody knows what was done.
        return Refused if returned(code) in {Return.RETURNED, Return.REJECTED} else Unsettled
    if status in _ACCOUNT:
        return Incident
    if status == 404:
        return Incident
    return Refused if status in _REFUSALS else Unsettled


_NAMED: tuple[tuple[frozenset[str], type[PacError]], ...] = (
    (_VOIDED_BEFORE, AlreadyVoided),
    (_TOO_LATE, WindowClosed),
    (_UNKNOWN_DOCUMENT, NotFound),
)


def _word(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    return storable(value[:2000]).strip() if isinstance(value, str) else ""


def _raw(text: str) -> tuple[Problem, ...]:
    return (Problem(storable(text[:500])),) if text.strip() else ()
