"""What every answer tells the browser, what production tells it besides, and that no source of ours undermines it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.contrib.messages import get_messages
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path, reverse

from cifras.urls import urlpatterns as real_urlpatterns
from tests.factories import a_staff_member, an_administrator
from tests.house.test_house import PRODUCTION, ROOT
from tests.pages import Page

pytestmark = pytest.mark.django_db

NEVER = ["object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "form-action 'self'"]


def policy_of(response: HttpResponse) -> dict[str, str]:
    parts = response.headers["Content-Security-Policy"].split("; ")
    return {name: values for name, _, values in (part.partition(" ") for part in parts)}


@pytest.fixture
def browser() -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(an_administrator())
    return client


@pytest.mark.parametrize("name", ["index", "invoicing_invoice_changelist", "core_auditentry_changelist"])
def test_a_page_of_the_staff_site_lets_nothing_run_but_files_of_ours(browser: Client, name: str) -> None:
    response = browser.get(reverse(f"admin:{name}"))
    policy = policy_of(response)
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self' 'unsafe-eval'"
    assert policy["style-src"] == "'self' 'unsafe-inline'"
    assert policy["img-src"] == "'self' data:"
    assert set(NEVER) <= set(response.headers["Content-Security-Policy"].split("; "))
    assert Page(response.content.decode()).live == []


@pytest.mark.parametrize(
    "address", ["/", "/nowhere/", "/webhooks/pac/unknown", "/onboarding/qr/unknown/", "/documents/files/x/"]
)
def test_elsewhere_there_is_no_exception_at_all(address: str) -> None:
    response = Client().get(address)
    assert "unsafe" not in response.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "address", ["/admin/", "/admin/login/", "/nowhere/", "/healthz", "/onboarding/qr/unknown/"]
)
def test_every_answer_is_taken_as_what_it_says_it_is(address: str) -> None:
    response = Client().get(address)
    assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("address", ["/admin/", "/admin/login/", "/nowhere/"])
def test_no_page_is_framed_or_told_about_elsewhere(address: str) -> None:
    headers = Client().get(address).headers
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"


@pytest.mark.parametrize(
    "address",
    ["/admin/", "/admin/invoicing/invoice/", "/admin/reports/documents/", "/admin/jsi18n/", "/nowhere/"],
)
def test_what_somebody_with_a_session_reads_is_not_kept(browser: Client, address: str) -> None:
    assert "no-store" in browser.get(address).headers["Cache-Control"]


def fails(_request: HttpRequest) -> HttpResponse:
    raise RuntimeError("the secret inside: hunter2")


def answers_with(text: str) -> HttpResponse:
    return HttpResponse(text)


urlpatterns = [
    path("fails/", fails),
    path("turned/", lambda request: answers_with("a\u202eb\u2066c ñ€")),
    *real_urlpatterns,
]
handler500 = "cifras.core.failures.server_error"


@override_settings(ROOT_URLCONF="tests.house.test_headers")
def test_the_page_of_failures_shows_the_id_of_the_act_and_nothing_else(
    browser: Client, caplog: pytest.LogCaptureFixture
) -> None:
    response = browser.get("/fails/")
    page = response.content.decode()
    assert response.status_code == 500
    assert response.headers["X-Correlation-Id"] in page
    assert "hunter2" not in page and "RuntimeError" not in page and "Traceback" not in page
    assert "hunter2" in caplog.text  # the log knows
    assert Page(page).live == []


@override_settings(ROOT_URLCONF="tests.house.test_headers")
def test_marks_that_turn_the_direction_of_a_text_are_shown_and_not_obeyed(client: Client) -> None:
    response = client.get("/turned/")
    assert response.content.decode() == "a\ufffdb\ufffdc ñ€"


@pytest.mark.parametrize(
    "address", ["/nowhere/", "/admin/invoicing/invoice/00000000-0000-4000-8000-000000000000/change/"]
)
def test_a_page_that_is_not_there_says_so_in_spanish(browser: Client, address: str) -> None:
    response = browser.get(address)
    assert response.status_code == 404
    assert "No encontramos lo que busca" in response.content.decode()


def test_a_missing_right_is_told_in_spanish() -> None:
    client = Client()
    client.force_login(a_staff_member())
    response = client.get(reverse("admin:core_auditentry_changelist"))
    assert (response.status_code, "No tiene permiso" in response.content.decode()) == (403, True)
    assert list(get_messages(response.wsgi_request)) == []


def test_a_form_without_its_token_is_refused_in_spanish() -> None:
    response = Client(enforce_csrf_checks=True).post(reverse("admin:login"), {"username": "ana"})
    assert (response.status_code, "ya no es válido" in response.content.decode()) == (403, True)


# Sources

TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
SOURCES = [
    source
    for floor in ("cifras", "tenants", "invoicing", "reports")
    for source in sorted((ROOT / floor).rglob("*.py"))
]
INSIDE = re.compile(r"<script(?![^>]*\bsrc=)|\son[a-z]+\s*=|javascript:|<style|srcdoc=", re.IGNORECASE)
TRUSTED_TEXT = re.compile(r"\bmark_safe\b|\bSafe(?:String|Text)\(|\bhtml_safe\b|__html__")
# The badge draws itself, with format_html.
DRAWS_ITSELF = {"cifras/core/admin/badges.py": ["__html__"]}
# A format string that is not written out on the spot may hold what somebody else wrote.
FORMATTED = re.compile(r"\bformat_html(?:_join)?\(\s*(?![\"'])(?!\s*\n\s*[\"'])(\S+)")


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda each: str(each.relative_to(ROOT)))
def test_no_template_holds_a_script_or_trusts_a_text(template: Path) -> None:
    text = template.read_text()
    if "mail" not in template.parts:  # a mail carries its style along
        assert INSIDE.findall(text) == []
    assert re.findall(r"\|\s*safe(?:seq)?\b|autoescape\s+off", text) == []


def test_no_source_declares_a_text_to_be_markup() -> None:
    found = {
        str(source.relative_to(ROOT)): hits
        for source in SOURCES
        if (hits := TRUSTED_TEXT.findall(source.read_text()) + FORMATTED.findall(source.read_text()))
    }
    assert found == DRAWS_ITSELF


# Production


def production(
    code: str, *, with_warnings: bool = False, **changes: str
) -> "subprocess.CompletedProcess[str]":
    variables = {**PRODUCTION, "DATABASE_URL": "sqlite:///:memory:", **changes}
    environment = {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "cifras.settings.production",
        **variables,
    }
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True
    )


STARTED = """
import django; django.setup()
from django.conf import settings as s
from django.core.management import call_command
from django.test import Client

call_command("check", deploy=True, fail_level="WARNING")
assert s.SECURE_HSTS_SECONDS >= 365 * 24 * 3600 and s.SECURE_HSTS_INCLUDE_SUBDOMAINS and s.SECURE_SSL_REDIRECT
assert s.SESSION_COOKIE_SECURE and s.CSRF_COOKIE_SECURE and s.LANGUAGE_COOKIE_SECURE
assert s.SESSION_COOKIE_HTTPONLY and s.CSRF_COOKIE_HTTPONLY and s.SESSION_COOKIE_SAMESITE in {"Lax", "Strict"}
assert s.SESSION_COOKIE_NAME.startswith("__Host-") and s.CSRF_COOKIE_NAME.startswith("__Host-")
assert s.SESSION_COOKIE_DOMAIN is None and s.SESSION_COOKIE_PATH == "/" and not s.DEBUG
plain, alive = Client().get("/admin/"), Client().get("/healthz", headers={"host": "10.0.0.7"})
assert plain.status_code == 301 and plain["Location"].startswith("https://"), plain
assert alive.status_code == 200, alive
assert "includeSubDomains" in Client().get("/", secure=True)["Strict-Transport-Security"]
"""


def test_production_passes_the_deploy_check_and_speaks_https_only_for_a_year_with_cookies_that_stay_at_home(
    tmp_path: Path,
) -> None:
    secret = "kJ8-throw-away-" + Fernet.generate_key().decode() * 2
    checked = production(STARTED, SECRET_KEY=secret, ALLOWED_HOSTS="testserver", CIFRAS_VAR_DIR=str(tmp_path))
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize(
    "wrong",
    [
        {"SECRET_KEY": "django-insecure-" + "abcdefghijklmnop" * 4},
        {"SECRET_KEY": "a" * 80},
        {"SECRET_KEY": "short-but-random-8123"},
        {"WEB_CONCURRENCY": "2"},
    ],
)
def test_production_refuses_to_start_with(wrong: dict[str, str], tmp_path: Path) -> None:
    started = production("import cifras.settings.production", **wrong, CIFRAS_VAR_DIR=str(tmp_path))
    complaint = started.stderr.splitlines()[-1]
    assert started.returncode != 0
    assert next(iter(wrong)) in complaint
    assert wrong.get("SECRET_KEY", "-----") not in complaint
