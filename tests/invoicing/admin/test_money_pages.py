"""Money, corrections and the queue on the documents' pages: what a dialog asks, says before, and does."""

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cifras.fiscal.zones import local_date
from cifras.sandbox.server import SandboxServer
from invoicing import services
from invoicing.models import Attachment, Correction, Document, Settlement
from reports.services.reference import ROLES
from tenants.models import Tenant
from tests import factories
from tests.clockwork import work_through
from tests.document_pages import address, list_address, queries_of, said, text_of
from tests.document_rows import a_document
from tests.invoicing.test_settling import HALF, ON_CREDIT, authorised, record, seen

pytestmark = pytest.mark.django_db

TODAY = local_date(timezone.now())
REASON = "Datos del receptor incorrectos"
PDF = b"%PDF-1.4\nun certificado\n%%EOF\n"
INSIDE = {"HX-Request": "true"}


@pytest.fixture
def tenant(pac: SandboxServer) -> Tenant:
    return factories.a_tenant()


def somebody(tenant: Tenant, role: str = "Operaciones") -> Client:
    client = Client()
    client.force_login(factories.a_staff_member(tenant, permissions=ROLES[role]))
    return client


@pytest.fixture
def operator(tenant: Tenant) -> Client:
    return somebody(tenant)


def movement(**changes: Any) -> dict[str, Any]:
    return {
        "token": str(uuid.uuid4()),
        "kind": "RECEIPT",
        "amount": "100.00",
        "day": TODAY.isoformat(),
        **changes,
    }


def of(row: Settlement, word: str) -> str:
    document = row.document
    name = f"admin:invoicing_{document.kind.lower()}_settlement_{word}"
    return reverse(name, args=[document.uid, row.uid])


def deeds(response: Any) -> set[str]:
    """The buttons of the page."""
    return set(re.findall(r'id="deed-(\w+)"', response.content.decode()))


def correction_page(correction: Correction, word: str = "change") -> str:
    return reverse(f"admin:invoicing_correction_{word}", args=[correction.uid])


# Settling


def test_somebody_of_billing_records_a_receipt_and_sees_it_on_the_page(tenant: Tenant) -> None:
    document, billing = authorised(tenant, **ON_CREDIT), somebody(tenant, "Facturación")
    assert "settle" in deeds(billing.get(address(document)))
    form = billing.get(address(document, "settle"), headers=INSIDE)
    assert "Lo he leído" not in text_of(form)
    done = billing.post(
        address(document, "settle"), movement(method="08", note="Depósito 77"), headers=INSIDE
    )
    assert done["HX-Redirect"] == address(document)
    page = text_of(billing.get(f"{address(document)}?tab=money"))
    for words in ("Transferencia o depósito", "B/. 100.00", "Depósito 77", "Pago parcial", "B/. 221.00"):
        assert words in page
    told = text_of(billing.get(f"{address(document)}?tab=timeline"))
    assert f"Cobro: B/. 100.00 con fecha {TODAY:%d/%m/%Y}." in told


def test_a_form_sent_twice_records_one_movement(operator: Client, tenant: Tenant) -> None:
    document, form = authorised(tenant, **ON_CREDIT), movement()
    for _ in range(2):
        operator.post(address(document, "settle"), form)
    assert document.settlements.count() == 1


def test_what_should_be_seen_first_is_said_before_anything_is_recorded(
    operator: Client, tenant: Tenant
) -> None:
    document = authorised(tenant, **ON_CREDIT)
    asked = operator.post(address(document, "settle"), movement(amount="400"))
    page = text_of(asked)
    for words in ("supera el saldo por 79", "Por cobrar → Pagada de más", "Lo he leído"):
        assert words in page
    assert not document.settlements.exists()
    operator.post(address(document, "settle"), movement(amount="400", confirmed="on"))
    assert seen(document).settled_total == 400


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"amount": "-1"}, "mayor que cero"),
        ({"amount": "1.001"}, "dos decimales"),
        ({"day": (TODAY + timedelta(days=1)).isoformat()}, "no puede estar en el futuro"),
        ({"kind": "REFUND"}, "No se puede devolver"),
        ({"certificate_number": "X"}, "Solo una retención"),
    ],
)
def test_a_refusal_stands_in_the_dialog_with_what_was_typed(
    operator: Client, tenant: Tenant, changes: dict[str, str], words: str
) -> None:
    document = authorised(tenant, **ON_CREDIT)
    page = operator.post(address(document, "settle"), movement(note="Lo que escribí", **changes))
    assert words in text_of(page)
    assert "Lo que escribí" in page.content.decode()
    assert not document.settlements.exists()


def test_a_withholding_waits_for_its_certificate_which_is_kept_with_the_files(
    operator: Client, tenant: Tenant
) -> None:
    document = authorised(tenant, **ON_CREDIT)
    operator.post(address(document, "settle"), movement(kind="WITHHOLDING", amount="21"))
    row = document.settlements.get()
    assert "Certificado pendiente" in text_of(operator.get(f"{address(document)}?tab=money"))
    wrong = SimpleUploadedFile("retencion.pdf", b"<html>")
    refused = operator.post(of(row, "certificate"), {"certificate_number": "RET-55", "certificate": wrong})
    assert "no es un PDF" in text_of(refused)
    paper = SimpleUploadedFile("retencion.pdf", PDF)
    operator.post(
        of(row, "certificate"),
        {"certificate_number": "RET-55", "certificate_date": TODAY.isoformat(), "certificate": paper},
    )
    row.refresh_from_db()
    assert (row.certificate_number, row.is_pending) == ("RET-55", False)
    assert row.certificate.kind == Attachment.Kind.WITHHOLDING
    page = operator.get(f"{address(document)}?tab=money")
    assert "Certificado RET-55" in text_of(page)
    link = reverse("invoicing:file", args=[row.certificate.uid])
    assert link in page.content.decode()
    assert b"".join(operator.get(link)) == PDF


def test_a_reversed_movement_is_struck_out_with_who_and_why(operator: Client, tenant: Tenant) -> None:
    document = authorised(tenant)
    row = document.settlements.get()
    assert "deja de contar" in text_of(operator.get(of(row, "reverse")))
    assert "por qué se revierte" in text_of(operator.post(of(row, "reverse"), {"reason": " "}))
    operator.post(of(row, "reverse"), {"reason": "El cheque no tenía fondos"})
    page = operator.get(f"{address(document)}?tab=money")
    assert "El cheque no tenía fondos" in text_of(page)
    assert "<s>" in page.content.decode()
    assert seen(document).settled_total == 0


def test_movements_are_not_changed_without_the_right_nor_over_another_document(
    operator: Client, tenant: Tenant
) -> None:
    document, other = authorised(tenant), authorised(tenant)
    row, auditor = document.settlements.get(), somebody(tenant, "Auditoría")
    pages = [address(document, "settle"), address(document, "move_money"), of(row, "reverse")]
    for page in [*pages, of(row, "certificate")]:
        assert auditor.get(page).status_code == 403
        assert auditor.post(page, {"reason": "x"}).status_code == 403
    strange = reverse("admin:invoicing_invoice_settlement_reverse", args=[other.uid, row.uid])
    assert operator.post(strange, {"reason": "De otro documento"}).status_code == 404
    assert seen(document).settled_total == 321


def test_a_balance_is_passed_on_from_the_page(operator: Client, tenant: Tenant) -> None:
    document, target = authorised(tenant, **ON_CREDIT), authorised(tenant, **ON_CREDIT)
    record(document, "RECEIPT", "400")
    assert "B/. 79.00" in text_of(operator.get(address(document, "move_money")))
    refused = operator.post(address(document, "move_money"), {"target": "77", "amount": "79"})
    assert "No hay ningún documento" in text_of(refused)
    done = operator.post(
        address(document, "move_money"), {"target": target.number.lstrip("0"), "amount": "79"}, follow=True
    )
    assert "pasaron a" in said(done)[0]
    assert str(target) in text_of(operator.get(f"{address(document)}?tab=money"))
    assert (seen(document).settled_total, seen(target).settled_total) == (321, 79)


def test_the_money_tab_asks_the_same_however_many_movements(operator: Client, tenant: Tenant) -> None:
    document = authorised(tenant, **ON_CREDIT)
    page = f"{address(document)}?tab=money"
    record(document, "RECEIPT", "1")
    few = queries_of(operator, page)
    for _ in range(12):
        record(document, "RECEIPT", "1")
    assert queries_of(operator, page) == few <= 10


# The void dialog


def test_the_void_dialog_asks_about_the_money_and_the_answer_is_carried_out(
    operator: Client, tenant: Tenant
) -> None:
    document = authorised(tenant)
    page = text_of(operator.get(address(document, "void")))
    for words in ("Devolverlo al cliente", "queda por devolver", "la anulación no se cobra"):
        assert words in page
    operator.post(address(document, "void"), {"reason": REASON, "money": "refund"})
    assert (seen(document).void_money, seen(document).settled_total) == ("refund", 321)
    work_through(rounds=1)
    assert (seen(document).void_status, seen(document).settled_total) == ("VOIDED", 0)


def test_nothing_is_asked_where_nothing_was_received(operator: Client, tenant: Tenant) -> None:
    document = authorised(tenant, **ON_CREDIT)
    assert "dinero recibido" not in text_of(operator.get(address(document, "void")))


def test_over_live_notes_the_void_dialog_names_the_order(operator: Client, tenant: Tenant) -> None:
    document = authorised(tenant)
    note = services.create_credit(factories.credit_json(tenant, document.external_id, **HALF), actor=None)
    work_through(rounds=1)
    assert 'href="' + address(document, "void") in operator.get(address(document)).content.decode()
    page = operator.get(address(document, "void"))
    assert "Anule primero estas notas" in text_of(page)
    assert address(seen(note), "void") in page.content.decode()
    assert "<textarea" not in page.content.decode()


# Mending


def test_a_rejected_invoice_leads_to_its_linked_draft(operator: Client, tenant: Tenant) -> None:
    document = authorised(tenant, receiver=factories.contribuyente(name="RECHAZO-DGI, S.A."))
    assert "correct" in deeds(operator.get(address(document)))
    operator.get(address(document, "correct"))
    assert Document.objects.count() == 1, "a GET changes nothing"
    done = operator.post(address(document, "correct"), follow=True)
    draft = Document.objects.get(replaces=document)
    assert done.redirect_chain[-1][0] == address(draft)
    again = operator.post(address(document, "correct"))
    assert again["Location"] == address(draft)
    page = operator.get(address(document))
    assert "correct" not in deeds(page)
    assert "Reemplazada por" in text_of(page)
    assert "Es igual a" in text_of(operator.get(address(draft, "review")))
    auditor = somebody(tenant, "Auditoría")
    assert auditor.post(address(document, "correct")).status_code == 403


def test_a_correction_is_begun_followed_and_finished_from_its_page(operator: Client, tenant: Tenant) -> None:
    document = authorised(tenant)
    dialog = text_of(operator.get(address(document, "amend")))
    for words in ("Se pide la anulación", "borrador igual, enlazado", "Pasarlo al documento"):
        assert words in dialog
    assert "al menos 15" in text_of(operator.post(address(document, "amend"), {"reason": "corto"}))
    assert not Correction.objects.exists()
    operator.post(address(document, "amend"), {"reason": REASON, "money": "move"}, headers=INSIDE)
    correction = Correction.objects.get()
    draft = correction.replacement
    assert draft is not None
    page = text_of(operator.get(correction_page(correction)))
    for words in (
        "Anular Factura",
        "Es igual al original",
        "Espera a que el original",
        "Pasarlo al documento",
    ):
        assert words in page
    assert operator.get(address(document, "amend"))["Location"] == correction_page(correction)
    operator.post(correction_page(correction, "automatic"), {"on": "1"})
    data = factories.invoice_json(tenant, notes="Corregida", external_id=None, draft=True)
    services.update_invoice(draft.uid, data, actor=None)
    work_through(rounds=2)
    page = text_of(operator.get(correction_page(correction)))
    assert "Terminada" in page
    assert seen(draft).legal_status == "DGI_AUTHORIZED"
    assert str(correction.original) in text_of(operator.get(reverse("admin:invoicing_correction_changelist")))


def test_a_correction_whose_void_was_refused_is_seen_and_stopped(
    operator: Client, tenant: Tenant, pac: SandboxServer
) -> None:
    document = authorised(tenant)
    correction = services.start_correction(document.uid, reason=REASON, actor=None)
    pac.behaviour.void_window_hours = 0
    work_through(rounds=1)
    page = operator.get(correction_page(correction))
    assert "El PAC rechazó la anulación" in text_of(page)
    assert 'id="correction-again"' in page.content.decode()
    auditor = somebody(tenant, "Auditoría")
    assert "Detener" not in text_of(auditor.get(correction_page(correction)))
    assert "El borrador se descarta" in text_of(operator.get(correction_page(correction, "stop")))
    for word in ("again", "automatic", "stop"):
        assert auditor.post(correction_page(correction, word)).status_code == 403
        operator.get(correction_page(correction, word))
    correction.refresh_from_db()
    assert (correction.state, correction.issues_itself) == ("OPEN", False), "a GET changes nothing"
    assert "Diga por qué se detiene" in text_of(operator.post(correction_page(correction, "stop"), {}))
    done = operator.post(correction_page(correction, "stop"), {"reason": "La acepta así"}, follow=True)
    assert "Detenida" in text_of(done)
    assert "amend" in deeds(operator.get(address(document)))


# Back from the queue


def test_what_waits_in_the_queue_is_withdrawn_or_redated_from_its_page(
    operator: Client, tenant: Tenant, pac: SandboxServer
) -> None:
    pac.faults.add("429", "create_invoice", retry_after=60)
    document = services.create_invoice(factories.invoice_json(tenant), actor=None)
    work_through(rounds=0)
    assert {"withdraw", "redate"} <= deeds(operator.get(address(document)))
    yesterday = (timezone.localtime() - timedelta(days=1)).replace(second=0, microsecond=0)
    operator.post(address(document, "redate"), {"issue_date": yesterday.strftime("%Y-%m-%dT%H:%M")})
    assert (seen(document).submission, seen(document).issue_date) == ("QUEUED", yesterday)
    tomorrow = (timezone.localtime() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    refused = operator.post(address(document, "redate"), {"issue_date": tomorrow})
    assert "futur" in text_of(refused)
    assert document.number in text_of(operator.get(address(document, "withdraw")))
    operator.post(address(document, "withdraw"), {"reason": "Faltaba una línea"})
    assert (seen(document).submission, seen(document).number) == ("DRAFT", document.number)
    assert "withdraw" not in deeds(operator.get(f"{address(document)}?tab=timeline"))


# The list


def test_the_list_filters_what_is_to_be_collected_or_given_back(operator: Client, tenant: Tenant) -> None:
    rows = {
        "open": a_document(ruc=tenant.ruc, cufe="", total=100, external_id="OPEN-1", next_due_date=TODAY),
        "overdue": a_document(
            ruc=tenant.ruc,
            cufe="",
            total=100,
            external_id="LATE-1",
            next_due_date=TODAY - timedelta(days=1),
        ),
        "refund": a_document(ruc=tenant.ruc, cufe="", total=100, settled_total=120, external_id="BACK-1"),
    }
    wanted = {"open": {"open", "overdue"}, "overdue": {"overdue"}, "refund": {"refund"}}
    for name, expected in wanted.items():
        page = text_of(operator.get(list_address(f"?money={name}")))
        assert {word for word, row in rows.items() if row.external_id in page} == expected, name
        assert queries_of(operator, list_address(f"?money={name}")) <= 6
