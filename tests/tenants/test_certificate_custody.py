"""The certificate and its password are kept sealed until the provider has them, and are found nowhere else."""

import base64
import io
import json
import logging
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.sessions.models import Session
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import connection
from django.test import Client

from cifras.sandbox.server import SandboxServer
from tenants.models import Exchange, Onboarding
from tenants.services import advance, run_step, start_onboarding, steps_for
from tests import certificates
from tests.factories import an_administrator
from tests.onboarding import begun, onboarding_json
from tests.wizard import address, press

pytestmark = pytest.mark.django_db

CANARY = "canario-8c1f2a-contraseña"
KEY_CANARY = "canary-key-51d0"


def stored_rows() -> Iterator[str]:
    """Every value of every table, as the database holds it."""
    for model in apps.get_models(include_auto_created=True):
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT * FROM "{model._meta.db_table}"')
            for row in cursor.fetchall():
                yield f"{model._meta.label}: {row!r}"


def traces_of(p12: bytes) -> list[str]:
    """How the file's bytes may show: as text, in base64, in hex."""
    encoded = base64.b64encode(p12).decode()
    return [CANARY, KEY_CANARY, encoded[:60], encoded[-60:], p12[:40].hex(), repr(p12[10:40])[2:-1]]


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """All that any library logs, as it is before masking."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.mark.parametrize("body", ["flat", "nested"])
@pytest.mark.parametrize("fault", ["", "500_after", "drop_after_commit", "malformed_json", "401"])
def test_neither_file_nor_password_nor_key_is_found_anywhere(
    pac: SandboxServer, settings: Any, logged: io.StringIO, capsys: Any, tmp_path: Path, body: str, fault: str
) -> None:
    settings.PAC_COMPANY_BODY = body
    settings.PAC_SANDBOX_API_KEY = KEY_CANARY
    request = onboarding_json()
    p12 = certificates.a_p12(request["ruc"], password=CANARY)
    onboarding = start_onboarding(request, actor=None)
    run_step(onboarding, "certificate", actor=None, certificate=p12, password=CANARY)
    if fault:
        pac.faults.add(fault, "create_company")
    errors = advance(onboarding, actor=None)
    assert bool(errors) == bool(fault)
    assert Exchange.objects.filter(operation="create_company").exists()

    said = "\n".join([*stored_rows(), logged.getvalue(), *capsys.readouterr()])
    said += "".join(f"{error!r} {error} {vars(error)}" for error in errors)
    assert onboarding.tenant.ruc in said, "the haystack is not empty"
    assert [trace for trace in traces_of(p12) if trace in said] == []


def test_the_secrets_are_erased_once_the_provider_has_them(pac: SandboxServer) -> None:
    onboarding = begun()
    stored = Onboarding.objects.get(pk=onboarding.pk)
    assert stored.certificate
    assert stored.certificate_password.reveal() == certificates.PASSWORD
    advance(onboarding, actor=None)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT certificate, certificate_password, authentication_certificate, authentication_password"
            " FROM tenants_onboarding"
        )
        assert cursor.fetchall() == [("", "", "", "")]


def test_the_provider_received_the_very_file_and_password(pac: SandboxServer) -> None:
    onboarding = begun()
    p12 = onboarding.certificate.reveal_bytes()
    advance(onboarding, actor=None)
    exchange = Exchange.objects.get(operation="create_company")
    sent = json.loads(exchange.request_body)
    assert sent["certificate"] == f"({len(base64.b64encode(p12))} characters)"
    assert sent["certificatePassword"] == "***"


def sessions() -> str:
    """What the sessions hold, messages included, as it is once decoded."""
    return " ".join(str(row.get_decoded()) for row in Session.objects.all())


def written_since(moment: float) -> Iterator[Path]:
    """Files of the working folder and the temporary one that came or changed."""
    for root in (Path.cwd(), Path(tempfile.gettempdir())):
        for folder, inner, names in os.walk(root):
            inner[:] = [name for name in inner if name not in {".git", ".venv", "mypy", "__pycache__"}]
            for path in (Path(folder, name) for name in names):
                with suppress(OSError):
                    if path.is_file() and path.stat().st_mtime >= moment and path.stat().st_size < 1_000_000:
                        yield path


@pytest.mark.parametrize("fault", ["", "500_after"])
def test_the_wizard_shows_and_keeps_neither_file_nor_password(
    pac: SandboxServer,
    settings: Any,
    logged: io.StringIO,
    capsys: Any,
    monkeypatch: Any,
    tmp_path: Path,
    fault: str,
) -> None:
    settings.PAC_SANDBOX_API_KEY = KEY_CANARY
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    moment = time.time() - 1
    browser = Client()
    browser.force_login(an_administrator())
    onboarding = start_onboarding(onboarding_json(), actor=None)
    p12, other = (certificates.a_p12(onboarding.tenant.ruc, password=CANARY) for _ in range(2))
    # A wrong password first, then one that is right for the first file alone, then both.
    pages: list[str] = []
    for content, secret in ((p12, f"{CANARY}-no"), (b"x" * 70_000, CANARY), (p12, CANARY)):
        files = {
            name: SimpleUploadedFile("f.p12", content)
            for name in ("certificate", "authentication_certificate")
        }
        files["authentication_certificate"] = SimpleUploadedFile("a.p12", other)
        secrets = {"password": secret, "authentication_password": CANARY}
        answer = press(browser, onboarding, "certificate", **files, **secrets)
        pages += [answer.content.decode(), *map(repr, answer.headers.items())]
        pages.append(browser.get(address(onboarding, "certificate")).content.decode())
    assert Onboarding.objects.get(pk=onboarding.pk).certificate.reveal_bytes() == p12
    dump = [*stored_rows(), sessions()]
    if fault:
        pac.faults.add(fault, "create_company")
    for step in steps_for(onboarding.tenant):
        if step not in {"company", "certificate", "offices"}:
            pages.append(press(browser, onboarding, step).content.decode())
        pages.append(browser.get(address(onboarding, step)).content.decode())
    assert Exchange.objects.filter(operation="create_company").exists()

    said = "\n".join([*dump, *stored_rows(), sessions(), logged.getvalue(), *capsys.readouterr(), *pages])
    assert onboarding.tenant.ruc in said, "the haystack is not empty"
    for content in (p12, other):
        traces = traces_of(content)
        assert [trace for trace in traces if trace in said] == []
        files_with_it = [path for path in written_since(moment) if content in path.read_bytes()]
        assert files_with_it == []


def test_the_command_does_not_say_what_it_read(
    pac: SandboxServer, tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch, logged: io.StringIO
) -> None:
    monkeypatch.setenv("P12_PASSWORD", CANARY)
    request = onboarding_json()
    p12 = certificates.a_p12(request["ruc"], password=CANARY)
    (tmp_path / "firma.p12").write_bytes(p12)
    (tmp_path / "empresa.json").write_text(json.dumps(request))
    pac.faults.add("500_before", "create_company")
    for _ in range(2):
        try:
            call_command("onboard", str(tmp_path / "empresa.json"))
        except SystemExit:
            continue
    said = "".join([*capsys.readouterr(), *stored_rows(), logged.getvalue()])
    assert request["ruc"] in said
    assert [trace for trace in traces_of(p12) if trace in said] == []
