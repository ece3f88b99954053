"""Voids that take two persons: asked for by one, approved by another, inside the window (issue 7, 4; security.md 51)."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cifras.core import proposals
from cifras.core.models import AuditEntry, Proposal, Staff
from cifras.fiscal.errors import RuleBroken
from cifras.fiscal.lifecycle import VoidStatus
from cifras.sandbox.server import SandboxServer
from invoicing import services
from invoicing.models import Document, TimelineEvent
from invoicing.services import correcting
from tenants.models import Tenant
from tests import factories
from tests.clockwork import work_through
from tests.document_pages import address, list_address, text_of

pytestmark = pytest.mark.django_db

REASON = "La venta no se realizó: el cliente desistió"
RIGHTS = (
    "invoicing.view_invoice",
    "invoicing.void_invoice",
    "invoicing.view_timelineevent",
    "core.view_proposal",
)


@pytest.fixture
def tenant(pac: SandboxServer) -> Tenant:
    tenant = factories.a_tenant()
    Tenant.objects.filter(pk=tenant.pk).update(four_eyes_void=True)
    tenant.refresh_from_db()
    return tenant


@pytest.fixture
def ana(tenant: Tenant) -> Staff:
    return factories.a_staff_member(tenant, permissions=(*RIGHTS, "invoicing.void_credit"))


@pytest.fixture
def luis(tenant: Tenant) -> Staff:
    return factories.a_staff_member(tenant, permissions=RIGHTS)


@pytest.fixture
def invoice(tenant: Tenant) -> Document:
    return issued(tenant)


def issued(tenant: Tenant, **changes: Any) -> Document:
    document = services.create_invoice(factories.invoice_json(tenant, **changes), actor=None)
    work_through(rounds=2)
    document.refresh_from_db()
    return document


def browser_of(person: Staff) -> Client:
    client = Client()
    client.force_login(person)
    return client


def told(document: Document) -> list[str]:
    events = TimelineEvent.objects.filter(document_uid=document.uid, code__startswith="void").order_by("pk")
    return list(events.values_list("code", flat=True))


def test_nothing_is_asked_of_the_authority_until_another_person_approves(
    invoice: Document, ana: Staff, luis: Staff, pac: SandboxServer
) -> None:
    document = services.void_invoice(invoice.uid, REASON, actor=ana)
    work_through(rounds=2)
    document.refresh_from_db()
    assert document.void_status == VoidStatus.NONE
    assert pac.journal.requests("void_invoice") == []
    proposal = Proposal.objects.get()
    with pytest.raises(RuleBroken) as refused:
        proposals.approve(proposal, actor=ana)
    assert refused.value.code == "same_person"

    proposals.approve(proposal, actor=luis)
    work_through(rounds=2)
    document.refresh_from_db()
    assert document.void_status == VoidStatus.VOIDED
    assert len(pac.journal.requests("void_invoice")) == 1
    assert told(document) == ["void_proposed", "void_approved", "voided"]
    asked = AuditEntry.objects.get(action="document.void_requested")
    assert (asked.actor_name, asked.after["proposed_by"]) == (luis.username, ana.username)


def test_the_setting_counts_from_an_amount_on(tenant: Tenant, ana: Staff) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(four_eyes_void_above=Decimal("321.00"))
    at_the_amount = issued(tenant)
    above = issued(
        tenant,
        lines=[factories.line(quantity="3")],
        payments=[{"method": "02", "amount": "481.50"}],
    )
    assert at_the_amount.total == Decimal("321.00") < above.total
    assert services.void_invoice(at_the_amount.uid, REASON, actor=ana).void_status == VoidStatus.REQUESTED
    assert services.void_invoice(above.uid, REASON, actor=ana).void_status == VoidStatus.NONE
    assert Proposal.objects.get().target_uid == above.uid


def test_an_approval_after_the_deadline_is_refused_with_the_way_out(
    invoice: Document, ana: Staff, luis: Staff, pac: SandboxServer
) -> None:
    services.void_invoice(invoice.uid, REASON, actor=ana)
    Document.objects.filter(pk=invoice.pk).update(issue_date=timezone.now() - timedelta(hours=182, seconds=1))
    proposal = Proposal.objects.get()
    page = browser_of(luis).post(reverse("admin:core_proposal_approve", args=[proposal.uid]), {"note": ""})
    assert "Emita una nota de crédito" in text_of(page)
    proposal.refresh_from_db()
    invoice.refresh_from_db()
    assert (proposal.state, invoice.void_status) == (Proposal.State.OPEN, VoidStatus.NONE)
    assert pac.journal.requests("void_invoice") == []


def test_a_refusal_and_a_withdrawal_leave_the_document_as_it_was(
    invoice: Document, ana: Staff, luis: Staff
) -> None:
    services.void_invoice(invoice.uid, REASON, actor=ana)
    with pytest.raises(RuleBroken) as twice:
        services.void_invoice(invoice.uid, REASON, actor=luis)
    assert twice.value.code == "already_proposed"
    proposals.refuse(Proposal.objects.get(), actor=luis, note="El cliente sí recibió la mercancía")
    services.void_invoice(invoice.uid, REASON, actor=luis)
    proposals.withdraw(Proposal.objects.open().get(), actor=luis)
    invoice.refresh_from_db()
    assert invoice.void_status == VoidStatus.NONE
    assert told(invoice) == ["void_proposed", "void_not_approved", "void_proposed", "void_withdrawn"]


def test_the_pages_say_what_waits_for_whom(invoice: Document, ana: Staff, luis: Staff) -> None:
    asking = browser_of(ana)
    dialog = text_of(asking.get(address(invoice, "void")))
    assert "usted la propone y otra la aprueba" in dialog
    assert "Proponer la anulación" in dialog
    done = asking.post(address(invoice, "void"), {"reason": REASON}, follow=True)
    assert "Anulación propuesta" in text_of(done)
    page = text_of(browser_of(luis).get(address(invoice)))
    assert "Anular la factura ante la autoridad" in page
    assert REASON in page
    timeline = text_of(browser_of(luis).get(address(invoice) + "?tab=timeline"))
    assert "Se propuso la anulación: la aprueba otra persona" in timeline
    assert "ya está propuesta" in text_of(browser_of(luis).get(address(invoice, "void")))
    approve = reverse("admin:core_proposal_approve", args=[Proposal.objects.get().uid])
    assert "Usted la propuso" in text_of(asking.post(approve, {"note": ""}))
    assert "Aprobada y hecha" in text_of(browser_of(luis).post(approve, {"note": ""}, follow=True))
    invoice.refresh_from_db()
    assert invoice.void_status == VoidStatus.REQUESTED


def test_who_may_not_void_may_not_approve_either(invoice: Document, ana: Staff, tenant: Tenant) -> None:
    services.void_invoice(invoice.uid, REASON, actor=ana)
    approve = reverse("admin:core_proposal_approve", args=[Proposal.objects.get().uid])
    looker = factories.a_staff_member(
        tenant, permissions=("invoicing.view_invoice", "core.view_proposal", "invoicing.void_credit")
    )
    assert browser_of(looker).post(approve, {"note": ""}).status_code == 403
    stranger = factories.a_staff_member(permissions=RIGHTS)
    assert browser_of(stranger).post(approve, {"note": ""}).status_code == 404


def test_in_bulk_each_document_waits_by_itself(tenant: Tenant, ana: Staff, luis: Staff) -> None:
    rows = [issued(tenant), issued(tenant)]
    data = {
        "action": "bulk_void",
        "index": "0",
        "_selected_action": [str(row.pk) for row in rows],
        "reason": REASON,
    }
    asking = browser_of(ana)
    assert "usted la propone y otra la aprueba" in text_of(asking.post(list_address(), data))
    report = text_of(asking.post(list_address(), data | {"confirmed": "1"}))
    assert report.count("Propuesta: la aprueba otra persona") == 2
    first, second = Proposal.objects.order_by("pk")
    proposals.approve(first, actor=luis)
    proposals.refuse(second, actor=luis, note="Esta venta sí se realizó")
    approved = Document.objects.filter(void_status=VoidStatus.REQUESTED)
    assert [row.uid for row in approved] == [first.target_uid]


def test_the_console_has_no_person_to_ask(invoice: Document, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        call_command("void", str(invoice.uid), "--reason", REASON)
    assert ended.value.code == 1
    assert "void_takes_two" in capsys.readouterr().out
    invoice.refresh_from_db()
    assert (invoice.void_status, Proposal.objects.count()) == (VoidStatus.NONE, 0)


def test_a_correction_waits_for_the_second_person_and_says_when_it_was_refused(
    invoice: Document, ana: Staff, luis: Staff
) -> None:
    correction = correcting.start_correction(invoice.uid, reason=REASON, actor=ana)
    assert correcting.obstacle_of(correction) is None
    proposals.refuse(Proposal.objects.get(), actor=luis, note="La factura está bien como está")
    correction = correcting.get_correction(correction.uid, actor=None)
    obstacle = correcting.obstacle_of(correction)
    assert obstacle is not None
    assert obstacle.code == "void_not_approved"
    correcting.try_again(correction.uid, actor=ana)
    proposals.approve(Proposal.objects.open().get(), actor=luis)
    work_through(rounds=3)
    invoice.refresh_from_db()
    assert invoice.void_status == VoidStatus.VOIDED
    assert invoice.is_superseded


def test_only_who_may_set_it_changes_the_setting(tenant: Tenant) -> None:
    page = reverse("admin:tenants_tenant_change", args=[tenant.uid])
    rights = ("tenants.view_tenant", "tenants.change_tenant")
    browser = browser_of(factories.a_staff_member(tenant, permissions=rights))
    assert 'name="four_eyes_void"' not in browser.get(page).content.decode()
    setter = browser_of(factories.a_staff_member(tenant, permissions=(*rights, "tenants.set_four_eyes")))
    assert 'name="four_eyes_void"' in setter.get(page).content.decode()
