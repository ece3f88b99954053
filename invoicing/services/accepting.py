"""The provider took what we posted: the usual answers, many of them in one transaction.

A transaction over several answers costs little more than over one, which is what lets the provider and not us decide how fast
documents leave. Whatever is not usual goes the one door for news, one by one: `invoicing.services.tracking`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from cifras.core import wake
from cifras.core.context import act_context
from cifras.core.rows import update_rows
from cifras.fiscal.lifecycle import LegalStatus, Submission
from cifras.pac.contract import PacAnswer
from invoicing.models import Attempt, Document
from invoicing.services import tracking
from invoicing.services.claiming import finish_attempt, finish_attempts
from invoicing.services.tracking import Told

_USUAL_WORDS = (LegalStatus.NONE, LegalStatus.PAC_AUTHORIZED)


@dataclass(frozen=True, slots=True)
class Answered:
    """A document that was posted, the provider's answer, and the correlation id of the act."""

    document: Document
    answer: PacAnswer
    correlation_id: str


def accept_all(answered: Sequence[Answered]) -> None:
    """Record what the provider answered to our own posts."""
    usual = [row for row in answered if _is_usual(row)]
    try:
        with transaction.atomic():
            done = _accept_together(usual)
    except IntegrityError:
        done = set()  # an id or a CUFE that another document holds: which of them it is shows one by one
    for row in answered:
        if row.document.pk not in done:
            _accept_alone(row)
    if any(_offers_files(row.answer) for row in answered):
        wake("invoicing.pac_status_poll")


def _is_usual(row: Answered) -> bool:
    """An acceptance without a last word, of a document that nothing is known about yet; the CUFE is the one we computed."""
    document, answer = row.document, row.answer
    is_as_computed = not answer.cufe or answer.cufe == document.local_cufe
    is_new = not (document.cufe or document.protocol or document.qr)
    return answer.legal_status in _USUAL_WORDS and is_as_computed and is_new


def _accept_together(answered: Sequence[Answered]) -> set[int]:
    """The keys of the documents that are accepted now; the others were moved by somebody else."""
    keys = [row.document.pk for row in answered]
    sending = Document.objects.select_for_update().filter(pk__in=keys, submission=Submission.SENDING)
    ours = set(sending.order_by("pk").values_list("pk", flat=True))
    taken = [row for row in answered if row.document.pk in ours]
    if taken:
        update_rows(Document, {row.document.pk: _changes(row.answer) for row in taken})
        finish_attempts([(row.document, row.answer) for row in taken])
        tracking.tell([line for row in taken for line in _told(row)])
        tracking.wake_parked_news([(row.document, row.answer) for row in taken])
    return ours


def _changes(answer: PacAnswer) -> dict[str, Any]:
    changes = tracking.acceptance(answer)
    now = changes["accepted_at"]
    known = {"legal_status": answer.legal_status, "protocol": answer.protocol[:100], "qr": answer.qr}
    return {
        **changes,
        **known,
        "cufe": answer.cufe,
        "updated_at": now,
        "due_at": now if _offers_files(answer) else now + tracking.CLOSE_STEP,
    }


def _told(row: Answered) -> list[Told]:
    document, answer = row.document, row.answer
    with act_context(correlation=row.correlation_id):
        told = [tracking.told_of_acceptance(document, answer, source="answer")]
        if answer.legal_status:
            told.append(tracking.told_of_legal_move(document, answer, LegalStatus.NONE, source="answer"))
    return told


def _accept_alone(row: Answered) -> None:
    document, answer = row.document, row.answer
    with act_context(correlation=row.correlation_id):
        finish_attempt(document, Attempt.Outcome.DONE, answer.raw_legal_status, answer.exchange_id)
        tracking.accept(document, answer, source="answer", fetches_files=False)
    if _offers_files(answer):
        Document.objects.filter(pk=document.pk, submission=Submission.ACCEPTED).update(due_at=timezone.now())


def _offers_files(answer: PacAnswer) -> bool:
    """Files are fetched by the next look, which is at once then."""
    return bool(answer.pdf_url or answer.xml_url)
