"""Sessions: a new id at each step up, an end by time, by hand and by an administrator, cookies that stay with us."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.conf import settings as django_settings
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from cifras.core.models import AuditEntry, Staff, StaffSession
from cifras.core.sign_in import factor, sessions
from cifras.core.sign_in.session_store import FORMER_LIVES
from cifras.core.sign_in.sessions import FACTOR_AT
from cifras.core.sign_in.step_up import CODE_FIELD
from cifras.fiscal.errors import RuleBroken
from tests.doorway import code, give_code, give_password, is_in, signed_in, with_app
from tests.factories import a_staff_member

pytestmark = pytest.mark.django_db
ACCOUNT, END = "/admin/account/", "/admin/account/end-sessions/"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def ana() -> Staff:
    return a_staff_member(username="ana")


def entered(person: Staff) -> Client:
    browser = Client(headers={"user-agent": FIREFOX})
    give_password(browser, person)
    assert is_in(browser)
    return browser


def test_the_id_changes_at_each_step_and_the_former_ones_open_nothing(ana: Staff, settings: Settings) -> None:
    settings.CIFRAS_SECOND_FACTOR = True
    with_app(ana)
    browser = Client()
    browser.post("/i18n/setlang/", {"language": "en"})
    keys = [browser.session.session_key]
    give_password(browser, ana)
    keys.append(browser.session.session_key)
    with time_machine.travel(timezone.now() + timedelta(minutes=1), tick=False) as clock:
        give_code(browser, code())
        keys.append(browser.session.session_key)
        clock.shift(timedelta(minutes=1))
        give_code(browser, code())  # a step-up
        keys.append(browser.session.session_key)
        clock.shift(FORMER_LIVES)
        assert len(set(keys)) == 4
        assert [is_in(with_key(former)) for former in keys] == [False, False, False, True]


def with_key(key: str | None) -> Client:
    browser = Client()
    browser.cookies[django_settings.SESSION_COOKIE_NAME] = key or ""
    return browser


def test_what_a_page_had_on_its_way_while_somebody_stepped_up_signs_nobody_out(
    ana: Staff, settings: Settings
) -> None:
    settings.CIFRAS_SECOND_FACTOR = True
    browser = signed_in(with_app(ana))
    former = browser.session.session_key
    with time_machine.travel(timezone.now() + timedelta(minutes=2), tick=False) as clock:
        give_code(browser, code())
        late = with_key(former)
        answer = late.get("/admin/account/")
        assert answer.status_code == 200
        assert settings.SESSION_COOKIE_NAME not in answer.cookies, "the browser keeps the new id"
        assert late.session[FACTOR_AT] < browser.session[FACTOR_AT], "the former one is as far as it was"
        assert len(sessions.open_sessions(ana)) == 1
        clock.shift(FORMER_LIVES)
        assert not is_in(with_key(former))
        assert is_in(browser)


def test_a_failure_after_the_code_leaves_the_session_as_it_was(ana: Staff, settings: Settings) -> None:
    settings.CIFRAS_SECOND_FACTOR = True
    browser = signed_in(with_app(ana))
    browser.raise_request_exception = False
    with time_machine.travel(timezone.now() + timedelta(minutes=11), tick=False):
        data = {CODE_FIELD: code()}
        with pytest.MonkeyPatch.context() as broken:
            broken.setattr(factor, "renew_recovery_codes", lambda _person: 1 / 0)
            assert browser.post("/admin/account/recovery-codes/", data).status_code == 500
        assert is_in(browser)


def test_a_session_that_nobody_uses_ends_and_the_door_says_why(ana: Staff) -> None:
    browser, now = entered(ana), timezone.now()
    with time_machine.travel(now, tick=False) as clock:
        for _ in range(3):
            clock.shift(timedelta(minutes=29))
            assert is_in(browser)
        clock.shift(timedelta(minutes=31))
        assert not is_in(browser)
        assert "sin usarse" in browser.get("/admin/login/").content.decode()


@pytest.mark.parametrize("header", ["HX-Request", "Sec-Fetch-Mode"])
def test_what_a_page_fetches_by_itself_keeps_no_session_alive(ana: Staff, header: str) -> None:
    browser, now = entered(ana), timezone.now()
    by_itself: dict[str, Any] = {header: "true" if header == "HX-Request" else "cors"}
    with time_machine.travel(now, tick=False) as clock:
        for _ in range(3):
            clock.shift(timedelta(minutes=11))
            browser.get("/admin/", headers=by_itself)
        assert not is_in(browser)


def test_a_session_ends_after_twelve_hours_however_busy(ana: Staff) -> None:
    browser, now = entered(ana), timezone.now()
    with time_machine.travel(now, tick=False) as clock:
        for _ in range(28):
            clock.shift(timedelta(minutes=25))
            assert is_in(browser)
        clock.shift(timedelta(minutes=25))
        assert not is_in(browser)


def test_what_is_over_is_forgotten_and_the_rest_stays(ana: Staff) -> None:
    entered(ana)
    with time_machine.travel(timezone.now() + timedelta(minutes=31), tick=False):
        here = entered(ana)
        assert sessions.forget_expired() == 1
        assert is_in(here)


def test_a_person_sees_their_sessions_and_ends_one_or_all_others(ana: Staff) -> None:
    here, there, phone, other = entered(ana), entered(ana), entered(ana), entered(a_staff_member())
    page = here.get(ACCOUNT).content.decode()
    assert page.count("Firefox · Linux") == 3
    assert there.session.session_key not in page
    handle = StaffSession.objects.get(session_key=there.session.session_key).handle
    here.post(END, {"session": handle})
    assert [is_in(each) for each in (here, there, phone, other)] == [True, False, True, True]
    here.post(END)
    assert [is_in(each) for each in (here, phone, other)] == [True, False, True]
    ended = AuditEntry.objects.filter(action="session.ended", actor_uid=ana.uid)
    assert [entry.after for entry in ended] == [{"sessions": 1}, {"sessions": 1}]


def test_nobody_ends_somebody_elses_session_by_its_handle(ana: Staff) -> None:
    here, other = entered(ana), entered(a_staff_member())
    handle = StaffSession.objects.get(session_key=other.session.session_key).handle
    here.post(END, {"session": handle})
    assert is_in(other)
    assert here.get(END).status_code == 405


def test_an_administrator_ends_anybodys_sessions_but_a_superusers(ana: Staff) -> None:
    boss = a_staff_member(username="jefa", permissions=("core.change_staff", sessions.END_SESSIONS))
    root = a_staff_member(username="root", is_superuser=True)
    hers, browser = entered(ana), entered(boss)
    page = reverse("admin:core_staff_change", args=[ana.uid])
    assert "Firefox · Linux" in browser.get(page).content.decode()
    assert "Cerrar sus sesiones" in browser.get(page).content.decode()
    browser.post(reverse("admin:core_staff_end_sessions", args=[ana.uid]))
    assert not is_in(hers)
    assert is_in(browser)
    for person, actor in ((root, boss), (boss, boss), (boss, ana)):
        with pytest.raises(RuleBroken):
            sessions.end_all(person, actor=actor)


def test_who_is_made_inactive_is_out_at_the_next_request(ana: Staff) -> None:
    browser = entered(ana)
    Staff.objects.filter(pk=ana.pk).update(is_active=False)
    assert not is_in(browser)


def test_who_is_made_inactive_on_their_page_does_not_come_back_in_with_the_old_session(ana: Staff) -> None:
    hers, browser = entered(ana), entered(a_staff_member(username="root", is_superuser=True))
    page = reverse("admin:core_staff_change", args=[ana.uid])
    browser.post(page, {"username": "ana", "is_staff": "on"})
    browser.post(page, {"username": "ana", "is_staff": "on", "is_active": "on"})
    ana.refresh_from_db()
    assert ana.is_active
    assert not is_in(hers)


def test_a_right_that_is_taken_away_is_gone_at_the_next_request(ana: Staff) -> None:
    role = Group.objects.create(name="Lectura")
    role.permissions.add(Permission.objects.get(codename="view_staff"))
    ana.groups.add(role)
    browser = entered(ana)
    page = reverse("admin:core_staff_changelist")
    assert browser.get(page).status_code == 200
    role.permissions.clear()
    assert browser.get(page).status_code == 403


def test_signing_in_anew_does_not_inherit_the_second_factor(ana: Staff, settings: Settings) -> None:
    settings.CIFRAS_SECOND_FACTOR = True
    browser = signed_in(with_app(ana))
    give_password(browser, ana)
    assert not is_in(browser)


def test_production_keeps_its_cookies_to_itself(tmp_path: Path) -> None:
    names = [
        f"{cookie}_COOKIE_{part}"
        for cookie in ("SESSION", "CSRF")
        for part in ("NAME", "SECURE", "HTTPONLY", "SAMESITE", "DOMAIN", "PATH")
    ]
    program = (
        "import json, django; from django.conf import settings; "
        f"print(json.dumps({{name: getattr(settings, name) for name in {names}}}))"
    )
    environment = {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "cifras.settings.production",
        "SECRET_KEY": "a-secret-for-one-test-that-is-long-enough-to-be-taken",
        "CIFRAS_FIELD_KEYS": "dGhyb3ctYXdheS1maWVsZC1rZXktb2YtdGhlLXRlc3Q=",
        "DATABASE_URL": "postgres://cifras@database/cifras",
        "ALLOWED_HOSTS": "cifras.example",
        "CIFRAS_VAR_DIR": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout)
    for cookie in ("SESSION", "CSRF"):
        assert found[f"{cookie}_COOKIE_NAME"].startswith("__Host-")
        assert found[f"{cookie}_COOKIE_SECURE"] is found[f"{cookie}_COOKIE_HTTPONLY"] is True
        assert found[f"{cookie}_COOKIE_SAMESITE"] in {"Lax", "Strict"}
        assert (found[f"{cookie}_COOKIE_DOMAIN"], found[f"{cookie}_COOKIE_PATH"]) == (None, "/")


def test_the_session_cookie_is_not_for_scripts(ana: Staff) -> None:
    cookie = entered(ana).cookies[django_settings.SESSION_COOKIE_NAME]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
