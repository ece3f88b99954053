"""Peruvian companies at the practice providers, and their documents as JSON."""

import itertools
import uuid
from typing import Any

from cifras.sandbox.peru.sunat import Taxpayer
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
