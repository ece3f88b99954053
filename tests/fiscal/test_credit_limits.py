"""Credit notes never take more than an invoice has left, and give it back when they fall."""

from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cifras.fiscal.crediting import (
    credited_line,
    is_live,
    modification_code,
    remaining,
    require_lines_within,
    require_within,
)
from cifras.fiscal.document import Mode
from cifras.fiscal.errors import RuleBroken
from cifras.fiscal.lifecycle import LegalStatus, Submission, VoidStatus
from tests.fiscal.drafts import line

D = Decimal


def test_what_remains_is_the_total_less_the_live_notes() -> None:
    assert remaining(D("100"), []) == D("100")
    assert remaining(D("100"), [D("30"), D("20.50")]) == D("49.50")
    assert remaining(D("100"), [D("100.01")]) == 0


def test_a_note_may_take_all_that_remains_and_not_a_cent_more() -> None:
    assert require_within(D("70"), D("100"), [D("30")]) == 0
    with pytest.raises(RuleBroken) as refused:
        require_within(D("70.01"), D("100"), [D("30")])
    assert (refused.value.code, refused.value.field) == ("credit_exceeds_remaining", "lines")
    assert "70.01" in refused.value.message


@pytest.mark.parametrize("nothing", ["0", "-1"])
def test_a_note_of_nothing_is_refused(nothing: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        require_within(D(nothing), D("100"), [])
    assert refused.value.code == "credit_of_nothing"


def test_every_line_that_credits_too_much_is_named() -> None:
    left = {0: D("10"), 1: D("5")}
    require_lines_within({0: D("10"), 1: D("5")}, left)
    with pytest.raises(RuleBroken) as refused:
        require_lines_within({0: D("10.01"), 1: D("5"), 2: D("1")}, left)
    assert [reason.field for reason in refused.value.reasons] == ["lines[0]", "lines[2]"]
    assert all(reason.code == "credit_exceeds_line" and reason.message for reason in refused.value.reasons)


@pytest.mark.parametrize(
    ("note", "invoice", "others", "code"),
    [
        ("100", "100", [], 1),
        ("100.00", "100", [], 1),
        ("99.99", "100", [], 3),
        ("100", "100", ["1"], 3),
        ("40", "100", ["60"], 3),
    ],
)
def test_only_a_lone_note_of_the_whole_total_annuls(
    note: str, invoice: str, others: list[str], code: int
) -> None:
    assert modification_code(D(note), D(invoice), [D(other) for other in others]) == code


def test_notes_in_flight_count_and_fallen_ones_do_not() -> None:
    alive = {
        (submission, legal)
        for submission, legal in product(Submission, LegalStatus)
        if is_live(Mode.DGI, submission, legal, VoidStatus.NONE)
    }
    assert {submission for submission, _ in alive} == {
        "QUEUED",
        "SENDING",
        "UNKNOWN",
        "ACCEPTED",
        "RETURNED",
        "IMPORTED",
    }
    assert {legal for _, legal in alive} == {"", "PAC_AUTHORIZED", "DGI_AUTHORIZED"}


def test_a_note_counts_until_its_void_is_certain_and_a_proforma_never_does() -> None:
    authorised = (Mode.DGI, Submission.ACCEPTED, LegalStatus.DGI_AUTHORIZED)
    assert [is_live(*authorised, void) for void in VoidStatus] == [True, True, False, True, True]
    assert not is_live(Mode.PROFORM, Submission.QUEUED, LegalStatus.NONE, VoidStatus.NONE)


@given(st.integers(0, 10_000), st.lists(st.integers(1, 50), min_size=1, max_size=6))
def test_notes_by_line_give_back_exactly_the_share_of_the_discount(
    share_cents: int, parts: list[int]
) -> None:
    quantity = sum(parts)
    sold = line(str(quantity), "10.00", discount_share=D(min(share_cents, quantity * 1000)) / 100)
    taken_quantity = taken_share = D(0)
    for part in parts:
        note = credited_line(sold, D(part), credited_quantity=taken_quantity, credited_share=taken_share)
        assert note.quantity == part
        assert note.discount_share >= 0
        taken_quantity += part
        taken_share += note.discount_share
    assert taken_share == sold.discount_share


def test_a_full_note_carries_the_line_as_it_was() -> None:
    sold = line("3", "10.00", discount_share=D("1.01"))
    assert credited_line(sold, D(3)) == sold
