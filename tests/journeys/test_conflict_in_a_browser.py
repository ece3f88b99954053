"""A number that the provider already holds: two people look at both documents, adopt the provider's, and it ends authorised.

The sale was typed into the provider's own portal by somebody of the tenant: the same number, another security code.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group
from playwright.sync_api import Page, expect

from cifras.fiscal.document import Kind
from cifras.sandbox.server import SandboxServer
from invoicing import services
from invoicing.models import Document
from invoicing.services import identity
from tenants.models import Tenant
from tenants.services.accounts import provider_for
from tests import factories
from tests.browser import DESK, PHONE, Hand, a_screen, fits, sign_in
from tests.clockwork import work_through

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

REASON = "La tecleó Marta en el portal del PAC cuando se cayó la red"
SHOTS = os.environ.get("CIFRAS_SHOTS", "")


@pytest.fixture
def ana() -> Iterator[Hand]:
    with a_screen(DESK) as hand:
        yield hand


@pytest.fixture
def luis() -> Iterator[Hand]:
    with a_screen(PHONE) as hand:
        yield hand


def issued_by_two_hands(tenant: Tenant) -> Document:
    """Queued here, while the same sale under the same number was entered at the provider with another security code."""
    document = services.create_invoice(factories.invoice_json(tenant), actor=None)
    body = json.loads(bytes(document.payload or b""))
    body["information"]["securityCode"] = "987654321"
    provider_for(tenant).submit(
        Kind.INVOICE, tenant.pac_company_id or "", json.dumps(body).encode(), idempotency_key="the portal"
    )
    work_through(rounds=2)
    document.refresh_from_db()
    return document


def compare_and_propose(page: Page, letter: Path) -> None:
    page.locator("#deed-conflict").click()
    table = page.locator(".cf-cells")
    expect(table.locator("tr", has_text="Código de seguridad")).to_contain_text("Difiere")
    expect(table.locator("tr", has_text="Número").first).to_contain_text("Igual")
    fits(page)
    shoot(page, "conflict")
    page.get_by_label("Es nuestro documento: adoptarlo").check()
    page.get_by_label("Motivo").fill(REASON)
    page.locator("[name=evidence]").set_input_files(letter)
    page.get_by_role("button", name="Continuar").click()
    expect(page.get_by_text("Falta que otra persona lo apruebe")).to_be_visible()
    expect(page.locator("#proposal-notice")).to_contain_text(REASON)
    expect(page.locator("#proposal-approve")).to_have_count(0)
    fits(page)
    shoot(page, "proposed")


def approve(page: Page) -> None:
    page.goto(page.url.split("/admin/")[0] + "/admin/core/proposal/")
    page.get_by_role("link", name="Es nuestro documento: adoptarlo").first.click()
    page.locator("#proposal-approve").click()
    expect(page.locator("#dialog")).to_contain_text(REASON)
    fits(page)
    shoot(page, "approve")
    page.locator("#dialog").get_by_role("button", name="Aprobar").click()
    expect(page.get_by_text("Aprobada y hecha.")).to_be_visible()
    fits(page)


def shoot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}-{name}.png", full_page=True)


def test_two_people_adopt_what_the_provider_holds_and_it_ends_authorised(
    ana: Hand, luis: Hand, live_server: Any, pac: SandboxServer, tmp_path: Path
) -> None:
    tenant = factories.a_tenant()
    for name in ("ana", "luis"):
        person = factories.a_staff_member(tenant, username=name)
        person.groups.add(Group.objects.get(name="Operaciones"))
    document = issued_by_two_hands(tenant)
    assert (document.submission, document.flag) == ("UNKNOWN", "CONFLICT")
    theirs = identity.held(document)
    letter = tmp_path / "carta.pdf"
    letter.write_bytes(b"%PDF-1.4\nel PAC confirma\n%%EOF")

    ana(sign_in(f"{live_server.url}/admin/invoicing/invoice/{document.uid}/change/", "ana"))
    ana(lambda page: compare_and_propose(page, letter))
    document.refresh_from_db()
    assert document.submission == "UNKNOWN"

    luis(sign_in(f"{live_server.url}/admin/", "luis"))
    luis(approve)
    work_through(rounds=2)
    luis(
        lambda page: expect(page.locator(".cf-badges").first).to_contain_text(
            "Autorizada por DGI", timeout=15_000
        )
    )
    luis(lambda page: shoot(page, "done"))
    document.refresh_from_db()
    assert theirs is not None
    assert (document.legal_status, document.document_id) == ("DGI_AUTHORIZED", theirs.document_id)
    assert (document.cufe, document.settled_by_person) == (theirs.cufe, True)
    assert sum(1 for row in pac.authority.documents.values() if row.holds_number) == 1
