"""Many voids at once, as a person does it: choose in the list, see which can be voided and why not, say why, see each outcome."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone
from playwright.sync_api import Page, expect

from cifras.sandbox.server import SandboxServer
from invoicing import services
from invoicing.models import Document, TimelineEvent
from tests import factories
from tests.browser import DESK, PHONE, Hand, a_screen, fits, sign_in
from tests.clockwork import work_through
from tests.document_pages import list_address

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

REASON = "Pedido duplicado: el cliente no lo recibió."


def choose_all_to_void(url: str) -> Callable[[Page], None]:
    def act(page: Page) -> None:
        page.goto(url)
        for box in page.locator("input.action-select").all():
            box.check()
        page.locator("select[name=action]").select_option("bulk_void")
        page.locator("button[name=index]").first.click()
        expect(page.get_by_role("button", name="Anular ante la DGI (2)")).to_be_visible()

    return act


def row_of(page: Page, number: str) -> Any:
    return page.locator(".cf-table tbody tr").filter(has_text=number)


def see_which_can_be_voided(page: Page) -> None:
    expect(page.get_by_text("Se hará con 2 documentos, por B/. 642.00")).to_be_visible()
    expect(page.get_by_text("no se puede deshacer")).to_be_visible()
    for number, words in (
        ("0000000001", "Sí"),
        ("0000000002", "Sí"),
        ("0000000003", "El plazo para anular venció"),
        ("0000000004", "Fue rechazado y no tiene efecto"),
    ):
        expect(row_of(page, number)).to_contain_text(words)
    fits(page)


def try_without_a_reason(page: Page) -> None:
    page.get_by_label("Motivo de la anulación").fill("corto")
    page.get_by_role("button", name="Anular ante la DGI (2)").click()
    expect(page.get_by_text("El motivo tiene 5 caracteres")).to_be_visible()
    expect(row_of(page, "0000000001")).to_contain_text("Sí")


def say_why_and_go(page: Page) -> None:
    page.get_by_label("Motivo de la anulación").fill(REASON)
    page.get_by_role("button", name="Anular ante la DGI (2)").click()
    for number in ("0000000001", "0000000002"):
        expect(row_of(page, number)).to_contain_text("Anulación pedida")
    expect(row_of(page, "0000000003")).to_contain_text("El plazo para anular venció")
    expect(row_of(page, "0000000004")).to_contain_text("Fue rechazado y no tiene efecto")
    fits(page)


def see_them_voided_in_the_list(page: Page) -> None:
    page.get_by_role("link", name="Volver a la lista").click()
    for number in ("0000000001", "0000000002"):
        row = page.locator("#result_list tbody tr").filter(has_text=number)
        expect(row).to_contain_text("Anulada")
    fits(page)


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["at a desk", "on a phone"])
def test_several_invoices_are_voided_at_once(viewport: Any, live_server: Any, pac: SandboxServer) -> None:
    tenant = factories.a_tenant()
    person = factories.a_staff_member(tenant, username="ana")
    person.groups.add(Group.objects.get(name="Operaciones"))
    long_ago = (timezone.localtime() - timedelta(hours=183)).isoformat(timespec="seconds")
    for changes in (
        {},
        {},
        {"issue_date": long_ago},
        {"receiver": factories.contribuyente(name="RECHAZO-DGI, S.A.")},
    ):
        services.create_invoice(factories.invoice_json(tenant, **changes), actor=None)
    work_through(rounds=1)

    with a_screen(viewport) as at_the_screen:
        hand: Hand = at_the_screen
        hand(sign_in(f"{live_server.url}/admin/", "ana"))
        hand(choose_all_to_void(live_server.url + list_address()))
        hand(see_which_can_be_voided)
        hand(try_without_a_reason)
        assert not Document.objects.exclude(void_status="").exists()
        hand(say_why_and_go)
        assert len(pac.journal.requests("void_invoice")) == 0
        work_through(rounds=1)
        hand(see_them_voided_in_the_list)

    found = Document.objects.order_by("number").values_list("void_status", "void_reason")
    assert list(found) == [("VOIDED", REASON)] * 2 + [("", "")] * 2
    assert len(pac.journal.requests("void_invoice")) == 2
    asked = TimelineEvent.objects.filter(code="void_requested")
    assert set(asked.values_list("actor_uid", flat=True)) == {person.uid}
