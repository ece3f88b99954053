"""A void that nobody knows about, or that was done on a portal: registered by persons, with evidence, window or not.

Source: domain 2 and 9. Nothing is called here.
"""

from django.utils import timezone

from cifras.core import audit
from cifras.core.models import Staff
from cifras.fiscal.document import Mode
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.fiscal.lifecycle import PERSON_VOID_MOVES, VOID_IN_COURSE, LegalStatus, VoidStatus, may_move
from invoicing.models import Attempt, Document
from invoicing.services import returning, settling, timeline, tracking


def require_void_done(document: Document) -> None:
    """Raises RuleBroken unless its void may be registered as done."""
    if document.mode != Mode.DGI or document.legal_status != LegalStatus.DGI_AUTHORIZED:
        raise RuleBroken(
            "void_register_unauthorised",
            gettext_noop("Solo se registra la anulación de un documento autorizado por la DGI."),
        )
    _require_move(document, VoidStatus.VOIDED)


def require_void_not_done(document: Document) -> None:
    """Raises RuleBroken unless its void is in doubt."""
    _require_move(document, VoidStatus.REFUSED)


def void_done(document: Document, reason: str, actor: Staff) -> None:
    """The authority holds it as void."""
    now = timezone.now()
    _move(
        document,
        VoidStatus.VOIDED,
        reason,
        actor,
        voided_at=now,
        void_reason=document.void_reason or reason,
        void_requested_at=document.void_requested_at or now,
    )
    document.refresh_from_db()
    returning.settle_up(document, document.void_money)
    if document.credited_id:
        settling.refresh_facts(Document.objects.select_for_update().get(pk=document.credited_id))
    _record(document, "document.voided", reason, actor)


def void_not_done(document: Document, reason: str, actor: Staff) -> None:
    """The authority never took it: the document stands, and while the window is open its void can be asked for again."""
    _move(document, VoidStatus.REFUSED, reason, actor)
    document.refresh_from_db()
    _record(document, "document.void_refused", reason, actor)


def _require_move(document: Document, to: VoidStatus) -> None:
    held = VoidStatus(document.void_status)
    if may_move(PERSON_VOID_MOVES, held, to):
        return
    if held is VoidStatus.VOIDED:
        raise RuleBroken("already_voided", gettext_noop("El documento ya está anulado."))
    if held in VOID_IN_COURSE:
        raise RuleBroken(
            "void_in_course",
            gettext_noop("Ya hay una anulación en curso. Espere su resultado: se consulta por sí sola."),
        )
    raise RuleBroken("void_not_in_doubt", gettext_noop("Su anulación no está en duda."))


def _move(document: Document, to: VoidStatus, reason: str, actor: Staff, **changes: object) -> None:
    held = document.void_status
    now = timezone.now()
    moved = Document.objects.filter(pk=document.pk, void_status=held).update(
        void_status=to,
        void_due_at=None,
        void_leased_until=None,
        void_answer={"settled_by": actor.username, "reason": reason, "from": held},
        settled_by_person=True,
        updated_at=now,
        **changes,
    )
    if not moved:
        raise tracking.changed_meanwhile()
    Attempt.objects.filter(document=document, act=Attempt.Act.VOID, outcome=Attempt.Outcome.RUNNING).update(
        outcome=Attempt.Outcome.UNKNOWN, finished_at=now
    )
    code = "void_registered" if to is VoidStatus.VOIDED else "void_settled_as_not_done"
    timeline.note(document, code, actor=actor, detail={"reason": reason})


def _record(document: Document, action: str, reason: str, actor: Staff) -> None:
    audit.record(
        action,
        actor=actor,
        tenant_uid=document.tenant.uid,
        target=document,
        reason=reason,
        after={"void_status": document.void_status, "settled_by_person": True},
    )
