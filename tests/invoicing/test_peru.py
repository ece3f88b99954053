"""Peruvian documents go the same way as all others, under Peru's law and through Peru's providers."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from cifras.fiscal.errors import RuleBroken
from cifras.pac.errors import NotSupported
from cifras.sandbox.peru.tandia import signature
from invoicing.management.results import document_line
from invoicing.models import Document, Receiver, TimelineEvent, WebhookDelivery
from invoicing.services import (
    create_credit,
    create_invoice,
    generate_invoice,
    inbox,
    preflight,
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


def test_what_sunat_remarks_on_what_it_accepts_is_kept_and_is_no_error(pac, fabo):
    lines = [{"description": "SUNAT-OBSERVA", "quantity": "1", "unit_price": "100", "tax_rate": "18"}]
    factura = settled(create_invoice(factura_json(fabo, lines=lines), actor=None))
    assert factura.legal_status == "DGI_AUTHORIZED"
    assert factura.problems and factura.problems[0]["code"].isdecimal()
    assert document_line(factura)["errors"] == []


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
    assert (factura.submission, factura.legal_status, factura.flag) == ("ACCEPTED", "DGI_AUTHORIZED", "")
    assert factura.document_id == f"prueba-{fabo.ruc}-01-F001-1"
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


def test_a_note_is_in_the_currency_of_its_document(pac, fabo):
    factura = settled(create_invoice(factura_json(fabo), actor=None))
    with pytest.raises(RuleBroken) as refusal:
        create_credit(note_json(fabo, factura.external_id, currency="USD"), actor=None)
    assert [reason.code for reason in refusal.value.reasons] == ["note_in_other_currency"]
    note = create_credit(note_json(fabo, factura.external_id, currency="PEN"), actor=None)
    assert note.currency == "PEN"


def test_another_number_for_a_registered_customer_is_the_one_that_sunat_hears(pac, fabo):
    Receiver.objects.create(
        tenant=fabo, code="C-1", name="Cliente S.A.C.", identity_type="6", ruc="20100070970", country="PE"
    )
    data = factura_json(fabo, receiver={"code": "C-1"}, ad_hoc={"ruc": "20131312955"})
    factura = create_invoice(data, actor=None)
    assert factura.receiver_ruc == "20131312955"
    assert json.loads(bytes(factura.payload))["numero_doc"] == "20131312955"


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


@pytest.mark.parametrize(
    ("identity", "kind"),
    [
        ({"identity_type": "6", "identity_number": "20100070970", "name": "Cliente S.A.C."}, "CONTRIBUYENTE"),
        ({"identity_type": "1", "identity_number": "12345678", "name": "Ana Paz"}, "CONSUMIDOR_FINAL"),
        ({"identity_type": "7", "identity_number": "X123", "name": "Jo Ray"}, "EXTRANJERO"),
        ({}, "CONSUMIDOR_FINAL"),
    ],
)
def test_the_identity_alone_says_who_receives(pac, fabo, identity, kind):
    make = factura_json if identity.get("identity_type") == "6" else boleta_json
    document = create_invoice(make(fabo, receiver=identity), actor=None)
    assert (document.receiver_data["type"], document.receiver_data["country"]) == (kind, "PE")


def test_a_series_may_stand_where_the_point_of_issue_stands(pac, fabo):
    document = create_invoice(factura_json(fabo, series=None, billing_point="F001"), actor=None)
    assert (document.billing_point, document.submission) == ("F001", "QUEUED")


def on_credit(tenant, *amounts, **changes):
    """A factura on credit, an instalment a week."""
    today = timezone.localdate()
    parts = [
        {"sequence": week, "due_date": (today + timedelta(weeks=week)).isoformat(), "amount": amount}
        for week, amount in enumerate(amounts, start=1)
    ]
    return factura_json(tenant, payment_time="CREDIT", instalments=parts, **changes)


DETRACTION = {
    "operation_type": "1001",
    "detraction": {"amount": "28.00", "goods_code": "037", "percent": "12", "account": "00-123"},
}


@pytest.mark.parametrize("provider", ["fabo", "tandia"])
def test_what_the_provider_has_no_words_for_is_said_before_anything_is_kept(pac, provider):
    tenant, code = a_company(pac, provider), f"operation_not_at_{provider}"
    data = on_credit(tenant, "208.00", **DETRACTION, external_id="PE-DETRACCION")
    with pytest.raises(RuleBroken) as refusal:
        create_invoice({**data, "due_date": "2020-01-01", "series": "F009"}, actor=None)
    assert {code, "unknown_billing_point"} <= {each.code for each in refusal.value.reasons}
    assert not Document.objects.exists()
    draft = create_invoice({**data, "draft": True}, actor=None)
    reasons, _doubts = preflight.review(draft)
    assert [reason.code for reason in reasons] == [code]


@pytest.mark.parametrize("provider", ["tandia", "fabo"])
def test_what_the_receiver_keeps_back_is_no_part_of_the_instalments(pac, provider):
    tenant, kept, pending = a_company(pac, provider), {"retention_amount": "7.08"}, "228.92"
    with pytest.raises(RuleBroken) as refusal:
        create_invoice(on_credit(tenant, "236.00", **kept), actor=None)
    assert [reason.code for reason in refusal.value.reasons] == ["instalments_do_not_add_up"]
    assert pending in str(refusal.value)
    factura = settled(create_invoice(on_credit(tenant, pending, **kept), actor=None))
    assert factura.legal_status == "DGI_AUTHORIZED"
    sent = json.loads(bytes(factura.payload))
    parts = sent["cuotas" if provider == "fabo" else "credit_installments"]
    assert [Decimal(str(part["monto" if provider == "fabo" else "amount"])) for part in parts] == [
        Decimal(pending)
    ]
