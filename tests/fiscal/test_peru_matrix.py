"""What Peru demands: every row refuses by its own code and names its member as the JSON document does."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cifras.fiscal import panama, peru
from cifras.fiscal.catalogues.sunat import EXPORTS, IdentityType, Operation
from cifras.fiscal.document import (
    Comprobante,
    Detraction,
    Discount,
    DocumentDraft,
    Exportation,
    Instalment,
    OtherTax,
    PaymentTime,
)
from cifras.fiscal.errors import RulesBroken
from tests.fiscal.drafts import LOCAL, NOW, invoice
from tests.fiscal.peru_drafts import (
    ABROAD,
    BOLETA,
    COMPANY,
    NOBODY,
    PERSON,
    boleta,
    export,
    factura,
    instalments,
    line,
    note,
    on_credit,
    paid,
    terms,
    untaxed,
    with_detraction,
)

D = Decimal
MIXED = PaymentTime.MIXED


def refusals(draft: DocumentDraft, **options: Any) -> set[tuple[str, str]]:
    """Code and field of every reason; a sentence that can't be filled in fails here."""
    found = peru.reasons(draft, now=options.pop("now", NOW), **options)
    assert all(reason.message and "{" not in reason.message for reason in found)
    said = [(reason.code, reason.field) for reason in found]
    assert len(said) == len(set(said)), "nothing is said twice"
    return set(said)


def doubts(draft: DocumentDraft) -> set[tuple[str, str]]:
    found = peru.warnings(draft)
    assert all(doubt.message and "{" not in doubt.message for doubt in found)
    return {(doubt.code, doubt.field) for doubt in found}


COMPLETE = {
    "factura": factura(),
    "factura with its number": factura(peru=terms(series="FA2Z"), number="00004625", notes="Gracias"),
    "factura in dollars": factura(peru=terms(currency="USD")),
    "factura of expenses to a person": factura(receiver=PERSON, peru=terms(operation_type="0112")),
    "factura of the fourth day": factura(issue_date=NOW - timedelta(days=3)),
    "boleta": boleta(),
    "boleta to a person": boleta(receiver=PERSON),
    "boleta to a company": boleta(receiver=COMPANY),
    "boleta of the sixth day": boleta(issue_date=NOW - timedelta(days=5)),
    "boleta of exactly 700": boleta(lines=(untaxed("20", "700"),)),
    "boleta above 700 to a person": boleta(lines=(untaxed("20", "700.01"),), receiver=PERSON),
    "boleta in dollars below 700 soles": boleta(peru=terms(BOLETA, currency="USD", exchange_rate=D("2.9"))),
    "export": export(),
    "lodging to a company": export(receiver=COMPANY, peru=terms(operation_type="0202")),
    "all of it free": factura(lines=(line(affectation="12"), untaxed("31"))),
    "credit": on_credit("100.00", "136.00"),
    "credit due at once": on_credit(instalments=(Instalment(1, NOW.date(), D("236.00")),)),
    "credit with a due date": on_credit(instalments=(), due_date=date(2026, 12, 21)),
    "credit less retention": on_credit("228.92", retention_amount=D("7.08")),
    "credit less detraction": with_detraction(),
    "cash less detraction": with_detraction(
        payment_time=PaymentTime.CASH, instalments=(), payments=(paid("08", "208.00"),)
    ),
    "cash and the deposit apart": with_detraction(
        payment_time=PaymentTime.CASH, instalments=(), payments=(paid("08", "236.00"),)
    ),
    "cash with change": factura(payments=(paid("02", "240.00"),)),
    "cash with the change said": factura(payments=(paid("02", "240.00"),), change=D("4.00")),
    "a part at once": on_credit("136.00", payment_time=MIXED, payments=(paid("02", "100.00"),)),
    "note": note(),
    "full note": note("01", lines=(line(),)),
    "note of a correction": note("03"),
    "note of new instalments": note(
        "13", payment_time=PaymentTime.CREDIT, instalments=instalments("100", "50")
    ),
    "note on the portal's factura": note(reference=replace(note().reference, series="E001")),
    "note of an export": note(
        "11",
        lines=(untaxed("40"),),
        receiver=ABROAD,
        peru=terms(operation_type="0200", reason_code="11", reason="Ajuste de precio"),
    ),
}


@pytest.mark.parametrize("draft", COMPLETE.values(), ids=COMPLETE)
def test_a_complete_document_passes(draft: DocumentDraft) -> None:
    assert refusals(draft) == set()
    peru.require_complete(draft, now=NOW)


HEADER = [
    (factura(issue_date=NOW + timedelta(seconds=1)), "issue_date_future", "issue_date"),
    (factura(issue_date=NOW.replace(tzinfo=None)), "time_without_zone", "issue_date"),
    (factura(issue_date=NOW - timedelta(days=4)), "send_by_passed", "issue_date"),
    (boleta(issue_date=NOW - timedelta(days=6)), "send_by_passed", "issue_date"),
    (factura(due_date=date(2026, 11, 20)), "due_date_before_issue", "due_date"),
    (factura(office_code="00A1"), "office_code_shape", "office"),
    (factura(office_code="1"), "office_code_shape", "office"),
    *[
        (factura(peru=terms(series=series)), "series_shape", "series")
        for series in ("", "F01", "F0001", "f001", "B001", "E001", "F00-", "F001\n", "F00Á", "٠٠٠١")
    ],
    *[
        (boleta(peru=terms(BOLETA, series=series)), "series_shape", "series")
        for series in ("F001", "EB01", "B01")
    ],
    (note(peru=terms(note().peru, series="B001")), "series_shape", "series"),
    *[
        (factura(number=number), "number_shape", "number")
        for number in ("0", "00000000", "100000000", "000000001", "12a", "-1", "1\n", "١")
    ],
    (factura(peru=terms(currency="PAB")), "currency_unknown", "currency"),
    (factura(peru=terms(currency="pen")), "currency_unknown", "currency"),
    (factura(peru=terms(exchange_rate=D(0))), "exchange_rate_not_positive", "exchange_rate"),
    (factura(peru=terms(operation_type="0103")), "operation_unknown", "operation_type"),
    (factura(peru=terms(operation_type="1001")), "operation_and_detraction", "detraction"),
    (
        factura(peru=terms(detraction=Detraction(D(28)))),
        "operation_and_detraction",
        "operation_type",
    ),
    (export(peru=terms()), "operation_and_affectation", "lines[0].affectation"),
    (export(lines=(line(),)), "operation_and_affectation", "lines[0].affectation"),
    (factura(notes="x" * 5001), "text_too_long", "notes"),
    (factura(exportation=Exportation("FOB", "USD", D(1))), "member_not_in_peru", "exportation"),
    (factura(freight=D(1)), "member_not_in_peru", "freight"),
    (factura(insurance=D(1)), "member_not_in_peru", "insurance"),
    (factura(retention_code="4"), "member_not_in_peru", "retention_code"),
    (factura(lines=(line(freight=D(1)),)), "member_not_in_peru", "lines[0].freight"),
    (factura(lines=(line(isc_amount=D(1)),)), "member_not_in_peru", "lines[0].isc"),
    (factura(lines=(line(isc_rate=D(5)),)), "member_not_in_peru", "lines[0].isc"),
    (factura(lines=(line(oti=(OtherTax("01", D(1)),)),)), "member_not_in_peru", "lines[0].oti"),
]


def sold_to(**changes: Any) -> DocumentDraft:
    return boleta(receiver=replace(PERSON, **changes))


RECEIVER = [
    (factura(receiver=PERSON), "identity_not_for_factura", "receiver.identity_type"),
    (
        factura(receiver=replace(COMPANY, identity_type="", identity_number="")),
        "identity_not_for_factura",
        "receiver.identity_type",
    ),
    (export(receiver=COMPANY), "identity_not_for_operation", "receiver.identity_type"),
    (
        factura(receiver=ABROAD, peru=terms(operation_type="0112")),
        "identity_not_for_operation",
        "receiver.identity_type",
    ),
    (sold_to(identity_type="2"), "identity_type_unknown", "receiver.identity_type"),
    (sold_to(identity_type="RUC"), "identity_type_unknown", "receiver.identity_type"),
    *[
        (sold_to(identity_number=number), "identity_number_shape", "receiver.identity_number")
        for number in ("", "5414828", "054148289", "0541482A", "٠٥٤١٤٨٢٨")
    ],
    *[
        (
            sold_to(identity_type=kind, identity_number=number),
            "identity_number_shape",
            "receiver.identity_number",
        )
        for kind in ("0", "4", "7", "A", "B", "C", "D", "E")
        for number in ("", "AB 123", "A" * 16)
    ],
    (
        boleta(receiver=replace(NOBODY, identity_number="05414828")),
        "identity_number_shape",
        "receiver.identity_number",
    ),
    (
        factura(receiver=replace(COMPANY, identity_number="20-100070970")),
        "identity_number_shape",
        "receiver.identity_number",
    ),
    (
        factura(receiver=replace(COMPANY, identity_number="20512333798")),
        "ruc_check_digit",
        "receiver.identity_number",
    ),
    (
        factura(receiver=replace(COMPANY, identity_number="")),
        "ruc_missing",
        "receiver.identity_number",
    ),
    (factura(receiver=replace(COMPANY, name=" ")), "text_too_short", "receiver.name"),
    (sold_to(name="x" * 1501), "text_too_long", "receiver.name"),
    (boleta(lines=(untaxed("20", "700.01"),)), "identity_missing", "receiver.identity_type"),
    (
        boleta(peru=terms(BOLETA, currency="USD", exchange_rate=D("3.75"))),
        "identity_missing",
        "receiver.identity_type",
    ),
    (boleta(peru=terms(BOLETA, currency="USD")), "exchange_rate_missing", "exchange_rate"),
]

LINES = [
    (factura(lines=()), "lines_missing", "lines"),
    (factura(lines=(untaxed("20"),) * 10000), "too_many_lines", "lines"),
    (factura(lines=(line(description=" "),)), "text_too_short", "lines[0].description"),
    (factura(lines=(line(), line(description="x" * 501))), "text_too_long", "lines[1].description"),
    (factura(lines=(line(unit="und"),)), "unit_shape", "lines[0].unit"),
    (factura(lines=(line("0"),)), "quantity_not_positive", "lines[0].quantity"),
    (factura(lines=(line("-1"),)), "quantity_not_positive", "lines[0].quantity"),
    (factura(lines=(line(unit_price="-1"),)), "negative_amount", "lines[0].unit_price"),
    (factura(lines=(line(unit_price="0"),)), "price_missing", "lines[0].unit_price"),
    (note(lines=(line(unit_price="0"),)), "price_missing", "lines[0].unit_price"),
    (factura(lines=(line(unit_price="1.00000000001"),)), "amount_too_precise", "lines[0].unit_price"),
    (factura(lines=(line("1e12"),)), "amount_too_large", "lines[0].quantity"),
    (factura(lines=(line("999999", "999999999"),)), "amount_too_large", "lines"),
    (factura(lines=(line(unit_discount=D(101)),)), "discount_above_price", "lines[0].unit_discount"),
    (factura(lines=(line(icbper_bags=-1),)), "negative_amount", "lines[0].icbper_bags"),
    (factura(lines=(line(icbper_bags=1),)), "icbper_year_unknown", "lines[0].icbper_bags"),
    (
        factura(lines=(line(icbper_bags=1),), peru=terms(currency="USD")),
        "icbper_currency",
        "lines[0].icbper_bags",
    ),
    (factura(lines=(line(), line(affectation=""))), "affectation_unknown", "lines[1].affectation"),
    (factura(lines=(line(affectation="99"),)), "affectation_unknown", "lines[0].affectation"),
    (factura(lines=(line(tax_rate="10"),)), "tax_rate_unknown", "lines[0].tax_rate"),
    (factura(lines=(line(tax_rate="0", affectation="15"),)), "tax_rate_unknown", "lines[0].tax_rate"),
    (factura(lines=(line(tax_rate="4", affectation="17"),)), "ivap_not_issued", "lines[0].affectation"),
    *[
        (factura(lines=(line(affectation=code),)), "tax_rate_without_tax", "lines[0].tax_rate")
        for code in ("20", "21", "30", "31", "37")
    ],
    (factura(lines=(line(), line("1", "0.02"))), "tax_rounds_to_zero", "lines[1].unit_price"),
    (
        factura(lines=(line(), line("1", "0.02", affectation="13"))),
        "tax_rounds_to_zero",
        "lines[1].unit_price",
    ),
    (factura(global_discounts=(Discount("", D(201)),)), "discount_above_lines", "global_discounts"),
    (factura(global_discounts=(Discount("", D(0)),)), "discount_not_positive", "global_discounts[0].amount"),
    (
        factura(lines=(line(affectation="11"),), global_discounts=(Discount("", D(1)),)),
        "discount_above_lines",
        "global_discounts",
    ),
    (
        factura(global_discounts=(Discount("", D(237)),), discounts_after_tax=True),
        "total_negative",
        "global_discounts",
    ),
]

PAYMENT = [
    (factura(instalments=instalments("236")), "instalments_on_cash_sale", "instalments"),
    (on_credit(instalments=()), "instalments_missing", "instalments"),
    (on_credit("235.99"), "instalments_do_not_add_up", "instalments"),
    (on_credit("236.00", retention_amount=D("7.08")), "instalments_do_not_add_up", "instalments"),
    (with_detraction(instalments=instalments("236")), "instalments_do_not_add_up", "instalments"),
    (on_credit("236.005"), "instalment_amount", "instalments[0].amount"),
    (on_credit("236.00", "0.00"), "instalment_amount", "instalments[1].amount"),
    (
        on_credit(instalments=(Instalment(2, date(2026, 12, 1), D(236)),)),
        "instalment_sequence",
        "instalments[0].sequence",
    ),
    (
        on_credit(instalments=(Instalment(1, date(2026, 11, 20), D(236)),)),
        "instalment_due_date",
        "instalments[0].due_date",
    ),
    (on_credit(*["0.01"] * 1000), "too_many_instalments", "instalments"),
    (on_credit(payments=(paid("02", "1"),)), "payments_do_not_add_up", "payments"),
    (on_credit("236.00", payment_time=MIXED), "payments_do_not_add_up", "payments"),
    (on_credit("1.00", payment_time=MIXED, payments=(paid("02", "236"),)), "nothing_pending", "payment_time"),
    (on_credit(lines=(line(affectation="11"),)), "nothing_pending", "payment_time"),
    (factura(payments=(paid("02", "235.99"),)), "payments_do_not_add_up", "payments"),
    (factura(payments=(paid("03", "240.00"),)), "payments_do_not_add_up", "payments"),
    (factura(payments=(paid("01", "236.00"),)), "payments_do_not_add_up", "payments"),
    (
        factura(payments=(paid("02", "240.00"),), change=D("3.00")),
        "payments_do_not_add_up",
        "payments",
    ),
    (factura(payments=(paid("12", "236"),)), "payment_method_unknown", "payments[0].method"),
    (factura(payments=(paid("02", "-1"),)), "payment_amount", "payments[0].amount"),
    (on_credit("236.00", retention_amount=D(0)), "kept_back_amount", "retention_amount"),
    (with_detraction("236.01"), "kept_back_amount", "detraction.amount"),
    (with_detraction("28.005"), "kept_back_amount", "detraction.amount"),
]

NOTES = [
    (factura(peru=terms(reason_code="01")), "reason_on_invoice", "reason_code"),
    (factura(peru=terms(reason="Por error")), "reason_on_invoice", "reason"),
    (note(reference=None), "reference_missing", "references"),
    (note(""), "reason_code_missing", "reason_code"),
    (note("14"), "reason_code_unknown", "reason_code"),
    (note("1"), "reason_code_unknown", "reason_code"),
    (note("12"), "ivap_not_issued", "reason_code"),
    (note(peru=terms(note().peru, reason="x")), "text_too_short", "reason"),
    (note(peru=terms(note().peru, reason="x" * 501)), "text_too_long", "reason"),
    (note(peru=terms(note().peru, reason=" Error")), "reason_begins_blank", "reason"),
    (
        note(reference=replace(note().reference, comprobante=Comprobante.BOLETA, series="B001")),
        "series_not_of_the_affected",
        "series",
    ),
    (note(reference=replace(note().reference, series="B001")), "reference_series", "references.series"),
    (note(reference=replace(note().reference, number="")), "reference_number", "references.number"),
    (note(issue_date=NOW - timedelta(days=3)), "reference_after_note", "issue_date"),
    (note("03", lines=(line("1"),)), "reason_without_amount", "lines"),
    (
        note("13", lines=(line("1"),), payment_time=PaymentTime.CREDIT, instalments=instalments("100")),
        "reason_without_amount",
        "lines",
    ),
    (note("13"), "instalments_missing", "instalments"),
    (note("13", instalments=instalments("100")), "instalments_missing", "instalments"),
    (
        note("13", payment_time=PaymentTime.CREDIT, instalments=instalments("236.01")),
        "pending_above_total",
        "instalments",
    ),
    (note("07", instalments=instalments("10")), "instalments_on_note", "instalments"),
]


@pytest.mark.parametrize(
    ("draft", "code", "field"),
    [*HEADER, *RECEIVER, *LINES, *PAYMENT, *NOTES],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_incomplete_document_is_refused_by_name(draft: DocumentDraft, code: str, field: str) -> None:
    assert (code, field) in refusals(draft)


def test_a_note_on_a_boleta_knows_no_reason_13() -> None:
    said = terms(BOLETA, reason_code="13", reason="Nuevas cuotas")
    reference = replace(note().reference, series="B001", comprobante=Comprobante.BOLETA)
    draft = note(
        "13", peru=said, reference=reference, payment_time=PaymentTime.CREDIT, instalments=instalments("9")
    )
    assert refusals(draft) == {("reason_only_for_factura", "reason_code")}


def test_all_reasons_are_said_at_once() -> None:
    draft = factura(
        receiver=PERSON,
        peru=terms(series="B001", currency="XXX"),
        lines=(line(unit="und"),),
        payments=(paid("02", "1"),),
    )
    expected = {
        ("identity_not_for_factura", "receiver.identity_type"),
        ("series_shape", "series"),
        ("currency_unknown", "currency"),
        ("unit_shape", "lines[0].unit"),
        ("payments_do_not_add_up", "payments"),
    }
    assert refusals(draft) == expected
    with pytest.raises(RulesBroken) as refused:
        peru.require_complete(draft, now=NOW)
    assert len(refused.value.reasons) == len(expected)


def test_a_draft_of_another_country_is_asked_for_its_terms_and_panama_is_not_disturbed() -> None:
    assert refusals(invoice()) == {("peru_terms_missing", "document_kind")}
    assert peru.warnings(invoice()) == []
    assert panama.reasons(invoice(), now=NOW) == []


def test_the_day_is_limas_and_lasts_until_its_midnight() -> None:
    issued = datetime(2026, 11, 18, 23, 59, tzinfo=LOCAL)
    assert refusals(factura(issue_date=issued), now=datetime(2026, 11, 22, 4, 59, 59, tzinfo=UTC)) == set()
    late = refusals(factura(issue_date=issued), now=datetime(2026, 11, 22, 5, 0, tzinfo=UTC))
    assert late == {("send_by_passed", "issue_date")}


def test_the_days_to_send_are_a_setting() -> None:
    draft = factura(issue_date=NOW - timedelta(days=2))
    strict = {Comprobante.FACTURA: 1, Comprobante.BOLETA: 5}
    assert refusals(draft, send_days=strict) == {("send_by_passed", "issue_date")}


@pytest.mark.parametrize("operation", Operation)
def test_only_some_operations_sell_a_factura_without_ruc(operation: Operation) -> None:
    allowed = peru.identities_allowed(Comprobante.FACTURA, operation)
    assert IdentityType.NONE not in allowed
    if operation in {Operation.LODGING, Operation.NON_DOMICILED_SALE}:
        assert {IdentityType.RUC, IdentityType.PASSPORT} < allowed
    elif operation in EXPORTS:
        assert IdentityType.RUC not in allowed
    elif operation is Operation.DEDUCTIBLE_EXPENSE:
        assert allowed == {IdentityType.RUC, IdentityType.DNI}
    else:
        assert allowed == {IdentityType.RUC}
    assert peru.identities_allowed(Comprobante.BOLETA, operation) == frozenset(IdentityType)


def test_one_instalment_stands_for_the_due_date() -> None:
    draft = with_detraction(instalments=(), due_date=date(2026, 12, 21))
    totals = peru.compute(draft)
    assert peru.instalments_to_send(draft, totals) == (Instalment(1, date(2026, 12, 21), D("208.00")),)
    assert peru.instalments_to_send(factura(due_date=date(2026, 12, 21)), totals) == ()


DOUBTS = [
    (factura(peru=terms(series="0001")), {("series_of_contingency", "series")}),
    (note("11"), {("reason_without_export", "reason_code")}),
    (note("06"), {("full_reversal_in_part", "reason_code")}),
    (note("06", lines=(line(),)), set()),
    (note("07"), set()),
    (factura(lines=(line("1", "0.10"),) * 3), {("igv_rounding", "lines")}),
    (on_credit(receiver=replace(COMPANY, withholds=True)), {("retention_not_said", "retention_amount")}),
    (with_detraction(receiver=replace(COMPANY, withholds=True)), set()),
    (factura(receiver=replace(COMPANY, withholds=True)), set()),
    (factura(lines=(line(affectation=""),)), set()),
]


@pytest.mark.parametrize(("draft", "expected"), DOUBTS)
def test_what_is_seldom_meant_is_shown_and_not_refused(
    draft: DocumentDraft, expected: set[tuple[str, str]]
) -> None:
    assert doubts(draft) == expected


wild = st.decimals(-(10**6), 10**14, allow_nan=False, allow_infinity=False)
words = st.text(max_size=12)
wild_lines = st.builds(
    replace,
    st.just(line()),
    tax_rate=st.sampled_from([D(18), D(0), D(7)]),
    quantity=wild,
    unit_price=wild,
    unit_discount=wild,
    unit=words,
    affectation=st.sampled_from(["10", "11", "17", "20", "40", "", "x"]),
    icbper_bags=st.integers(-2, 3),
)


@given(
    st.sampled_from([factura, boleta, note, on_credit, export]),
    st.lists(wild_lines, max_size=3).map(tuple),
    st.builds(replace, st.just(PERSON), identity_type=words, identity_number=words, name=words),
    st.builds(terms, series=words, currency=words, operation_type=words, reason_code=words, reason=words),
    st.lists(wild.map(lambda amount: Discount("", amount)), max_size=2).map(tuple),
    wild,
)
def test_nonsense_is_refused_and_breaks_nothing(
    make: Any, lines: Any, receiver: Any, said: Any, discounts: Any, change: Decimal
) -> None:
    draft = make(
        lines=lines,
        receiver=receiver,
        peru=said,
        global_discounts=discounts,
        change=change,
        retention_amount=change,
        payments=(paid("02", str(change)),),
    )
    found = peru.reasons(draft, now=NOW)
    assert found
    assert all(reason.message for reason in found)
    assert all(doubt.message for doubt in peru.warnings(draft))
