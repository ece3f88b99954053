"""Peruvian documents go the same way as all others, under Peru's law and through Peru's providers."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from cifras.fiscal.errors import RuleBroken
from cifras.pac.errors import NotSupported
from cifras.sandbox.peru.tandia import signature
from invoicing.models import Document, TimelineEvent, WebhookDelivery
from invoicing.services import (
    create_credit,
    create_invoice,
    generate_invoice,
    inbox,
    update_invoice,
    void_credit,
    void_invoice,
)
from tests.clockwork import work_through
from tests.factories import a_tenant, invoice_json
from tests.peru import a_company, boleta_json, factura_json, note_json

pytestmark = pytest.mark.django_db


@pytest.fixture
def fabo(pac):
    return a_company(pac)


def settled(document: Document) -> Document:
    work_through(rounds=2)
    document.refresh_from_db()
    return document


def test_a_factura_is_issued_authorised_and_known_by_its_series_and_number(pac, fabo):
    factura = settled(create_invoice(factura_json(fabo), actor=None))
    assert (factura.submission, factura.legal_status) == ("ACCEPTED", "DGI_AUTHORIZED")
    assert (factura.series, factura.billing_point, factura.number) == ("01", "F001", "00000001")
    assert (factura.net, factura.itbms, factura.total, factura.currency) == (200, 36, 236, "PEN")
    assert factura.document_id == f"prueba-{fabo.ruc}-01-F001-1"
    assert factura.receiver_ruc == "20100070970"
    assert (factura.cufe, factura.local_cufe) == ("", "")
    assert factura.send_by is not None
    (there,) = pac.sunat.of_company(fabo.pac_company_id)
    assert (there.total, there.igv) == (Decimal(236), Decimal(36))


def test_each_series_counts_by_itself_and_its_number_is_used_once(pac, fabo):
    made = [create_invoice(build(fabo), actor=None) for build in (factura_json, boleta_json) * 3]
    work_through(rounds=2)
    numbers = Document.objects.filter(pk__in=[each.pk for each in made]).order_by("billing_point", "number")
    assert [(row.series, row.billing_point, int(row.number)) for row in numbers] == [
        ("03", "B001", 1),
        ("03", "B001", 2),
        ("03", "B001", 3),
        ("01", "F001", 1),
        ("01", "F001", 2),
        ("01", "F001", 3),
    ]
    assert set(pac.journal.postings().values()) == {1}


@pytest.mark.parametrize("fault", ["drop_after_commit", "500_after", "malformed_json"])
def test_a_lost_answer_of_fabo_never_leads_to_a_second_number(pac, fabo, fault):
    pac.faults.add(fault, "emitir")
    factura = settled(create_invoice(factura_json(fabo), actor=None))
    assert (factura.submission, factura.flag) == ("UNKNOWN", "EXISTS_NO_ID")
    assert len(pac.sunat.of_company(fabo.pac_company_id)) == 1
    assert {posting.number for posting in pac.journal.postings()} == {"1"}


def test_a_lost_answer_of_tandia_is_found_by_series_and_number(pac):
    tandia = a_company(pac, "tandia")
    pac.faults.add("drop_after_commit", "create_document")
    factura = settled(create_invoice(factura_json(tandia), actor=None))
    assert (factura.submission, factura.legal_status) == ("ACCEPTED", "DGI_AUTHORIZED")
    assert len(pac.sunat.of_company(tandia.pac_company_id)) == 1


def test_what_sunat_returned_is_mended_and_sent_under_the_same_number(pac, fabo):
    wrong = factura_json(fabo)
    wrong["lines"][0]["description"] = "SUNAT-1001"
    returned = settled(create_invoice(wrong, actor=None))
    assert (returned.submission, returned.legal_status) == ("RETURNED", "")
    assert returned.problems[0]["code"] == "1001"

    update_invoice(returned.uid, {**wrong, "lines": factura_json(fabo)["lines"]}, actor=None)
    generate_invoice(returned.uid, actor=None)
    mended = settled(returned)
    assert (mended.submission, mended.number) == ("ACCEPTED", "00000001")
    assert pac.journal.times_posted("1") == 2


def test_what_sunat_rejected_has_burnt_its_number(pac, fabo):
    wrong = factura_json(fabo)
    wrong["lines"][0]["description"] = "SUNAT-2335"
    rejected = settled(create_invoice(wrong, actor=None))
    assert (rejected.submission, rejected.legal_status) == ("ACCEPTED", "DGI_REJECTED")
    again = settled(create_invoice({**wrong, "lines": factura_json(fabo)["lines"]}, actor=None))
    assert (again.replaces, again.number, again.legal_status) == (rejected, "00000002", "DGI_AUTHORIZED")


def test_a_note_takes_a_part_back_in_its_own_series_and_frees_it_when_void(pac, fabo):
    factura = settled(create_invoice(factura_json(fabo), actor=None))
    note = settled(create_credit(note_json(fabo, factura.external_id), actor=None))
    assert (note.legal_status, note.series, note.billing_point) == ("DGI_AUTHORIZED", "07", "FC01")
    assert (note.total, note.currency, note.peru["document_kind"]) == (118, "PEN", "FACTURA")
    factura.refresh_from_db()
    assert factura.credited_total == 118

    with pytest.raises(RuleBroken):
        create_credit(note_json(fabo, factura.external_id, lines=factura_json(fabo)["lines"]), actor=None)
    void_credit(note.uid, "Nota hecha por error", actor=None)
    assert settled(note).void_status == "VOIDED"
    factura.refresh_from_db()
    assert factura.credited_total == 0


def test_a_factura_is_voided_by_baja_and_a_boleta_is_not(pac, fabo):
    factura = settled(create_invoice(factura_json(fabo), actor=None))
    boleta = settled(create_invoice(boleta_json(fabo), actor=None))
    void_invoice(factura.uid, "Error de datos", actor=None)
    assert settled(factura).void_status == "VOIDED"
    with pytest.raises(RuleBroken) as refusal:
        void_invoice(boleta.uid, "Error de datos", actor=None)
    assert refusal.value.code == "baja_of_boleta"
    assert pac.journal.requests("baja") and settled(boleta).void_status == ""


def test_after_the_seventh_day_a_credit_note_is_the_way(pac, fabo):
    factura = settled(create_invoice(factura_json(fabo), actor=None))
    Document.objects.filter(pk=factura.pk).update(issue_date=timezone.now() - timedelta(days=8))
    with pytest.raises(RuleBroken) as refusal:
        void_invoice(factura.uid, "Error de datos", actor=None)
    assert refusal.value.code == "void_window_closed"
    assert pac.journal.requests("baja") == []


def test_tandia_voids_nothing(pac):
    tandia = a_company(pac, "tandia")
    factura = settled(create_invoice(factura_json(tandia), actor=None))
    assert factura.void_deadline is None
    with pytest.raises(NotSupported) as refusal:
        void_invoice(factura.uid, "Error de datos", actor=None)
    assert "Tandia" in str(refusal.value)


def test_without_the_accounts_word_tandia_issues_nothing(pac):
    tandia = a_company(pac, "tandia", pac_options=None)
    with pytest.raises(RuleBroken) as refusal:
        create_invoice(factura_json(tandia), actor=None)
    assert "provider_cannot" in {reason.code for reason in refusal.value.reasons}
    assert not Document.objects.exists()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"document_kind": None}, "document_kind_missing"),
        ({"series": "B001"}, "series_shape"),
        ({"series": "F009"}, "unknown_billing_point"),
        ({"currency": "XXX"}, "currency_unknown"),
        ({"receiver": {"type": "CONSUMIDOR_FINAL", "country": "PE"}}, "identity_not_for_factura"),
    ],
)
def test_perus_law_refuses_with_its_own_words_and_leaves_nothing_behind(pac, fabo, change, code):
    with pytest.raises(RuleBroken) as refusal:
        create_invoice(factura_json(fabo, **change), actor=None)
    assert code in {reason.code for reason in refusal.value.reasons}
    assert not Document.objects.exists()


def test_a_panamanian_company_knows_no_series(pac):
    tenant = a_tenant()
    with pytest.raises(RuleBroken) as refusal:
        create_invoice(invoice_json(tenant, series="F001", document_kind="FACTURA"), actor=None)
    assert refusal.value.code == "peruvian_member"


def test_tandias_webhook_is_believed_only_with_its_signature(pac, client, settings):
    pac.behaviour.webhook_attempts = 1
    secret = "the-secret-of-the-webhooks-of-tandia-0123456789"
    tandia = a_company(pac, "tandia", webhook_secret=secret)
    factura = settled(create_invoice(factura_json(tandia), actor=None))
    body = {"id": factura.document_id, "status": "succeeded"}
    door = f"/webhooks/pac/{tandia.pac_company_id}"
    for token, status in (
        ("", 403),
        (signature("another-secret-altogether-0123456789"), 403),
        (signature(secret), 200),
    ):
        answer = client.post(door, body, content_type="application/json", headers={"Tandia-Signature": token})
        assert answer.status_code == status
    assert WebhookDelivery.objects.filter(verdict=WebhookDelivery.Verdict.SIGNED).count() == 1
    assert inbox.process_due() == 1
    assert TimelineEvent.objects.filter(document_uid=factura.uid, code="webhook_received").exists()
