"""Too late to void, as a person does it: the refusal offers the credit note, and the invoice ends credited in full."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone
from playwright.sync_api import Page, expect

from cifras.sandbox.server import SandboxServer
from invoicing import services
from invoicing.models import Document
from tests import factories
from tests.clockwork import work_through
from tests.document_pages import address
from tests.journeys.test_main_job_in_a_browser import Hand, at_the_screen, fits, sign_in

__all__ = ["at_the_screen"]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

REASON = "La operación no se realizó: el cliente desistió."


def goes_to(url: str) -> Callable[[Page], None]:
    def act(page: Page) -> None:
        page.goto(url)
        expect(page.locator(".cf-badges").first).to_contain_text("Autorizada por DGI")
        fits(page)

    return act


def ask_for_the_void(page: Page) -> None:
    page.locator("#deed-void").click()
    dialog = page.locator("#dialog")
    expect(dialog).to_contain_text("El plazo para anular venció")
    dialog.get_by_label("Motivo, que pasa a la nota").fill(REASON)
    fits(page)
    dialog.get_by_role("button", name="Emitir nota de crédito por B/. 321.00").click()


def see_what_it_will_be(page: Page) -> None:
    expect(page.get_by_role("heading", name="Nota de crédito sobre Factura")).to_be_visible()
    expect(page.get_by_role("textbox", name="Motivo")).to_have_value(REASON)
    expect(page.get_by_label("Por completo: lo que queda")).to_be_checked()
    fits(page)
    page.get_by_text("Por líneas").click()
    page.locator("#id_line-1-quantity").fill("1")
    expect(page.locator("#cn-total")).to_have_text("B/. 160.50")
    fits(page)
    page.get_by_text("Por importe").click()
    page.get_by_label("Importe de la nota, con ITBMS").fill("100")
    expect(page.locator("#cn-total")).to_have_text("B/. 100.00")
    page.get_by_text("Por completo: lo que queda").click()
    expect(page.locator("#cn-total")).to_have_text("B/. 321.00")
    fits(page)


def issue_it(page: Page) -> None:
    page.get_by_role("button", name="Emitir ante la DGI").click()
    expect(page.get_by_role("heading", name="Confirme la nota de crédito")).to_be_visible()
    expect(page.locator(".cf-consequences")).to_contain_text("«Acreditada por completo»")
    fits(page)
    page.get_by_role("button", name="Sí, emitir ante la DGI").click()
    expect(page.get_by_text("En cola con el número 0000000001")).to_be_visible()


def see_it_authorised(page: Page) -> None:
    expect(page.locator(".cf-head .cf-badges")).to_contain_text("Autorizada por DGI", timeout=15_000)
    expect(page.locator("#credited-invoice")).to_contain_text("Acreditada por completo")
    fits(page)
    page.locator("#credited-invoice a").click()


def see_the_invoice_credited(page: Page) -> None:
    expect(page.locator(".cf-head .cf-badges")).to_contain_text("Acreditada por completo")
    notes = page.locator("#credit-notes")
    expect(notes).to_contain_text("Nota de crédito 0000000001")
    expect(notes).to_contain_text("Queda sin nota de crédito")
    expect(page.locator("#deed-credit")).to_have_attribute("aria-disabled", "true")
    fits(page)


def test_a_void_that_comes_too_late_becomes_a_credit_note(
    at_the_screen: Hand,
    live_server: Any,
    pac: SandboxServer,
) -> None:
    tenant = factories.a_tenant()
    person = factories.a_staff_member(tenant, username="ana")
    person.groups.add(Group.objects.get(name="Operaciones"))
    long_ago = (timezone.localtime() - timedelta(hours=183)).isoformat(timespec="seconds")
    invoice = services.create_invoice(factories.invoice_json(tenant, issue_date=long_ago), actor=None)
    work_through(rounds=1)

    at_the_screen(sign_in(f"{live_server.url}/admin/", "ana"))
    at_the_screen(goes_to(live_server.url + address(invoice)))
    at_the_screen(ask_for_the_void)
    at_the_screen(see_what_it_will_be)
    assert not Document.objects.filter(kind="CREDIT").exists()
    at_the_screen(issue_it)
    note = Document.objects.get(kind="CREDIT")
    assert (str(note.total), note.notes, note.modification_code, note.created_by) == (
        "321.00",
        REASON,
        1,
        person,
    )

    work_through(rounds=1)
    at_the_screen(see_it_authorised)
    at_the_screen(see_the_invoice_credited)
    assert not pac.authority.documents[Document.objects.get(pk=invoice.pk).document_id].is_void
