"""Webhook deliveries on the staff site: what each led to, whom it claims, and many at once."""

from typing import Any
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from invoicing.admin.exchange_shown import as_curl
from invoicing.models import Document, WebhookDelivery, WebhookProbe
from invoicing.services import create_invoice, request_webhook, requesting, submitting
from tenants.models import Exchange
from tests.document_pages import queries_of, text_of
from tests.factories import a_tenant, an_administrator, invoice_json

pytestmark = pytest.mark.django_db

LIST = "admin:invoicing_webhookdelivery_changelist"
Effect = WebhookDelivery.Effect


def a_delivery(document: Any, **changes: Any) -> WebhookDelivery:
    values = {
        "verdict": "signed",
        "state": "processed",
        "body": "{}",
        "pac_document_id": document.document_id,
        "document_uid": document.uid,
        **changes,
    }
    return WebhookDelivery.objects.create(tenant=document.tenant, **values)


def another(document: Document, number: int) -> Document:
    """The same under a number and an id of its own."""
    twin = Document.objects.get(pk=document.pk)
    twin.pk, twin.uid, twin.number = None, uuid4(), f"{9000 + number:010}"
    twin.document_id, twin.cufe, twin.external_id = f"{document.document_id}-{number}", "", ""
    twin.save(force_insert=True)
    return twin


def listed(browser: Any, **query: str) -> set[int]:
    return {row.pk for row in browser.get(reverse(LIST), query).context["cl"].result_list}


def test_each_delivery_says_what_it_led_to_or_why_to_nothing(browser, own):
    cases = {
        "Cambió el estado legal": a_delivery(own, effect=Effect.LEGAL),
        "ya se había procesado": a_delivery(own, effect=Effect.OLD, state="ignored"),
        "mensaje de prueba": a_delivery(own, effect=Effect.PROBE, state="ignored", document_uid=None),
        "la firma falta o no es válida": a_delivery(
            own, verdict="forged", state="ignored", document_uid=None
        ),
        "lleva aún ese identificador": a_delivery(own, state="parked", document_uid=None),
        "la traza dice en qué": a_delivery(own, state="failed", document_uid=None),
    }
    page = text_of(browser.get(reverse(LIST)))
    for words, delivery in cases.items():
        assert words in page, words
        door = reverse("admin:invoicing_webhookdelivery_change", args=[delivery.uid])
        assert words in text_of(browser.get(door)), words
    assert str(own) in page


def test_a_document_of_another_tenant_is_never_shown_as_matched(browser, own, foreign):
    Document.objects.filter(pk=foreign.pk).update(number="0000098765")
    delivery = a_delivery(own, document_uid=foreign.uid)
    assert "98765" not in text_of(browser.get(reverse(LIST)))
    door = reverse("admin:invoicing_webhookdelivery_change", args=[delivery.uid])
    assert "98765" not in text_of(browser.get(door))


def test_the_claimed_user_is_shown_as_a_claim(browser, own):
    delivery = a_delivery(own, claimed_user="<b>jefe</b>")
    page = browser.get(reverse("admin:invoicing_webhookdelivery_change", args=[delivery.uid]))
    assert "«<b>jefe</b>», según quien lo envió: no se comprueba" in text_of_escaped(page)
    assert "<b>jefe</b>" not in page.content.decode()


def text_of_escaped(response: Any) -> str:
    """The page's text, in which what was escaped reads as it was written."""
    return " ".join(response.content.decode().replace("&lt;", "<").replace("&gt;", ">").split())


def test_deliveries_are_filtered_by_effect_document_and_day(browser, own):
    matched = a_delivery(own, effect=Effect.FILES)
    parked = a_delivery(own, state="parked", document_uid=None)
    day = timezone.localdate().isoformat()
    assert listed(browser, matched="yes") == {matched.pk}
    assert listed(browser, matched="no") == {parked.pk}
    assert listed(browser, effect__exact="files") == {matched.pk}
    assert listed(browser, received_at_from=day, received_at_to=day) == {matched.pk, parked.pk}
    assert listed(browser, received_at_to="2020-01-01") == set()


def test_the_list_costs_the_same_however_long_it_is_and_counts_test_messages(browser, own, foreign):
    a_delivery(own)
    WebhookProbe.objects.create(tenant=own.tenant, count=7, last_at=timezone.now())
    WebhookProbe.objects.create(tenant=foreign.tenant, count=4321, last_at=timezone.now())
    few = queries_of(browser, reverse(LIST))
    for number in range(10):
        a_delivery(another(own, number))
    assert queries_of(browser, reverse(LIST)) == few <= 6
    page = text_of(browser.get(reverse(LIST)))
    assert "Mensajes de prueba sin firma" in page and "7, el último" in page
    assert "4321" not in page


def test_many_are_reprocessed_each_with_its_result(browser, own, foreign):
    failed, forged = (
        a_delivery(own, state="failed", due_at=None, effect=Effect.SAME),
        a_delivery(own, verdict="forged", state="ignored"),
    )
    others = a_delivery(foreign, state="failed")
    chosen = {"action": "reprocess_many", "_selected_action": [failed.pk, forged.pk, others.pk], "index": "0"}
    page = text_of(browser.post(reverse(LIST), chosen))
    assert page.count("Se procesa de nuevo") == 1 and page.count("no trae una firma válida") == 1
    for row in (failed, forged, others):
        row.refresh_from_db()
    assert (failed.state, failed.effect, failed.due_at is not None) == ("new", "", True)
    assert (forged.state, others.state) == ("ignored", "failed")


def test_a_call_with_a_secret_in_its_body_is_shown_as_curl_without_it(pac, settings, client):
    settings.PAC_WEBHOOK_URL, settings.PAC_WEBHOOK_SECRET = (
        "http://127.0.0.1:9",
        ["canary-secret-of-the-hook"],
    )
    settings.PAC_API_KEY = settings.PAC_SANDBOX_API_KEY = "canary-key-of-the-account"
    pac.behaviour.webhook_attempts = 1
    document = issued(a_tenant())
    request_webhook(document.uid, actor=None)
    requesting.request_due()
    exchange = Exchange.objects.get(operation="notify_webhook")
    assert "notify-webhook" in as_curl(exchange) and "$PAC_API_KEY" in as_curl(exchange)

    client.force_login(an_administrator())
    page = client.get(reverse("admin:tenants_exchange_change", args=[exchange.uid])).content.decode()
    assert "canary" not in page
    assert "cf-copyable" in page and f'data-copy="curl-{exchange.uid}"' in page


def issued(tenant: Any) -> Any:
    document = create_invoice(invoice_json(tenant), actor=None)
    submitting.submit_due()
    document.refresh_from_db()
    return document
