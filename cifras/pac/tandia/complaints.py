"""Tandia's refusals in our words. Its paper names no error (Peru contract 1.1): statuses decide, its words are kept."""

from collections.abc import Iterator, Mapping
from typing import Any

from cifras.pac.errors import Incident, NotFound, NotSupported, PacError, Problem, Refused, Unsettled
from cifras.pac.masking import storable
from cifras.pac.transport import Answer

_ACCOUNT = frozenset({401, 402, 403, 407, 413, 415})
_REFUSALS = frozenset({400, 409, 422})
_MOST_PROBLEMS = 100
_WORDED = ("message", "error", "errors", "detail", "failure_message")


def require_success(answer: Answer) -> Answer:
    """The answer itself, or the `PacError` that its status means.

    A 409 does not say whether the document exists: nobody knows. A page where JSON should be comes from something in front of
    Tandia, which never looked at the request.
    """
    if answer.is_success:
        return answer
    is_page = answer.body is None and answer.text.lstrip().startswith("<")
    kind = Incident if is_page and answer.status in _REFUSALS else _kind(answer.status)
    raise kind(
        status=answer.status,
        problems=tuple(_problems(answer.body)) or _raw(answer.text),
        body=answer.body,
        exchange_id=answer.exchange_id,
    )


def _kind(status: int) -> type[PacError]:
    if status in _ACCOUNT:
        return Incident
    if status == 404:
        return NotFound
    if status in {405, 501}:
        return NotSupported
    return Refused if status in _REFUSALS - {409} else Unsettled


def _problems(body: Any, code: str = "", field: str = "") -> Iterator[Problem]:
    if isinstance(body, str) and body.strip():
        yield Problem(storable(body[:2000]), storable(code[:40]), storable(field[:100]))
    elif isinstance(body, list):
        for item in body[:_MOST_PROBLEMS]:
            yield from _problems(item, code, field)
    elif isinstance(body, Mapping):
        code = str(body.get("code") or body.get("failure_code") or code)
        field = str(body.get("field") or field)
        for name in _WORDED:
            found = list(_problems(body.get(name), code, field))
            if found:
                yield from found
                return


def _raw(text: str) -> tuple[Problem, ...]:
    return (Problem(storable(text[:500])),) if text.strip() else ()
