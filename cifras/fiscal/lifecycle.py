"""Submission, legal, void and business statuses: which moves exist, and what the business status is.

Source: the project's rules (domain 2 and 3), which settle what the papers leave open. Moves are tables; the database floor
applies them by compare-and-set updates and never by saving a stale object.

The business status is always computed from facts and never stored. The first rule that matches wins: voided, discarded,
rejected, credited in full, credited in part, overpaid, paid, overdue, partially paid, unpaid. Balance, what is to be refunded
and whether it is overdue stand beside the word, which alone hides them: an invoice credited in part may be overdue as well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from cifras.fiscal.document import ZERO, Instalment, Kind
from cifras.fiscal.errors import RuleBroken, gettext_noop


class Submission(StrEnum):
    """Where a document is on its way to the provider."""

    DRAFT = "DRAFT"
    QUEUED = "QUEUED"
    SENDING = "SENDING"
    UNKNOWN = "UNKNOWN"
    ACCEPTED = "ACCEPTED"
    REFUSED = "REFUSED"
    RETURNED = "RETURNED"
    IMPORTED = "IMPORTED"
    DISCARDED = "DISCARDED"


class LegalStatus(StrEnum):
    """The authority's word, as far as we know it."""

    NONE = ""
    PAC_AUTHORIZED = "PAC_AUTHORIZED"
    DGI_AUTHORIZED = "DGI_AUTHORIZED"
    PAC_REJECTED = "PAC_REJECTED"
    DGI_REJECTED = "DGI_REJECTED"


class VoidStatus(StrEnum):
    """How far a void has come."""

    NONE = ""
    REQUESTED = "REQUESTED"
    VOIDED = "VOIDED"
    REFUSED = "REFUSED"
    UNKNOWN = "UNKNOWN"


class BusinessStatus(StrEnum):
    """Ours, always computed from facts."""

    UNPAID = "UNPAID"
    PARTIALLY_PAID = "PARTIALLY_PAID"
    PAID = "PAID"
    OVERPAID = "OVERPAID"
    PAST_DUE = "PAST_DUE"
    PARTIALLY_CANCELED = "PARTIALLY_CANCELED"
    CANCELED = "CANCELED"
    VOID = "VOID"
    UNAPPLIED = "UNAPPLIED"
    APPLIED = "APPLIED"


# Moves of the system: domain 2. A queued document is withdrawn to DRAFT before it is discarded; an imported one is deleted.
SUBMISSION_MOVES: Mapping[Submission, frozenset[Submission]] = {
    Submission.DRAFT: frozenset({Submission.QUEUED, Submission.DISCARDED}),
    Submission.QUEUED: frozenset({Submission.SENDING, Submission.DRAFT}),
    Submission.SENDING: frozenset(
        {Submission.ACCEPTED, Submission.REFUSED, Submission.RETURNED, Submission.QUEUED, Submission.UNKNOWN}
    ),
    Submission.UNKNOWN: frozenset({Submission.ACCEPTED, Submission.QUEUED}),
    Submission.ACCEPTED: frozenset(),
    Submission.REFUSED: frozenset({Submission.DISCARDED}),
    Submission.RETURNED: frozenset({Submission.QUEUED, Submission.DISCARDED}),
    Submission.IMPORTED: frozenset(),
    Submission.DISCARDED: frozenset(),
}

# What may be rewritten and queued: a returned document was never taken in, so it is mended under its own number.
MENDABLE = frozenset({Submission.DRAFT, Submission.RETURNED})

# What only persons with evidence may settle; what they refused and the provider holds after all, they accept again.
PERSON_MOVES: Mapping[Submission, frozenset[Submission]] = {
    Submission.UNKNOWN: frozenset({Submission.REFUSED}),
    Submission.REFUSED: frozenset({Submission.ACCEPTED}),
    Submission.DISCARDED: frozenset({Submission.ACCEPTED}),
}
PERSON_ACCEPTS = frozenset(held for held, to in PERSON_MOVES.items() if Submission.ACCEPTED in to)

LEGAL_MOVES: Mapping[LegalStatus, frozenset[LegalStatus]] = {
    LegalStatus.NONE: frozenset(
        {
            LegalStatus.PAC_AUTHORIZED,
            LegalStatus.DGI_AUTHORIZED,
            LegalStatus.PAC_REJECTED,
            LegalStatus.DGI_REJECTED,
        }
    ),
    LegalStatus.PAC_AUTHORIZED: frozenset(
        {LegalStatus.DGI_AUTHORIZED, LegalStatus.DGI_REJECTED, LegalStatus.PAC_REJECTED}
    ),
    LegalStatus.DGI_AUTHORIZED: frozenset(),
    LegalStatus.PAC_REJECTED: frozenset(),
    LegalStatus.DGI_REJECTED: frozenset(),
}
TERMINAL_LEGAL = frozenset({LegalStatus.DGI_AUTHORIZED, LegalStatus.PAC_REJECTED, LegalStatus.DGI_REJECTED})
REJECTED_LEGAL = frozenset({LegalStatus.PAC_REJECTED, LegalStatus.DGI_REJECTED})

# Which of the authority's words each submission status may carry.
LEGAL_WITHIN: Mapping[Submission, frozenset[LegalStatus]] = {
    Submission.DRAFT: frozenset({LegalStatus.NONE}),
    Submission.QUEUED: frozenset({LegalStatus.NONE}),
    Submission.SENDING: frozenset({LegalStatus.NONE}),
    Submission.UNKNOWN: frozenset({LegalStatus.NONE}),
    Submission.ACCEPTED: frozenset(LegalStatus),
    Submission.REFUSED: frozenset({LegalStatus.PAC_REJECTED}),
    Submission.RETURNED: frozenset({LegalStatus.NONE}),
    Submission.IMPORTED: frozenset({LegalStatus.NONE, LegalStatus.DGI_AUTHORIZED}),
    Submission.DISCARDED: frozenset({LegalStatus.NONE, LegalStatus.PAC_REJECTED}),
}

# NONE -> VOIDED is a void done on a portal; that and UNKNOWN -> REFUSED are a person's, with evidence.
VOID_MOVES: Mapping[VoidStatus, frozenset[VoidStatus]] = {
    VoidStatus.NONE: frozenset({VoidStatus.REQUESTED, VoidStatus.VOIDED}),
    VoidStatus.REQUESTED: frozenset({VoidStatus.VOIDED, VoidStatus.REFUSED, VoidStatus.UNKNOWN}),
    VoidStatus.UNKNOWN: frozenset({VoidStatus.VOIDED, VoidStatus.REFUSED}),
    VoidStatus.REFUSED: frozenset({VoidStatus.REQUESTED}),
    VoidStatus.VOIDED: frozenset(),
}
# A void that was refused here may be done on a portal: persons register that too.
PERSON_VOID_MOVES: Mapping[VoidStatus, frozenset[VoidStatus]] = {
    VoidStatus.NONE: frozenset({VoidStatus.VOIDED}),
    VoidStatus.REFUSED: frozenset({VoidStatus.VOIDED}),
    VoidStatus.UNKNOWN: frozenset({VoidStatus.VOIDED, VoidStatus.REFUSED}),
}
VOID_IN_COURSE = frozenset({VoidStatus.REQUESTED, VoidStatus.UNKNOWN})


class News(StrEnum):
    """What a word of the authority means beside the one we hold."""

    SAME = "SAME"
    FORWARD = "FORWARD"
    LATE = "LATE"
    CONTRARY = "CONTRARY"


def read_news(held: LegalStatus, news: LegalStatus) -> News:
    """FORWARD is applied, SAME and LATE change nothing, CONTRARY (another terminal word) asks for a person."""
    if news == held:
        return News.SAME
    if news in LEGAL_MOVES[held]:
        return News.FORWARD
    return News.CONTRARY if news in TERMINAL_LEGAL else News.LATE


def may_move[Status: StrEnum](moves: Mapping[Status, frozenset[Status]], held: Status, to: Status) -> bool:
    """Whether a table of moves leads from `held` to `to`."""
    return to in moves.get(held, frozenset())


def require_move[Status: StrEnum](
    moves: Mapping[Status, frozenset[Status]], held: Status, to: Status
) -> None:
    """Raises RuleBroken (move_not_allowed) unless a table of moves leads from `held` to `to`."""
    if not may_move(moves, held, to):
        raise RuleBroken(
            "move_not_allowed",
            gettext_noop(
                "Ese paso no existe desde el estado actual del documento. Actualice la página: pudo cambiar."
            ),
            held=str(held),
            to=str(to),
        )


class Reason(StrEnum):
    """Why a document is CANCELED, or UNPAID without anybody owing it."""

    NONE = ""
    INTERNAL = "INTERNAL"
    CREDITED = "CREDITED"
    NO_EFFECT = "NO_EFFECT"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about a document; amounts in its currency.

    `credited`: live credit notes that are DGI_AUTHORIZED and not void. `settled`: receipts, withholdings and advances less
    refunds. `due_date` is the day the part outside the instalments is due; without one, `issued_on` plus `grace_days`.
    """

    kind: Kind
    total: Decimal
    issued_on: date
    legal: LegalStatus = LegalStatus.NONE
    is_voided: bool = False
    is_discarded: bool = False
    credited: Decimal = ZERO
    settled: Decimal = ZERO
    due_date: date | None = None
    grace_days: int = 0
    instalments: tuple[Instalment, ...] = ()


@dataclass(frozen=True, slots=True)
class Business:
    """The computed status. `balance` is what the receiver still owes, `refund_due` what we owe back; one of them is zero."""

    status: BusinessStatus
    reason: Reason = Reason.NONE
    balance: Decimal = ZERO
    refund_due: Decimal = ZERO
    is_overdue: bool = False


def business_status(facts: Facts, today: date) -> Business:
    """The status of a document on the local date `today`: the clock alone may change it."""
    if facts.kind is Kind.CREDIT:
        return credit_business_status(facts)
    status, reason = _invoice_word(facts, today)
    return Business(
        status=status,
        reason=reason,
        balance=balance(facts),
        refund_due=refund_due(facts),
        is_overdue=is_overdue(facts, today),
    )


def credit_business_status(facts: Facts, *, open_balance: Decimal | None = None) -> Business:
    """The status of a credit note. `open_balance`: what its invoice still owed before it; the excess is to be refunded.

    What was refunded over the note already (`facts.settled`, below zero) is taken off.
    """
    if facts.is_voided:
        return Business(BusinessStatus.VOID)
    if facts.is_discarded:
        return Business(BusinessStatus.CANCELED, Reason.INTERNAL)
    if facts.legal in REJECTED_LEGAL:
        return Business(BusinessStatus.UNAPPLIED, Reason.NO_EFFECT)
    if facts.legal is not LegalStatus.DGI_AUTHORIZED:
        return Business(BusinessStatus.UNAPPLIED)
    excess = ZERO if open_balance is None else max(facts.total - max(open_balance, ZERO), ZERO)
    return Business(BusinessStatus.APPLIED, refund_due=max(excess + min(facts.settled, ZERO), ZERO))


def balance(facts: Facts) -> Decimal:
    """What the receiver still owes on an invoice, never negative; nothing when it is void, discarded or rejected."""
    return max(_open(facts), ZERO)


def refund_due(facts: Facts) -> Decimal:
    """What was received beyond what is owed, never negative: all of it when the invoice is void, discarded or rejected."""
    return max(-_open(facts), ZERO)


def is_overdue(facts: Facts, today: date) -> bool:
    """Whether something is owed and `today` is after the day the oldest unsettled part was due."""
    due = oldest_due(facts)
    return due is not None and today > due


def oldest_due(facts: Facts) -> date | None:
    """When the oldest unsettled part is or was due; None when nothing is owed."""
    parts = open_parts(facts)
    return parts[0][0] if parts else None


def open_parts(facts: Facts) -> tuple[tuple[date, Decimal], ...]:
    """What is owed, by the day it is or was due, oldest first; empty when nothing is.

    What was paid or credited covers the part outside the instalments first, then the instalments by date.
    """
    left = balance(facts)
    agreed = facts.due_date or facts.issued_on + timedelta(days=facts.grace_days)
    parts: list[tuple[date, Decimal]] = []
    for part in reversed(_unsettled(facts.instalments, left)):
        parts.append((part.due_date, min(part.amount, left)))
        left -= parts[-1][1]
    if left > 0:
        parts.append((agreed, left))
    return tuple(sorted(parts))


def _unsettled(instalments: Sequence[Instalment], owed: Decimal) -> list[Instalment]:
    """The instalments that make up what is owed, counted from the last, in the order they are due."""
    pending: list[Instalment] = []
    for part in sorted(instalments, key=lambda part: (part.due_date, part.sequence), reverse=True):
        if owed <= 0:
            break
        pending.insert(0, part)
        owed -= part.amount
    return pending


def _is_without_effect(facts: Facts) -> bool:
    return facts.is_voided or facts.is_discarded or facts.legal in REJECTED_LEGAL


def _open(facts: Facts) -> Decimal:
    """Total less credits less settlements; of a document without effect nothing is owed."""
    owed = ZERO if _is_without_effect(facts) else facts.total - facts.credited
    return owed - facts.settled


def _invoice_word(facts: Facts, today: date) -> tuple[BusinessStatus, Reason]:
    """Domain 3, in its order: the first condition that holds."""
    open_amount = _open(facts)
    is_credited = facts.credited > 0
    ladder = (
        (facts.is_voided, BusinessStatus.VOID, Reason.NONE),
        (facts.is_discarded, BusinessStatus.CANCELED, Reason.INTERNAL),
        (facts.legal in REJECTED_LEGAL, BusinessStatus.UNPAID, Reason.NO_EFFECT),
        (is_credited and facts.credited == facts.total, BusinessStatus.CANCELED, Reason.CREDITED),
        (is_credited and open_amount != 0, BusinessStatus.PARTIALLY_CANCELED, Reason.NONE),
        (open_amount < 0, BusinessStatus.OVERPAID, Reason.NONE),
        (open_amount == 0, BusinessStatus.PAID, Reason.NONE),
        (is_overdue(facts, today), BusinessStatus.PAST_DUE, Reason.NONE),
        (facts.settled > 0, BusinessStatus.PARTIALLY_PAID, Reason.NONE),
        (True, BusinessStatus.UNPAID, Reason.NONE),
    )
    return next((status, reason) for holds, status, reason in ladder if holds)
