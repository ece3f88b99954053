"""A document that was issued at Tandia, whole, in our words (Peru contract 1.4): every amount as stated, none computed.

How a note names the document that it takes from, and how instalments are written, is INFERRED, as in `factory`.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from cifras.fiscal.catalogues.sunat import DocumentType
from cifras.fiscal.catalogues.sunat_taxes import Tax
from cifras.fiscal.document import Instalment, Party, PaymentTime, ReceiverType
from cifras.fiscal.zones import LIMA
from cifras.pac.contract import IssuedDocument, IssuedLine, IssuedReference, PacAnswer
from cifras.pac.tandia import factory, reading
from cifras.pac.tandia.reading import text_of

_DOCUMENT_TYPES: Mapping[str, DocumentType] = {
    reading.INVOICE: DocumentType.FACTURA,
    reading.RECEIPT: DocumentType.BOLETA,
    reading.CREDIT_NOTE: DocumentType.CREDIT_NOTE,
}
_PAYMENT_TIMES = {"cash": PaymentTime.CASH, "credit": PaymentTime.CREDIT}
_NUMBER = re.compile(r"(?P<series>[A-Z0-9]{4})-0*(?P<number>[0-9]{1,8})")
_RUC = "6"
_MOST_LINES = 1_000
_ZERO = Decimal(0)


def document_of(row: Mapping[str, Any], answer: PacAnswer) -> IssuedDocument:
    """What `get_document` answered; `answer` is the same, as far as every provider tells it."""
    company, word = _object(row, "company"), text_of(row, "type")
    series, number = _numbered(text_of(row, "number"))
    return IssuedDocument(
        answer=answer,
        kind=reading.kind_of(row),
        raw_kind=word,
        document_type=str(_DOCUMENT_TYPES.get(word, "")),
        series=series,
        number=number,
        company_id=text_of(company, "id") or text_of(row, "company_id"),
        issuer_tax_id=text_of(company, "tax_id"),
        issued_at=_moment(text_of(row, "date")),
        currency=text_of(row, "currency").upper(),
        external_id=text_of(row, "external_id"),
        notes=text_of(row, "observation"),
        receiver=_receiver(_object(row, "customer")),
        payment_time=_PAYMENT_TIMES.get(text_of(row, "payment_method")),
        net=_amount(row, "sale_value"),
        taxes=dict(_taxes(row)),
        total=_amount(row, "total"),
        lines=tuple(_line(item) for item in _objects(row, "items")[:_MOST_LINES]),
        instalments=tuple(_instalments(row)),
        reason_code=text_of(row, "reason_code"),
        reason=text_of(row, "reason"),
        reference=_reference(_object(row, factory.REFERENCE)),
    )


def _numbered(text: str) -> tuple[str, int]:
    """Series and number; an empty series for a text of another shape."""
    found = _NUMBER.fullmatch(text.upper())
    return (found["series"], int(found["number"])) if found else ("", 0)


def _moment(text: str) -> datetime | None:
    """An aware moment; what names no zone is Lima's."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=LIMA)


def _receiver(customer: Mapping[str, Any]) -> Party | None:
    """Who received it. "-" stands for nobody in particular."""
    if not customer:
        return None
    identity_type, number = text_of(customer, "document_type"), text_of(customer, "document_number")
    email = text_of(customer, "email")
    return Party(
        type=ReceiverType.CONTRIBUYENTE if identity_type == _RUC else ReceiverType.CONSUMIDOR_FINAL,
        name=text_of(customer, "registration_name").strip("-"),
        country="PE",
        emails=(email,) if email else (),
        identity_type=identity_type.strip("-")[:1],
        identity_number=number.strip("-"),
    )


def _taxes(row: Mapping[str, Any]) -> Iterator[tuple[str, Decimal]]:
    """Each tax once; not that of what was given away, which nobody pays. Without a list all of `tax_total` is IGV."""
    sums: dict[str, Decimal] = {}
    for each in _objects(row, "tax_amounts"):
        code = text_of(each, "code") or Tax.IGV.short
        if code == Tax.FREE.short:
            continue
        sums[code] = sums.get(code, _ZERO) + (_amount(each, "amount") or _ZERO)
    stated = _amount(row, "tax_total")
    if not sums and stated is not None:
        sums["IGV"] = stated
    yield from sums.items()


def _line(item: Mapping[str, Any]) -> IssuedLine:
    taxes = _objects(item, "taxes")
    rate = next((_amount(each, "percentage") for each in taxes if _amount(each, "percentage")), None)
    affectation = next((found for each in taxes if (found := text_of(each, "affectation_type"))), "")
    is_free = item.get("free") is True
    return IssuedLine(
        description=text_of(item, "description"),
        quantity=_amount(item, "quantity") or _ZERO,
        unit_price=_amount(item, "unit_value") or _ZERO,
        tax_rate=rate or _ZERO,
        net=_ZERO if is_free else _amount(item, "sale_value") or _ZERO,
        tax=_ZERO if is_free else _amount(item, "tax_total") or _ZERO,
        total=_ZERO if is_free else _amount(item, "total") or _ZERO,
        code=text_of(item, "code"),
        unit=text_of(item, "unit"),
        affectation=affectation,
    )


def _instalments(row: Mapping[str, Any]) -> Iterator[Instalment]:
    for sequence, each in enumerate(_objects(row, factory.INSTALMENTS), start=1):
        due, amount = _day(text_of(each, "due_date")), _amount(each, "amount")
        if due and amount is not None:
            yield Instalment(sequence, due, amount)


def _reference(named: Mapping[str, Any]) -> IssuedReference | None:
    series, number = _numbered(text_of(named, "number"))
    document_type = _DOCUMENT_TYPES.get(text_of(named, "type"))
    return IssuedReference(str(document_type), series, number) if document_type and series else None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def _amount(row: Mapping[str, Any], name: str) -> Decimal | None:
    value = row.get(name)
    return value if isinstance(value, Decimal) and value.is_finite() else None


def _object(row: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = row.get(name)
    return value if isinstance(value, Mapping) else {}


def _objects(row: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    value = row.get(name)
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []
