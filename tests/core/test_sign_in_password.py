"""The first step: user and password, how often they may be wrong, and what a visitor learns of it."""

import re
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from axes.models import AccessAttempt
from django.contrib.auth import hashers
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from cifras.core.models import AuditEntry, Staff
from cifras.core.sign_in.lockout import ACCOUNT_FAILURES, NETWORK_FAILURES, PAIR_FAILURES
from tests.doorway import LOGIN, PASSWORD, give_password, is_in
from tests.factories import a_staff_member

pytestmark = pytest.mark.django_db
ELSEWHERE = "203.0.113.99"


@pytest.fixture
def ana() -> Staff:
    return a_staff_member(username="ana")


def fail(times: int, person: Staff | str, **where: str) -> None:
    for _ in range(times):
        assert give_password(Client(), person, "no es esta", **where).status_code == 200


def count_as(times: int) -> None:
    """The one failure so far stands for many."""
    AccessAttempt.objects.update(failures_since_start=times)


def gets_in(person: Staff, **where: str) -> bool:
    return bool(give_password(Client(), person, **where).status_code == 302)


def actions() -> list[str]:
    return list(AuditEntry.objects.order_by("id").values_list("action", flat=True))


def test_an_account_closes_after_some_failures_and_opens_by_itself(ana: Staff) -> None:
    fail(PAIR_FAILURES - 1, ana)
    assert gets_in(ana)
    fail(PAIR_FAILURES, ana)
    assert not gets_in(ana)
    with time_machine.travel(timezone.now() + timedelta(seconds=61), tick=False):
        assert gets_in(ana)


def test_each_further_failure_doubles_the_wait_up_to_a_quarter_of_an_hour(ana: Staff) -> None:
    now = timezone.now()
    with time_machine.travel(now, tick=False) as clock:
        fail(PAIR_FAILURES, ana)
        for minutes in (1, 2, 4, 8, 15, 15):
            clock.shift(timedelta(minutes=minutes, seconds=-1))
            assert not gets_in(ana)
            clock.shift(timedelta(seconds=1))
            fail(1, ana)
        clock.shift(timedelta(minutes=15))
        assert gets_in(ana)


def test_a_try_that_is_turned_away_does_not_lengthen_the_wait(ana: Staff) -> None:
    now = timezone.now()
    with time_machine.travel(now, tick=False) as clock:
        fail(PAIR_FAILURES, ana)
        clock.shift(timedelta(seconds=50))
        fail(20, ana)
        clock.shift(timedelta(seconds=11))
        assert gets_in(ana)


def test_from_elsewhere_the_owner_still_gets_in(ana: Staff) -> None:
    fail(PAIR_FAILURES + 3, ana)
    assert not gets_in(ana)
    assert gets_in(ana, ip=ELSEWHERE)


def test_one_address_closes_for_every_account(ana: Staff) -> None:
    fail(1, "nadie")
    count_as(NETWORK_FAILURES - 2)
    fail(1, "tampoco")
    assert gets_in(ana)
    fail(1, "nadie tampoco")
    assert not gets_in(ana)
    assert gets_in(ana, ip=ELSEWHERE)


def test_an_ipv6_network_counts_as_one_address(ana: Staff) -> None:
    for serial in range(PAIR_FAILURES):
        fail(1, ana, ip=f"2001:db8:1:1::{serial:x}")
    assert not gets_in(ana, ip="2001:db8:1:1:ffff::1")
    assert gets_in(ana, ip="2001:db8:1:2::1")


def test_guesses_from_many_addresses_close_the_account_except_for_where_its_owner_usually_is(
    ana: Staff, settings: Settings
) -> None:
    settings.CIFRAS_SECOND_FACTOR = False
    assert gets_in(ana, ip=ELSEWHERE)
    fail(1, ana, ip="198.51.100.1")
    count_as(ACCOUNT_FAILURES - 2)
    fail(1, ana, ip="198.51.100.2")
    assert gets_in(ana, ip="192.0.2.2")
    fail(1, ana, ip="198.51.100.3")
    assert not gets_in(ana, ip="192.0.2.1")
    assert gets_in(ana, ip=ELSEWHERE)


def test_the_address_is_what_our_proxies_saw(ana: Staff, settings: Settings) -> None:
    settings.CIFRAS_PROXY_COUNT = 1
    tries = {"username": "ana", "password": "no es esta"}
    for serial in range(PAIR_FAILURES):
        forged = {"X-Forwarded-For": f"10.9.9.{serial}, 198.51.100.7"}
        Client().post(LOGIN, tries, headers=forged)
    right = {"username": "ana", "password": PASSWORD}
    closed = Client().post(LOGIN, right, headers={"X-Forwarded-For": "10.1.1.1, 198.51.100.7"})
    assert closed.status_code == 200
    assert Client().post(LOGIN, right, headers={"X-Forwarded-For": "203.0.113.5"}).status_code == 302


def visible(response: Any) -> str:
    """The page without what differs at every visit or repeats what was typed."""
    page = re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", response.content.decode())
    return re.sub(r'name="username" value="[^"]*"', "", page)


def test_an_unknown_user_a_wrong_password_and_a_closed_account_get_the_same_answer_for_the_same_work(
    ana: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_staff_member(username="visita", is_active=False)
    fail(PAIR_FAILURES, ana)
    work: list[str] = []
    hasher = hashers.get_hasher()
    plain_encode = type(hasher).encode
    monkeypatch.setattr(
        type(hasher),
        "encode",
        lambda self, *args, **kwargs: work.append("hash") or plain_encode(self, *args, **kwargs),
    )
    answers, costs = [], []
    for name, password in (
        ("nadie", "no es esta"),
        ("visita", PASSWORD),
        ("ana", PASSWORD),
        ("ana", "no es esta"),
    ):
        work.clear()
        answers.append(give_password(Client(), name, password))
        costs.append(len(work))
    answers.append(give_password(Client(), "otra", "no es esta", ip=ELSEWHERE))
    assert {answer.status_code for answer in answers} == {200}
    assert len({visible(answer) for answer in answers}) == 1
    assert set(costs) == {1}


def test_what_was_typed_is_not_kept_readable_anywhere(ana: Staff) -> None:
    give_password(Client(), "mi clave en el campo equivocado", "otra clave")
    give_password(Client(), ana, "no es esta")
    kept = str(list(AccessAttempt.objects.values())) + str(list(AuditEntry.objects.values()))
    assert all(text not in kept for text in ("mi clave en el campo", "otra clave", "no es esta"))


def test_the_audit_trail_knows_who_came_in_who_failed_and_when_it_closed(ana: Staff) -> None:
    browser = Client()
    fail(PAIR_FAILURES + 2, ana)
    give_password(browser, ana, ip=ELSEWHERE)
    browser.post(reverse("admin:logout"))
    give_password(Client(), "nadie", ip=ELSEWHERE)
    assert Counter(actions()) == {
        "sign_in.failed": PAIR_FAILURES + 1,
        "sign_in.closed": 1,
        "sign_in.succeeded": 1,
        "sign_in.left": 1,
    }
    came_in = AuditEntry.objects.get(action="sign_in.succeeded")
    assert (came_in.actor_name, came_in.ip) == ("ana", ELSEWHERE)
    assert set(AuditEntry.objects.filter(action="sign_in.failed").values_list("object_label", flat=True)) == {
        "ana",
        "",
    }


@pytest.mark.parametrize(
    "next_page", ["https://malo.example/", "//malo.example/admin/", "javascript:alert(1)", "/\\malo.example"]
)
def test_nobody_is_sent_to_another_site_after_signing_in(ana: Staff, next_page: str) -> None:
    answer = give_password(Client(), ana, then=next_page)
    assert answer.headers["Location"] == reverse("admin:index")
    assert give_password(Client(), ana, then="/admin/core/staff/").headers["Location"] == "/admin/core/staff/"


def refusals(password: str) -> set[str]:
    try:
        validate_password(password, Staff(username="anabelperez"))
    except ValidationError as error:
        return {each.code or "" for each in error.error_list}
    return set()


def test_a_password_is_long_uncommon_and_otherwise_free() -> None:
    assert refusals("corta-de-11") == {"password_too_short"}
    assert "password_too_common" in refusals("qwerty123456")
    assert refusals("anabelperez1") == {"password_too_similar"}
    assert refusals("solo letras minúsculas y espacios") == set()
    assert refusals("x7" * 64) == set()


def test_a_password_of_128_characters_opens_the_door(ana: Staff) -> None:
    ana.set_password("ñ 7" * 43)
    ana.save()
    assert give_password(Client(), ana, "ñ 7" * 43).status_code == 302


def test_a_superuser_made_at_the_terminal_keeps_the_same_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    call_command("createsuperuser", username="jefa", email="jefa@cifras.test", interactive=False, verbosity=0)
    with pytest.raises(CommandError):
        call_command("createsuperuser", username="jefa", email="", interactive=False, verbosity=0)
    assert gets_in(Staff.objects.get(username="jefa"))


def test_changing_the_password_asks_for_the_current_one_and_ends_the_other_sessions(ana: Staff) -> None:
    here, there = Client(), Client()
    for browser in (here, there):
        give_password(browser, ana)
        assert is_in(browser)
    key = here.session.session_key
    page, new = reverse("admin:password_change"), "otra frase bien larga"
    wrong = {"old_password": "no es esta", "new_password1": new, "new_password2": new}
    assert here.post(page, wrong).status_code == 200
    assert is_in(there)
    assert here.post(page, wrong | {"old_password": PASSWORD}).status_code == 302
    assert (is_in(here), is_in(there)) == (True, False)
    assert here.session.session_key != key
    assert give_password(Client(), ana).status_code == 200
    assert "password.changed" in actions()


def test_axes_has_no_pages_of_its_own(ana: Staff) -> None:
    ana.is_superuser = True
    ana.save()
    browser = Client()
    browser.force_login(ana)
    assert browser.get("/admin/axes/accessattempt/").status_code == 404
