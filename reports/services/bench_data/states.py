"""In which state a made-up document is, and how often. Pure."""

import random
from typing import NamedTuple

from cifras.fiscal.document import Mode
from cifras.fiscal.lifecycle import LegalStatus, Submission, VoidStatus


class State(NamedTuple):
    """How far a document has come. `has_number`: it was issued; `is_there`: the provider has given it its id."""

    submission: str
    legal_status: str = ""
    mode: str = Mode.DGI.value
    void_status: str = ""
    is_received: bool = False

    @property
    def has_number(self) -> bool:
        return self.submission not in (Submission.DRAFT, Submission.RETURNED)

    @property
    def is_there(self) -> bool:
        return self.submission == Submission.ACCEPTED

    @property
    def is_authorised(self) -> bool:
        return self.legal_status == LegalStatus.DGI_AUTHORIZED


AUTHORISED = State(Submission.ACCEPTED.value, LegalStatus.DGI_AUTHORIZED.value)


def _voided(word: VoidStatus) -> State:
    return AUTHORISED._replace(void_status=word.value)


_IMPORTED = AUTHORISED._replace(submission=Submission.IMPORTED.value, mode=Mode.DGI_IMPORT.value)
# How many of a thousand.
_OFTEN: tuple[tuple[int, State], ...] = (
    (860, AUTHORISED),
    (20, _voided(VoidStatus.VOIDED)),
    (1, _voided(VoidStatus.REQUESTED)),
    (2, _voided(VoidStatus.REFUSED)),
    (1, _voided(VoidStatus.UNKNOWN)),
    (20, State(Submission.ACCEPTED.value, LegalStatus.PAC_AUTHORIZED.value)),
    (3, State(Submission.ACCEPTED.value)),
    (10, State(Submission.ACCEPTED.value, LegalStatus.DGI_REJECTED.value)),
    (12, State(Submission.REFUSED.value, LegalStatus.PAC_REJECTED.value)),
    (5, State(Submission.DISCARDED.value, LegalStatus.PAC_REJECTED.value)),
    (5, State(Submission.DISCARDED.value)),
    (2, State(Submission.QUEUED.value)),
    (1, State(Submission.SENDING.value)),
    (2, State(Submission.UNKNOWN.value)),
    (2, State(Submission.RETURNED.value)),
    (14, State(Submission.DRAFT.value)),
    (10, State(Submission.DRAFT.value, mode=Mode.PROFORM.value)),
    (20, _IMPORTED),
    (10, _IMPORTED._replace(is_received=True)),
)


def thousand(chance: random.Random) -> list[State]:
    """A thousand states as they occur, in no order."""
    states = [state for often, state in _OFTEN for _ in range(often)]
    chance.shuffle(states)
    return states
