"""One line for everything that happens to a document, append only."""

import uuid
from collections.abc import Sequence
from typing import Any

from cifras.core.audit import plain_json
from cifras.core.context import correlation_id
from cifras.core.models import Staff
from invoicing.models import Document, TimelineEvent


def note(
    document: Document,
    code: str,
    *,
    actor: Staff | None = None,
    detail: dict[str, Any] | None = None,
    exchange_id: str = "",
) -> TimelineEvent:
    """Write that `code` (a stable word such as ``queued``) happened, in the caller's transaction."""
    event = happening(document, code, actor=actor, detail=detail, exchange_id=exchange_id)
    event.save()
    return event


def note_all(events: Sequence[TimelineEvent]) -> None:
    """Write many at once, each made by `happening`, in the caller's transaction."""
    TimelineEvent.objects.bulk_create(events)


def happening(
    document: Document,
    code: str,
    *,
    actor: Staff | None = None,
    detail: dict[str, Any] | None = None,
    exchange_id: str = "",
) -> TimelineEvent:
    """The event, not yet written, in the act under way."""
    return TimelineEvent(
        tenant_uid=document.tenant.uid,
        document_uid=document.uid,
        code=code,
        detail=plain_json(detail or {}),
        actor_uid=actor.uid if actor else None,
        actor_name=actor.username if actor else "",
        correlation_id=correlation_id(),
        exchange_uid=uuid.UUID(exchange_id) if exchange_id else None,
    )
