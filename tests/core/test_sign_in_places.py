"""Who signs in from a new place is told by mail, once, whoever it was."""

from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from cifras.core.models import SignInPlace, Staff
from cifras.core.sign_in import places
from cifras.core.tasks import new_places_task
from tests.doorway import PASSWORD
from tests.factories import a_staff_member

pytestmark = pytest.mark.django_db
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
PHONE = "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36"
HOME, ABROAD = "198.51.100.7", "203.0.113.9"


@pytest.fixture
def ana() -> Staff:
    return a_staff_member(username="ana")


def enter(person: Staff, ip: str = HOME, agent: str = FIREFOX, *, language: str = "es-pa") -> None:
    browser = Client(REMOTE_ADDR=ip, headers={"user-agent": agent})
    browser.post("/i18n/setlang/", {"language": language})
    answer = browser.post("/admin/login/", {"username": person.username, "password": PASSWORD})
    assert answer.status_code == 302


def test_a_new_network_or_device_is_told_once_and_the_first_of_all_never(ana: Staff) -> None:
    enter(ana)
    enter(ana, "198.51.100.200")
    assert new_places_task() == 0
    enter(ana, ABROAD)
    enter(ana, ABROAD)
    enter(ana, agent=PHONE)
    assert new_places_task() == 2
    assert new_places_task() == 0
    abroad, phone = mail.outbox
    assert (abroad.to, abroad.subject) == (
        [ana.email],
        "Entraron a su cuenta de Cifras desde otro lugar",
    )
    assert ABROAD in abroad.body
    assert "Chrome · Android" in phone.body


def test_the_mail_is_in_the_language_of_the_place_before(ana: Staff) -> None:
    """A stranger may have chosen another one."""
    enter(ana)
    enter(ana, ABROAD, language="en")
    new_places_task()
    assert "Alguien entró a Cifras" in mail.outbox[0].body


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("198.51.100.7", "198.51.100.0/24"),
        ("::ffff:198.51.100.7", "198.51.100.0/24"),
        ("2001:db8:1:2::7", "2001:db8:1::/48"),
        ("unknown", ""),
    ],
)
def test_a_place_is_a_network(address: str, network: str) -> None:
    assert places.network_of(address) == network


def test_a_mail_that_no_server_takes_is_tried_again_for_a_day(ana: Staff, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    enter(ana)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        enter(ana, ABROAD)
        assert new_places_task() == 0
        clock.shift(timedelta(hours=23))
        assert new_places_task() == 0
        settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
        assert new_places_task() == 0, "each try has its time"
        clock.shift(timedelta(minutes=5))
        assert new_places_task() == 1
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        enter(ana, agent=PHONE)
        clock.shift(timedelta(days=1))
        assert new_places_task() == 0
        assert not SignInPlace.objects.exclude(due_at=None).exists()


def test_where_nobody_can_be_written_to_nothing_waits(ana: Staff, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    enter(ana)
    enter(ana, ABROAD)
    assert not SignInPlace.objects.exclude(due_at=None).exists()
