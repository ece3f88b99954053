"""The demo's two companies of Peru: one issues through Fabo; the other one sells at Tandia, and its documents are mirrored."""

import secrets
import uuid
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from cifras.core.models import Staff
from cifras.fiscal.money import round_half_up
from cifras.fiscal.zones import LIMA, local_date
from invoicing.models import Document
from invoicing.services import create_credit, create_invoice, queues, void_invoice
from reports.services.demo import practice, sold_elsewhere
from reports.services.exchange_rates import Published, record_rate
from tenants.models import Tenant
from tenants.services import advance, run_step, start_onboarding

_RATED_DAYS = sold_elsewhere.DAYS + 2  # the oldest sale may be of the evening before
_IGV = Decimal("0.18")
_WARES = (
    ("Café tostado, 1 kg", "48.50"),
    ("Molino eléctrico", "189.90"),
    ("Quinua orgánica, 5 kg", "62.00"),
    ("Chocolate 70 %, caja", "35.80"),
)
_CUSTOMERS = ("Bodegas del Rímac S.A.C.", "Cafetería San Blas E.I.R.L.", "Hotel Valle Sagrado S.A.")


@dataclass(frozen=True, slots=True)
class _Account:
    """Where a company has its account: the provider, the path of its dialect, and the company's id there."""

    provider: str
    path: str
    company_id: str


def build(*, actor: Staff) -> None:
    """Both companies with their documents, and the rates of their days save one, which somebody still has to enter."""
    at_fabo = _Account("fabo", "fabo/v1", str(uuid.uuid4()))
    _sell(_company("Importadora Andina S.A.C.", practice.peruvian_ruc(1), at_fabo, actor), actor)
    at_tandia = _Account("tandia", "tandia", f"com_{uuid.uuid4().hex[:14]}")
    shop = _company("Bazar Costa Verde S.A.C.", practice.peruvian_ruc(2), at_tandia, actor)
    without_rate = sold_elsewhere.sell(shop.pac_company_id or "", timezone.localtime())
    queues.work_until_idle()
    today = local_date(timezone.now(), LIMA)
    for day in (today - timedelta(days=back) for back in range(_RATED_DAYS)):
        if day != without_rate:
            sale = Decimal("3.740") + Decimal(day.toordinal() * 7 % 41) / 1000
            record_rate(Published(day, "USD", sale), actor=actor)


def _company(name: str, tax_id: str, account: _Account, actor: Staff) -> Tenant:
    """A company that the practice provider knows, active once its account was tried."""
    signed_up = {"id": account.company_id, "ruc": tax_id, "name": name, "provider": account.provider}
    practice.turn("taxpayers", signed_up)
    onboarding = start_onboarding(
        {
            "country": "PE",
            "pac_provider": account.provider,
            "environment": "sandbox",
            "ruc": tax_id,
            "legal_name": name,
            "trade_name": name.removesuffix(" S.A.C."),
            "offices": [
                {
                    "code": "0000",
                    "type": "main",
                    "address": "Av. de la Práctica 100",
                    "location": "150101",
                    "billing_points": ["F001", "B001", "FC01", "BC01"],
                }
            ],
        },
        actor=actor,
    )
    given = {"company_id": account.company_id, "base_url": practice.address(account.path)}
    run_step(onboarding, "account", actor=actor, **given, token=secrets.token_hex(32))
    advance(onboarding, actor=actor)
    tenant = onboarding.tenant
    tenant.refresh_from_db()
    return tenant


def _sell(tenant: Tenant, actor: Staff) -> None:
    """Some days of sales: SUNAT takes no older ones. Then a note, a baja, and each of SUNAT's moods."""
    for position, hours in enumerate((66, 47, 41, 27, 22, 4)):
        _issue(tenant, "FACTURA", position, hours, actor)
    for position, hours in enumerate((92, 70, 46, 25, 3)):
        _issue(tenant, "BOLETA", position, hours, actor)
    _issue(tenant, "FACTURA", 6, 20, actor, currency="USD", exchange_rate="3.75", **_on_credit())
    credited = _issue(tenant, "FACTURA", 7, 18, actor, **_on_credit())
    mistaken = _issue(tenant, "FACTURA", 8, 2, actor, **_on_credit())
    for position, word in enumerate(("SUNAT-OBSERVA", "SUNAT-2335", "SUNAT-1001"), start=9):
        customer = _customer(position, f"Comercial {word} S.A.C.")
        _issue(tenant, "FACTURA", position, 1, actor, receiver=customer, **_on_credit())
    queues.work_until_idle()
    _give_back(tenant, credited, actor)
    void_invoice(mistaken.uid, "Factura emitida al cliente equivocado", actor=actor)
    queues.work_until_idle()


def _issue(
    tenant: Tenant, document_kind: str, position: int, hours_ago: float, actor: Staff, **changes: Any
) -> Document:
    is_boleta = document_kind == "BOLETA"
    description, price = _WARES[position % len(_WARES)]
    quantity = position % 3 + 1
    line = {"description": description, "quantity": str(quantity), "unit_price": price, "tax_rate": "18"}
    net = Decimal(price) * quantity
    anybody = {"type": "CONSUMIDOR_FINAL", "country": "PE"}
    data = {
        "tenant": tenant.pac_company_id,
        "kind": "INVOICE",
        "document_kind": document_kind,
        "series": "B001" if is_boleta else "F001",
        "external_id": f"Andina-{document_kind[0]}{position + 1:03d}",
        "office": "0000",
        "issue_date": _ago(hours_ago),
        "receiver": anybody if is_boleta else _customer(position, _CUSTOMERS[position % len(_CUSTOMERS)]),
        "lines": [line],
        "payment_time": "CASH",
        "payments": [{"method": "02", "amount": str(net + round_half_up(net * _IGV))}],
        **changes,
    }
    return create_invoice(data, actor=actor)


def _give_back(tenant: Tenant, document: Document, actor: Staff) -> None:
    """One piece of a factura's first line comes back."""
    row = document.lines.all()[0]
    line = {
        "description": row.description,
        "quantity": "1",
        "unit_price": f"{row.unit_price.normalize():f}",
        "tax_rate": "18",
    }
    data = {
        "tenant": tenant.pac_company_id,
        "kind": "CREDIT",
        "series": "FC01",
        "external_id": f"NC-{document.external_id}",
        "office": "0000",
        "references": {"id": str(document.uid)},
        "reason_code": "07",
        "reason": "Devolución de una unidad dañada",
        "lines": [line],
        "payment_time": "CASH",
        "payments": [],
    }
    create_credit(data, actor=actor)


def _on_credit() -> dict[str, Any]:
    due = local_date(timezone.now(), LIMA) + timedelta(days=30)
    return {"payment_time": "CREDIT", "payments": [], "due_date": due.isoformat()}


def _customer(position: int, name: str) -> dict[str, str]:
    return {
        "type": "CONTRIBUYENTE",
        "name": name,
        "country": "PE",
        "identity_type": "6",
        "identity_number": practice.peruvian_ruc(100 + position % len(_CUSTOMERS)),
    }


def _ago(hours: float) -> str:
    moment = timezone.localtime().replace(microsecond=0) - timedelta(hours=hours)
    return moment.isoformat()
