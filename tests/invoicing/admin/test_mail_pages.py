"""Mails, notices, webhooks and evidence through the browser's doors."""

import io
import json
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone

from cifras.core.models import AuditEntry
from invoicing.models import Document, DocumentMail, Receiver, TimelineEvent, WebhookRequest
from invoicing.services import timeline
from tests.document_pages import address, list_address, queries_of, said, text_of
from tests.document_rows import a_document

pytestmark = pytest.mark.django_db

TO = "cliente@ejemplo.test"


def grant(person: Any, *names: str) -> None:
    for name in names:
        person.user_permissions.add(Permission.objects.get(codename=name))


def take(person: Any, *names: str) -> None:
    person.user_permissions.remove(*Permission.objects.filter(codename__in=names))


def a_mail(document: Document, **changes: Any) -> DocumentMail:
    values = {"channel": "PAC", "address": TO, "state": "SENT", "sent_at": timezone.now(), **changes}
    return DocumentMail.objects.create(tenant=document.tenant, document=document, **values)


def void(document: Document) -> None:
    Document.objects.filter(pk=document.pk).update(void_status="VOIDED", voided_at=timezone.now())


def test_the_dialog_says_what_will_leave_and_queues_one_mail(browser, ana, own):
    a_mail(own)
    page = text_of(browser.get(address(own, "mail")))
    assert "Alanube envía el PDF" in page and "más de una vez" in page
    assert f"Último correo: Enviado por el PAC, {TO}" in page
    assert not DocumentMail.objects.filter(state="QUEUED").exists()

    response = browser.post(
        address(own, "mail"), {"address": " otro@ejemplo.test ", "channel": "PAC", "message": "Hola"}
    )
    assert response.status_code == 302
    mail = DocumentMail.objects.get(state="QUEUED")
    assert (mail.address, mail.message, mail.requested_by) == ("otro@ejemplo.test", "Hola", ana.uid)
    page = browser.get(address(own))
    assert "Correo en cola para otro@ejemplo.test" in said(page)[0]
    assert "El correo sale en seguida." in text_of(page)


def test_a_wrong_address_stands_beside_its_field_with_all_that_was_typed(browser, own):
    response = browser.post(
        address(own, "mail"), {"address": "a@b.test, c@d.test", "channel": "PAC", "message": "Muy bien"}
    )
    assert "no es una sola dirección" in text_of(response)
    assert "Muy bien" in response.content.decode()
    assert not DocumentMail.objects.exists()


def test_the_address_is_kept_with_the_receiver_only_by_whoever_may_change_it(browser, ana, own):
    receiver = Receiver.objects.create(tenant=own.tenant, code="C-1", name="Cliente")
    Document.objects.filter(pk=own.pk).update(receiver=receiver)
    form = {"address": TO, "channel": "PAC", "save_to_receiver": "on"}
    take(ana, "change_receiver")
    assert "Guardar la dirección" not in text_of(browser.get(address(own, "mail")))
    browser.post(address(own, "mail"), form)
    receiver.refresh_from_db()
    assert receiver.emails == []
    grant(ana, "change_receiver")
    browser.post(address(own, "mail"), form)
    receiver.refresh_from_db()
    assert receiver.emails == [TO]


@pytest.mark.parametrize("door", ["mail", "notice"])
def test_without_the_right_nothing_is_mailed_and_the_button_says_so(browser, ana, own, door):
    take(ana, "add_documentmail")
    assert browser.post(address(own, door), {"address": TO}).status_code == 403
    assert "Su rol no permite este acto." in text_of(browser.get(address(own)))


@pytest.mark.parametrize("door", ["mail", "notice", "webhook", "evidence"])
def test_the_doors_of_others_documents_are_not_found_and_a_get_changes_nothing(
    browser, ana, own, foreign, door
):
    grant(ana, "export_document")
    assert browser.get(address(foreign, door)).status_code == 404
    assert browser.post(address(foreign, door), {"address": TO}).status_code == 404
    before = TimelineEvent.objects.count(), AuditEntry.objects.count()
    browser.get(address(own, door), {"address": TO})
    assert (TimelineEvent.objects.count(), AuditEntry.objects.count()) == before
    assert not DocumentMail.objects.exists() and not WebhookRequest.objects.exists()


def test_many_are_mailed_after_a_dry_run_that_says_to_whom(browser, own, foreign):
    waiting = a_document(cufe="", legal_status="PAC_AUTHORIZED")
    without = a_document(cufe="", receiver_data={"emails": []})
    rows = {
        "_selected_action": [row.pk for row in (own, waiting, without, foreign)],
        "action": "bulk_email",
        "index": "0",
    }
    page = text_of(browser.post(list_address(), rows))
    assert "Se hará con 1 documento" in page and "Sí, a pagos@ejemplo-uno.test" in page
    assert "aún no lo está" in page and "no tiene correo" in page
    assert not DocumentMail.objects.exists()

    page = text_of(browser.post(list_address(), rows | {"confirmed": "1"}))
    assert "En cola" in page and "Cliente ajeno" not in page
    mail = DocumentMail.objects.get()
    assert (mail.document_id, mail.state) == (own.pk, "QUEUED")


def test_a_receiver_who_holds_a_void_document_is_told_or_known_to_know(browser, own):
    a_mail(own)
    a_mail(own, address="segundo@ejemplo.test")
    assert "documento sin validez" not in text_of(browser.get(address(own)))
    void(own)
    page = browser.get(address(own))
    assert "El receptor tiene un documento sin validez" in text_of(page)
    assert "segundo@ejemplo.test, cliente@ejemplo.test" in text_of(page)
    assert "Avisar al receptor" in text_of(page) and "Enviar por correo" not in text_of(page)
    listed = browser.get(list_address("?queue=invalid_in_hand&environment=all"))
    assert [row.pk for row in listed.context["cl"].result_list] == [own.pk]

    dialog = browser.get(address(own, "notice"))
    assert "Enviarle un correo" in text_of(dialog) and "Ya se le avisó por otro medio" in text_of(dialog)
    refused = browser.post(address(own, "notice"), {"how": "elsewhere", "message": ""})
    assert "cómo y cuándo" in text_of(refused)
    browser.post(address(own, "notice"), {"how": "mail", "addresses": "x@y.test; z@y.test", "message": ""})
    notice = DocumentMail.objects.get(purpose="NOTICE")
    assert (notice.address, notice.channel, notice.state) == ("x@y.test, z@y.test", "OWN", "QUEUED")
    browser.post(address(own, "notice"), {"how": "elsewhere", "message": "Por teléfono el lunes"})
    assert "documento sin validez" not in text_of(browser.get(address(own)))
    listed = browser.get(list_address("?queue=invalid_in_hand&environment=all"))
    assert list(listed.context["cl"].result_list) == []


@pytest.mark.parametrize("door", ["mail", "notice"])
def test_a_form_that_is_sent_twice_is_one_mail(browser, own, foreign, door):
    if door == "notice":
        a_mail(own)
        void(own)
    before = own.mails.count()
    token = browser.get(address(own, door)).context["form"]["token"].value()
    given = {"address": "x@y.test", "how": "mail", "addresses": "x@y.test", "channel": "PAC", "message": ""}
    for _ in range(3):
        browser.post(address(own, door), {**given, "token": str(token)})
        own.mails.update(state="SENT", due_at=None)  # the worker was quick
    assert own.mails.count() == before + 1

    theirs = a_mail(foreign, address="other@y.test")
    browser.post(address(own, door), {**given, "token": str(theirs.uid)})
    assert own.mails.count() == before + 2, "the id of another's mail is not taken over"
    theirs.refresh_from_db()
    assert theirs.document_id == foreign.pk


def test_a_valid_document_has_nothing_to_be_told_about(browser, own):
    assert "no hay de qué avisar" in text_of(browser.get(address(own, "notice")))


def test_a_mail_that_did_not_leave_stands_on_top_with_what_was_said_and_can_be_sent_again(browser, own):
    mail = a_mail(own, state="FAILED", error="550 <script>alert(1)</script> unknown", sent_at=None)
    page = browser.get(address(own))
    assert "El último correo no salió" in text_of(page)
    assert "<script>alert" not in page.content.decode()
    listed = browser.get(list_address("?queue=mail_troubled&environment=all"))
    assert [row.pk for row in listed.context["cl"].result_list] == [own.pk]

    files = text_of(browser.get(f"{address(own)}?tab=files"))
    assert "Correos" in files and TO in files and "No salió" in files

    door = reverse("admin:invoicing_documentmail_change", args=[mail.uid])
    assert "Enviar de nuevo" in text_of(browser.get(door))
    again = reverse("admin:invoicing_documentmail_send_again", args=[mail.uid])
    browser.get(again)
    mail.refresh_from_db()
    assert mail.state == "FAILED"
    browser.post(again)
    mail.refresh_from_db()
    assert mail.state == "QUEUED"


def test_the_list_of_mails_shows_ones_own_and_is_searched_by_address_and_number(browser, own, foreign):
    mine, other = a_mail(own), a_mail(foreign)
    listed = reverse("admin:invoicing_documentmail_changelist")
    for query in ("", f"?q={TO}", f"?q={own.number}", "?state__exact=SENT"):
        rows = browser.get(listed + query).context["cl"].result_list
        assert [row.pk for row in rows] == [mine.pk], query
    assert queries_of(browser, listed) <= 6
    assert other.address == TO


def test_a_webhook_is_asked_for_by_one_click_through_the_queue(browser, ana, own, settings):
    settings.PAC_WEBHOOK_URL = ""
    assert "Falta nuestra dirección" in text_of(browser.get(address(own)))
    settings.PAC_WEBHOOK_URL, settings.PAC_WEBHOOK_SECRET = "https://cifras.test", ["secret"]
    response = browser.post(address(own, "webhook"), follow=True)
    assert "Se pide al PAC que repita el webhook" in said(response)[0]
    assert WebhookRequest.objects.get().requested_by == ana.uid
    take(ana, "change_invoice")
    assert browser.post(address(own, "webhook")).status_code == 403


def test_the_evidence_is_a_download_for_those_who_may_export_and_leaves_a_trace(browser, ana, own):
    assert "Bajar el expediente" not in text_of(browser.get(f"{address(own)}?tab=files"))
    assert browser.post(address(own, "evidence")).status_code == 403
    grant(ana, "export_document")
    take(ana, "view_exchange")
    assert "Bajar el expediente" in text_of(browser.get(f"{address(own)}?tab=files"))
    response = browser.post(address(own, "evidence"))
    assert response.streaming and response["Content-Type"] == "application/zip"
    assert response["Content-Disposition"].startswith('attachment; filename="expediente-invoice-')
    assert "no-store" in response["Cache-Control"]
    archive = zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content)))
    assert json.loads(archive.read("manifest.json"))["omitted"] == ["intercambios"]
    assert AuditEntry.objects.get(action="document.exported").actor_uid == ana.uid


def test_the_timeline_tells_of_mails_and_webhooks_in_words(browser, own):
    timeline.note(own, "mail_sent", detail={"address": TO, "channel": "PAC"})
    timeline.note(own, "mail_unknown", detail={"address": TO, "channel": "OWN", "message": "late"})
    timeline.note(own, "notice_elsewhere", detail={"reason": "Por teléfono"})
    timeline.note(own, "webhook_request_failed", detail={"message": "no"})
    page = text_of(browser.get(f"{address(own)}?tab=timeline"))
    assert f"Salió el correo a {TO}, por el PAC." in page
    assert (
        "puede llegar dos veces" in page and "Por teléfono" in page and "no repitió el webhook. " not in page
    )


def test_the_pages_cost_stays_the_same_however_many_mails_there_are(browser, own):
    few = queries_of(browser, f"{address(own)}?tab=files")
    for serial in range(10):
        a_mail(own, address=f"{serial}@x.test", created_at=timezone.now() - timedelta(days=serial))
    assert queries_of(browser, f"{address(own)}?tab=files") == few
