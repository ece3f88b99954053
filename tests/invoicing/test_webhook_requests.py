"""Asking the provider to send a webhook again: by hand, and by itself when one is overdue."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from cifras.core.models import AuditEntry
from cifras.fiscal.errors import RuleBroken
from cifras.sandbox.faults import FaultKind
from invoicing.models import Document, TimelineEvent, WebhookDelivery, WebhookRequest
from invoicing.services import create_invoice, inbox, request_webhook, requesting, submitting
from tenants.models import Exchange
from tests.factories import a_tenant, an_administrator, invoice_json

SECRET = "the-secret-of-the-requests"
State = WebhookRequest.State


@pytest.fixture(autouse=True)
def callback(settings):
    settings.PAC_WEBHOOK_URL = "http://127.0.0.1:9/webhooks/pac"
    settings.PAC_WEBHOOK_SECRET = [SECRET, "the-older-one"]


@pytest.fixture
def tenant(pac, db):
    return a_tenant()


@pytest.fixture
def document(pac, tenant):
    """Accepted, and the DGI has not spoken."""
    pac.behaviour.update({"authorise_after": 3600 * 24, "webhook_attempts": 1})
    made = create_invoice(invoice_json(tenant), actor=None)
    submitting.submit_due()
    made.refresh_from_db()
    return made


def asked(pac):
    return pac.journal.requests("notify_webhook")


def accepted_ago(document, **span):
    """As if it had been accepted that long ago, and its next look were far away."""
    Document.objects.filter(pk=document.pk).update(
        accepted_at=timezone.now() - timedelta(**span), due_at=timezone.now() + timedelta(hours=1)
    )


def happenings(document):
    events = TimelineEvent.objects.filter(document_uid=document.uid, code__startswith="webhook")
    return list(events.order_by("pk").values_list("code", flat=True))


@pytest.mark.django_db(transaction=True)
def test_a_webhook_asked_for_comes_to_our_door_signed_and_is_followed(live_server, pac, settings):
    settings.PAC_WEBHOOK_URL = f"{live_server.url}/webhooks/pac/"
    pac.behaviour.authorise_after = 3600
    tenant, person = a_tenant(), an_administrator()
    document = create_invoice(invoice_json(tenant), actor=None)
    submitting.submit_due()
    document.refresh_from_db()
    pac.authority.decide(pac.authority.documents[document.document_id], "DGI_AUTHORIZED")

    request = request_webhook(document.uid, actor=person)
    assert (request.state, asked(pac)) == (State.QUEUED, [])
    assert requesting.request_due() == 1
    pac.webhooks.wait()
    delivery = WebhookDelivery.objects.get()
    assert (delivery.verdict, delivery.claimed_user) == (WebhookDelivery.Verdict.SIGNED, str(person.uid))
    assert inbox.process_due() == 1

    document.refresh_from_db()
    delivery.refresh_from_db()
    assert (document.legal_status, delivery.effect) == ("DGI_AUTHORIZED", WebhookDelivery.Effect.LEGAL)
    assert happenings(document) == ["webhook_requested", "webhook_asked", "webhook_received"]
    assert AuditEntry.objects.get(action="document.webhook_requested").actor_uid == person.uid
    exchange = Exchange.objects.get(operation="notify_webhook")
    assert str(exchange.uid) == WebhookRequest.objects.get().exchange_id
    assert SECRET not in exchange.request_body + str(exchange.request_headers)


def test_two_clicks_are_one_call(pac, document):
    first = request_webhook(document.uid, actor=None)
    assert request_webhook(document.uid, actor=None).pk == first.pk
    assert requesting.request_due() == 1
    assert len(asked(pac)) == 1
    assert request_webhook(document.uid, actor=None).pk != first.pk


def test_an_overdue_webhook_is_asked_for_at_most_three_times(pac, document):
    accepted_ago(document, minutes=4)
    assert requesting.request_due() == 0
    for minutes, calls in ((6, 1), (20, 1), (31, 2), (119, 2), (121, 3), (600, 3)):
        accepted_ago(document, minutes=minutes)
        requesting.request_due()
        requesting.request_due()
        assert len(asked(pac)) == calls, minutes
    assert list(WebhookRequest.objects.order_by("pk").values_list("turn", "state")) == [
        (1, State.DONE),
        (2, State.DONE),
        (3, State.DONE),
    ]


def test_after_a_standstill_it_is_asked_for_once_and_what_is_very_old_never(pac, document):
    accepted_ago(document, days=3)
    assert requesting.request_due() == 0
    accepted_ago(document, hours=5)
    for _ in range(3):
        requesting.request_due()
    assert len(asked(pac)) == 1


@pytest.mark.parametrize("case", ["heard", "final", "no address", "no secret", "no capability"])
def test_nothing_is_asked_for_where_nothing_is_overdue_or_nobody_could_answer(
    pac, tenant, document, settings, monkeypatch, case
):
    accepted_ago(document, minutes=10)
    if case == "heard":
        WebhookDelivery.objects.create(
            tenant=tenant, verdict="signed", body="{}", pac_document_id=document.document_id
        )
    elif case == "final":
        Document.objects.filter(pk=document.pk).update(legal_status="DGI_AUTHORIZED")
    elif case == "no address":
        settings.PAC_WEBHOOK_URL = ""
    elif case == "no secret":
        settings.PAC_WEBHOOK_SECRET = []
    else:
        Document.objects.filter(pk=document.pk).update(provider="another")
    assert requesting.request_due() == 0
    assert asked(pac) == []


def test_a_tenants_own_secret_is_enough_and_comes_first(pac, tenant, document, settings):
    settings.PAC_WEBHOOK_SECRET = []
    tenant.webhook_secret = "own-new, own-old"
    tenant.save()
    accepted_ago(document, minutes=10)
    assert requesting.request_due() == 1
    pac.webhooks.wait()
    [sent] = pac.webhooks.deliveries()
    assert sent.headers["X-Pac-Signature"] == "own-new"
    assert sent.url == f"http://127.0.0.1:9/webhooks/pac/{tenant.pac_company_id}"


def test_a_document_the_provider_does_not_hold_has_no_webhook(pac, tenant):
    draft = create_invoice(invoice_json(tenant, draft=True), actor=None)
    with pytest.raises(RuleBroken) as refusal:
        request_webhook(draft.uid, actor=None)
    assert refusal.value.code == "webhook_of_unknown_document"


def test_a_provider_that_does_not_answer_is_asked_a_few_times_more(pac, document):
    pac.faults.add(FaultKind.SERVER_ERROR_BEFORE, "notify_webhook", times=None)
    request = request_webhook(document.uid, actor=None)
    for minutes in range(4):
        with time_machine.travel(timezone.now() + timedelta(minutes=2 * minutes)):
            requesting.request_due()
    request.refresh_from_db()
    assert (request.state, request.attempts, request.due_at) == (State.FAILED, 3, None)
    assert happenings(document) == ["webhook_requested", "webhook_request_failed"]


@pytest.mark.parametrize(
    "setting",
    [
        "https://cifras.test",
        "https://cifras.test/",
        "https://cifras.test/webhooks/pac",
        "https://cifras.test/webhooks/pac/",
        "https://cifras.test/webhooks/pac/01K9",
    ],
)
def test_the_callback_leads_to_the_companys_door_however_it_is_written(settings, setting):
    settings.PAC_WEBHOOK_URL = setting
    assert requesting.callback_address("01K9") == "https://cifras.test/webhooks/pac/01K9"
