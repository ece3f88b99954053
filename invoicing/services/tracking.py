"""The one door for news about a document: the answer to a post, a webhook's read, a poll, a manual refresh.

Moves are compare-and-set updates over the law's tables; late, repeated or out-of-order news never moves a status back. News
contrary to a terminal word is flagged and left to a person. Source: domain 2, 6 and 7.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from cifras.core import audit, wake
from cifras.core.context import correlation_id
from cifras.core.models import Staff
from cifras.fiscal.document import Kind
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.fiscal.lifecycle import (
    PERSON_ACCEPTS,
    REJECTED_LEGAL,
    TERMINAL_LEGAL,
    LegalStatus,
    News,
    Submission,
    read_news,
)
from cifras.pac.contract import Capability, PacAnswer
from invoicing.models import Attachment, Document, TimelineEvent, WebhookDelivery
from invoicing.services import identity, mailing, settling, timeline
from invoicing.services.attachments import attach_files
from invoicing.services.identity import Likeness
from tenants.models import Tenant
from tenants.services import affiliation
from tenants.services.accounts import provider_for, provider_spec

_MAY_BE_ACCEPTED = (Submission.SENDING, Submission.UNKNOWN, Submission.QUEUED)
_HELD_THERE = (Submission.ACCEPTED, Submission.REFUSED)
_CLOSE_WATCH = timedelta(minutes=5)
CLOSE_STEP = timedelta(seconds=5)
_LONGEST_STEP = timedelta(hours=2)

type Told = tuple[TimelineEvent, audit.Act]

_FILES = {Capability.PDF: Attachment.Kind.PDF, Capability.XML: Attachment.Kind.XML}
_NEWS = (
    "raw_legal_status",
    "legal_status",
    "legal_conflict",
    "problems",
    "cufe",
    "cufe_differs",
    "protocol",
    "qr",
    "pac_response",
    "authorized_at",
    "due_at",
    "updated_at",
)


def refresh(document: Document, *, source: str, actor: Staff | None = None) -> Document:
    """Ask the provider about a document it has accepted, apply what it says and fetch its files. May raise PacError."""
    return apply(document, _ask(document), source=source, actor=actor)


def apply(
    document: Document,
    answer: PacAnswer,
    *,
    source: str,
    actor: Staff | None = None,
    fetches_files: bool = True,
) -> Document:
    """Apply an answer about an accepted document: its legal word, its members, its files; then set the next look.

    Without `fetches_files` nothing is called: the next look fetches them.
    """
    became_final = False
    with transaction.atomic():
        current = _locked(document)
        if _is_taken_in_after_all(current, answer):
            current = _take_in(current, answer, source=source, actor=actor)
        if current.submission == Submission.ACCEPTED:
            became_final = _move_legal(current, answer, source=source, actor=actor)
            _fill_in(current, answer)
            current.due_at = _next_look(current)
            current.save(update_fields=_NEWS)
            if became_final:
                _on_final_word(current)
    has_files = current.legal_status in {LegalStatus.PAC_AUTHORIZED, LegalStatus.DGI_AUTHORIZED}
    is_wanted = became_final or source == "manual" or not _has_every_file(current, answer)
    if fetches_files and has_files and is_wanted and (answer.pdf_url or answer.xml_url or answer.cdr_url):
        attach_files(current, answer, source=source, refetch=lambda: _ask(current))
        _stop_looking_when_complete(current)
    document.refresh_from_db()
    return document


def accept(
    document: Document,
    answer: PacAnswer,
    *,
    source: str,
    actor: Staff | None = None,
    fetches_files: bool = True,
) -> Document:
    """Record that the provider holds this document: the answer to our post, or its identity proven later.

    A 2xx answer whose legal word is PAC_REJECTED is a refusal. Whoever comes second finds the move made and changes nothing;
    where persons had settled that it would never exist, they are told. `fetches_files` as for `apply`.
    """
    changes = acceptance(answer)
    try:
        with transaction.atomic():
            moved = Document.objects.filter(pk=document.pk, submission__in=_MAY_BE_ACCEPTED).update(**changes)
            if not moved:
                document.refresh_from_db()
                _contradict_persons(document, answer)
                return document
            tell([told_of_acceptance(document, answer, source=source, actor=actor)], actor=actor)
            wake_parked_news([(document, answer)])
    except IntegrityError:
        return _same_id_twice(document, answer)
    if changes["submission"] == Submission.REFUSED:
        document.refresh_from_db()
        return document
    return apply(document, answer, source=source, actor=actor, fetches_files=fetches_files)


def overrule(document: Document, news: str, *, actor: Staff) -> None:
    """Take the contrary word `news` for the one that was kept, as two persons decided; inside the caller's transaction.

    A document that persons had refused, and that the provider holds after all, is accepted now with what was shown then.
    Raises RuleBroken (document_changed) when `news` is no longer what contradicts.
    """
    current = _locked(document)
    if current.legal_conflict != news:
        raise changed_meanwhile()
    current.legal_conflict = current.legal_kept = ""
    current.settled_by_person = current.legal_settled_by_person = True
    current.save(
        update_fields=["legal_conflict", "legal_kept", "settled_by_person", "legal_settled_by_person"]
    )
    answer = identity.held(current)
    if current.submission != Submission.ACCEPTED:
        _accept_after_all(current, answer, actor)
        return
    before, current.legal_status = current.legal_status, LegalStatus(news)
    if current.legal_status == LegalStatus.DGI_AUTHORIZED:
        current.authorized_at = current.authorized_at or timezone.now()
    else:
        current.void_status = ""  # a void that was refused: there is nothing left to void
    current.due_at = _next_look(current)
    current.save(update_fields=["legal_status", "authorized_at", "void_status", "due_at", "updated_at"])
    detail = {"from": before, "to": news, "source": "person"}
    timeline.note(current, "legal_status", actor=actor, detail=detail)
    _on_final_word(current)


def changed_meanwhile() -> RuleBroken:
    """What persons saw when they decided no longer holds."""
    return RuleBroken(
        "document_changed",
        gettext_noop("El documento cambió desde que se propuso esto: mírelo de nuevo y decida otra vez."),
    )


def adopt(tenant: Tenant, kind: Kind, answer: PacAnswer, *, source: str) -> Document | None:
    """The document of ours that `answer` proves to exist, now accepted; None when it is none of ours, or not certainly.

    Without a CUFE the number alone names it, and only where a single waiting document of the kind bears that number.
    """
    waiting = Document.objects.select_related("tenant", "office").filter(
        Q(submission__in=_MAY_BE_ACCEPTED) | Q(submission__in=PERSON_ACCEPTS, settled_by_person=True),
        tenant=tenant,
        kind=kind,
        attempts_made__gt=0,
    )
    if not answer.cufe:
        waiting = waiting.filter(number__in=identity.stored_numbers(answer.number))
    ours = [row for row in waiting if identity.compare(row, answer) is Likeness.SAME]
    return accept(ours[0], answer, source=source) if len(ours) == 1 else None


def _accept_after_all(document: Document, answer: PacAnswer | None, actor: Staff) -> None:
    if answer is None or document.submission not in PERSON_ACCEPTS:
        raise changed_meanwhile()
    Document.objects.filter(pk=document.pk, submission=document.submission).update(
        submission=Submission.UNKNOWN, legal_status=LegalStatus.NONE, number_fate="", problems=[]
    )
    if (
        accept(document, answer, source="person", actor=actor, fetches_files=False).submission
        not in _HELD_THERE
    ):
        raise changed_meanwhile()


def _is_taken_in_after_all(document: Document, answer: PacAnswer) -> bool:
    """Whether the provider, who rejected what was issued there without us, has sent the same one again: no post of ours tells."""
    is_refused = document.is_mirrored and document.submission == Submission.REFUSED
    return is_refused and answer.legal_status != LegalStatus.PAC_REJECTED


def _take_in(document: Document, answer: PacAnswer, *, source: str, actor: Staff | None) -> Any:
    """Raises IntegrityError where another document has taken the number meanwhile."""
    told = told_of_acceptance(document, answer, source=source, actor=actor)
    Document.objects.filter(pk=document.pk).update(**acceptance(answer))
    tell([told], actor=actor)
    return _locked(document)


def _contradict_persons(document: Document, answer: PacAnswer) -> None:
    """Persons settled that it would never exist, and the provider holds it: a queue entry, no status is touched."""
    is_theirs = document.settled_by_person and document.submission in PERSON_ACCEPTS
    word = answer.legal_status.value or answer.raw_legal_status[:60] or Submission.ACCEPTED.value
    if (
        not is_theirs
        or answer.legal_status in REJECTED_LEGAL
        or word in {document.legal_conflict, document.legal_kept}
    ):
        return
    Document.objects.filter(pk=document.pk).update(legal_conflict=word, conflict=identity.kept(answer))
    detail = {"kept": document.legal_status, "news": word}
    timeline.note(document, "legal_conflict", detail=detail, exchange_id=answer.exchange_id)
    document.refresh_from_db()


def problems_of(answer: PacAnswer) -> list[dict[str, str]]:
    """The provider's complaints as they are kept on a document."""
    return [{"code": item.code, "field": item.field, "message": item.message} for item in answer.problems]


def acceptance(answer: PacAnswer) -> dict[str, Any]:
    """The members of a document that the provider holds or has refused, before its legal word is looked at."""
    refused = answer.legal_status == LegalStatus.PAC_REJECTED
    now = timezone.now()
    return {
        "submission": Submission.REFUSED if refused else Submission.ACCEPTED,
        "legal_status": LegalStatus.PAC_REJECTED if refused else LegalStatus.NONE,
        "raw_legal_status": answer.raw_legal_status[:60],
        "document_id": answer.document_id,
        "flag": "",
        "conflict": None,
        "held_reason": "",
        "leased_until": None,
        "accepted_at": now,
        "due_at": None if refused else now,
        "problems": problems_of(answer),
        "pac_response": identity.without_links(answer),
    }


def told_of_acceptance(
    document: Document, answer: PacAnswer, *, source: str, actor: Staff | None = None
) -> Told:
    """What timeline and audit say of an acceptance or a refusal, not yet written."""
    code = "refused" if answer.legal_status == LegalStatus.PAC_REJECTED else "accepted"
    detail = {"source": source, "document_id": answer.document_id, "legal_status": answer.raw_legal_status}
    act = audit.Act(
        f"document.{code}",
        tenant_uid=document.tenant.uid,
        target=document,
        before={"submission": document.submission},
        after=detail,
        exchange_id=answer.exchange_id,
        correlation_id=correlation_id(),
    )
    event = timeline.happening(document, code, actor=actor, detail=detail, exchange_id=answer.exchange_id)
    return event, act


def told_of_legal_move(
    document: Document, answer: PacAnswer, before: LegalStatus, *, source: str, actor: Staff | None = None
) -> Told:
    """What timeline and audit say of a move of the legal word, not yet written."""
    after = answer.legal_status
    act = audit.Act(
        "document.legal_status",
        tenant_uid=document.tenant.uid,
        target=document,
        before={"legal_status": before},
        after={"legal_status": after, "source": source},
        exchange_id=answer.exchange_id,
        correlation_id=correlation_id(),
    )
    detail = {"from": before, "to": after, "source": source}
    event = timeline.happening(
        document, "legal_status", actor=actor, detail=detail, exchange_id=answer.exchange_id
    )
    return event, act


def tell(told: Sequence[Told], *, actor: Staff | None = None) -> None:
    """Write timeline and audit, in the caller's transaction."""
    timeline.note_all([event for event, _ in told])
    audit.record_all([act for _, act in told], actor=actor)


def wake_parked_news(accepted: Sequence[tuple[Document, PacAnswer]]) -> None:
    """A webhook may have overtaken the answer to our own post: what was parked under these ids is matched now."""
    parked = WebhookDelivery.objects.filter(
        tenant__in={document.tenant_id for document, _ in accepted},
        pac_document_id__in=[answer.document_id for _, answer in accepted if answer.document_id],
        state=WebhookDelivery.State.PARKED,
    )
    if parked.update(due_at=timezone.now()):
        wake("invoicing.inbox")


def _same_id_twice(document: Document, answer: PacAnswer) -> Document:
    """The provider gave an id that another document of ours holds: a person decides."""
    Document.objects.filter(pk=document.pk, submission__in=_MAY_BE_ACCEPTED).update(
        submission=Submission.UNKNOWN,
        flag="CONFLICT",
        conflict=identity.kept(answer),
        leased_until=None,
        due_at=None,
    )
    timeline.note(
        document, "conflict", detail={"document_id": answer.document_id}, exchange_id=answer.exchange_id
    )
    document.refresh_from_db()
    return document


def _move_legal(document: Document, answer: PacAnswer, *, source: str, actor: Staff | None) -> bool:
    """Move the legal word if the table allows; True when a terminal word was reached just now."""
    before, after = LegalStatus(document.legal_status), answer.legal_status
    if answer.raw_legal_status and answer.raw_legal_status != document.raw_legal_status:
        document.raw_legal_status = answer.raw_legal_status[:60]
    news = read_news(before, after)
    if news is News.CONTRARY and after not in {document.legal_conflict, document.legal_kept}:
        document.legal_conflict = after
        detail = {"kept": before, "news": after}
        timeline.note(document, "legal_conflict", detail=detail, exchange_id=answer.exchange_id)
    if news is not News.FORWARD:
        return False
    document.legal_status = after
    document.problems = problems_of(answer) if after in TERMINAL_LEGAL else []
    tell([told_of_legal_move(document, answer, before, source=source, actor=actor)], actor=actor)
    return after in TERMINAL_LEGAL


def _fill_in(document: Document, answer: PacAnswer) -> None:
    """Keep what the answer carries; what is already known stays."""
    if answer.cufe and not document.cufe and not _is_another_documents(answer.cufe, document):
        document.cufe = answer.cufe
        document.cufe_differs = answer.cufe != document.local_cufe
        if document.cufe_differs:
            timeline.note(
                document, "cufe_differs", detail={"ours": document.local_cufe, "provider": answer.cufe}
            )
    document.protocol = document.protocol or answer.protocol[:100]
    document.qr = document.qr or answer.qr
    document.pac_response = identity.without_links(answer)
    if document.legal_status == LegalStatus.DGI_AUTHORIZED and document.authorized_at is None:
        document.authorized_at = timezone.now()


def _is_another_documents(cufe: str, document: Document) -> bool:
    """Whether another document of the tenant holds this CUFE: then a person is told, and this one stays without."""
    if not Document.objects.filter(tenant=document.tenant, cufe=cufe).exclude(pk=document.pk).exists():
        return False
    if not document.cufe_differs:
        document.cufe_differs = True
        timeline.note(document, "cufe_differs", detail={"ours": document.local_cufe, "provider": cufe})
    return True


def _on_final_word(document: Document) -> None:
    if document.legal_status == LegalStatus.DGI_AUTHORIZED:
        settling.settle_declared_payments(document)
        mailing.queue_for_receiver(document)
    settling.refresh_facts(document)
    if document.credited_id:
        settling.refresh_facts(Document.objects.select_for_update().get(pk=document.credited_id))
    if document.legal_status in REJECTED_LEGAL:
        affiliation.heed_complaints(document.tenant, [each["code"] for each in document.problems])


def _next_look(document: Document) -> datetime | None:
    """Every 5 s for 5 minutes, then ever more rarely, of our own up to two hours; None when nothing more is expected."""
    legal = LegalStatus(document.legal_status)
    if legal in REJECTED_LEGAL or _is_complete(document):
        return None
    now = timezone.now()
    if not document.is_mirrored:
        age = now - (document.authorized_at or document.accepted_at or now)
        return now + (CLOSE_STEP if age < _CLOSE_WATCH else min(age / 10, _LONGEST_STEP))
    age = now - min(document.issue_date or now, document.accepted_at or now)
    # Of thousands of old ones whose PDF nobody made none is asked about day after day; the list tells of another word.
    return now + max(age / 10, CLOSE_STEP)


def _is_complete(document: Document) -> bool:
    if document.legal_status != LegalStatus.DGI_AUTHORIZED:
        return False
    return document.has_pdf or not provider_spec(document.provider).can(Capability.PDF)


def _stop_looking_when_complete(document: Document) -> None:
    document.refresh_from_db(fields=["has_pdf", "legal_status"])
    if _is_complete(document):
        Document.objects.filter(pk=document.pk).update(due_at=None)


def _ask(document: Document) -> PacAnswer:
    provider = provider_for(document.tenant, document_uid=document.uid)
    return provider.read(Kind(document.kind), document.pac_company_id, document.document_id)


def _has_every_file(document: Document, answer: PacAnswer) -> bool:
    """Whether each kind of file that the provider offers, of every document or of this one, is here."""
    spec = provider_spec(document.provider)
    wanted = {kind for capability, kind in _FILES.items() if spec.can(capability)}
    if answer.cdr_url:
        wanted.add(Attachment.Kind.CDR)
    return wanted <= set(document.attachments.values_list("kind", flat=True))


def _locked(document: Document) -> Any:
    rows = Document.objects.select_for_update(of=("self",)).select_related("tenant", "office")
    return rows.get(pk=document.pk)
