"""From a `DocumentDraft` to the exact bytes that Alanube receives (contract wire.md 2 and 3).

Amounts and quantities are JSON numbers without exponent or thousands marks, codes with a leading zero are texts, one-digit codes
are numbers, and what is empty is left out: an empty object or a null is an error there. Alanube computes tax and totals itself,
so prices carry six decimals at most and agree with ours to the cent.
"""

from collections.abc import Mapping
from datetime import datetime, time
from decimal import Decimal
from typing import Any

from cifras.fiscal import panama
from cifras.fiscal.catalogues import dgi
from cifras.fiscal.catalogues.places import LOCATIONS
from cifras.fiscal.document import (
    Contributor,
    DocumentDraft,
    Instalment,
    Line,
    OtherTax,
    Party,
    Payment,
    ReceiverType,
)
from cifras.fiscal.totals import Rounding, Totals, compute
from cifras.fiscal.zones import PANAMA

_NORMAL_ISSUE = "01"
_CAFE = {"format": 3, "delivery": 3}
_OPERATION_SALE = 1
_CONTAINER_NORMAL = 1
_NOON = time(12)
_CONTRIBUTORS = {Contributor.NATURAL: 1, Contributor.JURIDICO: 2}


class PacInvoiceFactory:
    """Builds an invoice's payload."""

    def __init__(self, draft: DocumentDraft, *, itbms_rounding: Rounding = "line") -> None:
        self.draft = draft
        self.totals: Totals = compute(draft, itbms_rounding=itbms_rounding)

    def build(self) -> dict[str, Any]:
        """The payload with Decimal amounts, in the contract's order."""
        draft = self.draft
        payload: dict[str, Any] = _without_empty(
            {
                "idOffice": draft.pac_office_id,
                "information": self.information(),
                "receiver": _receiver(draft.receiver, panama.receiver_type_code(draft)),
                "items": self.items(),
                "totals": self.sums(),
                "exportation": self.exportation(),
            }
        )
        return payload

    def information(self) -> dict[str, Any]:
        """What kind of document it is, its number and its date."""
        draft = self.draft
        sale_type = panama.sale_type(draft)
        return {
            "issueType": _NORMAL_ISSUE,
            "documentType": str(panama.document_type(draft)),
            "numeration": draft.number,
            "billingPoint": draft.billing_point,
            "securityCode": draft.security_code,
            "cafe": dict(_CAFE),
            "nature": str(panama.nature(draft)),
            "operationType": _OPERATION_SALE,
            "destination": int(panama.destination(draft)),
            "receiverContainer": _CONTAINER_NORMAL,
            "saleType": int(sale_type) if sale_type is not None else None,
            "issueDate": _moment(draft.issue_date),
            "information": draft.notes,
        }

    def items(self) -> list[dict[str, Any]]:
        """The lines, with the discount per unit from which our own nets are computed."""
        pairs = zip(self.draft.lines, self.totals.lines, strict=True)
        return [
            _item(position, line, sums.unit_discount) for position, (line, sums) in enumerate(pairs, start=1)
        ]

    def sums(self) -> dict[str, Any]:
        """How it is paid, and what is withheld."""
        draft = self.draft
        retention = panama.retention_of(draft, self.totals)
        return {
            "paymentTime": int(panama.payment_term(draft)),
            "paymentMethods": [_payment(payment) for payment in draft.payments],
            "installmentPayment": [
                _instalment(part) for part in panama.instalments_to_send(draft, self.totals)
            ],
            "discounts": [
                {"description": discount.description, "amount": discount.amount}
                for discount in draft.global_discounts
                if draft.discounts_after_tax
            ],
            "retention": {"code": retention.code, "amount": retention.amount} if retention else None,
            "change": draft.change or None,
            "transport": draft.freight or None,
            "insurance": draft.insurance or None,
        }

    def exportation(self) -> dict[str, Any] | None:
        """The export block, which an invoice of an internal operation must not carry."""
        block = self.draft.exportation
        if block is None or panama.document_type(self.draft) is dgi.DocumentType.INTERNAL:
            return None
        return {
            "incoterm": block.incoterm,
            "currency": block.currency,
            "exchangeRate": block.exchange_rate,
            "amount": block.amount,
            "port": block.port,
        }


class PacCreditNoteFactory(PacInvoiceFactory):
    """Builds a credit note's payload: documentType 04 and the invoice it refers to."""

    def build(self) -> dict[str, Any]:
        reference = self.draft.reference
        referenced = []
        if reference is not None:
            referenced = [
                {
                    "issueDate": _moment(reference.issue_date),
                    "emissionType": "CUFE",
                    "cufeIdentification": reference.cufe,
                }
            ]
        return {**super().build(), "referencedDocuments": referenced}

    def information(self) -> dict[str, Any]:
        return {**super().information(), "modificationCode": self.draft.modification_code}


def _receiver(party: Party, code: dgi.Receiver) -> dict[str, Any]:
    ruc = panama.ruc_to_send(party)
    is_foreign = party.type is ReceiverType.EXTRANJERO
    foreign = party.foreign_id
    return {
        "type": str(code),
        "ruc": {"type": _CONTRIBUTORS[party.contributor or Contributor.NATURAL], "ruc": ruc} if ruc else None,
        "foreign": {"number": foreign.number, "country": foreign.country} if is_foreign and foreign else None,
        "name": party.name,
        "address": party.address,
        "location": None if is_foreign or not party.location else _location(party.location),
        "country": party.country,
        "telephones": list(party.telephones),
        "emails": list(party.emails),
    }


def _location(code: str) -> dict[str, str]:
    place = LOCATIONS.get(code)
    if place is None:
        return {"code": code}
    return {
        "code": code,
        "correction": place.corregimiento,
        "district": place.district,
        "province": place.province,
    }


def _item(position: int, line: Line, unit_discount: Decimal) -> dict[str, Any]:
    return {
        "number": f"{position:04d}",
        "description": line.description,
        "code": line.code,
        "unit": line.unit,
        "quantity": line.quantity,
        "prices": {
            "transfer": line.unit_price,
            "discount": unit_discount,
            "transport": line.freight or None,
            "insurance": line.insurance or None,
        },
        "itbms": {"rate": dgi.itbms_code(line.tax_rate)},
        "isc": {"rate": line.isc_rate, "amount": line.isc_amount} if line.isc_amount else None,
        "cpbs": {"code": line.cpbs_code, "unit": line.cpbs_unit} if line.cpbs_code else None,
        **_other_taxes(line.oti),
    }


def _other_taxes(taxes: tuple[OtherTax, ...]) -> dict[str, Any]:
    """OTI on the wire: no observed client sends it; the member's name and shape are INFERRED from the DGI's group."""
    return {"oti": [{"code": tax.code, "amount": tax.amount} for tax in taxes]} if taxes else {}


def _payment(payment: Payment) -> dict[str, Any]:
    is_other = payment.method == dgi.PaymentMethod.OTHER
    return {
        "type": payment.method,
        "amount": payment.amount,
        "otherType": payment.description if is_other else "",
    }


def _instalment(part: Instalment) -> dict[str, Any]:
    due = datetime.combine(part.due_date, _NOON, tzinfo=PANAMA)
    return {
        "sequence": part.sequence,
        "dueDate": _moment(due),
        "amount": part.amount,
        "information": part.information,
    }


def _moment(moment: datetime) -> str:
    return moment.astimezone(PANAMA).isoformat(timespec="seconds")


def _without_empty(value: Any) -> Any:
    """The same without nulls, empty texts, lists and objects."""
    if isinstance(value, Mapping):
        members = {name: _without_empty(member) for name, member in value.items()}
        return {name: member for name, member in members.items() if member not in (None, "", [], {})}
    return [_without_empty(member) for member in value] if isinstance(value, list) else value
