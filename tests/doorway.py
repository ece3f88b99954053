"""Somebody at the door of the staff site: passwords typed, codes read off the app."""

from typing import Any

from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_otp.oath import hotp

from cifras.core.models import SecondFactor, Staff
from cifras.core.sign_in.factor import STEP_SECONDS
from cifras.core.sign_in.step_up import CODE_FIELD

PASSWORD = "una-frase-larga-de-prueba"
SEED = b"a seed of twenty byt"
LOGIN = "/admin/login/"


def with_app(person: Staff) -> Staff:
    """The person has an app in use, whose seed is SEED."""
    SecondFactor.objects.create(staff=person, seed=SEED, confirmed_at=timezone.now())
    return person


def code(*, late: int = 0, seed: bytes = SEED) -> str:
    """What the app shows, `late` steps ago."""
    step = int(timezone.now().timestamp()) // STEP_SECONDS - late
    return f"{hotp(seed, step):06}"


def wrong_code() -> str:
    """A code that the app shows neither now nor one step away."""
    near = {code(late=late) for late in (-1, 0, 1)}
    return next(text for text in ("000000", "111111", "222222", "333333") if text not in near)


def give_password(
    browser: Client,
    person: Staff | str,
    password: str = PASSWORD,
    *,
    ip: str = "198.51.100.7",
    then: str = "",
) -> Any:
    """The first step."""
    name = person if isinstance(person, str) else person.username
    address = f"{LOGIN}?next={then}" if then else LOGIN
    return browser.post(address, {"username": name, "password": password}, REMOTE_ADDR=ip)


def give_code(browser: Client, text: str, **more: str) -> Any:
    """The second step."""
    return browser.post(reverse("sign_in:code"), {"code": text, **more})


def signed_in(person: Staff) -> Client:
    """In with both steps."""
    browser = Client()
    assert give_password(browser, person).status_code == 302
    assert give_code(browser, code()).status_code == 302
    return browser


def is_in(browser: Client) -> bool:
    return bool(browser.get(reverse("sign_in:account")).status_code == 200)


def asked_for_code(response: Any) -> bool:
    """The answer is the page that asks for a fresh code."""
    return response.status_code == 200 and f'name="{CODE_FIELD}"' in response.content.decode()
