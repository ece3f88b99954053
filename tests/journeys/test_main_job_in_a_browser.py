"""The main job as a person does it: sign in, write an invoice, issue it, see it authorised, keep its PDF, void it."""

import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import Group
from playwright.sync_api import Page, expect, sync_playwright

from cifras.sandbox.server import SandboxServer
from invoicing.models import Document
from tests import factories
from tests.clockwork import work_through

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
PASSWORD = "una-frase-larga-de-prueba"
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}

type Hand = Callable[[Callable[[Page], Any]], Any]


@pytest.fixture(params=[DESK, PHONE], ids=["at a desk", "on a phone"])
def at_the_screen(request: pytest.FixtureRequest) -> Iterator[Hand]:
    """A page in a browser of its own, which stays open from step to step; each step is handed over to its thread."""
    if not CHROMIUM:
        pytest.skip("needs Chromium")
    with ThreadPoolExecutor(1) as thread:

        def here(act: Callable[..., Any], *arguments: Any) -> Any:
            return thread.submit(act, *arguments).result()

        playwright = here(lambda: sync_playwright().start())
        try:
            browser = here(
                lambda: playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            )
            page = here(lambda: browser.new_context(viewport=request.param, locale="es-PA").new_page())
            mistakes: list[Any] = []
            here(lambda: page.on("pageerror", lambda error: mistakes.append(error)))
            yield lambda act: here(act, page)
            here(browser.close)
            assert mistakes == []
        finally:
            here(playwright.stop)


def sign_in(address: str, name: str) -> Callable[[Page], None]:
    def act(page: Page) -> None:
        page.goto(address)
        page.locator("[name=username]").fill(name)
        page.locator("[name=password]").fill(PASSWORD)
        page.locator("[type=submit]").click()
        expect(page.locator("[name=password]")).to_have_count(0)

    return act


def go_to_a_new_invoice(page: Page) -> None:
    page.goto(page.url.split("/admin/")[0] + "/admin/invoicing/invoice/")
    fits(page)
    page.locator("a[href*='/invoicing/invoice/add/']").first.click()
    expect(page.get_by_role("button", name="Emitir")).to_be_visible()


def write_an_invoice(page: Page) -> None:
    page.get_by_text("Escrito a mano").click()
    page.get_by_label("Tipo de receptor").select_option("CONTRIBUYENTE")
    page.get_by_label("Tipo de contribuyente").select_option("JURIDICO")
    page.get_by_label("RUC", exact=True).fill("155596713-2-2015")
    page.get_by_label("DV", exact=True).fill("59")
    page.get_by_label("Nombre o razón social").fill("Comercial Ejemplo Uno, S.A.")
    page.get_by_label("Dirección").fill("Calle Ficticia 10, Edificio Muestra")
    page.get_by_label("Ubicación").fill("8-8-7")
    page.locator("#id_lines-0-description").fill("Servicio de consultoría")
    page.locator("#id_lines-0-quantity").fill("2")
    page.locator("#id_lines-0-unit_price").fill("150.00")
    expect(page.locator("[data-total]")).to_have_text("B/. 321.00")
    page.get_by_label("Forma de pago").select_option("02")
    page.get_by_role("button", name="Completar con el total").click()
    fits(page)


def issue_it(page: Page) -> None:
    page.get_by_role("button", name="Emitir").click()
    expect(page.get_by_text("En cola con el número 0000000001")).to_be_visible()
    fits(page)


def see_it_authorised(page: Page) -> None:
    expect(page.locator(".cf-badges")).to_contain_text("Autorizada por DGI", timeout=15_000)
    expect(page.locator(".cf-badges")).to_contain_text("Pagada")
    fits(page)


def keep_its_pdf(page: Page) -> bytes:
    page.locator("[data-tab=files]").click()
    expect(page.locator(".cf-files")).to_contain_text("SHA-256")
    fits(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Descargar PDF").click()
    return download.value.path().read_bytes()


def void_it(page: Page) -> None:
    page.locator("#deed-void").click()
    dialog = page.locator("#dialog")
    expect(dialog).to_contain_text("Plazo")
    dialog.locator("textarea").fill("muy corta")
    dialog.get_by_role("button", name="Anular").click()
    expect(dialog).to_contain_text("al menos 15")
    dialog.locator("textarea").fill("Factura emitida con datos equivocados")
    fits(page)
    dialog.get_by_role("button", name="Anular").click()
    expect(page.locator(".cf-badges")).to_contain_text("Anulación en curso")


def see_it_void(page: Page) -> None:
    expect(page.locator(".cf-badges")).to_contain_text("Anulada", timeout=15_000)
    expect(page.locator("a#deed-void")).to_have_count(0)
    fits(page)


def fits(page: Page) -> None:
    """Nothing sticks out at the side."""
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0


def test_an_invoice_from_the_form_to_its_void(
    at_the_screen: Hand, live_server: Any, pac: SandboxServer
) -> None:
    person = factories.a_staff_member(factories.a_tenant(), username="ana")
    person.groups.add(Group.objects.get(name="Operaciones"))

    at_the_screen(sign_in(f"{live_server.url}/admin/", "ana"))
    at_the_screen(go_to_a_new_invoice)
    at_the_screen(write_an_invoice)
    at_the_screen(issue_it)
    document = Document.objects.get()
    assert (str(document.total), document.created_by) == ("321.00", person)
    assert pac.journal.requests("create_invoice") == []

    work_through(rounds=1)
    at_the_screen(see_it_authorised)
    pdf = at_the_screen(keep_its_pdf)
    assert pdf.startswith(b"%PDF-")

    at_the_screen(void_it)
    assert not pac.authority.documents[Document.objects.get().document_id].is_void
    work_through(rounds=1)
    at_the_screen(see_it_void)
    assert pac.authority.documents[Document.objects.get().document_id].is_void
