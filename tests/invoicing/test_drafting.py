"""From an entry to the document and the bytes that will leave: the scenario matrix of domain 4, through the services."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from invoicing import services
from invoicing.models import Document, Receiver
from invoicing.services.reading import content_hash
from tenants.models import BillingPoint, Office, Tenant
from tests.factories import contribuyente, credit_json, invoice_json, line

pytestmark = pytest.mark.django_db

CONSUMER = {"type": "CONSUMIDOR_FINAL", "name": "Cliente de mostrador"}
FOREIGNER = {
    "type": "EXTRANJERO",
    "name": "John Doe",
    "foreign_id": {"number": "X123", "country": "Canadá"},
}
GOVERNMENT = contribuyente(type="GOBIERNO", ruc="8-NT-2-12345", dv=None)
CUFE = "FE0120000155596713-2-2015-5900012026112100000000010010112123456780"


@pytest.fixture
def tenant(settings: Any) -> Tenant:
    """A company on paper: nothing of all this asks a provider."""
    settings.PAC_BASE_URL = settings.PAC_SANDBOX_BASE_URL = ""
    tenant = Tenant.objects.create(
        ruc="155596713-2-2015",
        dv="59",
        legal_name="Comercial de Papel, S.A.",
        state=Tenant.State.ACTIVE,
        pac_company_id="company",
    )
    office = Office.objects.create(tenant=tenant, code="0001", pac_office_id="office-1", address="Vía España")
    BillingPoint.objects.create(office=office, code="001")
    return tenant


@pytest.fixture
def sent(tenant: Tenant) -> Callable[..., dict[str, Any]]:
    """The payload that an invoice with these changes leaves with."""

    def payload(**changes: Any) -> dict[str, Any]:
        return bytes_of(services.create_invoice(invoice_json(tenant, **changes), actor=None))

    return payload


def bytes_of(document: Document) -> dict[str, Any]:
    assert document.payload is not None
    return json.loads(bytes(document.payload), parse_float=Decimal)


def paid(amount: str, method: str = "02", **more: str) -> list[dict[str, str]]:
    return [{"method": method, "amount": amount, **more}]


def an_authorised_invoice(tenant: Tenant, **changes: Any) -> Document:
    document = services.create_invoice(invoice_json(tenant, **changes), actor=None)
    Document.objects.filter(pk=document.pk).update(
        submission="ACCEPTED", legal_status="DGI_AUTHORIZED", document_id="pac-1", cufe=CUFE, due_at=None
    )
    document.refresh_from_db()
    return document


# The matrix on invoices


def test_the_office_the_number_and_the_code_are_in_the_payload(tenant: Tenant) -> None:
    document = services.create_invoice(invoice_json(tenant), actor=None)
    payload = bytes_of(document)
    assert payload["idOffice"] == "office-1"
    assert payload["information"]["numeration"] == document.number == "0000000001"
    assert payload["information"]["securityCode"] == document.security_code
    assert payload["information"]["documentType"] == "01"
    assert payload["information"]["issueDate"] == timezone.localtime(document.issue_date).isoformat()
    assert payload["information"]["issueDate"].endswith("-05:00")


def test_a_given_issue_time_is_sent_in_panamas_time_without_fractions(tenant: Tenant, sent: Any) -> None:
    moment = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3)
    payload = sent(issue_date=moment.replace(microsecond=999_999).isoformat())
    assert datetime.fromisoformat(payload["information"]["issueDate"]) == moment
    assert Document.objects.get().issue_date == moment
    assert Document.objects.get().void_deadline == moment + timedelta(hours=182)


def test_a_government_line_carries_cpbs(sent: Any) -> None:
    payload = sent(receiver=GOVERNMENT, lines=[line(cpbs_code="8111", cpbs_unit="und")])
    assert payload["receiver"]["type"] == "03"
    assert payload["items"][0]["cpbs"] == {"code": "8111", "unit": "und"}


@pytest.mark.parametrize("ruc", [{}, {"ruc": "no es una cédula", "contributor": "NATURAL"}])
def test_a_final_consumer_is_sent_without_a_ruc_that_is_none(sent: Any, ruc: dict[str, str]) -> None:
    payload = sent(receiver=CONSUMER | ruc)
    assert payload["receiver"]["type"] == "02"
    assert "ruc" not in payload["receiver"]


def test_a_final_consumers_cedula_is_sent(sent: Any) -> None:
    payload = sent(receiver=CONSUMER | {"ruc": "8-274-125", "contributor": "NATURAL"})
    assert payload["receiver"]["ruc"] == {"type": 1, "ruc": "8-274-125"}


def test_a_foreigner_in_panama_is_sent_by_the_passport(sent: Any) -> None:
    payload = sent(receiver=FOREIGNER)
    assert payload["receiver"]["foreign"] == {"number": "X123", "country": "Canadá"}
    assert payload["receiver"].keys().isdisjoint({"ruc", "location"})
    assert (payload["receiver"]["country"], payload["information"]["destination"]) == ("PA", 1)
    assert "exportation" not in payload


def test_an_export_carries_its_block_and_another_type(tenant: Tenant) -> None:
    data = invoice_json(
        tenant,
        receiver=FOREIGNER | {"country": "CA"},
        lines=[line(tax_rate="0")],
        payments=paid("300.00"),
        exportation={"incoterm": "FOB", "currency": "USD", "amount": "300.00"},
    )
    document = services.create_invoice(data, actor=None)
    payload = bytes_of(document)
    assert (payload["information"]["destination"], document.series) == (2, "03")
    assert payload["exportation"]["incoterm"] == "FOB"


def test_a_rate_of_zero_is_always_there_as_00(sent: Any) -> None:
    payload = sent(lines=[line(), line(tax_rate="0")], payments=paid("621.00"))
    assert [item["itbms"] for item in payload["items"]] == [{"rate": "01"}, {"rate": "00"}]


@pytest.mark.parametrize(
    ("code", "amount"), [("1", "21"), ("2", "10.5"), ("3", "21"), ("4", "10.5"), ("7", "10.5")]
)
def test_what_is_withheld_is_a_share_of_the_itbms(sent: Any, code: str, amount: str) -> None:
    payload = sent(receiver=contribuyente(withholds=True, retention_code=code))
    assert payload["totals"]["retention"] == {"code": code, "amount": Decimal(amount)}
    assert payload["totals"]["paymentMethods"][0]["amount"] == 321


def test_the_documents_own_retention_code_goes_before_the_receivers(sent: Any) -> None:
    payload = sent(receiver=contribuyente(withholds=True, retention_code="1"), retention_code="2")
    assert payload["totals"]["retention"]["code"] == "2"


def test_nothing_is_withheld_without_itbms_or_by_who_does_not_withhold(sent: Any) -> None:
    exempt = sent(receiver=contribuyente(withholds=True), lines=[line(tax_rate="0")], payments=paid("300.00"))
    assert "retention" not in exempt["totals"]
    assert "retention" not in sent(receiver=contribuyente(retention_code="1"))["totals"]


def test_what_is_given_ad_hoc_overrides_the_registered_receiver_and_is_verified(tenant: Tenant) -> None:
    Receiver.objects.create(
        tenant=tenant,
        code="C-1",
        type="CONTRIBUYENTE",
        contributor="JURIDICO",
        ruc="155596713-2-2015",
        dv="59",
        name="Nombre registrado",
        address="Calle Ficticia 10",
        location="8-8-7",
        emails=["registrado@ejemplo.test"],
    )
    data = invoice_json(tenant) | {
        "receiver": {"code": "C-1"},
        "ad_hoc": {"name": "Sucursal Norte", "ruc": "155600001-2-2015", "emails": ["norte@ejemplo.test"]},
    }
    document = services.create_invoice(data, actor=None)
    receiver = bytes_of(document)["receiver"]
    assert receiver["name"] == "Sucursal Norte"
    assert receiver["ruc"]["ruc"] == "155600001-2-2015"
    assert receiver["emails"] == ["norte@ejemplo.test"]
    assert receiver["address"] == "Calle Ficticia 10"
    assert document.receiver_data["dv"] != "59"


def test_a_missing_dv_is_computed(tenant: Tenant) -> None:
    document = services.create_invoice(invoice_json(tenant, receiver=contribuyente(dv=None)), actor=None)
    assert document.receiver_data["dv"] == "59"


def test_cash_above_the_total_gives_change_which_is_declared(tenant: Tenant) -> None:
    document = services.create_invoice(invoice_json(tenant, payments=paid("400.00")), actor=None)
    assert document.change == Decimal("79.00")
    assert bytes_of(document)["totals"]["change"] == 79
    told = services.create_invoice(invoice_json(tenant, payments=paid("400.00"), change="79"), actor=None)
    assert bytes_of(told)["totals"]["change"] == 79


def test_a_sale_on_credit_carries_its_instalments(sent: Any) -> None:
    due = (timezone.localtime() + timedelta(days=30)).date()
    payload = sent(
        payment_time="CREDIT",
        payments=paid("321.00", "01"),
        instalments=[{"sequence": 1, "due_date": str(due), "amount": "321.00", "information": "Única"}],
    )
    [instalment] = payload["totals"]["installmentPayment"]
    assert (instalment["sequence"], instalment["amount"], instalment["information"]) == (1, 321, "Única")
    assert instalment["dueDate"].startswith(str(due))
    assert payload["totals"]["paymentTime"] == 2


def test_a_due_date_alone_is_one_instalment_over_the_credit_part(sent: Any) -> None:
    due = (timezone.localtime() + timedelta(days=30)).date()
    payload = sent(payment_time="MIXED", payments=paid("100.00") + paid("221.00", "01"), due_date=str(due))
    assert [part["amount"] for part in payload["totals"]["installmentPayment"]] == [221]


def test_a_global_discount_is_spread_over_the_lines_to_the_cent(tenant: Tenant) -> None:
    data = invoice_json(
        tenant,
        lines=[line(quantity="1", unit_price="100.00", tax_rate="0") for _ in range(3)],
        global_discounts=[{"description": "Promoción", "amount": "10.00"}],
        payments=paid("290.00"),
    )
    document = services.create_invoice(data, actor=None)
    shares = sorted(document.lines.values_list("discount_share", flat=True))
    assert shares == [Decimal("3.33"), Decimal("3.33"), Decimal("3.34")]
    assert document.total == Decimal("290.00")
    assert "discounts" not in bytes_of(document)["totals"]


# Credit notes


def test_a_note_names_its_invoice_by_cufe_and_issue_date(tenant: Tenant) -> None:
    invoice = an_authorised_invoice(tenant, external_id="SO-A")
    note = services.create_credit(credit_json(tenant, "SO-A"), actor=None)
    payload = bytes_of(note)
    assert payload["referencedDocuments"] == [
        {
            "issueDate": timezone.localtime(invoice.issue_date).isoformat(),
            "emissionType": "CUFE",
            "cufeIdentification": CUFE,
        }
    ]
    assert (payload["information"]["documentType"], note.series) == ("04", "04")
    assert (payload["information"]["modificationCode"], note.modification_code) == (1, 1)


@pytest.mark.parametrize("name", ["id", "cufe", "external_id"])
def test_a_note_finds_its_invoice_by_each_of_its_names(tenant: Tenant, name: str) -> None:
    invoice = an_authorised_invoice(tenant, external_id="SO-A")
    value = str(invoice.uid) if name == "id" else getattr(invoice, name)
    data = credit_json(tenant, "") | {"references": {name: value}}
    assert services.create_credit(data, actor=None).credited == invoice


def test_a_note_over_a_part_has_another_code(tenant: Tenant) -> None:
    an_authorised_invoice(tenant, external_id="SO-A")
    half = credit_json(tenant, "SO-A", lines=[line(quantity="1")], payments=paid("160.50"))
    assert services.create_credit(half, actor=None).modification_code == 3
    other = services.create_credit(half | {"external_id": "NC-2"}, actor=None)
    assert other.modification_code == 3


def test_a_note_copies_the_receiver_of_its_invoice_and_only_mails_may_differ(tenant: Tenant) -> None:
    an_authorised_invoice(tenant, external_id="SO-A")
    data = credit_json(
        tenant,
        "SO-A",
        receiver=contribuyente(name="Otro nombre"),
        ad_hoc={"name": "Y otro más", "emails": ["otra@ejemplo.test"]},
    )
    receiver = bytes_of(services.create_credit(data, actor=None))["receiver"]
    assert (receiver["name"], receiver["emails"]) == ("Comercial Ejemplo Uno, S.A.", ["otra@ejemplo.test"])


def test_a_note_needs_no_receiver_of_its_own(tenant: Tenant) -> None:
    an_authorised_invoice(tenant, external_id="SO-A")
    data = {name: value for name, value in credit_json(tenant, "SO-A").items() if name != "receiver"}
    assert bytes_of(services.create_credit(data, actor=None))["receiver"]["type"] == "01"


# What was issued never changes


def test_issuer_office_and_receiver_are_copies(tenant: Tenant) -> None:
    receiver = Receiver.objects.create(
        tenant=tenant, code="C-1", type="CONSUMIDOR_FINAL", name="Nombre de entonces"
    )
    document = services.create_invoice(invoice_json(tenant) | {"receiver": {"code": "C-1"}}, actor=None)
    before = bytes(document.payload)
    Receiver.objects.filter(pk=receiver.pk).update(name="Nombre nuevo")
    Tenant.objects.update(legal_name="Razón nueva")
    Office.objects.update(address="Dirección nueva")
    document.refresh_from_db()
    assert document.receiver_name == document.receiver_data["name"] == "Nombre de entonces"
    assert document.issuer_data["name"] == "Comercial de Papel, S.A."
    assert document.issuer_data["office"]["address"] == "Vía España"
    assert bytes(document.payload) == before


def test_a_draft_is_rewritten_whole(tenant: Tenant) -> None:
    due = {"sequence": 1, "due_date": "2099-01-31", "amount": "321.00"}
    data = invoice_json(tenant, draft=True)
    on_credit = data | {
        "payment_time": "CREDIT",
        "payments": paid("321.00", "01"),
        "instalments": [due],
        "notes": "Entregar por la tarde",
    }
    draft = services.create_invoice(on_credit, actor=None)
    services.update_invoice(
        draft.uid, data | {"lines": [line(), line()], "payments": paid("642.00")}, actor=None
    )
    draft.refresh_from_db()
    assert (draft.lines.count(), draft.instalments.count(), draft.notes) == (2, 0, "")
    assert (draft.total, draft.payment_time, draft.next_due_date) == (Decimal("642.00"), "CASH", None)


def test_a_proforma_may_be_what_the_law_forbids_until_it_is_promoted(tenant: Tenant) -> None:
    proforma = services.create_invoice(
        invoice_json(tenant, mode="PROFORM", payments=paid("1.00")), actor=None
    )
    assert (proforma.number, proforma.payload, proforma.total) == ("P-000001", None, Decimal("321.00"))


def test_what_looks_like_another_document_is_warned_of(tenant: Tenant) -> None:
    first, second = (services.create_invoice(invoice_json(tenant), actor=None) for _ in range(2))
    assert (first.warnings, second.warnings) == ([], ["possible_duplicate"])


# What is the same content


def test_content_is_the_same_whatever_the_order_the_nulls_and_the_zeros_of_a_number() -> None:
    one = {"a": 1, "b": {"c": Decimal("2.50"), "d": None}}
    assert content_hash(one) == content_hash({"b": {"c": 2.5}, "a": Decimal("1.0")})
    assert content_hash(one) != content_hash(one | {"a": 2})
    assert content_hash({"code": "001"}) != content_hash({"code": "1"})
    assert content_hash({"lines": [1, 2]}) != content_hash({"lines": [2, 1]})
