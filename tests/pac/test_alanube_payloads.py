"""The bytes that leave for Alanube: the contract's ten documents, and every member a draft can express."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cifras.fiscal.document import (
    Contributor,
    Discount,
    DocumentDraft,
    ForeignId,
    Kind,
    Line,
    OtherTax,
    Payment,
    PaymentTime,
    ReceiverType,
)
from cifras.fiscal.money import round_half_up
from cifras.fiscal.panama import MissingRetentionCode
from cifras.fiscal.totals import compute, spread_discounts
from cifras.pac.alanube.provider import AlanubeProvider
from cifras.pac.contract import Account
from cifras.pac.payload import plain_number, to_bytes
from tests.pac.golden import complaints, example
from tests.pac.scenarios import (
    COMPANY,
    CONSULTING,
    CONSUMER,
    DRAFTS,
    IMPORTER,
    ISSUED,
    WITHHOLDER,
    D,
    invoice,
)

PROVIDER = AlanubeProvider(Account("http://pac.test", "no-token"))


def sent(draft: DocumentDraft, **options: str) -> dict[str, Any]:
    """What the provider would receive, read back with its numbers as Decimal."""
    provider = (
        AlanubeProvider(Account("http://pac.test", "no-token", options=options)) if options else PROVIDER
    )
    return json.loads(provider.payload(spread_discounts(draft)), parse_float=Decimal)


def schema_of(draft: DocumentDraft) -> str:
    return "InvoiceRequest" if draft.kind is Kind.INVOICE else "CreditNoteRequest"


def without_empty_telephones(request: dict[str, Any]) -> None:
    """An empty list is an error in some messages of the provider, so it is left out."""
    assert request["receiver"].pop("telephones") == []


def as_ordinary_sale(request: dict[str, Any]) -> None:
    """One client tells services apart; a line of ours does not say what it is."""
    request["information"]["saleType"] = 1


def referred_to_by_cufe(request: dict[str, Any]) -> None:
    """The paper's reference is CUFE and date, also where the provider's id is known."""
    request["referencedDocuments"] = example("req-09")["request"]["referencedDocuments"]


DEVIATIONS: dict[str, Callable[[dict[str, Any]], None]] = {
    "req-02": without_empty_telephones,
    "req-08": as_ordinary_sale,
    "req-10": referred_to_by_cufe,
}


@pytest.mark.parametrize("name", DRAFTS)
def test_a_document_of_the_contract_leaves_as_the_contract_shows_it(name: str) -> None:
    request = example(name)["request"]
    DEVIATIONS.get(name, lambda request: None)(request)
    assert sent(DRAFTS[name]) == request


@pytest.mark.parametrize("name", DRAFTS)
def test_our_totals_are_the_contracts(name: str) -> None:
    totals, expected = compute(DRAFTS[name]), example(name)["expected"]
    assert (totals.net, totals.itbms, totals.total) == tuple(
        D(expected[member]) for member in ("net", "itbms", "total")
    )


@pytest.mark.parametrize("name", DRAFTS)
def test_what_leaves_obeys_the_schema(name: str) -> None:
    draft = DRAFTS[name]
    assert complaints(schema_of(draft), json.loads(PROVIDER.payload(draft))) == []


@pytest.mark.parametrize("name", DRAFTS)
def test_members_come_in_the_contracts_order(name: str) -> None:
    ours, theirs = sent(DRAFTS[name]), example(name)["request"]
    for part in ("information", "receiver", "totals"):
        assert list(ours[part]) == [member for member in theirs[part] if member in ours[part]]
    assert list(ours["items"][0]) == list(theirs["items"][0])


@pytest.mark.parametrize("name", DRAFTS)
def test_the_same_draft_always_gives_the_same_bytes(name: str) -> None:
    assert PROVIDER.payload(DRAFTS[name]) == PROVIDER.payload(replace(DRAFTS[name]))


@pytest.mark.parametrize("name", DRAFTS)
def test_nothing_empty_leaves(name: str) -> None:
    def empty(value: Any) -> bool:
        if isinstance(value, dict | list):
            return not value or any(
                empty(member) for member in (value.values() if isinstance(value, dict) else value)
            )
        return value in (None, "")

    assert not empty(sent(DRAFTS[name]))


# The receiver


@pytest.mark.parametrize(
    ("ruc", "dv", "expected"),
    [
        ("8-274-125", "91", {"type": 1, "ruc": "8-274-125"}),
        ("8-274-125", "", {"type": 1, "ruc": "8-274-125"}),
        ("8-274-125", "90", None),
        ("no lo sé", "", None),
        ("", "", None),
    ],
)
def test_a_final_consumers_ruc_goes_only_when_it_is_a_valid_persons(
    ruc: str, dv: str, expected: dict[str, Any] | None
) -> None:
    receiver = replace(CONSUMER, ruc=ruc, dv=dv, contributor=Contributor.NATURAL)
    assert (
        sent(invoice("0000000001", CONSULTING, paid="321.00", receiver=receiver))["receiver"].get("ruc")
        == expected
    )


def test_a_foreigner_who_buys_in_panama_is_an_internal_operation_without_ruc_or_location() -> None:
    visitor = replace(
        IMPORTER,
        country="PA",
        foreign_id=ForeignId("X0000001", "Colombia"),
        location="8-8-7",
        ruc="8-274-125",
    )
    draft = invoice("0000000001", CONSULTING, paid="321.00", receiver=visitor)
    payload = sent(draft)
    assert (
        payload["information"] | {"documentType": "01", "destination": 1, "nature": "01"}
        == payload["information"]
    )
    assert payload["receiver"]["foreign"] == {"number": "X0000001", "country": "Colombia"}
    assert payload["receiver"]["country"] == "PA"
    assert not {"ruc", "location"} & payload["receiver"].keys()
    assert "exportation" not in payload
    assert complaints("InvoiceRequest", json.loads(PROVIDER.payload(draft))) == []


def test_an_internal_invoice_never_carries_the_export_block() -> None:
    draft = replace(DRAFTS["req-01"], exportation=DRAFTS["req-04"].exportation)
    assert "exportation" not in sent(draft)


def test_a_note_on_an_export_keeps_the_export_block() -> None:
    draft = replace(DRAFTS["req-09"], receiver=IMPORTER, exportation=DRAFTS["req-04"].exportation)
    payload = sent(draft)
    assert (payload["information"]["documentType"], payload["information"]["destination"]) == ("04", 2)
    assert payload["exportation"]["incoterm"] == "FOB"


def test_a_place_whose_names_we_do_not_know_leaves_with_its_code_alone() -> None:
    draft = replace(DRAFTS["req-01"], receiver=replace(COMPANY, location="4-2-9"))
    assert sent(draft)["receiver"]["location"] == {"code": "4-2-9"}


def test_a_ruc_leaves_clean_with_its_dashes_and_without_its_dv() -> None:
    draft = replace(DRAFTS["req-01"], receiver=replace(COMPANY, ruc=" 155999902–2-2020 "))
    assert sent(draft)["receiver"]["ruc"] == {"type": 2, "ruc": "155999902-2-2020"}


# Lines and totals


def with_line(**changes: Any) -> dict[str, Any]:
    draft = invoice("0000000001", replace(CONSULTING, **changes), paid="321.00")
    assert complaints("InvoiceRequest", json.loads(PROVIDER.payload(draft))) == []
    return sent(draft)["items"][0]


def test_an_exempt_line_says_so() -> None:
    assert with_line(tax_rate=D(0))["itbms"] == {"rate": "00"}


def test_isc_oti_freight_and_insurance_of_a_line_leave_when_there_are_any() -> None:
    item = with_line(
        isc_rate=D(5),
        isc_amount=D("15.00"),
        oti=(OtherTax("01", D("1.50")),),
        freight=D(4),
        insurance=D("2.25"),
    )
    assert item["isc"] == {"rate": 5, "amount": 15}
    assert item["oti"] == [{"code": "01", "amount": D("1.5")}]
    assert item["prices"] == {"transfer": 150, "discount": 0, "transport": 4, "insurance": D("2.25")}
    assert not {"isc", "oti", "cpbs"} & with_line().keys()


def test_isc_without_a_rate_leaves_its_amount() -> None:
    assert with_line(isc_amount=D("15.00"))["isc"] == {"amount": 15}


def totals_of(**changes: Any) -> dict[str, Any]:
    return sent(invoice("0000000001", CONSULTING, paid="321.00", **changes))["totals"]


def test_change_freight_and_insurance_of_the_document_leave_when_there_are_any() -> None:
    totals = totals_of(
        payments=(Payment("02", D(340)),), change=D("4.50"), freight=D(10), insurance=D("4.50")
    )
    assert {name: totals[name] for name in ("change", "transport", "insurance")} == {
        "change": D("4.5"),
        "transport": 10,
        "insurance": D("4.5"),
    }
    assert not {"change", "transport", "insurance", "discounts", "retention"} & totals_of().keys()


def test_the_description_of_a_payment_goes_with_the_method_other_alone() -> None:
    payments = (Payment("02", D(21), "billetes"), Payment("99", D(300), "Vale de regalo"))
    assert totals_of(payments=payments)["paymentMethods"] == [
        {"type": "02", "amount": 21},
        {"type": "99", "amount": 300, "otherType": "Vale de regalo"},
    ]


def test_a_sale_on_credit_with_only_a_due_date_is_one_instalment_at_noon() -> None:
    totals = totals_of(
        payment_time=PaymentTime.CREDIT, payments=(Payment("01", D(321)),), due_date=date(2026, 12, 19)
    )
    assert totals["paymentTime"] == 2
    assert totals["installmentPayment"] == [
        {"sequence": 1, "dueDate": "2026-12-19T12:00:00-05:00", "amount": 321}
    ]


def test_a_mixed_sale_says_so() -> None:
    payments = (Payment("02", D(100)), Payment("01", D(221)))
    totals = totals_of(payment_time=PaymentTime.MIXED, payments=payments, due_date=date(2026, 12, 19))
    assert (totals["paymentTime"], totals["installmentPayment"][0]["amount"]) == (3, 221)


def test_a_discount_before_tax_is_inside_the_prices_and_nowhere_else() -> None:
    draft = invoice(
        "0000000001", CONSULTING, paid="310.30", global_discounts=(Discount("Cliente frecuente", D("10.00")),)
    )
    for given_spread in (draft, spread_discounts(draft)):
        payload = json.loads(PROVIDER.payload(given_spread), parse_float=Decimal)
        assert payload["items"][0]["prices"] == {"transfer": 150, "discount": 5}
        assert "discounts" not in payload["totals"]


def test_a_discount_after_tax_is_declared() -> None:
    totals = totals_of(global_discounts=(Discount("Cupón", D("10.00")),), discounts_after_tax=True)
    assert totals["discounts"] == [{"description": "Cupón", "amount": 10}]


def test_the_documents_own_retention_code_goes_before_the_receivers() -> None:
    receiver = {"receiver": WITHHOLDER}
    assert totals_of(**receiver)["retention"] == {"code": "4", "amount": D("10.5")}
    assert totals_of(**receiver, retention_code="1")["retention"] == {"code": "1", "amount": 21}
    free = totals_of(**receiver, retention_code="8", retention_amount=D("3.33"))
    assert free["retention"] == {"code": "8", "amount": D("3.33")}


def test_a_withholding_receiver_without_a_code_stops_before_anything_leaves() -> None:
    with pytest.raises(MissingRetentionCode):
        totals_of(receiver=replace(WITHHOLDER, retention_code=""))


def test_a_note_withholds_nothing() -> None:
    assert "retention" not in sent(replace(DRAFTS["req-09"], receiver=WITHHOLDER))["totals"]


def test_the_retention_follows_the_rounding_of_the_account() -> None:
    lines = tuple(replace(CONSULTING, quantity=D(1), unit_price=D("0.10")) for _ in range(7))
    draft = invoice("0000000001", *lines, paid="0.77", receiver=WITHHOLDER, retention_code="1")
    assert sent(draft)["totals"]["retention"]["amount"] == D("0.07")
    assert sent(draft, itbms_rounding="total")["totals"]["retention"]["amount"] == D("0.05")


# Head and reference


def test_notes_travel_as_information() -> None:
    assert sent(replace(DRAFTS["req-01"], notes="Orden 77"))["information"]["information"] == "Orden 77"


def test_without_an_office_the_member_is_left_out() -> None:
    assert "idOffice" not in sent(replace(DRAFTS["req-01"], pac_office_id=""))


def test_a_time_of_any_zone_leaves_in_panamas() -> None:
    elsewhere = replace(DRAFTS["req-01"], issue_date=ISSUED.astimezone(UTC).replace(microsecond=5))
    assert sent(elsewhere)["information"]["issueDate"] == "2026-11-19T10:15:00-05:00"
    late = replace(DRAFTS["req-01"], issue_date=ISSUED + timedelta(hours=12))
    assert sent(late)["information"]["issueDate"] == "2026-11-19T22:15:00-05:00"


def test_a_note_says_what_it_changes_and_no_kind_of_sale() -> None:
    information = sent(DRAFTS["req-10"])["information"]
    assert (information["documentType"], information["nature"], information["modificationCode"]) == (
        "04",
        "01",
        1,
    )
    assert "saleType" not in information


# Numbers and texts


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1E+3", "1000"),
        ("1E-6", "0.000001"),
        ("1234567.80", "1234567.8"),
        ("10", "10"),
        ("100.00", "100"),
        ("0.00", "0"),
        ("-0", "0"),
        ("0E+2", "0"),
    ],
)
def test_amounts_are_plain_numbers(value: str, text: str) -> None:
    assert plain_number(D(value)) == text
    assert to_bytes({"amount": D(value)}) == f'{{"amount":{text}}}'.encode()


def test_a_float_in_somebody_elses_payload_leaves_as_it_reads() -> None:
    assert to_bytes({"a": 0.1, "b": 1e-07, "c": 1e22, "d": 3, "e": True}) == (
        b'{"a":0.1,"b":0.0000001,"c":10000000000000000000000,"d":3,"e":true}'
    )


@pytest.mark.parametrize("value", [D("NaN"), D("Infinity"), float("nan"), float("-inf")])
def test_what_is_no_number_does_not_leave(value: Decimal | float) -> None:
    with pytest.raises(ValueError, match="no number"):
        to_bytes({"amount": value})


@pytest.mark.parametrize(
    "text", ['comillas " y \\', "línea\nnueva", "\x0012.5", "\\u000012", "ñandú 🦤", "0012"]
)
def test_a_text_stays_the_text_it_is(text: str) -> None:
    item = with_line(description=text)
    assert item["description"] == text


LINES = st.builds(
    Line,
    description=st.just("Artículo"),
    quantity=st.decimals("0.01", "9999", places=2),
    unit_price=st.decimals("0.01", "99999", places=4),
    tax_rate=st.sampled_from([D(0), D(7), D(10), D(15)]),
)


@settings(deadline=None, database=None)
@given(lines=st.lists(LINES, min_size=1, max_size=6), percent=st.integers(0, 99))
def test_the_provider_reckons_from_our_figures_what_we_reckoned(lines: list[Line], percent: int) -> None:
    draft = invoice("0000000001", *lines, paid="0")
    discount = round_half_up(compute(draft).net * percent / 100)
    if discount:
        draft = replace(draft, global_discounts=(Discount("Descuento", discount),))
    totals = compute(draft)
    nets = [
        round_half_up(D(item["quantity"]) * (D(item["prices"]["transfer"]) - D(item["prices"]["discount"])))
        for item in sent(draft)["items"]
    ]
    assert nets == [each.net for each in totals.lines]
    assert all(item["prices"]["discount"] <= item["prices"]["transfer"] for item in sent(draft)["items"])


def test_a_receiver_of_every_type_has_its_code() -> None:
    codes = {
        kind: sent(replace(DRAFTS[name]))["receiver"]["type"]
        for kind, name in zip(
            (
                ReceiverType.CONTRIBUYENTE,
                ReceiverType.CONSUMIDOR_FINAL,
                ReceiverType.GOBIERNO,
                ReceiverType.EXTRANJERO,
            ),
            ("req-01", "req-02", "req-03", "req-04"),
            strict=True,
        )
    }
    assert list(codes.values()) == ["01", "02", "03", "04"]
