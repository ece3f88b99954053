"""A receiver's RUC against the register: asked by a button, shown beside ours, and minded by preflight."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from cifras.fiscal.errors import RuleBroken
from cifras.sandbox.server import SandboxServer
from invoicing.models import Document, Receiver
from invoicing.services import create_invoice, preflight
from invoicing.services.verifying import verify_receiver
from tenants.models import TaxIdCheck, Tenant
from tenants.services import goods_and_services, verify_ruc
from tests.factories import a_staff_member, a_tenant, contribuyente, invoice_json, line

RUC = "155596713-2-2015"
RIGHTS = ("invoicing.view_receiver", "invoicing.change_receiver")

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant(pac: SandboxServer) -> Tenant:
    return a_tenant()


@pytest.fixture
def receiver(tenant: Tenant) -> Receiver:
    return Receiver.objects.create(
        tenant=tenant,
        code="C-1",
        type="CONTRIBUYENTE",
        contributor="JURIDICO",
        ruc=RUC,
        dv="59",
        name="Comercial Ejemplo Uno, S.A.",
    )


def draft(tenant: Tenant, **changes: Any) -> Document:
    return create_invoice(invoice_json(tenant, draft=True, **changes), actor=None)


def codes(document: Document) -> tuple[set[str], set[str]]:
    """(what stops it, what should be looked at)."""
    reasons, doubts = preflight.review(document)
    return {reason.code for reason in reasons}, {doubt.code for doubt in doubts}


def test_the_button_asks_and_the_page_shows_the_three_answers_side_by_side(receiver: Receiver) -> None:
    browser = Client()
    browser.force_login(a_staff_member(receiver.tenant, permissions=RIGHTS, username="ana"))
    page = reverse("admin:invoicing_receiver_change", args=[receiver.uid])
    assert "Sin verificar en el PAC" in browser.get(page).content.decode()
    act = reverse("admin:invoicing_receiver_verify", args=[receiver.uid])
    assert not TaxIdCheck.objects.exists()
    shown = browser.post(act, follow=True).content.decode()
    assert "El PAC conoce el RUC" in shown
    assert "Verificado" in shown
    assert "por ana" in shown
    assert TaxIdCheck.objects.get().checked_by == "ana"


def test_a_ruc_nobody_has_is_said_and_stops_the_document(
    pac: SandboxServer, tenant: Tenant, receiver: Receiver
) -> None:
    document = draft(tenant)
    assert codes(document) == (set(), set())
    pac.authority.taxpayers[RUC] = None
    with pytest.raises(RuleBroken, match="no existe"):
        verify_receiver(receiver, actor=None)
    assert codes(document)[0] == {"unknown_tax_id"}
    browser = Client()
    browser.force_login(a_staff_member(tenant, permissions=RIGHTS))
    shown = browser.get(reverse("admin:invoicing_receiver_change", args=[receiver.uid])).content.decode()
    assert "El RUC no existe" in shown


def test_another_type_than_declared_is_a_question_and_nobody_is_downgraded_silently(
    pac: SandboxServer, tenant: Tenant
) -> None:
    pac.authority.taxpayers[RUC] = "GOBIERNO"
    verify_ruc(RUC, "JURIDICO", actor=None, environment=tenant.environment, tenant=tenant)
    document = draft(tenant)
    stops, doubts = codes(document)
    assert (stops, doubts) == (set(), {"receiver_type_differs"})
    assert preflight.asks(preflight.review(document)[1])
    queued = create_invoice(invoice_json(tenant), actor=None)
    assert "receiver_type_differs" in queued.warnings
    assert queued.receiver_data["type"] == "CONTRIBUYENTE"


def test_a_cpbs_code_that_the_catalogue_lacks_is_pointed_at(tenant: Tenant) -> None:
    goods_and_services(tenant)
    government = contribuyente(type="GOBIERNO")
    listed = draft(tenant, receiver=government, lines=[line(cpbs_code="8111", cpbs_unit="und")])
    assert codes(listed) == (set(), set())
    unlisted = draft(
        tenant, receiver=government, lines=[line(cpbs_code="8099", cpbs_unit="und", description="Otra cosa")]
    )
    _reasons, doubts = preflight.review(unlisted)
    assert [(doubt.code, doubt.field) for doubt in doubts] == [("cpbs_unlisted", "lines[0].cpbs_code")]


def test_only_the_same_lines_make_a_possible_duplicate(tenant: Tenant) -> None:
    first = draft(
        tenant, lines=[line(), line(description="Viáticos")], payments=[{"method": "02", "amount": "642"}]
    )
    same = draft(
        tenant, lines=[line(description="Viáticos"), line()], payments=[{"method": "02", "amount": "642"}]
    )
    other = draft(tenant, lines=[line(quantity="4")], payments=[{"method": "02", "amount": "642"}])
    assert preflight.twins(same) == [first]
    assert preflight.twins(other) == []
    assert first.total == same.total == other.total
