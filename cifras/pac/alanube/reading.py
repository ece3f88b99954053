"""Alanube's answers in our words; nothing of its wire passes this module and `complaints`.

Answers come as ``{document: {...}}`` or flat; unknown members and words are kept in `body` and the raw fields.
"""

import re
from collections.abc import Mapping
from typing import Any

from cifras.fiscal.lifecycle import LegalStatus
from cifras.pac.alanube.complaints import problems_of
from cifras.pac.contract import CompanyState, OfficeState, PacAnswer
from cifras.pac.errors import Problem, Unsettled
from cifras.pac.masking import storable
from cifras.pac.transport import Answer

SUBSCRIBED = "SUBSCRIBED"

_ID = re.compile(r"[!-~]{1,255}")  # a ULID has 26 characters
_CUFE_LENGTH = 66
_VOID_WORDS = frozenset({"CANCELLED", "CANCELED", "VOIDED", "VOID", "ANNULLED"})
_VOID_MEMBERS = ("isCancelled", "cancelled", "isVoided", "voided")
_LEGAL_WORDS = {word.value: word for word in LegalStatus if word}


def require_object(answer: Answer) -> Answer:
    """The answer itself when it says something about what it was asked; a success without an object settles nothing."""
    if isinstance(answer.body, Mapping):
        return answer
    raise Unsettled(status=answer.status, body=answer.body, exchange_id=answer.exchange_id)


def answer_about_document(answer: Answer) -> PacAnswer:
    """A document as the answer shows it; members that are missing stay empty."""
    body = answer.body if isinstance(answer.body, Mapping) else {}
    document = body.get("document")
    found = document if isinstance(document, Mapping) else body
    return PacAnswer(
        **_members(found, body),
        http_status=answer.status,
        message=_text(body, "message"),
        body=answer.body,
        raw_text=answer.text,
        exchange_id=answer.exchange_id,
    )


def listed_document(found: Mapping[str, Any], answer: Answer) -> PacAnswer:
    """One document of a list."""
    return PacAnswer(
        **_members(found, {}), http_status=answer.status, body=dict(found), exchange_id=answer.exchange_id
    )


def _members(found: Mapping[str, Any], envelope: Mapping[str, Any]) -> dict[str, Any]:
    word = _text(found, "legalStatus")
    return {
        "document_id": _id(_text(found, "id")),
        "legal_status": _LEGAL_WORDS.get(word, LegalStatus.NONE),
        "raw_legal_status": word,
        "processing_status": _text(found, "status"),
        "cufe": _within(_text(found, "cufe"), _CUFE_LENGTH),
        "is_void": _void(found, word),
        "number": text_of(found, "documentNumber", "numeration", "number"),
        "issue_date": text_of(found, "documentIssueDate", "issueDate"),
        **_sale(found),
        "protocol": _text(found, "authorizationProtocol"),
        "qr": text_of(found, "publicUrl", "qr"),
        "pdf_url": _text(found, "pdf"),
        "xml_url": text_of(found, "containerXml", "xml"),
        "problems": _rejection(found, envelope) if word.endswith("REJECTED") else (),
    }


def _void(found: Mapping[str, Any], word: str) -> bool | None:
    """Whether the answer says that the document is void; None where it is silent, as every answer seen so far (INFERRED)."""
    if word.upper() in _VOID_WORDS or _text(found, "status").upper() in _VOID_WORDS:
        return True
    for name in _VOID_MEMBERS:
        if isinstance(said := found.get(name), bool):
            return said
    return None


def _sale(found: Mapping[str, Any]) -> dict[str, Any]:
    """Receiver, total and lines, where the answer echoes the request (INFERRED: the answers seen so far carry none)."""
    receiver, items = found.get("receiver"), found.get("items")
    return {
        **(_receiver(receiver) if receiver and isinstance(receiver, Mapping) else {}),
        "total": _amount(found, "totalAmount", "total"),
        "line_count": len(items) if isinstance(items, list) else None,
    }


def _receiver(party: Mapping[str, Any]) -> dict[str, str]:
    ruc = party.get("ruc")
    return {
        "receiver_name": _text(party, "name"),
        "receiver_tax_id": _text(ruc, "ruc") if ruc and isinstance(ruc, Mapping) else _text(party, "ruc"),
    }


def _amount(found: Mapping[str, Any], *names: str) -> str:
    for name in names:
        value = found.get(name)
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            return storable(str(value))
    return ""


def _id(text: str) -> str:
    """The id, or nothing when no later question could name it: too long, or not plain printable characters."""
    return text if _ID.fullmatch(text) else ""


def _within(text: str, longest: int) -> str:
    """The text, or nothing when it is too long to be what it is said to be; the body keeps it as received."""
    return text if len(text) <= longest else ""


def _rejection(found: Mapping[str, Any], envelope: Mapping[str, Any]) -> tuple[Problem, ...]:
    """Why a document was rejected: the authority's words, else what the answer complains of."""
    bodies = ({"governmentResponse": found.get("governmentResponse")}, found, envelope)
    return next((problems for body in bodies if (problems := tuple(problems_of(body)))), ())


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
    """The rows of a list answer: bare, or under one of `names`, or under data; None when there is no list of objects."""
    if isinstance(body, Mapping):
        body = next(
            (body[name] for name in (*names, "data", "items") if isinstance(body.get(name), list)), None
        )
    is_list = isinstance(body, list) and all(isinstance(row, Mapping) for row in body)
    return body if is_list else None


def has_more(body: Any, rows: int) -> bool:
    """Whether a page of a list is full, as far as it says how much a page holds."""
    size = page_size(body)
    return size is not None and rows >= size


def page_size(body: Any) -> int | None:
    """How many rows a full page has, where the answer says it."""
    metadata = body.get("metadata") if isinstance(body, Mapping) else None
    limit = metadata.get("limit") if isinstance(metadata, Mapping) else None
    is_number = isinstance(limit, int) and not isinstance(limit, bool) and limit > 0
    return limit if is_number else None


def text_of(data: Mapping[str, Any], *names: str) -> str:
    """The first of these members that holds a text or a whole number, as text."""
    for name in names:
        if name in data and (text := _text(data, name)):
            return text
    return ""


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    if value is None:
        return ""
    if isinstance(value, str):
        # A list may have a million rows, and nearly every member of theirs is plain.
        return value if value.isascii() and "\x00" not in value else storable(value)
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""
