"""What machines ask: alive, ready, and how it fares; nobody learns a secret, a tenant or a reason from the answers."""

import logging
from collections.abc import Iterator
from datetime import timedelta

import pytest
from celery import current_app
from django.core.files.storage import default_storage
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from cifras.core import audit
from cifras.core.health import checks, heartbeat
from cifras.core.models import Heartbeat
from cifras.core.tasks import anchor_audit_task, heartbeat_task

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def asked_anew() -> Iterator[None]:
    checks.forget()
    yield
    checks.forget()


@pytest.fixture
def beating() -> None:
    heartbeat_task()


def words(client: Client) -> tuple[int, dict[str, str]]:
    response = client.get("/readyz")
    return response.status_code, response.json()["checks"]


def test_a_process_that_answers_is_alive_even_without_its_database(client: Client) -> None:
    with connection.execute_wrapper(no_database):
        response = client.get("/healthz", headers={"host": "10.1.2.3"})
    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert response.headers["Cache-Control"] == "no-store"


def no_database(*_: object) -> None:
    raise AssertionError("the database was asked")


@pytest.mark.usefixtures("beating")
def test_it_is_ready_when_everything_it_stands_on_is_there(client: Client) -> None:
    status, answers = words(client)
    assert status == 200
    assert answers == dict.fromkeys(
        ("database", "migrations", "broker", "schedule", "storage", "file_hosts"), "ok"
    )


def without_heartbeat(settings: Settings) -> None:
    Heartbeat.objects.update(at=timezone.now() - heartbeat.LONGEST_SILENCE - timedelta(seconds=1))


def without_any_heartbeat(settings: Settings) -> None:
    Heartbeat.objects.all().delete()


def without_broker(settings: Settings) -> None:
    current_app.conf.broker_url = "redis://:hunter2-password@127.0.0.1:1/0"


def without_storage(settings: Settings) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": "/proc/no-such-folder"},
        },
    }


def without_file_hosts(settings: Settings) -> None:
    settings.PAC_FILE_HOSTS = []


def without_a_migration(settings: Settings) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'core'")


@pytest.mark.usefixtures("beating")
@pytest.mark.parametrize(
    ("lack", "name"),
    [
        (without_heartbeat, "schedule"),
        (without_any_heartbeat, "schedule"),
        (without_broker, "broker"),
        (without_storage, "storage"),
        (without_file_hosts, "file_hosts"),
        (without_a_migration, "migrations"),
    ],
)
def test_it_is_not_ready_without(lack, name: str, client: Client, settings: Settings, caplog) -> None:
    broker_url = current_app.conf.broker_url
    try:
        lack(settings)
        response = client.get("/readyz")
    finally:
        current_app.conf.broker_url = broker_url
    assert response.status_code == 503
    assert [each for each, word in response.json()["checks"].items() if word != "ok"] == [name]
    assert b"hunter2" not in response.content and b"/proc" not in response.content
    assert any(name in message for message in caplog.messages)


def test_a_database_that_does_not_answer_is_said_and_nothing_else(client: Client) -> None:
    with connection.execute_wrapper(no_database):
        response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["checks"]["database"] == "failing"
    assert b"asked" not in response.content


@pytest.mark.usefixtures("beating")
def test_a_crowd_that_asks_costs_what_one_costs(client: Client) -> None:
    assert words(client)[0] == 200
    checks._kept.update({name: (word, until + 600) for name, (word, until) in checks._kept.items()})
    with connection.execute_wrapper(no_database):
        assert words(client)[0] == 200


@pytest.mark.usefixtures("beating")
def test_the_check_of_the_storage_leaves_nothing_behind(client: Client) -> None:
    assert words(client)[0] == 200
    assert default_storage.listdir("health")[1] == []


@pytest.mark.parametrize("address", ["/healthz", "/readyz", "/metrics"])
def test_they_are_asked_and_change_nothing(client: Client, address: str) -> None:
    assert client.post(address).status_code == 405
    assert client.get(address).headers["X-Content-Type-Options"] == "nosniff"


# Metrics


def test_without_a_token_only_this_machine_reads_the_figures(client: Client) -> None:
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", REMOTE_ADDR="10.0.0.8").status_code == 404
    assert client.get("/metrics", headers={"x-forwarded-for": "127.0.0.1"}).status_code == 404


@pytest.mark.parametrize("reason", ["CIFRAS_PROXY_COUNT", "CIFRAS_METRICS_NEED_TOKEN"])
def test_behind_a_proxy_and_in_production_nobody_reads_them_without_a_token(
    client: Client, settings: Settings, reason: str
) -> None:
    """A proxy on the same machine makes every visitor come from 127.0.0.1, and need not say whom it speaks for."""
    setattr(settings, reason, 1)
    assert client.get("/metrics").status_code == 404
    settings.CIFRAS_METRICS_TOKEN = "a-long-token"
    answer = client.get("/metrics", headers={"authorization": "Bearer a-long-token"})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ("Bearer a-long-token", 200),
        ("Bearer a-long-toke", 404),
        ("Bearer ñ", 404),
        ("", 404),
        ("Bearer ", 404),
    ],
)
def test_with_a_token_whoever_bears_it_does(
    client: Client, settings: Settings, given: str, status: int
) -> None:
    settings.CIFRAS_METRICS_TOKEN = "a-long-token"
    response = client.get("/metrics", headers={"authorization": given}, REMOTE_ADDR="10.0.0.8")
    assert response.status_code == status


def test_the_figures_of_the_ground_floor(client: Client, beating: None) -> None:
    audit.record("access.denied", actor=None)
    text = client.get("/metrics").content.decode()
    assert 'cifras_refusals_last_hour{action="access.denied"} 1.0' in text
    assert 'cifras_heartbeat_age_seconds{sweep="core.heartbeat"}' in text


def test_the_anchors_are_a_sweep_of_the_schedule(caplog: pytest.LogCaptureFixture) -> None:
    audit.record("thing.done", actor=None)
    with caplog.at_level(logging.INFO):
        anchor_audit_task()
    assert any("--anchor 1:" in message for message in caplog.messages)
