"""A void has a deadline, a reason and its order."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cifras.fiscal.document import Mode
from cifras.fiscal.errors import RuleBroken, RulesBroken
from cifras.fiscal.lifecycle import LegalStatus, Submission, VoidStatus
from cifras.fiscal.voiding import (
    CalendarDays,
    Hours,
    VoidWindowClosed,
    deadline,
    require_inside_window,
    require_reason,
    require_void,
)
from cifras.fiscal.zones import LIMA, PANAMA, local_date, written

ISSUED = datetime(2026, 11, 14, 10, 20, tzinfo=PANAMA)
ALANUBE = Hours(182)
FABO = CalendarDays(7, LIMA)
TICK = timedelta(microseconds=1)


def test_182_hours_are_seven_days_and_fourteen_hours_after_the_instant_of_issue() -> None:
    assert deadline(ISSUED, ALANUBE) == datetime(2026, 11, 22, 0, 20, tzinfo=PANAMA)


def test_seven_calendar_days_run_to_the_end_of_the_last_local_day() -> None:
    late = datetime(2026, 11, 14, 23, 59, tzinfo=LIMA).astimezone(UTC)
    last = deadline(late, FABO)
    assert local_date(last, LIMA).isoformat() == "2026-11-21"
    assert last + TICK == datetime(2026, 11, 22, tzinfo=LIMA)
    assert deadline(late, CalendarDays(7, "America/Lima")) == last


def test_hours_are_hours_where_the_clock_is_moved() -> None:
    madrid = datetime(2026, 10, 24, 12, 0, tzinfo=ZoneInfo("Europe/Madrid"))
    assert deadline(madrid, ALANUBE).astimezone(UTC) - madrid.astimezone(UTC) == timedelta(hours=182)


@pytest.mark.parametrize("window", [ALANUBE, FABO])
def test_the_last_instant_is_inside_and_the_next_one_is_not(window: Hours | CalendarDays) -> None:
    last = deadline(ISSUED, window)
    assert require_inside_window(ISSUED, last, window) == last
    with pytest.raises(VoidWindowClosed) as refused:
        require_inside_window(ISSUED, last + TICK, window)
    assert (refused.value.deadline, refused.value.issued_at) == (last, ISSUED)
    assert refused.value.code == "void_window_closed"
    assert written(last) in refused.value.message


def test_the_zone_of_the_question_does_not_move_the_deadline() -> None:
    assert deadline(ISSUED.astimezone(UTC), ALANUBE) == deadline(ISSUED, ALANUBE)
    assert deadline(ISSUED.astimezone(UTC), FABO) == deadline(ISSUED, FABO)


def test_a_time_without_zone_is_refused() -> None:
    naive = datetime(2026, 11, 14, 10, 20)  # noqa: DTZ001
    with pytest.raises(RuleBroken) as issued:
        deadline(naive, ALANUBE)
    with pytest.raises(RuleBroken) as asked:
        require_inside_window(ISSUED, naive, ALANUBE)
    assert {issued.value.code, asked.value.code} == {"time_without_zone"}
    assert issued.value.message


@pytest.mark.parametrize("text", ["x" * 15, f"  {'x' * 15}\n", "ñ" * 1000, f"\t{'x' * 1000} "])
def test_a_reason_is_counted_after_trimming(text: str) -> None:
    assert require_reason(text) == text.strip()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "void_reason_too_short"),
        ("x" * 14, "void_reason_too_short"),
        (" " * 30, "void_reason_too_short"),
        (f"{'x' * 14}          ", "void_reason_too_short"),
        ("x" * 1001, "void_reason_too_long"),
    ],
)
def test_a_reason_too_short_or_too_long_is_refused(text: str, code: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        require_reason(text)
    assert (refused.value.code, refused.value.field) == (code, "reason")
    assert refused.value.message


def test_a_provider_may_ask_for_other_lengths() -> None:
    assert require_reason("abc", 3, 100) == "abc"
    with pytest.raises(RuleBroken):
        require_reason("x" * 101, 3, 100)


GUARD: dict[str, Any] = {
    "mode": Mode.DGI,
    "submission": Submission.ACCEPTED,
    "legal": LegalStatus.DGI_AUTHORIZED,
    "void": VoidStatus.NONE,
    "reason": "  La operación no se llevó a cabo.  ",
    "issued_at": ISSUED,
    "at": ISSUED + timedelta(hours=1),
    "window": ALANUBE,
}


def test_an_authorised_document_inside_its_window_may_be_voided() -> None:
    assert require_void(**GUARD) == "La operación no se llevó a cabo."
    assert require_void(**{**GUARD, "void": VoidStatus.REFUSED}), "a refused void may be asked for again"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"void": VoidStatus.VOIDED}, "already_voided"),
        ({"void": VoidStatus.REQUESTED}, "void_in_course"),
        ({"void": VoidStatus.UNKNOWN}, "void_in_course"),
        ({"mode": Mode.PROFORM, "submission": Submission.DRAFT, "legal": LegalStatus.NONE}, "void_proforma"),
        ({"mode": Mode.DGI_IMPORT, "submission": Submission.IMPORTED}, "void_imported"),
        ({"legal": LegalStatus.DGI_REJECTED}, "void_rejected"),
        ({"legal": LegalStatus.PAC_REJECTED, "submission": Submission.REFUSED}, "void_rejected"),
        ({"legal": LegalStatus.PAC_AUTHORIZED}, "void_not_yet"),
        ({"legal": LegalStatus.NONE}, "void_not_yet"),
        ({"legal": LegalStatus.NONE, "submission": Submission.UNKNOWN}, "void_not_yet"),
        ({"legal": LegalStatus.NONE, "submission": Submission.QUEUED}, "void_never_sent"),
        ({"live_credits": ("0000000007", "0000000009")}, "void_live_credits"),
    ],
)
def test_a_document_in_another_state_is_refused_and_says_what_to_do(
    changes: dict[str, Any], code: str
) -> None:
    too_late = {"at": ISSUED + timedelta(days=30), "reason": ""}
    with pytest.raises(RuleBroken) as refused:
        require_void(**{**GUARD, **too_late, **changes})
    assert [reason.code for reason in refused.value.reasons] == [code]
    assert refused.value.message


def test_the_live_notes_that_stand_in_the_way_are_named() -> None:
    with pytest.raises(RuleBroken, match="0000000007, 0000000009"):
        require_void(**GUARD, live_credits=("0000000007", "0000000009"))


def test_too_late_alone_is_raised_as_itself_so_that_the_credit_note_can_be_offered() -> None:
    with pytest.raises(VoidWindowClosed):
        require_void(**{**GUARD, "at": ISSUED + timedelta(days=30)})


def test_too_late_and_without_reason_are_told_together() -> None:
    with pytest.raises(RulesBroken) as refused:
        require_void(**{**GUARD, "at": ISSUED + timedelta(days=30), "reason": "corto"})
    assert [type(reason) for reason in refused.value.reasons] == [VoidWindowClosed, RuleBroken]
    assert str(refused.value).count("\n") == 1


MOMENTS = st.datetimes(
    min_value=datetime(2000, 1, 1),  # noqa: DTZ001
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, PANAMA, LIMA, ZoneInfo("Europe/Madrid")]),
)


@given(MOMENTS, st.integers(0, 2000), st.timedeltas(timedelta(0), timedelta(days=100)))
def test_hours_allow_exactly_what_is_not_after_the_deadline(
    issued: datetime, hours: int, after: timedelta
) -> None:
    at = issued.astimezone(UTC) + after
    try:
        require_inside_window(issued, at, Hours(hours))
    except VoidWindowClosed:
        assert after > timedelta(hours=hours)
    else:
        assert after <= timedelta(hours=hours)


@given(MOMENTS, st.integers(0, 60))
def test_calendar_days_are_counted_on_the_local_calendar(issued: datetime, days: int) -> None:
    last = deadline(issued, CalendarDays(days, LIMA))
    assert (local_date(last, LIMA) - local_date(issued, LIMA)).days == days
    assert (local_date(last + TICK, LIMA) - local_date(issued, LIMA)).days == days + 1
