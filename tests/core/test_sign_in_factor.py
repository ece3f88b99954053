"""The second step: nobody is in before it, a code is taken once, and no other way leads past it."""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from cifras.core import key_rotation
from cifras.core.models import AuditEntry, RecoveryCode, SecondFactor, Staff
from cifras.core.sign_in import factor, invitations
from cifras.core.sign_in.step_up import CODE_FIELD
from cifras.fiscal.errors import RuleBroken
from tests.doorway import (
    PASSWORD,
    SEED,
    code,
    give_code,
    give_password,
    is_in,
    signed_in,
    with_app,
    wrong_code,
)
from tests.factories import a_staff_member

pytestmark = pytest.mark.django_db
RENEWS = ("core.view_staff", "core.change_staff", factor.RESET, invitations.INVITE)
CODE, SET_UP = "/admin/second-factor/", "/admin/second-factor/set-up/"


@pytest.fixture(autouse=True)
def on(settings: Settings) -> None:
    settings.CIFRAS_SECOND_FACTOR = True


@pytest.fixture
def ana() -> Staff:
    return with_app(a_staff_member(username="ana"))


@pytest.fixture
def half(ana: Staff) -> Client:
    """Ana's browser after the password."""
    browser = Client()
    give_password(browser, ana)
    return browser


def seed_on(page: Any) -> bytes:
    """What the app learns from the page."""
    waiting = SecondFactor.objects.get()
    text = re.search(r'id="seed">([^<]+)<', page.content.decode())
    assert text and text[1].replace(" ", "") == factor.seed_as_text(waiting)
    return waiting.seed.reveal_bytes()


def codes_on(page: Any) -> list[str]:
    return re.findall(r"<li>([a-z2-9]{4}-[a-z2-9]{5}-[a-z2-9]{5})</li>", page.content.decode())


def test_the_password_alone_opens_nothing_and_leads_to_the_code(ana: Staff) -> None:
    browser = Client()
    answer = give_password(browser, ana, then="/admin/core/staff/")
    assert answer.headers["Location"] == f"{CODE}?next=%2Fadmin%2Fcore%2Fstaff%2F"
    assert browser.get("/admin/core/staff/").status_code == 302
    assert not is_in(browser)
    entered = give_code(browser, code(), next="/admin/core/staff/")
    assert entered.headers["Location"] == "/admin/core/staff/"
    assert is_in(browser)


def test_the_front_door_leads_who_is_half_way_to_the_second_step(half: Client) -> None:
    assert half.get("/admin/login/?next=/admin/").headers["Location"].startswith(CODE)


def test_the_first_sign_in_sets_the_app_up_with_a_qr_and_shows_the_recovery_codes_once() -> None:
    bea = a_staff_member(username="bea")
    browser = Client()
    give_password(browser, bea)
    assert browser.get(CODE, follow=True).request["PATH_INFO"] == SET_UP
    assert not SecondFactor.objects.exists()  # looking changes nothing
    page = browser.post(SET_UP, {"act": "begin"}, follow=True)
    assert 'src="data:image/png;base64,' in page.content.decode()
    seed = seed_on(page)
    assert browser.post(SET_UP, {"code": "000000"}).status_code == 200
    assert not is_in(browser)
    shown = codes_on(browser.post(SET_UP, {"code": code(seed=seed)}))
    assert len(set(shown)) == factor.RECOVERY_CODES
    assert is_in(browser)
    again = browser.get(SET_UP, follow=True).content.decode() + browser.get(CODE).content.decode()
    assert not any(each in again for each in shown)
    assert "otpauth" not in again


def test_two_people_get_seeds_that_have_nothing_in_common() -> None:
    people = [a_staff_member(), a_staff_member()]
    seeds = [factor.begin_set_up(person).seed.reveal_bytes() for person in people]
    assert len(set(seeds)) == 2
    assert {len(seed) for seed in seeds} == {20}


def test_a_code_is_taken_once(ana: Staff) -> None:
    with time_machine.travel(timezone.now(), tick=False):
        taken = code()
        signed_in(ana)
        other = Client()
        give_password(other, ana)
        assert give_code(other, taken).status_code == 200
        assert not is_in(other)


@pytest.mark.parametrize(("late", "is_taken"), [(2, False), (1, True), (0, True), (-1, True), (-2, False)])
def test_a_code_is_taken_one_step_early_or_late_at_most(half: Client, late: int, is_taken: bool) -> None:
    with time_machine.travel(timezone.now(), tick=False):
        give_code(half, code(late=late))
        assert is_in(half) == is_taken


def test_an_older_code_is_not_taken_after_a_newer_one(ana: Staff) -> None:
    with time_machine.travel(timezone.now(), tick=False):
        factor.check(ana, code())
        with pytest.raises(RuleBroken):
            factor.check(ana, code(late=1))


def test_after_some_wrong_codes_the_right_one_has_to_wait(half: Client, ana: Staff) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _ in range(factor.CLOSING_FAILURE):
            give_code(half, wrong_code())
        assert "demasiados códigos" in give_code(half, code()).content.decode()
        assert not is_in(half)
        clock.shift(timedelta(seconds=31))
        give_code(half, code())
        assert is_in(half)
    assert SecondFactor.objects.get().failures == 0


def test_the_seed_is_encrypted_at_rest_and_its_key_can_be_rotated(ana: Staff) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT seed FROM core_secondfactor")
        stored = str(cursor.fetchone()[0])
    assert SEED.decode() not in stored
    assert factor.seed_as_text(SecondFactor.objects.get()) not in stored
    assert "core.SecondFactor.seed" in {field.label for field in key_rotation.sealed_fields()}


def test_a_recovery_code_stands_in_once_and_only_hashes_are_kept(ana: Staff) -> None:
    codes = factor.renew_recovery_codes(ana)
    stored = str(list(RecoveryCode.objects.values_list("label", "digest")))
    assert not any(part in stored for each in codes for part in (each, each[5:], each.replace("-", "")[4:]))
    first, second = Client(), Client()
    give_password(first, ana)
    answer = give_code(first, codes[0].upper().replace("-", " "))
    assert answer.status_code == 302
    assert is_in(first)
    give_password(second, ana)
    assert give_code(second, codes[0]).status_code == 200
    assert not is_in(second)
    assert factor.recovery_codes_left(ana) == factor.RECOVERY_CODES - 1


def test_a_used_recovery_code_is_told_in_words_that_fit_sign_in_and_step_up(ana: Staff) -> None:
    told = "Usó un código de recuperación, que ya no vale. Le quedan {left}."
    codes = factor.renew_recovery_codes(ana)
    browser = Client()
    give_password(browser, ana)
    give_code(browser, codes[0])
    assert told.format(left=9) in browser.get("/admin/").content.decode()
    give_code(browser, codes[1])
    assert told.format(left=8) in browser.get("/admin/").content.decode()
    with time_machine.travel(timezone.now() + timedelta(minutes=11), tick=False):
        page = browser.post("/admin/account/recovery-codes/", {CODE_FIELD: codes[2]})
        assert told.format(left=10) in page.content.decode(), "the act has brought new ones"


def test_new_recovery_codes_end_the_former_ones(ana: Staff) -> None:
    former = factor.renew_recovery_codes(ana)
    browser = signed_in(ana)
    shown = codes_on(browser.post("/admin/account/recovery-codes/"))
    assert len(shown) == factor.RECOVERY_CODES
    with pytest.raises(RuleBroken):
        factor.check(ana, former[1])
    factor.check(ana, shown[0])


def test_somebodys_code_opens_nobody_elses_door(ana: Staff) -> None:
    codes = factor.renew_recovery_codes(ana)
    bea = a_staff_member(username="bea")
    SecondFactor.objects.create(staff=bea, seed=b"twenty bytes of a be", confirmed_at=timezone.now())
    for text in (code(), codes[0]):
        with pytest.raises(RuleBroken):
            factor.check(bea, text)


def test_a_superuser_is_asked_as_well() -> None:
    boss = with_app(a_staff_member(username="jefa", is_superuser=True))
    browser = Client()
    browser.force_login(boss)
    assert not is_in(browser)
    give_code(browser, code())
    assert is_in(browser)


def test_half_a_sign_in_is_forgotten_after_ten_minutes(half: Client) -> None:
    with time_machine.travel(timezone.now() + timedelta(minutes=10, seconds=5), tick=False):
        assert give_code(half, code()).headers["Location"] == "/admin/login/"
        assert not is_in(half)
        assert "empiece de nuevo" in half.get("/admin/login/").content.decode()


def test_who_has_an_app_cannot_set_up_another_half_way(half: Client, ana: Staff) -> None:
    assert half.post(SET_UP, {"act": "begin"}).headers["Location"].startswith(CODE)
    assert SecondFactor.objects.get().seed.reveal_bytes() == SEED


def test_back_to_the_first_step(half: Client) -> None:
    assert half.get("/admin/second-factor/leave/").status_code == 405
    assert half.post("/admin/second-factor/leave/").headers["Location"] == "/admin/login/"
    assert half.get(CODE).headers["Location"] == "/admin/login/"


class TestReset:
    """An administrator takes somebody's app away; nobody does it to themselves."""

    @pytest.fixture
    def boss(self) -> Staff:
        return a_staff_member(
            username="jefa", permissions=("core.view_staff", "core.change_staff", factor.RESET)
        )

    def test_it_ends_the_sessions_and_the_next_sign_in_sets_up_another(self, ana: Staff, boss: Staff) -> None:
        hers, browser = signed_in(ana), signed_in(with_app(boss))
        address = reset_address(browser, ana)
        assert browser.get(address).status_code == 200
        assert factor.has_factor(ana)
        assert browser.post(address, follow=True).status_code == 200
        assert not factor.has_factor(ana)
        assert not is_in(hers)
        give_password(hers, ana)
        assert hers.get(CODE, follow=True).request["PATH_INFO"] == SET_UP
        entry = AuditEntry.objects.get(action="second_factor.reset")
        assert (entry.actor_name, entry.object_label) == ("jefa", "ana")

    def test_not_ones_own_nor_a_superusers_nor_without_the_right(self, ana: Staff, boss: Staff) -> None:
        root = with_app(a_staff_member(username="root", is_superuser=True))
        for person, actor in ((boss, boss), (root, boss), (root, ana), (boss, ana)):
            with pytest.raises(RuleBroken):
                factor.reset(person, actor=actor)
        assert factor.has_factor(root)
        browser = signed_in(with_app(boss))
        assert "reset" not in browser.get(f"/admin/core/staff/{boss.uid}/change/").content.decode()

    def test_nobody_alone_renews_both_halves_of_somebodys_way_in(self, ana: Staff) -> None:
        """Who could come in as another would be the second person of their own four eyes."""
        other = a_staff_member(username="otra", permissions=RENEWS)
        boss = a_staff_member(username="jefe", permissions=RENEWS)
        browser = signed_in(with_app(boss))
        set_password(browser, ana, "otra frase bien larga")
        with pytest.raises(RuleBroken, match="otra persona"):
            factor.reset(ana, actor=boss)
        factor.reset(ana, actor=other)
        with pytest.raises(RuleBroken, match="otra persona"):
            invitations.invite(ana, actor=other)
        invitations.invite(ana, actor=boss)

    def test_the_other_half_may_follow_once_its_owner_has_signed_in(self, ana: Staff) -> None:
        boss = a_staff_member(username="jefe", permissions=RENEWS)
        browser = signed_in(with_app(boss))
        factor.reset(ana, actor=boss)
        with pytest.raises(RuleBroken, match="otra persona"):
            invitations.invite(ana, actor=boss)
        assert "otra persona" in set_password(browser, ana, "otra frase bien larga").content.decode()
        assert give_password(Client(), ana).status_code == 302
        with_app(ana)
        signed_in(ana)
        set_password(browser, ana, "otra frase bien larga")
        assert give_password(Client(), ana, "otra frase bien larga").status_code == 302

    @pytest.mark.postgresql
    def test_who_does_both_at_the_same_moment_waits_for_oneself(self, ana: Staff) -> None:
        for act in (invitations.invite, factor.reset):
            with CaptureQueriesContext(connection) as queries:
                act(ana, actor=a_staff_member(username=act.__name__, permissions=RENEWS))
            said = [each["sql"] for each in queries]
            held = next(i for i, sql in enumerate(said) if "auditchain" in sql and sql.endswith("FOR UPDATE"))
            assert held < next(i for i, sql in enumerate(said) if 'FROM "core_auditentry"' in sql)

    def test_the_last_administrator_asks_who_has_the_terminal(self, ana: Staff) -> None:
        call_command("reset_second_factor", "ana")
        assert not factor.has_factor(ana)
        assert AuditEntry.objects.get(action="second_factor.reset").actor_uid is None


def set_password(browser: Client, person: Staff, password: str) -> Any:
    page = reverse("admin:auth_user_password_change", args=[person.uid])
    data = {"usable_password": "true", "password1": password, "password2": password}
    return browser.post(page, data, follow=True)


def reset_address(browser: Client, person: Staff) -> str:
    page = browser.get(reverse("admin:core_staff_change", args=[person.uid])).content.decode()
    found = re.search(r'href="([^"]*reset[_-]factor[^"]*)"', page)
    assert found, "the page has no such button"
    return found[1]


def test_a_new_password_does_not_lead_past_the_second_step(ana: Staff) -> None:
    ana.set_password("otra frase bien larga")
    ana.save()
    browser = Client()
    give_password(browser, ana, "otra frase bien larga")
    assert not is_in(browser)
    assert give_password(Client(), ana, PASSWORD).status_code == 200


def test_without_the_setting_the_password_is_enough_and_the_pages_say_so(
    ana: Staff, settings: Settings
) -> None:
    settings.CIFRAS_SECOND_FACTOR = False
    browser = Client()
    assert "segundo factor está apagado" in browser.get("/admin/login/").content.decode()
    give_password(browser, ana)
    assert is_in(browser)
