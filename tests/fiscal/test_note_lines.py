"""A credit note's lines: by the unit they are the invoice's own, by amount they add up to the cent, together never too much."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cifras.fiscal.document import Line, OtherTax
from cifras.fiscal.errors import RuleBroken
from cifras.fiscal.note_lines import Sold, amount_over, folded, line_worth, taken_by, units_of
from cifras.fiscal.totals import Rounding, line_net
from tests.fiscal.drafts import line

D = Decimal
CENTS = st.integers(1, 200_000).map(lambda cents: D(cents) / 100)
RATES = st.sampled_from(["0", "7", "10", "15"])


def after(sold: Line, notes: list[Line], rounding: Rounding = "line") -> Sold:
    return Sold(sold, taken_by(notes, sold, rounding=rounding), rounding)


def worth(lines: list[Line]) -> Decimal:
    return sum((line_worth(each) for each in lines), D(0))


@given(st.lists(st.tuples(CENTS, RATES), min_size=1, max_size=5), st.integers(1, 1000))
def test_an_amount_is_spread_so_that_bases_and_taxes_add_up_to_it(
    prices: list[tuple[Decimal, str]], thousandths: int
) -> None:
    sold = [Sold(line("1", str(price), rate)) for price, rate in prices]
    amount = max((sum(each.worth for each in sold) * thousandths / 1000).quantize(D("0.01")), D("0.01"))
    assume(amount <= sum(each.worth for each in sold))
    pieces = amount_over(amount, sold)
    assert worth([each for _, each in pieces]) == amount
    for index, each in enumerate(sold):
        assert worth([piece for at, piece in pieces if at == index]) <= each.worth
        assert all(piece.quantity > 0 and piece.unit_price >= piece.unit_discount for _, piece in pieces)


@given(CENTS, RATES, st.lists(st.integers(1, 40), min_size=1, max_size=5), st.integers(0, 500))
def test_notes_by_line_together_take_exactly_the_line(
    price: Decimal, rate: str, parts: list[int], share_cents: int
) -> None:
    quantity = sum(parts)
    share = min(D(share_cents) / 100, quantity * price)
    sold, notes = line(str(quantity), str(price), rate, discount_share=share), []
    assume(line_net(sold) + share == quantity * price)  # six decimals can express the share
    for part in parts:
        notes += units_of(after(sold, notes), D(part))
    assert worth(notes) == line_worth(sold)
    assert after(sold, notes).left == 0


def test_the_last_unit_takes_the_cent_that_rounding_left_over() -> None:
    sold = line("3", "12.35", "7")
    notes: list[Line] = []
    for _ in range(3):
        notes += units_of(after(sold, notes), D(1))
    assert [line_worth(each) for each in notes[:2]] == [D("13.21"), D("13.21")]
    assert worth(notes) == line_worth(sold) == D("39.64")


def test_an_amount_that_is_no_base_with_its_tax_becomes_two_lines() -> None:
    pieces = [each for _, each in amount_over(D("0.08"), [Sold(line("1", "1.00", "7"))])]
    assert [(each.unit_price, line_worth(each)) for each in pieces] == [
        (D("0.07"), D("0.07")),
        (D("0.01"), D("0.01")),
    ]


def test_with_the_tax_rounded_on_the_total_an_amount_out_of_reach_names_the_nearest() -> None:
    with pytest.raises(RuleBroken) as refused:
        amount_over(D("0.08"), [Sold(line("1", "1.00", "7"), rounding="total")])
    assert (refused.value.code, refused.value.field) == ("credit_amount_out_of_reach", "amount")
    assert "0.07" in refused.value.message


def test_what_is_left_after_an_amount_is_taken_whole_as_the_units_that_it_is() -> None:
    sold = line("2", "150.00", "7")
    first = [each for _, each in amount_over(D("100.00"), [Sold(sold)])]
    assert [(each.quantity, each.unit_price, each.description[:8]) for each in first] == [
        (1, D("93.46"), "Rebaja: ")
    ]
    rest = after(sold, first)
    assert (rest.left, rest.quantity_left) == (D("221.00"), 2)
    last = [each for _, each in amount_over(rest.left, [rest])]
    assert [(each.quantity, each.unit_price) for each in last] == [(2, D("150.00"))]
    assert after(sold, first + last).left == 0


def test_more_than_the_lines_have_left_is_refused() -> None:
    with pytest.raises(RuleBroken) as refused:
        amount_over(D("321.01"), [Sold(line("2", "150.00", "7"))])
    assert refused.value.code == "credit_exceeds_lines"


def test_isc_and_other_taxes_go_with_the_units_and_with_the_amount() -> None:
    taxes: dict[str, Any] = {"isc_rate": D(5), "isc_amount": D("10.00"), "oti": (OtherTax("01", D("3.00")),)}
    sold = line("3", "100.00", "7", **taxes)
    notes: list[Line] = []
    for _ in range(3):
        notes += units_of(after(sold, notes), D(1))
    assert [each.isc_amount for each in notes] == [D("3.33"), D("3.34"), D("3.33")]
    assert worth(notes) == line_worth(sold) == D("334.00")
    half = [each for _, each in amount_over(D("167.00"), [Sold(sold)])]
    assert [(each.isc_amount, [tax.amount for tax in each.oti]) for each in half] == [
        (D("5.00"), [D("1.50")])
    ]
    assert worth(half) == D("167.00")


def test_units_at_the_invoices_own_price_leave_exactly_as_sold() -> None:
    sold = line("3", "10.00", "7", discount_share=D("1.01"))
    assert units_of(Sold(sold), D(3)) == [folded(sold)]
    assert line_net(folded(sold)) == line_net(sold) == D("28.99")
