"""`manage.py work`: all that is due, without a broker."""

from collections.abc import Callable
from typing import Any

import pytest

from cifras.core.models import Heartbeat
from cifras.sandbox.server import SandboxServer
from invoicing import services
from invoicing.models import Document
from invoicing.services import queues, submitting
from reports.models import MonthlyFigure
from tests.clockwork import make_everything_due
from tests.factories import a_tenant, invoice_json
from tests.terminal import Ended

pytestmark = pytest.mark.django_db

Manage = Callable[..., Ended]


def queued(count: int = 1) -> list[Document]:
    tenant = a_tenant()
    return [services.create_invoice(invoice_json(tenant), actor=None) for _ in range(count)]


def test_one_round_sends_what_is_queued(pac: SandboxServer, manage: Manage) -> None:
    [document] = queued()
    worked = manage("work", "--once")
    assert (worked.code, worked.out) == (0, "")
    document.refresh_from_db()
    assert (document.submission, document.legal_status) == ("ACCEPTED", "PAC_AUTHORIZED")


def test_until_idle_means_that_nothing_is_due_now(pac: SandboxServer, manage: Manage) -> None:
    documents = queued(4)
    assert manage("work", "--until-idle").code == 0
    assert len(pac.journal.requests("create_invoice")) == len(documents)
    assert queues.work_once() == 0
    make_everything_due()
    manage("work", "--until-idle")
    assert {document.has_pdf for document in Document.objects.all()} == {True}


@pytest.mark.parametrize("how", ["--once", "--until-idle"])
def test_what_the_schedule_would_do_is_done_as_well(pac: SandboxServer, manage: Manage, how: str) -> None:
    """Somebody waits for roll-ups, statements and reconciliations where there is no broker, too."""
    [document] = queued()
    assert manage("work", how).code == 0
    figures = MonthlyFigure.objects.filter(tenant=document.tenant_id)
    assert figures.exists()
    assert Heartbeat.objects.exists()


def test_idle_at_once_when_there_is_nothing_to_do(pac: SandboxServer, manage: Manage) -> None:
    assert manage("work", "--until-idle").err.startswith("0 ")
    assert pac.journal.requests() == []


def test_once_and_until_idle_exclude_one_another(db: None, manage: Manage) -> None:
    assert manage("work", "--once", "--until-idle").code == 2


def test_a_document_that_breaks_its_queue_does_not_stop_those_behind_it(
    pac: SandboxServer, manage: Manage, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = queued(2)
    provider_for = submitting.provider_for

    def unreadable_for_the_first(tenant: Any, **about: Any) -> Any:
        if about["document_uid"] == first.uid:
            raise ZeroDivisionError
        return provider_for(tenant, **about)

    monkeypatch.setattr(submitting, "provider_for", unreadable_for_the_first)
    assert manage("work", "--until-idle").code == 0
    states = {document.uid: document.submission for document in Document.objects.all()}
    assert states == {first.uid: "SENDING", second.uid: "ACCEPTED"}
