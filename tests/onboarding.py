"""Companies on their way to issuing: the JSON that describes them, and one that has handed in its certificate."""

from typing import Any

from cifras.core.models import Staff
from cifras.fiscal.ruc import panama as ruc_rules
from tenants.models import Onboarding
from tenants.services import run_step, start_onboarding
from tests import certificates
from tests.factories import next_ruc


def office_json(code: str = "0001", **changes: Any) -> dict[str, Any]:
    """The main office with point 001."""
    return {
        "code": code,
        "type": "main",
        "address": "Vía España, edificio 12",
        "telephone": "200-0000",
        "coordinates": "+9.0017832,-79.5275519",
        "location": "8-8-11",
        "email": None,
        "billing_points": ["001"],
        **changes,
    }


def onboarding_json(**changes: Any) -> dict[str, Any]:
    """A whole request for a new company."""
    ruc = changes.pop("ruc", None) or next_ruc()
    dv = changes.pop("dv", None) or ruc_rules.check_digit(ruc, "JURIDICO")
    return {
        "country": "PA",
        "pac_provider": "alanube",
        "environment": "sandbox",
        "ruc": ruc,
        "ruc_type": "JURIDICO",
        "dv": dv,
        "legal_name": f"Comercial {ruc}, S.A.",
        "trade_name": f"Comercial {ruc}",
        "logo_url": "https://logos.cifras.test/logo.png",
        "certificate": "firma.p12",
        "certificate_password_env": "P12_PASSWORD",
        "authentication_certificate": None,
        "offices": [office_json()],
        **changes,
    }


def begun(*, actor: Staff | None = None, **changes: Any) -> Onboarding:
    """An onboarding with everything that people give, the certificate included; nothing has left yet."""
    onboarding = start_onboarding(onboarding_json(**changes), actor=actor)
    return run_step(
        onboarding,
        "certificate",
        actor=actor,
        certificate=certificates.a_p12(onboarding.tenant.ruc),
        password=certificates.PASSWORD,
    )
