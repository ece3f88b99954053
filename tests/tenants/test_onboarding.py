"""A company comes to issue: steps over a stored record, whoever runs them, however often."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from cifras.core import audit
from cifras.core.models import AuditEntry
from cifras.fiscal.errors import RuleBroken
from cifras.pac.errors import PacError
from cifras.sandbox.server import SandboxServer
from cifras.sandbox.taxpayer import JURIDICO, check_digit
from tenants.access import tenants_for
from tenants.models import Certificate, Exchange, Office, Onboarding, Tenant
from tenants.services import (
    StepState,
    advance,
    last_try,
    pending_steps,
    refresh_affiliation,
    run_step,
    start_onboarding,
)
from tests import certificates
from tests.factories import a_staff_member, an_administrator
from tests.onboarding import begun, office_json, onboarding_json

pytestmark = pytest.mark.django_db


def operations(pac: SandboxServer) -> list[str]:
    return [received.operation for received in pac.journal.requests()]


def pending(onboarding: Onboarding) -> list[str]:
    return [each.step for each in pending_steps(Tenant.objects.get(pk=onboarding.tenant_id))]


def reload(onboarding: Onboarding) -> Onboarding:
    return Onboarding.objects.select_related("tenant").get(pk=onboarding.pk)


def test_one_run_brings_a_company_to_where_it_issues(pac: SandboxServer) -> None:
    onboarding = begun()
    assert advance(onboarding, actor=None) == []
    tenant = Tenant.objects.get(pk=onboarding.tenant_id)
    assert tenant.state == Tenant.State.ACTIVE
    assert (tenant.affiliated, tenant.may_issue_live) == ("SUBSCRIBED", True)
    assert [company.id for company in pac.authority.companies.values()] == [tenant.pac_company_id]
    office = tenant.offices.get()
    assert (office.registration, office.billing_points.get().code) == (Office.Registration.DONE, "001")
    assert [each.id for each in pac.authority.offices.values()] == [office.pac_office_id]
    assert pending_steps(tenant) == []
    assert reload(onboarding).finished_at is not None


def test_the_steps_leave_in_the_order_of_the_papers(pac: SandboxServer) -> None:
    advance(begun(), actor=None)
    calls = [(each.operation, each.query.get("affiliationType")) for each in pac.journal.requests()]
    assert calls == [
        ("list_companies", None),
        ("create_company", None),
        ("affiliate_company", "3"),
        ("affiliate_company", "1"),
        ("get_company", None),
        ("list_offices", None),
        ("create_office", None),
    ]


def test_nothing_is_asked_of_the_provider_again_once_all_is_done(pac: SandboxServer) -> None:
    onboarding = begun()
    advance(onboarding, actor=None)
    asked = len(operations(pac))
    assert advance(reload(onboarding), actor=None) == []
    assert len(operations(pac)) == asked


def test_a_company_that_the_provider_has_already_is_found_and_not_created(pac: SandboxServer) -> None:
    onboarding = begun()
    known = pac.authority.add_company(ruc=onboarding.tenant.ruc, name="La misma", affiliated=None)
    advance(onboarding, actor=None)
    assert onboarding.tenant.pac_company_id == known.id
    assert "create_company" not in operations(pac)
    assert "ya existía" in " ".join(last_try(reload(onboarding), "create_company").sentences)
    assert Certificate.objects.get(tenant=onboarding.tenant).accepted_at is None


def test_until_the_customer_has_scanned_only_the_affiliation_is_pending(pac: SandboxServer) -> None:
    pac.behaviour.auto_scan = False
    onboarding = begun()
    assert advance(onboarding, actor=None) == []
    assert pending(onboarding) == ["finish_affiliation"]
    assert onboarding.tenant.state == Tenant.State.ACTIVE, "a sandbox tenant issues without affiliation"
    waiting = reload(onboarding)
    assert last_try(waiting, "finish_affiliation").state is StepState.WAITING
    assert waiting.qr.startswith("http")
    assert waiting.qr_read_at is not None

    pac.authority.scan(pac.authority.companies[onboarding.tenant.pac_company_id or ""])
    assert advance(waiting, actor=None) == []
    assert pending(onboarding) == []
    assert operations(pac).count("affiliate_company") == 3, "the code was not asked for again"


def test_a_live_tenant_is_activated_only_with_its_affiliation(pac: SandboxServer) -> None:
    pac.behaviour.auto_scan = False
    onboarding = begun(environment="live")
    advance(onboarding, actor=None)
    assert pending(onboarding) == ["finish_affiliation", "activate"]
    with pytest.raises(RuleBroken) as refused:
        run_step(reload(onboarding), "activate", actor=None)
    assert refused.value.field == "finish_affiliation"
    assert reload(onboarding).tenant.state == Tenant.State.ONBOARDING

    pac.authority.scan(pac.authority.companies[onboarding.tenant.pac_company_id or ""])
    assert advance(reload(onboarding), actor=None) == []
    assert reload(onboarding).tenant.state == Tenant.State.ACTIVE


def test_a_lapse_of_the_affiliation_shows_when_the_company_is_read(pac: SandboxServer) -> None:
    onboarding = begun()
    advance(onboarding, actor=None)
    tenant = onboarding.tenant
    pac.authority.lapse(pac.authority.companies[tenant.pac_company_id or ""])
    refresh_affiliation(tenant, actor=None)
    assert (tenant.affiliated, tenant.may_issue_live) == ("REQUESTED", False)
    assert pending(onboarding) == ["finish_affiliation"]


def test_a_step_out_of_turn_says_what_comes_before_it() -> None:
    onboarding = start_onboarding(onboarding_json(), actor=None)
    with pytest.raises(RuleBroken) as refused:
        run_step(onboarding, "create_company", actor=None)
    assert refused.value.code == "step_too_early"
    assert "certificado" in refused.value.message


def test_an_onboarding_begins_with_the_tax_id_alone_and_goes_on_step_by_step(pac: SandboxServer) -> None:
    whole = onboarding_json()
    who = {name: whole[name] for name in ("country", "pac_provider", "environment", "ruc", "ruc_type", "dv")}
    onboarding = start_onboarding(who, actor=None)
    assert pending(onboarding) == [
        "company",
        "certificate",
        "create_company",
        "request_affiliation",
        "finish_affiliation",
        "offices",
        "activate",
    ]
    run_step(onboarding, "ruc", actor=None)
    run_step(onboarding, "company", actor=None, legal_name="Nueva, S.A.", email="hola@nueva.test")
    run_step(onboarding, "offices", actor=None, offices=[office_json()])
    run_step(
        onboarding,
        "certificate",
        actor=None,
        certificate=certificates.a_p12(whole["ruc"]),
        password=certificates.PASSWORD,
    )
    assert advance(onboarding, actor=None) == []
    tenant = Tenant.objects.get(pk=onboarding.tenant_id)
    assert (tenant.legal_name, tenant.email, tenant.state) == ("Nueva, S.A.", "hola@nueva.test", "active")


def test_beginning_again_takes_up_the_same_record(pac: SandboxServer) -> None:
    request = onboarding_json()
    first, second = start_onboarding(request, actor=None), start_onboarding(request, actor=None)
    assert (first.pk, Tenant.objects.count()) == (second.pk, 1)
    elsewhere = start_onboarding({**request, "environment": "live"}, actor=None)
    assert elsewhere.pk != first.pk


def test_what_was_mistyped_is_mended_until_the_provider_has_it(pac: SandboxServer) -> None:
    onboarding = begun()
    ruc = onboarding.tenant.ruc
    start_onboarding(onboarding_json(ruc=ruc, legal_name="Con otro nombre, S.A."), actor=None)
    onboarding = reload(onboarding)
    assert onboarding.tenant.legal_name == "Con otro nombre, S.A."
    advance(onboarding, actor=None)
    with pytest.raises(RuleBroken) as refused:
        start_onboarding(onboarding_json(ruc=ruc, legal_name="Demasiado tarde, S.A."), actor=None)
    assert next((each.code, each.field) for each in refused.value.reasons) == (
        "company_already_sent",
        "legal_name",
    )
    assert reload(onboarding).tenant.legal_name == "Con otro nombre, S.A."


def test_offices_are_registered_main_one_first_and_each_with_its_points(pac: SandboxServer) -> None:
    offices = [
        office_json("0000", type="associated", billing_points=[{"code": "002", "first_number": 501}, "003"]),
        office_json("0001"),
    ]
    onboarding = begun(offices=offices)
    advance(onboarding, actor=None)
    registered = list(pac.authority.offices.values())
    assert [(office.code, office.type) for office in registered] == [("0001", "main"), ("0000", "associated")]
    points = Office.objects.get(tenant=onboarding.tenant, code="0000").billing_points.order_by("code")
    assert list(points.values_list("code", "first_number")) == [("002", 501), ("003", 1)]


def test_an_office_added_later_is_registered_alone(pac: SandboxServer) -> None:
    onboarding = begun()
    advance(onboarding, actor=None)
    more = [office_json(), office_json("0002", type="associated")]
    run_step(onboarding, "offices", actor=None, offices=more)
    assert pending(onboarding) == ["register_offices"]
    advance(onboarding, actor=None)
    assert [office.code for office in pac.authority.offices.values()] == ["0001", "0002"]


def test_offices_change_places_until_the_provider_has_them(pac: SandboxServer) -> None:
    onboarding = begun(offices=[office_json("0001"), office_json("0002", type="associated")])
    swapped = [office_json("0002"), office_json("0003", type="associated")]
    run_step(onboarding, "offices", actor=None, offices=swapped)
    kinds = dict(Office.objects.filter(tenant=onboarding.tenant).values_list("code", "type"))
    assert kinds == {"0002": "main", "0003": "associated"}
    advance(onboarding, actor=None)
    with pytest.raises(RuleBroken) as refused:
        run_step(onboarding, "offices", actor=None, offices=[office_json("0002", address="Otra calle 5")])
    assert (refused.value.code, refused.value.field) == ("office_already_sent", "offices[0].address")


def test_a_refused_office_is_told_in_the_providers_words_and_the_others_go_on(pac: SandboxServer) -> None:
    offices = [office_json("0001"), *(office_json(code, type="associated") for code in ("0002", "0003"))]
    onboarding = begun(offices=offices)
    Office.objects.filter(code="0002").update(coordinates="somewhere")
    errors = advance(onboarding, actor=None)
    assert [error.code for error in errors] == ["refused"]
    assert isinstance(errors[0], PacError)
    assert "sucursal" in errors[0].message
    assert errors[0].provider_words
    kept = last_try(reload(onboarding), "register_offices")
    assert (kept.state, kept.answer) == (StepState.FAILED, errors[0].provider_words)
    assert [office.code for office in pac.authority.offices.values()] == ["0001", "0003"]
    assert pending(onboarding) == ["register_offices", "activate"]


def test_a_main_office_that_may_not_be_added_is_changed_instead(pac: SandboxServer) -> None:
    pac.behaviour.main_office_by_patch = True
    onboarding = begun()
    assert advance(onboarding, actor=None) == []
    assert Office.objects.get(tenant=onboarding.tenant).pac_office_id in pac.authority.offices


@pytest.mark.parametrize("step", ["create_company", "request_affiliation", "register_offices"])
def test_a_provider_that_cannot_be_reached_leaves_the_step_to_be_repeated(
    pac: SandboxServer, step: str, settings: Any
) -> None:
    onboarding = begun()
    if step != "create_company":
        run_step(onboarding, "create_company", actor=None)
    settings.PAC_SANDBOX_BASE_URL = "http://127.0.0.1:9"
    with pytest.raises(PacError):
        run_step(onboarding, step, actor=None)
    assert last_try(reload(onboarding), step).state is StepState.FAILED
    assert not reload(onboarding).company_unknown
    settings.PAC_SANDBOX_BASE_URL = pac.base_url
    assert advance(reload(onboarding), actor=None) == []
    assert len(pac.authority.companies) == len(pac.authority.offices) == 1


def test_two_operators_do_not_overwrite_one_another(pac: SandboxServer) -> None:
    onboarding = begun()
    mine, hers = reload(onboarding), reload(onboarding)
    run_step(mine, "create_company", actor=None)
    with pytest.raises(RuleBroken) as refused:
        run_step(hers, "company", actor=None, legal_name="Otro nombre, S.A.")
    assert refused.value.code == "onboarding_changed"
    assert Tenant.objects.get(pk=onboarding.tenant_id).legal_name != "Otro nombre, S.A."
    assert last_try(reload(onboarding), "company").state is StepState.DONE


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_whoever_begins_and_goes_on_at_the_same_moment_ends_with_one_company(pac: SandboxServer) -> None:
    request, everybody = onboarding_json(), Barrier(4)

    def somebody() -> None:
        try:
            everybody.wait()
            onboarding = start_onboarding(request, actor=None)
            with suppress(RuleBroken):
                run_step(
                    onboarding,
                    "certificate",
                    actor=None,
                    certificate=certificates.a_p12(request["ruc"]),
                    password=certificates.PASSWORD,
                )
            everybody.wait()
            advance(reload(onboarding), actor=None)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(somebody) for _ in range(4)]:
            done.result()
    onboarding = Onboarding.objects.get()
    advance(reload(onboarding), actor=None)
    assert pending(onboarding) == []
    assert len(pac.authority.companies) == len(pac.authority.offices) == 1
    assert len(pac.journal.requests("create_company")) == 1


def test_a_step_under_way_holds_the_record_until_it_must_have_died(pac: SandboxServer, settings: Any) -> None:
    onboarding = begun()
    under_way = reload(onboarding)
    entry = {**under_way.steps["certificate"], "state": "running", "by": "ana"}
    Onboarding.objects.filter(pk=onboarding.pk).update(steps={"create_company": entry})
    with pytest.raises(RuleBroken) as refused:
        run_step(reload(onboarding), "create_company", actor=None)
    assert refused.value.code == "step_running"
    assert "ana" in refused.value.message
    entry["at"] = "2020-01-01T00:00:00+00:00"
    Onboarding.objects.filter(pk=onboarding.pk).update(steps={"create_company": entry})
    assert advance(reload(onboarding), actor=None) == []


def test_every_try_shows_who_made_it_when_and_what_was_answered(pac: SandboxServer) -> None:
    ana = an_administrator(username="ana")
    onboarding = begun(actor=ana)
    run_step(onboarding, "create_company", actor=ana)
    made = last_try(reload(onboarding), "create_company")
    assert (made.state, made.by, made.answer) == (
        StepState.DONE,
        "ana",
        onboarding.tenant.pac_company_id,
    )
    assert made.at is not None
    assert Exchange.objects.get(uid=made.exchange_id).operation == "create_company"
    actions = AuditEntry.objects.filter(chain=onboarding.tenant.uid, actor_name="ana")
    assert {"onboarding.started", "onboarding.create_company", "tenant.registered"} <= set(
        actions.values_list("action", flat=True)
    )
    assert audit.verify() == []


def test_who_begins_an_onboarding_sees_the_tenant_and_nobody_else_takes_it_up(pac: SandboxServer) -> None:
    ana, luis = a_staff_member(), a_staff_member()
    onboarding = start_onboarding(request := onboarding_json(), actor=ana)
    assert list(tenants_for(ana)) == [onboarding.tenant]
    with pytest.raises(RuleBroken) as refused:
        start_onboarding(request, actor=luis)
    assert refused.value.code == "tenant_out_of_sight"


def test_a_failed_certificate_leaves_the_good_one_in_place(pac: SandboxServer) -> None:
    onboarding = begun()
    with pytest.raises(RuleBroken) as refused:
        run_step(onboarding, "certificate", actor=None, certificate=certificates.a_p12(), password="otra")
    assert refused.value.code == "certificate_wrong_password"
    assert last_try(reload(onboarding), "certificate").state is StepState.FAILED
    assert advance(reload(onboarding), actor=None) == []


def test_a_newer_certificate_replaces_the_one_not_sent_yet(pac: SandboxServer) -> None:
    onboarding = begun()
    run_step(
        onboarding,
        "certificate",
        actor=None,
        certificate=certificates.a_p12(onboarding.tenant.ruc, password="nueva"),
        password="nueva",
        authentication_certificate=certificates.a_p12(onboarding.tenant.ruc, password="otra"),
        authentication_password="otra",
    )
    advance(onboarding, actor=None)
    rows = Certificate.objects.filter(tenant=onboarding.tenant)
    assert rows.filter(replaced_at=None).exclude(accepted_at=None).count() == 2
    assert rows.exclude(replaced_at=None).filter(accepted_at=None).count() == 1


def test_both_certificates_are_judged_at_once(pac: SandboxServer) -> None:
    onboarding = start_onboarding(onboarding_json(), actor=None)
    with pytest.raises(RuleBroken) as refused:
        run_step(
            onboarding,
            "certificate",
            actor=None,
            certificate=certificates.expired(onboarding.tenant.ruc),
            password=certificates.PASSWORD,
            authentication_certificate=certificates.a_p12("253-92-57027"),
            authentication_password=certificates.PASSWORD,
        )
    assert [(each.code, each.field) for each in refused.value.reasons] == [
        ("certificate_expired", "certificate"),
        ("certificate_other_company", "authentication_certificate"),
    ]


def test_the_nested_body_serves_as_well(pac: SandboxServer, settings: Any) -> None:
    settings.PAC_COMPANY_BODY = "nested"
    onboarding = begun()
    assert advance(onboarding, actor=None) == []
    company = pac.authority.companies[onboarding.tenant.pac_company_id or ""]
    assert company.name == onboarding.tenant.legal_name


def test_a_dv_that_the_provider_contradicts_blocks_until_somebody_gives_a_reason(pac: SandboxServer) -> None:
    natural = onboarding_json(ruc="8-NT-1-123456", dv="52")
    onboarding = start_onboarding(natural, actor=None)
    Tenant.objects.filter(pk=onboarding.tenant_id).update(dv="76")
    onboarding = reload(onboarding)
    with pytest.raises(RuleBroken) as refused:
        run_step(onboarding, "ruc", actor=None)
    assert refused.value.code == "dv_mismatch"
    assert "52" in refused.value.message
    assert "ruc" in pending(onboarding)
    run_step(onboarding, "ruc", actor=None, override_reason="La DGI lo confirmó por escrito")
    assert "ruc" not in pending(onboarding)
    assert "por escrito" in last_try(reload(onboarding), "ruc").sentences[-1]


def test_a_tax_id_that_only_the_provider_can_verify_is_asked_about_first(pac: SandboxServer) -> None:
    finca = "12345-678"
    dv = check_digit(finca, JURIDICO) or ""
    onboarding = begun(ruc=finca, dv=dv)
    assert pending_steps(onboarding.tenant)[0].code == "ruc_open"
    assert advance(onboarding, actor=None) == []
    assert operations(pac)[:2] == ["check_digit", "list_companies"]
    assert last_try(reload(onboarding), "ruc").answer.startswith(dv)
