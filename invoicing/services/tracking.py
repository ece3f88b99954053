"""The one door for news about a document: the answer to a post, a webhook's read, a poll, a manual refresh.

Moves are compare-and-set updates over the law's tables; late, repeated or out-of-order news never moves a status back. News
contrary to a terminal word is flagged and left to a person. Source: domain 2, 6 and 7.
"""

import json
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from cifras.core import audit, wake
from cifras.core.models import Staff
from cifras.fiscal.document import Kind
from cifras.fiscal.lifecycle import REJECTED_LEGAL, TERMINAL_LEGAL, LegalStatus, News, Submission, read_news
from cifras.pac.contract import Capability, PacAnswer
from invoicing.models import Attachment, Document, WebhookDelivery
from invoicing.services import identity, settling, timeline
from invoicing.services.attachments import attach_files
from invoicing.services.identity import Likeness
from tenants.models import Tenant
from tenants.services.accounts import provider_for, provider_spec

_MAY_BE_ACCEPTED = (Submission.SENDING, Submission.UNKNOWN, Submission.QUEUED)
_CLOSE_WATCH = timedelta(minutes=5)
_CLOSE_STEP = timedelta(seconds=5)
_LONGEST_STEP = timedelta(hours=2)

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


def apply(document: Document, answer: PacAnswer, *, source: str, actor: Staff | None = None) -> Document:
    """Apply an answer about an accepted document: its legal word, its members, its files; then set the next look."""
    became_final = False
    with transaction.atomic():
        current = _locked(document)
        if current.submission == Submission.ACCEPTED:
            became_final = _move_legal(current, answer, source=source, actor=actor)
            _fill_in(current, answer)
            current.due_at = _next_look(current)
            current.save(update_fields=_NEWS)
            if became_final:
                _on_final_word(current)
    has_files = current.legal_status in {LegalStatus.PAC_AUTHORIZED, LegalStatus.DGI_AUTHORIZED}
    is_wanted = became_final or source == "manual" or not _has_every_file(current)
    if has_files and is_wanted and (answer.pdf_url or answer.xml_url):
        attach_files(current, answer, source=source, refetch=lambda: _ask(current))
        _stop_looking_when_complete(current)
    document.refresh_from_db()
    return document


def accept(document: Document, answer: PacAnswer, *, source: str, actor: Staff | None = None) -> Document:
    """Record that the provider holds this document: the answer to our post, or its identity proven later.

    A 2xx answer whose legal word is PAC_REJECTED is a refusal. Whoever comes second finds the move made and changes nothing.
    """
    refused = answer.legal_status == LegalStatus.PAC_REJECTED
    state = Submission.REFUSED if refused else Submission.ACCEPTED
    now = timezone.now()
    try:
        with transaction.atomic():
            moved = Document.objects.filter(pk=document.pk, submission__in=_MAY_BE_ACCEPTED).update(
                submission=state,
                legal_status=LegalStatus.PAC_REJECTED if refused else LegalStatus.NONE,
                raw_legal_status=answer.raw_legal_status[:60],
                document_id=answer.document_id,
                flag="",
                conflict=None,
                held_reason="",
                leased_until=None,
                accepted_at=now,
                due_at=None if refused else now,
                problems=problems_of(answer),
                pac_response=_without_links(answer),
            )
            if not moved:
                document.refresh_from_db()
                return document
            _note_acceptance(document, answer, state, source=source, actor=actor)
    except IntegrityError:
        return _same_id_twice(document, answer)
    if refused:
        document.refresh_from_db()
        return document
    return apply(document, answer, source=source, actor=actor)


def adopt(tenant: Tenant, kind: Kind, answer: PacAnswer, *, source: str) -> Document | None:
    """The document of ours that `answer` proves to exist, now accepted; None when it is none of ours, or not certainly.

    Without a CUFE the number alone names it, and only where a single waiting document of the kind bears that number.
    """
    waiting = Document.objects.select_related("tenant", "office").filter(
        tenant=tenant, kind=kind, submission__in=_MAY_BE_ACCEPTED, attempts_made__gt=0
    )
    if not answer.cufe:
        waiting = waiting.filter(number=answer.number)
    ours = [row for row in waiting if identity.compare(row, answer) is Likeness.SAME]
    return accept(ours[0], answer, source=source) if len(ours) == 1 else None


def problems_of(answer: PacAnswer) -> list[dict[str, str]]:
    """The provider's complaints as they are kept on a document."""
    return [{"code": item.code, "field": item.field, "message": item.message} for item in answer.problems]


def _without_links(answer: PacAnswer) -> Any:
    """The answer as received, but for its signed links: they are keys to the files, for minutes, and never kept."""
    text = json.dumps(audit.plain_json(answer.body))
    for link in (answer.pdf_url, answer.xml_url):
        if link:
            text = text.replace(json.dumps(link)[1:-1], "")
    return json.loads(text)


def _note_acceptance(
    document: Document, answer: PacAnswer, state: Submission, *, source: str, actor: Staff | None
) -> None:
    detail = {"source": source, "document_id": answer.document_id, "legal_status": answer.raw_legal_status}
    code = "refused" if state == Submission.REFUSED else "accepted"
    timeline.note(document, code, actor=actor, detail=detail, exchange_id=answer.exchange_id)
    audit.record(
        f"document.{code}",
        actor=actor,
        tenant_uid=document.tenant.uid,
        target=document,
        before={"submission": document.submission},
        after=detail,
        exchange_id=answer.exchange_id,
    )
    if answer.document_id:
        _wake_parked_news(document, answer.document_id)


def _wake_parked_news(document: Document, document_id: str) -> None:
    """A webhook may have overtaken the answer to our own post: what was parked under this id is matched now."""
    parked = WebhookDelivery.objects.filter(
        tenant=document.tenant, pac_document_id=document_id, state=WebhookDelivery.State.PARKED
    )
    if parked.update(due_at=timezone.now()):
        wake("invoicing.inbox")


def _same_id_twice(document: Document, answer: PacAnswer) -> Document:
    """The provider gave an id that another document of ours holds: a person decides."""
    Document.objects.filter(pk=document.pk, submission__in=_MAY_BE_ACCEPTED).update(
        submission=Submission.UNKNOWN,
        flag="CONFLICT",
        conflict=audit.plain_json(answer.body),
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
    if news is News.CONTRARY and document.legal_conflict != after:
        document.legal_conflict = after
        detail = {"kept": before, "news": after}
        timeline.note(document, "legal_conflict", detail=detail, exchange_id=answer.exchange_id)
    if news is not News.FORWARD:
        return False
    document.legal_status = after
    document.problems = problems_of(answer) if after in REJECTED_LEGAL else []
    timeline.note(
        document,
        "legal_status",
        actor=actor,
        detail={"from": before, "to": after, "source": source},
        exchange_id=answer.exchange_id,
    )
    audit.record(
        "document.legal_status",
        actor=actor,
        tenant_uid=document.tenant.uid,
        target=document,
        before={"legal_status": before},
        after={"legal_status": after, "source": source},
        exchange_id=answer.exchange_id,
    )
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
    document.pac_response = _without_links(answer)
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
    settling.refresh_facts(document)
    if document.credited_id:
        settling.refresh_facts(Document.objects.select_for_update().get(pk=document.credited_id))


def _next_look(document: Document) -> datetime | None:
    """Every 5 s for 5 minutes, then ever more rarely up to two hours; None when nothing more is expected."""
    legal = LegalStatus(document.legal_status)
    if legal in REJECTED_LEGAL or _is_complete(document):
        return None
    now = timezone.now()
    age = now - (document.authorized_at or document.accepted_at or now)
    return now + (_CLOSE_STEP if age < _CLOSE_WATCH else min(age / 10, _LONGEST_STEP))


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


def _has_every_file(document: Document) -> bool:
    """Whether each kind of file that the provider offers is here."""
    spec = provider_spec(document.provider)
    wanted = {kind for capability, kind in _FILES.items() if spec.can(capability)}
    return wanted <= set(document.attachments.values_list("kind", flat=True))


def _locked(document: Document) -> Any:
    rows = Document.objects.select_for_update(of=("self",)).select_related("tenant", "office")
    return rows.get(pk=document.pk)
