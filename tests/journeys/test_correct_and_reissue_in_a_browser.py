"""A rejection mended as a person does it: see why, open the linked draft, mend it, issue it; then record what is paid."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone
from playwright.sync_api import Page, expect

from cifras.fiscal.zones import local_date
from cifras.sandbox.server import SandboxServer
from invoicing import services
from invoicing.models import Document
from tests import factories
from tests.clockwork import work_through
from tests.document_pages import address
from tests.journeys.test_main_job_in_a_browser import Hand, at_the_screen, fits, sign_in

__all__ = ["at_the_screen"]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def goes_to(url: str) -> Callable[[Page], None]:
    return lambda page: page.goto(url) and None


def see_why_and_open_the_draft(page: Page) -> None:
    expect(page.locator(".cf-badges").first).to_contain_text("Rechazada por PAC")
    fits(page)
    page.get_by_role("button", name="Corregir y reemitir").click()
    expect(page.get_by_text("Borrador enlazado")).to_be_visible()
    expect(page.get_by_label("Nombre o razón social")).to_have_value("RECHAZO-PAC, S.A.")
    fits(page)


def issue_it_unchanged(page: Page) -> None:
    page.get_by_role("button", name="Emitir", exact=True).click()
    expect(page.get_by_text("que fue rechazado: cambie lo que el PAC señaló").first).to_be_visible()
    fits(page)


def mend_and_issue_it(page: Page) -> None:
    page.get_by_label("Nombre o razón social").fill("Comercial Ejemplo Uno, S.A.")
    page.get_by_role("button", name="Emitir", exact=True).click()
    expect(page.get_by_text("En cola con el número 0000000002")).to_be_visible()


def see_it_authorised_and_unpaid(page: Page) -> None:
    expect(page.locator(".cf-badges").first).to_contain_text("Autorizada por DGI", timeout=15_000)
    expect(page.locator(".cf-badges").first).to_contain_text("Por cobrar")
    fits(page)


def pay_too_much(page: Page) -> None:
    page.locator("#deed-settle").click()
    dialog = page.locator("#dialog")
    amount = dialog.get_by_label("Monto").input_value()
    paper = dialog.locator("input[type=file]")
    paper.set_input_files({"name": "papel.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-"})
    expect(dialog.get_by_label("Monto")).to_have_value(amount)  # and not the name of the file
    paper.set_input_files([])
    dialog.get_by_label("Monto").fill("400")
    dialog.get_by_label("Forma de pago").select_option("08")
    dialog.get_by_role("button", name="Registrar").click()
    expect(dialog).to_contain_text("supera el saldo por 79")
    fits(page)


def pay_what_is_owed(page: Page) -> None:
    dialog = page.locator("#dialog")
    dialog.get_by_label("Monto").fill("321.00")
    dialog.get_by_role("button", name="Registrar").click()
    expect(page.locator(".cf-badges").first).to_contain_text("Pagada")
    page.locator("[data-tab=money]").click()
    expect(page.locator("#document-body")).to_contain_text("Transferencia o depósito")
    fits(page)


def test_a_rejected_invoice_is_mended_issued_anew_and_paid(
    at_the_screen: Hand, live_server: Any, pac: SandboxServer
) -> None:
    tenant = factories.a_tenant()
    person = factories.a_staff_member(tenant, username="ana")
    person.groups.add(Group.objects.get(name="Operaciones"))
    later = (local_date(timezone.now()) + timedelta(days=30)).isoformat()
    on_credit = {
        "payment_time": "CREDIT",
        "payments": [{"method": "01", "amount": "321.00"}],
        "due_date": later,
        "instalments": [{"sequence": 1, "due_date": later, "amount": "321.00"}],
    }
    bad = factories.contribuyente(name="RECHAZO-PAC, S.A.")
    rejected = services.create_invoice(
        factories.invoice_json(tenant, receiver=bad, **on_credit), actor=person
    )
    work_through(rounds=1)

    at_the_screen(sign_in(f"{live_server.url}/admin/", "ana"))
    at_the_screen(goes_to(live_server.url + address(rejected)))
    at_the_screen(see_why_and_open_the_draft)
    at_the_screen(issue_it_unchanged)
    at_the_screen(mend_and_issue_it)
    work_through(rounds=1)
    at_the_screen(see_it_authorised_and_unpaid)
    reissued = Document.objects.get(replaces=rejected)
    assert (reissued.external_id, reissued.created_by) == (rejected.external_id, person)

    at_the_screen(pay_too_much)
    assert not reissued.settlements.exists()
    at_the_screen(pay_what_is_owed)
    assert [(row.kind, str(row.amount)) for row in reissued.settlements.all()] == [("RECEIPT", "321.00")]
