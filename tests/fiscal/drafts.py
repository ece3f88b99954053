"""Drafts for the tests of the law: complete ones, to be changed one member at a time."""

import csv
import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

from cifras.fiscal.document import (
    Contributor,
    DocumentDraft,
    Exportation,
    ForeignId,
    Issuer,
    Kind,
    Line,
    Mode,
    Party,
    Payment,
    PaymentTime,
    ReceiverType,
    Reference,
)
from cifras.fiscal.totals import compute

VECTORS = Path(__file__).parent / "vectors"
LOCAL = timezone(timedelta(hours=-5))
NOW = datetime(2026, 11, 21, 10, 30, tzinfo=LOCAL)
CUFE = "FE0120000155596713-2-2015-5900012019052800055000155650121566749040"

COMPANY = Party(
    type=ReceiverType.CONTRIBUYENTE,
    name="Comercial Ejemplo, S.A.",
    contributor=Contributor.JURIDICO,
    ruc="155596713-2-2015",
    dv="59",
    address="Calle Ficticia 10",
    location="8-8-7",
    telephones=("300-1234",),
    emails=("pagos@ejemplo.test",),
)
MINISTRY = replace(COMPANY, type=ReceiverType.GOBIERNO, name="Entidad de Ejemplo")
CONSUMER = Party(type=ReceiverType.CONSUMIDOR_FINAL, name="Consumidor Final")
VISITOR = Party(
    type=ReceiverType.EXTRANJERO, name="Ana Visitante", foreign_id=ForeignId("X0000001", "Colombia")
)
BUYER_ABROAD = replace(VISITOR, name="Sample Imports LLC", country="US")


def read_csv(name: str) -> list[dict[str, str]]:
    with (VECTORS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_json(name: str) -> Any:
    return json.loads((VECTORS / name).read_text(encoding="utf-8"))


def line(quantity: str = "2", unit_price: str = "150.00", tax_rate: str = "7", **changes: Any) -> Line:
    plain = Line(
        description="Servicio de consultoría",
        quantity=Decimal(quantity),
        unit_price=Decimal(unit_price),
        tax_rate=Decimal(tax_rate),
    )
    return replace(plain, **changes)


def invoice(**changes: Any) -> DocumentDraft:
    """A complete cash invoice to a company; unless payments are given, cash pays the total to the cent."""
    draft = DocumentDraft(
        kind=Kind.INVOICE,
        mode=Mode.DGI,
        issuer=Issuer("155646463-2-2017", Contributor.JURIDICO, "86", "Emisor de Ejemplo, S.A."),
        receiver=COMPANY,
        lines=(line(),),
        payment_time=PaymentTime.CASH,
        payments=(),
        issue_date=NOW,
        office_code="0001",
    )
    draft = replace(draft, **changes)
    if "payments" in changes or ("lines" in changes and not draft.lines):
        return draft
    return replace(draft, payments=(Payment("02", compute(draft).total),))


def credit(**changes: Any) -> DocumentDraft:
    """A complete credit note."""
    reference = Reference(CUFE, NOW - timedelta(days=2))
    return invoice(**{"kind": Kind.CREDIT, "reference": reference, **changes})


def export(**changes: Any) -> DocumentDraft:
    """A complete sale abroad."""
    block = Exportation(incoterm="FOB", currency="USD", amount=Decimal("300.00"), port="Balboa")
    return invoice(
        **{"receiver": BUYER_ABROAD, "lines": (line(tax_rate="0"),), "exportation": block, **changes}
    )
