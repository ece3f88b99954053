"""Which moves exist, and which don't, whatever the order in which news arrives."""

from itertools import product

import pytest

from cifras.fiscal.discarding import may_be_discarded, require_discard
from cifras.fiscal.document import Mode
from cifras.fiscal.errors import RuleBroken
from cifras.fiscal.lifecycle import (
    LEGAL_MOVES,
    LEGAL_WITHIN,
    PERSON_MOVES,
    PERSON_VOID_MOVES,
    SUBMISSION_MOVES,
    TERMINAL_LEGAL,
    VOID_MOVES,
    LegalStatus,
    News,
    Submission,
    VoidStatus,
    may_move,
    read_news,
    require_move,
)


def arrows(table: dict[str, frozenset[str]]) -> set[tuple[str, str]]:
    return {(held, to) for held, targets in table.items() for to in targets}


def test_the_moves_of_a_submission_are_these_and_no_others() -> None:
    assert arrows(SUBMISSION_MOVES) == {
        ("DRAFT", "QUEUED"),
        ("DRAFT", "DISCARDED"),
        ("QUEUED", "SENDING"),
        ("QUEUED", "DRAFT"),
        ("SENDING", "ACCEPTED"),
        ("SENDING", "REFUSED"),
        ("SENDING", "RETURNED"),
        ("SENDING", "QUEUED"),
        ("SENDING", "UNKNOWN"),
        ("UNKNOWN", "ACCEPTED"),
        ("UNKNOWN", "QUEUED"),
        ("REFUSED", "DISCARDED"),
        ("RETURNED", "QUEUED"),
        ("RETURNED", "DISCARDED"),
    }
    assert arrows(PERSON_MOVES) == {
        ("UNKNOWN", "REFUSED"),
        ("REFUSED", "ACCEPTED"),
        ("DISCARDED", "ACCEPTED"),
    }


def test_a_draft_is_never_sent_and_an_unknown_document_never_edited_or_discarded() -> None:
    assert not may_move(SUBMISSION_MOVES, Submission.DRAFT, Submission.SENDING)
    for target in (Submission.DRAFT, Submission.DISCARDED, Submission.SENDING):
        assert not may_move(SUBMISSION_MOVES, Submission.UNKNOWN, target)
    for held in (Submission.ACCEPTED, Submission.IMPORTED, Submission.DISCARDED):
        assert SUBMISSION_MOVES[held] == frozenset()


def test_every_status_has_its_row_in_every_table() -> None:
    assert set(SUBMISSION_MOVES) == set(LEGAL_WITHIN) == set(Submission)
    assert set(LEGAL_MOVES) == set(LegalStatus)
    assert set(VOID_MOVES) == set(VoidStatus)


def test_terminal_words_never_move() -> None:
    assert {held for held, targets in LEGAL_MOVES.items() if not targets} == TERMINAL_LEGAL
    assert VOID_MOVES[VoidStatus.VOIDED] == frozenset()


def test_the_moves_of_a_void_are_these_and_no_others() -> None:
    assert arrows(VOID_MOVES) == {
        ("", "REQUESTED"),
        ("", "VOIDED"),
        ("REQUESTED", "VOIDED"),
        ("REQUESTED", "REFUSED"),
        ("REQUESTED", "UNKNOWN"),
        ("UNKNOWN", "VOIDED"),
        ("UNKNOWN", "REFUSED"),
        ("REFUSED", "REQUESTED"),
    }
    assert arrows(PERSON_VOID_MOVES) == {
        ("", "VOIDED"),
        ("REFUSED", "VOIDED"),
        ("UNKNOWN", "VOIDED"),
        ("UNKNOWN", "REFUSED"),
    }


def test_a_move_that_does_not_exist_is_refused_in_words() -> None:
    require_move(SUBMISSION_MOVES, Submission.DRAFT, Submission.QUEUED)
    with pytest.raises(RuleBroken) as refused:
        require_move(SUBMISSION_MOVES, Submission.ACCEPTED, Submission.DRAFT)
    assert refused.value.code == "move_not_allowed"
    assert refused.value.values == {"held": "ACCEPTED", "to": "DRAFT"}
    with pytest.raises(RuleBroken) as back:
        require_move(LEGAL_MOVES, LegalStatus.DGI_AUTHORIZED, LegalStatus.NONE)
    assert back.value.message


@pytest.mark.parametrize(
    ("held", "news", "meaning"),
    [
        (LegalStatus.NONE, LegalStatus.PAC_AUTHORIZED, News.FORWARD),
        (LegalStatus.NONE, LegalStatus.DGI_AUTHORIZED, News.FORWARD),
        (LegalStatus.PAC_AUTHORIZED, LegalStatus.PAC_REJECTED, News.FORWARD),
        (LegalStatus.DGI_AUTHORIZED, LegalStatus.DGI_AUTHORIZED, News.SAME),
        (LegalStatus.DGI_AUTHORIZED, LegalStatus.PAC_AUTHORIZED, News.LATE),
        (LegalStatus.PAC_AUTHORIZED, LegalStatus.NONE, News.LATE),
        (LegalStatus.DGI_AUTHORIZED, LegalStatus.DGI_REJECTED, News.CONTRARY),
        (LegalStatus.PAC_REJECTED, LegalStatus.DGI_AUTHORIZED, News.CONTRARY),
    ],
)
def test_news_goes_forward_repeats_comes_late_or_contradicts(
    held: LegalStatus, news: LegalStatus, meaning: News
) -> None:
    assert read_news(held, news) is meaning


def test_no_order_of_news_moves_a_terminal_status() -> None:
    for held, news in product(TERMINAL_LEGAL, LegalStatus):
        assert read_news(held, news) is not News.FORWARD


NOT_REACHED = {"may_have_reached_provider": False}


@pytest.mark.parametrize(
    ("submission", "legal", "mode"),
    [
        (Submission.DRAFT, LegalStatus.NONE, Mode.PROFORM),
        (Submission.DRAFT, LegalStatus.NONE, Mode.DGI),
        (Submission.QUEUED, LegalStatus.NONE, Mode.DGI),
        (Submission.REFUSED, LegalStatus.PAC_REJECTED, Mode.DGI),
        (Submission.RETURNED, LegalStatus.NONE, Mode.DGI),
    ],
)
def test_what_is_certainly_only_ours_is_discarded(
    submission: Submission, legal: LegalStatus, mode: Mode
) -> None:
    assert may_be_discarded(submission, legal, mode, **NOT_REACHED)
    require_discard(submission, legal, mode, **NOT_REACHED)


@pytest.mark.parametrize(
    ("submission", "legal", "mode", "reached", "code"),
    [
        (Submission.QUEUED, LegalStatus.NONE, Mode.DGI, True, "discard_may_become_legal"),
        (Submission.SENDING, LegalStatus.NONE, Mode.DGI, False, "discard_may_become_legal"),
        (Submission.UNKNOWN, LegalStatus.NONE, Mode.DGI, True, "discard_may_become_legal"),
        (Submission.ACCEPTED, LegalStatus.NONE, Mode.DGI, True, "discard_may_become_legal"),
        (Submission.ACCEPTED, LegalStatus.PAC_AUTHORIZED, Mode.DGI, True, "discard_may_become_legal"),
        (Submission.ACCEPTED, LegalStatus.DGI_AUTHORIZED, Mode.DGI, True, "discard_authorized"),
        (Submission.ACCEPTED, LegalStatus.DGI_REJECTED, Mode.DGI, True, "discard_rejected"),
        (Submission.IMPORTED, LegalStatus.NONE, Mode.DGI_IMPORT, False, "discard_imported"),
        (Submission.DISCARDED, LegalStatus.NONE, Mode.DGI, False, "already_discarded"),
    ],
)
def test_what_may_still_become_legal_is_not_discarded(
    submission: Submission, legal: LegalStatus, mode: Mode, reached: bool, code: str
) -> None:
    assert not may_be_discarded(submission, legal, mode, may_have_reached_provider=reached)
    with pytest.raises(RuleBroken) as refused:
        require_discard(submission, legal, mode, may_have_reached_provider=reached)
    assert refused.value.code == code
    assert refused.value.message


def test_whatever_may_be_discarded_has_a_way_there() -> None:
    """Directly, or through DRAFT: the predicate and the table never disagree."""
    for submission, legal, mode in product(Submission, LegalStatus, Mode):
        if may_be_discarded(submission, legal, mode, **NOT_REACHED):
            steps = {submission} | SUBMISSION_MOVES[submission]
            assert any(may_move(SUBMISSION_MOVES, step, Submission.DISCARDED) for step in steps)
