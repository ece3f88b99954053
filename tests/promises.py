"""What holds of every document at any moment, worked out from its rows and its timeline alone."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal

from cifras.fiscal.lifecycle import REJECTED_LEGAL, LegalStatus, Submission, VoidStatus
from invoicing.models import Document, Settlement, TimelineEvent
from invoicing.services import settling

# What the timeline says a document has come to; a claim is told by its attempt.
SUBMISSION_AFTER = {
    "created": Submission.DRAFT,
    "withdrawn": Submission.DRAFT,
    "queued": Submission.QUEUED,
    "not_done": Submission.QUEUED,
    "absence_proven": Submission.QUEUED,
    "unknown": Submission.UNKNOWN,
    "attempt_lost": Submission.UNKNOWN,
    "refused_on_resend": Submission.UNKNOWN,
    "number_taken": Submission.UNKNOWN,
    "accepted": Submission.ACCEPTED,
    "refused": Submission.REFUSED,
    "discarded": Submission.DISCARDED,
}
VOID_AFTER = {
    "void_requested": {VoidStatus.REQUESTED},
    "void_not_done": {VoidStatus.REQUESTED, VoidStatus.UNKNOWN},
    "void_held": {VoidStatus.REQUESTED, VoidStatus.UNKNOWN},
    "void_unknown": {VoidStatus.UNKNOWN},
    "void_needs_a_person": {VoidStatus.UNKNOWN},
    "void_too_late": {VoidStatus.REFUSED},
    "void_refused": {VoidStatus.REFUSED},
    "voided": {VoidStatus.VOIDED},
}

NOT_LIVE = {Submission.DRAFT, Submission.DISCARDED, Submission.REFUSED}


def timelines() -> defaultdict[uuid.UUID | None, list[TimelineEvent]]:
    """Every event by its document, oldest first."""
    told: defaultdict[uuid.UUID | None, list[TimelineEvent]] = defaultdict(list)
    for event in TimelineEvent.objects.order_by("pk"):
        told[event.document_uid].append(event)
    return told


def timeline_tells_every_status(document: Document, events: list[TimelineEvent]) -> None:
    """Submission, legal word and void as the events tell them, and an event for each file and movement of money."""
    submission, legal, void = None, "", {VoidStatus.NONE}
    for event in events:
        submission = SUBMISSION_AFTER.get(event.code, submission)
        void = VOID_AFTER.get(event.code, void)
        if event.code == "refused":
            legal = LegalStatus.PAC_REJECTED
        elif event.code == "legal_status":
            assert event.detail["from"] == legal
            legal = event.detail["to"]
    is_sending = document.submission == Submission.SENDING
    assert submission == (Submission.QUEUED if is_sending else document.submission)
    assert document.legal_status == legal
    assert document.void_status in void
    told = [event.code for event in events]
    kinds = {attachment.kind for attachment in document.attachments.all()}
    assert {f"{kind.lower()}_attached" for kind in kinds} <= set(told)
    settlements = list(document.settlements.all())
    assert told.count("settled") == sum(not row.is_declared for row in settlements)
    assert told.count("settlement_reversed") == sum(row.reversed_at is not None for row in settlements)


def one_file_of_each_kind(document: Document) -> None:
    """Whatever raced to fetch it."""
    kinds = [attachment.kind for attachment in document.attachments.all()]
    assert len(kinds) == len(set(kinds))


def live_notes_of(invoice: Document) -> list[Document]:
    """The notes that hold an amount of it, worked out here and not by the services."""
    return [
        note
        for note in invoice.credits.all()
        if note.submission not in NOT_LIVE
        and note.legal_status not in REJECTED_LEGAL
        and note.void_status != VoidStatus.VOIDED
    ]


def credits_stay_within(invoice: Document) -> None:
    """Live notes never exceed the invoice, in all and line by line."""
    live = live_notes_of(invoice)
    assert sum(note.total for note in live) <= invoice.total
    taken: defaultdict[int | None, Decimal] = defaultdict(Decimal)
    for row in (row for each in live for row in each.lines.all()):
        assert row.credited_line_id is not None
        taken[row.credited_line_id] += row.total
    for row in invoice.lines.all():
        assert taken[row.pk] <= row.total


def figures_can_be_computed_again(document: Document) -> None:
    """What was credited, settled, is owed and is to be returned, from the rows."""
    settled = sum(_signed(document.settlements.all()))
    notes = live_notes_of(document)
    credited = sum(note.total for note in notes if note.legal_status == LegalStatus.DGI_AUTHORIZED)
    for each in document.credits.all():
        settled += sum(_signed(each.settlements.all()))
    assert (document.credited_total, document.settled_total) == (credited, settled)
    if document.kind == "INVOICE":
        is_void = document.void_status == VoidStatus.VOIDED or document.submission == Submission.DISCARDED
        without_effect = is_void or document.legal_status in REJECTED_LEGAL
        open_amount = (0 if without_effect else document.total - credited) - settled
        said = settling.business(document)
        assert (said.balance, said.refund_due) == (max(open_amount, 0), max(-open_amount, 0))


def _signed(rows: Iterable[Settlement]) -> Iterator[Decimal]:
    for row in rows:
        if row.reversed_at is None:
            yield -row.amount if row.kind == Settlement.Kind.REFUND else row.amount
