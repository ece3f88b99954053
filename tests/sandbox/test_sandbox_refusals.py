"""Everything the sandbox refuses, so that a client's mistake is seen in a test and not at the DGI."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.sandbox.bodies import invoice
from tests.sandbox.client import Client

Spoil = Callable[[dict[str, Any]], Any]


def put(path: str, value: Any) -> Spoil:
    """Set a member by its dotted path."""

    def spoil(body: dict[str, Any]) -> None:
        *parents, last = path.split(".")
        for name in parents:
            body = body[int(name)] if isinstance(body, list) else body[name]
        body[last] = value

    return spoil


def drop(path: str) -> Spoil:
    """Leave a member out."""

    def spoil(body: dict[str, Any]) -> None:
        *parents, last = path.split(".")
        for name in parents:
            body = body[int(name)] if isinstance(body, list) else body[name]
        del body[last]

    return spoil


SHAPES = [
    (put("receiver.ruc", {}), 'instance.receiver.ruc requires property "ruc"'),
    (put("receiver.ruc", None), "instance.receiver.ruc is not of a type(s) object"),
    (put("receiver.otherCountry", None), "instance.receiver.otherCountry is not of a type(s) string"),
    (put("receiver.otherCountry", ""), "instance.receiver.otherCountry does not meet minimum length of 5"),
    (put("receiver.dv", "59"), 'instance.receiver is not allowed to have the additional property "dv"'),
    (put("receiver.type", "05"), "instance.receiver.type is not one of enum values: 01,02,03,04"),
    (put("receiver.address", "x" * 101), "instance.receiver.address does not meet maximum length of 100"),
    (put("receiver.location.code", "08-08-007"), "instance.receiver.location.code does not match pattern"),
    (put("receiver.telephones", ["6612 3456"]), "instance.receiver.telephones[0] does not match pattern"),
    (put("receiver.emails", ["nadie"]), "instance.receiver.emails[0] does not match pattern"),
    (drop("receiver.country"), 'instance.receiver requires property "country"'),
    (drop("items.0.itbms"), 'instance.items[0] requires property "itbms"'),
    (put("items.0.itbms", {}), 'instance.items[0].itbms requires property "rate"'),
    (put("items.0.itbms.rate", "7"), "instance.items[0].itbms.rate is not one of enum values: 00,01,02,03"),
    (put("items.0.quantity", "2"), "instance.items[0].quantity is not of a type(s) number"),
    (put("items.0.quantity", 0), "instance.items[0].quantity must be greater than 0"),
    (put("items.0.quantity", True), "instance.items[0].quantity is not of a type(s) number"),
    (put("items.0.prices.transfer", 1.1234567), "instance.items[0].prices.transfer is not a multiple of"),
    (put("items.0.isc", {}), "instance.items[0].isc does not meet minimum property length of 1"),
    (put("items.0.description", "campana\x07"), "instance.items[0].description has control characters"),
    (put("items", []), "instance.items does not meet minimum length of 1"),
    (put("information.numeration", "101"), "instance.information.numeration does not match pattern"),
    (put("information.numeration", "0000000000"), "instance.information.numeration does not match pattern"),
    (put("information.billingPoint", "000"), "instance.information.billingPoint does not match pattern"),
    (
        put("information.securityCode", "000000000"),
        "instance.information.securityCode does not match pattern",
    ),
    (put("information.documentType", "04"), "instance.information.documentType is not one of enum values"),
    (put("information.destination", "1"), "instance.information.destination is not of a type(s) integer"),
    (put("information.saleType", 9), "instance.information.saleType is not one of enum values: 1,2,3,4"),
    (
        put("information.issueDate", "2026-11-19T10:15:00Z"),
        'instance.information.issueDate does not conform to the "date-time" format with offset -05:00',
    ),
    (
        put("information.issueDate", "2026-02-30T10:15:00-05:00"),
        "instance.information.issueDate does not conform",
    ),
    (
        put("information.modificationCode", 1),
        "instance.information is not allowed to have the additional property",
    ),
    (
        put("totals.paymentMethods.0.amount", "107.00"),
        "instance.totals.paymentMethods[0].amount is not of a type",
    ),
    (
        put("totals.paymentMethods.0.amount", 107.001),
        "instance.totals.paymentMethods[0].amount is not a multiple",
    ),
    (
        put("totals.retention", {"code": "5", "amount": 1}),
        "instance.totals.retention.code is not one of enum values",
    ),
    (put("totals.retention", {"codigo": "4"}), 'instance.totals.retention requires property "code"'),
    (put("totals.total", 107), 'instance.totals is not allowed to have the additional property "total"'),
    (put("paymentMethods", []), 'instance is not allowed to have the additional property "paymentMethods"'),
    (put("referencedDocuments", []), "instance is not allowed to have the additional property"),
    (put("idOffice", "not-a-ulid"), "instance.idOffice does not match pattern"),
    (put("exportation", None), "instance.exportation is not of a type(s) object"),
]


@pytest.mark.parametrize(("spoil", "complaint"), SHAPES, ids=[complaint for _, complaint in SHAPES])
def test_a_body_of_the_wrong_shape_is_refused_in_the_providers_words(
    spoil: Spoil, complaint: str, pac: Client
) -> None:
    body = invoice()
    spoil(body)
    answer = pac.post("/invoices", body)
    assert answer.status_code == 400
    assert answer.json()["code"] == 400
    assert any(message.startswith(complaint) for message in answer.json()["message"]), answer.json()
    assert not pac.sandbox.authority.documents


def public(body: dict[str, Any]) -> None:
    body["receiver"] |= {"type": "03", "ruc": {"type": 2, "ruc": "8-NT-2-99999"}}


def public_without_unit(body: dict[str, Any]) -> None:
    public(body)
    body["items"][0]["cpbs"] = {"code": "8111"}


def abroad(body: dict[str, Any]) -> None:
    body["information"] |= {"documentType": "03", "destination": 2}
    body["receiver"] |= {"country": "US"}


def foreigner_with_ruc(body: dict[str, Any]) -> None:
    body["receiver"] |= {"type": "04", "foreign": {"number": "X1", "country": "Perú"}}


def juridical_consumer(body: dict[str, Any]) -> None:
    body["receiver"]["type"] = "02"


def on_term(body: dict[str, Any]) -> None:
    body["totals"] = {
        "paymentTime": 2,
        "paymentMethods": [{"type": "01", "amount": 107.0}],
        "installmentPayment": [
            {"sequence": 1, "dueDate": "2027-01-19T12:00:00-05:00", "amount": 100.0},
        ],
    }


def mixed_without_credit(body: dict[str, Any]) -> None:
    body["totals"]["paymentTime"] = 3


def misnumbered(body: dict[str, Any]) -> None:
    on_term(body)
    body["totals"]["installmentPayment"][0] |= {"sequence": 2, "amount": 107.0}


def two_lines_of_one_number(body: dict[str, Any]) -> None:
    body["items"] *= 2
    body["totals"]["paymentMethods"][0]["amount"] = 214.0


EXPORTATION = {"incoterm": "FOB", "currency": "USD", "exchangeRate": 1, "amount": 107.0}
RULES = [
    (put("totals.paymentMethods.0.amount", 106.99), "The payment methods less the change add up to 106.99"),
    (put("totals.change", 1), "The payment methods less the change add up to 106.00"),
    (put("totals.paymentMethods.0.type", "99"), "otherType"),
    (
        put(
            "totals.installmentPayment",
            [{"sequence": 1, "dueDate": "2027-01-19T12:00:00-05:00", "amount": 107}],
        ),
        "instalments",
    ),
    (on_term, "The instalments do not add up to 107.0"),
    (misnumbered, "The instalments are not numbered"),
    (mixed_without_credit, "A mixed payment needs credit"),
    (public, 'instance.items[0] requires property "cpbs"'),
    (public_without_unit, 'instance.items[0].cpbs requires property "unit"'),
    (put("information.destination", 2), "The destination of the operation cannot be Foreign"),
    (
        put("receiver.country", "CO"),
        "instance.receiver.country and instance.information.destination do not match",
    ),
    (put("exportation", EXPORTATION), "instance.exportation should not be specified"),
    (abroad, 'instance requires property "exportation"'),
    (put("receiver.otherCountry", "Perú Sur"), "instance.receiver.otherCountry goes with country ZZ only"),
    (foreigner_with_ruc, "instance.receiver.ruc should not be specified"),
    (juridical_consumer, "A juridical RUC cannot be a final consumer"),
    (drop("receiver.ruc"), 'instance.receiver requires property "ruc"'),
    (drop("receiver.name"), 'instance.receiver requires property "name"'),
    (put("receiver.ruc.ruc", "155587169-2-201409-1"), "instance.receiver.ruc.ruc is not a valid RUC"),
    (put("receiver.ruc.verificationDigit", "90"), "Wrong verification digit"),
    (put("items.0.prices.discount", 50.01), "The discount is greater than the price"),
    (two_lines_of_one_number, "instance.items contains duplicate number"),
    (put("totals.retention", {"code": "4", "amount": 3.51}), "The retention of code 4 is 3.50"),
    (put("totals.retention", {"code": "8", "amount": 7.01}), "The retention is greater than the ITBMS"),
    (
        put("totals.discounts", [{"description": "Todo", "amount": 200}]),
        "The discounts are greater than the total",
    ),
    (put("idOffice", "01K9CFRAS00000000000000002"), "Office not found"),
]


@pytest.mark.parametrize(("spoil", "complaint"), RULES, ids=[complaint for _, complaint in RULES])
def test_a_document_that_breaks_a_rule_is_refused(spoil: Spoil, complaint: str, pac: Client) -> None:
    pac.sandbox.behaviour.rule_answer = "errors"
    body = invoice()
    spoil(body)
    answer = pac.post("/invoices", body)
    assert answer.status_code == 400
    assert any(complaint in error["message"] for error in answer.json()["errors"]), answer.json()
    assert not pac.sandbox.authority.documents


def test_a_document_of_tomorrow_is_refused(pac: Client) -> None:
    tomorrow = (pac.sandbox.clock.now() + timedelta(days=1)).isoformat(timespec="seconds")
    answer = pac.post("/invoices", invoice(issueDate=tomorrow))
    assert answer.json() == {"code": 400, "message": "The issue date is in the future"}


def test_change_is_taken_when_it_is_declared(pac: Client) -> None:
    body = invoice()
    body["totals"] |= {"paymentMethods": [{"type": "02", "amount": 120}], "change": 13}
    assert pac.issue(body)["legalStatus"] == "DGI_AUTHORIZED"


def test_a_mixed_payment_needs_instalments_for_its_credit_part_only(pac: Client) -> None:
    body = invoice()
    body["totals"] = {
        "paymentTime": 3,
        "paymentMethods": [{"type": "02", "amount": 7}, {"type": "01", "amount": 100}],
        "installmentPayment": [{"sequence": 1, "dueDate": "2027-01-19T12:00:00-05:00", "amount": 100}],
    }
    assert pac.issue(body)["legalStatus"] == "DGI_AUTHORIZED"


def test_every_fault_of_a_body_is_told_at_once(pac: Client) -> None:
    body = invoice()
    body["receiver"]["ruc"] = {}
    body["items"][0]["itbms"] = {}
    assert pac.post("/invoices", body).json()["message"] == [
        'instance.receiver.ruc requires property "type"',
        'instance.receiver.ruc requires property "ruc"',
        'instance.items[0].itbms requires property "rate"',
    ]


def test_errors_come_in_every_shape_that_was_seen(pac: Client) -> None:
    behaviour, body = pac.sandbox.behaviour, invoice()
    body["items"][0]["itbms"] = {}
    behaviour.schema_answer = "unified"
    assert pac.post("/invoices", body).json() == {
        "code": 400,
        "errors": [{"code": "AP10067", "message": 'requires property "rate"', "field": "items[0].itbms"}],
    }
    behaviour.schema_answer = "single"
    assert pac.post("/invoices", body).json()["message"] == 'instance.items[0].itbms requires property "rate"'
    body = invoice(billingPoint="001")
    body["receiver"]["ruc"]["verificationDigit"] = "90"
    assert pac.post("/invoices", body).json() == {"code": "1602", "message": "Wrong verification digit"}
    behaviour.rule_answer = "unified"
    assert pac.post("/invoices", body).json()["errors"][0]["field"] == "receiver.ruc.verificationDigit"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"a": NaN}', b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_json_object_is_refused(content: bytes, pac: Client) -> None:
    answer = pac.session.post(
        f"{pac.sandbox.base_url}/pan/v1/invoices",
        data=content,
        params={"idCompany": pac.company.id},
        headers={"Content-Type": "application/json"},
        timeout=5,
    )
    assert answer.status_code == 400


def test_a_body_must_say_that_it_is_json(pac: Client) -> None:
    address = f"{pac.sandbox.base_url}/pan/v1/invoices"
    answer = pac.session.post(address, data="{}", params={"idCompany": pac.company.id}, timeout=5)
    assert answer.status_code == 415


def test_unknown_addresses_and_methods_are_told_apart(pac: Client) -> None:
    assert pac.get("/receipts").status_code == 404
    assert pac.call("PUT", "/invoices", {}).status_code == 405
    assert pac.session.get(pac.sandbox.root_url + "/elsewhere", timeout=5).status_code == 404
