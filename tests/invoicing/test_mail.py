"""Mails about documents: by the practice PAC over its socket, or our own, with the PDF."""

import smtplib
from datetime import timedelta

import pytest
import time_machine
from django.core import mail as outbox
from django.core.mail.backends.locmem import EmailBackend
from django.utils import timezone

from cifras.core.models import AuditEntry
from cifras.fiscal.errors import RuleBroken
from cifras.sandbox.faults import FaultKind
from invoicing.models import Document, DocumentMail, Incident, Receiver, TimelineEvent
from invoicing.services import (
    create_credit,
    create_invoice,
    mail_sending,
    mailing,
    queues,
    resend_document_email,
    submitting,
    tracking,
    void_invoice,
)
from invoicing.services.attention import QUEUES
from tests.at_once import at_once
from tests.clockwork import work_through
from tests.factories import (
    a_staff_member,
    a_tenant,
    an_administrator,
    contribuyente,
    credit_json,
    invoice_json,
)

State = DocumentMail.State
REASON = "Datos del receptor equivocados"


@pytest.fixture
def tenant(pac, db):
    return a_tenant()


def issued(tenant, **changes):
    document = create_invoice(invoice_json(tenant, **changes), actor=None)
    work_through(rounds=2)
    document.refresh_from_db()
    assert document.legal_status == "DGI_AUTHORIZED"
    return document


def latest(document):
    return document.mails.latest("pk")


def codes(document):
    events = TimelineEvent.objects.filter(document_uid=document.uid).order_by("pk")
    return [code for code in events.values_list("code", flat=True) if "mail" in code or "notice" in code]


def needing(queue):
    return list(Document.objects.filter(QUEUES[queue](timezone.now())))


def voided(document):
    void_invoice(document.uid, REASON, actor=None)
    work_through()
    document.refresh_from_db()
    assert document.is_voided
    return document


# By the provider


def test_a_mail_is_queued_and_the_provider_is_called_by_the_worker_alone(pac, tenant):
    document, person = issued(tenant), an_administrator()

    mail = resend_document_email(
        document.uid, actor=person, address=" cliente@ejemplo.test ", message="Su factura.\r\nGracias"
    )
    assert (mail.state, mail.channel, mail.requested_by) == (State.QUEUED, "PAC", person.uid)
    assert pac.world.mails == []

    assert mail_sending.send_due() == 1
    [sent] = pac.world.mails
    assert (sent.document_id, sent.address, sent.message) == (
        document.document_id,
        "cliente@ejemplo.test",
        "Su factura.\nGracias",
    )
    mail.refresh_from_db()
    assert (mail.state, mail.attempts, bool(mail.sent_at), bool(mail.exchange_id)) == (
        State.SENT,
        1,
        True,
        True,
    )
    events = TimelineEvent.objects.filter(document_uid=document.uid, code__startswith="mail")
    queued, done = events.order_by("pk")
    assert (queued.code, queued.actor_uid, done.code, done.actor_uid) == (
        "mail_queued",
        person.uid,
        "mail_sent",
        None,
    )
    assert str(done.exchange_uid) == mail.exchange_id and done.correlation_id
    assert AuditEntry.objects.get(action="document.mail_queued").actor_uid == person.uid


def test_without_an_address_the_receivers_own_is_taken_and_a_credit_note_is_mailed_too(pac, tenant):
    invoice = issued(tenant)
    note = create_credit(credit_json(tenant, invoice.external_id), actor=None)
    work_through()

    resend_document_email(note.uid, actor=None)
    mail_sending.send_due()

    assert latest(note).address == "pagos@ejemplo-uno.test"
    [asked] = pac.journal.requests("notify_email")
    assert asked.body["documentType"] == "credit-note"


def test_two_clicks_are_one_mail_and_a_later_wish_is_another(pac, tenant):
    document = issued(tenant)
    first = resend_document_email(document.uid, actor=None)
    assert resend_document_email(document.uid, actor=None).pk == first.pk
    mail_sending.send_due()
    assert resend_document_email(document.uid, actor=None).pk != first.pk
    mail_sending.send_due()
    assert len(pac.world.mails) == 2


def test_only_one_plain_address_and_plain_text_of_a_reasonable_length_are_taken(pac, tenant):
    document = issued(tenant, receiver=contribuyente(emails=[]))
    for address in (
        "a@b.test, c@d.test",
        "a@b.test\nBcc: todos@d.test",
        "a@b.test\r\nSubject: x",
        "Cliente <a@b.test>",
        "a" * 45 + "@b.test",
        "no-es-correo",
        "a\x00@b.test",
        "año@b.test",
        " ",
    ):
        with pytest.raises(RuleBroken) as refusal:
            resend_document_email(document.uid, actor=None, address=address)
        assert refusal.value.field == "address", address
    for message in ("x" * 501, "<b>hola</b>", "hola\x07", "\u202eotra"):
        with pytest.raises(RuleBroken) as refusal:
            resend_document_email(document.uid, actor=None, address="a@b.test", message=message)
        assert refusal.value.field == "message", message
    assert not DocumentMail.objects.exists()


def test_nothing_is_mailed_but_what_the_dgi_authorised_and_nobody_voids(pac, tenant):
    pac.behaviour.authorise_after = 3600
    waiting = create_invoice(invoice_json(tenant), actor=None)
    submitting.submit_due()
    draft = create_invoice(invoice_json(tenant, draft=True), actor=None)
    for document in (waiting, draft):
        with pytest.raises(RuleBroken) as refusal:
            resend_document_email(document.uid, actor=None)
        assert refusal.value.code == "mail_before_authorised"

    pac.behaviour.authorise_after = 0
    document = issued(tenant)
    void_invoice(document.uid, REASON, actor=None)
    with pytest.raises(RuleBroken, match="anulación en curso"):
        resend_document_email(document.uid, actor=None)
    work_through()
    with pytest.raises(RuleBroken, match="está anulado"):
        resend_document_email(document.uid, actor=None)


def test_a_document_voided_between_the_wish_and_its_turn_is_not_sent(pac, tenant):
    document = issued(tenant)
    mail = resend_document_email(document.uid, actor=None)
    Document.objects.filter(pk=document.pk).update(void_status="VOIDED")
    mail_sending.send_due()
    mail.refresh_from_db()
    assert (mail.state, pac.world.mails) == (State.FAILED, [])
    assert "anulado" in mail.error


def test_another_tenants_document_cannot_be_mailed(pac, tenant):
    document = issued(tenant)
    stranger = a_staff_member(a_tenant())
    with pytest.raises(RuleBroken) as refusal:
        resend_document_email(document.uid, actor=stranger)
    assert refusal.value.code == "unknown_document"


def test_the_address_is_kept_with_the_registered_receiver_where_there_is_room(pac, tenant):
    receiver = Receiver.objects.create(tenant=tenant, code="C-1", name="Cliente", emails=["a@b.test"])
    document = issued(tenant)
    Document.objects.filter(pk=document.pk).update(receiver=receiver)

    for address in ("c@d.test", "c@d.test", "e@f.test"):
        resend_document_email(document.uid, actor=None, address=address, save_to_receiver=True)
    receiver.refresh_from_db()
    assert receiver.emails == ["a@b.test", "c@d.test", "e@f.test"]
    assert AuditEntry.objects.filter(action="receiver.email_saved").count() == 2

    before = DocumentMail.objects.count()
    with pytest.raises(RuleBroken) as refusal:
        resend_document_email(document.uid, actor=None, address="g@h.test", save_to_receiver=True)
    assert refusal.value.code == "receiver_emails_full"
    assert DocumentMail.objects.count() == before


@pytest.mark.parametrize("kind", [FaultKind.DROP_BEFORE, FaultKind.TOO_MANY_REQUESTS])
def test_what_certainly_did_not_leave_is_sent_later(pac, tenant, kind):
    document = issued(tenant)
    resend_document_email(document.uid, actor=None)
    pac.faults.add(kind, "notify_email")
    mail_sending.send_due()
    first = latest(document)
    expected = State.UNKNOWN if kind is FaultKind.DROP_BEFORE else State.QUEUED
    assert (first.state, first.due_at > timezone.now()) == (expected, True)

    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        assert mail_sending.send_due() == 1
    assert latest(document).state == State.SENT
    assert len(pac.world.mails) == 1


def test_an_unknown_outcome_is_repeated_a_few_times_and_then_seen_by_a_person(pac, tenant):
    document = issued(tenant)
    resend_document_email(document.uid, actor=None)
    pac.faults.add(FaultKind.DROP_AFTER_COMMIT, "notify_email", times=None)
    work_through()

    mail = latest(document)
    assert (mail.state, mail.attempts, mail.due_at) == (State.UNKNOWN, 3, None)
    assert len(pac.world.mails) == 3  # at least once means perhaps more than once
    assert codes(document) == ["mail_queued", "mail_unknown", "mail_unknown", "mail_unknown"]
    assert needing("mail_troubled") == [document]

    pac.faults.clear()
    mailing.retry_mail(mail, actor=None)
    work_through(rounds=1)
    assert latest(document).state == State.SENT
    assert needing("mail_troubled") == []


def test_a_killed_worker_leaves_a_mail_that_is_unconfirmed_and_sent_again(pac, tenant):
    document = issued(tenant)
    mail = resend_document_email(document.uid, actor=None)
    DocumentMail.objects.filter(pk=mail.pk).update(
        state=State.SENDING, due_at=None, attempts=1, leased_until=timezone.now() - timedelta(seconds=1)
    )
    assert mail_sending.send_due() == 1
    assert codes(document) == ["mail_queued", "mail_unknown", "mail_sent"]
    assert latest(document).state == State.SENT


def test_an_account_that_is_refused_is_an_incident_and_the_mail_waits_for_its_release(pac, tenant):
    document = issued(tenant)
    resend_document_email(document.uid, actor=None)
    pac.faults.add(FaultKind.UNAUTHORIZED, "notify_email", times=None)
    mail_sending.send_due()
    assert Incident.objects.get(tenant=tenant, released_at=None).code == "incident"

    pac.faults.clear()
    with time_machine.travel(timezone.now() + timedelta(minutes=6)):
        assert mail_sending.send_due() == 0
        Incident.objects.update(released_at=timezone.now())
        assert mail_sending.send_due() == 1
    assert latest(document).state == State.SENT


def test_what_the_provider_refuses_is_final_and_shown_with_its_words(pac, tenant):
    document = issued(tenant)
    resend_document_email(document.uid, actor=None)
    Document.objects.filter(pk=document.pk).update(document_id="01K9CFRAS00000000000000999")
    mail_sending.send_due()
    assert latest(document).state == State.FAILED
    assert codes(document) == ["mail_queued", "mail_failed"]
    assert needing("mail_troubled") == [document]


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_workers_never_send_the_same_mail_and_two_clicks_at_once_are_one(pac):
    document = issued(a_tenant())
    asked = at_once([lambda: resend_document_email(document.uid, actor=None)] * 4)
    assert len({mail.pk for mail in asked}) == 1
    for serial in range(5):
        resend_document_email(document.uid, actor=None, address=f"x{serial}@y.test")
    tried = at_once([mail_sending.send_due] * 3)
    assert sum(tried) == len(pac.world.mails) == 6
    assert set(document.mails.values_list("state", "attempts")) == {(State.SENT, 1)}


# Our own


@pytest.fixture
def mailing_tenant(tenant):
    tenant.mails_receivers, tenant.email = True, "facturas@emisor.test"
    tenant.save()
    return tenant


def test_our_own_mail_goes_out_once_with_the_pdf_when_the_dgi_has_authorised(pac, mailing_tenant):
    document = issued(mailing_tenant)
    [message] = outbox.outbox
    assert message.to == ["pagos@ejemplo-uno.test"]
    assert message.reply_to == ["facturas@emisor.test"]
    assert document.number in message.subject and message.subject.startswith("[Documento de pruebas")
    [(name, content, kind)] = message.attachments
    assert (name, content[:5], kind) == (f"{document.cufe}.pdf", b"%PDF-", "application/pdf")
    assert document.cufe in message.body

    tracking.refresh(document, source="manual")
    mailing.queue_for_receiver(document)
    work_through()
    assert len(outbox.outbox) == 1
    assert codes(document) == ["mail_queued", "mail_sent"]


def test_it_waits_for_the_pdf_without_keeping_the_worker_busy(pac, mailing_tenant):
    pac.behaviour.pdf_after = 3600
    document = create_invoice(invoice_json(mailing_tenant), actor=None)
    queues.work_until_idle()
    Document.objects.update(due_at=timezone.now())
    queues.work_until_idle()
    document.refresh_from_db()
    assert (document.legal_status, document.has_pdf) == ("DGI_AUTHORIZED", False)
    assert (outbox.outbox, latest(document).attempts) == ([], 0)

    pac.behaviour.pdf_after = 0
    work_through()
    assert len(outbox.outbox) == 1


@pytest.mark.parametrize("wants", [False, True])
def test_nobody_is_mailed_who_has_no_address_or_whose_issuer_does_not_want_it(pac, tenant, wants):
    tenant.mails_receivers = wants
    tenant.save()
    document = issued(tenant, receiver=contribuyente(emails=[]) if wants else contribuyente())
    assert outbox.outbox == []
    assert codes(document) == (["mail_without_address"] if wants else [])


def test_the_tenants_text_is_filled_in_and_computes_nothing(pac, mailing_tenant):
    mailing_tenant.mail_text = (
        "Hola {receptor}: {documento} por {total}. {empresa.pk} {0} {settings} {% now %}"
    )
    mailing_tenant.mail_language = "en"
    mailing_tenant.save()
    document = issued(mailing_tenant, receiver=contribuyente(name='A & B <script>alert(1)</script> "S.A."'))
    [message] = outbox.outbox
    assert (
        f'Hola A & B <script>alert(1)</script> "S.A.": Invoice {document.number} por PAB 321.00.'
        in message.body
    )
    assert "{empresa.pk} {0} {settings} {% now %}" in message.body
    [(page, kind)] = message.alternatives
    assert kind == "text/html" and "<script>" not in page and "A &amp; B &lt;script&gt;" in page
    assert '<html lang="en">' in page


def test_a_name_with_a_line_break_adds_no_header(pac, mailing_tenant):
    mailing_tenant.trade_name = "Comercial\r\nBcc: todos@d.test"
    mailing_tenant.save()
    issued(mailing_tenant)
    [message] = outbox.outbox
    assert "\n" not in message.subject
    assert message.message()["Bcc"] is None


class Refusing(EmailBackend):
    """A mail server that says what `error` says."""

    error: Exception

    def send_messages(self, messages):
        raise self.error


ANSWERS = (
    (ConnectionRefusedError("no"), State.QUEUED),
    (smtplib.SMTPAuthenticationError(535, b"bad password=hunter2-secret"), State.QUEUED),
    (smtplib.SMTPDataError(451, b"try later"), State.QUEUED),
    (smtplib.SMTPDataError(554, b"spam"), State.FAILED),
    (smtplib.SMTPRecipientsRefused({"x@y.test": (550, b"unknown")}), State.FAILED),
    (smtplib.SMTPServerDisconnected("gone"), State.UNKNOWN),
    (TimeoutError("late"), State.UNKNOWN),
    (ValueError("cannot be written"), State.FAILED),
)


def test_what_our_own_server_says_decides_what_becomes_of_a_mail(pac, mailing_tenant, settings):
    document = issued(mailing_tenant)
    settings.EMAIL_BACKEND = f"{__name__}.Refusing"
    for serial, (error, state) in enumerate(ANSWERS):
        mail = resend_document_email(document.uid, actor=None, channel="OWN", address=f"x{serial}@y.test")
        Refusing.error = error
        mail_sending.send_due()
        mail.refresh_from_db()
        assert (mail.state, mail.due_at is None) == (state, state == State.FAILED), error
        assert "hunter2" not in mail.error
    assert len(outbox.outbox) == 1


def test_without_a_mail_server_our_own_mail_is_refused_before_it_is_queued(pac, tenant, settings):
    document = issued(tenant)
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    with pytest.raises(RuleBroken) as refusal:
        resend_document_email(document.uid, actor=None, channel="OWN")
    assert refusal.value.code == "mail_no_channel"
    assert mailing.channels_of(document) == ["PAC"]


def test_a_pdf_that_is_not_what_arrived_never_leaves(pac, mailing_tenant):
    document = issued(mailing_tenant)
    stored = document.attachments.get(kind="PDF")
    stored.file.storage.delete(stored.file.name)
    mail = resend_document_email(document.uid, actor=None, channel="OWN")
    mail_sending.send_due()
    mail.refresh_from_db()
    assert (mail.state, len(outbox.outbox)) == (State.FAILED, 1)
    assert "PDF guardado" in mail.error


# A document without validity in somebody's hands


def test_a_delivered_document_that_is_voided_waits_until_its_receiver_has_been_told(pac, mailing_tenant):
    document = voided(issued(mailing_tenant))
    assert needing("invalid_in_hand") == [document]

    mailing.send_notice(document.uid, actor=None, message="Disculpe.")
    assert needing("invalid_in_hand") == [document]
    work_through(rounds=1)
    notice = outbox.outbox[-1]
    assert notice.to == ["pagos@ejemplo-uno.test"]
    assert "quedó sin validez" in notice.subject and "Disculpe." in notice.body
    assert notice.attachments == []
    assert needing("invalid_in_hand") == []
    assert codes(document)[-2:] == ["notice_queued", "notice_sent"]


def test_telling_the_receiver_by_other_means_is_recorded_and_settles_it(pac, tenant):
    document = issued(tenant)
    resend_document_email(document.uid, actor=None)
    mail_sending.send_due()
    document, person = voided(document), an_administrator()
    with pytest.raises(RuleBroken):
        mailing.settle_notice(document.uid, actor=person, reason=" ")
    mailing.settle_notice(document.uid, actor=person, reason="Por teléfono, con la señora Díaz.")
    assert needing("invalid_in_hand") == []
    event = TimelineEvent.objects.get(document_uid=document.uid, code="notice_elsewhere")
    assert (event.actor_uid, event.detail["reason"]) == (person.uid, "Por teléfono, con la señora Díaz.")
    assert AuditEntry.objects.filter(action="document.notice_elsewhere").count() == 1


def test_what_was_never_delivered_or_is_valid_needs_no_notice(pac, tenant):
    valid = issued(tenant)
    voided(issued(tenant))
    assert needing("invalid_in_hand") == []
    with pytest.raises(RuleBroken) as refusal:
        mailing.send_notice(valid.uid, actor=None)
    assert refusal.value.code == "notice_of_valid_document"
