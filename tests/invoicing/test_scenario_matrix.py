"""The scenario matrix of domain 4: each row from the JSON that comes in to the payload that leaves, and the DGI's answer."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from cifras.fiscal.lifecycle import LegalStatus
from cifras.sandbox.server import SandboxServer
from invoicing.models import Document
from invoicing.services import create_credit, create_invoice
from tenants.models import Tenant
from tests.clockwork import work_through
from tests.factories import a_tenant, an_office, contribuyente, credit_json, invoice_json, line

pytestmark = pytest.mark.django_db

Payload = dict[str, Any]

GOVERNMENT = contribuyente(
    type="GOBIERNO", name="Ministerio de Ejemplo", ruc="8-NT-1-13656", dv="43", location="8-8-1"
)
CONSUMER = {"type": "CONSUMIDOR_FINAL", "name": "Consumidor final", "country": "PA"}
FOREIGNER = {
    "type": "EXTRANJERO",
    "name": "Sample Imports LLC",
    "address": "1 Nowhere Road, Miami",
    "country": "US",
    "foreign_id": {"number": "X0000001", "country": "Estados Unidos"},
}
EXPORT = {"incoterm": "FOB", "currency": "USD", "exchange_rate": "1", "amount": "321.00", "port": "Balboa"}
CREDIT_TERM = {
    "payment_time": "CREDIT",
    "payments": [{"method": "01", "amount": "321.00"}],
    "instalments": [
        {"sequence": 1, "due_date": "2027-03-31", "amount": "160.50"},
        {"sequence": 2, "due_date": "2027-04-30", "amount": "160.50"},
    ],
}


def member(payload: Payload, path: str) -> Any:
    """The member at a dotted path with indices; None when it is left out."""
    found: Any = payload
    for step in path.split("."):
        if isinstance(found, list):
            found = found[int(step)] if int(step) < len(found) else None
        else:
            found = found.get(step) if isinstance(found, dict) else None
    return float(found) if isinstance(found, Decimal) else found


def paid(amount: str) -> dict[str, Any]:
    return {"payments": [{"method": "02", "amount": amount}]}


# row of the matrix -> (what the JSON says, what must stand in the payload; None: left out)
INVOICES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "a taxpayer": (
        {},
        {
            "information.documentType": "01",
            "information.destination": 1,
            "receiver.type": "01",
            "receiver.ruc.ruc": "155596713-2-2015",
            "items.0.itbms.rate": "01",
            "totals.paymentTime": 1,
            "totals.paymentMethods.0.amount": 321.00,
            "exportation": None,
        },
    ),
    "the government, with CPBS": (
        {"receiver": GOVERNMENT, "lines": [line(cpbs_code="8010", cpbs_unit="und")]},
        {"receiver.type": "03", "items.0.cpbs.code": "8010", "items.0.cpbs.unit": "und"},
    ),
    "a final consumer without RUC": (
        {"receiver": CONSUMER},
        {"receiver.type": "02", "receiver.ruc": None},
    ),
    "a final consumer with a person's id": (
        {"receiver": {**CONSUMER, "contributor": "NATURAL", "ruc": "8-442-445"}},
        {"receiver.type": "02", "receiver.ruc.ruc": "8-442-445"},
    ),
    "a final consumer with an id that is none": (
        {"receiver": {**CONSUMER, "contributor": "NATURAL", "ruc": "no tengo"}},
        {"receiver.type": "02", "receiver.ruc": None},
    ),
    "a foreigner who buys in Panama": (
        {"receiver": {**FOREIGNER, "country": "PA"}},
        {
            "receiver.type": "04",
            "receiver.country": "PA",
            "receiver.ruc": None,
            "receiver.location": None,
            "receiver.foreign.number": "X0000001",
            "receiver.foreign.country": "Estados Unidos",
            "information.destination": 1,
            "information.documentType": "01",
            "exportation": None,
        },
    ),
    "a foreigner abroad, an export": (
        {
            "receiver": FOREIGNER,
            "lines": [line(tax_rate="0")],
            **paid("300.00"),
            "exportation": {**EXPORT, "amount": "300.00"},
        },
        {
            "information.documentType": "03",
            "information.destination": 2,
            "receiver.country": "US",
            "exportation.incoterm": "FOB",
            "exportation.port": "Balboa",
            "items.0.itbms.rate": "00",
        },
    ),
    "an exempt line": (
        {"lines": [line(tax_rate="0")], **paid("300.00")},
        {"items.0.itbms.rate": "00", "totals.paymentMethods.0.amount": 300.00},
    ),
    "lines of every rate": (
        {"lines": [line(tax_rate=rate) for rate in ("0", "7", "10", "15")], **paid("1296.00")},
        {f"items.{index}.itbms.rate": code for index, code in enumerate(("00", "01", "02", "03"))},
    ),
    "a discount per unit": (
        {"lines": [line(unit_discount="10.00")], **paid("299.60")},
        {"items.0.prices.transfer": 150.00, "items.0.prices.discount": 10.00},
    ),
    "a global discount, spread before tax": (
        {
            "lines": [line(), line(quantity="1")],
            "global_discounts": [{"description": "Cliente frecuente", "amount": "45.00"}],
            **paid("433.35"),
        },
        {"totals.paymentMethods.0.amount": 433.35, "totals.discounts": None},
    ),
    "ISC": (
        {"lines": [line(isc={"rate": "5", "amount": "15.00"})], **paid("337.05")},
        {"items.0.isc.amount": 15.00},
    ),
    "a receiver who withholds half": (
        {"receiver": contribuyente(withholds=True, retention_code="4")},
        {"totals.retention.code": "4", "totals.retention.amount": 10.50},
    ),
    "the document's own retention code goes first": (
        {"receiver": contribuyente(withholds=True, retention_code="4"), "retention_code": "1"},
        {"totals.retention.code": "1", "totals.retention.amount": 21.00},
    ),
    "nothing withheld on an exempt sale": (
        {
            "receiver": contribuyente(withholds=True, retention_code="4"),
            "lines": [line(tax_rate="0")],
            **paid("300.00"),
        },
        {"totals.retention": None},
    ),
    "another name, RUC and mail for this sale": (
        {"ad_hoc": {"name": "Obra Costa Azul", "ruc": "155596714-2-2015", "emails": ["obra@ejemplo.test"]}},
        {
            "receiver.name": "Obra Costa Azul",
            "receiver.ruc.ruc": "155596714-2-2015",
            "receiver.emails": ["obra@ejemplo.test"],
        },
    ),
    "on credit, in instalments": (
        CREDIT_TERM,
        {
            "totals.paymentTime": 2,
            "totals.installmentPayment.0.sequence": 1,
            "totals.installmentPayment.1.amount": 160.50,
            "totals.installmentPayment.1.dueDate": "2027-04-30T12:00:00-05:00",
        },
    ),
    "part at once, part on credit": (
        {
            "payment_time": "MIXED",
            "payments": [{"method": "02", "amount": "121.00"}, {"method": "01", "amount": "200.00"}],
            "instalments": [{"sequence": 1, "due_date": "2027-03-31", "amount": "200.00"}],
        },
        {"totals.paymentTime": 3, "totals.installmentPayment.0.amount": 200.00},
    ),
    "cash above the total": (paid("350.00") | {"change": "29.00"}, {"totals.change": 29.00}),
    "freight as a taxed line": (
        {"lines": [line(), line(description="Flete", quantity="1", unit_price="20.00")], **paid("342.40")},
        {"items.1.description": "Flete", "items.1.itbms.rate": "01", "totals.transport": None},
    ),
    "freight without tax": ({"freight": "20.00", **paid("341.00")}, {"totals.transport": 20.00}),
    "free text": ({"notes": "Entregar en bodega 3"}, {"information.information": "Entregar en bodega 3"}),
    "several means of payment": (
        {
            "payments": [
                {"method": "02", "amount": "100.00"},
                {"method": "99", "amount": "221.00", "description": "Bono de temporada"},
            ]
        },
        {"totals.paymentMethods.1.type": "99", "totals.paymentMethods.1.otherType": "Bono de temporada"},
    ),
    "the moment of issue when none is given": (
        {"issue_date": None},
        {"information.issueType": "01"},
    ),
}


@pytest.fixture
def tenant(pac: SandboxServer) -> Tenant:
    return a_tenant()


@pytest.fixture
def sent(pac: SandboxServer) -> Callable[[Document], Payload]:
    def payload_of(document: Document) -> Payload:
        """What the provider received for the document, once it has been worked through."""
        work_through(rounds=2)
        document.refresh_from_db()
        assert document.legal_status == LegalStatus.DGI_AUTHORIZED, document.problems
        bodies = [each.body for each in pac.journal.requests() if each.method == "POST"]
        named = (document.series, document.number)
        return next(
            body
            for body in bodies
            if (member(body, "information.documentType"), member(body, "information.numeration")) == named
        )

    return payload_of


@pytest.mark.parametrize("row", INVOICES)
def test_an_invoice_leaves_as_its_row_says(
    tenant: Tenant, sent: Callable[[Document], Payload], row: str
) -> None:
    given, expected = INVOICES[row]
    payload = sent(create_invoice(invoice_json(tenant, **given), actor=None))
    assert {path: member(payload, path) for path in expected} == expected
    assert payload["idOffice"] == tenant.offices.get().pac_office_id
    assert payload["information"]["issueDate"].endswith("-05:00")


# The rows that hold for notes too: a note copies its invoice's receiver.
NOTES = [
    "a taxpayer",
    "the government, with CPBS",
    "a final consumer without RUC",
    "a foreigner who buys in Panama",
    "a foreigner abroad, an export",
    "an exempt line",
    "a discount per unit",
    "a global discount, spread before tax",
]


@pytest.mark.parametrize("row", NOTES)
def test_a_note_over_the_whole_leaves_as_its_row_says(
    tenant: Tenant, sent: Callable[[Document], Payload], row: str
) -> None:
    given, expected = INVOICES[row]
    invoice = create_invoice(invoice_json(tenant, **given), actor=None)
    sent(invoice)
    note = create_credit(credit_json(tenant, invoice.external_id, **given), actor=None)
    payload = sent(note)
    wanted = {path: value for path, value in expected.items() if path != "information.documentType"}
    assert {path: member(payload, path) for path in wanted} == wanted
    (reference,) = payload["referencedDocuments"]
    invoice.refresh_from_db()
    assert payload["information"]["documentType"] == "04"
    assert payload["information"]["modificationCode"] == 1
    assert (reference["emissionType"], reference["cufeIdentification"]) == ("CUFE", invoice.cufe)
    assert member(payload, "totals.retention") is None


def test_each_point_counts_from_its_own_first_number(
    tenant: Tenant, sent: Callable[[Document], Payload]
) -> None:
    office = an_office(tenant, code="0002")
    office.billing_points.update(first_number=9630001)
    second = create_invoice(invoice_json(tenant, office="0002"), actor=None)
    payload = sent(second)
    assert payload["information"]["numeration"] == "0009630001"
    assert payload["idOffice"] == office.pac_office_id


def test_a_proforma_says_nothing_to_anybody(pac: SandboxServer, tenant: Tenant) -> None:
    before = len(pac.journal.requests())
    proforma = create_invoice(invoice_json(tenant, mode="PROFORM"), actor=None)
    work_through()
    assert len(pac.journal.requests()) == before
    assert proforma.number.startswith("P-")
