"""Peru's arithmetic: the contract's samples, what is free or untaxed, discounts, bags, and the rounding of the IGV."""

from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cifras.fiscal import peru
from cifras.fiscal.catalogues.sunat_taxes import Affectation, PriceKind
from cifras.fiscal.document import Discount, Line
from cifras.fiscal.errors import RulesBroken
from cifras.fiscal.money import is_whole_cents
from tests.fiscal.drafts import LOCAL, NOW
from tests.fiscal.peru_drafts import factura, line, terms, untaxed

D = Decimal
IN_2021 = datetime(2021, 1, 26, 7, 23, tzinfo=LOCAL)


def priced(price: str, quantity: str = "1") -> Line:
    """A taxed line from its price with IGV."""
    return line(quantity, str(peru.unit_value_of(D(price))))


def test_two_at_118_make_236() -> None:
    totals = peru.compute(factura(lines=(priced("118", "2"),)))
    assert (totals.taxed, totals.igv, totals.total) == (D("200.00"), D("36.00"), D("236.00"))
    assert totals.lines[0].unit_price == D(118)
    assert totals.lines[0].price_kind is PriceKind.WITH_TAX
    assert totals.igv_difference == 0


def test_41_is_rounded_half_up_a_cent_above_the_providers_sample() -> None:
    totals = peru.compute(factura(lines=(priced("41"),)))
    assert (totals.taxed, totals.igv, totals.total) == (D("34.75"), D("6.26"), D("41.01"))


def test_the_providers_whole_sample_with_a_plastic_bag() -> None:
    lines = (line("1", "34.75"), line("1", "41.53"), line("1", "0.17", icbper_bags=1))
    totals = peru.compute(factura(lines=lines, issue_date=IN_2021))
    assert (totals.taxed, totals.igv, totals.icbper) == (D("76.45"), D("13.76"), D("0.40"))
    assert totals.total == D("90.61")
    assert totals.igv_difference == D("-0.01")  # 6.26 + 7.48 + 0.03 by line


@pytest.mark.parametrize("code", Affectation)
def test_each_affectation_goes_to_its_own_sum(code: Affectation) -> None:
    rate = "18" if code.is_taxed else "0"
    totals = peru.compute(factura(lines=(line("1", "100", rate, affectation=code),)))
    tax = D("18.00") if code.is_taxed else D("0.00")
    sums = {
        "taxed": totals.taxed,
        "exonerated": totals.exonerated,
        "unaffected": totals.unaffected,
        "exported": totals.exported,
        "free": totals.free,
    }
    home = {"10": "taxed", "17": "taxed", "20": "exonerated", "30": "unaffected", "40": "exported"}
    assert {name for name, amount in sums.items() if amount} == {home.get(code, "free")}
    assert sum(sums.values()) == D(100)
    if code.is_free:
        assert (totals.net, totals.igv, totals.total, totals.free_tax) == (0, 0, 0, tax)
        assert totals.lines[0].price_kind is PriceKind.REFERENCE
        assert totals.lines[0].unit_price == D(100)
        assert totals.by_rate == {}
    else:
        assert (totals.net, totals.igv, totals.total, totals.free_tax) == (100, tax, 100 + tax, 0)


def test_a_mixed_document_keeps_its_bases_apart() -> None:
    lines = (line(), untaxed("20", "50"), untaxed("30", "30"), line("1", "10", affectation="15"))
    totals = peru.compute(factura(lines=lines))
    assert (totals.taxed, totals.exonerated, totals.unaffected, totals.free) == (200, 50, 30, 10)
    assert (totals.igv, totals.free_tax, totals.total) == (D("36.00"), D("1.80"), D("316.00"))
    assert {rate: (row.base, row.tax) for rate, row in totals.by_rate.items()} == {
        D(0): (D("80.00"), D("0.00")),
        D(18): (D("200.00"), D("36.00")),
    }


def test_the_documents_igv_is_rounded_once() -> None:
    totals = peru.compute(factura(lines=(line("1", "0.10"),) * 3))
    assert [each.itbms for each in totals.lines] == [D("0.02")] * 3
    assert (totals.igv, totals.igv_difference, totals.total) == (D("0.05"), D("-0.01"), D("0.35"))


def test_a_line_discount_lowers_the_base() -> None:
    totals = peru.compute(factura(lines=(line(unit_discount=D("10")),)))
    assert (totals.taxed, totals.igv, totals.total) == (D("180.00"), D("32.40"), D("212.40"))


def test_a_global_discount_lowers_the_igv_and_leaves_what_is_free_alone() -> None:
    lines = (line("1", "100", affectation="12"), line(), untaxed("20", "100"))
    totals = peru.compute(factura(lines=lines, global_discounts=(Discount("Campaña", D(30)),)))
    assert (totals.taxed, totals.exonerated, totals.free) == (D("180.00"), D("90.00"), D("100.00"))
    assert (totals.igv, totals.total, totals.discount) == (D("32.40"), D("302.40"), 0)


def test_a_discount_after_tax_lowers_only_what_is_paid() -> None:
    draft = factura(global_discounts=(Discount("Pronto pago", D(6)),), discounts_after_tax=True)
    totals = peru.compute(draft)
    assert (totals.taxed, totals.igv, totals.discount, totals.total) == (200, 36, 6, 230)


def test_bags_pay_even_on_what_is_given_away_and_are_no_base() -> None:
    lines = (line("3", "0.20", affectation="16", icbper_bags=3),)
    totals = peru.compute(factura(lines=lines, issue_date=IN_2021))
    assert (totals.icbper, totals.net, totals.igv, totals.total) == (D("1.20"), 0, 0, D("1.20"))


def test_the_amount_of_a_bag_is_data() -> None:
    totals = peru.compute(factura(lines=(line(icbper_bags=2),)), icbper={2026: D("0.75")})
    assert (totals.icbper, totals.total) == (D("1.50"), D("237.50"))


def test_the_year_of_a_bag_is_limas() -> None:
    new_year = datetime(2022, 1, 1, 3, 0, tzinfo=NOW.tzinfo).astimezone(LOCAL)
    assert new_year.year == 2022
    with pytest.raises(Exception, match="2022"):
        peru.compute(factura(lines=(line(icbper_bags=1),), issue_date=new_year))
    eve = datetime.fromisoformat("2022-01-01T04:59:59+00:00")
    assert peru.compute(factura(lines=(line(icbper_bags=1),), issue_date=eve)).icbper == D("0.40")


def test_everything_that_cannot_be_added_up_is_said_at_once() -> None:
    lines = (line(affectation="99"), line(icbper_bags=1), line(affectation=""))
    with pytest.raises(RulesBroken) as refused:
        peru.compute(factura(lines=lines, peru=terms(currency="USD")))
    assert [(reason.code, reason.field) for reason in refused.value.reasons] == [
        ("affectation_unknown", "lines[0].affectation"),
        ("icbper_currency", "lines[1].icbper_bags"),
        ("icbper_year_unknown", "lines[1].icbper_bags"),
        ("affectation_unknown", "lines[2].affectation"),
    ]


prices = st.decimals("0.01", "99999", places=10)
quantities = st.decimals("0.001", "9999", places=3)


@st.composite
def some_lines(draw: st.DrawFn) -> tuple[Line, ...]:
    def one() -> Line:
        code = draw(st.sampled_from([code for code in Affectation if code is not Affectation.IVAP]))
        rate = "18" if code.is_taxed else "0"
        return line(str(draw(quantities)), str(draw(prices)), rate, affectation=code)

    return tuple(one() for _ in range(draw(st.integers(1, 12))))


@given(some_lines(), st.booleans())
def test_the_sums_hold_whatever_the_lines(lines: tuple[Line, ...], is_discounted: bool) -> None:
    plain = peru.compute(factura(lines=lines))
    discount = (Discount("", min(plain.net, D("3.33"))),) if is_discounted and plain.net else ()
    totals = peru.compute(factura(lines=lines, global_discounts=discount))
    bases = totals.taxed + totals.exonerated + totals.unaffected + totals.exported
    assert totals.net == bases == sum(row.base for row in totals.by_rate.values())
    assert totals.total == totals.net + totals.igv == totals.items_total
    assert is_whole_cents(totals.total)
    assert abs(totals.igv - totals.taxed * 18 / 100) <= D("0.005")
    assert abs(totals.igv_difference) <= D("0.01") * len(lines)
    assert totals.free == plain.free
    assert all(each.net >= 0 and each.reference_value >= 0 for each in totals.lines)


@given(st.decimals("0.01", "999999", places=2))
def test_a_price_with_igv_survives_its_unit_value(price: Decimal) -> None:
    value = peru.unit_value_of(price)
    assert abs(value * 118 / 100 - price) < D("0.000000001")
