"""A Peruvian company as people work with it: connected in the wizard, sold with, corrected, and counted with all others."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group
from playwright.sync_api import Locator, Page, expect

from cifras.sandbox.peru.sunat import Taxpayer
from cifras.sandbox.server import SandboxServer
from invoicing.models import Document
from tenants.models import Tenant
from tests import factories
from tests.browser import DESK, a_screen, fits, sign_in
from tests.clockwork import work_through
from tests.peru_onboarding import TOKEN, address_of, an_account

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

NEW_INVOICE, ALL_COMPANIES = "/admin/invoicing/invoice/add/", "/admin/reports/documents/all-companies/"


def goes_to(path: str) -> Callable[[Page], None]:
    return lambda page: page.goto(page.url.split("/admin/")[0] + path) and None


def begin(account: Taxpayer) -> Callable[[Page], None]:
    def act(page: Page) -> None:
        page.goto(page.url.split("/admin/")[0] + "/admin/tenants/tenant/onboard/")
        page.get_by_label("País").select_option("PE")
        page.get_by_label("Proveedor (PAC)").select_option("fabo")
        page.locator("#id_ruc").fill(account.ruc)
        page.get_by_role("button", name="Empezar la habilitación").click()
        expect(page.locator("#wz-question")).to_be_visible()

    return act


def connect(account: Taxpayer, pac: SandboxServer) -> Callable[[Page], None]:
    def act(page: Page) -> None:
        page.locator("#id_company_id").fill(account.id)
        page.locator("#id_base_url").fill(address_of(pac, "fabo"))
        page.locator("#id_token").fill(TOKEN)
        page.get_by_role("button", name="Guardar y continuar").click()
        page.get_by_role("button", name="Probar la cuenta").click()
        expect(page.get_by_text("Fabo aceptó la cuenta de la empresa")).to_be_visible()
        page.get_by_role("link", name="Continuar:").click()

    return act


def name_it(account: Taxpayer) -> Callable[[Page], None]:
    def act(page: Page) -> None:
        page.get_by_role("button", name="Confirmar con el proveedor").click()
        page.get_by_role("link", name="Continuar:").click()
        page.get_by_label("Razón social").fill(account.name)
        page.get_by_role("button", name="Guardar y continuar").click()
        office = page.locator(".wz-office").first
        office.get_by_label("Dirección").fill("Av. de la Práctica 100")
        office.get_by_label("Ubigeo").fill("150101")
        page.get_by_role("button", name="Guardar y continuar").last.click()
        page.get_by_role("button", name="Activar la empresa").click()
        expect(page.locator(".wz-card")).to_contain_text("«Activa»")

    return act


def sell(what: str, to_a_ruc: str, *, number: str) -> Callable[[Page], None]:
    """Write a sale and issue it: to a RUC a factura, to nobody in particular a boleta."""

    def act(page: Page) -> None:
        goes_to(NEW_INVOICE)(page)
        page.get_by_text("Escrito a mano").click()
        page.get_by_label("Documento de identidad").select_option("6" if to_a_ruc else "-")
        if to_a_ruc:
            page.get_by_label("Número", exact=True).fill(to_a_ruc)
            page.get_by_label("Nombre o razón social").fill("Cliente de Ejemplo S.A.C.")
        page.get_by_label("Descripción").first.fill(what)
        page.get_by_label("Cantidad").fill("2")
        page.get_by_label("Valor unitario (sin IGV)").fill("100")
        expect(page.locator("[data-total]")).to_have_text("S/ 236.00")
        expect(page.locator("[data-summary]")).to_contain_text("IGV 18 %")
        expect(page.locator('[data-hint="place"]')).to_contain_text(number.partition("-")[0])
        fits(page)
        page.get_by_role("button", name="Emitir", exact=True).click()
        expect(page.get_by_text(f"En cola con el número {number}")).to_be_visible()

    return act


def see_it_accepted(page: Page) -> None:
    badges = page.locator(".cf-badges").first
    expect(badges).to_contain_text("Aceptada por SUNAT", timeout=15_000)
    expect(page.locator(".cf-panel")).to_contain_text("IGV")
    expect(page.locator("#document-body")).to_contain_text("Fabo · Perú")
    fits(page)


def credit_it(page: Page) -> None:
    page.locator("#deed-credit").click()
    page.get_by_label("Motivo según la SUNAT").select_option("06")
    page.get_by_label("Sustento", exact=True).fill("Devolución de toda la compra")
    fits(page)
    page.get_by_role("button", name="Emitir ante la SUNAT").click()
    expect(page.get_by_text("Factura F001-1").first).to_be_visible()
    page.get_by_role("button", name="Sí, emitir ante la SUNAT").click()
    expect(page.get_by_text("En cola con el número FC01-1")).to_be_visible()


def is_told_how_a_boleta_is_taken_back(page: Page) -> None:
    page.locator("#deed-void").click()
    dialog = page.locator("#dialog")
    expect(dialog).to_contain_text("resumen diario")
    expect(dialog.get_by_role("button", name="Emitir nota de crédito por S/ 236.00")).to_be_visible()


def void_it(page: Page) -> None:
    page.locator("#deed-void").click()
    dialog = page.locator("#dialog")
    expect(dialog).to_contain_text("Comunicación de baja")
    expect(dialog).to_contain_text("de 3 a 100")
    dialog.locator("textarea").fill("Mal RUC")
    fits(page)
    dialog.get_by_role("button", name="Comunicar la baja a la SUNAT").click()
    expect(page.get_by_text("Baja pedida").first).to_be_visible()


def see_it_void(page: Page) -> None:
    expect(page.locator(".cf-badges").first).to_contain_text("Anulada", timeout=15_000)


def read_the_report(company: Tenant) -> Callable[[Page], None]:
    def act(page: Page) -> None:
        goes_to(ALL_COMPANIES)(page)
        row: Locator = page.locator("tr", has_text=company.trade_name or company.legal_name)
        expect(row).to_contain_text("S/ 708.00")
        expect(row).to_contain_text("S/ 236.00")

    return act


def test_a_peruvian_company_is_connected_sells_corrects_and_is_counted(
    live_server: Any, pac: SandboxServer
) -> None:
    account = an_account(pac)
    person = factories.a_staff_member(username="ana")
    person.groups.add(Group.objects.get(name="Operaciones"))
    with a_screen(DESK) as screen:
        screen(sign_in(f"{live_server.url}/admin/", "ana"))
        screen(begin(account))
        screen(connect(account, pac))
        screen(name_it(account))
        company = Tenant.objects.get(ruc=account.ruc)

        screen(sell("Consultoría", "20100070970", number="F001-1"))
        work_through(rounds=1)
        screen(see_it_accepted)
        screen(credit_it)
        work_through(rounds=1)
        screen(see_it_accepted)

        screen(sell("Un libro", "", number="B001-1"))
        work_through(rounds=1)
        screen(see_it_accepted)
        screen(is_told_how_a_boleta_is_taken_back)

        screen(sell("Capacitación", "20100070970", number="F001-2"))
        work_through(rounds=1)
        screen(see_it_accepted)
        screen(void_it)
        work_through(rounds=1)
        screen(see_it_void)
        screen(read_the_report(company))

    assert sorted(str(row) for row in Document.objects.filter(tenant=company)) == [
        "Boleta B001-1",
        "Factura F001-1",
        "Factura F001-2",
        "Nota de crédito FC01-1",
    ]
    assert len(pac.sunat.of_company(account.id)) == 4
