"""The figures for the monitoring: how long what waits has waited, what providers answer, and no tenant by name."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from invoicing.models import Document, Incident, ProviderHealth, WebhookDelivery
from tenants.models import Exchange
from tests.elsewhere import a_company
from tests.house.test_every_address import a_document

pytestmark = pytest.mark.django_db


def figures(client: Client) -> dict[str, float]:
    lines = client.get("/metrics").content.decode().splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


def test_what_waits_is_counted_by_state_and_the_oldest_says_how_long(client: Client) -> None:
    tenant, now = a_company(), timezone.now()
    for serial, (state, minutes) in enumerate([("QUEUED", 10), ("QUEUED", 1), ("UNKNOWN", 30)]):
        document = a_document(tenant, "INVOICE", serial)
        Document.objects.filter(pk=document.pk).update(
            submission=state, legal_status="", due_at=now - timedelta(minutes=minutes)
        )
    waiting = a_document(tenant, "INVOICE", 7)
    Document.objects.filter(pk=waiting.pk).update(due_at=now + timedelta(hours=1))
    delivery = WebhookDelivery.objects.create(tenant=tenant, verdict="signed", body="{}", due_at=now)
    WebhookDelivery.objects.filter(pk=delivery.pk).update(received_at=now - timedelta(minutes=5))
    seen = figures(client)
    assert seen['cifras_documents_due{state="QUEUED"}'] == 2
    assert 600 <= seen['cifras_documents_due_age_seconds{state="QUEUED"}'] < 1200
    assert seen['cifras_documents_due{state="UNKNOWN"}'] == seen["cifras_documents_unconfirmed"] == 1
    assert 300 <= seen['cifras_webhooks_due_age_seconds{state="new"}'] < 900
    assert 'cifras_documents_due{state="ACCEPTED"}' not in seen


def test_the_providers_answers_their_pauses_and_what_is_held(client: Client) -> None:
    tenant, now = a_company(trade_name="Panadería Secreta"), timezone.now()
    for status, minutes in [(200, 1), (200, 2), (503, 1), (None, 1), (200, 60)]:
        Exchange.objects.create(
            provider="alanube",
            operation="issue",
            method="POST",
            url="https://pac.test/",
            status=status,
            started_at=now - timedelta(minutes=minutes),
        )
    ProviderHealth.objects.create(
        provider="alanube", environment="live", open_until=now + timedelta(minutes=1)
    )
    ProviderHealth.objects.create(provider="alanube", environment="sandbox")
    Incident.objects.create(tenant=tenant, code="unauthorized", message="La clave de Panadería Secreta")
    seen = figures(client)
    answers = 'cifras_provider_answers_recent{answer="%s",provider="alanube"}'
    assert [seen[answers % each] for each in ("2xx", "5xx", "none")] == [2, 1, 1]
    assert seen['cifras_provider_paused{environment="live",provider="alanube"}'] == 1
    assert seen['cifras_provider_paused{environment="sandbox",provider="alanube"}'] == 0
    assert seen["cifras_incidents_open"] == 1
    text = client.get("/metrics").content.decode()
    assert not re.search(f"Secreta|{tenant.ruc}|{tenant.uid}|{tenant.pac_company_id}", text)


def test_a_scrape_asks_little(client: Client) -> None:
    with CaptureQueriesContext(connection) as captured:
        client.get("/metrics")
    assert len(captured) <= 10
