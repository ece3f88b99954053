"""The page that writes an invoice by hand, as a browser without scripts sees it."""

import re
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from cifras.core.models import AuditEntry, Staff
from cifras.fiscal import totals
from invoicing import services
from invoicing.models import Document, Receiver, TimelineEvent
from invoicing.models.choices import Kind
from invoicing.services import drafting
from invoicing.services.reading import read_entry
from invoicing.services.sketching import sketch
from tenants.models import Office, Tenant
from tests import factories
from tests.clockwork import work_through

pytestmark = pytest.mark.django_db

ADD = "/admin/invoicing/invoice/add/"
SCRIPT = "<script>alert(1)</script>"
WRITER = (
    "invoicing.view_invoice",
    "invoicing.add_invoice",
    "invoicing.change_invoice",
    "invoicing.issue_invoice",
)


@pytest.fixture
def tenant(pac: Any) -> Tenant:
    return factories.a_tenant()


@pytest.fixture
def ana(tenant: Tenant) -> Staff:
    return factories.a_staff_member(tenant, permissions=WRITER)


@pytest.fixture
def browser(ana: Staff) -> Client:
    return signed_in(ana)


def signed_in(person: Staff) -> Client:
    client = Client()
    client.force_login(person)
    return client


def token_of(response: Any) -> str:
    return unescape(re.search(r'name="form_token" value="([^"]+)"', response.content.decode())[1])


def typed(issuer: Tenant, /, **changes: str) -> dict[str, str]:
    """A cash invoice for 321.00 as the page posts it; an empty value takes a field out."""
    return {
        "tenant": str(issuer.uid),
        "place": "0001/001",
        "mode": "DGI",
        "payment_time": "CASH",
        "receiver-mode": "written",
        "receiver-type": "CONTRIBUYENTE",
        "receiver-contributor": "JURIDICO",
        "receiver-ruc": "155596713-2-2015",
        "receiver-name": "Comercial Ejemplo Uno, S.A.",
        "receiver-address": "Calle Ficticia 10",
        "receiver-location": "8-8-7",
        "lines-TOTAL_FORMS": "1",
        "lines-INITIAL_FORMS": "0",
        "lines-0-description": "Servicio de consultoría",
        "lines-0-quantity": "2",
        "lines-0-unit": "und",
        "lines-0-unit_price": "150.00",
        "lines-0-tax_rate": "7",
        "payments-TOTAL_FORMS": "1",
        "payments-INITIAL_FORMS": "0",
        "payments-0-method": "08",
        "instalments-TOTAL_FORMS": "0",
        "instalments-INITIAL_FORMS": "0",
        **changes,
    }


def send(client: Client, data: dict[str, str], button: str, *, address: str = ADD, token: str = "") -> Any:
    """Press a button. Without a token the form counts as one that has just been opened."""
    return client.post(address, {**data, "form_token": token, button: "1"})


def page_of(document: Document) -> str:
    return reverse("admin:invoicing_invoice_change", args=[document.uid])


def said(response: Any) -> dict[str, str]:
    """The list on top: what each complaint is about (the id it links to) and its sentence."""
    return {complaint.anchor: complaint.text for complaint in response.context["forms"].complaints}


def messages_of(response: Any) -> str:
    return " ".join(str(message) for message in response.context["messages"])


# Writing, keeping, issuing


def test_the_page_opens_for_those_who_may_write_and_changes_nothing(browser, tenant):
    page = browser.get(ADD).content.decode()
    assert str(tenant.uid) in page
    assert "0001/001" in page, "the only tenant is chosen, and its points are there"
    assert not Document.objects.exists()


def test_a_draft_is_kept_as_typed_and_nothing_is_sent(browser, tenant, pac):
    response = send(browser, typed(tenant, notes="Gracias"), "_draft")
    document = Document.objects.get()
    assert response.url == page_of(document)
    assert (document.submission, document.number, document.total) == ("DRAFT", "", Decimal("321.00"))
    work_through()
    assert Document.objects.get().submission == "DRAFT"
    page = browser.get(response.url).content.decode()
    for value in ("Servicio de consultoría", "155596713-2-2015", "150.00", "Gracias", "321.00"):
        assert value in page


def test_a_draft_that_is_opened_and_kept_again_says_the_same(browser, tenant):
    send(
        browser,
        typed(
            tenant,
            **{
                "issue_date": "2026-11-20T10:30",
                "due_date": "2026-12-20",
                "payment_time": "MIXED",
                "lines-0-isc_rate": "5",
                "lines-0-isc_amount": "15.00",
                "lines-0-oti_code_1": "01",
                "lines-0-oti_amount_1": "1.25",
                "lines-0-unit_discount": "2.5",
                "discount_amount": "10.00",
                "discount_description": "Cliente frecuente",
                "payments-TOTAL_FORMS": "2",
                "payments-0-amount": "100.00",
                "payments-1-method": "01",
                "instalments-TOTAL_FORMS": "1",
                "instalments-0-due_date": "2026-12-20",
                "instalments-0-amount": "224.40",
            },
        ),
        "_draft",
    )
    before = Document.objects.get()
    shown = browser.get(page_of(before)).context["forms"]
    kept = read_entry(shown.json(), kind=Kind.INVOICE)
    services.update_invoice(before.uid, shown.json(), actor=None)
    after = Document.objects.get()
    assert drafting.draft_of(after) == drafting.draft_of(before)
    assert kept.instalments[0].amount == Decimal("224.40")
    assert after.total == before.total


def test_an_invoice_is_issued_through_to_its_authorisation(browser, tenant):
    response = send(browser, typed(tenant), "_issue")
    document = Document.objects.get()
    assert response.url == page_of(document)
    assert (document.submission, document.number) == ("QUEUED", "0000000001")
    work_through()
    document.refresh_from_db()
    assert (document.legal_status, len(document.cufe)) == ("DGI_AUTHORIZED", 66)
    assert document.receiver_data["dv"] == "59", "computed, since none was typed"
    assert [row.amount for row in document.payments.all()] == [Decimal("321.00")], (
        "the rest, since none was typed"
    )


def test_a_draft_is_changed_and_issued_from_its_page(browser, tenant):
    send(browser, typed(tenant), "_draft")
    document = Document.objects.get()
    changed = typed(tenant, **{"lines-0-quantity": "3"})
    assert send(browser, changed, "_issue", address=page_of(document)).status_code == 302
    document.refresh_from_db()
    assert (document.submission, document.total) == ("QUEUED", Decimal("481.50"))
    codes = list(TimelineEvent.objects.order_by("pk").values_list("code", flat=True))
    assert codes == ["created", "edited", "queued"]


def test_a_refused_change_leaves_the_draft_as_it_was(browser, tenant):
    send(browser, typed(tenant), "_draft")
    document = Document.objects.get()
    changed = typed(tenant, **{"lines-0-quantity": "3", "receiver-dv": "11"})
    response = send(browser, changed, "_issue", address=page_of(document))
    assert "id_receiver-dv" in said(response)
    document.refresh_from_db()
    assert (document.submission, document.total) == ("DRAFT", Decimal("321.00"))
    assert 'value="3"' in response.content.decode(), "what was typed stays"


def test_a_proforma_is_numbered_and_never_sent(browser, tenant):
    for button in ("_draft", "_issue"):
        send(browser, typed(tenant, mode="PROFORM"), button)
    work_through()
    kept = Document.objects.order_by("pk").values_list("mode", "number", "submission")
    assert list(kept) == [("PROFORM", "P-000001", "DRAFT"), ("PROFORM", "P-000002", "DRAFT")]


def test_a_proforma_becomes_an_invoice_when_its_mode_is_changed(browser, tenant):
    send(browser, typed(tenant, mode="PROFORM"), "_draft")
    send(browser, typed(tenant), "_issue", address=page_of(Document.objects.get()))
    document = Document.objects.get()
    assert (document.mode, document.number, document.submission) == ("DGI", "0000000001", "QUEUED")


def test_a_draft_for_the_authority_does_not_become_a_proforma(browser, tenant):
    send(browser, typed(tenant), "_draft")
    response = send(browser, typed(tenant, mode="PROFORM"), "_draft", address=page_of(Document.objects.get()))
    assert "id_mode" in said(response)
    assert Document.objects.get().mode == "DGI"


# One form, one document


@pytest.mark.parametrize("button", ["_draft", "_issue"])
def test_a_form_sent_twice_makes_one_document(browser, tenant, button):
    token = token_of(browser.get(ADD))
    addresses = {send(browser, typed(tenant), button, token=token).url for _ in range(2)}
    assert len(addresses) == 1
    assert Document.objects.count() == 1


def test_a_form_that_was_kept_and_then_issued_makes_one_document(browser, tenant):
    token = token_of(browser.get(ADD))
    send(browser, typed(tenant), "_draft", token=token)
    send(browser, typed(tenant, notes="Con prisa"), "_issue", token=token)
    document = Document.objects.get()
    assert (document.submission, document.notes) == ("QUEUED", "Con prisa")


def test_what_is_typed_after_the_form_was_issued_is_not_kept(browser, tenant):
    token = token_of(browser.get(ADD))
    send(browser, typed(tenant), "_issue", token=token)
    response = send(browser, typed(tenant, notes="Tarde"), "_issue", token=token)
    assert "0000000001" in said(response)[""]
    assert Document.objects.get().notes == ""


def test_the_page_of_an_issued_draft_sends_its_form_to_the_document(browser, tenant):
    send(browser, typed(tenant), "_draft")
    document = Document.objects.get()
    token = token_of(browser.get(page_of(document)))
    for _ in range(2):
        response = send(browser, typed(tenant), "_issue", address=page_of(document), token=token)
        assert response.url == page_of(document)
    assert TimelineEvent.objects.filter(code="queued").count() == 1


def test_two_forms_make_two_documents(browser, tenant):
    for _ in range(2):
        send(browser, typed(tenant), "_draft")
    assert Document.objects.count() == 2


def test_a_form_of_somebody_else_is_not_taken_for_ones_own(browser, tenant):
    bea = signed_in(factories.a_staff_member(tenant, permissions=WRITER))
    token = token_of(bea.get(ADD))
    send(bea, typed(tenant), "_draft", token=token)
    send(browser, typed(tenant), "_draft", token=token)
    assert Document.objects.count() == 2


def test_a_change_does_not_overwrite_what_somebody_else_changed_meanwhile(browser, tenant):
    send(browser, typed(tenant), "_draft")
    document = Document.objects.get()
    old = token_of(browser.get(page_of(document)))
    bea = signed_in(factories.a_staff_member(tenant, permissions=WRITER))
    send(bea, typed(tenant, notes="De Bea"), "_draft", address=page_of(document))
    response = send(browser, typed(tenant, notes="De Ana"), "_draft", address=page_of(document), token=old)
    assert "Otra persona" in said(response)[""]
    assert Document.objects.get().notes == "De Bea"


# Refusals, each at its field


@pytest.mark.parametrize(
    ("changes", "anchor"),
    [
        ({"receiver-dv": "11"}, "id_receiver-dv"),
        ({"receiver-ruc": "no es"}, "id_receiver-ruc"),
        ({"receiver-name": ""}, "id_receiver-name"),
        ({"receiver-address": ""}, "id_receiver-address"),
        ({"receiver-location": "en ninguna parte"}, "id_receiver-location"),
        ({"receiver-emails": "a@b.pa, no-es-correo"}, "id_receiver-emails"),
        ({"receiver-telephones": "12"}, "id_receiver-telephones"),
        ({"receiver-mode": "registered"}, "id_receiver-code"),
        ({"receiver-mode": "registered", "receiver-code": "NADIE"}, "id_receiver-code"),
        ({"receiver-type": "EXTRANJERO"}, "id_receiver-foreign_number"),
        ({"receiver-type": "CONSUMIDOR_FINAL"}, "id_receiver-ruc"),
        ({"receiver-withholds": "on"}, "id_retention_code"),
        ({"receiver-withholds": "on", "retention_code": "8"}, "id_retention_amount"),
        ({"issue_date": "2031-01-01T10:00"}, "id_issue_date"),
        ({"issue_date": "2020-01-01T10:00"}, "id_issue_date"),
        ({"issue_date": "ayer"}, "id_issue_date"),
        ({"due_date": "2020-01-01"}, "id_due_date"),
        ({"place": ""}, "id_place"),
        ({"place": "9999/001"}, "id_place"),
        ({"place": "0001/777"}, "id_place"),
        ({"tenant": "", "place": ""}, "id_place"),
        ({"lines-0-description": ""}, "id_lines-0-description"),
        ({"lines-0-quantity": "dos"}, "id_lines-0-quantity"),
        ({"lines-0-quantity": "0"}, "id_lines-0-quantity"),
        ({"lines-0-unit_price": "1,50"}, "id_lines-0-unit_price"),
        ({"lines-0-unit_discount": "200"}, "id_lines-0-unit_discount"),
        ({"lines-0-tax_rate": "8"}, "id_lines-0-tax_rate"),
        ({"lines-0-isc_rate": "5"}, "id_lines-0-isc_amount"),
        ({"lines-0-oti_code_1": "77", "lines-0-oti_amount_1": "1"}, "id_lines-0-oti_code_1"),
        ({"lines-TOTAL_FORMS": "0"}, "inv-lines"),
        ({"discount_amount": "900"}, "id_discount_amount"),
        ({"discount_amount": "-1"}, "id_discount_amount"),
        ({"freight": "-1"}, "id_freight"),
        ({"payments-0-method": ""}, "id_payments-0-method"),
        ({"payments-0-method": "99", "payments-0-description": "corta"}, "id_payments-0-description"),
        ({"payments-0-amount": "5.00"}, "inv-payments"),
        ({"payments-0-amount": "5.001"}, "id_payments-0-amount"),
        ({"payments-0-method": "01"}, "id_payment_time"),
        ({"payment_time": "MIXED"}, "inv-payments"),
        ({"payment_time": "CREDIT"}, "inv-instalments"),
    ],
)
def test_a_refusal_stands_at_its_field_and_nothing_is_stored(browser, tenant, changes, anchor):
    response = send(browser, typed(tenant, **changes), "_issue")
    assert anchor in said(response)
    page = response.content.decode()
    assert f'href="#{anchor}"' in page
    assert re.search(rf'\bid="{re.escape(anchor)}"', page)
    if anchor.startswith("id_") and anchor not in {"id_payment_time"}:
        assert f'id="{anchor}_error"' in page
        assert re.search(rf'aria-describedby="[^"]*{re.escape(anchor)}_error', page)
    assert not Document.objects.exists()


def test_government_wants_cpbs_on_every_line_and_says_so_at_each(browser, tenant):
    data = typed(
        tenant,
        **{
            "receiver-type": "GOBIERNO",
            "lines-TOTAL_FORMS": "3",
            "lines-0-cpbs_code": "8010",
            "lines-0-cpbs_unit": "und",
            "lines-2-description": "Otra cosa",
            "lines-2-quantity": "1",
            "lines-2-unit_price": "1",
            "lines-2-tax_rate": "0",
        },
    )
    found = said(send(browser, data, "_review"))
    assert set(found) == {"id_lines-2-cpbs_code", "id_lines-2-cpbs_unit"}, (
        "the blank row between does not count"
    )


def test_the_review_lists_everything_at_once_and_stores_nothing(browser, tenant):
    data = typed(
        tenant,
        **{
            "receiver-dv": "11",
            "receiver-address": "",
            "lines-0-quantity": "dos",
            "due_date": "2020-01-01",
            "payments-0-method": "",
        },
    )
    found = said(send(browser, data, "_review"))
    assert list(found) == [
        "id_due_date",
        "id_receiver-dv",
        "id_receiver-address",
        "id_lines-0-quantity",
        "id_payments-0-method",
    ]
    assert not Document.objects.exists()
    assert not TimelineEvent.objects.exists()


def test_the_review_says_what_it_can_before_a_tenant_is_chosen(tenant):
    factories.a_tenant()
    boss = signed_in(factories.an_administrator())
    found = said(send(boss, typed(tenant, tenant="", place="", **{"receiver-dv": "11"}), "_review"))
    assert list(found) == ["id_tenant", "id_place", "id_receiver-dv"]


def test_the_longest_form_stays_within_what_a_request_may_carry(browser, tenant, settings):
    longest = {"lines": 40, "payments": 10, "instalments": 36}
    counts = {f"{part}-TOTAL_FORMS": str(count) for part, count in longest.items()}
    page = send(browser, typed(tenant, **counts), "_calculate").content.decode()
    assert (
        len(re.findall(r'<(?:input|select|textarea)[^>]*\sname="', page))
        < settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
    )


def test_the_review_of_a_good_invoice_says_so_and_stores_nothing(browser, tenant):
    response = send(browser, typed(tenant), "_review")
    assert response.context["is_clear"]
    assert not Document.objects.exists()
    send(browser, typed(tenant), "_issue")
    assert Document.objects.get().number == "0000000001", "the review took no number"


def test_what_our_own_records_refuse_is_said_beside_the_tenant(browser, tenant):
    Tenant.objects.filter(pk=tenant.pk).update(state=Tenant.State.SUSPENDED)
    assert "id_tenant" in said(send(browser, typed(tenant), "_review"))
    assert "id_tenant" in said(send(browser, typed(tenant), "_issue"))


def test_a_charge_without_tax_on_a_taxed_sale_is_warned_of_and_allowed(browser, tenant):
    response = send(browser, typed(tenant, freight="10.00"), "_review")
    assert response.context["is_clear"]
    assert response.context["doubts"]
    assert send(browser, typed(tenant, freight="10.00"), "_issue").status_code == 302


# Receivers


def test_only_what_the_type_of_receiver_has_is_kept(browser, tenant):
    data = typed(
        tenant,
        **{
            "receiver-type": "EXTRANJERO",
            "receiver-foreign_number": "P1234567",
            "receiver-foreign_country": "Colombia",
            "receiver-withholds": "on",
        },
    )
    send(browser, data, "_issue")
    kept = Document.objects.get().receiver_data
    assert (kept["ruc"], kept["dv"], kept["location"], kept["withholds"], kept["country"]) == (
        "",
        "",
        "",
        False,
        "PA",
    )
    assert kept["foreign_id"] == {"number": "P1234567", "country": "Colombia"}


def test_a_sale_abroad_takes_its_export_block(browser, tenant):
    data = typed(
        tenant,
        **{
            "receiver-type": "EXTRANJERO",
            "receiver-foreign_number": "P1234567",
            "receiver-foreign_country": "Colombia",
            "receiver-buys": "ABROAD",
            "receiver-country": "co",
            "lines-0-tax_rate": "0",
        },
    )
    assert "id_exportation-incoterm" in said(send(browser, data, "_review"))
    block = {"exportation-incoterm": "FOB", "exportation-currency": "USD", "exportation-amount": "300.00"}
    send(browser, {**data, **block}, "_issue")
    document = Document.objects.get()
    assert (document.series, document.receiver_data["country"]) == ("03", "CO")


def test_a_registered_receiver_is_taken_by_its_code_with_this_invoices_own_data(browser, tenant):
    registered = Receiver.objects.create(
        tenant=tenant, code="C-1", withholds=True, retention_code="4", **a_company()
    )
    data = typed(
        tenant,
        **{
            "receiver-mode": "registered",
            "receiver-code": "C-1",
            "receiver-adhoc_emails": "otra@ejemplo.test",
        },
    )
    send(browser, data, "_draft")
    document = Document.objects.get()
    assert document.receiver == registered
    assert document.receiver_data["emails"] == ["otra@ejemplo.test"]
    shown = browser.get(page_of(document)).context["forms"].receiver
    assert (shown.value("code"), shown.value("adhoc_emails"), shown.value("adhoc_name")) == (
        "C-1",
        "otra@ejemplo.test",
        "",
    )


def a_company(**changes: Any) -> dict[str, Any]:
    return {
        "type": "CONTRIBUYENTE",
        "contributor": "JURIDICO",
        "ruc": "155596713-2-2015",
        "dv": "59",
        "name": "Supermercado Istmo, S.A.",
        "address": "Avenida Balboa",
        "location": "8-8-7",
        **changes,
    }


def test_receivers_are_found_by_name_ruc_and_code(browser, tenant):
    Receiver.objects.create(tenant=tenant, code="C-1", **a_company())
    Receiver.objects.create(tenant=tenant, code="C-2", **a_company(name="Otro", ruc="8-274-125"))
    for words in ("istmo", "1555", "c-1"):
        assert [row["value"] for row in suggestions(browser, tenant, words)] == ["C-1"]
    assert len(suggestions(browser, tenant, "")) == 2


def suggestions(client: Client, tenant: Tenant, words: str) -> list[dict[str, str]]:
    address = reverse("admin:invoicing_invoice_form_receivers")
    return client.get(address, {"tenant": str(tenant.uid), "q": words}).json()["found"]


def test_places_are_found_by_name_whatever_the_accents(browser):
    address = reverse("admin:invoicing_invoice_form_locations")
    assert browser.get(address, {"q": "juan diaz"}).json()["found"][0]["value"] == "8-8-12"
    assert browser.get(address, {"q": "8-8-12"}).json()["found"][0]["label"] == "Juan Díaz"


def test_a_place_typed_by_its_name_is_enough_where_there_is_only_one(browser, tenant):
    send(browser, typed(tenant, **{"receiver-location": "río abajo"}), "_draft")
    assert Document.objects.get().receiver_data["location"] == "8-8-11"


# Totals


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"lines-0-unit_discount": "7.5", "lines-0-tax_rate": "15"},
        {"discount_amount": "33.33", "freight": "4.00", "insurance": "1.10"},
        {"lines-0-isc_amount": "15.00", "lines-0-oti_code_1": "01", "lines-0-oti_amount_1": "1.25"},
        {
            "lines-TOTAL_FORMS": "2",
            "lines-1-description": "Pan",
            "lines-1-quantity": "3.333",
            "lines-1-unit_price": "0.125",
            "lines-1-tax_rate": "0",
        },
        {"receiver-withholds": "on", "retention_code": "4"},
    ],
)
def test_the_live_totals_are_those_of_the_law_and_of_the_stored_document(browser, tenant, changes):
    data = typed(tenant, **changes)
    figures = live(browser, data)
    send(browser, data, "_draft")
    document = Document.objects.get()
    sums = totals.compute(drafting.draft_of(document))
    assert figures["total"] == f"B/. {sums.total:,.2f}" == f"B/. {document.total:,.2f}"
    assert figures["lines"] == [f"{line.net:,.2f}" for line in sums.lines]
    for rate, of_rate in sums.by_rate.items():
        if rate:
            assert f"ITBMS {rate.normalize():f} % sobre {of_rate.base:,.2f}" in figures["summary"]
            assert f"B/. {of_rate.tax:,.2f}" in figures["summary"]
    if "retention_code" in changes:
        assert f"retiene B/. {sums.itbms / 2:,.2f}" in figures["summary"]


def live(client: Client, data: dict[str, str]) -> dict[str, Any]:
    return client.post(reverse("admin:invoicing_invoice_form_totals"), data).json()


def test_the_totals_say_how_the_payments_stand(browser, tenant):
    assert live(browser, typed(tenant))["state"] == "balanced"
    short = live(browser, typed(tenant, **{"payments-0-amount": "300.00"}))
    assert (short["standing"], short["fills"]) == ("Faltan B/. 21.00 por pagar", ["321.00"])
    cash = live(browser, typed(tenant, **{"payments-0-method": "02", "payments-0-amount": "350.00"}))
    assert cash["standing"] == "Vuelto B/. 29.00"
    card = live(browser, typed(tenant, **{"payments-0-method": "03", "payments-0-amount": "350.00"}))
    assert card["state"] == "lacking"


def test_totals_of_a_half_written_invoice_are_totals_of_what_is_there(browser):
    nothing = live(browser, {"lines-TOTAL_FORMS": "0", "lines-INITIAL_FORMS": "0"})
    assert nothing["total"] == "B/. 0.00"
    half = {
        f"{part}-{name}": value
        for part in ("lines", "payments", "instalments")
        for name, value in {"TOTAL_FORMS": "1", "INITIAL_FORMS": "0"}.items()
    }
    assert (
        live(browser, {**half, "lines-0-unit_price": "10", "lines-0-quantity": "3"})["total"] == "B/. 30.00"
    )


def test_a_figure_that_cannot_be_read_is_named_instead_of_summed(browser, tenant):
    figures = live(browser, typed(tenant, **{"lines-0-unit_price": "ciento"}))
    assert (figures["total"], figures["lines"]) == ("—", [""])
    assert "Línea 1" in figures["summary"]


def test_the_hints_tell_the_check_digit_the_place_and_the_time_to_void(browser, tenant):
    hints = live(browser, typed(tenant))["hints"]
    assert "59" in hints["dv"]
    assert hints["location"] == "Bella Vista, Panamá, Panamá"
    assert "quedan 182 h" in hints["issue_date"]
    late = live(browser, typed(tenant, issue_date="2026-01-01T10:00"))["hints"]
    assert "ya venció" in late["issue_date"]


def test_both_ways_of_rounding_are_shown_where_they_differ(browser, tenant):
    rows = {
        f"lines-{index}-{name}": value
        for index in range(3)
        for name, value in {
            "description": "x",
            "quantity": "1",
            "unit_price": "0.35",
            "tax_rate": "10",
        }.items()
    }
    figures = live(browser, typed(tenant, **{"lines-TOTAL_FORMS": "3", **rows}))
    assert "otro redondeo" in figures["summary"]


def test_totals_are_posted_and_store_nothing(browser, tenant):
    assert browser.get(reverse("admin:invoicing_invoice_form_totals")).status_code == 405
    live(browser, typed(tenant))
    assert not Document.objects.exists()


# Without scripts


def test_the_buttons_inside_the_form_work_without_scripts(browser, tenant):
    more = send(browser, typed(tenant), "_add_lines")
    assert 'name="lines-1-description"' in more.content.decode()
    summed = send(browser, typed(tenant), "_calculate")
    assert summed.context["figures"]["total"] == "B/. 321.00"
    two = {"payments-TOTAL_FORMS": "2", "payments-0-amount": "100.00", "payments-1-method": "02"}
    token = token_of(browser.get(ADD))
    data = {**typed(tenant, **two), "form_token": token, "_complete": "1"}
    assert 'value="221.00"' in browser.post(ADD, data).content.decode()
    assert not Document.objects.exists()


def test_a_credit_is_divided_into_monthly_instalments_to_the_cent(browser, tenant):
    data = typed(
        tenant,
        payment_time="CREDIT",
        **{"payments-0-method": "01", "split-count": "3", "split-first": "2027-01-31"},
    )
    data["lines-0-unit_price"] = "100.00"
    rows = send(browser, data, "_split").context["forms"].instalments.forms
    assert [(row.value("due_date"), row.value("amount")) for row in rows] == [
        ("2027-01-31", "71.34"),
        ("2027-02-28", "71.33"),
        ("2027-03-31", "71.33"),
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"split-count": "0"},
        {"split-count": "x"},
        {"split-count": "3", "split-first": "mañana"},
        {"split-count": "37"},
    ],
)
def test_a_division_that_makes_no_sense_is_explained(browser, tenant, changes):
    response = send(browser, typed(tenant, payment_time="CREDIT", **changes), "_split")
    assert response.context["note"]


# Duplicates


def test_a_possible_duplicate_is_asked_about_and_the_reason_is_kept(browser, tenant):
    send(browser, typed(tenant), "_issue")
    first = Document.objects.get()
    token = token_of(browser.get(ADD))
    asked = send(browser, typed(tenant), "_issue", token=token)
    assert page_of(first) in asked.content.decode()
    assert Document.objects.count() == 1
    ticked_only = send(browser, typed(tenant, **{"doubt-is_settled": "on"}), "_issue", token=token)
    assert ticked_only.status_code == 200
    answer = {"doubt-is_settled": "on", "doubt-reason": "Segunda entrega del mes"}
    assert send(browser, typed(tenant, **answer), "_issue", token=token).status_code == 302
    second = Document.objects.order_by("-pk").first()
    event = TimelineEvent.objects.get(document_uid=second.uid, code="queued")
    assert event.detail["reason"] == "Segunda entrega del mes"
    assert AuditEntry.objects.filter(action="document.queued", reason="Segunda entrega del mes").exists()


# References and copies


def test_a_reference_that_another_invoice_has_is_refused_at_its_field(browser, tenant):
    send(browser, typed(tenant, external_id="SO-1"), "_draft")
    response = send(browser, typed(tenant, external_id="SO-1", notes="Otra"), "_draft")
    assert "id_external_id" in said(response)


def test_a_discarded_invoice_is_written_again_as_its_replacement(browser, tenant):
    send(browser, typed(tenant, external_id="SO-1"), "_draft")
    dead = services.discard_document(Document.objects.get().uid, actor=None)
    copied = browser.get(ADD, {"copy": str(dead.uid)})
    shown = copied.context["forms"]
    assert shown.head.value("external_id") == "SO-1"
    send(browser, typed(tenant, external_id="SO-1", notes="Corregida"), "_issue", token=token_of(copied))
    assert Document.objects.get(submission="QUEUED").replaces == dead


def test_a_copy_of_a_living_invoice_has_neither_its_reference_nor_its_date(browser, tenant):
    send(browser, typed(tenant, external_id="SO-1", issue_date="2026-11-20T10:30"), "_draft")
    head = browser.get(ADD, {"copy": str(Document.objects.get().uid)}).context["forms"].head
    assert (head.value("external_id"), head.value("issue_date")) == ("", "")
    assert head.value("place") == "0001/001"


def test_a_draft_with_more_than_the_form_can_show_is_shown_and_not_edited(browser, tenant):
    discounts = [{"description": "a", "amount": "1"}, {"description": "b", "amount": "2"}]
    data = factories.invoice_json(tenant, draft=True, global_discounts=discounts)
    document = services.create_invoice(data, actor=None)
    page = browser.get(page_of(document)).content.decode()
    assert "form_token" not in page
    assert "Este borrador trae más" in page


# Rights and sight


def test_the_rights_are_asked_one_by_one(tenant):
    reader = signed_in(factories.a_staff_member(tenant, permissions=("invoicing.view_invoice",)))
    assert reader.get(ADD).status_code == 403
    assert reader.post(ADD, typed(tenant)).status_code == 403
    for door in ("totals", "places", "receivers", "receiver", "locations"):
        assert reader.get(reverse(f"admin:invoicing_invoice_form_{door}")).status_code == 403
    clerk = signed_in(factories.a_staff_member(tenant, permissions=WRITER[:3]))
    page = clerk.get(ADD)
    assert 'name="_issue"' not in page.content.decode()
    refused = clerk.post(ADD, {**typed(tenant), "form_token": token_of(page), "_issue": "1"})
    assert refused.status_code == 403
    assert not Document.objects.exists()
    assert send(clerk, typed(tenant), "_draft").status_code == 302
    assert "form_token" not in reader.get(page_of(Document.objects.get())).content.decode()


def test_strangers_are_sent_to_the_door():
    for door in ("totals", "places", "receivers", "receiver", "locations"):
        assert Client().get(reverse(f"admin:invoicing_invoice_form_{door}")).status_code == 302
    assert Client().get(ADD).status_code == 302


def test_another_tenant_can_neither_be_chosen_nor_looked_into(browser, tenant):
    other = factories.a_tenant()
    receiver = Receiver.objects.create(tenant=other, code="AJENO", **a_company(name="Cliente ajeno"))
    page = browser.get(ADD).content.decode()
    assert str(other.uid) not in page
    assert str(other.uid) not in browser.get(ADD, {"tenant": str(other.uid)}).content.decode()
    for button in ("_draft", "_issue", "_review"):
        assert "id_tenant" in said(send(browser, typed(other), button))
    for door in ("places", "receivers", "receiver"):
        address = reverse(f"admin:invoicing_invoice_form_{door}")
        for uid in (str(other.uid), "no-es-un-uuid", ""):
            assert browser.get(address, {"tenant": uid, "q": "", "code": receiver.code}).status_code == 404
    assert live(browser, typed(other))["total"] == "B/. 321.00", (
        "sums of what was typed tell nothing of anybody"
    )
    theirs = {"receiver-mode": "registered", "receiver-code": "AJENO"}
    assert "id_receiver-code" in said(send(browser, typed(tenant, **theirs), "_draft"))
    assert not Document.objects.exists()


def test_the_office_of_another_tenant_is_no_office(browser, tenant):
    other = factories.a_tenant()
    factories.an_office(other, "0077")
    assert "id_place" in said(send(browser, typed(tenant, place="0077/001"), "_draft"))
    assert not Document.objects.exists()


def test_the_draft_of_another_tenant_does_not_exist(browser, tenant):
    other = factories.a_tenant()
    document = services.create_invoice(factories.invoice_json(other, draft=True), actor=None)
    assert browser.get(page_of(document)).status_code == 404
    assert browser.post(page_of(document), typed(tenant)).status_code == 404
    assert browser.get(ADD, {"copy": str(document.uid)}).status_code == 404


def test_a_drafts_tenant_is_its_own_whatever_is_posted(tenant):
    other = factories.a_tenant()
    boss = signed_in(factories.an_administrator())
    document = services.create_invoice(factories.invoice_json(tenant, draft=True), actor=None)
    send(boss, typed(other), "_draft", address=page_of(document))
    document.refresh_from_db()
    assert document.tenant == tenant


def test_closed_offices_are_not_offered(browser, tenant):
    office = factories.an_office(tenant, "0002")
    assert "0002/001" in browser.get(ADD).content.decode()
    Office.objects.filter(pk=office.pk).update(closed_at=tenant.created_at)
    assert "0002/001" not in browser.get(ADD).content.decode()


# Hostile input


def test_what_is_typed_is_never_markup(browser, tenant):
    Receiver.objects.create(
        tenant=tenant, code="C-1", **a_company(name=SCRIPT, address=SCRIPT, emails=[SCRIPT])
    )
    wherever = {name: SCRIPT for name in typed(tenant) if not name.endswith("_FORMS")}
    answers = [
        send(browser, {**typed(tenant), **wherever, "tenant": str(tenant.uid)}, "_review").content.decode(),
        send(
            browser, typed(tenant, **{"lines-0-description": SCRIPT, "notes": SCRIPT}), "_calculate"
        ).content.decode(),
        browser.get(
            reverse("admin:invoicing_invoice_form_receiver"), {"tenant": str(tenant.uid), "code": "C-1"}
        ).content.decode(),
        browser.get(
            reverse("admin:invoicing_invoice_form_receiver"), {"tenant": str(tenant.uid), "code": SCRIPT}
        ).content.decode(),
        live(browser, {**typed(tenant), "lines-0-unit_price": SCRIPT})["summary"],
    ]
    assert all(SCRIPT not in answer for answer in answers)
    assert "&lt;script&gt;" in answers[0]
    assert "&lt;script&gt;" in answers[4]


HOSTILE = ["\x00", "\u202e" * 50, "9" * 500, "1e999999", "NaN", "\ud7ff", "💥" * 300]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_no_text_breaks_the_page(browser, tenant, hostile):
    fields = [name for name in typed(tenant) if name != "tenant" and not name.endswith("_FORMS")]
    everywhere = typed(tenant, **dict.fromkeys(fields, hostile))
    assert send(browser, everywhere, "_review").status_code == 200
    for name in fields:
        assert live(browser, typed(tenant, **{name: hostile}))["total"]
    for name in ("lines-0-quantity", "receiver-ruc", "issue_date"):
        assert send(browser, typed(tenant, **{name: hostile}), "_issue").status_code == 200
    assert not Document.objects.exists()


@pytest.mark.parametrize("count", ["-1", "x", "", "41", "99999999999"])
def test_a_wrong_count_of_rows_is_refused(browser, tenant, count):
    response = send(browser, typed(tenant, **{"lines-TOTAL_FORMS": count}), "_issue")
    assert response.status_code == 200
    assert not Document.objects.exists()


def test_the_page_has_no_inline_script(browser):
    page = browser.get(ADD).content.decode()
    form = page[page.index('id="invoice-form"') : page.index("</form>", page.index('id="invoice-form"'))]
    assert "<script" not in form
    assert not re.search(r"\son[a-z]+=", form)


def test_a_post_without_the_forgery_token_is_refused(ana, tenant):
    client = Client(enforce_csrf_checks=True)
    client.force_login(ana)
    assert client.post(ADD, typed(tenant)).status_code == 403
    assert client.post(reverse("admin:invoicing_invoice_form_totals"), typed(tenant)).status_code == 403


# Cost


def test_the_page_costs_the_same_however_many_rows_there_are(browser, tenant, django_assert_max_num_queries):
    Receiver.objects.bulk_create(
        Receiver(tenant=tenant, code=f"C-{number}", **a_company()) for number in range(50)
    )
    many = {"lines-TOTAL_FORMS": "30"} | {
        f"lines-{index}-{name}": value
        for index in range(30)
        for name, value in {"description": "x", "quantity": "1", "unit_price": "1", "tax_rate": "7"}.items()
    }
    with django_assert_max_num_queries(16):
        browser.get(ADD)
    with django_assert_max_num_queries(10):
        live(browser, typed(tenant, **many))


def test_sketching_reads_no_more_than_the_receiver(tenant, django_assert_num_queries):
    Receiver.objects.create(tenant=tenant, code="C-1", **a_company())
    data = factories.invoice_json(tenant, receiver={"code": "C-1"})
    entry = read_entry(data, kind=Kind.INVOICE)
    with django_assert_num_queries(1):
        assert sketch(entry, tenant).totals.total == Decimal("321.00")
