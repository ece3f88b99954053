"""The frame of the site: language, numbers and dates, the side menu, the demo's broker."""

from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import resolve
from django.utils import translation
from django.utils.formats import localize
from django.utils.module_loading import import_string
from kombu import Connection

from cifras.settings.broker import QUEUES, ROUTES, transport_options


@pytest.mark.parametrize("language", ["es-pa", "en"])
def test_numbers_and_dates_are_written_as_in_panama(language: str) -> None:
    with translation.override(language):
        assert localize(Decimal("1234.50")) == "1,234.50"
        assert localize(date(2026, 11, 21)) == "21/11/2026"
        assert localize(time(10, 30)) == "10:30"
        assert localize(datetime(2026, 11, 21, 10, 30)) == "21/11/2026 10:30"  # noqa: DTZ001 a wall clock


@pytest.mark.django_db
def test_the_site_is_spanish_until_a_person_chooses_english(client: Client) -> None:
    first = client.get("/admin/login/", headers={"accept-language": "en-US,en"})
    assert first.headers["Content-Language"] == "es-pa"
    client.post("/i18n/setlang/", {"language": "en", "next": "/admin/login/"})
    assert client.get("/admin/login/").headers["Content-Language"] == "en"


@pytest.mark.django_db
def test_an_unknown_language_in_the_cookie_is_spanish(client: Client) -> None:
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "xx<script>"
    assert client.get("/admin/login/").headers["Content-Language"] == "es-pa"


def test_the_root_leads_to_the_staff_site(client: Client) -> None:
    assert client.get("/").headers["Location"] == "/admin/"


def menu() -> list[dict[str, Any]]:
    return [item for group in settings.UNFOLD["SIDEBAR"]["navigation"] for item in group["items"]]


@pytest.mark.parametrize("entry", menu(), ids=lambda entry: str(entry["icon"]))
@pytest.mark.django_db
def test_every_menu_entry_leads_to_a_page_and_asks_for_a_permission_that_exists(
    entry: dict[str, Any],
) -> None:
    assert resolve(str(entry["link"]))
    asked: list[str] = []
    visitor = SimpleNamespace(user=SimpleNamespace(has_perm=asked.append, is_active=True))
    if "permission" in entry:
        rule = entry["permission"]
        (import_string(rule) if isinstance(rule, str) else rule)(visitor)
        app, codename = asked[0].split(".")
        assert Permission.objects.filter(content_type__app_label=app, codename=codename).exists()


def test_the_folder_broker_hands_over_what_it_was_given(tmp_path: Path) -> None:
    options = transport_options("filesystem://", tmp_path)
    with Connection("filesystem://", transport_options=options) as sender:
        sender.SimpleQueue("submit").put({"document": "an-id"}, serializer="json")
    with Connection("filesystem://", transport_options=options) as receiver:
        assert receiver.SimpleQueue("submit").get(timeout=5).payload == {"document": "an-id"}


def test_every_task_goes_to_a_queue_that_a_worker_serves_by_default() -> None:
    served = {queue.name for queue in QUEUES}
    assert {route["queue"] for route in ROUTES.values()} | {settings.CELERY_TASK_DEFAULT_QUEUE} == served
    assert settings.CELERY_ACCEPT_CONTENT == ["json"]
