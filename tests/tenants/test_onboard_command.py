"""`manage.py onboard FILE`: JSON in, one JSON line out, and the exit code says whether anything is missing."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from cifras.sandbox.server import SandboxServer
from tenants.models import Onboarding, Tenant
from tests import certificates
from tests.onboarding import office_json, onboarding_json

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("P12_PASSWORD", certificates.PASSWORD)
    return tmp_path


def written(folder: Path, content: bytes | None = None, **changes: Any) -> Path:
    """The JSON file, with a certificate of its company beside it."""
    data = onboarding_json(**changes)
    (folder / "firma.p12").write_bytes(certificates.a_p12(data["ruc"]) if content is None else content)
    path = folder / "empresa.json"
    path.write_text(json.dumps(data))
    return path


def onboard(path: Path | str, capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, Any]:
    code = 0
    try:
        call_command("onboard", str(path), *options)
    except SystemExit as end:
        code = int(end.code or 0)
    out = capsys.readouterr().out
    return code, json.loads(out)


def test_a_company_is_onboarded_in_one_run(pac: SandboxServer, folder: Path, capsys: Any) -> None:
    code, line = onboard(written(folder), capsys)
    tenant = Tenant.objects.get()
    assert code == 0
    assert line == {
        "tenant": str(tenant.uid),
        "pac_company_id": tenant.pac_company_id,
        "affiliated": "SUBSCRIBED",
        "offices": [{"code": "0001", "pac_office_id": tenant.offices.get().pac_office_id}],
        "pending_steps": [],
        "errors": [],
    }
    assert tenant.state == Tenant.State.ACTIVE


def test_another_run_goes_on_where_the_first_one_stopped(
    pac: SandboxServer, folder: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pac.behaviour.auto_scan = False
    path = written(folder)
    code, line = onboard(path, capsys)
    assert code == 1
    assert [each["step"] for each in line["pending_steps"]] == ["finish_affiliation"]
    assert (line["affiliated"], line["errors"]) == ("REQUESTED", [])

    monkeypatch.delenv("P12_PASSWORD")
    (folder / "firma.p12").unlink()
    [company] = pac.authority.companies.values()
    pac.authority.scan(company)
    code, line = onboard(path, capsys)
    assert (code, line["affiliated"], line["pending_steps"]) == (0, "SUBSCRIBED", [])
    assert onboard(path, capsys) == (0, line)
    assert (len(pac.authority.companies), len(pac.authority.offices)) == (1, 1)


def test_a_lost_answer_is_an_error_now_and_settled_by_the_next_run(
    pac: SandboxServer, folder: Path, capsys: Any
) -> None:
    path = written(folder)
    pac.faults.add("drop_after_commit", "create_company")
    pac.faults.add("drop_after_commit", "create_office")
    code, line = onboard(path, capsys)
    assert (code, line["pac_company_id"]) == (1, None)
    assert [error["code"] for error in line["errors"]] == ["unsettled"]
    assert onboard(path, capsys)[0] == 1
    code, line = onboard(path, capsys)
    assert (code, line["errors"], line["pending_steps"]) == (0, [], [])
    assert (len(pac.authority.companies), len(pac.authority.offices)) == (1, 1)


def test_all_that_is_wrong_with_the_file_is_said_at_once_and_nothing_is_stored(
    pac: SandboxServer, folder: Path, capsys: Any
) -> None:
    path = written(folder)
    data = json.loads(path.read_text())
    data |= {
        "dv": "00",
        "colour": "red",
        "logo_url": "http://10.0.0.1/logo.png",
        "environment": "prod",
        "legal_name": None,
        "offices": [
            office_json(
                "1", telephone="123", coordinates="9,-79", location="08-08-11", email="nobody", shape="round"
            ),
            office_json("0002", coordinates="-79.5275519,+9.0017832", billing_points=["000", 7]),
        ],
    }
    path.write_text(json.dumps(data))
    code, line = onboard(path, capsys)
    assert code == 1
    assert {(error["code"], error["field"]) for error in line["errors"]} == {
        ("dv_mismatch", "dv"),
        ("not_a_choice", "environment"),
        ("missing", "legal_name"),
        ("logo_url_shape", "logo_url"),
        ("code_shape", "offices[0].code"),
        ("telephone_shape", "offices[0].telephone"),
        ("coordinates_shape", "offices[0].coordinates"),
        ("location_shape", "offices[0].location"),
        ("email_shape", "offices[0].email"),
        ("coordinates_abroad", "offices[1].coordinates"),
        ("code_shape", "offices[1].billing_points[0].code"),
        ("wrong_type", "offices[1].billing_points[1]"),
        ("one_main_office", "offices"),
        ("unknown_member", "colour"),
        ("unknown_member", "offices[0].shape"),
    }
    assert all(error["message"] for error in line["errors"])
    assert (line["tenant"], Tenant.objects.count()) == (None, 0)
    assert pac.journal.requests() == []


@pytest.mark.parametrize("text", ["", "{", "[]", '{"ruc": NaN}', '{"ruc": "1", "ruc": "2"}', "[" * 100_000])
def test_what_is_no_request_is_refused_in_json_too(
    folder: Path, capsys: Any, text: str, pac: SandboxServer
) -> None:
    path = folder / "empresa.json"
    path.write_text(text)
    code, line = onboard(path, capsys)
    assert code == 1
    assert line["errors"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (certificates.expired, "certificate_expired"),
        (certificates.not_yet_valid, "certificate_not_yet_valid"),
        (lambda: certificates.a_p12("253-92-57027"), "certificate_other_company"),
        (lambda: certificates.a_p12(password="otra"), "certificate_wrong_password"),
        (lambda: b"nothing of the kind", "certificate_not_pkcs12"),
        (lambda: b"x" * 70_000, "certificate_too_large"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_bad_certificate_is_refused_before_anything_is_stored(
    pac: SandboxServer, folder: Path, capsys: Any, content: Any, code: str
) -> None:
    exit_code, line = onboard(written(folder, content()), capsys)
    assert (exit_code, line["errors"][0]["code"], line["errors"][0]["field"]) == (1, code, "certificate")
    assert Tenant.objects.count() == 0
    assert pac.journal.requests() == []


def test_a_missing_password_and_a_missing_file_are_named(
    pac: SandboxServer, folder: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(folder, certificate="no/such.p12")
    monkeypatch.delenv("P12_PASSWORD")
    code, line = onboard(path, capsys)
    assert code == 1
    assert [(error["code"], error["field"]) for error in line["errors"]] == [
        ("certificate_password_missing", "certificate_password_env"),
        ("certificate_unreadable", "certificate"),
    ]
    assert "P12_PASSWORD" in line["errors"][0]["message"]


def test_the_certificate_is_also_found_from_where_the_command_runs(
    pac: SandboxServer, folder: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    path = written(folder).rename(elsewhere / "empresa.json")
    monkeypatch.chdir(folder)
    assert onboard(path, capsys)[0] == 0


def test_a_company_known_by_its_id_at_the_provider_needs_no_certificate(
    pac: SandboxServer, folder: Path, capsys: Any
) -> None:
    path = written(folder, b"", certificate=None, certificate_password_env=None)
    data = json.loads(path.read_text())
    known = pac.authority.add_company(ruc=data["ruc"], name="Ya registrada")
    path.write_text(json.dumps({**data, "pac_company_id": known.id}))
    code, line = onboard(path, capsys)
    assert (code, line["pac_company_id"], line["affiliated"]) == (0, known.id, "SUBSCRIBED")


def test_a_wrong_id_at_the_provider_is_mended_in_the_file(
    pac: SandboxServer, folder: Path, capsys: Any
) -> None:
    path = written(folder, pac_company_id="01K9NOSUCHCOMPANY0000000000")
    code, line = onboard(path, capsys)
    assert (code, line["errors"][0]["code"]) == (1, "unknown_company")
    path.write_text(json.dumps({**json.loads(path.read_text()), "pac_company_id": None}))
    assert onboard(path, capsys)[0] == 0


def test_a_refusal_of_the_provider_is_told_in_its_words(
    pac: SandboxServer, folder: Path, capsys: Any
) -> None:
    path = written(folder)
    pac.faults.add("401", "create_company")
    code, line = onboard(path, capsys)
    assert (code, line["errors"][0]["code"]) == (1, "incident")
    assert line["tenant"] is not None
    assert "Intercambio" in line["errors"][0]["message"]
    assert onboard(path, capsys)[0] == 0


def test_a_file_that_cannot_be_read_is_a_wrong_use(folder: Path) -> None:
    with pytest.raises(CommandError) as failed:
        call_command("onboard", str(folder / "nowhere.json"))
    assert failed.value.returncode == 2


def test_a_name_changed_after_the_company_exists_is_refused_and_the_tenant_shown(
    pac: SandboxServer, folder: Path, capsys: Any
) -> None:
    path = written(folder)
    onboard(path, capsys)
    path.write_text(json.dumps({**json.loads(path.read_text()), "trade_name": "Otro"}))
    code, line = onboard(path, capsys)
    assert (code, line["errors"][0]["field"]) == (1, "trade_name")
    assert line["tenant"] == str(Onboarding.objects.get().tenant.uid)
