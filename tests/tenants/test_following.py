"""The worker follows the affiliation: until the customer has scanned, daily afterwards, and a lapse holds the queue."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cifras.core.models import AuditEntry
from cifras.fiscal.errors import RuleBroken
from cifras.pac.errors import PacError
from cifras.sandbox.server import SandboxServer
from invoicing.models import Document, Incident
from invoicing.services import create_invoice, incidents
from tenants.models import Onboarding, Tenant
from tenants.services import StepState, advance, last_try, pending_steps, refresh_affiliation, run_step
from tenants.services.following import read_due
from tests.clockwork import work_through
from tests.factories import a_tenant, an_administrator, contribuyente, invoice_json
from tests.onboarding import begun

pytestmark = pytest.mark.django_db


def a_company_that_waits(pac: SandboxServer, **changes: Any) -> Onboarding:
    pac.behaviour.auto_scan = False
    onboarding = begun(**changes)
    advance(onboarding, actor=None)
    return reload(onboarding)


def reload(onboarding: Onboarding) -> Onboarding:
    return Onboarding.objects.select_related("tenant").get(pk=onboarding.pk)


def company_of(pac: SandboxServer, tenant: Tenant) -> Any:
    return pac.authority.companies[tenant.pac_company_id or ""]


def let_its_turn_come(tenant: Tenant) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(affiliation_due_at=timezone.now())


def calls(pac: SandboxServer) -> list[tuple[str, str | None]]:
    return [(each.operation, each.query.get("affiliationType")) for each in pac.journal.requests()]


def a_live_tenant(**changes: Any) -> Tenant:
    tenant = a_tenant(environment="live", **changes)
    tenant.affiliation_read_at = timezone.now()
    tenant.save()
    return tenant


def test_a_company_is_read_until_it_is_affiliated_and_then_waits_for_a_person(pac: SandboxServer) -> None:
    onboarding = a_company_that_waits(pac, environment="live")
    assert read_due() == 0, "it was read a moment ago"
    let_its_turn_come(onboarding.tenant)
    assert read_due() == 1
    assert not reload(onboarding).tenant.may_issue_live

    pac.authority.scan(company_of(pac, onboarding.tenant))
    let_its_turn_come(onboarding.tenant)
    assert read_due() == 1
    fresh = reload(onboarding)
    assert (fresh.tenant.affiliated, fresh.tenant.may_issue_live) == ("SUBSCRIBED", True)
    assert last_try(fresh, "finish_affiliation").state is StepState.DONE
    assert fresh.tenant.state == Tenant.State.ONBOARDING, "activating is for a person"
    assert [each.step for each in pending_steps(fresh.tenant)] == ["activate"]


def test_the_waits_grow_from_seconds_to_hours(pac: SandboxServer) -> None:
    onboarding = a_company_that_waits(pac)
    waits = []
    for days in (0, 0.1, 10):
        entry = onboarding.steps["request_affiliation"] | {
            "at": (timezone.now() - timedelta(days=days)).isoformat()
        }
        Onboarding.objects.update(
            steps={**onboarding.steps, "request_affiliation": entry}, qr_read_at=timezone.now()
        )
        let_its_turn_come(onboarding.tenant)
        read_due()
        tenant = reload(onboarding).tenant
        assert tenant.affiliation_due_at is not None
        assert tenant.affiliation_read_at is not None
        waits.append((tenant.affiliation_due_at - tenant.affiliation_read_at).total_seconds())
    assert waits == sorted(waits)
    assert (waits[0], waits[2]) == (20, 7200)


def test_reading_does_not_disturb_a_person_at_work(pac: SandboxServer) -> None:
    onboarding = a_company_that_waits(pac)
    let_its_turn_come(onboarding.tenant)
    read_due()
    run_step(onboarding, "request_affiliation", actor=None)


def test_an_old_code_is_fetched_again_while_somebody_waits(pac: SandboxServer) -> None:
    onboarding = a_company_that_waits(pac)
    yesterday = timezone.now() - timedelta(hours=25)
    Onboarding.objects.update(qr_read_at=yesterday, qr="old")
    let_its_turn_come(onboarding.tenant)
    read_due()
    fresh = reload(onboarding)
    assert fresh.qr.startswith("http")
    assert fresh.qr_read_at is not None
    assert fresh.qr_read_at > yesterday


def test_a_provider_that_fails_is_left_alone_for_the_round_and_asked_again_later(pac: SandboxServer) -> None:
    for _ in range(3):
        let_its_turn_come(a_company_that_waits(pac).tenant)
    pac.faults.add("500_before", "get_company", times=20)
    before = len(pac.journal.requests("get_company"))
    assert read_due() == 1
    assert 1 <= len(pac.journal.requests("get_company")) - before <= 2, "in-call repeats of one reading"
    pac.faults.clear()
    assert read_due() == 2


def test_an_affiliated_live_company_is_read_daily_and_a_sandbox_one_never(pac: SandboxServer) -> None:
    live, practice = a_live_tenant(), a_tenant()
    assert read_due() == 0
    yesterday = timezone.now() - timedelta(days=1, minutes=1)
    Tenant.objects.update(affiliation_read_at=yesterday)
    assert read_due() == 1
    live.refresh_from_db()
    practice.refresh_from_db()
    assert live.affiliation_read_at is not None
    assert live.affiliation_read_at > yesterday
    assert live.affiliation_due_at is not None
    assert practice.affiliation_read_at == yesterday
    assert read_due() == 0


def test_closed_companies_are_left_alone(pac: SandboxServer) -> None:
    tenant = a_live_tenant(state=Tenant.State.CLOSED)
    let_its_turn_come(tenant)
    assert read_due() == 0


def test_a_lapse_is_found_by_the_daily_read_becomes_an_incident_and_holds_the_queue(
    pac: SandboxServer,
) -> None:
    tenant = a_live_tenant()
    document = create_invoice(invoice_json(tenant), actor=None)
    company = company_of(pac, tenant)
    pac.authority.lapse(company)
    let_its_turn_come(tenant)
    read_due()
    tenant.refresh_from_db()
    assert (tenant.may_issue_live, tenant.affiliated) == (False, "REQUESTED")
    assert tenant.affiliation_lapsed_at is not None
    assert [each.code for each in pending_steps(tenant)] == ["affiliation_lapsed"]

    incidents.refresh_holds()
    incident = Incident.objects.get(tenant=tenant)
    document.refresh_from_db()
    assert (incident.code, document.held_reason) == ("affiliation_lapsed", "affiliation_lapsed")
    incidents.refresh_holds()
    assert Incident.objects.count() == 1

    incidents.release(incident, actor=None)
    work_through(rounds=1)
    assert Document.objects.get().submission == "QUEUED", "released too early, it is held by another incident"
    assert pac.journal.requests("create_invoice") == []


def test_the_way_back_from_a_lapse_is_the_affiliation_anew_and_then_reanudar(pac: SandboxServer) -> None:
    onboarding = begun(environment="live")
    advance(onboarding, actor=None)
    tenant = reload(onboarding).tenant
    create_invoice(invoice_json(tenant), actor=None)
    pac.behaviour.auto_scan = False
    pac.authority.lapse(company_of(pac, tenant))
    work_through(rounds=1)
    assert Incident.objects.filter(tenant=tenant, released_at=None).exists()

    run_step(reload(onboarding), "request_affiliation", actor=None)
    pac.authority.scan(company_of(pac, tenant))
    let_its_turn_come(tenant)
    read_due()
    tenant.refresh_from_db()
    assert (tenant.may_issue_live, tenant.affiliation_lapsed_at) == (True, None)
    assert pending_steps(tenant) == []
    incidents.release(Incident.objects.get(released_at=None), actor=None)
    work_through()
    assert Document.objects.get().legal_status == "DGI_AUTHORIZED"


def test_ap1010_records_the_lapse_and_reads_the_company(pac: SandboxServer) -> None:
    tenant = a_live_tenant()
    create_invoice(invoice_json(tenant), actor=None)
    pac.authority.lapse(company_of(pac, tenant))
    work_through(rounds=1)
    tenant.refresh_from_db()
    assert tenant.affiliation_lapsed_at is not None
    assert tenant.affiliated == "REQUESTED", "its own word was asked for at once"
    assert Incident.objects.get().tenant == tenant
    assert AuditEntry.objects.filter(chain=tenant.uid, action="tenant.affiliation_lapsed").count() == 1


def test_4003_from_the_dgi_is_a_lapse_that_the_old_word_does_not_end(pac: SandboxServer) -> None:
    tenant = a_live_tenant()
    rejected = invoice_json(tenant, receiver=contribuyente(name="RECHAZO-QR"))
    create_invoice(rejected, actor=None)
    work_through(rounds=2)
    assert Document.objects.get().legal_status == "DGI_REJECTED"
    tenant.refresh_from_db()
    assert (tenant.affiliated, tenant.may_issue_live) == ("SUBSCRIBED", False)
    assert Incident.objects.get(tenant=tenant).code == "affiliation_lapsed"

    refresh_affiliation(tenant, actor=None)
    assert not tenant.may_issue_live, "the company carried that word before the DGI complained"
    with pytest.raises((RuleBroken, PacError)):
        create_invoice(invoice_json(tenant), actor=None)

    onboarding = Onboarding.objects.create(tenant=tenant)
    run_step(onboarding, "request_affiliation", actor=None)
    run_step(onboarding, "finish_affiliation", actor=None)
    tenant.refresh_from_db()
    assert (tenant.may_issue_live, tenant.affiliation_lapsed_at) == (True, None)


def test_another_rejection_is_no_lapse(pac: SandboxServer) -> None:
    tenant = a_live_tenant()
    create_invoice(invoice_json(tenant, receiver=contribuyente(name="RECHAZO-DGI")), actor=None)
    work_through(rounds=1)
    tenant.refresh_from_db()
    assert tenant.may_issue_live


def test_the_page_says_since_when_it_has_lapsed(client: Client) -> None:
    tenant = Tenant.objects.create(
        ruc="253-92-57027",
        legal_name="Una, S.A.",
        state="active",
        pac_company_id="c",
        affiliation_lapsed_at=timezone.now(),
    )
    client.force_login(an_administrator())
    page = client.get(reverse("admin:tenants_tenant_change", args=[tenant.uid])).content.decode()
    assert "La afiliación caducó el" in page


def test_the_incident_leads_to_the_affiliation_anew(client: Client, pac: SandboxServer) -> None:
    onboarding = begun(environment="live")
    advance(onboarding, actor=None)
    pac.authority.lapse(company_of(pac, onboarding.tenant))
    refresh_affiliation(reload(onboarding).tenant, actor=None)
    incidents.refresh_holds()
    client.force_login(an_administrator())
    address = reverse("admin:invoicing_incident_change", args=[Incident.objects.get().uid])
    step = reverse("admin:tenants_tenant_onboard_step", args=[onboarding.uid, "request_affiliation"])
    page = client.get(address).content.decode()
    assert "Rehacer la afiliación" in page
    assert step in page
    assert client.get(step).status_code == 200
