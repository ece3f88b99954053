"""Sending what is queued: exactly once, or a person knows.

Claim in a transaction, commit, post outside any transaction, apply the answer in a second one. An attempt row is written
before the first byte leaves, so a killed worker leaves an attempt whose lease runs out, and that counts as UNKNOWN. Nothing is
posted again unless the provider is known not to hold it (domain 6).

Many hands post, one keeps the books: the calling thread claims and records, and no other touches the database. What came in
while it was recording is recorded together.
"""

import logging
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from django.utils import timezone

from cifras.core import wake
from cifras.core.context import act_context
from cifras.fiscal.document import Kind
from cifras.fiscal.lifecycle import REJECTED_LEGAL
from cifras.pac.contract import PacAnswer
from cifras.pac.errors import PacError
from invoicing.models import Document
from invoicing.services import accepting, crew, incidents, setbacks
from invoicing.services.accepting import Answered
from invoicing.services.claiming import Turns, accounts_with_work, claim, recover_lost
from invoicing.services.crew import Crew
from invoicing.services.lanes import Account, Lanes, Use, lanes
from invoicing.services.leases import is_late
from tenants.models import Exchange
from tenants.services.accounts import provider_for, save_exchanges

logger = logging.getLogger(__name__)

_LONGEST_RUN_SECONDS = 120.0
_SCANT_RUN_SECONDS = 5.0  # with fewer lanes than hands: the next run may find more of them free
_PATIENCE_SECONDS = 1.0
_LOOKS_UP_SECONDS = 5.0
# At least one in so many is claimed ahead, so that no hand waits for the books; more where much comes in at once.
_AHEAD = 2


def submit_due(*, limit: int = 50) -> int:
    """Send what is queued and due, as many at once as the provider and the settings allow; answers how many were tried."""
    recover_lost()
    incidents.refresh_holds()
    runs = [partial(_run, account, limit) for account in accounts_with_work(timezone.now())]
    return crew.side_by_side(runs)


@dataclass(slots=True)
class _Posted:
    """What became of one post. Neither answered nor failed nor lost: it was not sent, since its turn came too late."""

    document: Document
    correlation_id: str
    answer: PacAnswer | None = None
    error: PacError | None = None
    is_lost: bool = False
    exchanges: list[Exchange] = field(default_factory=list)


def _run(account: Account, limit: int) -> int:
    with lanes(account, wanted=crew.hands(limit), use=Use.POSTS) as granted:
        if not granted.calls:
            return 0
        with crew.crew(granted.calls) as posters:
            return _Run(account, limit, granted, posters).go()


class _Run:
    """One account's queue, worked off until it is empty, `limit` is reached or time is up."""

    def __init__(self, account: Account, limit: int, granted: Lanes, posters: Crew[_Posted]) -> None:
        self._account, self._limit = account, limit
        self._lanes, self._posters = granted, posters
        self._ahead = granted.calls // _AHEAD
        self._turns = Turns()
        # What each tenant has under way: whoever has less goes before those that wait for a hand.
        self._open: Counter[int] = Counter()
        self._tried = self._under_way = 0
        is_full = granted.calls == crew.hands(limit)
        self._end = time.monotonic() + (_LONGEST_RUN_SECONDS if is_full else _SCANT_RUN_SECONDS)
        self._next_look = time.monotonic() + _LOOKS_UP_SECONDS

    def go(self) -> int:
        """Answers how many were tried. Where the queue is longer than these hands can hold, another worker is called."""
        if self._begin() and self._under_way == self._lanes.calls + self._ahead:
            wake("invoicing.submit")
        while self._begin() or self._under_way:
            posted = self._posters.finished(seconds=_PATIENCE_SECONDS)
            self._lanes.keep()
            self._look_up()
            self._under_way -= len(posted)
            self._open.subtract(each.document.tenant_id for each in posted)
            self._ahead = min(max(len(posted), self._lanes.calls // _AHEAD), self._lanes.calls - 1)
            if self._lanes.calls > 1 and all(each.answer for each in posted):
                self._begin()  # so that the hands have something to do meanwhile; a setback might stop the queue
            if posted:
                _record(posted)
        return self._tried

    def _look_up(self) -> None:
        """Now and then: whatever stops a tenant's queue meanwhile, stops it here too."""
        if time.monotonic() > self._next_look:
            incidents.refresh_holds()
            self._next_look = time.monotonic() + _LOOKS_UP_SECONDS

    def _begin(self) -> bool:
        most = min(self._lanes.calls + self._ahead - self._under_way, self._limit - self._tried)
        if most <= 0:
            return False
        if time.monotonic() > self._end:
            wake("invoicing.submit")
            self._limit = self._tried
            return False
        claimed = claim(self._account, self._turns, most=most, under_way=self._under_way)
        for document in claimed:
            self._posters.start(partial(_post, document), rank=self._open[document.tenant_id])
            self._open[document.tenant_id] += 1
        self._tried += len(claimed)
        self._under_way += len(claimed)
        return bool(claimed)


def _post(document: Document) -> _Posted:
    """Speak with the provider. Nothing here touches the database."""
    with act_context() as correlation_id:
        posted = _Posted(document, correlation_id)
        if is_late(document.leased_until, timezone.now()):
            return posted
        try:
            provider = provider_for(document.tenant, document_uid=document.uid, keep=posted.exchanges.append)
            posted.answer = provider.submit(
                Kind(document.kind),
                document.pac_company_id,
                bytes(document.payload or b""),
                idempotency_key=str(document.uid),
            )
        except PacError as error:
            posted.error = error
        except Exception:
            # Nobody knows how far it came: the lease runs out, and it is asked about.
            logger.exception("The post of document %s broke off", document.uid)
            posted.is_lost = True
    return posted


def _record(posted: Sequence[_Posted]) -> None:
    """The exchanges first, which stay whatever becomes of the rest; then what was accepted; then each setback by itself."""
    save_exchanges([exchange for each in posted for exchange in each.exchanges])
    settled = [each for each in posted if each.answer and _is_settled(each.document, each.answer)]
    accepted = [Answered(each.document, each.answer, each.correlation_id) for each in settled if each.answer]
    if accepted:
        incidents.note_success(accepted[0].document)
        accepting.accept_all(accepted)
    for each in posted:
        with act_context(correlation=each.correlation_id):
            if each.error:
                setbacks.settle_failure(each.document, each.error)
            elif each.answer is None and not each.is_lost:
                setbacks.hand_back(each.document)
            elif each.answer and each not in settled:
                _doubt(each.document, each.answer)


def _is_settled(document: Document, answer: PacAnswer) -> bool:
    """Whether the answer is the last word about the post. A rejection without an id is none about an earlier attempt."""
    if answer.document_id:
        return True
    return answer.legal_status in REJECTED_LEGAL and not setbacks.had_unknown_outcome(document)


def _doubt(document: Document, answer: PacAnswer) -> None:
    if answer.legal_status in REJECTED_LEGAL:
        setbacks.doubt_rejection(document, answer)
    else:
        setbacks.become_unknown(document, "answer without an id", answer.exchange_id)
