"""The customer's page: the code and how far it has come, for whoever holds the link, and nothing else."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from tenants.models import Onboarding, Tenant
from tenants.services import start_onboarding
from tenants.services.customer_links import LASTS, customer_path
from tests.factories import a_staff_member
from tests.onboarding import onboarding_json

pytestmark = pytest.mark.django_db

CODE = "https://dgi.test/afiliacion?codigo=ABC"


def a_waiting_company() -> Onboarding:
    onboarding = start_onboarding(onboarding_json(trade_name="Panadería <La Espiga>"), actor=None)
    onboarding.qr, onboarding.qr_read_at = CODE, timezone.now()
    onboarding.steps = {"request_affiliation": {"by": "ana.de.operaciones", "state": "done"}}
    onboarding.save()
    return onboarding


@pytest.fixture
def browser() -> Client:
    return Client(headers={"accept-language": "es-PA,es;q=0.9"})


def test_the_page_shows_the_company_its_code_and_its_age_without_signing_in(browser: Client) -> None:
    onboarding = a_waiting_company()
    Onboarding.objects.update(qr_read_at=timezone.now() - timedelta(minutes=7))
    response = browser.get(customer_path(onboarding))
    text = response.content.decode()
    assert response.status_code == 200
    assert "Panadería &lt;La Espiga&gt;" in text
    assert 'src="data:image/svg+xml' in text
    assert "hace 7" in text.replace("\xa0", " ")
    assert "Esperando que escanee" in text


def test_the_page_tells_nothing_of_the_staff_nor_of_the_account(browser: Client) -> None:
    onboarding = a_waiting_company()
    Tenant.objects.update(pac_company_id="company-secret", email="jefa@espiga.test")
    text = browser.get(customer_path(onboarding)).content.decode()
    hidden = ("ana.de.operaciones", "company-secret", "jefa@espiga.test", onboarding.tenant.ruc, "/admin/")
    assert [word for word in (*hidden, str(onboarding.uid), str(onboarding.tenant.uid)) if word in text] == []


def test_nobody_keeps_finds_or_passes_on_the_page(browser: Client) -> None:
    path = customer_path(a_waiting_company())
    for address in (path, f"{path}state/", "/onboarding/qr/forged/"):
        headers = browser.get(address).headers
        assert headers["Cache-Control"] == "no-store"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "noindex" in headers["X-Robots-Tag"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


def test_the_browser_chooses_the_language(browser: Client) -> None:
    path = customer_path(a_waiting_company())
    for wanted, answered in (("es-PA,es;q=0.9", "es-pa"), ("en-US,en;q=0.9", "en"), ("de-DE", "es-pa")):
        response = browser.get(path, headers={"accept-language": wanted})
        assert (response.headers["Content-Language"], f'lang="{answered}"' in response.content.decode()) == (
            answered,
            True,
        )
        assert "Accept-Language" in response.headers["Vary"]


def test_the_state_follows_by_itself(browser: Client) -> None:
    onboarding = a_waiting_company()
    path = customer_path(onboarding)
    assert f'data-address="{path}state/"' in browser.get(path).content.decode()
    assert "Esperando" in browser.get(f"{path}state/").content.decode()
    Tenant.objects.update(may_issue_live=True, affiliated="SUBSCRIBED")
    text = browser.get(f"{path}state/").content.decode()
    assert "Listo" in text
    assert "data:image" not in text, "a code that is not needed any more is not shown"


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("", False),
        ("x" * 5000, False),
        ("data:image/png;base64,iVBORw0KGgo=", True),
        ('data:image/png;base64,"><script>alert(1)</script>', True),
        ("javascript:alert(1)", True),
    ],
)
def test_whatever_the_provider_gave_as_a_code_is_drawn_or_left_out(
    browser: Client, code: str, *, shown: bool
) -> None:
    onboarding = a_waiting_company()
    Onboarding.objects.update(qr=code)
    text = browser.get(customer_path(onboarding)).content.decode()
    assert ('src="data:image/' in text) is shown
    assert "alert(1)" not in text
    assert ("se está preparando" in text) is not shown


def test_a_forged_link_is_not_found_and_says_no_more(browser: Client) -> None:
    path = customer_path(a_waiting_company())
    for address in (path[:-3] + "A/", "/onboarding/qr/forged/", f"/onboarding/qr/{'x' * 4000}/"):
        response = browser.get(address)
        assert response.status_code == 404
        assert "Espiga" not in response.content.decode()


def test_a_link_is_over_after_its_days_and_a_fresh_one_leaves_it_alone(browser: Client) -> None:
    onboarding = a_waiting_company()
    with time_machine.travel(timezone.now() - LASTS - timedelta(minutes=1), tick=False):
        old = customer_path(onboarding)
    with time_machine.travel(timezone.now() - LASTS + timedelta(minutes=1), tick=False):
        older = customer_path(onboarding)
    fresh = customer_path(onboarding)
    assert browser.get(old).status_code == 410
    assert "Espiga" not in browser.get(old).content.decode()
    assert [browser.get(each).status_code for each in (older, fresh)] == [200, 200]


def test_the_link_of_a_closed_company_is_over(browser: Client) -> None:
    path = customer_path(a_waiting_company())
    Tenant.objects.update(state=Tenant.State.CLOSED)
    assert browser.get(path).status_code == 410


def test_the_page_is_only_read(browser: Client) -> None:
    path = customer_path(a_waiting_company())
    browser.force_login(a_staff_member())
    for address in (path, f"{path}state/"):
        assert browser.post(address).status_code == 405
    before = Onboarding.objects.values().get()
    browser.get(path)
    assert Onboarding.objects.values().get() == before
