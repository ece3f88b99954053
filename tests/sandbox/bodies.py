"""Requests as a client would post them, small and correct; the tests spoil them one member at a time."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).parent / "examples"
ISSUER_RUC = "155596713-2-2015"

_INVOICE: dict[str, Any] = {
    "information": {
        "issueType": "01",
        "documentType": "01",
        "numeration": "0000000001",
        "billingPoint": "001",
        "securityCode": "123456789",
        "cafe": {"format": 3, "delivery": 3},
        "nature": "01",
        "operationType": 1,
        "destination": 1,
        "receiverContainer": 1,
        "saleType": 1,
    },
    "receiver": {
        "type": "01",
        "ruc": {"type": 2, "ruc": "155587169-2-2014"},
        "name": "Comercial de Prueba, S.A.",
        "address": "Calle 50, Ciudad de Panamá",
        "location": {"code": "8-8-7"},
        "country": "PA",
    },
    "items": [
        {
            "number": "0001",
            "description": "Servicio de consultoría",
            "quantity": 2,
            "prices": {"transfer": 50.0},
            "itbms": {"rate": "01"},
        }
    ],
    "totals": {"paymentTime": 1, "paymentMethods": [{"type": "02", "amount": 107.0}]},
}


def invoice(number: int = 1, **information: Any) -> dict[str, Any]:
    """An invoice over 107.00 to a contribuyente."""
    body = deepcopy(_INVOICE)
    body["information"] |= {"numeration": f"{number:010d}", **information}
    return body


def credit_note(cufe: str, number: int = 1, **information: Any) -> dict[str, Any]:
    """A note over the whole invoice above."""
    body = invoice(number, **{"documentType": "04", "modificationCode": 3, **information})
    del body["information"]["saleType"]
    body["referencedDocuments"] = [{"emissionType": "CUFE", "cufeIdentification": cufe}]
    return body


def halved(note: dict[str, Any]) -> dict[str, Any]:
    """The same note over 53.50."""
    note["items"][0]["quantity"] = 1
    note["totals"]["paymentMethods"][0]["amount"] = 53.5
    return note


def example(name: str) -> dict[str, Any]:
    """One of the contract's example requests."""
    return json.loads(next(EXAMPLES.glob(f"{name}-*.json")).read_text())["request"]
