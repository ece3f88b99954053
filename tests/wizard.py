"""The wizard's addresses, and what its forms post."""

from typing import Any

from django.test import Client
from django.urls import reverse

from cifras.fiscal.ruc import panama as ruc_rules
from tenants.models import Onboarding
from tests.factories import next_ruc
from tests.onboarding import office_json

START = "/admin/tenants/tenant/onboard/"


def address(onboarding: Onboarding, step: str, page: str = "step") -> str:
    return reverse(f"admin:tenants_tenant_onboard_{page}", args=[onboarding.uid, step])


def who(**changes: Any) -> dict[str, str]:
    """Who is to be onboarded, as the first form posts it."""
    ruc = changes.pop("ruc", None) or next_ruc()
    kind = changes.get("ruc_type", "JURIDICO")
    return {
        "country": "PA",
        "pac_provider": "alanube",
        "environment": "sandbox",
        "ruc_type": kind,
        "ruc": ruc,
        "dv": ruc_rules.check_digit(ruc, kind),
        **changes,
    }


def page_of(browser: Client, onboarding: Onboarding, step: str) -> Any:
    response = browser.get(address(onboarding, step))
    assert response.status_code == 200
    return response


def press(browser: Client, onboarding: Onboarding, step: str, **values: Any) -> Any:
    """Post the step's form, as it is drawn now."""
    version = Onboarding.objects.values_list("version", flat=True).get(pk=onboarding.pk)
    return browser.post(address(onboarding, step), {"version": version, **values})


def typed(browser: Client, onboarding: Onboarding, step: str) -> dict[str, str]:
    """What the tax id's form shows."""
    form = page_of(browser, onboarding, step).context["tax_id_form"]
    return {name: str(form[name].value()) for name in form.fields}


def office_fields(index: int = 0, *, points: Any = (("001", "1"),), **changes: Any) -> dict[str, str]:
    """An office's row; merge several for more, the last one tells how many there are."""
    office = {**office_json(), "email": "", **changes}
    office.pop("billing_points")
    prefix = f"offices-{index}"
    rows = {f"{prefix}-{name}": value for name, value in office.items()}
    for place, (code, first) in enumerate(points):
        rows |= {f"{prefix}-points-{place}-code": code, f"{prefix}-points-{place}-first_number": first}
    totals = {"offices": index + 1, f"{prefix}-points": len(points)}
    for name, total in totals.items():
        rows |= {f"{name}-TOTAL_FORMS": total, f"{name}-INITIAL_FORMS": 0}
    return rows
