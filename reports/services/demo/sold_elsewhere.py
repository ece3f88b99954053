"""What the demo's shop sold at Tandia's own counter, without us: handed in there as another program would."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from cifras.fiscal.money import round_half_up
from cifras.fiscal.zones import LIMA, local_date
from reports.services.demo import practice

DAYS = 57
_EVERY_DAYS = 4
_IGV = Decimal("0.18")
_WARES = (("Sombrilla de playa", "84.75"), ("Mochila escolar", "67.80"), ("Toalla grande", "29.66"))
_COMPANY = {
    "document_type": "6",
    "document_number": practice.peruvian_ruc(200),
    "registration_name": "Posada Paracas S.A.C.",
    "email": "compras@posada.example",
}
_NOBODY = {"document_type": "-", "document_number": "-", "registration_name": "-"}


def sell(company_id: str, now: datetime) -> date:
    """Two months of facturas in soles and dollars and of boletas; then a note, a debit note, and one that SUNAT rejected.

    Answers a day with a sale in dollars.
    """
    moments = [
        now.replace(microsecond=0) - timedelta(days=back, hours=1) for back in range(DAYS, 0, -_EVERY_DAYS)
    ]
    for number, moment in enumerate(moments, start=1):
        currency = "USD" if number % 2 else "PEN"
        _hand_in(company_id, "invoice", f"F001-{number}", moment, number, currency=currency)
        _hand_in(company_id, "receipt", f"B001-{number}", moment, number + 1, customer=_NOBODY)
    in_soles, latest = len(moments) - 1, len(moments) + 1
    rejected = {**_COMPANY, "registration_name": "Comercial SUNAT-2335 S.A.C."}
    _hand_in(company_id, "invoice", f"F001-{latest}", moments[-1], 1, customer=rejected)
    affected = {"affected_document": {"type": "invoice", "number": f"F001-{in_soles:08d}"}}
    undone = {**affected, "reason_code": "01", "reason": "Anulación de la operación"}
    _hand_in(company_id, "credit-note", "FC01-1", moments[-1], in_soles, **undone)
    interest = {**affected, "reason_code": "01", "reason": "Intereses por mora"}
    _hand_in(company_id, "debit-note", "FD01-1", moments[-1], 1, **interest)
    return local_date(moments[-3], LIMA)


def _hand_in(company_id: str, word: str, number: str, moment: datetime, seed: int, **changes: Any) -> None:
    description, price = _WARES[seed % len(_WARES)]
    quantity = seed % 4 + 1
    net = Decimal(price) * quantity
    igv = round_half_up(net * _IGV)
    tax = {"code": "IGV", "amount": float(igv)}
    practice.hand_in(
        "tandia/api/document",
        {
            "company": {"id": company_id},
            "type": word,
            "number": number,
            "date": moment.isoformat(),
            "currency": "PEN",
            "external_id": f"POS-{number}",
            "customer": _COMPANY,
            "payment_method": "cash",
            "sale_value": float(net),
            "tax_total": float(igv),
            "tax_amounts": [tax],
            "total": float(net + igv),
            "items": [
                {
                    "code": f"P{seed % len(_WARES) + 1:03d}",
                    "description": description,
                    "unit": "NIU",
                    "quantity": float(quantity),
                    "unit_value": float(price),
                    "unit_price": float(round_half_up(Decimal(price) * (1 + _IGV))),
                    "sale_value": float(net),
                    "tax_total": float(igv),
                    "total": float(net + igv),
                    "taxes": [{**tax, "percentage": 18.0, "affectation_type": "10"}],
                }
            ],
            **changes,
        },
    )
