"""Alanube's complaints in our words: which error a 4xx means, where it points, and what to do about it.

Complaints come in several shapes (contract wire.md 2, "Errors"); the first that says anything is read. They are classified by
code first, then by whole phrases: a bare substring has misled others ("inexistente" contains "existente"). What is not
recognised stays a plain refusal with the provider's own words.
"""

import re
from collections.abc import Iterator, Mapping
from enum import Enum, auto
from itertools import islice
from typing import Any

from cifras.pac.alanube.fields import our_field
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


class Act(Enum):
    """What was asked, as far as it decides what a refusal means."""

    CREATE = auto()  # a document is posted: 404 is about the company
    VOID = auto()  # a document is voided: 404 is about the document
    DOCUMENT = auto()  # something else about one document, company or office that the address names
    OTHER = auto()


# 402 a plan that ran out, 407 a proxy that asks who we are: no fault of the document either.
_INCIDENT_STATUSES = frozenset({401, 402, 403, 405, 407, 413, 415})
_REFUSAL_STATUSES = frozenset({400, 409, 422})
_COMPANY_CODES = frozenset({"AP1010", "4003"})
_ALREADY_VOIDED_CODES = frozenset({"0622"})
_MOST_PROBLEMS = 100
_DEEPEST = 6
_HTTP_STATUS = re.compile(r"[1-5][0-9]{2}")
_SHAPES = ("errors", "message", "error", "response", "governmentResponse")
_WORDED = ("message", "messages", "description", "error", "errors", "detail")


def _phrases(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern, re.I | re.S) for pattern in patterns)


_ABOUT_COMPANY = _phrases(
    r"\bcompany qr\b",
    r"\b(company|idcompany)\b.{0,20}\bnot\b.{0,10}\b(found|affiliated|active|subscribed|enabled)\b",
    r"\bcertificate\b.{0,30}\b(expired|revoked|invalid|missing|not (valid|found|loaded|configured))\b",
    r"\b(invalid|expired|revoked|wrong)\b.{0,20}\bcertificate\b",
    r"\bcertificado\b.{0,30}\b(vencido|expirado|expiró|venció|inválido|revocado|no (es )?válido)\b",
    r"\b(empresa|compañía)\b.{0,20}\bno\b.{0,10}\b(existe|afiliada|habilitada|encontrada|activa)\b",
)
_NUMBER_TAKEN = _phrases(
    r"\b(numeration|numbering|cufe|(document|invoice|note|fiscal|sequence) number)\b.{0,40}"
    r"\b(already|previously)\s+(been\s+)?(used|exists?|registered|taken|issued|assigned)\b",
    r"\bnumber\b.{0,20}\balready\s+(been\s+)?used\b",
    r"\b(document|invoice|credit note)\s+(is\s+|was\s+|has\s+)?already\s+(been\s+)?(exists?|registered|issued)\b",
    r"\bduplicated?\s+(document\s+)?(numeration|numbering|number|cufe)\b",
    r"\b(numeration|numbering|cufe|document number)\s+(is\s+)?duplicated?\b",
    r"\b(numeración|numeracion|cufe|número de (documento|factura|nota))\b.{0,40}"
    r"\bya\s+(existe|se usó|(fue|ha sido|está)\s+(en uso|utilizad[oa]|usad[oa]|registrad[oa]|emitid[oa]))\b",
    r"\b(numeración|numeracion|cufe|número de (documento|factura|nota))\s+duplicad[oa]\b",
)
_WINDOW_CLOSED = _phrases(
    r"\boutside (of )?(the )?void(ing)? window\b",
    r"\bvoid(ing)? (window|period|term)\b.{0,30}\b(closed|expired|exceeded|over)\b",
    r"\bfuera del? plazo\b",
    r"\bplazo\b.{0,30}\banulación\b.{0,30}\b(venció|vencido|expiró|expirado|superado)\b",
)
_ALREADY_VOIDED = _phrases(
    r"\balready (been )?(voided|cancell?ed|annulled)\b",
    r"\bya\s+(fue\s+|está\s+|ha sido\s+|se encuentra\s+)?anulad[oa]\b",
)
_REFUSALS: Mapping[Act, tuple[tuple[type[Refused], tuple[re.Pattern[str], ...]], ...]] = {
    Act.CREATE: ((NumberTaken, _NUMBER_TAKEN),),
    Act.VOID: ((AlreadyVoided, _ALREADY_VOIDED), (WindowClosed, _WINDOW_CLOSED)),
}


def require_success(answer: Answer, act: Act = Act.OTHER) -> Answer:
    """The answer itself when it is a success; otherwise the `PacError` that its status, codes and words mean."""
    if answer.is_success:
        return answer
    raise error_of(answer, act)


def error_of(answer: Answer, act: Act = Act.OTHER) -> PacError:
    """What a 4xx means. A 409 that does not say why settles nothing: the document may exist, or be voided.

    A page where JSON should be comes from something in front of Alanube, which never looked at the document.
    """
    problems = tuple(problems_of(answer.body)) or _raw(answer.text)
    is_page = answer.body is None and answer.text.lstrip().startswith("<")
    kind = Incident if is_page and answer.status in _REFUSAL_STATUSES else _kind(answer.status, act, problems)
    return kind(status=answer.status, problems=problems, body=answer.body, exchange_id=answer.exchange_id)


def problems_of(body: Any) -> Iterator[Problem]:
    """Every complaint of an error body, in the order of the contract: the first shape that says anything."""
    if not isinstance(body, Mapping):
        yield from _first(_listed(body))
        return
    code = _code(body)
    for name in _SHAPES:
        found = list(_first(_listed(body.get(name), code=code)))
        if found:
            yield from found
            return


def _kind(status: int, act: Act, problems: tuple[Problem, ...]) -> type[PacError]:
    if status == 404:
        return NotFound if act in {Act.DOCUMENT, Act.VOID} else Incident
    if status in _INCIDENT_STATUSES or any(_is_about_company(problem) for problem in problems):
        return Incident
    if status not in _REFUSAL_STATUSES:
        return Unsettled
    named = _named_refusal(act, problems)
    if named is None and status == 409 and act in _REFUSALS:
        return Unsettled
    return named or Refused


def _named_refusal(act: Act, problems: tuple[Problem, ...]) -> type[Refused] | None:
    if act is Act.VOID and any(problem.code in _ALREADY_VOIDED_CODES for problem in problems):
        return AlreadyVoided
    for kind, patterns in _REFUSALS.get(act, ()):
        if any(_says(problem, patterns) for problem in problems):
            return kind
    return None


def _is_about_company(problem: Problem) -> bool:
    """A message about a member of the document is never about the company, whatever it quotes."""
    if problem.code.upper() in _COMPANY_CODES:
        return True
    return not problem.message.startswith("instance") and _says(problem, _ABOUT_COMPANY)


def _says(problem: Problem, patterns: tuple[re.Pattern[str], ...]) -> bool:
    return any(pattern.search(problem.message) for pattern in patterns)


def _first(problems: Iterator[Problem]) -> Iterator[Problem]:
    return islice(problems, _MOST_PROBLEMS)


def _raw(text: str) -> tuple[Problem, ...]:
    return (Problem(storable(text[:500])),) if text.strip() else ()


def _listed(value: Any, *, code: str = "", field: str = "", depth: int = 0) -> Iterator[Problem]:
    """Complaints from a text, an object, a list, or any of them inside one another."""
    if depth > _DEEPEST:
        return
    if isinstance(value, str):
        if value.strip():
            message = storable(value[:2000])
            yield Problem(message=message, code=code[:40], field=our_field(message, field))
    elif isinstance(value, list):
        for item in value:
            yield from _listed(item, code=code, field=field, depth=depth + 1)
    elif isinstance(value, Mapping):
        own_code, own_field = _code(value) or code, value.get("field")
        field = own_field if isinstance(own_field, str) and own_field else field
        for name in _WORDED:
            found = list(_first(_listed(value.get(name), code=own_code, field=field, depth=depth + 1)))
            if found:
                yield from found
                return


def _code(data: Mapping[str, Any]) -> str:
    """An error's own code; an HTTP status in its place is none."""
    code = data.get("code")
    text = str(code) if isinstance(code, str | int) and not isinstance(code, bool) else ""
    return "" if _HTTP_STATUS.fullmatch(text) else storable(text)
