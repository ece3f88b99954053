"""Receivers, incidents, webhooks, the timeline and the exchanges on the staff site."""

import json
import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cifras.core.models import AuditEntry, Staff
from invoicing.models import Document, Incident, Receiver, TimelineEvent, WebhookDelivery
from tenants.models import Exchange, Tenant
from tests.document_rows import a_document
from tests.factories import a_staff_member, an_administrator

pytestmark = pytest.mark.django_db


def signed_in(person: Staff) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def browser() -> Client:
    return signed_in(an_administrator())


@pytest.fixture
def document() -> Document:
    return a_document()


def page(row: Any, name: str = "change") -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{name}", args=[row.uid])


def listed(browser: Client, model: str, **query: Any) -> list[Any]:
    response = browser.get(reverse(f"admin:{model}_changelist"), query)
    assert response.status_code == 200
    return list(response.context["cl"].result_list)


def said(response: Any) -> str:
    return " ".join(str(message) for message in response.context["messages"])


# Receivers


def receiver_form(tenant: Tenant, **changes: Any) -> dict[str, Any]:
    return {
        "tenant": tenant.pk,
        "code": "C-1",
        "type": "CONTRIBUYENTE",
        "contributor": "JURIDICO",
        "ruc": "155596713-2-2015",
        "dv": "59",
        "name": "Comercial Ejemplo Uno, S.A.",
        "address": "Calle Ficticia 10",
        "location": "8-8-7",
        "country": "PA",
        "telephones": "200-0001\n\n 6000-0002 ",
        "emails": "pagos@ejemplo.test",
        **changes,
    }


def added(browser: Client, tenant: Tenant, **changes: Any) -> Any:
    return browser.post(reverse("admin:invoicing_receiver_add"), receiver_form(tenant, **changes))


def errors(response: Any) -> dict[str, Any]:
    return dict(response.context["adminform"].form.errors)


def test_a_receiver_is_registered_with_one_telephone_per_line(browser: Client, document: Document) -> None:
    assert added(browser, document.tenant).status_code == 302
    receiver = Receiver.objects.get()
    assert (receiver.telephones, receiver.emails) == (["200-0001", "6000-0002"], ["pagos@ejemplo.test"])
    form = browser.get(page(receiver)).context["adminform"].form
    assert form["telephones"].value() == "200-0001\n6000-0002"
    assert AuditEntry.objects.get(action="invoicing.receiver.added").chain == document.tenant.uid


def test_a_wrong_dv_is_refused_beside_its_field(browser: Client, document: Document) -> None:
    assert "59" in str(errors(added(browser, document.tenant, dv="58"))["dv"])


def test_a_missing_dv_is_computed_and_shown(browser: Client, document: Document) -> None:
    assert "La fórmula de la DGI da 59" in str(errors(added(browser, document.tenant, dv=""))["dv"])


@pytest.mark.parametrize(
    ("field", "value"),
    [("telephones", "12"), ("emails", "no-es-correo"), ("location", "0-0"), ("address", "x"), ("name", "x")],
)
def test_what_the_law_refuses_stands_beside_its_field(
    browser: Client, document: Document, field: str, value: str
) -> None:
    assert field in errors(added(browser, document.tenant, **{field: value}))


def test_a_foreigner_carries_a_foreign_number_and_no_ruc(browser: Client, document: Document) -> None:
    refused = added(browser, document.tenant, type="EXTRANJERO", country="US")
    assert "foreign_number" in errors(refused)
    foreign = {"type": "EXTRANJERO", "country": "US", "foreign_number": "X-1", "foreign_country": "US"}
    assert added(browser, document.tenant, **foreign).status_code == 302
    receiver = Receiver.objects.get()
    assert (receiver.ruc, receiver.dv, receiver.country) == ("", "", "US")


def test_a_code_is_not_taken_twice_whichever_way_it_comes(browser: Client, document: Document) -> None:
    added(browser, document.tenant)
    assert "code" in errors(added(browser, document.tenant))
    other = Receiver.objects.create(tenant=document.tenant, code="C-2", name="Otro cliente")
    assert "code" in errors(browser.post(page(other), receiver_form(document.tenant)))


def test_a_receiver_is_found_by_ruc_code_and_the_beginning_of_its_name(
    browser: Client, document: Document
) -> None:
    added(browser, document.tenant)
    for term in ("155596713-2-2015", "C-1", "comercial eje"):
        assert len(listed(browser, "invoicing_receiver", q=term)) == 1, term
    assert listed(browser, "invoicing_receiver", q="Ejemplo Uno") == []


# Incidents


def an_incident(tenant: Tenant, **changes: Any) -> Incident:
    values = {
        "code": "unauthorized",
        "message": "La clave del PAC no sirve.",
        "provider_words": "Unauthorized <b>",
        **changes,
    }
    return Incident.objects.create(tenant=tenant, **values)


def held(document: Document) -> None:
    Document.objects.filter(pk=document.pk).update(
        submission="QUEUED", legal_status="", held_reason="unauthorized"
    )


def test_open_incidents_come_first_with_the_providers_words_and_what_waits(
    browser: Client, document: Document
) -> None:
    opened = an_incident(document.tenant)
    closed = an_incident(document.tenant, released_at=timezone.now())
    held(document)
    assert [row.pk for row in listed(browser, "invoicing_incident")] == [opened.pk, closed.pk]
    text = browser.get(page(opened)).content.decode()
    assert "«Unauthorized &lt;b&gt;»" in text
    assert "1 documento" in text


def test_releasing_lets_the_queue_go_on_and_tells_how_many(browser: Client, document: Document) -> None:
    incident = an_incident(document.tenant)
    held(document)
    answer = browser.post(
        page(incident, "release"), {"_form_submitted": "True"}, headers={"HX-Request": "true"}
    )
    assert answer.headers["HX-Redirect"] == page(incident)
    response = browser.get(page(incident))
    assert "1 documento vuelve a salir" in said(response)
    assert page(incident, "release") not in response.content.decode()
    document.refresh_from_db()
    assert document.held_reason == ""
    assert AuditEntry.objects.filter(action="incident.released").exists()


def test_releasing_needs_its_own_right(document: Document) -> None:
    incident = an_incident(document.tenant)
    browser = signed_in(a_staff_member(document.tenant, permissions=("invoicing.view_incident",)))
    assert page(incident, "release") not in browser.get(page(incident)).content.decode()
    assert browser.post(page(incident, "release"), {"_form_submitted": "True"}).status_code == 403
    incident.refresh_from_db()
    assert incident.released_at is None


# Webhooks


def a_delivery(document: Document, **changes: Any) -> WebhookDelivery:
    values = {
        "verdict": "signed",
        "state": "failed",
        "body": json.dumps({"document": {"id": "x"}, "note": "<img src=x onerror=alert(1)>"}),
        "headers": {"X-Signature": "sha256:12345678..."},
        "pac_document_id": document.document_id,
        "raw_legal_status": "DGI_AUTHORIZED",
        "traceback": "Traceback (most recent call last)",
        **changes,
    }
    return WebhookDelivery.objects.create(tenant=document.tenant, **values)


def test_a_delivery_is_shown_indented_and_never_obeyed(browser: Client, document: Document) -> None:
    delivery = a_delivery(document, document_uid=document.uid)
    text = browser.get(page(delivery)).content.decode()
    assert "<img src=x" not in text
    assert "  &quot;document&quot;: {" in text
    assert page(document.face) in text
    for words in ("Firma válida", "Falló", "«DGI_AUTHORIZED»", "Traceback"):
        assert words in text


@pytest.mark.parametrize("body", ["not json", "[" * 3000, ""])
def test_a_body_that_is_not_json_is_shown_as_it_came(browser: Client, document: Document, body: str) -> None:
    assert browser.get(page(a_delivery(document, body=body))).status_code == 200


def test_a_signed_delivery_is_processed_again_on_demand(browser: Client, document: Document) -> None:
    delivery = a_delivery(document)
    browser.get(page(delivery, "reprocess"))
    delivery.refresh_from_db()
    assert delivery.state == "failed"
    browser.post(page(delivery, "reprocess"))
    delivery.refresh_from_db()
    assert (delivery.state, delivery.traceback) == ("new", "")
    assert AuditEntry.objects.filter(action="webhook.reprocessed").exists()


def test_a_forged_delivery_is_not_processed_again(browser: Client, document: Document) -> None:
    delivery = a_delivery(document, verdict="forged", state="ignored")
    response = browser.post(page(delivery, "reprocess"), follow=True)
    assert "no trae una firma válida" in said(response)
    delivery.refresh_from_db()
    assert delivery.state == "ignored"


def test_deliveries_are_found_by_the_documents_id_at_the_provider(
    browser: Client, document: Document
) -> None:
    a_delivery(document)
    a_delivery(document, pac_document_id="another")
    assert len(listed(browser, "invoicing_webhookdelivery", q="another")) == 1
    assert len(listed(browser, "invoicing_webhookdelivery", state__exact="parked")) == 0


# Timeline and exchanges


def test_the_timeline_speaks_in_sentences_and_leads_to_the_document(
    browser: Client, document: Document
) -> None:
    event = TimelineEvent.objects.create(
        tenant_uid=document.tenant.uid,
        document_uid=document.uid,
        code="queued",
        detail={"number": "0000000007"},
        actor_name="ana",
        exchange_uid=uuid.uuid4(),
    )
    TimelineEvent.objects.create(code="a_code_of_tomorrow")
    text = browser.get(reverse("admin:invoicing_timelineevent_changelist")).content.decode()
    for words in ("Se puso en cola con el número 0000000007.", page(document.face), "a_code_of_tomorrow"):
        assert words in text
    assert (
        reverse("admin:tenants_exchange_change", args=[event.exchange_uid])
        in browser.get(page(event)).content.decode()
    )
    assert browser.post(page(event), {"code": "voided"}).status_code == 403


def an_exchange(document: Document, **changes: Any) -> Exchange:
    values = {
        "tenant_uid": document.tenant.uid,
        "document_uid": document.uid,
        "correlation_id": "correlation-1",
        "provider": "alanube",
        "operation": "create_invoice",
        "method": "POST",
        "url": "https://pac.test/invoices",
        "request_headers": {"Authorization": "••••", "Content-Type": "application/json"},
        "request_body": '{"number":"1","note":"<b>"}',
        "response_body": '{"id":"x","word":"<script>"}',
        "status": 201,
        "started_at": timezone.now(),
        "duration_ms": 1234,
        **changes,
    }
    return Exchange.objects.create(**values)


def test_an_exchange_is_shown_with_its_bodies_and_as_curl_without_the_token(
    browser: Client, document: Document
) -> None:
    text = browser.get(page(an_exchange(document))).content.decode()
    for words in (
        "  &quot;number&quot;: &quot;1&quot;",
        "&lt;script&gt;",
        "$PAC_API_KEY",
        page(document.face),
        page(document.tenant),
        "1,234 ms",
    ):
        assert words in text
    assert "<script>&quot;" not in text


def test_exchanges_are_filtered_by_outcome_tenant_and_operation(browser: Client, document: Document) -> None:
    other = a_document(ruc="8-274-125", cufe="")
    found = an_exchange(document)
    an_exchange(document, status=None, error="timed out")
    an_exchange(other, operation="read_company", status=500)
    model = "tenants_exchange"
    for query in (
        {"outcome": "ok"},
        {"outcome": "ok", "tenant_uid": document.tenant.uid},
        {"operation__exact": "create_invoice", "outcome": "ok"},
    ):
        assert [row.pk for row in listed(browser, model, **query)] == [found.pk], query
    assert len(listed(browser, model, outcome="none")) == 1
    assert len(listed(browser, model, outcome="failed")) == 1
    assert len(listed(browser, model, q="correlation-1")) == 0
    response = browser.get(reverse("admin:tenants_exchange_changelist"), {"q": str(found.uid)})
    assert response.headers["Location"] == page(found)


def test_exchanges_of_no_tenant_are_for_those_who_see_everything(document: Document) -> None:
    an_exchange(document, tenant_uid=None, document_uid=None)
    granted = a_staff_member(document.tenant, permissions=("tenants.view_exchange",))
    assert listed(signed_in(granted), "tenants_exchange") == []
    assert len(listed(signed_in(an_administrator()), "tenants_exchange")) == 1
