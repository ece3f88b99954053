"""Documents at the practice PAC and here, for the reports: issued through the real client, and spread over days."""

import itertools
import random
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from cifras.fiscal.zones import PANAMA
from invoicing.models import Document
from invoicing.services import create_invoice, void_invoice
from tenants.models import Office, Tenant
from tests.clockwork import work_through
from tests.factories import invoice_json, line

_serial = itertools.count(1)
REASON = "Factura emitida por error al cliente"


def at(text: str) -> datetime:
    """A moment in Panama."""
    return datetime.fromisoformat(text).replace(tzinfo=PANAMA)


def sell(tenant: Tenant, when: str, price: str = "150.00", **changes: Any) -> Document:
    """An invoice over two units at `price` and 7 %, queued."""
    total = f"{float(price) * 2 * 1.07:.2f}"
    return create_invoice(
        invoice_json(
            tenant,
            issue_date=at(when).isoformat(),
            lines=[line(unit_price=price)],
            payments=[{"method": "02", "amount": total}],
            **changes,
        ),
        actor=None,
    )


def void(document: Document) -> None:
    """Void it, as far as the PAC."""
    void_invoice(document.uid, REASON, actor=None)
    work_through(rounds=1)


_STATES: tuple[dict[str, Any], ...] = (
    {"submission": "ACCEPTED", "legal_status": "DGI_AUTHORIZED"},
    {"submission": "ACCEPTED", "legal_status": "DGI_AUTHORIZED"},
    {"submission": "ACCEPTED", "legal_status": "DGI_AUTHORIZED", "void_status": "VOIDED"},
    {"submission": "ACCEPTED", "legal_status": "PAC_AUTHORIZED"},
    {"submission": "ACCEPTED", "legal_status": "DGI_REJECTED"},
    {"submission": "REFUSED", "legal_status": "PAC_REJECTED"},
    {"submission": "DISCARDED", "legal_status": "PAC_REJECTED"},
    {"submission": "QUEUED", "held_reason": "suspended"},
    {"submission": "UNKNOWN"},
    {"submission": "DRAFT"},
    {"submission": "DRAFT", "mode": "PROFORM"},
    {"submission": "IMPORTED", "mode": "DGI_IMPORT", "legal_status": "DGI_AUTHORIZED"},
    {"submission": "IMPORTED", "mode": "DGI_IMPORT", "legal_status": "DGI_AUTHORIZED", "is_received": True},
)


def random_documents(tenant: Tenant, chance: random.Random, count: int) -> list[Document]:
    """Documents in every state, of both kinds, several receivers and offices, over October and November 2026."""
    offices = list(tenant.offices.all())
    if len(offices) == 1:
        offices.append(
            Office.objects.create(tenant=tenant, code="0002", type="associated", address="Avenida Balboa")
        )
    return [a_random_document(tenant, chance, offices) for _ in range(count)]


def a_random_document(tenant: Tenant, chance: random.Random, offices: list[Office]) -> Document:
    """One of them."""
    serial = next(_serial)
    base = Decimal(chance.randrange(100, 100_000)) / 100
    rate = chance.choice(["0", "7", "10", "15"])
    tax = (base * Decimal(rate) / 100).quantize(Decimal("0.01"))
    minutes = chance.randrange(61 * 24 * 60)
    receiver = chance.choice(
        [("155596713-2-2015", "Uno, S.A."), ("8-123-456", "Ana"), ("", "Consumidor final")]
    )
    return Document.objects.create(
        tenant=tenant,
        office=chance.choice(offices),
        kind=chance.choice(["INVOICE", "INVOICE", "CREDIT"]),
        number=f"{serial:010}",
        series="01",
        security_code="123456789",
        payload=b"{}",
        provider="alanube",
        environment=tenant.environment,
        issue_date=at("2026-10-01T00:00:00") + timedelta(minutes=minutes),
        receiver_ruc=receiver[0],
        receiver_name=receiver[1],
        currency=chance.choice(["PAB", "USD"]),
        net=base,
        itbms=tax,
        total=base + tax,
        totals_by_rate=[{"rate": rate, "base": str(base), "tax": str(tax)}],
        **{"mode": "DGI", **chance.choice(_STATES)},
    )
