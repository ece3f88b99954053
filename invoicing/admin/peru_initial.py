"""A stored comprobante of Peru as its page's form shows it, and whether the page can show all of it."""

from typing import Any

from cifras.fiscal.catalogues.dgi import PaymentMethod
from cifras.fiscal.catalogues.sunat import IdentityType
from invoicing.admin.invoice_fields import MOST_INSTALMENTS, MOST_LINES, MOST_PAYMENTS
from invoicing.admin.invoice_initial import Initial, figure_of, issued_of, written_parts
from invoicing.models import Document, Line
from invoicing.services.parties import party_from_snapshot, party_of

NEW_LINE = {"quantity": "1", "unit": "NIU", "affectation": "10"}
BLANK: Initial = {"lines": [NEW_LINE], "payments": [{}], "instalments": []}


def fits_the_form(document: Document) -> bool:
    """Whether the form has a place for everything that the draft says."""
    return (
        len(document.lines.all()) <= MOST_LINES
        and len(document.global_discounts) <= 1
        and len(document.payments.all()) <= MOST_PAYMENTS
        and len(document.instalments.all()) <= MOST_INSTALMENTS
    )


def initial_of(document: Document) -> Initial:
    """The form's values, part by part."""
    return {
        "head": _head(document),
        "receiver": _receiver(document),
        "lines": [_line(line) for line in document.lines.all()],
        **_parts(document),
    }


def _parts(document: Document) -> Initial:
    """Payments and instalments; a part on credit is no payment here, and its amount follows from the others."""
    parts = written_parts(document)
    parts["payments"] = [row for row in parts["payments"] if row["method"] != PaymentMethod.CREDIT]
    return parts


def _head(document: Document) -> Initial:
    terms: dict[str, Any] = document.peru or {}
    discount = document.global_discounts[0] if document.global_discounts else {}
    detraction = terms.get("detraction") or {}
    return {
        "tenant": str(document.tenant.uid),
        "place": f"{document.office.code}/{document.billing_point}",
        "document_kind": terms.get("document_kind", ""),
        "operation_type": terms.get("operation_type", ""),
        "currency": document.currency,
        "exchange_rate": terms.get("exchange_rate") or "",
        "mode": document.mode,
        "issue_date": issued_of(document),
        "due_date": document.due_date.isoformat() if document.due_date else "",
        "payment_time": document.payment_time,
        "retention_amount": figure_of(document.retention_amount),
        **{f"detraction_{name}": value or "" for name, value in detraction.items()},
        "discount_amount": discount.get("amount", ""),
        "discount_description": discount.get("description", ""),
        "notes": document.notes,
        "external_id": document.external_id,
    }


def _receiver(document: Document) -> Initial:
    """A registered customer by its code, with what this comprobante says otherwise; else everything as written."""
    party = party_from_snapshot(document.receiver_data)
    if document.receiver is None:
        return {
            "mode": "written",
            "identity_type": party.identity_type or IdentityType.NONE.value,
            "identity_number": party.identity_number,
            "name": party.name,
            "address": party.address,
            "telephones": ", ".join(party.telephones),
            "emails": ", ".join(party.emails),
            "withholds": party.withholds,
        }
    usual = party_of(document.receiver)
    return {
        "mode": "registered",
        "code": document.receiver.code,
        "adhoc_name": party.name if party.name != usual.name else "",
        "adhoc_emails": ", ".join(party.emails) if party.emails != usual.emails else "",
    }


def _line(line: Line) -> Initial:
    return {
        "description": line.description,
        "quantity": figure_of(line.quantity, least=0),
        "unit": line.unit,
        "unit_price": figure_of(line.unit_price) or "0.00",
        "unit_discount": figure_of(line.unit_discount),
        "affectation": line.affectation,
        "code": line.code,
        "icbper_bags": str(line.icbper_bags or ""),
    }
