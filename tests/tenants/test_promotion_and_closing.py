"""From practice to the real thing, and the end of a company or an office: what goes along, what stands in the way."""

from typing import Any

import pytest
from django.utils import timezone

from cifras.core.models import AuditEntry
from cifras.fiscal.errors import RuleBroken
from cifras.fiscal.lifecycle import Submission
from cifras.sandbox.server import SandboxServer
from invoicing.models import Document, Receiver
from invoicing.services import create_credit, create_invoice, void_invoice
from tenants.models import Onboarding, Tenant
from tenants.services import (
    advance,
    close_office,
    close_tenant,
    pending_steps,
    promote_tenant,
    promotion_plan,
    reopen_office,
    run_step,
    start_onboarding,
)
from tests import certificates
from tests.clockwork import work_through
from tests.factories import (
    a_staff_member,
    a_tenant,
    an_administrator,
    an_office,
    credit_json,
    invoice_json,
)
from tests.onboarding import begun, office_json, onboarding_json

pytestmark = pytest.mark.django_db

REASON = "La empresa se fusionó con otra del grupo"


def a_practised_company() -> Tenant:
    """A sandbox company with two offices, one of them closed, and a receiver."""
    offices = [office_json(billing_points=[{"code": "001", "first_number": 9630001}, "002"])]
    onboarding = begun(offices=[*offices, office_json("0002", type="associated")])
    advance(onboarding, actor=None)
    tenant = onboarding.tenant
    tenant.offices.filter(code="0002").update(closed_at=timezone.now())
    Tenant.objects.filter(pk=tenant.pk).update(grace_days=7)
    Receiver.objects.create(tenant=tenant, code="C-1", name="Cliente Uno", emails=["uno@cliente.test"])
    return Tenant.objects.get(pk=tenant.pk)


def refusals(error: Any) -> list[str]:
    return [each.code for each in error.value.reasons]


def test_a_promotion_begins_the_live_twin_with_what_may_go_along(pac: SandboxServer) -> None:
    tenant, ana = a_practised_company(), an_administrator(username="ana")
    create_invoice(invoice_json(tenant), actor=None)
    plan = promotion_plan(tenant)
    assert (plan.offices, plan.points, [each.count for each in plan.others], plan.twin) == (1, 2, [1], None)

    onboarding = promote_tenant(tenant, actor=ana)
    twin = Tenant.objects.get(environment="live")
    assert onboarding.tenant == twin
    assert (twin.ruc, twin.legal_name, twin.grace_days, twin.state) == (
        tenant.ruc,
        tenant.legal_name,
        7,
        Tenant.State.ONBOARDING,
    )
    assert (twin.pac_company_id, twin.affiliated, twin.may_issue_live) == (None, "", False)
    office = twin.offices.get()
    assert (office.code, office.pac_office_id, office.registration) == ("0001", "", "pending")
    assert list(office.billing_points.values_list("code", "first_number")) == [("001", 1), ("002", 1)]
    assert list(twin.receivers.values_list("code", "emails")) == [("C-1", ["uno@cliente.test"])]
    assert twin.documents.count() == 0
    assert {each.step for each in pending_steps(twin)} == {
        "certificate",
        "create_company",
        "request_affiliation",
        "finish_affiliation",
        "register_offices",
        "activate",
    }
    for chain in (tenant.uid, twin.uid):
        assert AuditEntry.objects.get(action="tenant.promoted", chain=chain).actor_name == "ana"


def test_the_twin_comes_to_issue_by_its_own_onboarding(pac: SandboxServer) -> None:
    tenant = a_practised_company()
    pac.authority.companies.pop(tenant.pac_company_id or "")  # the live provider is another one
    onboarding = promote_tenant(tenant, actor=None)
    run_step(
        onboarding,
        "certificate",
        actor=None,
        certificate=certificates.a_p12(tenant.ruc),
        password=certificates.PASSWORD,
    )
    assert advance(onboarding, actor=None) == []
    twin = Tenant.objects.get(environment="live")
    assert (twin.state, pending_steps(twin)) == (Tenant.State.ACTIVE, [])
    create_invoice(invoice_json(twin), actor=None)
    work_through()
    assert Document.objects.get().number == "0000000001"


def test_promoting_again_changes_nothing_that_is_there(pac: SandboxServer) -> None:
    tenant = a_practised_company()
    first = promote_tenant(tenant, actor=None)
    Tenant.objects.filter(environment="live").update(trade_name="Otra marca")
    Receiver.objects.filter(tenant=first.tenant).update(name="Mejor nombre")
    Receiver.objects.create(tenant=tenant, code="C-2", name="Cliente Dos")
    entries = AuditEntry.objects.filter(action="tenant.promoted").count()

    second = promote_tenant(tenant, actor=None)
    assert second.pk == first.pk
    twin = Tenant.objects.get(environment="live")
    assert twin.trade_name == "Otra marca"
    assert dict(twin.receivers.values_list("code", "name")) == {"C-1": "Mejor nombre", "C-2": "Cliente Dos"}
    assert twin.offices.count() == 1
    promote_tenant(tenant, actor=None)
    assert AuditEntry.objects.filter(action="tenant.promoted").count() == entries + 2, "once with news"


def test_only_an_open_sandbox_company_is_promoted(pac: SandboxServer) -> None:
    live = a_tenant(environment="live")
    closed = Tenant.objects.create(ruc="253-92-57027", legal_name="Una, S.A.", state="closed")
    for tenant, code in ((live, "already_live"), (closed, "tenant_closed")):
        with pytest.raises(RuleBroken) as refused:
            promote_tenant(tenant, actor=None)
        assert refusals(refused) == [code]


def test_a_twin_out_of_sight_is_not_taken_up(pac: SandboxServer) -> None:
    tenant = a_practised_company()
    promote_tenant(tenant, actor=None)
    stranger = a_staff_member(tenant)
    with pytest.raises(RuleBroken) as refused:
        promote_tenant(tenant, actor=stranger)
    assert refusals(refused) == ["tenant_out_of_sight"]
    mine = a_staff_member(tenant)
    Tenant.objects.filter(environment="live").update(state="closed")
    promote_tenant(tenant, actor=mine)
    assert set(mine.grants.values_list("tenant__environment", flat=True)) == {"sandbox", "live"}


def test_a_company_closes_for_its_successor_and_what_was_issued_goes_on(pac: SandboxServer) -> None:
    tenant, successor, ana = a_tenant(), a_tenant(), an_administrator(username="ana")
    invoice = create_invoice(invoice_json(tenant), actor=None)
    work_through()
    close_tenant(tenant, reason=REASON, successor=successor, actor=ana)
    tenant.refresh_from_db()
    assert (tenant.state, tenant.successor) == (Tenant.State.CLOSED, successor)
    assert tenant.closed_at is not None
    entry = AuditEntry.objects.get(action="tenant.closed")
    assert (entry.reason, entry.actor_name, entry.after["successor"]) == (REASON, "ana", str(successor.uid))

    with pytest.raises(RuleBroken):
        create_invoice(invoice_json(tenant), actor=None)
    void_invoice(invoice.uid, "La venta ya no se hizo, el cliente desistió", actor=None)
    work_through()
    assert Document.objects.get(pk=invoice.pk).void_status == "VOIDED"
    again = start_onboarding(onboarding_json(ruc=tenant.ruc, dv=tenant.dv), actor=None)
    assert again.tenant != tenant, "the same RUC may come in anew"


@pytest.mark.parametrize("submission", [Submission.QUEUED, Submission.SENDING, Submission.UNKNOWN])
def test_nothing_is_closed_over_a_document_in_flight(pac: SandboxServer, submission: Submission) -> None:
    tenant = a_tenant()
    create_invoice(invoice_json(tenant), actor=None)
    Document.objects.update(submission=submission)
    with pytest.raises(RuleBroken) as refused:
        close_tenant(tenant, reason=REASON, successor=tenant, actor=None)
    assert refusals(refused) == ["successor", "documents_in_flight"], "all reasons at once"
    assert Tenant.objects.get().state == Tenant.State.ACTIVE


def test_nothing_is_closed_over_a_void_in_course(pac: SandboxServer) -> None:
    tenant = a_tenant()
    invoice = create_invoice(invoice_json(tenant), actor=None)
    work_through()
    void_invoice(invoice.uid, "La venta ya no se hizo, el cliente desistió", actor=None)
    with pytest.raises(RuleBroken) as refused:
        close_tenant(tenant, reason=REASON, actor=None)
    assert refusals(refused) == ["voids_in_course"]


def test_a_company_in_doubt_at_the_provider_is_not_closed_and_a_waiting_certificate_is_erased() -> None:
    onboarding = begun()
    Onboarding.objects.update(company_unknown=True)
    with pytest.raises(RuleBroken) as refused:
        close_tenant(onboarding.tenant, reason=REASON, actor=None)
    assert refusals(refused) == ["company_unknown"]
    Onboarding.objects.update(company_unknown=False)
    close_tenant(onboarding.tenant, reason=REASON, actor=None)
    assert not Onboarding.objects.get().certificate
    with pytest.raises(RuleBroken) as twice:
        close_tenant(onboarding.tenant, reason=REASON, actor=None)
    assert refusals(twice) == ["tenant_state"]


def test_a_successor_is_another_open_company_of_the_same_environment() -> None:
    tenant = Tenant.objects.create(ruc="1-1-1", legal_name="Una")
    live = Tenant.objects.create(ruc="2-2-2", legal_name="Dos", environment="live")
    closed = Tenant.objects.create(ruc="3-3-3", legal_name="Tres", state="closed")
    for successor in (tenant, live, closed):
        with pytest.raises(RuleBroken) as refused:
            close_tenant(tenant, reason=REASON, successor=successor, actor=None)
        assert [each.field for each in refused.value.reasons] == ["successor"]
    with pytest.raises(RuleBroken) as short:
        close_tenant(tenant, reason="porque sí", actor=None)
    assert short.value.field == "reason"


def test_a_closed_office_is_frozen_while_notes_and_voids_go_on_and_it_may_reopen(pac: SandboxServer) -> None:
    tenant = a_tenant()
    office = an_office(tenant, "0002")
    invoices = [create_invoice(invoice_json(tenant, office="0002"), actor=None) for _ in range(2)]
    work_through()
    close_office(office, reason=REASON, actor=None)
    with pytest.raises(RuleBroken) as refused:
        create_invoice(invoice_json(tenant, office="0002"), actor=None)
    assert "office_closed" in refusals(refused)

    note = create_credit(credit_json(tenant, invoices[0].external_id, office="0002"), actor=None)
    void_invoice(invoices[1].uid, "La venta ya no se hizo, el cliente desistió", actor=None)
    work_through()
    assert Document.objects.get(pk=note.pk).legal_status == "DGI_AUTHORIZED"
    assert Document.objects.get(pk=invoices[1].pk).void_status == "VOIDED"

    with pytest.raises(RuleBroken) as twice:
        close_office(office, reason=REASON, actor=None)
    assert refusals(twice) == ["office_state"]
    reopen_office(office, reason=REASON, actor=None)
    third = create_invoice(invoice_json(tenant, office="0002"), actor=None)
    assert third.number == "0000000003", "the series goes on where it stopped"
    actions = AuditEntry.objects.filter(action__startswith="office.").values_list("action", flat=True)
    assert list(actions.order_by("sequence")) == ["office.closed", "office.reopened"]


def test_the_main_office_is_the_last_to_close(pac: SandboxServer) -> None:
    tenant = a_tenant()
    main, branch = tenant.offices.get(), an_office(tenant, "0002")
    with pytest.raises(RuleBroken) as refused:
        close_office(main, reason=REASON, actor=None)
    assert refusals(refused) == ["main_office_last"]
    assert "0002" in refused.value.message
    close_office(branch, reason=REASON, actor=None)
    close_office(main, reason=REASON, actor=None)
    main.refresh_from_db()
    assert main.closed_at is not None
