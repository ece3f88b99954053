"""Amounts are read strictly, rounded half up and spread without losing a cent."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cifras.fiscal.errors import RuleBroken
from cifras.fiscal.money import amount, largest_remainder, round_half_up, same_bucket


@pytest.mark.parametrize(
    ("given_value", "expected"),
    [
        ("1234.50", "1234.50"),
        (" 7 ", "7"),
        ("-3.25", "-3.25"),
        (12, "12"),
        (Decimal("0.333333"), "0.333333"),
        ("1.50000000", "1.5"),
        ("999999999999.999999", "999999999999.999999"),
    ],
)
def test_a_plain_figure_is_read_exactly(given_value: object, expected: str) -> None:
    assert amount(given_value) == Decimal(expected)


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (1.1, "not_an_amount"),
        (True, "not_an_amount"),
        (None, "not_an_amount"),
        (Decimal("NaN"), "not_an_amount"),
        (Decimal("Infinity"), "not_an_amount"),
        ("NaN", "not_an_amount"),
        ("1,234.50", "not_an_amount"),
        ("1e5", "not_an_amount"),
        ("", "not_an_amount"),
        ("١٢", "not_an_amount"),
        ([], "not_an_amount"),
        ("0.1234567", "amount_too_precise"),
        (Decimal("1E-99999"), "amount_too_precise"),
        ("1000000000000", "amount_too_large"),
        (Decimal("1E+99999"), "amount_too_large"),
        pytest.param(10**5000, "amount_too_large", id="huge"),
    ],
)
def test_anything_else_is_refused_naming_the_member(bad: object, code: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        amount(bad, "lines[0].unit_price")
    assert (refused.value.code, refused.value.field) == (code, "lines[0].unit_price")
    assert refused.value.message


def test_a_negative_zero_is_a_plain_zero() -> None:
    assert str(amount("-0.00")) == "0.00"


@pytest.mark.parametrize(
    ("value", "places", "expected"),
    [
        ("0.8575", 2, "0.86"),
        ("2.675", 2, "2.68"),
        ("0.125", 2, "0.13"),
        ("-0.125", 2, "-0.13"),
        ("1", 2, "1.00"),
        ("0.0000005", 6, "0.000001"),
        ("99999999999999999999999999.995", 2, "100000000000000000000000000.00"),
    ],
)
def test_a_half_goes_away_from_zero(value: str, places: int, expected: str) -> None:
    assert str(round_half_up(Decimal(value), places)) == expected


def test_balboas_and_dollars_are_one_bucket_and_nothing_else_is() -> None:
    assert same_bucket("PAB", "usd")
    assert same_bucket("PEN", "PEN")
    assert not same_bucket("PEN", "USD")
    assert not same_bucket("EUR", "PAB")


def test_the_spare_cents_go_to_the_largest_remainders_and_the_earlier_one_first() -> None:
    assert largest_remainder(Decimal("1.00"), [Decimal(1), Decimal(1), Decimal(1)]) == [
        Decimal("0.34"),
        Decimal("0.33"),
        Decimal("0.33"),
    ]
    assert largest_remainder(Decimal("0.10"), [Decimal(5), Decimal(70), Decimal(25)]) == [
        Decimal("0.01"),
        Decimal("0.07"),
        Decimal("0.02"),
    ]


@pytest.mark.parametrize(
    ("total", "weights"),
    [
        ("1.00", []),
        ("1.00", ["0", "0"]),
        ("-1.00", ["1"]),
        ("1.00", ["5", "-1"]),
        ("0.005", ["1"]),
    ],
)
def test_what_cannot_be_spread_is_refused(total: str, weights: list[str]) -> None:
    with pytest.raises(RuleBroken) as refused:
        largest_remainder(Decimal(total), [Decimal(weight) for weight in weights])
    assert refused.value.code == "nothing_to_spread_over"
    assert refused.value.message


CENTS = st.integers(0, 10**9).map(lambda cents: Decimal(cents) / 100)


@given(st.lists(CENTS, min_size=1, max_size=30), st.data())
def test_the_parts_add_up_and_none_exceeds_its_weight(weights: list[Decimal], data: st.DataObject) -> None:
    room = sum(weights, Decimal(0))
    total = data.draw(st.integers(0, int(room * 100)).map(lambda cents: Decimal(cents) / 100))
    parts = largest_remainder(total, weights)
    assert sum(parts) == total
    assert all(0 <= part <= weight for part, weight in zip(parts, weights, strict=True))


@given(st.text())
def test_any_text_is_a_figure_or_a_refusal(text: str) -> None:
    try:
        assert amount(text).is_finite()
    except RuleBroken as error:
        assert error.message


def test_a_number_of_endless_size_is_refused_and_breaks_nothing() -> None:
    with pytest.raises(RuleBroken) as refusal:
        amount(Decimal("1e999999"))
    assert refusal.value.code == "amount_too_large"
