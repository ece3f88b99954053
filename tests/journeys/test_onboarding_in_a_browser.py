"""The onboarding as people do it: begun by one, left half-way, finished by another; and every certificate that is no good."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group
from playwright.sync_api import Page, ViewportSize, expect

from cifras.core.models import Staff
from cifras.sandbox.server import SandboxServer
from invoicing.models import Document
from invoicing.services import create_invoice
from tenants.models import StaffGrant, Tenant
from tests import certificates, factories
from tests.browser import DESK, PHONE, a_screen, fits, sign_in
from tests.clockwork import work_through

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

RUC, DV = "155596713-2-2015", "59"
NAME = "Comercial del Istmo, S.A."


def an_operator(name: str) -> Staff:
    person = factories.a_staff_member(username=name)
    person.groups.add(Group.objects.get(name="Operaciones"))
    return person


def on(page: Page, title: str) -> None:
    """The step's page is there, and it fits."""
    expect(page.locator("#wz-question")).to_contain_text(title)
    fits(page)


def state_of(page: Page, title: str) -> Any:
    """The badge of a step in the list of steps."""
    steps = page.locator("details.wz-nav")
    if steps.get_attribute("open") is None:
        steps.locator("summary").click()
    return page.locator(".wz-step", has_text=title).locator(".cf-badge")


def go_on(page: Page) -> None:
    page.get_by_role("link", name="Continuar:").click()


def begin(page: Page) -> None:
    page.goto(page.url.split("/admin/")[0] + "/admin/tenants/tenant/onboard/")
    page.get_by_label("RUC", exact=False).fill(RUC)
    expect(page.locator('[data-hint="dv"]')).to_have_text(f"DV = {DV}")
    fits(page)
    page.get_by_role("button", name="Empezar la habilitación").click()
    on(page, "RUC y DV")


def verify_the_ruc(page: Page) -> None:
    page.get_by_role("button", name="Verificar con el PAC").click()
    expect(page.locator(".wz-answers")).to_contain_text("CONTRIBUYENTE")
    expect(state_of(page, "RUC y DV")).to_contain_text("hecho")
    fits(page)
    go_on(page)


def name_the_company(page: Page) -> None:
    on(page, "Empresa")
    page.get_by_role("button", name="Guardar y continuar").click()
    expect(page.locator(".wz-error")).to_be_visible()
    page.get_by_label("Razón social").fill(NAME)
    page.get_by_label("Correo de la empresa").fill("contacto@istmo.test")
    page.get_by_role("button", name="Guardar y continuar").click()


def hand_in(file: Path) -> Callable[[Page], None]:
    def act(page: Page) -> None:
        on(page, "Certificado")
        page.get_by_label("Certificado de firma").set_input_files(file)
        page.get_by_label("Contraseña del certificado", exact=False).first.fill(certificates.PASSWORD)
        page.get_by_role("button", name="Revisar y guardar").click()
        expect(page.locator(".wz-face")).to_contain_text("Huella SHA-256")
        fits(page)

    return act


def take_it_up_again(page: Page) -> None:
    page.goto(page.url.split("/admin/")[0] + "/admin/tenants/tenant/onboard/")
    fits(page)
    page.get_by_role("link", name="Continuar").click()
    on(page, "Crear en el PAC")
    expect(state_of(page, "Certificado")).to_contain_text("hecho")


def create_the_company(page: Page) -> None:
    """Its first answer is lost."""
    page.get_by_role("button", name="Crear la empresa en Alanube").click()
    expect(page.locator(".wz-try")).to_contain_text("sin confirmar")
    fits(page)
    page.get_by_role("button", name="Preguntar al PAC").click()
    expect(page.locator(".wz-card")).to_contain_text("La empresa existe en Alanube")
    go_on(page)


def ask_for_the_code(page: Page) -> None:
    on(page, "Pedir la afiliación")
    page.get_by_role("button", name="Pedir el código QR").click()
    expect(page.get_by_alt_text("Código QR de la afiliación")).to_be_visible()
    expect(page.locator("#wz-link")).to_contain_text("/onboarding/qr/")
    fits(page)


def finish_the_affiliation(page: Page) -> None:
    go_on(page)
    on(page, "Completar la afiliación")
    page.get_by_role("button", name="Completar la afiliación").click()
    expect(page.locator(".wz-live")).to_contain_text("está afiliada")
    fits(page)
    go_on(page)


def add_the_offices(page: Page) -> None:
    on(page, "Sucursales")
    first = page.locator(".wz-office").first
    first.get_by_label("Dirección").fill("Vía España, edificio 12")
    first.get_by_label("Teléfono").fill("200-0000")
    first.get_by_label("Coordenadas").fill("9.0017832, -79.5275519")
    first.get_by_label("Ubicación").fill("8-8-7")
    expect(first.locator('[data-hint="place"]')).to_contain_text("Bella Vista")
    first.get_by_role("button", name="Agregar punto").click()
    expect(page.locator("#id_offices-0-points-1-code")).to_be_focused()
    page.keyboard.type("002")
    page.get_by_role("button", name="Agregar sucursal").click()
    expect(page.locator("#id_offices-1-code")).to_be_focused()
    fits(page)
    page.locator(".wz-office").nth(1).get_by_text("Quitar").first.click()
    expect(page.locator(".wz-office").nth(1)).to_be_hidden()
    page.get_by_role("button", name="Guardar y continuar").last.click()


def register_the_offices(page: Page) -> None:
    on(page, "Registrar las sucursales")
    page.get_by_role("button", name="Registrar las sucursales").click()
    expect(page.locator(".cf-table")).to_contain_text("Registrada")
    fits(page)
    go_on(page)


def activate_it(page: Page) -> None:
    on(page, "Revisar y activar")
    page.get_by_role("button", name="Activar la empresa").click()
    expect(page.locator(".wz-card")).to_contain_text("«Activa»")
    expect(page.locator("progress")).to_have_attribute("value", "9")
    fits(page)


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["at a desk", "on a phone"])
def test_one_begins_another_finishes_and_the_company_issues(
    viewport: ViewportSize, live_server: Any, pac: SandboxServer, tmp_path: Path
) -> None:
    pac.behaviour.auto_scan = False
    an_operator("ana")
    beto = an_operator("beto")
    p12 = tmp_path / "firma.p12"
    p12.write_bytes(certificates.a_p12(RUC))
    with a_screen(viewport) as ana:
        ana(sign_in(f"{live_server.url}/admin/", "ana"))
        ana(begin)
        ana(verify_the_ruc)
        ana(name_the_company)
        ana(hand_in(p12))
    tenant = Tenant.objects.get(ruc=RUC)
    assert (tenant.legal_name, tenant.pac_company_id) == (NAME, None)

    StaffGrant.objects.create(staff=beto, tenant=tenant)
    pac.faults.add("drop_after_commit", "create_company")
    with a_screen(viewport) as screen:
        screen(sign_in(f"{live_server.url}/admin/", "beto"))
        screen(take_it_up_again)
        screen(create_the_company)
        assert len(pac.authority.companies) == 1
        screen(ask_for_the_code)
        tenant.refresh_from_db()
        pac.authority.scan(pac.authority.companies[tenant.pac_company_id or ""])
        screen(finish_the_affiliation)
        screen(add_the_offices)
        screen(register_the_offices)
        screen(activate_it)

    tenant.refresh_from_db()
    assert (tenant.state, tenant.affiliated) == (Tenant.State.ACTIVE, "SUBSCRIBED")
    assert [point.code for point in tenant.offices.get().billing_points.order_by("code")] == ["001", "002"]
    create_invoice(factories.invoice_json(tenant), actor=beto)
    work_through()
    assert Document.objects.get().legal_status == "DGI_AUTHORIZED"


BAD = {
    "wrong.p12": (certificates.a_p12, "no abre el certificado"),
    "none.p12": (lambda ruc: b"no es nada", "no es un certificado PKCS#12"),
    "old.p12": (certificates.expired, "venció el"),
    "early.p12": (certificates.not_yet_valid, "todavía no se puede usar"),
    "key.p12": (lambda ruc: certificates.with_another_key(), "no corresponde a su certificado"),
    "other.p12": (lambda ruc: certificates.a_p12("155000001-2-2015"), "es de la empresa con RUC"),
    "slow.p12": (lambda ruc: certificates.with_iterations(8_000_000), "iteraciones"),
    "large.p12": (lambda ruc: b"x" * (70 * 1024), "64 KiB"),
}


def try_the_bad_ones(folder: Path) -> Callable[[Page], None]:
    def act(page: Page) -> None:
        for name, (_make, words) in BAD.items():
            password = "otra-clave" if name == "wrong.p12" else certificates.PASSWORD
            page.locator("#id_certificate").set_input_files(folder / name)
            page.locator("#id_password").fill(password)
            page.get_by_role("button", name="Revisar y guardar").click()
            expect(page.locator(".wz-error")).to_contain_text(words)
            expect(page.locator("#id_password")).to_have_value("")
            assert password not in page.content()
            fits(page)

    return act


def confirm_the_representative(folder: Path) -> Callable[[Page], None]:
    def act(page: Page) -> None:
        page.locator("#id_certificate").set_input_files(folder / "person.p12")
        page.locator("#id_password").fill(certificates.PASSWORD)
        page.get_by_role("button", name="Revisar y guardar").click()
        expect(page.locator(".cf-notice")).to_contain_text("8-274-125")
        expect(state_of(page, "Certificado")).to_contain_text("espera")
        page.get_by_label("Confirmo que quien figura").check()
        page.get_by_role("button", name="Confirmar", exact=True).click()
        expect(state_of(page, "Certificado")).to_contain_text("hecho")
        fits(page)

    return act


def test_every_bad_certificate_is_told_apart_and_a_persons_is_confirmed(
    live_server: Any, pac: SandboxServer, tmp_path: Path
) -> None:
    an_operator("ana")
    for name, (make, _words) in BAD.items():
        (tmp_path / name).write_bytes(make(RUC))
    (tmp_path / "person.p12").write_bytes(certificates.of_person())
    with a_screen(PHONE) as screen:
        screen(sign_in(f"{live_server.url}/admin/", "ana"))
        screen(begin)
        screen(lambda page: page.goto(page.url.replace("/ruc/", "/certificate/")))
        screen(try_the_bad_ones(tmp_path))
        screen(confirm_the_representative(tmp_path))
