"""Stored webhooks and what becomes of them, against the practice PAC over its socket."""

import json
import threading
from collections import Counter
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cifras.core.models import AuditEntry
from cifras.fiscal.document import Kind
from cifras.fiscal.errors import RuleBroken
from cifras.fiscal.lifecycle import TERMINAL_LEGAL, LegalStatus, Submission
from cifras.sandbox.faults import FaultKind
from invoicing.models import Attachment, Document, TimelineEvent, WebhookDelivery
from invoicing.services import create_credit, create_invoice, inbox, queues, resolving, submitting, tracking
from tenants.services.accounts import provider_for
from tests.factories import a_tenant, an_administrator, credit_json, invoice_json

SECRET = "the-secret-of-the-inbox"
State = WebhookDelivery.State
Effect = WebhookDelivery.Effect


@pytest.fixture(autouse=True)
def secret(settings):
    settings.PAC_WEBHOOK_SECRET = [SECRET]


@pytest.fixture
def tenant(pac, db):
    return a_tenant()


def accepted(tenant, **changes):
    """An invoice that the PAC has accepted and that waits for the DGI's word."""
    document = create_invoice(invoice_json(tenant, **changes), actor=None)
    submitting.submit_due()
    document.refresh_from_db()
    assert document.submission == Submission.ACCEPTED
    return document


def lost(pac, tenant, **changes):
    """An invoice that the PAC has accepted, whose answer never came: our row and the PAC's id."""
    known = set(pac.authority.documents)
    pac.faults.add(FaultKind.DROP_AFTER_COMMIT, "create_*")
    document = create_invoice(invoice_json(tenant, **changes), actor=None)
    submitting.submit_due()
    document.refresh_from_db()
    assert document.submission == Submission.UNKNOWN
    (document_id,) = set(pac.authority.documents) - known
    return document, document_id


def deliver(tenant, body, *, signature=SECRET, **headers):
    response = Client().post(
        reverse("invoicing:webhook", args=[tenant.pac_company_id]),
        json.dumps(body),
        content_type="application/json",
        headers={"X-Pac-Signature": signature, **headers},
    )
    return response.status_code


def hint(document_id, word="DGI_AUTHORIZED", **members):
    return {"id": document_id, "legalStatus": word, **members}


def latest():
    return WebhookDelivery.objects.latest("pk")


def happenings(document):
    return Counter(TimelineEvent.objects.filter(document_uid=document.uid).values_list("code", flat=True))


def final_words(document):
    moves = TimelineEvent.objects.filter(document_uid=document.uid, code="legal_status")
    return [move.detail["to"] for move in moves if move.detail["to"] in TERMINAL_LEGAL]


def reads(pac):
    return len(pac.journal.requests("get_invoice")) + len(pac.journal.requests("get_credit_note"))


def later(**spans):
    return time_machine.travel(timezone.now() + timedelta(**spans), tick=True)


def test_a_hint_makes_us_read_the_document_and_believe_the_provider_alone(pac, tenant):
    pac.behaviour.authorise_after = 3600
    document = accepted(tenant)
    at_pac = pac.authority.documents[document.document_id]
    pac.authority.decide(at_pac, "DGI_AUTHORIZED")
    lie = hint(document.document_id, "DGI_REJECTED", cufe="FE" + "0" * 64, pdf="https://evil.test/x.pdf")

    assert deliver(tenant, lie) == 200
    assert inbox.process_due() == 1

    document.refresh_from_db()
    assert (document.legal_status, document.cufe) == (LegalStatus.DGI_AUTHORIZED, at_pac.cufe)
    assert document.has_pdf
    delivery = latest()
    assert (delivery.state, delivery.document_uid, delivery.due_at) == (State.PROCESSED, document.uid, None)
    assert delivery.processed_at is not None


def test_a_hint_about_a_credit_note_is_followed_too(pac, tenant):
    invoice = tracking.refresh(accepted(tenant), source="manual")
    note = create_credit(credit_json(tenant, invoice.external_id), actor=None)
    pac.behaviour.authorise_after = 3600
    submitting.submit_due()
    note.refresh_from_db()
    pac.authority.decide(pac.authority.documents[note.document_id], "DGI_AUTHORIZED")

    deliver(tenant, hint(note.document_id))
    inbox.process_due()

    note.refresh_from_db()
    assert note.legal_status == LegalStatus.DGI_AUTHORIZED


def test_the_timeline_tells_of_the_webhook_and_names_nobody(pac, tenant):
    document = accepted(tenant)
    person = an_administrator()

    deliver(tenant, hint(document.document_id), **{"X-User-Id": str(person.uid)})
    inbox.process_due()

    event = TimelineEvent.objects.get(document_uid=document.uid, code="webhook_received")
    assert (event.actor_uid, event.actor_name) == (None, "")
    assert event.detail == {"delivery": str(latest().uid), "legal_status": "DGI_AUTHORIZED"}
    assert latest().claimed_user == str(person.uid)
    assert not AuditEntry.objects.filter(actor_uid=person.uid).exists()


def test_a_forged_delivery_is_stored_and_has_no_effect(pac, tenant):
    pac.behaviour.authorise_after = 3600
    document = accepted(tenant)
    asked = reads(pac)

    assert deliver(tenant, hint(document.document_id, "PAC_REJECTED"), signature="guessed") == 403
    assert inbox.process_due() == 0

    before = document.legal_status, document.updated_at
    document.refresh_from_db()
    assert (document.legal_status, document.updated_at) == before
    assert reads(pac) == asked
    assert (latest().verdict, latest().state) == (WebhookDelivery.Verdict.FORGED, State.IGNORED)


def test_another_companys_document_is_out_of_reach(pac, tenant):
    document = accepted(tenant)
    stranger = a_tenant()
    asked = reads(pac)

    deliver(stranger, hint(document.document_id))
    inbox.process_due()

    assert latest().state == State.PARKED
    assert reads(pac) == asked
    assert happenings(document)["webhook_received"] == 0


def test_the_same_event_fifty_times_has_one_effect(pac, tenant):
    pac.behaviour.authorise_after = 3600
    document = accepted(tenant)
    pac.authority.decide(pac.authority.documents[document.document_id], "DGI_AUTHORIZED")
    asked = reads(pac)

    assert {deliver(tenant, hint(document.document_id)) for _ in range(50)} == {200}
    assert inbox.process_due(limit=100) == 50

    assert reads(pac) == asked + 1
    assert final_words(document) == ["DGI_AUTHORIZED"]
    assert happenings(document)["webhook_received"] == 1
    assert Attachment.objects.filter(document=document, kind=Attachment.Kind.PDF).count() == 1
    states = Counter(WebhookDelivery.objects.values_list("state", flat=True))
    assert states == {State.PROCESSED: 1, State.IGNORED: 49}
    effects = Counter(WebhookDelivery.objects.values_list("effect", flat=True))
    assert effects == {Effect.LEGAL: 1, Effect.OLD: 49}
    assert not WebhookDelivery.objects.exclude(document_uid=document.uid).exists()


def test_late_and_shuffled_news_never_moves_a_document_back(pac, tenant):
    document = accepted(tenant)
    for word in ("DGI_AUTHORIZED", "PAC_AUTHORIZED", "REGISTERED", "PAC_REJECTED", "SOMETHING_NEW", ""):
        deliver(tenant, hint(document.document_id, word))
    inbox.process_due()

    document.refresh_from_db()
    assert document.legal_status == LegalStatus.DGI_AUTHORIZED
    assert document.legal_conflict == ""
    assert final_words(document) == ["DGI_AUTHORIZED"]


def test_a_contrary_word_is_looked_into_even_after_the_last_one(pac, tenant):
    document = accepted(tenant)
    deliver(tenant, hint(document.document_id))
    inbox.process_due()
    asked = reads(pac)

    deliver(tenant, hint(document.document_id, "DGI_REJECTED"))
    deliver(tenant, hint(document.document_id, "DGI_REJECTED"))
    inbox.process_due()

    assert reads(pac) == asked + 2


@pytest.mark.parametrize("members", ["nothing", "number", "number without zeros", "cufe"])
def test_a_webhook_that_overtakes_our_answer_attaches_the_document(pac, tenant, members):
    document, document_id = lost(pac, tenant)
    at_pac = pac.authority.documents[document_id]
    named = {
        "nothing": {},
        "number": {"documentNumber": at_pac.number},
        "number without zeros": {"documentNumber": at_pac.number.lstrip("0")},
        "cufe": {"cufe": at_pac.cufe},
    }[members]

    deliver(tenant, hint(document_id, **named))
    inbox.process_due()

    document.refresh_from_db()
    assert (document.submission, document.document_id) == (Submission.ACCEPTED, document_id)
    assert (document.legal_status, document.cufe) == (LegalStatus.DGI_AUTHORIZED, at_pac.cufe)
    assert (latest().state, latest().document_uid) == (State.PROCESSED, document.uid)
    assert latest().effect == Effect.ADOPTED
    assert pac.journal.times_posted(document.number, company_id=tenant.pac_company_id) == 1


def test_a_lost_credit_note_is_told_from_a_lost_invoice_of_the_same_number(pac, tenant):
    invoice = tracking.refresh(accepted(tenant), source="manual")
    waiting, _ = lost(pac, tenant)
    note = create_credit(credit_json(tenant, invoice.external_id), actor=None)
    known = set(pac.authority.documents)
    pac.faults.add(FaultKind.DROP_AFTER_COMMIT, "create_*")
    submitting.submit_due()
    (note_id,) = set(pac.authority.documents) - known

    deliver(tenant, hint(note_id))
    inbox.process_due()

    note.refresh_from_db()
    waiting.refresh_from_db()
    assert (note.submission, note.document_id) == (Submission.ACCEPTED, note_id)
    assert waiting.submission == Submission.UNKNOWN


def test_what_matches_nothing_is_parked_without_asking_and_matched_when_the_answer_is_applied(pac, tenant):
    document, document_id = lost(pac, tenant)
    asked = reads(pac)
    deliver(tenant, hint(document_id, documentNumber=f"001-{document.number}"))
    inbox.process_due()
    assert latest().state == State.PARKED
    assert latest().due_at > timezone.now()
    assert reads(pac) == asked

    document = resolving.resolve_unknown(document.uid, actor=None)
    assert document.submission == Submission.ACCEPTED
    assert inbox.process_due() == 1

    assert (latest().state, latest().document_uid) == (State.PROCESSED, document.uid)


def test_what_never_matches_is_tried_ever_more_rarely_and_stays_to_be_seen_after_a_week(pac, tenant):
    deliver(tenant, hint("01K9CFRAS00000000000000999"))
    arrived = latest().received_at
    tries = 0
    while latest().due_at is not None:
        with time_machine.travel(latest().due_at + timedelta(seconds=1), tick=False):
            tries += inbox.process_due()

    assert 8 <= tries <= 12
    assert (latest().state, latest().effect) == (State.IGNORED, Effect.UNMATCHED)
    assert latest().document_uid is None
    assert latest().processed_at >= arrived + timedelta(days=7)


def test_a_refused_repeat_that_bears_our_number_is_not_taken_for_our_document(pac, tenant):
    document, document_id = lost(pac, tenant)
    known = set(pac.authority.documents)
    payload = json.loads(bytes(document.payload))
    with pytest.raises(Exception, match="numeraci"):
        provider_for(tenant).submit(
            Kind.INVOICE, tenant.pac_company_id, json.dumps(payload).encode(), idempotency_key="another"
        )
    (repeat_id,) = set(pac.authority.documents) - known

    deliver(tenant, hint(repeat_id, "PAC_REJECTED", documentNumber=document.number))
    deliver(tenant, hint(repeat_id, "PAC_REJECTED"))
    inbox.process_due()
    document.refresh_from_db()
    assert document.submission == Submission.UNKNOWN
    assert latest().state == State.PARKED

    deliver(tenant, hint(document_id))
    inbox.process_due()
    document.refresh_from_db()
    assert (document.submission, document.document_id) == (Submission.ACCEPTED, document_id)


@pytest.mark.parametrize(
    "kind", [FaultKind.SERVER_ERROR_BEFORE, FaultKind.DROP_BEFORE, FaultKind.TOO_MANY_REQUESTS]
)
def test_a_provider_that_does_not_answer_is_asked_again_later(pac, tenant, kind):
    document = accepted(tenant)
    pac.faults.add(kind, "get_*", times=None)
    deliver(tenant, hint(document.document_id))
    inbox.process_due()

    failed = latest()
    assert failed.state == State.FAILED
    assert "Traceback" in failed.traceback
    assert "practice-key" not in failed.traceback
    assert failed.due_at > timezone.now()
    assert inbox.process_due() == 0

    pac.faults.clear()
    with time_machine.travel(failed.due_at + timedelta(seconds=1)):
        assert inbox.process_due() == 1
    document.refresh_from_db()
    assert document.legal_status == LegalStatus.DGI_AUTHORIZED
    assert (latest().state, latest().traceback) == (State.PROCESSED, "")
    assert happenings(document)["webhook_received"] == 1


def test_an_account_that_is_refused_waits_for_somebody_to_reprocess(pac, tenant):
    document = accepted(tenant)
    pac.faults.add(FaultKind.UNAUTHORIZED, "get_*", times=None)
    deliver(tenant, hint(document.document_id))
    inbox.process_due()
    assert (latest().state, latest().due_at) == (State.FAILED, None)

    pac.faults.clear()
    person = an_administrator()
    delivery = inbox.reprocess(latest(), actor=person)
    assert (delivery.state, delivery.traceback) == (State.NEW, "")
    assert inbox.process_due() == 1

    assert latest().state == State.PROCESSED
    entry = AuditEntry.objects.get(action="webhook.reprocessed")
    assert (entry.actor_uid, entry.object_uid, entry.before) == (
        person.uid,
        latest().uid,
        {"state": "failed"},
    )


def test_reprocessing_reads_the_document_again(pac, tenant):
    document = accepted(tenant)
    deliver(tenant, hint(document.document_id))
    inbox.process_due()
    asked = reads(pac)

    inbox.reprocess(latest(), actor=None)
    inbox.process_due()

    assert reads(pac) == asked + 1
    assert (latest().state, latest().effect) == (State.PROCESSED, Effect.SAME)


def test_what_a_webhook_brought_is_told_from_what_was_known(pac, tenant):
    pac.behaviour.authorise_after = 3600
    document = accepted(tenant)
    at_pac = pac.authority.documents[document.document_id]
    pac.behaviour.pdf_after = 3600
    tracking.refresh(document, source="poll")
    deliver(tenant, hint(document.document_id, "PAC_AUTHORIZED"))
    inbox.process_due()
    assert latest().effect == Effect.SAME

    pac.authority.decide(at_pac, "DGI_AUTHORIZED")
    deliver(tenant, hint(document.document_id))
    inbox.process_due()
    assert latest().effect == Effect.LEGAL

    pac.behaviour.pdf_after = 0
    deliver(tenant, hint(document.document_id, "SIN PALABRA"))
    inbox.process_due()
    assert latest().effect == Effect.FILES


@pytest.mark.parametrize("signature", ["guessed", ""])
def test_what_nobody_signed_is_never_processed_by_anybody(pac, tenant, signature):
    document = accepted(tenant)
    deliver(tenant, hint(document.document_id), signature=signature)

    with pytest.raises(RuleBroken) as refusal:
        inbox.reprocess(latest(), actor=an_administrator())
    assert refusal.value.code == "delivery_not_signed"

    WebhookDelivery.objects.update(state=State.NEW, due_at=timezone.now())
    assert inbox.process_due() == 0


@pytest.mark.parametrize("body", ["{", "[]", '{"id": "1", "id": "2"}'])
def test_a_body_that_cannot_be_read_does_not_stop_those_behind_it(pac, tenant, body):
    document = accepted(tenant)
    broken = WebhookDelivery.objects.create(
        tenant=tenant,
        verdict=WebhookDelivery.Verdict.SIGNED,
        body=body,
        due_at=timezone.now() - timedelta(hours=1),
    )
    deliver(tenant, hint(document.document_id))

    assert inbox.process_due() == 2
    broken.refresh_from_db()
    assert (broken.state, broken.due_at) == (State.FAILED, None)
    assert "UnreadableBody" in broken.traceback
    assert latest().state == State.PROCESSED


def test_a_signed_probe_and_an_event_without_an_id_have_no_effect(pac, tenant):
    deliver(tenant, {"message": "Test message"})
    deliver(tenant, {"legalStatus": "DGI_AUTHORIZED", "documentNumber": "0000000001"})

    assert inbox.process_due() == 2
    told = set(WebhookDelivery.objects.values_list("state", "effect", "due_at"))
    assert told == {(State.IGNORED, Effect.PROBE, None)}


@pytest.mark.parametrize(
    "document_id",
    [
        "../companies/x",
        "..%2F..%2Fcompanies",
        "1?idCompany=2",
        "1#",
        "http://127.0.0.1/",
        "\x00",
        "\ud800",
        "x" * 5000,
    ],
)
def test_an_id_that_is_none_leads_nowhere_else(pac, tenant, document_id):
    lost(pac, tenant)
    pac.journal.clear()
    deliver(tenant, hint(document_id))
    inbox.process_due()

    assert latest().state == State.PARKED
    asked = {request.operation for request in pac.journal.requests()}
    assert asked <= {"get_invoice", "get_credit_note", ""}
    assert {request.query.get("idCompany") for request in pac.journal.requests()} <= {tenant.pac_company_id}


def test_while_the_provider_is_left_alone_its_news_waits(pac, tenant, settings):
    settings.PAC_BREAKER = (1, 30)
    document = accepted(tenant)
    pac.faults.add(FaultKind.SERVER_ERROR_BEFORE, "create_*", times=None)
    create_invoice(invoice_json(tenant), actor=None)
    submitting.submit_due()
    deliver(tenant, hint(document.document_id))

    assert inbox.process_due() == 0
    with later(seconds=31):
        assert inbox.process_due() == 1


def test_working_without_a_broker_follows_webhooks_too(pac, tenant):
    pac.behaviour.authorise_after = 3600
    document = accepted(tenant)
    Document.objects.filter(pk=document.pk).update(due_at=timezone.now() + timedelta(hours=1))
    pac.authority.decide(pac.authority.documents[document.document_id], "DGI_AUTHORIZED")
    deliver(tenant, hint(document.document_id))

    queues.work_until_idle()

    document.refresh_from_db()
    assert document.legal_status == LegalStatus.DGI_AUTHORIZED


@pytest.mark.parametrize("shape", ["cifras", "native"])
@pytest.mark.django_db(transaction=True)
def test_the_practice_pac_posts_its_news_to_our_own_address(live_server, pac, shape):
    tenant = a_tenant(webhook_secret="of-this-company-only")
    pac.behaviour.update(
        {
            "webhooks_automatic": True,
            "webhook_url": f"{live_server.url}/webhooks/pac/{{company}}",
            "webhook_secret": "of-this-company-only",
            "webhook_shape": shape,
            "authorise_after": 3600,
        }
    )
    document = accepted(tenant)
    pac.authority.decide(pac.authority.documents[document.document_id], "DGI_AUTHORIZED")
    pac.webhooks.wait()

    assert [delivery.status for delivery in pac.webhooks.deliveries()] == [200]
    assert inbox.process_due() == 1
    document.refresh_from_db()
    assert document.legal_status == LegalStatus.DGI_AUTHORIZED


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_workers_never_share_a_delivery(pac):
    tenant = a_tenant()
    pac.behaviour.authorise_after = 3600
    document = accepted(tenant)
    for serial in range(20):
        deliver(tenant, hint(document.document_id, f"WORD_{serial}"))
    asked, counts = reads(pac), []
    start = threading.Barrier(4)

    def work():
        start.wait()
        try:
            counts.append(inbox.process_due())
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert sum(counts) == 20
    assert reads(pac) == asked + 20
    assert happenings(document)["webhook_received"] == 20
