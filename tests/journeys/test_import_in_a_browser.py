"""Importing as a person does it: a file with mistakes, the report, the mended file, and all of it is in."""

import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group
from playwright.sync_api import Page, expect, sync_playwright

from invoicing.models import Document
from invoicing.services import queues
from tests import factories
from tests.elsewhere import a_company, a_cufe, an_xml

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
PASSWORD = "una-frase-larga-de-prueba"
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
HEADER = "referencia;modo;cufe;neto;itbms;total;tipo de receptor;nombre\n"

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


def fits(page: Page) -> None:
    """Nothing sticks out at the side."""
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        width = page.evaluate("window.innerWidth")
        page.screenshot(path=f"{folder}-{page.title()[:24].replace('/', '-')}-{width}.png", full_page=True)


def sign_in(address: str) -> Callable[[Page], None]:
    def act(page: Page) -> None:
        page.goto(address)
        page.locator("[name=username]").fill("ana")
        page.locator("[name=password]").fill(PASSWORD)
        page.locator("[type=submit]").click()
        expect(page.locator("[name=password]")).to_have_count(0)

    return act


def upload(address: str, path: Path) -> Callable[[Page], None]:
    def act(page: Page) -> None:
        page.goto(address)
        fits(page)
        page.locator("#id_file").set_input_files(path)
        page.get_by_role("button", name="Subir y probar").click()

    return act


def be_told_that_it_is_no_file_of_rows(page: Page) -> None:
    expect(page.get_by_text("No se guardó nada")).to_be_visible()
    expect(page.get_by_text("no es JSON, CSV ni XLSX")).to_be_visible()
    assert page.locator("#id_file").evaluate("field => field.files.length") == 1
    fits(page)


def wait_for_the_rehearsal(page: Page) -> None:
    expect(page.get_by_text("Se lee el archivo en seguida.")).to_be_visible()


def look_at_the_mistakes(page: Page) -> None:
    expect(page.get_by_role("button", name="Importar 1")).to_be_visible(timeout=15_000)
    fits(page)
    page.get_by_role("link", name="Solo errores (1)").click()
    expect(page.get_by_text("La cifra declarada es 170.00 y sus partes suman 107.00")).to_be_visible()
    expect(page.locator("tbody tr")).to_have_count(1)
    fits(page)


def import_what_can_be(page: Page) -> None:
    page.get_by_role("button", name="Importar 1").click()
    expect(page.get_by_text("Se importa en seguida")).to_be_visible()


def see(*texts: str) -> Callable[[Page], None]:
    def act(page: Page) -> None:
        for text in texts:
            expect(page.locator("#import-body")).to_contain_text(text, timeout=15_000)
        fits(page)

    return act


def register_one(address: str, code: str, xml: Path) -> Callable[[Page], None]:
    def act(page: Page) -> None:
        page.goto(address)
        page.get_by_label("CUFE", exact=True).fill(code)
        page.get_by_label("XML de la factura").set_input_files(xml)
        page.get_by_role("button", name="Leer el CUFE").click()
        expect(page.locator("#cufe-told")).to_contain_text("Venta propia de la empresa.")
        fits(page)
        page.get_by_role("button", name="Registrar").click()
        expect(page.locator(".cf-badges").first).to_contain_text("Sin verificar")
        fits(page)

    return act


def verify_it(page: Page) -> None:
    page.locator("#deed-verify").click()
    page.get_by_label("Motivo").fill("Consultada por CUFE en la página de la DGI")
    fits(page)
    page.get_by_role("button", name="Dar por verificada").click()
    expect(page.locator(".cf-badges").first).to_contain_text("Autorizada por DGI")


def test_a_file_with_mistakes_is_mended_and_all_of_it_comes_in(
    at_the_screen: Hand, live_server: Any, tmp_path: Path
) -> None:
    tenant = a_company()
    person = factories.a_staff_member(tenant, username="ana")
    person.groups.add(Group.objects.get(name="Operaciones"))
    add = f"{live_server.url}/admin/invoicing/importbatch/add/"
    first = f"OLD-1;Importado;{a_cufe(tenant)};100.00;7.00;107.00;Consumidor final;Ana\n"
    second = f"OLD-2;Importado;{a_cufe(tenant)};100.00;7.00;107.00;Consumidor final;Eva\n"
    (tmp_path / "foto.csv").write_bytes(b"\x89PNG\r\n\x00")
    (tmp_path / "ventas.csv").write_text(HEADER + first + second.replace("107.00", "170.00"))
    (tmp_path / "corregido.csv").write_text(HEADER + first + second)

    at_the_screen(sign_in(f"{live_server.url}/admin/"))
    at_the_screen(upload(add, tmp_path / "foto.csv"))
    at_the_screen(be_told_that_it_is_no_file_of_rows)
    at_the_screen(upload(add, tmp_path / "ventas.csv"))
    at_the_screen(wait_for_the_rehearsal)
    queues.work_until_idle()
    at_the_screen(look_at_the_mistakes)
    assert Document.objects.count() == 0
    at_the_screen(import_what_can_be)
    queues.work_until_idle()
    at_the_screen(see("Terminado", "Rechazado"))
    assert Document.objects.count() == 1

    at_the_screen(upload(add, tmp_path / "corregido.csv"))
    at_the_screen(wait_for_the_rehearsal)
    queues.work_until_idle()
    at_the_screen(see("Probado", "Ya existía"))
    at_the_screen(import_what_can_be)
    queues.work_until_idle()
    at_the_screen(see("Terminado", "Creado"))
    assert set(Document.objects.values_list("external_id", flat=True)) == {"OLD-1", "OLD-2"}

    code = a_cufe(tenant)
    (tmp_path / "una.xml").write_bytes(an_xml(code))
    register = f"{live_server.url}/admin/invoicing/importbatch/register/"
    at_the_screen(register_one(register, code, tmp_path / "una.xml"))
    at_the_screen(verify_it)
    assert Document.objects.get(cufe=code).legal_status == "DGI_AUTHORIZED"
