"""What a note may refer to: an authorised document of the same company that has enough left."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from cifras.sandbox.alanube.answers import Problem
from cifras.sandbox.authority import Authority
from cifras.sandbox.records import CREDIT_NOTE, DGI_AUTHORIZED, INVOICE, Document

_IDENTIFIED_BY = {
    "ID": "apiIdentification",
    "CUFE": "cufeIdentification",
    "PAPER": "otherIdentification",
    "PRINTER": "otherIdentification",
}
_FULL_ANNULMENT = 1


def examine(
    authority: Authority, company_id: str, body: Mapping[str, Any], *, kind: str, tax_id: str, total: Decimal
) -> tuple[Sequence[Document], Sequence[Problem]]:
    """The documents that a note refers to, and what is wrong with that."""
    found: list[Document] = []
    problems: list[Problem] = []
    for index, reference in enumerate(body["referencedDocuments"]):
        where = f"referencedDocuments[{index}]"
        member = _IDENTIFIED_BY[reference["emissionType"]]
        if member not in reference:
            problems.append(
                Problem(f'instance.{where} requires property "{member}"', field=f"{where}.{member}")
            )
            continue
        if reference["emissionType"] not in ("ID", "CUFE"):
            continue
        invoice = _look_up(authority, company_id, reference)
        if invoice is None:
            problems.append(Problem("Referenced document not found", "AP3012", where))
            continue
        found.append(invoice)
        problems += _complaints(invoice, reference, tax_id, where)
    if found and not problems and kind == CREDIT_NOTE:
        problems += _amounts(authority, found, body, total)
    return found, problems


def _look_up(authority: Authority, company_id: str, reference: Mapping[str, Any]) -> Document | None:
    if reference["emissionType"] == "ID":
        found = authority.find(company_id, INVOICE, reference["apiIdentification"])
    else:
        found = authority.find_by_cufe(company_id, reference["cufeIdentification"])
    return found if found and found.kind == INVOICE else None


def _complaints(
    invoice: Document, reference: Mapping[str, Any], tax_id: str, where: str
) -> Iterator[Problem]:
    if invoice.legal_status != DGI_AUTHORIZED:
        yield Problem("The referenced document is not authorized by the DGI", field=where)
    if invoice.is_void:
        yield Problem("The referenced document is cancelled", field=where)
    if invoice.receiver_tax_id != tax_id:
        yield Problem("The receiver is not the one of the referenced document", field="receiver")
    date = reference.get("issueDate")
    if date and datetime.fromisoformat(date).date() != invoice.issued_at.date():
        yield Problem("The issue date is not the one of the referenced document", field=f"{where}.issueDate")


def _amounts(
    authority: Authority, invoices: Sequence[Document], body: Mapping[str, Any], total: Decimal
) -> Iterator[Problem]:
    remaining = sum((authority.remaining(invoice) for invoice in invoices), Decimal(0))
    if total > remaining:
        yield Problem(f"The amount {total} exceeds the remaining {remaining}", "AP3013", "totals")
    is_full = body["information"].get("modificationCode") == _FULL_ANNULMENT
    if is_full and total != sum((invoice.total for invoice in invoices), Decimal(0)):
        yield Problem("A full annulment has the total of its document", field="information.modificationCode")
