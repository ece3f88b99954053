"""Is the document that the provider holds under our number ours?

Source: domain 6.4. A CUFE that carries our RUC, type, point, number, date and security code is proof by itself; otherwise every
member the answer carries is compared, and an absent one is no disagreement. A CUFE's own check digit is never tested here.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from decimal import Decimal, InvalidOperation
from enum import Enum, auto
from typing import Any

from django.utils import timezone

from cifras.core import audit
from cifras.fiscal import cufe
from cifras.fiscal.lifecycle import REJECTED_LEGAL, LegalStatus
from cifras.pac.contract import PacAnswer
from invoicing.models import Document
from invoicing.services.peruvian import printed_number

_NOT_KEPT = frozenset({"body", "raw_text", "pdf_url", "xml_url", "cdr_url", "problems", "legal_status"})
_WITH_SERIES = re.compile(r"[A-Z][A-Z0-9]{3}-0*(?P<number>[0-9]{1,8})")
_NOT_TAX_ID = re.compile(r"[^0-9A-Z]")


class Likeness(Enum):
    """SAME is ours; DIFFERENT holds our number but is another sale; OTHER has nothing to do with us."""

    SAME = auto()
    DIFFERENT = auto()
    OTHER = auto()


@dataclass(frozen=True, slots=True)
class Cell:
    """One member of two documents side by side. `differs` is None where the provider's does not say."""

    name: str
    ours: str
    theirs: str
    differs: bool | None


def compare(document: Document, answer: PacAnswer) -> Likeness:
    """How `answer` stands to our `document`."""
    read = cufe.read(answer.cufe)
    if read is not None:
        return _by_cufe(document, answer.cufe, read)
    if answer.legal_status in REJECTED_LEGAL:
        return Likeness.OTHER  # a refused repeat bears our number too, under an id of its own
    if answer.number and _bare(answer.number) != _bare(printed_number(document)):
        return Likeness.OTHER
    return Likeness.DIFFERENT if any(cell.differs for cell in _sale(document, answer)) else Likeness.SAME


def cells(document: Document, answer: PacAnswer) -> list[Cell]:
    """Everything that tells two documents apart, member by member, in the order of a document's head."""
    found = [*_numbering(document, answer), *_sale(document, answer), *_codes(document, answer)]
    lines = str(document.lines.count())
    return [replace(cell, ours=lines) if cell.name == "lines" else cell for cell in found]


def stored_numbers(number: str) -> list[str]:
    """As which numbers of ours a provider's may be kept: padded, and without the series that Peru writes before it."""
    peruvian = _WITH_SERIES.fullmatch(number)
    return [number, peruvian["number"].zfill(8) if peruvian else number.zfill(10)]


def kept(answer: PacAnswer) -> dict[str, Any]:
    """What the provider holds, as it is stored with a conflict: our words for it, and its own. Signed links are left out."""
    members = {each.name: getattr(answer, each.name) for each in fields(answer) if each.name not in _NOT_KEPT}
    return {
        "answer": audit.plain_json(members | {"legal_status": answer.legal_status.value}),
        "body": without_links(answer),
    }


def held(document: Document) -> PacAnswer | None:
    """The provider's document of a stored conflict; None where it was never shown."""
    conflict = document.conflict if isinstance(document.conflict, dict) else {}
    members = conflict.get("answer")
    if not isinstance(members, dict):
        return None
    known = {each.name for each in fields(PacAnswer)}
    values = {name: value for name, value in members.items() if name in known}
    return PacAnswer(
        **values | {"legal_status": LegalStatus(values.get("legal_status", "")), "body": conflict.get("body")}
    )


def shows_its_sale(answer: PacAnswer) -> bool:
    """Whether the answer says anything of the sale itself, and not only that its number is held."""
    sale = (answer.cufe, answer.total, answer.issue_date, answer.receiver_name, answer.receiver_tax_id)
    return any(sale) or answer.line_count is not None


def without_links(answer: PacAnswer) -> Any:
    """The answer as received, but for its signed links: they are keys to the files, for minutes, and never kept."""
    text = json.dumps(audit.plain_json(answer.body))
    for link in (answer.pdf_url, answer.xml_url, answer.cdr_url):
        if link:
            text = text.replace(json.dumps(link)[1:-1], "")
    return json.loads(text)


def _by_cufe(document: Document, theirs: str, read: cufe.Cufe) -> Likeness:
    if cufe.is_ours(theirs, document.local_cufe):
        return Likeness.SAME
    ours = (document.series, document.number, document.billing_point, document.office.code)
    found = (read.document_type, read.number, read.billing_point, read.branch)
    return Likeness.DIFFERENT if found == ours else Likeness.OTHER


def _numbering(document: Document, answer: PacAnswer) -> Iterator[Cell]:
    theirs, ours = cufe.read(answer.cufe), cufe.read(document.local_cufe)
    issuer = ours.ruc if ours else str(document.issuer_data.get("ruc") or document.tenant.ruc)
    yield _cell("issuer", issuer, theirs.ruc if theirs else "", _tax_id)
    yield _cell("series", document.series, theirs.document_type if theirs else "")
    yield _cell("office", document.office.code, theirs.branch if theirs else "")
    yield _cell("billing_point", document.billing_point, theirs.billing_point if theirs else "")
    number = theirs.number if theirs else answer.number
    yield _cell("number", printed_number(document), number, _bare)


def _sale(document: Document, answer: PacAnswer) -> Iterator[Cell]:
    read = cufe.read(answer.cufe)
    day = answer.issue_date[:10] or (read.issue_date.isoformat() if read else "")
    yield _cell("issue_date", _issue_day(document), day)
    yield _cell("receiver", document.receiver_name, answer.receiver_name, _name)
    yield _cell("receiver_ruc", document.receiver_ruc, answer.receiver_tax_id, _tax_id)
    yield _cell("total", str(document.total), answer.total, _number)
    lines = "" if answer.line_count is None else str(answer.line_count)
    yield _cell("lines", str(document.lines.count()) if lines else "", lines)


def _codes(document: Document, answer: PacAnswer) -> Iterator[Cell]:
    theirs = cufe.read(answer.cufe)
    yield _cell("security_code", document.security_code, theirs.security_code if theirs else "")
    yield _cell("cufe", document.local_cufe, answer.cufe)


def _cell(name: str, ours: str, theirs: str, read: Any = str) -> Cell:
    return Cell(name, ours, theirs, read(ours) != read(theirs) if theirs else None)


def _tax_id(text: str) -> str:
    return _NOT_TAX_ID.sub("", text.upper()).lstrip("0")


def _bare(text: str) -> str:
    """A number without padding; with its series, where it has one."""
    series, _dash, number = text.upper().rpartition("-")
    return f"{series}-{number.lstrip('0')}" if series else number.lstrip("0")


def _name(text: str) -> str:
    return " ".join(text.casefold().split())


def _number(text: str) -> Decimal | str:
    try:
        return Decimal(text)
    except InvalidOperation:
        return text


def _issue_day(document: Document) -> str:
    return timezone.localtime(document.issue_date).date().isoformat() if document.issue_date else ""
