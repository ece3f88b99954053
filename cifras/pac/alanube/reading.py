"""Alanube's answers and complaints in our words; nothing of its wire passes this module.

Answers come as ``{document: {...}}`` or flat; unknown members and words are kept in `body` and the raw fields. Complaints come
in several shapes, read in the order of the observed clients. They are classified by code first, then by whole phrases: a bare
substring has misled others ("inexistente" contains "existente").
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from cifras.fiscal.errors import gettext_noop
from cifras.fiscal.lifecycle import LegalStatus
from cifras.pac.contract import CompanyState, OfficeState, PacAnswer
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
from cifras.pac.transport import Answer

SUBSCRIBED = "SUBSCRIBED"

_LEGAL_WORDS = {word.value: word for word in LegalStatus if word}
_INCIDENT_STATUSES = frozenset({401, 403, 405, 413, 415})
_INCIDENT_CODES = frozenset({"AP1010", "4003"})
_ALREADY_VOIDED_CODES = frozenset({"0622"})
_PHRASES: tuple[tuple[type[Refused], re.Pattern[str]], ...] = (
    (
        NumberTaken,
        re.compile(r"\bnumeration\b.{0,40}\b(already|previously) (used|exists?|registered)\b", re.I | re.S),
    ),
    (
        NumberTaken,
        re.compile(r"\b(document )?(number|numbering)\b.{0,20}\balready (been )?used\b", re.I | re.S),
    ),
    (
        NumberTaken,
        re.compile(
            r"\bnumeraci[oó]n\b.{0,40}\bya (fue|ha sido|está|se) (utilizada|usada|usó)\b", re.I | re.S
        ),
    ),
    (WindowClosed, re.compile(r"\boutside (of )?(the )?void(ing)? window\b", re.I)),
    (WindowClosed, re.compile(r"\bvoid(ing)? window\b.{0,30}\b(closed|expired|exceeded)\b", re.I | re.S)),
    (AlreadyVoided, re.compile(r"\balready (been )?(voided|cancell?ed|annulled)\b", re.I)),
    (AlreadyVoided, re.compile(r"\bya (fue |está |se encuentra )?anulad[oa]\b", re.I)),
)
_COMPANY_PHRASE = re.compile(
    r"\bcompany qr\b|\b(company|idcompany)\b.{0,20}\bnot (found|affiliated|active)\b", re.I | re.S
)

# Alanube's paths, as its messages write them, and the member of our JSON that they mean.
_FIELDS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"receiver\.ruc\b.*"), "receiver.ruc"),
    (re.compile(r"receiver\.foreign\b.*"), "receiver.foreign_id"),
    (re.compile(r"receiver\.location\b.*"), "receiver.location"),
    (re.compile(r"receiver\.otherCountry"), "receiver.country"),
    (re.compile(r"receiver\.(\w+)"), r"receiver.\1"),
    (re.compile(r"items\[(\d+)\]\.itbms\b.*"), r"lines[\1].tax_rate"),
    (re.compile(r"items\[(\d+)\]\.cpbs\b.*"), r"lines[\1].cpbs_code"),
    (re.compile(r"items\[(\d+)\]\.prices\.transfer"), r"lines[\1].unit_price"),
    (re.compile(r"items\[(\d+)\]\.prices\.discount"), r"lines[\1].unit_discount"),
    (re.compile(r"items\[(\d+)\]\.(\w+)"), r"lines[\1].\2"),
    (re.compile(r"items\[(\d+)\]"), r"lines[\1]"),
    (re.compile(r"totals\.paymentMethods\b.*"), "payments"),
    (re.compile(r"totals\.installmentPayment\b.*"), "instalments"),
    (re.compile(r"totals\.retention\b.*"), "retention_code"),
    (re.compile(r"information\.issueDate"), "issue_date"),
    (re.compile(r"information\.billingPoint"), "billing_point"),
    (re.compile(r"information\.destination"), "receiver.country"),
    (re.compile(r"exportation\b.*"), "exportation"),
    (re.compile(r"referencedDocuments\b.*"), "references"),
    (re.compile(r"reason"), "reason"),
)
_REQUIRES = re.compile(r'instance(?:\.([\w.\[\]]+))? requires property "(\w+)"')
_INSTANCE = re.compile(r"instance\.([\w.\[\]]+)")


def answer_about_document(answer: Answer) -> PacAnswer:
    """A document as the answer shows it; members that are missing stay empty."""
    body = answer.body
    document = body.get("document") if isinstance(body, Mapping) else None
    found = document if isinstance(document, Mapping) else body if isinstance(body, Mapping) else {}
    shown = row(found)
    return PacAnswer(
        **shown,
        http_status=answer.status,
        message=_text(body, "message"),
        body=body,
        raw_text=answer.text,
        exchange_id=answer.exchange_id,
    )


def listed_document(found: Mapping[str, Any], answer: Answer) -> PacAnswer:
    """One document of a list."""
    return PacAnswer(
        **row(found), http_status=answer.status, body=dict(found), exchange_id=answer.exchange_id
    )


def row(found: Mapping[str, Any]) -> dict[str, Any]:
    """The members of one document in our words."""
    word = _text(found, "legalStatus")
    return {
        "document_id": _text(found, "id"),
        "legal_status": _LEGAL_WORDS.get(word, LegalStatus.NONE),
        "raw_legal_status": word,
        "processing_status": _text(found, "status"),
        "cufe": _text(found, "cufe"),
        "number": _first_text(found, "documentNumber", "numeration", "number"),
        "issue_date": _first_text(found, "documentIssueDate", "issueDate"),
        "protocol": _text(found, "authorizationProtocol"),
        "qr": _first_text(found, "publicUrl", "qr"),
        "pdf_url": _text(found, "pdf"),
        "xml_url": _first_text(found, "containerXml", "xml"),
        "problems": tuple(_listed(found.get("governmentResponse"))) if word.endswith("REJECTED") else (),
    }


def company_state(answer: Answer, found: Any = None) -> CompanyState:
    """A company as the answer, or one row of a list, shows it."""
    data = found if isinstance(found, Mapping) else answer.body if isinstance(answer.body, Mapping) else {}
    if isinstance(data.get("company"), Mapping):
        data = data["company"]
    affiliated = _text(data, "affiliated")
    return CompanyState(
        company_id=_text(data, "id"),
        ruc=_text(data, "ruc"),
        affiliated=affiliated,
        may_issue=affiliated == SUBSCRIBED,
        qr=_text(data, "qr"),
        body=data or answer.body,
        exchange_id=answer.exchange_id,
    )


def office_state(answer: Answer, found: Any = None) -> OfficeState:
    """A branch as the answer, or one row of a list, shows it."""
    data = found if isinstance(found, Mapping) else answer.body if isinstance(answer.body, Mapping) else {}
    if isinstance(data.get("office"), Mapping):
        data = data["office"]
    return OfficeState(
        office_id=_text(data, "id"),
        code=_text(data, "code"),
        body=data or answer.body,
        exchange_id=answer.exchange_id,
    )


def rows_of(body: Any, *names: str) -> list[Mapping[str, Any]] | None:
    """The rows of a list answer: bare, or under one of `names`, or under data; None when there is no list."""
    if isinstance(body, Mapping):
        body = next(
            (body[name] for name in (*names, "data", "items") if isinstance(body.get(name), list)), None
        )
    if not isinstance(body, list):
        return None
    return [found for found in body if isinstance(found, Mapping)]


def require_success(answer: Answer, *, about_document: bool = False) -> Answer:
    """The answer itself when it is a success; otherwise the `PacError` that its status, codes and words mean.

    `about_document`: the address names a document, so that 404 means the document and not the company.
    """
    if answer.is_success:
        return answer
    raise error_of(answer, about_document=about_document)


def error_of(answer: Answer, *, about_document: bool = False) -> PacError:
    """What a 4xx means."""
    problems = tuple(problems_of(answer.body)) or (
        (Problem(answer.text[:500]),) if answer.text.strip() else ()
    )
    details: dict[str, Any] = {
        "status": answer.status,
        "problems": problems,
        "body": answer.body,
        "exchange_id": answer.exchange_id,
    }
    if answer.status == 404:
        return NotFound(**details) if about_document else _incident(details)
    if answer.status in _INCIDENT_STATUSES or any(_is_about_company(problem) for problem in problems):
        return _incident(details)
    if answer.status not in {400, 409, 422}:
        return Unsettled(**details)
    return _refusal(problems)(**details)


def problems_of(body: Any) -> Iterator[Problem]:
    """Every complaint of an error body, in the order of the contract: the first shape that says anything."""
    if not isinstance(body, Mapping):
        if isinstance(body, list | str):
            yield from _listed(body)
        return
    code = _code(body)
    for name in ("errors", "message", "error", "response", "governmentResponse"):
        found = list(_listed(body.get(name), code="" if name == "errors" else code))
        if found:
            yield from found
            return


def remedy(problem: Problem) -> str:
    """A Spanish sentence on what to do about a complaint we know; empty for one we do not."""
    for pattern, sentence in _REMEDIES:
        if pattern.search(problem.message) or pattern.fullmatch(problem.code):
            return sentence
    return ""


_REMEDIES: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r'receiver\.ruc requires property|receiver requires property "ruc"'),
        gettext_noop("Complete el RUC y el tipo de contribuyente del receptor."),
    ),
    (re.compile(r"otherCountry"), gettext_noop("Revise el país del receptor.")),
    (
        re.compile(r'requires property "exportation"'),
        gettext_noop("Una venta al exterior necesita el bloque de exportación."),
    ),
    (
        re.compile(r"exportation should not be specified"),
        gettext_noop("Quite el bloque de exportación: la factura es de operación interna."),
    ),
    (
        re.compile(
            r"country and instance\.information\.destination do not match|destination of the operation"
        ),
        gettext_noop("El país del receptor y el destino de la operación no concuerdan: revise el país."),
    ),
    (
        re.compile(r"AP1010|company qr", re.I),
        gettext_noop("Pida de nuevo el QR de afiliación de la empresa."),
    ),
    (re.compile(r"4003"), gettext_noop("El QR de la empresa dejó de valer: repita la afiliación.")),
    (re.compile(r"160[12]"), gettext_noop("La DGI no reconoce el RUC o DV del receptor: verifíquelo.")),
)


def _incident(details: dict[str, Any]) -> Incident:
    return Incident(**details)


def _refusal(problems: tuple[Problem, ...]) -> type[Refused]:
    if any(problem.code in _ALREADY_VOIDED_CODES for problem in problems):
        return AlreadyVoided
    for kind, pattern in _PHRASES:
        if any(pattern.search(problem.message) for problem in problems):
            return kind
    return Refused


def _is_about_company(problem: Problem) -> bool:
    return problem.code in _INCIDENT_CODES or bool(_COMPANY_PHRASE.search(problem.message))


def _listed(value: Any, *, code: str = "") -> Iterator[Problem]:
    """Complaints from a text, an object or a list of either."""
    if isinstance(value, str) and value.strip():
        yield _problem(value, code, "")
    elif isinstance(value, Mapping):
        message = _first_text(value, "message", "description", "error")
        if message:
            yield _problem(message, _code(value) or code, _text(value, "field"))
    elif isinstance(value, list):
        for item in value:
            yield from _listed(item, code=code)


def _problem(message: str, code: str, field: str) -> Problem:
    return Problem(message=message[:2000], code=code[:40], field=_our_field(message, field))


def _our_field(message: str, field: str) -> str:
    path = field.removeprefix("instance.")
    if not path:
        required = _REQUIRES.search(message)
        named = _INSTANCE.search(message)
        if required:
            path = ".".join(part for part in required.groups() if part)
        elif named:
            path = named[1].rstrip(".")
    for pattern, ours in _FIELDS:
        found = pattern.fullmatch(path)
        if found:
            return found.expand(ours)
    return ""


def _code(data: Mapping[str, Any]) -> str:
    """An error's own code; an HTTP status in its place is none."""
    code = data.get("code")
    text = str(code) if isinstance(code, str | int) and not isinstance(code, bool) else ""
    return "" if text in {"400", "401", "403", "404", "409", "422"} else text


def _text(data: Any, name: str) -> str:
    value = data.get(name) if isinstance(data, Mapping) else None
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _first_text(data: Mapping[str, Any], *names: str) -> str:
    return next((text for name in names if (text := _text(data, name))), "")
