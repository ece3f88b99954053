"""The page that writes an invoice, with its script, in a real Chromium."""

import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Page, expect, sync_playwright

from invoicing.models import Document, Receiver
from tests import factories

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
ADD = "/admin/invoicing/invoice/add/"


@pytest.fixture
def drive(live_server: Any, pac: Any) -> Iterator[Callable[[Callable[[Page], Any]], Any]]:
    """Hand a page, signed in and open at the form, to what drives it; in a thread, since the driver has a loop of its own."""
    if not CHROMIUM:
        pytest.skip("needs Chromium")
    tenant = factories.a_tenant()
    receiver = {
        key: value for key, value in factories.contribuyente().items() if key not in {"telephones", "emails"}
    }
    Receiver.objects.create(tenant=tenant, code="C-1", **receiver)
    client = Client()
    client.force_login(factories.an_administrator())
    cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}

    def in_browser(act: Callable[[Page], Any]) -> Any:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            context = browser.new_context()
            context.add_cookies([cookie])
            page, errors = context.new_page(), []
            page.on("pageerror", lambda error: errors.append(error))
            page.goto(live_server.url + ADD)
            answer = act(page)
            browser.close()
            assert errors == []
            return answer

    with ThreadPoolExecutor(1) as thread:
        yield lambda act: thread.submit(in_browser, act).result()


def test_an_invoice_is_written_with_the_keyboard_and_one_press_makes_one_document(drive):
    def act(page: Page) -> None:
        page.get_by_label("Receptor registrado").fill("ejemplo")
        page.locator("li[role=option]").wait_for()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        expect(page.locator(".inv-card-name")).to_have_text("Comercial Ejemplo Uno, S.A.")
        page.locator("#id_lines-0-description").fill("Servicio de consultoría")
        page.locator("#id_lines-0-quantity").fill("2")
        page.locator("#id_lines-0-unit_price").fill("150.00")
        page.keyboard.press("Enter")
        expect(page.locator("#id_lines-1-description")).to_be_focused()
        page.locator("#id_payments-0-method").select_option("08")
        expect(page.locator("[data-total]")).to_have_text("B/. 321.00")
        expect(page.locator("#id_payments-0-amount")).to_have_attribute("placeholder", "321.00")
        page.get_by_role("button", name="Emitir").dblclick()
        page.get_by_text("En cola con el número 0000000001").wait_for()

    drive(act)
    assert [str(document.total) for document in Document.objects.all()] == ["321.00"]


def test_rows_come_and_go_and_keep_their_order_and_their_labels(drive):
    def act(page: Page) -> list[list[str]]:
        page.locator("#id_lines-0-description").fill("uno")
        for text in ("dos", "tres"):
            page.keyboard.press("Alt+n")
            page.keyboard.type(text)
        page.locator("[data-rows=lines] > li").nth(1).get_by_role("button", name="Quitar").click()
        assert page.locator("#id_lines-TOTAL_FORMS").input_value() == "2"
        return page.eval_on_selector_all(
            "[data-rows=lines] [name$='-description']",
            "fields => fields.map(field => [field.name, field.value, field.labels[0].htmlFor])",
        )

    assert drive(act) == [
        ["lines-0-description", "uno", "id_lines-0-description"],
        ["lines-1-description", "tres", "id_lines-1-description"],
    ]


def test_every_control_has_a_label_and_every_id_is_its_own(drive):
    def act(page: Page) -> tuple[list[str], list[str]]:
        page.get_by_text("Escrito a mano").click()
        return page.evaluate(
            """() => {
                const fields = [...document.querySelectorAll("#invoice-form :is(input:not([type=hidden]), select, textarea)")];
                const ids = [...document.querySelectorAll("[id]")].map(element => element.id);
                return [fields.filter(field => !field.labels.length).map(field => field.name),
                        ids.filter((id, index) => ids.indexOf(id) !== index)];
            }"""
        )

    assert drive(act) == [[], []]


@pytest.mark.parametrize("width", [390, 1440])
def test_the_page_fits_its_window(drive, width):
    def act(page: Page) -> int:
        page.set_viewport_size({"width": width, "height": 900})
        page.get_by_text("A crédito", exact=True).click()
        page.get_by_role("button", name="Agregar cuota").click()
        return page.evaluate("document.documentElement.scrollWidth")

    assert drive(act) <= width


def test_what_is_shown_follows_the_type_of_receiver(drive):
    def act(page: Page) -> None:
        page.get_by_text("Escrito a mano").click()
        kind, cpbs = page.get_by_label("Tipo de receptor"), page.locator("#id_lines-0-cpbs_code")
        expect(cpbs).to_be_hidden()
        kind.select_option("GOBIERNO")
        expect(cpbs).to_be_visible()
        kind.select_option("EXTRANJERO")
        expect(page.get_by_label("RUC", exact=True)).to_be_hidden()
        expect(page.locator("#id_exportation-incoterm")).to_be_hidden()
        page.get_by_text("En el extranjero").click()
        expect(page.locator("#id_exportation-incoterm")).to_be_visible()

    drive(act)
