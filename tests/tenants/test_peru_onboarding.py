"""Companies of Peru, whose account exists at the provider already: what they give, what is tried, what stays pending."""

import json
from pathlib import Path
from typing import Any

import pytest

from cifras.core.models import AuditEntry
from cifras.fiscal.errors import RuleBroken
from cifras.pac.errors import PacError
from cifras.pac.registry import PROVIDERS
from cifras.sandbox.server import SandboxServer
from invoicing.services import create_invoice
from tenants.models import BillingPoint, Exchange, Onboarding, TaxIdCheck, Tenant
from tenants.services import StepState, last_try, pending_steps, run_step, start_onboarding, steps_for
from tenants.services.promotion import promote_tenant
from tests.clockwork import work_through
from tests.peru import boleta_json, factura_json
from tests.peru_onboarding import TOKEN, address_of, an_account, establishment_json, peruvian_json
from tests.tenants.test_onboard_command import onboard

pytestmark = pytest.mark.django_db
SECRET = "7c1e" * 16


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAC_TOKEN", TOKEN)
    monkeypatch.setenv("HOOK_SECRET", SECRET)


def written(folder: Path, data: dict[str, Any]) -> Path:
    path = folder / "empresa.json"
    path.write_text(json.dumps(data))
    return path


def begun(pac: SandboxServer, provider: str = "fabo", **account: str) -> Onboarding:
    """Names and series given, the account taken down, nothing tried."""
    known = an_account(pac, provider)
    onboarding = start_onboarding(
        {
            "country": "PE",
            "pac_provider": provider,
            "environment": "sandbox",
            "ruc": known.ruc,
            "legal_name": known.name,
            "offices": [establishment_json()],
        },
        actor=None,
    )
    given = {"company_id": known.id, "base_url": address_of(pac, provider), "token": TOKEN, **account}
    return run_step(onboarding, "account", actor=None, **given)


def missing(onboarding: Onboarding) -> list[str]:
    tenant = Tenant.objects.get(pk=onboarding.tenant.pk)
    return [each.step for each in pending_steps(tenant)]


@pytest.mark.parametrize(
    ("provider", "more", "options"),
    [
        ("fabo", {"body_format": "text"}, {"body_format": "text"}),
        ("tandia", {"search_path": "plain", "webhook_secret_env": "HOOK_SECRET"}, {"search_path": "plain"}),
    ],
)
def test_a_company_is_onboarded_from_its_file_in_one_run_and_again_without_harm(
    pac: SandboxServer, tmp_path: Path, capsys: Any, provider: str, more: Any, options: Any
) -> None:
    data = peruvian_json(pac, provider, **more)
    code, line = onboard(written(tmp_path, data), capsys)
    tenant = Tenant.objects.get()
    assert (code, line) == (
        0,
        {
            "tenant": str(tenant.uid),
            "pac_company_id": data["pac_company_id"],
            "affiliated": None,
            "offices": [{"code": "0000", "pac_office_id": None}],
            "pending_steps": [],
            "errors": [],
        },
    )
    assert (tenant.state, tenant.ruc_type, tenant.dv, tenant.pac_options) == (
        "active",
        "JURIDICO",
        "",
        options,
    )
    assert tenant.pac_token.reveal() == TOKEN
    assert bool(tenant.webhook_secret) == ("webhook_secret_env" in more)
    series = {point.code: point.first_number for point in BillingPoint.objects.all()}
    assert series == {"F001": 1, "B001": 501, "FC01": 1, "BC01": 1}
    asked = len(pac.journal.requests())
    assert onboard(tmp_path / "empresa.json", capsys) == (0, line)
    assert len(pac.journal.requests()) == asked


def test_what_was_onboarded_issues_at_once_from_its_first_numbers(
    pac: SandboxServer, tmp_path: Path, capsys: Any
) -> None:
    assert onboard(written(tmp_path, peruvian_json(pac, body_format="text")), capsys)[0] == 0
    tenant = Tenant.objects.get()
    made = [create_invoice(build(tenant), actor=None) for build in (factura_json, boleta_json)]
    work_through(rounds=2)
    for document, number in zip(made, ("00000001", "00000501"), strict=True):
        document.refresh_from_db()
        assert (document.legal_status, document.number) == ("DGI_AUTHORIZED", number)


def test_the_register_is_asked_where_the_provider_has_one(
    pac: SandboxServer, tmp_path: Path, capsys: Any
) -> None:
    for provider in ("fabo", "tandia"):
        assert onboard(written(tmp_path, peruvian_json(pac, provider)), capsys)[0] == 0
    assert [check.receiver_word for check in TaxIdCheck.objects.all()] == ["ACTIVO HABIDO"]


def test_all_that_is_wrong_is_said_at_once_and_no_secret_with_it(
    pac: SandboxServer, tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    offices = [
        establishment_json("0000", billing_points=["X001", "0001", {"code": "F001", "first_number": 10**8}]),
        establishment_json("1", type="associated", location="8-8-7", billing_points=["F001"]),
        establishment_json("0002", type="associated", billing_points=[], telephone="no"),
    ]
    wrong = {
        "ruc": "20131312950",
        "dv": "55",
        "certificate": "firma.p12",
        "colour": "red",
        "offices": offices,
    }
    _code, line = onboard(written(tmp_path, peruvian_json(pac, **wrong)), capsys)
    assert {(error["code"], error["field"]) for error in line["errors"]} == {
        ("ruc_check_digit", "ruc"),
        ("dv_not_in_peru", "dv"),
        ("certificate_not_asked", "certificate"),
        ("unknown_member", "colour"),
        ("series_shape", "offices[0].billing_points[0].code"),
        ("series_shape", "offices[0].billing_points[1].code"),
        ("first_number_range", "offices[0].billing_points[2].first_number"),
        ("code_shape", "offices[1].code"),
        ("location_shape", "offices[1].location"),
        ("series_twice", "offices"),
        ("empty_list", "offices[2].billing_points"),
        ("telephone_shape", "offices[2].telephone"),
    }

    monkeypatch.setenv("PAC_TOKEN", TOKEN.upper())
    monkeypatch.delenv("HOOK_SECRET")
    data = peruvian_json(pac, pac_company_id="NOT-A-UUID", base_url="http://10.0.0.1/v1", body_format="xml")
    _code, line = onboard(written(tmp_path, data), capsys)
    assert {(error["code"], error["field"]) for error in line["errors"]} == {
        ("account_shape", "pac_company_id"),
        ("account_shape", "token_env"),
        ("base_url_shape", "base_url"),
        ("not_a_choice", "body_format"),
    }
    assert TOKEN.upper() not in json.dumps(line)
    monkeypatch.delenv("PAC_TOKEN")
    _code, line = onboard(written(tmp_path, peruvian_json(pac)), capsys)
    assert [(error["code"], error["field"]) for error in line["errors"]] == [("secret_missing", "token_env")]
    assert (Tenant.objects.count(), pac.journal.requests()) == (0, [])


@pytest.mark.parametrize(
    "url",
    [
        "https://10.1.2.3/v1",
        "https://169.254.169.254/latest",
        "https://[fd00::1]/v1",
        "http://api.fabo.test/v1",
        "https://user:word@api.fabo.test/v1",
        "https://api.fabo.test/v1?key=1",
        "ftp://api.fabo.test",
        "https://api.fabo.test:99999/v1",
        "https://api.fabo.test/v1/00000000-0000-4000-8000-000000000000",
    ],
)
def test_an_address_that_is_not_the_providers_is_refused(pac: SandboxServer, url: str, settings: Any) -> None:
    settings.PAC_ALLOW_INSECURE_FILES = False
    with pytest.raises(RuleBroken) as refused:
        begun(pac, base_url=url)
    assert [each.field for each in refused.value.reasons] == ["base_url"]
    assert "word" not in str(refused.value)


def test_a_lost_ping_leaves_it_pending_and_the_next_one_settles_it(pac: SandboxServer) -> None:
    onboarding = begun(pac)
    pac.faults.add("drop_after_commit", "hola", times=9)
    with pytest.raises(PacError):
        run_step(onboarding, "ping", actor=None)
    assert missing(onboarding) == ["ping", "ruc", "activate"]
    assert onboarding.tenant.pac_company_id is None
    with pytest.raises(RuleBroken) as refused:
        run_step(onboarding, "ruc", actor=None)
    assert refused.value.code == "step_too_early"
    pac.faults.clear()
    run_step(onboarding, "ping", actor=None)
    run_step(onboarding, "ruc", actor=None)
    run_step(onboarding, "activate", actor=None)
    assert missing(onboarding) == []


def test_a_refused_token_is_corrected_and_tried_again_and_never_kept_in_clear(pac: SandboxServer) -> None:
    pac.behaviour.accepted_keys = {TOKEN}
    onboarding = begun(pac, token=SECRET)
    with pytest.raises(PacError) as refused:
        run_step(onboarding, "ping", actor=None)
    assert last_try(onboarding, "ping").state is StepState.FAILED
    said = [str(refused.value), *pending_texts(onboarding)]
    given = {"company_id": onboarding.data["company_id"], "base_url": onboarding.tenant.pac_base_url}
    run_step(onboarding, "account", actor=None, token=TOKEN, **given)
    run_step(onboarding, "ping", actor=None)
    assert onboarding.tenant.pac_company_id == given["company_id"]
    rows = [*Exchange.objects.values(), *AuditEntry.objects.values(), *Onboarding.objects.values()]
    assert Exchange.objects.filter(operation="hola").count() == 2
    said += map(str, rows)
    assert not any(secret in text for secret in (TOKEN, SECRET) for text in said)


def pending_texts(onboarding: Onboarding) -> list[str]:
    return [each.reason for each in pending_steps(Tenant.objects.get(pk=onboarding.tenant.pk))]


def test_another_account_has_to_be_tried_anew_until_the_company_is_active(pac: SandboxServer) -> None:
    onboarding = begun(pac)
    run_step(onboarding, "ping", actor=None)
    same = {"company_id": onboarding.tenant.pac_company_id, "base_url": onboarding.tenant.pac_base_url}
    run_step(onboarding, "account", actor=None, **same)
    assert onboarding.tenant.pac_company_id, "nothing was different"
    run_step(onboarding, "account", actor=None, body_format="text", **same)
    assert missing(onboarding) == ["ping", "ruc", "activate"]
    for step in ("ping", "ruc", "activate"):
        run_step(onboarding, step, actor=None)
    with pytest.raises(RuleBroken) as refused:
        run_step(onboarding, "account", actor=None, token=SECRET, **same)
    assert refused.value.code == "account_in_use"
    assert onboarding.tenant.pac_token.reveal() == TOKEN


def test_an_account_belongs_to_one_company(pac: SandboxServer) -> None:
    first = begun(pac)
    run_step(first, "ping", actor=None)
    with pytest.raises(RuleBroken) as refused:
        begun(pac, company_id=str(first.tenant.pac_company_id))
    assert refused.value.code == "company_taken"


def test_a_ruc_that_the_register_refuses_is_pending_until_mended(pac: SandboxServer) -> None:
    onboarding = begun(pac)
    run_step(onboarding, "ping", actor=None)
    pac.sunat.strangers.add(onboarding.tenant.ruc)
    with pytest.raises(RuleBroken) as refused:
        run_step(onboarding, "ruc", actor=None)
    assert refused.value.code == "unknown_tax_id"
    assert missing(onboarding) == ["ruc", "activate"]
    run_step(onboarding, "ruc", actor=None, ruc="20131312955")
    assert (onboarding.tenant.ruc, missing(onboarding)) == ("20131312955", ["activate"])


def test_the_steps_follow_from_the_registry(pac: SandboxServer) -> None:
    of = {
        key: list(steps_for(Tenant(pac_provider=key, country=spec.country)))
        for key, spec in PROVIDERS.items()
    }
    assert of["tandia"] == of["fabo"] == ["account", "ping", "ruc", "company", "offices", "activate"]
    assert not {"account", "ping"} & set(of["alanube"])


def test_the_live_twin_begins_without_the_practice_account(pac: SandboxServer) -> None:
    onboarding = begun(pac)
    for step in ("ping", "ruc", "activate"):
        run_step(onboarding, step, actor=None)
    begun_twin = promote_tenant(onboarding.tenant, actor=None)
    twin = begun_twin.tenant
    assert (twin.pac_company_id, bool(twin.pac_token), twin.pac_base_url) == (None, False, "")
    assert [each.step for each in pending_steps(twin)] == ["account", "ping", "ruc", "activate"]

    given = {"company_id": str(onboarding.tenant.pac_company_id), "base_url": onboarding.tenant.pac_base_url}
    run_step(begun_twin, "account", actor=None, token=TOKEN, **given)
    assert not twin.may_issue_live
    run_step(begun_twin, "ping", actor=None)
    assert Tenant.objects.get(pk=twin.pk).may_issue_live, "whoever is let in may issue with legal effect"


def test_a_company_that_practises_never_gets_the_address_where_others_issue(
    pac: SandboxServer, settings: Any
) -> None:
    settings.FABO_BASE_URL = "https://real.fabo.example/v1"
    with pytest.raises(RuleBroken) as refusal:
        begun(pac, base_url="https://real.fabo.example/v1")
    assert (refusal.value.code, refusal.value.field) == ("base_url_of_other_environment", "base_url")
    assert Tenant.objects.get().pac_base_url == ""


def test_one_address_for_both_environments_is_nobodys_alone(pac: SandboxServer, settings: Any) -> None:
    settings.FABO_BASE_URL = settings.FABO_PRACTICE_BASE_URL = address_of(pac, "fabo")
    begun(pac)
    assert Tenant.objects.get().pac_base_url == address_of(pac, "fabo")
