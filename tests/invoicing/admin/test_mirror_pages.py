"""The pages on which staff follow what is issued at the provider without us."""

import pytest
from django.test import Client
from django.urls import reverse

from cifras.core.models import AuditEntry, Staff
from invoicing.models import Document, Mirror, MirroredRow
from invoicing.services import queues
from tenants.models import BillingPoint, Tenant
from tests.document_pages import address, list_address, queries_of, said, text_of
from tests.factories import a_staff_member, a_tenant
from tests.peru import a_company, issued_there

pytestmark = pytest.mark.django_db

RIGHTS = tuple(
    f"invoicing.{right}"
    for right in (
        "view_mirror",
        "import_document",
        "view_invoice",
        "view_credit",
        "view_timelineevent",
        "add_credit",
    )
)


@pytest.fixture
def shop(pac) -> Tenant:
    pac.tandia.repeats_token = pac.tandia.has_empty_page = pac.tandia.omits_last_token = False
    tenant = a_company(pac, "tandia", pac_options={})
    BillingPoint.objects.filter(office__tenant=tenant).delete()
    issued_there(pac, tenant, 1)
    issued_there(pac, tenant, 2, currency="")
    queues.work_until_idle()
    return tenant


def browser_of(person: Staff) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def browser(shop) -> Client:
    return browser_of(a_staff_member(shop, permissions=(*RIGHTS, "tenants.view_tenant")))


def page(shop: Tenant, name: str = "change") -> str:
    return reverse(f"admin:invoicing_mirror_{name}", args=[Mirror.objects.get(tenant=shop).uid])


def test_the_page_says_how_far_it_has_come_and_what_needs_a_person(shop, browser):
    text = text_of(browser.get(page(shop)))
    for words in (
        "Al día",
        "Traídos 1",
        "Necesitan a una persona 1",
        "El PAC no dice su moneda.",
        "F001-00000002",
    ):
        assert words in text
    assert queries_of(browser, page(shop)) <= 6
    assert "hx-get" not in browser.get(page(shop, "fragment")).content.decode().partition("cf-card")[0]
    home = text_of(browser.get(reverse("admin:index")))
    assert "Emitidos en el PAC que no llegan" in home
    troubled = browser.get(reverse("admin:invoicing_mirror_changelist") + "?trouble=yes")
    assert [row.tenant for row in troubled.context["cl"].result_list] == [shop]
    MirroredRow.objects.filter(state="BROUGHT").update(state="WAITING")
    text = text_of(browser.get(page(shop, "fragment")))
    assert "1 de 2 documentos listados" in text


def test_the_button_has_the_list_read_and_the_audit_trail_knows_who_asked(shop, browser):
    assert browser.get(page(shop, "pull")).status_code == 302
    Mirror.objects.update(due_at=None)
    answer = browser.post(page(shop, "pull"), {"whole": "yes"}, follow=True)
    assert said(answer) == ["Se lee la lista en seguida; esta página sigue el avance."]
    mirror = Mirror.objects.get(tenant=shop)
    assert mirror.is_wanted_whole and mirror.due_at is not None
    assert AuditEntry.objects.filter(action="mirror.requested", chain=shop.uid).exists()
    looker = browser_of(a_staff_member(shop, permissions=("invoicing.view_mirror",)))
    assert "Traer documentos" not in text_of(looker.get(page(shop)))
    assert looker.post(page(shop, "pull")).status_code == 403


def test_the_companys_page_shows_it_too_where_the_provider_has_such_a_list(shop, browser, pac):
    text = text_of(browser.get(reverse("admin:tenants_tenant_change", args=[shop.uid])))
    for words in (
        "Lo que se emite en el PAC sin Cifras llega aquí y está al día.",
        "1 documento emitido en el PAC está aquí.",
        "1 no se pudo traer y necesita a una persona.",
        "Traer documentos",
    ):
        assert words in text
    elsewhere = a_tenant()
    other = browser_of(a_staff_member(elsewhere, permissions=(*RIGHTS, "tenants.view_tenant")))
    text = text_of(other.get(reverse("admin:tenants_tenant_change", args=[elsewhere.uid])))
    assert "Traer documentos" not in text


def test_what_was_issued_there_stands_in_the_same_list_and_can_be_told_apart(shop, browser, pac):
    document = Document.objects.get(tenant=shop)
    assert document.is_mirrored
    rows = browser.get(list_address("?origin=pac")).context["cl"].result_list
    assert [row.pk for row in rows] == [document.pk]
    assert "Emitido en el PAC, sin Cifras" in browser.get(list_address()).content.decode()
    for origin in ("here", "elsewhere"):
        assert list(browser.get(list_address(f"?origin={origin}")).context["cl"].result_list) == []
    text = text_of(browser.get(address(document)))
    assert "Tandia, sin Cifras" in text
    assert "haga la nota en el PAC y llegará aquí" in browser.get(address(document)).content.decode()
    assert "Se trajo del PAC, donde se emitió sin Cifras (lista del PAC)." in text_of(
        browser.get(address(document) + "?tab=timeline")
    )
    assert browser.get(page(shop, "history")).status_code == 200
