"""Peruvian companies on their way to issuing: the JSON that describes them, and the practice account that waits for them."""

import uuid
from typing import Any

from cifras.sandbox.peru.sunat import Taxpayer
from cifras.sandbox.server import SandboxServer
from tests.peru import next_ruc

TOKEN = "5f4d" * 16
ADDRESSES = {"fabo": "fabo/v1", "tandia": "tandia"}


def address_of(pac: SandboxServer, provider: str) -> str:
    return f"{pac.root_url}/{ADDRESSES[provider]}"


def an_account(pac: SandboxServer, provider: str = "fabo") -> Taxpayer:
    """A company that the practice provider knows, and we do not yet."""
    company_id = str(uuid.uuid4()) if provider == "fabo" else f"com_{uuid.uuid4().hex[:14]}"
    ruc = next_ruc()
    account = Taxpayer(company_id, ruc, f"Comercial {ruc} S.A.C.", provider)
    pac.sunat.save(account)
    return account


def establishment_json(code: str = "0000", **changes: Any) -> dict[str, Any]:
    """The main establishment with a series of each kind."""
    return {
        "code": code,
        "type": "main",
        "address": "Av. de la Práctica 100",
        "location": "150101",
        "billing_points": ["F001", {"code": "B001", "first_number": 501}, "FC01", "BC01"],
        **changes,
    }


def peruvian_json(pac: SandboxServer, provider: str = "fabo", **changes: Any) -> dict[str, Any]:
    """A whole request for a company that has its account."""
    account = an_account(pac, provider)
    return {
        "country": "PE",
        "pac_provider": provider,
        "environment": "sandbox",
        "ruc": account.ruc,
        "legal_name": account.name,
        "pac_company_id": account.id,
        "token_env": "PAC_TOKEN",
        "base_url": address_of(pac, provider),
        "offices": [establishment_json()],
        **changes,
    }
