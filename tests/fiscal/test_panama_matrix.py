"""What Panama demands: every row refuses by its own code and names its member as the JSON document does."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cifras.fiscal import panama
from cifras.fiscal.document import (
    Contributor,
    Discount,
    DocumentDraft,
    ForeignId,
    Instalment,
    Kind,
    OtherTax,
    Payment,
    PaymentTime,
)
from cifras.fiscal.errors import RuleBroken, RulesBroken
from cifras.fiscal.totals import compute
from tests.fiscal.drafts import (
    BUYER_ABROAD,
    COMPANY,
    CONSUMER,
    MINISTRY,
    NOW,
    VISITOR,
    credit,
    export,
    invoice,
    line,
)

D = Decimal
GOVERNMENT_LINE = line(cpbs_code="7210", cpbs_unit="und")


def refusals(draft: DocumentDraft, **options: Any) -> set[tuple[str, str]]:
    """Code and field of every reason; a sentence that can't be filled in fails here."""
    found = panama.reasons(draft, now=options.pop("now", NOW), **options)
    assert all(reason.message and "{" not in reason.message for reason in found)
    return {(reason.code, reason.field) for reason in found}


@pytest.mark.parametrize(
    "draft",
    [
        invoice(),
        credit(),
        export(),
        credit(receiver=BUYER_ABROAD, exportation=export().exportation),
        invoice(receiver=CONSUMER),
        invoice(receiver=replace(CONSUMER, name="")),
        invoice(receiver=replace(CONSUMER, ruc="8-442-445")),
        invoice(receiver=VISITOR),
        invoice(receiver=MINISTRY, lines=(GOVERNMENT_LINE,)),
        invoice(issue_date=NOW - timedelta(days=30)),
        invoice(number="0000000101", security_code="123456789", notes="Gracias"),
    ],
    ids=lambda draft: f"{draft.kind}-{draft.receiver.type}",
)
def test_a_complete_document_passes(draft: DocumentDraft) -> None:
    assert refusals(draft) == set()
    panama.require_complete(draft, now=NOW)


HEADER = [
    (invoice(issue_date=NOW + timedelta(seconds=1)), "issue_date_future", "issue_date"),
    (invoice(issue_date=NOW - timedelta(days=31)), "issue_date_too_old", "issue_date"),
    (invoice(issue_date=NOW.replace(tzinfo=None)), "time_without_zone", "issue_date"),
    (invoice(due_date=date(2026, 11, 20)), "due_date_before_issue", "due_date"),
    (invoice(office_code="1"), "office_code_shape", "office"),
    (invoice(office_code="00a1"), "office_code_shape", "office"),
    (invoice(billing_point="000"), "billing_point_shape", "billing_point"),
    (invoice(billing_point="1"), "billing_point_shape", "billing_point"),
    (invoice(number="101"), "number_shape", "number"),
    (invoice(number="0000000000"), "number_shape", "number"),
    (invoice(security_code="000000000"), "security_code_shape", "security_code"),
    (invoice(notes="x" * 5001), "text_too_long", "notes"),
    (credit(reference=None), "reference_missing", "references"),
    (credit(reference=replace(credit().reference, cufe="")), "reference_cufe", "references.cufe"),
    (credit(issue_date=NOW - timedelta(days=3)), "reference_after_note", "issue_date"),
    (export(exportation=None), "exportation_missing", "exportation"),
    (credit(receiver=BUYER_ABROAD), "exportation_missing", "exportation"),
    (invoice(exportation=export().exportation), "exportation_not_allowed", "exportation"),
    (
        invoice(receiver=VISITOR, exportation=export().exportation),
        "exportation_not_allowed",
        "exportation",
    ),
]


def block(**changes: Any) -> DocumentDraft:
    exportation = export().exportation
    assert exportation is not None
    return export(exportation=replace(exportation, **changes))


EXPORTATION = [
    (block(incoterm="XXX"), "incoterm_unknown", "exportation.incoterm"),
    (block(currency="US$"), "currency_shape", "exportation.currency"),
    (block(amount=D(0)), "exportation_not_positive", "exportation.amount"),
    (block(exchange_rate=D(-1)), "exportation_not_positive", "exportation.exchange_rate"),
    (block(port="x" * 51), "text_too_long", "exportation.port"),
]


def sold_to(party: Any, **changes: Any) -> DocumentDraft:
    lines = (GOVERNMENT_LINE,) if party is MINISTRY else (line(),)
    return invoice(receiver=replace(party, **changes), lines=lines)


RECEIVER = [
    *[
        (sold_to(party, **changes), code, field)
        for party in (COMPANY, MINISTRY)
        for changes, code, field in (
            ({"ruc": ""}, "receiver_ruc_missing", "receiver.ruc"),
            ({"dv": ""}, "receiver_dv_missing", "receiver.dv"),
            ({"contributor": None}, "receiver_contributor_missing", "receiver.contributor"),
            ({"dv": "58"}, "dv_mismatch", "receiver.dv"),
            ({"dv": "9"}, "dv_shape", "receiver.dv"),
            ({"ruc": "155596713/2/2015"}, "ruc_characters", "receiver.ruc"),
            ({"contributor": Contributor.NATURAL}, "ruc_shape", "receiver.ruc"),
            ({"name": "A"}, "text_too_short", "receiver.name"),
            ({"name": "A" * 201}, "text_too_long", "receiver.name"),
            ({"address": "Aquí"}, "text_too_short", "receiver.address"),
            ({"address": "A" * 101}, "text_too_long", "receiver.address"),
            ({"location": ""}, "location_shape", "receiver.location"),
            ({"location": "08-08-07"}, "location_shape", "receiver.location"),
            ({"country": "US"}, "country_not_panama", "receiver.country"),
            ({"country": "Panamá"}, "country_shape", "receiver.country"),
            ({"telephones": ("6000",)}, "telephone_shape", "receiver.telephones[0]"),
            ({"telephones": ("300-1234",) * 4}, "too_many_telephones", "receiver.telephones"),
            ({"emails": ("a@b.pa", "sin-arroba")}, "email_shape", "receiver.emails[1]"),
            ({"emails": (f"{'a' * 46}@b.pa",)}, "email_shape", "receiver.emails[0]"),
            ({"emails": ("a@b.pa",) * 4}, "too_many_emails", "receiver.emails"),
        )
    ],
    (
        sold_to(CONSUMER, ruc="155596713-2-2015"),
        "juridical_ruc_for_final_consumer",
        "receiver.ruc",
    ),
    (
        sold_to(CONSUMER, ruc="8-442-445", contributor=Contributor.JURIDICO),
        "juridical_ruc_for_final_consumer",
        "receiver.ruc",
    ),
    (sold_to(CONSUMER, name="A"), "text_too_short", "receiver.name"),
    (sold_to(CONSUMER, address="Aquí"), "text_too_short", "receiver.address"),
    (sold_to(CONSUMER, location="8-8"), "location_shape", "receiver.location"),
    (sold_to(CONSUMER, country="CO"), "country_not_panama", "receiver.country"),
    (sold_to(VISITOR, foreign_id=None), "foreign_id_missing", "receiver.foreign_id"),
    (sold_to(VISITOR, foreign_id=ForeignId("", "Colombia")), "text_too_short", "receiver.foreign_id.number"),
    (sold_to(VISITOR, foreign_id=ForeignId("X1", "")), "text_too_short", "receiver.foreign_id.country"),
    (sold_to(VISITOR, ruc="8-442-445"), "foreigner_with_ruc", "receiver.ruc"),
    (sold_to(VISITOR, dv="08"), "foreigner_with_dv", "receiver.dv"),
    (sold_to(VISITOR, name="A"), "text_too_short", "receiver.name"),
    (sold_to(VISITOR, address="Aquí"), "text_too_short", "receiver.address"),
    (sold_to(COMPANY, withholds=True), "missing_retention_code", "retention_code"),
    (sold_to(COMPANY, withholds=True, retention_code="5"), "retention_code_unknown", "retention_code"),
    (sold_to(COMPANY, withholds=True, retention_code="8"), "retention_amount", "retention_amount"),
]


def with_line(**changes: Any) -> DocumentDraft:
    """A good line, then the one under test; the payment is that of the good one where the bad one can't be priced."""
    return invoice(lines=(line(), replace(line(), **changes)))


LINES = [
    (invoice(lines=(), payments=()), "lines_missing", "lines"),
    (invoice(lines=(line(),) * 10_000, payments=()), "too_many_lines", "lines"),
    (with_line(description=" "), "text_too_short", "lines[1].description"),
    (with_line(description="x" * 501), "text_too_long", "lines[1].description"),
    (with_line(unit=""), "text_too_short", "lines[1].unit"),
    (with_line(quantity=D(0)), "quantity_not_positive", "lines[1].quantity"),
    (with_line(quantity=D(-1)), "quantity_not_positive", "lines[1].quantity"),
    (with_line(unit_price=D(-1)), "negative_amount", "lines[1].unit_price"),
    (with_line(unit_discount=D(-1)), "negative_amount", "lines[1].unit_discount"),
    (with_line(unit_price=D("0.1234567")), "amount_too_precise", "lines[1].unit_price"),
    (with_line(unit_discount=D("150.01")), "discount_above_price", "lines[1].unit_discount"),
    (with_line(tax_rate=D(18)), "tax_rate_unknown", "lines[1].tax_rate"),
    (with_line(isc_rate=D(-5)), "negative_rate", "lines[1].isc.rate"),
    (with_line(isc_amount=D(-5)), "negative_amount", "lines[1].isc.amount"),
    (with_line(freight=D(-5)), "negative_amount", "lines[1].freight"),
    (with_line(oti=(OtherTax("12", D(1)),)), "oti_code_unknown", "lines[1].oti[0].code"),
    (
        with_line(oti=(OtherTax("01", D(1)), OtherTax("02", D(-1)))),
        "negative_amount",
        "lines[1].oti[1].amount",
    ),
    (with_line(cpbs_code="901"), "cpbs_shape", "lines[1].cpbs_code"),
    (
        invoice(receiver=MINISTRY, lines=(GOVERNMENT_LINE, line(cpbs_unit="und"))),
        "missing_cpbs_code",
        "lines[1].cpbs_code",
    ),
    (
        invoice(receiver=MINISTRY, lines=(GOVERNMENT_LINE, line(cpbs_code="7210"))),
        "missing_cpbs_unit",
        "lines[1].cpbs_unit",
    ),
    (
        credit(receiver=MINISTRY, lines=(line(cpbs_unit="und"),)),
        "missing_cpbs_code",
        "lines[0].cpbs_code",
    ),
]


def paid(*payments: tuple[str, str], **changes: Any) -> DocumentDraft:
    """A sale of 321.00, paid as said."""
    return invoice(payments=tuple(Payment(method, D(amount)) for method, amount in payments), **changes)


def on_term(*parts: tuple[int, str, str], **changes: Any) -> DocumentDraft:
    """A sale of 321.00 on credit, in the instalments given."""
    instalments = tuple(
        Instalment(number, date.fromisoformat(due), D(amount)) for number, due, amount in parts
    )
    return paid(
        ("01", "321.00"), **{"payment_time": PaymentTime.CREDIT, "instalments": instalments, **changes}
    )


MIXED = {"payment_time": PaymentTime.MIXED}
PAYMENTS = [
    (invoice(payments=()), "payments_missing", "payments"),
    (paid(*[("03", "32.10")] * 10, ("03", "0.00")), "too_many_payments", "payments"),
    (paid(("10", "321.00")), "payment_method_unknown", "payments[0].method"),
    (paid(("02", "300.00"), ("99", "21.00")), "text_too_short", "payments[1].description"),
    (paid(("02", "321.00"), ("03", "0.00")), "payment_amount", "payments[1].amount"),
    (paid(("02", "331.00"), ("03", "-10.00")), "payment_amount", "payments[1].amount"),
    (paid(("02", "320.995"), ("03", "0.005")), "payment_amount", "payments[0].amount"),
    (paid(("02", "320.99")), "payments_do_not_add_up", "payments"),
    (paid(("03", "321.01")), "payments_do_not_add_up", "payments"),
    (paid(("03", "320.00"), ("02", "0.50"), ("08", "1.01")), "payments_do_not_add_up", "payments"),
    (paid(("02", "350.00"), change=D("30.00")), "change_does_not_match", "change"),
    (paid(("02", "321.00"), change=D("1.00")), "change_does_not_match", "change"),
    (credit(payments=(Payment("02", D("350.00")),)), "payments_do_not_add_up", "payments"),
    (paid(("01", "321.00")), "credit_on_cash_sale", "payment_time"),
    (paid(("01", "321.00"), due_date=date(2026, 12, 21), **MIXED), "mixed_sale_incomplete", "payments"),
    (paid(("02", "321.00"), due_date=date(2026, 12, 21), **MIXED), "mixed_sale_incomplete", "payments"),
    (
        paid(("02", "321.00"), instalments=(Instalment(1, date(2026, 12, 1), D("321.00")),)),
        "instalments_on_cash_sale",
        "instalments",
    ),
    (on_term(), "instalments_missing", "instalments"),
    (on_term((1, "2026-12-21", "320.99")), "instalments_do_not_add_up", "instalments"),
    (
        on_term((1, "2026-12-21", "321.00"), (3, "2027-01-21", "0.00")),
        "instalment_sequence",
        "instalments[1].sequence",
    ),
    (on_term((0, "2026-12-21", "321.00")), "instalment_sequence", "instalments[0].sequence"),
    (
        on_term((1, "2026-12-21", "321.00"), (2, "2027-01-21", "0.00")),
        "instalment_amount",
        "instalments[1].amount",
    ),
    (on_term((1, "2026-11-20", "321.00")), "instalment_due_date", "instalments[0].due_date"),
    (
        on_term((1, "2027-01-21", "160.50"), (2, "2026-12-21", "160.50")),
        "instalment_due_date",
        "instalments[1].due_date",
    ),
    (
        paid(
            ("02", "121.00"),
            ("01", "200.00"),
            instalments=(Instalment(1, date(2026, 12, 1), D("321.00")),),
            **MIXED,
        ),
        "instalments_do_not_add_up",
        "instalments",
    ),
]

AMOUNTS = [
    (
        invoice(global_discounts=(Discount("x", D("300.01")),), payments=()),
        "discount_above_lines",
        "global_discounts",
    ),
    (
        invoice(global_discounts=(Discount("x", D("5")), Discount("y", D("0")))),
        "discount_not_positive",
        "global_discounts[1].amount",
    ),
    (
        invoice(global_discounts=(Discount("x", D("321.01")),), discounts_after_tax=True),
        "total_negative",
        "global_discounts",
    ),
    (invoice(freight=D(-1)), "negative_amount", "freight"),
    (invoice(insurance=D(-1)), "negative_amount", "insurance"),
    (invoice(freight=D(1), lines=(line(freight=D(1)),)), "charge_given_twice", "freight"),
]


@pytest.mark.parametrize(
    ("draft", "code", "field"), [*HEADER, *EXPORTATION, *RECEIVER, *LINES, *PAYMENTS, *AMOUNTS]
)
def test_each_row_refuses_by_its_own_code_and_names_its_member(
    draft: DocumentDraft, code: str, field: str
) -> None:
    assert (code, field) in refusals(draft)
    with pytest.raises(RuleBroken):
        panama.require_complete(draft, now=NOW)


@pytest.mark.parametrize(
    "draft",
    [
        paid(("02", "350.00")),
        paid(("02", "350.00"), change=D("29.00")),
        paid(("03", "300.00"), ("02", "25.00")),
        invoice(payments=(Payment("03", D("221.00")), Payment("99", D("100.00"), "Vale de regalo"))),
        on_term((1, "2026-12-21", "321.00")),
        on_term((1, "2026-12-21", "160.50"), (2, "2026-12-21", "160.50")),
        on_term(due_date=date(2026, 12, 21)),
        paid(
            ("02", "121.00"),
            ("01", "200.00"),
            instalments=(Instalment(1, date(2026, 12, 1), D("200.00")),),
            **MIXED,
        ),
        invoice(lines=(line("1", "0.00"),), payments=()),
        invoice(global_discounts=(Discount("x", D("21.00")),)),
        invoice(global_discounts=(Discount("x", D("21.00")),), discounts_after_tax=True),
        credit(payment_time=PaymentTime.CREDIT),
    ],
)
def test_payments_that_add_up_pass(draft: DocumentDraft) -> None:
    assert refusals(draft) == set()


def test_all_reasons_are_told_at_once() -> None:
    bad = invoice(
        receiver=replace(MINISTRY, dv="58", location=""),
        lines=(line(tax_rate="18"), line("0")),
        billing_point="000",
        payments=(Payment("02", D("1.00")),),
    )
    assert refusals(bad) >= {
        ("billing_point_shape", "billing_point"),
        ("dv_mismatch", "receiver.dv"),
        ("location_shape", "receiver.location"),
        ("tax_rate_unknown", "lines[0].tax_rate"),
        ("quantity_not_positive", "lines[1].quantity"),
        ("missing_cpbs_code", "lines[0].cpbs_code"),
        ("missing_cpbs_unit", "lines[1].cpbs_unit"),
        ("payments_do_not_add_up", "payments"),
    }
    with pytest.raises(RulesBroken) as refused:
        panama.require_complete(bad, now=NOW)
    assert len(refused.value.reasons) >= 8


def test_a_dv_the_paper_leaves_open_is_left_to_the_provider() -> None:
    open_case = replace(COMPANY, contributor=Contributor.NATURAL, ruc="N-7824-53189", dv="73")
    assert refusals(invoice(receiver=open_case)) == set()


def test_the_age_of_a_document_is_counted_in_local_days_and_its_limit_is_a_setting() -> None:
    evening = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)  # still the 19th in Panama
    for now, passes in ((NOW, True), (NOW + timedelta(days=1), False)):
        assert (refusals(invoice(issue_date=evening), now=now, max_backdate_days=2) == set()) is passes


def test_the_totals_the_payload_will_agree_with_may_be_given() -> None:
    draft = invoice(lines=(line("1", "0.22"),) * 3, payments=(Payment("02", D("0.71")),))
    assert refusals(draft, totals=compute(draft, itbms_rounding="total")) == set()
    assert refusals(draft) == {("payments_do_not_add_up", "payments")}


@pytest.mark.parametrize(
    ("draft", "document_type", "nature", "destination", "receiver", "sale_type"),
    [
        (invoice(), "01", "01", 1, "01", 1),
        (invoice(receiver=CONSUMER), "01", "01", 1, "02", 1),
        (invoice(receiver=MINISTRY), "01", "01", 1, "03", 1),
        (invoice(receiver=VISITOR), "01", "01", 1, "04", 1),
        (export(), "03", "02", 2, "04", 1),
        (credit(), "04", "01", 1, "01", None),
        (credit(receiver=BUYER_ABROAD), "04", "01", 2, "04", None),
    ],
)
def test_the_codes_that_follow_from_what_a_draft_is(
    draft: DocumentDraft,
    document_type: str,
    nature: str,
    destination: int,
    receiver: str,
    sale_type: int | None,
) -> None:
    assert panama.document_type(draft) == document_type
    assert panama.nature(draft) == nature
    assert panama.destination(draft) == destination
    assert panama.receiver_type_code(draft) == receiver
    assert panama.sale_type(draft) == sale_type


@pytest.mark.parametrize(
    ("time", "code"), [(PaymentTime.CASH, 1), (PaymentTime.CREDIT, 2), (PaymentTime.MIXED, 3)]
)
def test_the_payment_term_has_its_code(time: PaymentTime, code: int) -> None:
    assert panama.payment_term(invoice(payment_time=time)) == code


@pytest.mark.parametrize(
    ("party", "changes", "sent"),
    [
        (COMPANY, {}, "155596713-2-2015"),
        (COMPANY, {"ruc": " 155596713-2-2015 "}, "155596713-2-2015"),
        (CONSUMER, {}, ""),
        (CONSUMER, {"ruc": "8-442-445"}, "8-442-445"),
        (CONSUMER, {"ruc": "8-442-445", "dv": "08"}, "8-442-445"),
        (CONSUMER, {"ruc": "8-442-445", "dv": "09"}, ""),
        (CONSUMER, {"ruc": "N-7824-53189", "dv": "73"}, "N-7824-53189"),
        (CONSUMER, {"ruc": "pe-1-19"}, "PE-1-19"),
        (CONSUMER, {"ruc": "8442445"}, ""),
        (CONSUMER, {"ruc": "no tiene"}, ""),
        (CONSUMER, {"ruc": "8-NT-1-24"}, ""),
        (CONSUMER, {"ruc": "8-NT-1-24", "contributor": Contributor.NATURAL}, "8-NT-1-24"),
        (CONSUMER, {"ruc": "155596713-2-2015"}, ""),
        (VISITOR, {"ruc": "8-442-445"}, ""),
    ],
)
def test_the_ruc_that_leaves(party: Any, changes: dict[str, Any], sent: str) -> None:
    assert panama.ruc_to_send(replace(party, **changes)) == sent


@pytest.mark.parametrize("ruc", ["8442445", "no tiene", "8-NT-1-24"])
def test_a_final_consumers_ruc_that_is_no_persons_is_left_out_and_not_refused(ruc: str) -> None:
    assert refusals(invoice(receiver=replace(CONSUMER, ruc=ruc))) == set()


WITHHOLDER = replace(COMPANY, withholds=True, retention_code="4")


def test_the_receivers_code_decides_what_is_withheld_and_the_documents_own_goes_first() -> None:
    draft = invoice(receiver=WITHHOLDER)
    totals = compute(draft)
    assert panama.retention_of(draft, totals) == panama.RetentionDue("4", D("10.50"))
    own = replace(draft, retention_code="1")
    assert panama.retention_of(own, totals) == panama.RetentionDue("1", D("21.00"))
    free = replace(draft, retention_code="8", retention_amount=D("5.00"))
    assert panama.retention_of(free, totals) == panama.RetentionDue("8", D("5.00"))
    assert totals.total == D("321.00")


def test_nothing_is_withheld_without_tax_by_others_or_on_a_note_unless_it_is_set() -> None:
    exempt = invoice(receiver=replace(WITHHOLDER, retention_code=""), lines=(line(tax_rate="0"),))
    assert panama.retention_of(exempt, compute(exempt)) is None
    assert refusals(exempt) == set()
    plain = invoice(retention_code="4")
    assert panama.retention_of(plain, compute(plain)) is None
    note = credit(receiver=WITHHOLDER)
    assert panama.retention_of(note, compute(note)) is None
    assert panama.retention_of(note, compute(note), on_notes=True) == panama.RetentionDue("4", D("10.50"))


def test_a_missing_retention_code_has_a_name() -> None:
    draft = invoice(receiver=replace(WITHHOLDER, retention_code=""))
    with pytest.raises(panama.MissingRetentionCode):
        panama.retention_of(draft, compute(draft))
    with pytest.raises(panama.MissingRetentionCode):
        panama.require_complete(draft, now=NOW)


def test_a_sale_on_term_without_instalments_is_sent_with_one_on_its_due_date() -> None:
    draft = on_term(due_date=date(2026, 12, 21))
    assert panama.instalments_to_send(draft, compute(draft)) == (
        Instalment(1, date(2026, 12, 21), D("321.00")),
    )
    planned = on_term((1, "2026-12-21", "321.00"), due_date=date(2027, 1, 1))
    assert panama.instalments_to_send(planned, compute(planned)) == planned.instalments
    cash = invoice(due_date=date(2026, 12, 21))
    assert panama.instalments_to_send(cash, compute(cash)) == ()


def test_untaxed_freight_on_a_taxed_sale_is_a_warning() -> None:
    fields = [
        warning.field for warning in panama.warnings(invoice(freight=D(1), lines=(line(insurance=D(1)),)))
    ]
    assert fields == ["lines[0].insurance", "freight"]
    assert panama.warnings(invoice(freight=D(1), lines=(line(tax_rate="0"),))) == []
    assert all(warning.message for warning in panama.warnings(invoice(freight=D(1))))


WORDS = st.text(max_size=12)


@given(
    st.builds(
        lambda party, **changes: replace(party, **changes),
        st.sampled_from([COMPANY, MINISTRY, CONSUMER, VISITOR, BUYER_ABROAD]),
        name=WORDS,
        ruc=WORDS,
        dv=WORDS,
        address=WORDS,
        location=WORDS,
        country=WORDS | st.just("PA"),
        telephones=st.lists(WORDS, max_size=4).map(tuple),
        emails=st.lists(WORDS, max_size=4).map(tuple),
        withholds=st.booleans(),
        retention_code=WORDS,
    ),
    st.sampled_from(Kind),
    st.sampled_from(PaymentTime),
    WORDS,
)
def test_whatever_a_form_brings_is_answered_with_reasons(
    party: Any, kind: Kind, time: PaymentTime, text: str
) -> None:
    draft = invoice(
        kind=kind,
        receiver=party,
        payment_time=time,
        billing_point=text,
        office_code=text,
        lines=(line(description=text, unit=text, cpbs_code=text),),
    )
    for reason in panama.reasons(draft, now=NOW):
        assert reason.code
        assert reason.field
        assert reason.message
    assert panama.ruc_to_send(party) == "" or party.ruc
