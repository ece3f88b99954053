"""The acts on one document, through the browser's doors and against the practice PAC."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from cifras.core.models import AuditEntry
from cifras.sandbox.server import SandboxServer
from invoicing import services
from invoicing.models import Document, TimelineEvent
from invoicing.services import resolving, submitting
from reports.services.reference import ROLES
from tenants.models import Exchange, Tenant
from tests import factories
from tests.clockwork import work_through
from tests.document_pages import address, said, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("impatient")]

REASON = "Datos del receptor equivocados"


@pytest.fixture
def tenant(pac: SandboxServer) -> Tenant:
    return factories.a_tenant()


@pytest.fixture
def operator(tenant) -> Client:
    person = factories.a_staff_member(tenant, permissions=ROLES["Operaciones"], username="ana")
    client = Client()
    client.force_login(person)
    return client


def issued(tenant: Tenant, **changes: object) -> Document:
    document = services.create_invoice(factories.invoice_json(tenant, **changes), actor=None)
    work_through()
    document.refresh_from_db()
    return document


def draft(tenant: Tenant, **changes: object) -> Document:
    return services.create_invoice(factories.invoice_json(tenant, draft=True, **changes), actor=None)


def codes(document: Document) -> list[str]:
    return list(
        TimelineEvent.objects.filter(document_uid=document.uid).order_by("pk").values_list("code", flat=True)
    )


def hours_ago(hours: float) -> str:
    return (timezone.localtime() - timedelta(hours=hours)).replace(microsecond=0).isoformat()


def test_the_void_dialog_says_what_will_happen_before_it_happens(operator, tenant):
    document = issued(tenant)
    page = text_of(operator.get(address(document, "void")))
    for words in (
        f"Factura {document.number}",
        "Comercial Ejemplo Uno, S.A.",
        "B/. 321.00",
        document.cufe[-12:],
        "vence en 7 días",
        "Negocio: Pagada → Anulada.",
        "Queda por devolver B/. 321.00.",
        "caracteres, de 15 a 1000",
        "Anular ante la DGI",
    ):
        assert words in page
    document.refresh_from_db()
    assert document.void_status == ""


def test_a_void_sent_twice_is_one_void(operator, tenant, pac):
    document = issued(tenant)
    first = operator.post(address(document, "void"), {"reason": f"  {REASON}  "}, follow=True)
    assert "Anulación pedida" in said(first)[0]
    second = operator.post(address(document, "void"), {"reason": REASON})
    assert "Ya hay una anulación en curso" in text_of(second)
    work_through()
    document.refresh_from_db()
    assert (document.void_status, document.void_reason) == ("VOIDED", REASON)
    assert codes(document).count("void_requested") == 1
    assert Exchange.objects.filter(document_uid=document.uid, operation__contains="void").count() == 1
    assert "Anulada" in text_of(operator.get(address(document)))


@pytest.mark.parametrize(("reason", "words"), [("", "0 caracteres"), ("catorce letras", "14 caracteres")])
def test_a_reason_that_is_too_short_is_refused_inside_the_dialog(operator, tenant, reason, words):
    document = issued(tenant)
    page = operator.post(address(document, "void"), {"reason": reason})
    assert words in text_of(page)
    assert f"{reason}</textarea>" in page.content.decode()
    document.refresh_from_db()
    assert document.void_status == ""


def test_a_dialog_over_the_page_tells_the_page_where_to_go(operator, tenant):
    document = issued(tenant)
    inside = {"HX-Request": "true"}
    refused = operator.post(address(document, "void"), {"reason": "corto"}, headers=inside)
    assert 'id="dialog"' in refused.content.decode()
    done = operator.post(address(document, "void"), {"reason": REASON}, headers=inside)
    assert (done.status_code, done["HX-Redirect"]) == (200, address(document))


def test_outside_the_window_the_dialog_offers_the_credit_note_for_what_is_left(operator, tenant):
    document = issued(tenant, issue_date=hours_ago(183))
    assert document.legal_status == "DGI_AUTHORIZED"
    page = operator.get(address(document, "void"))
    assert "El plazo para anular venció" in text_of(page)
    assert "nota de crédito por B/. 321.00" in text_of(page)
    assert "Anular ante la DGI" not in text_of(page)
    assert f'action="{address(document, "credit")}"' in page.content.decode()
    refused = operator.post(address(document, "void"), {"reason": REASON})
    assert text_of(refused).count("El plazo para anular venció") == 1
    assert f"{REASON}</textarea>" in refused.content.decode()
    document.refresh_from_db()
    assert document.void_status == ""


def test_an_invoice_with_live_notes_says_which_to_void_first(operator, tenant):
    document = issued(tenant, external_id="SO-9")
    note = services.create_credit(factories.credit_json(tenant, "SO-9"), actor=None)
    work_through()
    note.refresh_from_db()
    assert f"Tiene notas de crédito vigentes: {note.number}" in text_of(
        operator.get(address(document, "void"))
    )
    operator.post(address(note, "void"), {"reason": REASON})
    work_through()
    note.refresh_from_db()
    assert note.void_status == "VOIDED"


def test_issuing_shows_the_deadline_and_queues_the_draft_once(operator, tenant):
    document = draft(tenant)
    assert "Toma el siguiente número de 0001-001" in text_of(operator.get(address(document, "issue")))
    first = operator.post(address(document, "issue"), follow=True)
    document.refresh_from_db()
    assert document.submission == "QUEUED"
    assert document.number in said(first)[0]
    again = operator.post(address(document, "issue"))
    assert "ya no es un borrador" in text_of(again)
    assert codes(document).count("queued") == 1


def test_a_late_date_is_told_before_issuing(operator, tenant):
    document = draft(tenant, issue_date=hours_ago(200))
    assert "el plazo para anular ya venció" in text_of(operator.get(address(document, "issue")))


def test_review_lists_every_reason_at_once_with_links(operator, tenant):
    wrong = factories.contribuyente(dv="00", address="")
    document = draft(tenant, receiver=wrong, payments=[{"method": "02", "amount": "1.00"}])
    Tenant.objects.filter(pk=tenant.pk).update(state=Tenant.State.SUSPENDED)
    for page in ("review", "issue"):
        response = operator.get(address(document, page))
        mendings = response.context["dialog"].mendings
        assert len(mendings) >= 3
        assert all(mending.address and mending.text for mending in mendings)
        assert f"/admin/tenants/tenant/{tenant.uid}/change/" in [mending.address for mending in mendings]
    refused = operator.post(address(document, "issue"))
    assert "La empresa no está activa" in text_of(refused)
    document.refresh_from_db()
    assert (document.submission, document.number) == ("DRAFT", "")


def test_a_complete_draft_is_told_to_be_complete(operator, tenant):
    assert "No falta nada" in text_of(operator.get(address(draft(tenant), "review")))


def test_a_possible_duplicate_is_issued_only_with_a_reason_which_is_kept(operator, tenant):
    issued(tenant)
    document = draft(tenant)
    assert "Posible duplicado" in text_of(operator.get(address(document, "issue")))
    operator.post(address(document, "issue"))
    document.refresh_from_db()
    assert document.submission == "DRAFT"
    operator.post(address(document, "issue"), {"doubt_reason": "Segunda entrega del mes"})
    document.refresh_from_db()
    assert document.submission == "QUEUED"
    assert AuditEntry.objects.get(object_uid=document.uid, action="document.queued").reason == (
        "Segunda entrega del mes"
    )


def test_a_proforma_is_promoted_with_a_number_of_the_authority(operator, tenant):
    document = services.create_invoice(factories.invoice_json(tenant, mode="PROFORM"), actor=None)
    assert "La proforma pasa a documento ante la DGI" in text_of(operator.get(address(document, "issue")))
    operator.post(address(document, "issue"))
    document.refresh_from_db()
    assert (document.mode, document.submission, document.number) == ("DGI", "QUEUED", "0000000001")


def test_discarding_keeps_its_reason_and_is_refused_for_what_may_be_legal(operator, tenant):
    document = draft(tenant)
    operator.post(address(document, "discard"), {"reason": "Se escribió dos veces"})
    document.refresh_from_db()
    assert document.submission == "DISCARDED"
    assert "Se escribió dos veces" in text_of(operator.get(f"{address(document)}?tab=timeline"))
    legal = issued(tenant, external_id="SO-77")
    asked = text_of(operator.get(address(legal, "discard")))
    assert "La DGI ya lo autorizó" in asked
    assert "Solo nosotros lo sabemos" not in asked, "what is legal at the DGI is no secret of ours"
    refused = text_of(operator.post(address(legal, "discard")))
    assert refused.count("La DGI ya lo autorizó") == 1, "a refusal is said once"
    legal.refresh_from_db()
    assert legal.submission == "ACCEPTED"


@pytest.mark.parametrize("door", ["refresh", "attach_pdf"])
def test_asking_now_makes_it_due_and_calls_nobody_inside_the_request(operator, tenant, door):
    document = issued(tenant)
    later = timezone.now() + timedelta(hours=1)
    document.attachments.all().delete()
    Document.objects.filter(pk=document.pk).update(due_at=later, has_pdf=False)
    before = Exchange.objects.count()
    response = operator.post(address(document, door), follow=True)
    document.refresh_from_db()
    assert document.due_at < later
    assert Exchange.objects.count() == before
    assert "en seguida" in said(response)[0]
    work_through()
    document.refresh_from_db()
    assert document.has_pdf


def test_an_unconfirmed_document_is_asked_about_before_its_turn(operator, tenant, pac):
    document = services.create_invoice(factories.invoice_json(tenant), actor=None)
    pac.faults.add("timeout_after_commit", "create_invoice")
    submitting.submit_due()
    Document.objects.filter(pk=document.pk).update(due_at=timezone.now() + timedelta(hours=2))
    assert "Sin confirmar" in text_of(operator.get(address(document)))
    operator.post(address(document, "refresh"))
    assert resolving.resolve_due() == 1
    document.refresh_from_db()
    assert document.submission == "ACCEPTED"
    assert "asked" in codes(document)


def test_there_is_nothing_to_ask_about_a_draft(operator, tenant):
    document = draft(tenant)
    response = operator.post(address(document, "refresh"), follow=True)
    assert "No hay nada que consultar" in said(response)[0]
    assert codes(document) == ["created"]


def test_a_pdf_that_is_there_is_not_asked_for_again(operator, tenant):
    document = issued(tenant)
    response = operator.post(address(document, "attach_pdf"), follow=True)
    assert "Ya tiene su PDF" in said(response)[0]
    assert "asked" not in codes(document)
