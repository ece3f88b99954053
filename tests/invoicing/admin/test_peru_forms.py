"""The pages in Peru's words: the form of a comprobante, its notes, its customers, and what was returned to be mended."""

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from cifras.core.models import Staff
from invoicing import services
from invoicing.models import Document, Receiver
from reports.services.reference import ROLES
from tenants.models import Tenant
from tests import factories
from tests.clockwork import work_through
from tests.document_pages import address, list_address, text_of
from tests.peru import a_company, boleta_json, factura_json, note_json

pytestmark = pytest.mark.django_db

ADD = "/admin/invoicing/invoice/add/"
RECEIVERS = "/admin/invoicing/receiver/add/"


@pytest.fixture
def company(pac: Any) -> Tenant:
    return a_company(pac)


@pytest.fixture
def ana(company: Tenant) -> Staff:
    return factories.a_staff_member(company, permissions=ROLES["Operaciones"])


@pytest.fixture
def browser(ana: Staff) -> Client:
    client = Client()
    client.force_login(ana)
    return client


def typed(company: Tenant, /, **changes: str) -> dict[str, str]:
    """A cash sale of S/ 236.00 to a RUC as the page posts it."""
    return {
        "tenant": str(company.uid),
        "country": "PE",
        "document_kind": "AUTO",
        "place": "",
        "operation_type": "0101",
        "currency": "PEN",
        "mode": "DGI",
        "payment_time": "CASH",
        "receiver-mode": "written",
        "receiver-identity_type": "6",
        "receiver-identity_number": "20100070970",
        "receiver-name": "Cliente de Ejemplo S.A.C.",
        "lines-TOTAL_FORMS": "1",
        "lines-INITIAL_FORMS": "0",
        "lines-0-description": "Consultoría",
        "lines-0-quantity": "2",
        "lines-0-unit": "ZZ",
        "lines-0-unit_price": "100",
        "lines-0-affectation": "10",
        "payments-TOTAL_FORMS": "0",
        "payments-INITIAL_FORMS": "0",
        "instalments-TOTAL_FORMS": "0",
        "instalments-INITIAL_FORMS": "0",
        **changes,
    }


def token_of(response: Any) -> str:
    return unescape(re.search(r'name="form_token" value="([^"]+)"', response.content.decode())[1])


def send(browser: Client, data: dict[str, str], button: str, *, address: str = ADD) -> Any:
    token = token_of(browser.get(address, {"tenant": data["tenant"]} if address == ADD else {}))
    return browser.post(address, {**data, "form_token": token, button: "1"}, follow=True)


def said(response: Any) -> dict[str, str]:
    return {complaint.anchor: complaint.text for complaint in response.context["forms"].complaints}


def settled(document: Document) -> Document:
    work_through(rounds=2)
    document.refresh_from_db()
    return document


# Writing


def test_the_form_of_a_peruvian_company_speaks_of_comprobantes_and_offers_what_its_provider_takes(
    browser, company
):
    page = browser.get(ADD)
    text = text_of(page)
    for word in (
        "Comprobante",
        "Establecimiento y serie",
        "Afectación del IGV",
        "Fabo · Perú",
        "Hora de Lima",
    ):
        assert word in text
    for word in ("ITBMS", "DGI", "CPBS", "Corregimiento", "0200-"):
        assert word not in text
    offered = [code for code, _ in page.context["forms"].head.fields["operation_type"].widget.choices]
    assert {"0101", "0200", "0401"} <= set(offered)
    assert not {"1001", "2001"} & set(offered)
    assert "Fabo no emite operaciones con detracción" in text


def test_an_empty_form_adds_up_to_nothing_and_refuses_nothing(browser, company):
    page = browser.get(ADD, {"tenant": company.uid})
    assert "No se puede sumar" not in text_of(page)


def test_a_ruc_gets_a_factura_and_anybody_else_a_boleta_each_with_the_first_series_of_its_kind(
    browser, company, pac
):
    send(browser, typed(company), "_issue")
    nobody = {"receiver-identity_type": "-", "receiver-identity_number": "", "receiver-name": ""}
    send(browser, typed(company, **nobody), "_issue")
    work_through(rounds=2)
    rows = Document.objects.order_by("pk")
    assert [(str(row), row.series, str(row.total), row.legal_status) for row in rows] == [
        ("Factura F001-1", "01", "236.00", "DGI_AUTHORIZED"),
        ("Boleta B001-1", "03", "236.00", "DGI_AUTHORIZED"),
    ]
    assert len(pac.sunat.of_company(company.pac_company_id)) == 2


def test_every_refusal_of_the_law_stands_beside_its_field(browser, company):
    wrong = {
        "document_kind": "FACTURA",
        "place": "0000/B001",
        "receiver-identity_type": "1",
        "receiver-identity_number": "123",
        "lines-0-unit": "und.",
        "lines-0-affectation": "17",
    }
    complaints = said(send(browser, typed(company, **wrong), "_review"))
    assert set(complaints) >= {
        "id_place",
        "id_receiver-identity_type",
        "id_receiver-identity_number",
        "id_lines-0-affectation",
    }
    assert not Document.objects.exists()


def test_what_the_customer_keeps_back_is_taken_off_what_the_instalments_have_to_add_up_to(browser, company):
    data = typed(
        company,
        **{
            "payment_time": "CREDIT",
            "retention_amount": "7.08",
            "instalments-TOTAL_FORMS": "1",
            "instalments-0-due_date": "2099-01-31",
            "instalments-0-amount": "236.00",
        },
    )
    page = send(browser, data, "_review")
    assert "sin detracción ni retención, es 228.92" in text_of(page)
    assert "ya se descontaron S/ 7.08" in text_of(page)
    send(browser, {**data, "instalments-0-amount": "228.92"}, "_issue")
    factura = settled(Document.objects.get())
    assert (factura.legal_status, str(factura.retention_amount)) == ("DGI_AUTHORIZED", "7.08")
    assert "Retención del cliente (no cambia el total) S/ 7.08" in text_of(browser.get(address(factura)))


def test_a_draft_comes_back_as_it_was_written(browser, company):
    registered = Receiver.objects.create(
        tenant=company, code="C-1", name="Cliente S.A.C.", type="CONTRIBUYENTE", identity_type="6", ruc="20100070970"
    )  # fmt: skip
    data = typed(
        company, **{"receiver-mode": "registered", "receiver-code": registered.code, "currency": "USD"}
    )
    send(browser, {**data, "lines-0-affectation": "20", "place": "0000/F001"}, "_draft")
    draft = Document.objects.get()
    forms = browser.get(address(draft)).context["forms"]
    assert forms.head["document_kind"].value() == "FACTURA"
    assert (forms.head["currency"].value(), forms.head["place"].value()) == ("USD", "0000/F001")
    assert forms.receiver["code"].value() == "C-1"
    assert forms.lines.forms[0]["affectation"].value() == "20"
    assert "US$ 200.00" in text_of(browser.get(address(draft)))


def test_choosing_a_company_of_the_other_country_draws_its_form(browser, company, ana):
    panamanian = factories.a_tenant()
    factories.StaffGrant.objects.create(staff=ana, tenant=panamanian)
    page = send(browser, {**typed(company), "tenant": str(panamanian.uid)}, "_calculate")
    assert page.context["country"] == "PA"
    assert "ITBMS" in text_of(page)


# What was returned


def test_a_returned_factura_is_mended_on_its_page_and_goes_again_with_its_number(browser, company, pac):
    wrong = factura_json(company)
    wrong["lines"][0]["description"] = "SUNAT-1001"
    factura = settled(services.create_invoice(wrong, actor=None))
    assert factura.submission == "RETURNED"
    seen = text_of(browser.get(f"{address(factura)}?tab=summary"))
    assert "No quedó emitido y conserva su número F001-1" in seen
    assert "Volver a enviar" in text_of(browser.get(address(factura)))
    data = typed(
        company, **{"place": "0000/F001", "document_kind": "FACTURA", "external_id": factura.external_id}
    )
    answer = send(browser, data, "_issue", address=address(factura))
    assert "En cola con el número F001-1" in " ".join(str(each) for each in answer.context["messages"])
    mended = settled(Document.objects.get())
    assert (mended.submission, mended.number, mended.legal_status) == (
        "ACCEPTED",
        "00000001",
        "DGI_AUTHORIZED",
    )
    assert pac.journal.times_posted("1") == 2


def test_a_form_sent_twice_says_that_nothing_was_sent_again(browser, company, pac):
    data = typed(company, **{"lines-0-description": "SUNAT-1001"})
    token = token_of(browser.get(ADD, {"tenant": data["tenant"]}))
    for words in ("En cola con el número F001-1", "No se ha enviado nada: sigue con su número F001-1"):
        answer = browser.post(ADD, {**data, "form_token": token, "_issue": "1"}, follow=True)
        assert words in " ".join(str(each) for each in answer.context["messages"])
        work_through(rounds=2)
    assert pac.journal.times_posted("1") == 1


# Credit notes and bajas


def test_a_note_is_written_with_a_reason_of_the_catalogue_and_a_series_of_its_kind(browser, company):
    factura = settled(services.create_invoice(factura_json(company), actor=None))
    page = browser.get(address(factura, "credit"))
    assert "Motivo según la SUNAT" in text_of(page)
    assert "07 · Devolución por ítem" in text_of(page)
    assert "ITBMS" not in text_of(page)
    note = {
        "form_token": token_of(page),
        "how": "lines",
        "line-1-quantity": "1",
        "reason_code": "07",
        "series": "FC01",
        "notes": "Se devuelve una hora",
    }
    confirm = browser.post(address(factura, "credit"), {**note, "_issue": "1"})
    assert "Sí, emitir ante la SUNAT" in text_of(confirm)
    assert "siguiente número de 0000-FC01" in text_of(confirm)
    shown = {"shown_total": "118.00", "form_token": token_of(confirm), "_confirm": "1"}
    browser.post(address(factura, "credit"), {**note, **shown})
    made = settled(Document.objects.get(kind="CREDIT"))
    assert (made.legal_status, made.billing_point, str(made.total)) == ("DGI_AUTHORIZED", "FC01", "118.00")
    assert (made.peru["reason_code"], made.peru["reason"]) == ("07", "Se devuelve una hora")
    seen = text_of(browser.get(address(made)))
    assert "07 · Devolución por ítem" in seen
    assert "Aceptada por SUNAT" in seen


def test_a_returned_note_over_the_whole_document_is_mended_on_its_page(browser, company):
    factura = settled(services.create_invoice(factura_json(company), actor=None))
    wrong = {**factura_json(company)["lines"][0], "description": "SUNAT-1001", "credits_line": 1}
    whole = note_json(company, factura.external_id, lines=[wrong], reason_code="01", reason="Se anula")
    note = settled(services.create_credit(whole, actor=None))
    assert (note.submission, note.total) == ("RETURNED", factura.total)
    page = browser.get(address(note))
    typed = {
        "form_token": token_of(page),
        "how": "whole",
        "reason_code": "01",
        "series": "FC01",
        "notes": "Se anula",
    }
    confirm = browser.post(address(note), {**typed, "_issue": "1"})
    assert "Se envía otra vez con su mismo número, FC01-1" in text_of(confirm)
    shown = {"shown_total": "236.00", "form_token": token_of(confirm), "_confirm": "1"}
    browser.post(address(note), {**typed, **shown})
    mended = settled(note)
    assert (mended.submission, mended.printed_number, mended.total) == ("ACCEPTED", "FC01-1", factura.total)


def test_nobody_is_told_of_a_window_for_a_boletas_note(browser, company):
    boleta = settled(services.create_invoice(boleta_json(company), actor=None))
    page = browser.get(address(boleta, "credit"))
    typed = {"form_token": token_of(page), "how": "whole", "series": "BC01", "notes": "Se anula"}
    confirm = text_of(browser.post(address(boleta, "credit"), {**typed, "_issue": "1"}))
    assert "resumen diario" in confirm
    assert "para anular: hasta el" not in confirm
    whole = note_json(company, boleta.external_id, series="BC01", lines=factura_json(company)["lines"])
    note = settled(services.create_credit({**whole, "reason_code": "01"}, actor=None))
    dialog = text_of(browser.get(address(note, "void")))
    assert "Esta nota de crédito no se anula" in dialog
    assert "fuera de plazo" not in dialog


def test_a_part_on_credit_is_no_payment_on_the_form(browser, company):
    payments = [{"method": "02", "amount": "100.00"}, {"method": "01", "amount": "136.00"}]
    data = factura_json(company, payment_time="MIXED", payments=payments, due_date="2099-01-31", draft=True)
    draft = services.create_invoice(data, actor=None)
    rows = browser.get(address(draft)).context["forms"].payments.forms
    assert [row["amount"].value() for row in rows] == ["100.00"]


def test_a_factura_is_voided_by_a_baja_with_its_own_reason_and_a_boleta_is_credited_instead(browser, company):
    factura = settled(services.create_invoice(factura_json(company), actor=None))
    dialog = text_of(browser.get(address(factura, "void")))
    assert "Comunicación de baja" in dialog
    assert "caracteres, de 3 a 100" in dialog
    assert "DGI" not in dialog
    browser.post(address(factura, "void"), {"reason": "Mal RUC"})
    assert settled(factura).void_status == "VOIDED"

    boleta = settled(services.create_invoice(boleta_json(company), actor=None))
    assert boleta.void_deadline is None
    dialog = text_of(browser.get(address(boleta, "void")))
    assert "resumen diario" in dialog
    assert "Emitir nota de crédito por S/ 236.00" in dialog


def test_a_factura_is_corrected_by_a_baja_a_boleta_by_a_note_and_the_new_one_begins_as_the_old(
    browser, company
):
    ways = {
        factura_json: "Se comunica a la SUNAT la baja de",
        boleta_json: "una nota de crédito por todo lo que",
    }
    for make, words in ways.items():
        sale = settled(services.create_invoice(make(company), actor=None))
        assert words in text_of(browser.get(address(sale, "amend")))
        browser.post(address(sale, "amend"), {"reason": "Otra descripción"})
        draft = sale.replacements.get()
        forms = browser.get(address(draft)).context["forms"]
        assert forms.head["document_kind"].value() == sale.peru["document_kind"]
        assert forms.lines.forms[0]["description"].value() == "Consultoría"
        work_through(rounds=2)
        assert "Lista: emítala desde su página" in text_of(browser.get(address(sale, "amend"), follow=True))


def test_a_document_s_page_uses_sunat_s_words_and_leaves_out_what_peru_does_not_have(browser, company):
    factura = settled(services.create_invoice(factura_json(company), actor=None))
    text = text_of(browser.get(address(factura)))
    for word in (
        "IGV",
        "serie F001",
        "Respuesta de la SUNAT (CDR)",
        "Aceptada por SUNAT",
        "Fabo · Perú",
        "Cliente",
    ):
        assert word in text
    for word in ("ITBMS", "DGI", "CUFE", "hora de Panamá"):
        assert word not in text


def test_lists_and_series_are_readable_for_both_countries(browser, company, ana):
    panamanian = factories.a_tenant()
    factories.StaffGrant.objects.create(staff=ana, tenant=panamanian)
    settled(services.create_invoice(boleta_json(company), actor=None))
    order = factories.invoice_json(panamanian, external_id="FACT-12")
    sale = settled(services.create_invoice(order, actor=None))
    text = text_of(browser.get(list_address()))
    for word in ("B001-1", "0000000001", "Fabo · Perú", "Alanube · Panamá", "S/ 236.00", "B/. 321.00"):
        assert word in text
    assert "Autorizada por DGI · Aceptada por SUNAT" in text
    assert "B001-1" in text_of(browser.get(list_address("?q=B001-1")))
    assert browser.get(list_address("?q=FACT-12")).url == address(sale), "a reference may look like a number"
    series = text_of(browser.get("/admin/invoicing/numberseries/"))
    assert "03 · Boleta de venta" in series
    assert "01 · Factura de operación interna" in series


@pytest.mark.parametrize("name", ["all_companies", "documents"])
def test_the_reports_of_peruvian_companies_speak_of_sunat(browser, company, name):
    settled(services.create_invoice(factura_json(company), actor=None))
    text = text_of(
        browser.get(reverse(f"reports:{name}"), {"tenant": str(company.uid), "groupBy": "legalStatus"})
    )
    assert "Aceptada por SUNAT" in text
    assert "por DGI" not in text


# Customers


def test_a_customer_of_a_peruvian_company_has_an_identity_document_that_the_law_examines(browser, company):
    page = browser.get(RECEIVERS)
    assert "Documento de identidad" in text_of(page)
    assert "DV" not in text_of(page)
    data = {
        "tenant": str(company.pk),
        "code": "C-1",
        "name": "Cliente S.A.C.",
        "identity_type": "6",
        "ruc": "20100070971",
        "withholds": "on",
    }
    refused = browser.post(RECEIVERS, data)
    assert "ruc" in refused.context["adminform"].form.errors
    browser.post(RECEIVERS, {**data, "ruc": "20100070970"})
    customer = Receiver.objects.get()
    assert (customer.type, customer.country, customer.withholds) == ("CONTRIBUYENTE", "PE", True)
    assert "RUC 20100070970" in text_of(browser.get("/admin/invoicing/receiver/?q=20100070970"))


def test_who_sees_companies_of_both_countries_chooses_whose_receiver_it_is(browser, company, ana):
    factories.StaffGrant.objects.create(staff=ana, tenant=factories.a_tenant())
    assert "Fórmula" not in text_of(browser.get(RECEIVERS))
    assert "Documento de identidad" not in text_of(browser.get(RECEIVERS))
    page = text_of(browser.get(f"{RECEIVERS}?country=PE"))
    assert "Documento de identidad" in page
    assert "Receptor de una empresa de:" in page
