"""Tandia's rows and documents in our words; nothing of its wire passes this module and `complaints`.

Lists show neither currency nor customer nor tax (Peru contract 1.3): those stay empty until the document is read. An unknown
status is kept as received and means that nobody knows yet.
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from cifras.fiscal import peru
from cifras.fiscal.document import Kind
from cifras.fiscal.lifecycle import LegalStatus
from cifras.fiscal.peru import Return
from cifras.fiscal.zones import LIMA
from cifras.pac.contract import ListedDocument, PacAnswer
from cifras.pac.errors import Problem
from cifras.pac.masking import storable

INVOICE, RECEIPT, CREDIT_NOTE = "invoice", "receipt", "credit-note"
KINDS: Mapping[str, Kind] = {INVOICE: Kind.INVOICE, RECEIPT: Kind.INVOICE, CREDIT_NOTE: Kind.CREDIT}
# The paper on webhooks spells the word with one e less.
_SUCCEEDED, _FAILED = frozenset({"succeeded", "succeded"}), "failed"
_LONGEST_ID = 255


def document_of(row: Mapping[str, Any], *, exchange_id: str = "", raw_text: str = "") -> PacAnswer:
    """A document as a row of a list or an answer shows it."""
    document_id = text_of(row, "id")
    return PacAnswer(
        document_id=document_id if len(document_id) <= _LONGEST_ID else "",
        legal_status=legal_status_of(row),
        raw_legal_status=text_of(row, "status"),
        number=text_of(row, "number"),
        issue_date=text_of(row, "date"),
        total=_amount(row.get("total")),
        currency=text_of(row, "currency"),
        **_details(row),
        pdf_url=text_of(row, "document_pdf"),
        xml_url=text_of(row, "document_file"),
        cdr_url=text_of(row, "document_cdr"),
        message=text_of(row, "failure_message"),
        problems=_problems(row),
        body=dict(row),
        raw_text=raw_text,
        exchange_id=exchange_id,
    )


def listed(row: Mapping[str, Any]) -> ListedDocument:
    """A row of a list, as little as it tells."""
    document_id = text_of(row, "id")
    return ListedDocument(
        document_id=document_id if len(document_id) <= _LONGEST_ID else "",
        company_id=text_of(row, "company_id"),
        kind=kind_of(row),
        raw_kind=text_of(row, "type"),
        number=text_of(row, "number"),
        issue_date=text_of(row, "date"),
        total=_amount(row.get("total")),
        raw_legal_status=text_of(row, "status"),
    )


def legal_status_of(row: Mapping[str, Any]) -> LegalStatus:
    """Accepted, rejected by SUNAT (its codes burn the number) or by Tandia before it; else nothing is known yet."""
    word = text_of(row, "status").casefold()
    if word in _SUCCEEDED:
        return LegalStatus.DGI_AUTHORIZED
    if word != _FAILED:
        return LegalStatus.NONE
    said = peru.returned(text_of(row, "failure_code") or "?")
    return LegalStatus.DGI_REJECTED if said.burns_number else LegalStatus.PAC_REJECTED


def is_returned(row: Mapping[str, Any]) -> bool:
    """Whether SUNAT did not take the document in (0100 to 1999), so that it is mended and goes under the same number."""
    has_failed = text_of(row, "status").casefold() == _FAILED
    return has_failed and peru.returned(text_of(row, "failure_code")) is Return.RETURNED


def kind_of(row: Mapping[str, Any]) -> Kind | None:
    """Our kind of document; None for what we do not keep, such as a remission guide."""
    return KINDS.get(text_of(row, "type"))


def day_of(row: Mapping[str, Any]) -> date | None:
    """The local day of issue in Lima; None where the row tells no moment that can be read."""
    try:
        moment = datetime.fromisoformat(text_of(row, "date"))
    except ValueError:
        return None
    return (moment if moment.tzinfo is None else moment.astimezone(LIMA)).date()


def total_of(row: Mapping[str, Any]) -> Decimal | None:
    """The total; None where there is none."""
    total = row.get("total")
    return total if isinstance(total, Decimal) and total.is_finite() else None


def text_of(row: Mapping[str, Any], name: str) -> str:
    """A text, without what no column can hold; empty for null and for anything else."""
    value = row.get(name)
    return storable(value).strip() if isinstance(value, str) else ""


def _details(row: Mapping[str, Any]) -> dict[str, Any]:
    customer, items = row.get("customer"), row.get("items")
    party = customer if isinstance(customer, Mapping) else {}
    return {
        "receiver_name": text_of(party, "registration_name"),
        "receiver_tax_id": text_of(party, "document_number"),
        "line_count": len(items) if isinstance(items, list) else None,
    }


def _problems(row: Mapping[str, Any]) -> tuple[Problem, ...]:
    code, words = text_of(row, "failure_code"), text_of(row, "failure_message")
    return (Problem(words[:2000] or code, code[:40]),) if code or words else ()


def _amount(value: Any) -> str:
    return f"{value:f}" if isinstance(value, Decimal) and value.is_finite() else ""
