"""Documents are added up to the cent as the DGI and the provider add them."""

from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cifras.fiscal.catalogues.dgi import itbms_rate
from cifras.fiscal.document import Discount, DocumentDraft, Line, OtherTax, Payment
from cifras.fiscal.errors import RuleBroken
from cifras.fiscal.totals import (
    Totals,
    compute,
    effective_unit_discount,
    line_net,
    retention,
    spread_discounts,
)
from tests.fiscal.drafts import invoice, line, read_json

CENT = Decimal("0.01")
MEASURED = read_json("totals.json")
REQUESTS = read_json("requests.json")


def D(value: Any) -> Decimal:  # noqa: N802
    return Decimal(str(value))


@pytest.mark.parametrize("case", MEASURED, ids=lambda case: str(case["source"])[:20])
def test_a_document_sent_to_the_dgi_is_added_up_alike(case: dict[str, Any]) -> None:
    lines = tuple(
        line(
            str(row["qty"]),
            row["unit_price"],
            str(itbms_rate(row["itbms_code"])),
            unit_discount=D(row["unit_discount"]),
            freight=D(row["freight"]),
            insurance=D(row["insurance"]),
        )
        for row in case["lines"]
    )
    expected = case["totals"]
    draft = invoice(
        lines=lines,
        global_discounts=(Discount("Descuento", D(case["global_discount"])),),
        discounts_after_tax=True,
        payments=(Payment("02", D(expected["dTotRec"])),),
    )
    totals = compute(draft)
    for added, row in zip(totals.lines, case["lines"], strict=True):
        assert (added.net, added.itbms, added.total) == (
            D(row["line_net"]),
            D(row["itbms"]),
            D(row["line_total"]),
        )
    assert {
        "dTotNeto": totals.net,
        "dTotITBMS": totals.itbms,
        "dTotGravado": totals.taxes,
        "dTotDesc": totals.discount,
        "dVTotItems": totals.items_total,
        "dVTot": totals.total,
        "dTotRec": totals.received,
        "dNroItems": len(totals.lines),
    } == {name: D(value) for name, value in expected.items()}
    assert totals.change == 0


def draft_of(case: dict[str, Any]) -> DocumentDraft:
    lines = tuple(
        line(
            row["quantity"],
            row["unit_price"],
            str(itbms_rate(row["itbms"])),
            unit_discount=D(row["unit_discount"]),
        )
        for row in case["lines"]
    )
    return invoice(
        lines=lines, payments=tuple(Payment(method, D(amount)) for method, amount in case["payments"])
    )


@pytest.mark.parametrize("case", REQUESTS, ids=lambda case: str(case["name"]))
def test_the_providers_examples_are_added_up_alike(case: dict[str, Any]) -> None:
    totals = compute(draft_of(case))
    expected = case["expected"]
    assert (totals.net, totals.itbms, totals.total) == (
        D(expected["net"]),
        D(expected["itbms"]),
        D(expected["total"]),
    )
    assert totals.received == totals.total
    if case["retention"]:
        assert retention(case["retention"]["code"], totals.itbms) == D(case["retention"]["amount"])


def test_base_and_tax_are_kept_by_rate() -> None:
    mixed = next(case for case in REQUESTS if "mixed" in case["name"])
    by_rate = compute(draft_of(mixed)).by_rate
    assert {str(rate): (str(entry.base), str(entry.tax)) for rate, entry in by_rate.items()} == {
        "0": ("36.80", "0.00"),
        "7": ("15.50", "1.09"),
        "10": ("95.00", "9.50"),
        "15": ("14.50", "2.18"),
    }


def test_isc_and_oti_enter_the_line_and_the_sum_of_taxes_but_not_the_base_of_the_itbms() -> None:
    taxed = line(
        "1", "100.00", isc_amount=D("5.005"), oti=(OtherTax("01", D("1.00")), OtherTax("10", D("0.25")))
    )
    totals = compute(invoice(lines=(taxed,)))
    assert (totals.itbms, totals.isc, totals.oti) == (D("7.00"), D("5.01"), D("1.25"))
    assert totals.taxes == D("13.26")
    assert totals.total == totals.items_total == D("113.26")


def test_freight_and_insurance_of_the_document_are_added_untaxed() -> None:
    totals = compute(invoice(lines=(line("1", "100.00"),), freight=D("5.00"), insurance=D("2.50")))
    assert (totals.itbms, totals.items_total, totals.total) == (D("7.00"), D("107.00"), D("114.50"))


def test_what_is_received_above_the_total_is_change() -> None:
    totals = compute(invoice(lines=(line("1", "10.00"),), payments=(Payment("02", D("20.00")),)))
    assert (totals.total, totals.received, totals.change) == (D("10.70"), D("20.00"), D("9.30"))


def test_rounding_by_line_and_on_the_total_may_differ_and_both_can_be_shown() -> None:
    draft = invoice(lines=(line("1", "0.22"),) * 3)
    assert compute(draft).itbms == D("0.06")
    assert compute(draft, itbms_rounding="total").itbms == D("0.05")


def test_the_taxes_by_rate_add_up_when_the_total_is_rounded() -> None:
    draft = invoice(lines=(line("1", "0.05", "10"), line("1", "0.0714", "7"), line("1", "9.99", "15")))
    totals = compute(draft, itbms_rounding="total")
    assert sum(entry.tax for entry in totals.by_rate.values()) == totals.itbms


def test_a_global_discount_lowers_the_tax_unless_it_is_applied_after_it() -> None:
    discounts = (Discount("Cliente frecuente", D("30.00")),)
    lines = (line("1", "100.00"), line("1", "200.00", "0"))
    before = compute(invoice(lines=lines, global_discounts=discounts))
    after = compute(invoice(lines=lines, global_discounts=discounts, discounts_after_tax=True))
    assert [added.net for added in before.lines] == [D("90.00"), D("180.00")]
    assert (before.itbms, before.discount, before.total) == (D("6.30"), 0, D("276.30"))
    assert (after.itbms, after.discount, after.total) == (D("7.00"), D("30.00"), D("277.00"))


def test_a_spread_discount_is_not_spread_twice() -> None:
    draft = invoice(lines=(line("3", "33.33"),) * 3, global_discounts=(Discount("x", D("10.00")),))
    once = spread_discounts(draft)
    assert sorted(spread.discount_share for spread in once.lines) == [D("3.33"), D("3.33"), D("3.34")]
    assert spread_discounts(once) == once
    assert compute(once) == compute(draft)


def test_a_discount_above_the_lines_is_refused() -> None:
    with pytest.raises(RuleBroken) as refused:
        spread_discounts(replace(invoice(), global_discounts=(Discount("x", D("300.01")),)))
    assert (refused.value.code, refused.value.field) == ("discount_above_lines", "global_discounts")
    assert "300.01" in refused.value.message


def test_a_discount_may_take_the_whole_price_even_where_a_half_cent_was_rounded_up() -> None:
    totals = compute(invoice(lines=(line("1", "0.005"),), global_discounts=(Discount("x", CENT),)))
    assert totals.net == 0
    assert totals.lines[0].unit_discount == D("0.005")


def test_a_quantity_too_large_for_six_decimals_leaves_its_cents_to_another_line() -> None:
    lines = (line("1000000", "1.00"), line("1", "100.00"))
    draft = invoice(lines=lines, global_discounts=(Discount("x", D("33.33")),))
    spread = spread_discounts(draft)
    assert sum(entry.discount_share for entry in spread.lines) == D("33.33")
    assert spread.lines[0].discount_share % 1 == 0, "a millionth per unit is a whole balboa"
    assert compute(draft).net == D("1000100.00") - D("33.33")


@pytest.mark.parametrize(
    ("code", "free", "expected"),
    [
        ("1", None, "84.01"),
        ("2", None, "42.01"),
        ("3", None, "84.01"),
        ("4", None, "42.01"),
        ("7", None, "42.01"),
        ("8", "10.5", "10.50"),
    ],
)
def test_what_is_withheld_by_code(code: str, free: str | None, expected: str) -> None:
    assert retention(code, D("84.01"), free and D(free)) == D(expected)


@pytest.mark.parametrize(
    ("code", "free", "refusal"),
    [
        ("5", None, "retention_code_unknown"),
        ("", None, "retention_code_unknown"),
        ("8", None, "retention_amount"),
        ("8", "0", "retention_amount"),
        ("8", "84.02", "retention_amount"),
    ],
)
def test_a_retention_that_cannot_be_is_refused(code: str, free: str | None, refusal: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        retention(code, D("84.01"), free and D(free))
    assert refused.value.code == refusal
    assert refused.value.message


def cents(largest: int) -> st.SearchStrategy[Decimal]:
    return st.integers(0, largest).map(lambda value: Decimal(value) / 100)


def millionths(largest: int) -> st.SearchStrategy[Decimal]:
    return st.integers(0, largest * 10**6).map(lambda value: Decimal(value) / 10**6)


@st.composite
def priced_lines(draw: st.DrawFn, *, most: int = 10_000) -> Line:
    price = draw(cents(10**6) | millionths(1000))
    quantity = draw(st.integers(1, most).map(Decimal) | millionths(most).filter(bool))
    discount = draw(st.just(Decimal(0)) | cents(10**4).map(lambda value: min(value, price)))
    rate = draw(st.sampled_from(["0", "7", "10", "15"]))
    oti = draw(st.lists(cents(1000).map(lambda value: OtherTax("01", value)), max_size=2))
    return line(
        str(quantity),
        str(price),
        rate,
        unit_discount=discount,
        isc_amount=draw(cents(1000)),
        oti=tuple(oti),
        freight=draw(st.just(Decimal(0)) | cents(1000)),
    )


@st.composite
def discounted_drafts(draw: st.DrawFn, *, most: int = 10_000) -> DocumentDraft:
    lines = tuple(draw(st.lists(priced_lines(most=most), min_size=1, max_size=6)))
    nets = sum((line_net(entry) for entry in lines), Decimal(0))
    discount = draw(st.integers(0, int(nets * 100))) / Decimal(100)
    discounts = (Discount("x", discount),) if discount else ()
    return invoice(
        lines=lines,
        global_discounts=discounts,
        discounts_after_tax=draw(st.booleans()),
        payments=(Payment("02", draw(cents(10**8))),),
    )


def assert_sums(totals: Totals) -> None:
    assert totals.net == sum(added.net for added in totals.lines)
    assert totals.taxes == totals.itbms + totals.isc + totals.oti
    assert totals.total == totals.items_total + totals.freight + totals.insurance - totals.discount
    assert totals.net == sum(entry.base for entry in totals.by_rate.values())
    assert totals.itbms == sum(entry.tax for entry in totals.by_rate.values())
    assert totals.change == max(totals.received - totals.total, 0)
    charges = totals.items_total - totals.net - totals.taxes
    assert charges >= 0, "what is left are the lines' freight and insurance"
    for name in ("net", "itbms", "isc", "oti", "items_total", "total", "received", "change"):
        assert getattr(totals, name).as_tuple().exponent == -2, name


@given(discounted_drafts(), st.sampled_from(["line", "total"]))
def test_the_sums_hold_whatever_is_sold(draft: DocumentDraft, rounding: Any) -> None:
    totals = compute(draft, itbms_rounding=rounding)
    assert_sums(totals)
    freight = sum((entry.freight for entry in draft.lines), Decimal(0))
    assert totals.items_total == totals.net + totals.taxes + freight


def recomputed(entry: Line, unit_discount: Decimal) -> Decimal:
    """What a provider makes of the payload's figures per unit."""
    return (entry.quantity * (entry.unit_price - unit_discount)).quantize(CENT, ROUND_HALF_UP)


@given(discounted_drafts(most=10**8))
def test_a_provider_that_recomputes_from_the_figures_per_unit_agrees_to_the_cent(
    draft: DocumentDraft,
) -> None:
    for entry, added in zip(draft.lines, compute(draft).lines, strict=True):
        assert added.unit_discount == added.unit_discount.quantize(Decimal("0.000001"))
        assert 0 <= added.unit_discount <= entry.unit_price
        assert recomputed(entry, added.unit_discount) == added.net


@given(discounted_drafts())
def test_the_shares_add_up_to_the_discount_for_every_usual_quantity(draft: DocumentDraft) -> None:
    spread = spread_discounts(replace(draft, discounts_after_tax=False))
    discount = sum((entry.amount for entry in draft.global_discounts), Decimal(0))
    assert sum(entry.discount_share for entry in spread.lines) == discount
    for entry, plain in zip(spread.lines, draft.lines, strict=True):
        assert line_net(entry) == line_net(plain) - entry.discount_share >= 0
        assert effective_unit_discount(entry) >= plain.unit_discount - Decimal("0.01") / entry.quantity


@given(discounted_drafts(most=10**8))
def test_spreading_again_changes_nothing(draft: DocumentDraft) -> None:
    spread = spread_discounts(draft)
    assert spread_discounts(spread) == spread
    assert compute(spread) == compute(draft)
