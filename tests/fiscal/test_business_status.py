"""The business status follows from facts, and the first rule that matches wins."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cifras.fiscal.document import Instalment, Kind
from cifras.fiscal.lifecycle import (
    Business,
    BusinessStatus,
    Facts,
    LegalStatus,
    Reason,
    balance,
    business_status,
    credit_business_status,
    is_overdue,
    refund_due,
)

ISSUED = date(2026, 11, 1)
TODAY = date(2026, 11, 21)
SOLD = Facts(
    kind=Kind.INVOICE,
    total=Decimal("100.00"),
    issued_on=ISSUED,
    legal=LegalStatus.DGI_AUTHORIZED,
    due_date=date(2026, 12, 1),
)


def facts(**changes: Any) -> Facts:
    amounts = {
        name: Decimal(value) for name, value in changes.items() if name in {"total", "credited", "settled"}
    }
    return replace(SOLD, **{**changes, **amounts})


def word(**changes: Any) -> str:
    return str(business_status(facts(**changes), TODAY).status)


OVERDUE = {"due_date": date(2026, 11, 20)}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"is_voided": True, "is_discarded": True, "settled": "100"}, "VOID"),
        ({"is_discarded": True, "legal": LegalStatus.PAC_REJECTED}, "CANCELED"),
        ({"legal": LegalStatus.DGI_REJECTED, **OVERDUE}, "UNPAID"),
        ({"legal": LegalStatus.PAC_REJECTED, "settled": "100"}, "UNPAID"),
        ({"credited": "100", "settled": "100"}, "CANCELED"),
        ({"credited": "100"}, "CANCELED"),
        ({"credited": "40"}, "PARTIALLY_CANCELED"),
        ({"credited": "40", **OVERDUE}, "PARTIALLY_CANCELED"),
        ({"credited": "40", "settled": "70"}, "PARTIALLY_CANCELED"),
        ({"credited": "40", "settled": "60"}, "PAID"),
        ({"settled": "100.01"}, "OVERPAID"),
        ({"settled": "100"}, "PAID"),
        ({"settled": "100", **OVERDUE}, "PAID"),
        ({"settled": "99.99", **OVERDUE}, "PAST_DUE"),
        ({**OVERDUE}, "PAST_DUE"),
        ({"settled": "0.01"}, "PARTIALLY_PAID"),
        ({}, "UNPAID"),
        ({"total": "0"}, "PAID"),
        ({"legal": LegalStatus.NONE}, "UNPAID"),
    ],
)
def test_the_first_rule_that_matches_wins(changes: dict[str, Any], expected: str) -> None:
    assert word(**changes) == expected


def test_canceled_says_whether_it_was_discarded_or_credited_and_unpaid_whether_it_has_effect() -> None:
    assert business_status(facts(is_discarded=True), TODAY).reason is Reason.INTERNAL
    assert business_status(facts(credited="100"), TODAY).reason is Reason.CREDITED
    assert business_status(facts(legal=LegalStatus.DGI_REJECTED), TODAY).reason is Reason.NO_EFFECT
    assert business_status(facts(), TODAY).reason is Reason.NONE


@pytest.mark.parametrize(
    ("changes", "owed", "refund"),
    [
        ({}, "100", "0"),
        ({"settled": "30", "credited": "50"}, "20", "0"),
        ({"settled": "80", "credited": "50"}, "0", "30"),
        ({"is_voided": True, "settled": "80"}, "0", "80"),
        ({"is_discarded": True, "settled": "80"}, "0", "80"),
        ({"legal": LegalStatus.DGI_REJECTED, "settled": "80"}, "0", "80"),
        ({"is_voided": True}, "0", "0"),
    ],
)
def test_balance_and_refund_stand_beside_the_word(changes: dict[str, Any], owed: str, refund: str) -> None:
    found = business_status(facts(**changes), TODAY)
    assert (found.balance, found.refund_due) == (Decimal(owed), Decimal(refund))


def test_only_the_day_after_the_due_date_is_overdue() -> None:
    due = facts(due_date=TODAY)
    assert not is_overdue(due, TODAY)
    assert is_overdue(due, TODAY + timedelta(days=1))


def test_without_a_due_date_the_grace_of_the_tenant_counts_from_the_issue() -> None:
    graced = facts(due_date=None, grace_days=20)
    assert not is_overdue(graced, TODAY)
    assert is_overdue(replace(graced, grace_days=19), TODAY)


def plan(*parts: tuple[str, str]) -> tuple[Instalment, ...]:
    return tuple(
        Instalment(number, date.fromisoformat(due), Decimal(amount))
        for number, (due, amount) in enumerate(parts, start=1)
    )


THREE = plan(("2026-11-10", "40"), ("2026-12-10", "30"), ("2027-01-10", "30"))


@pytest.mark.parametrize(
    ("settled", "today", "expected"),
    [
        ("0", "2026-11-10", False),
        ("0", "2026-11-11", True),
        ("39.99", "2026-11-11", True),
        ("40", "2026-11-11", False),
        ("40", "2026-12-11", True),
        ("70", "2026-12-11", False),
        ("70", "2027-01-11", True),
        ("100", "2027-01-11", False),
    ],
)
def test_overdue_follows_the_oldest_unsettled_instalment(settled: str, today: str, expected: bool) -> None:
    on_term = facts(instalments=THREE, due_date=date(2027, 1, 10), settled=settled)
    assert is_overdue(on_term, date.fromisoformat(today)) is expected


def test_the_part_of_a_mixed_sale_outside_the_instalments_is_due_first() -> None:
    mixed = facts(instalments=plan(("2026-12-10", "60")), due_date=None)
    assert is_overdue(mixed, TODAY)
    assert not is_overdue(replace(mixed, settled=Decimal(40)), TODAY)


def test_a_credit_covers_instalments_as_a_payment_does_and_overdue_is_shown_beside_the_word() -> None:
    late = facts(instalments=THREE, credited="10")
    found = business_status(late, TODAY)
    assert (found.status, found.is_overdue) == (BusinessStatus.PARTIALLY_CANCELED, True)
    assert not business_status(replace(late, credited=Decimal(40)), TODAY).is_overdue


def test_nothing_without_effect_is_overdue() -> None:
    for changes in ({"is_voided": True}, {"is_discarded": True}, {"legal": LegalStatus.PAC_REJECTED}):
        assert not business_status(facts(**OVERDUE, **changes), TODAY).is_overdue


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"legal": LegalStatus.NONE}, Business(BusinessStatus.UNAPPLIED)),
        ({"legal": LegalStatus.PAC_AUTHORIZED}, Business(BusinessStatus.UNAPPLIED)),
        ({"legal": LegalStatus.DGI_AUTHORIZED}, Business(BusinessStatus.APPLIED)),
        ({"legal": LegalStatus.DGI_REJECTED}, Business(BusinessStatus.UNAPPLIED, Reason.NO_EFFECT)),
        ({"is_voided": True}, Business(BusinessStatus.VOID)),
        (
            {"is_discarded": True, "legal": LegalStatus.NONE},
            Business(BusinessStatus.CANCELED, Reason.INTERNAL),
        ),
    ],
)
def test_a_credit_note_is_applied_only_once_the_authority_has_authorised_it(
    changes: dict[str, Any], expected: Business
) -> None:
    assert business_status(facts(kind=Kind.CREDIT, **changes), TODAY) == expected


def test_what_a_note_exceeds_the_open_balance_by_is_to_be_refunded() -> None:
    note = facts(kind=Kind.CREDIT)
    assert credit_business_status(note, open_balance=Decimal("30")).refund_due == Decimal("70")
    assert credit_business_status(note, open_balance=Decimal("100")).refund_due == 0
    assert credit_business_status(note, open_balance=Decimal("-5")).refund_due == Decimal("100")


AMOUNTS = st.integers(0, 200).map(Decimal)


@given(
    st.builds(
        Facts,
        kind=st.just(Kind.INVOICE),
        total=AMOUNTS,
        issued_on=st.just(ISSUED),
        legal=st.sampled_from(LegalStatus),
        is_voided=st.booleans(),
        is_discarded=st.booleans(),
        credited=AMOUNTS,
        settled=AMOUNTS,
        due_date=st.none() | st.dates(date(2026, 1, 1), date(2027, 12, 31)),
        grace_days=st.integers(0, 60),
    ),
    st.dates(date(2026, 1, 1), date(2027, 12, 31)),
)
def test_a_status_is_found_for_all_facts_and_nobody_both_owes_and_is_owed(known: Facts, today: date) -> None:
    found = business_status(known, today)
    assert found.balance >= 0 <= found.refund_due
    assert found.balance == 0 or found.refund_due == 0
    assert (found.balance, found.refund_due) == (balance(known), refund_due(known))
    if found.is_overdue:
        assert found.balance > 0
    if found.status is BusinessStatus.PAST_DUE:
        assert found.is_overdue
