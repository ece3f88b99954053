"""Whoever knows only the password reads no page of the staff site, whatever its address: walked over the resolver."""

import uuid
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from pytest_django.fixtures import Settings

from tests.factories import a_staff_member

pytestmark = pytest.mark.django_db
# What answers everybody, signed in or not.
FOR_EVERYBODY = {"/admin/jsi18n/", "/healthz", "/readyz", "/metrics"}


def addresses(patterns: list[URLPattern | URLResolver], before: str = "") -> Iterator[str]:
    """One address for every pattern there is."""
    for pattern in patterns:
        here = before + address_of(pattern)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, here)
        else:
            yield here


def address_of(pattern: URLPattern | URLResolver) -> str:
    if not hasattr(pattern.pattern, "_route"):
        return "any"  # the site's catch-all
    text = str(pattern.pattern)
    for name, converter in pattern.pattern.converters.items():
        word = converter.__class__.__name__.removesuffix("Converter").lower()
        value = {"int": "1", "uuid": str(uuid.uuid4())}.get(word, "2026-10" if name == "month" else "word")
        text = text.replace(f"<{word}:{name}>", value).replace(f"<{name}>", value)
    return text


def test_the_password_alone_reads_no_page(settings: Settings) -> None:
    settings.CIFRAS_SECOND_FACTOR = True
    browser = Client(raise_request_exception=False)
    browser.force_login(a_staff_member(is_superuser=True))
    walked = ["/" + address for address in addresses(get_resolver().url_patterns)]
    assert len(walked) > 150
    opened = {}
    for address in walked:
        for answer in (browser.get(address), browser.post(address)):
            if answer.status_code == 200 or answer.status_code >= 500:
                opened[address] = answer.status_code
    assert {address for address in opened if address not in FOR_EVERYBODY} == DOOR
    assert browser.get("/admin/").headers["Location"].startswith("/admin/login/")


# The steps that lead in: the set-up of the app, and the first step once more.
DOOR = {"/admin/second-factor/set-up/", "/admin/login/"}
