"""A stored invoice as the page's form shows it, and whether the page can show all of it."""

from decimal import Decimal
from typing import Any

from django.utils import timezone

from cifras.fiscal.document import Party, ReceiverType
from cifras.fiscal.lifecycle import REJECTED_LEGAL, Submission
from invoicing.admin.invoice_fields import MOST_INSTALMENTS, MOST_LINES, MOST_PAYMENTS, OTI_SLOTS
from invoicing.models import Document, Line
from invoicing.services.parties import party_from_snapshot, party_of

type Initial = dict[str, Any]

NEW_LINE = {"quantity": "1", "unit": "und", "tax_rate": "7"}
BLANK: Initial = {
    "lines": [NEW_LINE],
    "payments": [{}],
    "instalments": [],
}


def fits_the_form(document: Document) -> bool:
    """Whether the form has a place for everything that the draft says."""
    lines = document.lines.all()
    return (
        len(lines) <= MOST_LINES
        and all(len(line.other_taxes) <= len(OTI_SLOTS) for line in lines)
        and len(document.global_discounts) <= 1
        and len(document.payments.all()) <= MOST_PAYMENTS
        and len(document.instalments.all()) <= MOST_INSTALMENTS
    )


def initial_of(document: Document) -> Initial:
    """The form's values, part by part."""
    return {
        "head": _head(document),
        "receiver": _receiver(document),
        "exportation": document.exportation or {},
        "lines": [_line(line) for line in document.lines.all()],
        **written_parts(document),
    }


def written_parts(document: Document) -> Initial:
    """Payments and instalments, which are alike in every country."""
    return {
        "payments": [
            {"method": row.method, "amount": f"{row.amount:f}", "description": row.description}
            for row in document.payments.all()
        ],
        "instalments": [
            {
                "due_date": row.due_date.isoformat(),
                "amount": f"{row.amount:f}",
                "information": row.information,
            }
            for row in document.instalments.all()
        ],
    }


def as_copy(initial: Initial, document: Document) -> Initial:
    """The values for a new invoice like this one. The reference stays only where the new one replaces a dead one."""
    is_dead = (
        document.legal_status in REJECTED_LEGAL
        or document.is_voided
        or document.submission == Submission.DISCARDED
    )
    dropped = {"issue_date", "due_date"} | (set() if is_dead else {"external_id"})
    initial["head"] = {name: value for name, value in initial["head"].items() if name not in dropped}
    initial["instalments"] = []
    return initial


def issued_of(document: Document) -> str:
    """The local moment of issue as a field takes it."""
    issued = timezone.localtime(document.issue_date) if document.issue_date else None
    return issued.replace(tzinfo=None).isoformat(timespec="auto") if issued else ""


def _head(document: Document) -> Initial:
    discount = document.global_discounts[0] if document.global_discounts else {}
    return {
        "tenant": str(document.tenant.uid),
        "place": f"{document.office.code}/{document.billing_point}",
        "mode": document.mode,
        "issue_date": issued_of(document),
        "due_date": document.due_date.isoformat() if document.due_date else "",
        "payment_time": document.payment_time,
        "retention_code": document.retention_code,
        "retention_amount": figure_of(document.retention_amount),
        "discount_amount": discount.get("amount", ""),
        "discount_description": discount.get("description", ""),
        "freight": figure_of(document.freight),
        "insurance": figure_of(document.insurance),
        "notes": document.notes,
        "external_id": document.external_id,
    }


def _receiver(document: Document) -> Initial:
    """A registered receiver by its code, with what this invoice says otherwise; else everything as written."""
    party = party_from_snapshot(document.receiver_data)
    if document.receiver is None:
        return _written(party)
    usual = party_of(document.receiver)
    return {
        "mode": "registered",
        "code": document.receiver.code,
        "adhoc_name": party.name if party.name != usual.name else "",
        "adhoc_ruc": party.ruc if party.ruc != usual.ruc else "",
        "adhoc_emails": ", ".join(party.emails) if party.emails != usual.emails else "",
    }


def _written(party: Party) -> Initial:
    is_abroad = party.type is ReceiverType.EXTRANJERO and party.country != "PA"
    return {
        "mode": "written",
        "type": party.type.value,
        "contributor": party.contributor.value if party.contributor else "JURIDICO",
        "ruc": party.ruc,
        "dv": party.dv,
        "name": party.name,
        "address": party.address,
        "location": party.location,
        "telephones": ", ".join(party.telephones),
        "emails": ", ".join(party.emails),
        "withholds": party.withholds,
        "foreign_number": party.foreign_id.number if party.foreign_id else "",
        "foreign_country": party.foreign_id.country if party.foreign_id else "",
        "buys": "ABROAD" if is_abroad else "HOME",
        "country": party.country if is_abroad else "",
    }


def _line(line: Line) -> Initial:
    taxes = {
        f"oti_{member}_{slot}": tax[member]
        for slot, tax in zip(OTI_SLOTS, line.other_taxes, strict=False)
        for member in ("code", "amount")
    }
    return {
        "description": line.description,
        "quantity": figure_of(line.quantity, least=0),
        "unit": line.unit,
        "unit_price": figure_of(line.unit_price) or "0.00",
        "unit_discount": figure_of(line.unit_discount),
        "tax_rate": f"{line.tax_rate.normalize():f}",
        "code": line.code,
        "cpbs_code": line.cpbs_code,
        "cpbs_unit": line.cpbs_unit,
        "isc_rate": figure_of(line.isc_rate, least=0),
        "isc_amount": figure_of(line.isc_amount),
        **taxes,
    }


def figure_of(number: Decimal | None, *, least: int = 2) -> str:
    """A number to be typed over: no idle zeros beyond `least` decimals, and nothing for zero."""
    if not number:
        return ""
    whole, _point, decimals = f"{number:f}".partition(".")
    decimals = decimals.rstrip("0").ljust(least, "0")
    return f"{whole}.{decimals}" if decimals else whole
