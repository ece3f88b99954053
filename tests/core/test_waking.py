import logging

import pytest
from celery import current_app
from django.db import transaction
from kombu import Connection

from cifras.core import wake, waking
from cifras.core.context import act_context, correlation_id
from cifras.core.models import Staff

QUEUE = "waking-test"


@pytest.fixture
def broker(monkeypatch):
    """A broker in memory whose queue can be read."""
    monkeypatch.setattr(waking._Broker, "quiet_until", 0.0)
    with Connection("memory://") as connection:
        queue = connection.SimpleQueue(QUEUE)
        queue.clear()
        yield queue
        queue.clear()


@pytest.fixture
def dead_broker(monkeypatch):
    """A port where nobody listens; what the process learns about it is forgotten afterwards."""
    monkeypatch.setattr(waking._Broker, "quiet_until", 0.0)
    with Connection("redis://127.0.0.1:1/0", connect_timeout=0.1) as connection:
        yield connection


@pytest.mark.django_db(transaction=True)
def test_a_task_is_sent_when_the_transaction_commits(broker):
    with transaction.atomic():
        wake("invoicing.submit", "some-id", queue=QUEUE)
        assert broker.qsize() == 0
    message = broker.get(block=False)
    assert message.headers["task"] == "invoicing.submit"
    assert message.payload[0] == ["some-id"]


@pytest.mark.django_db(transaction=True)
def test_a_task_of_a_rolled_back_transaction_is_never_sent(broker):
    with pytest.raises(RuntimeError), transaction.atomic():
        wake("invoicing.submit", queue=QUEUE)
        raise RuntimeError
    assert broker.qsize() == 0


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_cannot_be_reached_is_logged_and_the_act_stands(dead_broker, caplog):
    with caplog.at_level(logging.WARNING, logger="cifras.core.waking"), transaction.atomic():
        Staff.objects.create_user("ana")
        wake("invoicing.submit", connection=dead_broker)
    assert "invoicing.submit" in caplog.text
    assert Staff.objects.filter(username="ana").exists()


@pytest.mark.django_db(transaction=True)
def test_an_act_that_wakes_many_tasks_waits_for_a_dead_broker_once(dead_broker, caplog):
    with caplog.at_level(logging.WARNING, logger="cifras.core.waking"), transaction.atomic():
        for _ in range(100):
            wake("invoicing.submit", connection=dead_broker)
    assert len(caplog.records) == 1


@pytest.mark.django_db(transaction=True)
def test_a_crowd_shares_one_message_and_a_late_comer_is_not_forgotten(monkeypatch):
    sent, now = [], [100.0]
    monkeypatch.setattr(waking._Broker, "arrives", {})
    monkeypatch.setattr(waking, "monotonic", lambda: now[0])
    monkeypatch.setattr(waking, "_send", lambda task, args, options: sent.append((now[0], options)))
    for _ in range(100):
        wake("invoicing.inbox")
        now[0] += 0.01
    assert sent[0] == (100.0, {})
    assert all(options["countdown"] > waking.CROWD_SECONDS for _, options in sent[1:])
    assert len(sent) == 5
    arrivals = [at + options.get("countdown", 0) for at, options in sent]
    assert arrivals[-1] > now[0]  # whoever came last is looked after, too


def test_every_task_is_an_act_of_its_own():
    @current_app.task(name="tests.core.who_am_i")
    def who_am_i() -> str:
        return correlation_id()

    with act_context() as mine:
        seen = {mine, who_am_i.apply().get(), who_am_i.apply().get()}
    assert len(seen) == 3
