"""The way in, as a person goes it: the first sign-in with an app, a closed account that opens again, a code before a void.

And a void that takes two persons, each at an own desk.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import Group
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.fixtures import Settings

from cifras.core.models import Proposal, SecondFactor, Staff, StaffSession
from cifras.core.sign_in.lockout import LONGEST_WAIT, PAIR_FAILURES
from cifras.sandbox.server import SandboxServer
from invoicing import services
from invoicing.models import Document
from tenants.models import Tenant
from tests import factories
from tests.browser import DESK, PASSWORD, PHONE, Hand, a_screen, fits
from tests.clockwork import work_through
from tests.document_pages import address
from tests.doorway import code, with_app

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
REASON = "Pedido duplicado: el cliente no lo recibió."

type Act = Callable[[Page], Any]


def type_password(url: str, password: str, name: str = "ana") -> Act:
    def act(page: Page) -> None:
        page.goto(url)
        page.locator("[name=username]").fill(name)
        page.locator("[name=password]").fill(password)
        page.locator("#login-form [type=submit]").click()

    return act


def is_turned_away(page: Page) -> None:
    expect(page.get_by_text("No se pudo entrar con ese usuario y esa contraseña")).to_be_visible()
    fits(page)


def begin_with_the_app(page: Page) -> str:
    expect(page.get_by_role("heading", name="Segundo factor")).to_be_visible()
    page.get_by_role("button", name="Mostrar el código QR").click()
    expect(page.get_by_alt_text("Código QR para la aplicación")).to_be_visible()
    fits(page)
    return page.locator("#seed").inner_text()


def type_code(text: str, button: str) -> Act:
    def act(page: Page) -> None:
        page.get_by_label("Código").fill(text)
        page.get_by_role("button", name=button, exact=True).click()

    return act


def keep_the_recovery_codes(page: Page) -> None:
    expect(page.locator("#recovery-codes li")).to_have_count(10)
    fits(page)
    page.get_by_role("link", name="Ya los guardé: continuar").click()
    expect(page.get_by_role("heading", name="Inicio")).to_be_visible()


def ask_for_the_void(url: str) -> Act:
    def act(page: Page) -> None:
        page.goto(url)
        page.get_by_role("link", name="Anular", exact=True).first.click()
        page.get_by_label("Motivo de la anulación").fill(REASON)
        page.get_by_role("button", name="Anular ante la DGI").click()
        expect(page.get_by_role("heading", name="Confirme que es usted")).to_be_visible()
        fits(page)

    return act


def confirm_with(text: str) -> Act:
    def act(page: Page) -> None:
        page.get_by_label("Código de la aplicación").fill(text)
        page.get_by_role("button", name="Confirmar y seguir").click()

    return act


def sees(text: str) -> Act:
    return lambda page: expect(page.get_by_text(text).first).to_be_visible()


def seed_of() -> bytes:
    return SecondFactor.objects.get().seed.reveal_bytes()


def a_minute_passes() -> None:
    """For the app, whose next code would else be the one that was taken already."""
    SecondFactor.objects.update(last_step=0)


def a_quarter_of_an_hour_passes() -> None:
    """For the session: the code that it was opened with is no longer fresh."""
    row = StaffSession.objects.get(staff__isnull=False)
    data = row.get_decoded()
    data["factor_at"] -= 15 * 60
    row.session_data = row.get_session_store_class()().encode(data)
    row.save(update_fields=["session_data"])


def test_the_way_in_and_the_code_before_a_void(
    live_server: Any, pac: SandboxServer, settings: Settings
) -> None:
    settings.CIFRAS_SECOND_FACTOR = True
    tenant = factories.a_tenant()
    person = factories.a_staff_member(tenant, username="ana")
    person.groups.add(Group.objects.get(name="Operaciones"))
    document = services.create_invoice(factories.invoice_json(tenant), actor=person)
    work_through()
    site = live_server.url + "/admin/"

    with a_screen(PHONE) as hand:
        hand(type_password(site, "no es esta frase"))
        hand(is_turned_away)
        AccessAttempt.objects.update(failures_since_start=PAIR_FAILURES)
        hand(type_password(site, PASSWORD))
        hand(is_turned_away)
        AccessAttempt.objects.update(attempt_time=timezone.now() - LONGEST_WAIT - timedelta(seconds=1))
        hand(type_password(site, PASSWORD))
        seed = hand(begin_with_the_app)
        assert seed.replace(" ", "").isalnum()
        hand(type_code(code(seed=seed_of()), "Confirmar"))
        hand(keep_the_recovery_codes)

        a_quarter_of_an_hour_passes()
        hand(ask_for_the_void(live_server.url + address(document)))
        hand(confirm_with("000000"))
        hand(sees("Ese código no vale"))
        assert Document.objects.get(pk=document.pk).void_status == ""
        a_minute_passes()
        hand(confirm_with(code(seed=seed_of())))
        hand(sees("Anulación pedida"))
    voided = Document.objects.get(pk=document.pk)
    assert (voided.void_status != "", voided.void_reason) == (True, REASON)


def comes_in(hand: Hand, site: str, name: str) -> None:
    hand(type_password(site, PASSWORD, name))
    hand(type_code(code(), "Entrar"))
    hand(lambda page: expect(page.get_by_role("heading", name="Inicio")).to_be_visible())


def leaves(page: Page) -> None:
    page.context.clear_cookies()


def propose_the_void(url: str) -> Act:
    def act(page: Page) -> None:
        page.goto(url)
        page.get_by_role("link", name="Anular", exact=True).first.click()
        expect(page.get_by_text("usted la propone y otra la aprueba")).to_be_visible()
        page.get_by_label("Motivo de la anulación").fill(REASON)
        page.get_by_role("button", name="Proponer la anulación").click()
        expect(page.get_by_text("Anulación propuesta").first).to_be_visible()
        expect(page.locator("#proposal-withdraw").first).to_be_visible()
        expect(page.locator("#proposal-approve")).to_have_count(0)
        fits(page)

    return act


def approve_it(url: str) -> Act:
    def act(page: Page) -> None:
        page.goto(url)
        expect(page.get_by_text(REASON).first).to_be_visible()
        page.locator("#proposal-approve").first.click()
        page.get_by_role("button", name="Aprobar", exact=True).click()
        expect(page.get_by_role("heading", name="Confirme que es usted")).to_be_visible()

    return act


def both_are_on_the_timeline(url: str) -> Act:
    def act(page: Page) -> None:
        page.goto(f"{url}?tab=timeline")
        expect(page.get_by_text("Se propuso la anulación: la aprueba otra persona").first).to_be_visible()
        timeline = page.locator("#content, main").first.inner_text()
        assert {"ana", "luis"} <= set(timeline.replace(",", " ").split())

    return act


def test_a_void_that_takes_two_persons(live_server: Any, pac: SandboxServer, settings: Settings) -> None:
    settings.CIFRAS_SECOND_FACTOR = True
    tenant = factories.a_tenant()
    Tenant.objects.filter(pk=tenant.pk).update(four_eyes_void=True)
    for name in ("ana", "luis"):
        person = with_app(factories.a_staff_member(tenant, username=name))
        person.groups.add(Group.objects.get(name="Operaciones"))
    document = services.create_invoice(
        factories.invoice_json(tenant), actor=Staff.objects.get(username="ana")
    )
    work_through()
    site, url = live_server.url + "/admin/", live_server.url + address(document)

    with a_screen(DESK) as hand:
        comes_in(hand, site, "ana")
        hand(propose_the_void(url))
        assert Proposal.objects.get().state == Proposal.State.OPEN
        hand(leaves)
        StaffSession.objects.filter(staff__username="ana").delete()
        comes_in(hand, site, "luis")
        a_quarter_of_an_hour_passes()
        hand(approve_it(url))
        assert Proposal.objects.get().state == Proposal.State.OPEN
        a_minute_passes()
        hand(confirm_with(code()))
        hand(sees("Aprobada y hecha"))
        work_through()
        hand(both_are_on_the_timeline(url))
    assert Document.objects.get(pk=document.pk).void_status == "VOIDED"
    assert len(pac.journal.requests("void_invoice")) == 1
