"""Peruvian companies at the practice providers, and their documents as JSON."""

import itertools
import json
import re
import uuid
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from cifras.sandbox.peru.sunat import CREDIT_NOTE, FACTURA, Comprobante, Taxpayer, new_id
from cifras.sandbox.server import SandboxServer
from tenants.models import BillingPoint, Office, Tenant

_serial = itertools.count(1)
SERIES = ("F001", "B001", "FC01", "BC01")
_WEIGHTS = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)


def next_ruc() -> str:
    """Another company's RUC, with its check digit."""
    body = f"20{200_000_00 + next(_serial):08d}"
    digit = (11 - sum(int(each) * weight for each, weight in zip(body, _WEIGHTS, strict=True)) % 11) % 10
    return f"{body}{digit}"


def a_company(pac: SandboxServer, provider: str = "fabo", **changes: Any) -> Tenant:
    """An active company that the practice provider knows, with its main establishment and one series of each kind."""
    company_id = str(uuid.uuid4()) if provider == "fabo" else f"com_{uuid.uuid4().hex[:14]}"
    ruc = next_ruc()
    pac.sunat.save(Taxpayer(company_id, ruc, f"Comercial {ruc} S.A.C.", provider))
    values = {
        "country": Tenant.Country.PERU,
        "ruc": ruc,
        "legal_name": f"Comercial {ruc} S.A.C.",
        "trade_name": f"Comercial {ruc}",
        "state": Tenant.State.ACTIVE,
        "pac_provider": provider,
        "pac_company_id": company_id,
        "pac_base_url": f"{pac.root_url}/{'fabo/v1' if provider == 'fabo' else 'tandia'}",
        "pac_options": {} if provider == "fabo" else {"create_path": "/api/document"},
        **changes,
    }
    tenant = Tenant(**values)
    tenant.pac_token = "practice-key"
    tenant.save()
    office = Office.objects.create(
        tenant=tenant, code="0000", type=Office.Type.MAIN, address="Av. de la Práctica 100", location="150101"
    )
    BillingPoint.objects.bulk_create(BillingPoint(office=office, code=code) for code in SERIES)
    return tenant


def factura_json(tenant: Tenant, **changes: Any) -> dict[str, Any]:
    """A cash factura of S/ 236.00 to a company."""
    return {
        "tenant": tenant.pac_company_id,
        "kind": "INVOICE",
        "document_kind": "FACTURA",
        "series": "F001",
        "external_id": f"PE-{next(_serial)}",
        "office": "0000",
        "receiver": {
            "type": "CONTRIBUYENTE",
            "name": "Cliente de Ejemplo S.A.C.",
            "country": "PE",
            "identity_type": "6",
            "identity_number": "20100070970",
        },
        "lines": [{"description": "Consultoría", "quantity": "2", "unit_price": "100", "tax_rate": "18"}],
        "payment_time": "CASH",
        "payments": [],
        **changes,
    }


def boleta_json(tenant: Tenant, **changes: Any) -> dict[str, Any]:
    """A cash boleta of S/ 236.00 to nobody in particular."""
    receiver = {"type": "CONSUMIDOR_FINAL", "country": "PE"}
    return factura_json(
        tenant, **{"document_kind": "BOLETA", "series": "B001", "receiver": receiver, **changes}
    )


def note_json(tenant: Tenant, credited: str, **changes: Any) -> dict[str, Any]:
    """A note that takes one of the two hours back."""
    line = {"description": "Consultoría", "quantity": "1", "unit_price": "100", "tax_rate": "18"}
    plain = {
        "kind": "CREDIT",
        "document_kind": None,
        "series": "FC01",
        "receiver": None,
        "references": {"external_id": credited},
        "reason_code": "07",
        "reason": "Devolución de una hora",
        "lines": [line],
    }
    return factura_json(tenant, **{**plain, **changes})


def issued_there(
    pac: SandboxServer,
    tenant: Tenant,
    number: int,
    *,
    series: str = "F001",
    document_type: str = FACTURA,
    issued_at: datetime | None = None,
    receiver_name: str = "Cliente de Ejemplo S.A.C.",
    **changes: Any,
) -> Comprobante:
    """A document of US$ 236.00 that somebody issued at Tandia without us. `changes` go into its body."""
    body = {
        "currency": "USD",
        "external_id": f"POS-{series}-{number}",
        "customer": {
            "document_type": "6",
            "document_number": "20100070970",
            "registration_name": receiver_name,
            "email": "compras@cliente.example",
        },
        "payment_method": "cash",
        "sale_value": "200.00",
        "tax_total": "36.00",
        "tax_amounts": [{"code": "IGV", "amount": "36.00"}],
        "items": [
            {
                "code": "P001",
                "description": "Producto vendido en el mostrador",
                "unit": "NIU",
                "quantity": "2.00",
                "unit_value": "100.00",
                "unit_price": "118.00",
                "sale_value": "200.00",
                "tax_total": "36.00",
                "total": "236.00",
                "taxes": [{"code": "IGV", "amount": "36.00", "percentage": 18, "affectation_type": "10"}],
            }
        ],
        **changes,
    }
    document = Comprobante(
        id=new_id("doc_"),
        company_id=tenant.pac_company_id or "",
        document_type=document_type,
        series=series,
        number=number,
        issued_at=(issued_at or timezone.now() - timedelta(minutes=number)).replace(microsecond=0),
        receiver_type="6",
        receiver_number="20100070970",
        receiver_name=receiver_name,
        currency=str(body["currency"]),
        net=Decimal(200),
        igv=Decimal(36),
        total=Decimal(236),
        body=_as_numbers(body),
    )
    return pac.sunat.register(document, [receiver_name])


def note_there(
    pac: SandboxServer, tenant: Tenant, number: int, takes_from: Comprobante, **more: Any
) -> Comprobante:
    """A note over all of a factura, issued there."""
    named = {"type": "invoice", "number": f"{takes_from.series}-{takes_from.number:08d}"}
    changes = {"affected_document": named, "reason_code": "01", "reason": "Anulación", **more}
    return issued_there(pac, tenant, number, series="FC01", document_type=CREDIT_NOTE, **changes)


def _as_numbers(body: dict[str, Any]) -> str:
    """Amounts as JSON numbers, with the digits they have here."""
    return re.sub(r'"(-?[0-9]+\.[0-9]{2})"', r"\1", json.dumps(body, ensure_ascii=False))
