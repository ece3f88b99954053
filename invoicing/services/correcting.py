"""Mending a document that was already issued: it loses its effect first, and only then the one that replaces it is issued.

Inside the window the original is voided; outside it a note over all that remains is issued to the same receiver (domain 9).
The replacement is prepared as a linked draft at once, so that it can be mended meanwhile; preflight holds it back until the
original has lost its effect. What a person decided is stored, how far it has come is read from the documents.
"""

import logging
import uuid
from collections.abc import Sequence

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from cifras.core import audit, wake
from cifras.core.models import Staff
from cifras.core.wording import sentences
from cifras.fiscal.document import Kind, Mode
from cifras.fiscal.errors import RuleBroken, gettext_noop, refuse
from cifras.fiscal.lifecycle import REJECTED_LEGAL, LegalStatus, Submission, VoidStatus
from cifras.fiscal.peru.baja import BAJA_OF_BOLETA
from cifras.fiscal.voiding import VoidWindowClosed, require_reason
from cifras.pac.errors import NotSupported, PacError
from invoicing.models import Correction, Document
from invoicing.models.correction import CorrectionQuerySet
from invoicing.services import (
    composing_notes,
    crediting,
    four_eyes,
    issuing,
    reissuing,
    replacing,
    returning,
    settling,
    timeline,
    voiding,
)
from invoicing.services.composing_notes import Wish
from invoicing.services.finding import as_uuid, get_document
from tenants.services.accounts import provider_spec

logger = logging.getLogger(__name__)

_FAMILY = ("tenant", "original__tenant", "original__office", "replacement", "credit", "started_by")


def way_of(document: Document) -> str:
    """Which way is open now: void inside the window, a credit note outside it. Raises RuleBroken when neither is.

    What its provider never voids, or the law not in this way (a boleta goes by daily summary), is credited.
    """
    now = timezone.now()
    try:
        voiding.require_eligible(document, at=now)
    except VoidWindowClosed:
        return Correction.Way.CREDIT
    except NotSupported:
        return _credit_way(document)
    except RuleBroken as refusal:
        if refusal.code == BAJA_OF_BOLETA:
            return _credit_way(document)
        is_late = document.void_deadline is not None and document.void_deadline < now
        if refusal.code == "void_live_credits" and is_late:
            return Correction.Way.CREDIT
        raise
    return Correction.Way.VOID


def _credit_way(document: Document) -> str:
    refuse(crediting.reference_reasons(document))
    return Correction.Way.CREDIT


def start_correction(
    document_id: uuid.UUID | str,
    *,
    reason: str,
    actor: Staff | None,
    money: str = "",
    issues_itself: bool = False,
) -> Correction:
    """Ask for the void, or issue the note, and prepare the draft that replaces the invoice, in one transaction.

    `money`: as in `void_invoice`. `issues_itself`: the draft is issued as soon as the original has lost its effect. An invoice
    that is being corrected answers its open correction. Raises RuleBroken when the invoice can't be corrected now.
    """
    with transaction.atomic():
        original = settling.locked(get_document(document_id, actor=actor, kind=Kind.INVOICE))
        known = Correction.objects.filter(original=original, state=Correction.State.OPEN).first()
        if known:
            return known
        returning.require_answer(money)
        correction = Correction(
            tenant=original.tenant,
            original=original,
            way=way_of(original),
            reason=reason.strip(),
            money=money,
            issues_itself=issues_itself,
            due_at=timezone.now(),
            started_by=actor,
        )
        _take_effect_away(correction, actor)
        correction.replacement = reissuing.prepare_replacement(original, actor=actor)
        correction.save()
        _note(correction, "correction_started", actor, {"way": correction.way, "reason": correction.reason})
    return correction


def get_correction(correction_id: uuid.UUID | str, *, actor: Staff | None) -> Correction:
    """The correction with our id; RuleBroken when it does not exist or belongs to a tenant out of sight."""
    rows = Correction.objects.visible_to(actor) if actor else Correction.objects.all()
    key = as_uuid(correction_id)
    found = rows.select_related(*_FAMILY).filter(uid=key).first() if key else None
    if found is None:
        raise RuleBroken(
            "unknown_correction",
            gettext_noop("No hay ninguna corrección con ese identificador a su alcance."),
        )
    return found


def obstacle_of(correction: Correction) -> RuleBroken | None:
    """What keeps an open correction from going on until somebody acts; None while it goes on, or waits, by itself."""
    original, note, replacement = correction.original, correction.credit, correction.replacement
    if correction.state != Correction.State.OPEN:
        return None
    if not replacing.is_over(original):
        stuck = (
            _note_obstacle(note) if correction.way == Correction.Way.CREDIT else _void_obstacle(correction)
        )
        if stuck:
            return stuck
    if replacement is None or replacement.submission == Submission.DISCARDED:
        return RuleBroken(
            "draft_gone", gettext_noop("El borrador que la reemplaza se descartó: prepare otro.")
        )
    if replacement.submission == Submission.RETURNED:
        return RuleBroken(
            "replacement_returned",
            gettext_noop(
                "La autoridad devolvió la nueva sin registrarla: corríjala y envíela desde su página."
            ),
        )
    if replacement.legal_status in REJECTED_LEGAL:
        return RuleBroken(
            "replacement_rejected",
            gettext_noop("La nueva fue rechazada: corríjala y reemítala desde su página."),
        )
    return None


def _void_obstacle(correction: Correction) -> RuleBroken | None:
    if correction.original.void_status == VoidStatus.REFUSED:
        return RuleBroken(
            "void_refused", gettext_noop("El PAC rechazó la anulación: el original sigue vigente.")
        )
    if _is_void_dropped(correction):
        return RuleBroken(
            "void_not_approved",
            gettext_noop("La anulación propuesta no se aprobó: el original sigue vigente."),
        )
    return None


def _note_obstacle(note: Document | None) -> RuleBroken | None:
    """What keeps the note from taking effect; a void that was refused before is of no account any more."""
    if note and replacing.is_dead(note):
        return RuleBroken(
            "note_refused", gettext_noop("La nota de crédito no quedó en pie: el original sigue vigente.")
        )
    if note and note.submission == Submission.RETURNED:
        return RuleBroken(
            "note_returned",
            gettext_noop(
                "La autoridad devolvió la nota de crédito sin registrarla: corríjala y envíela desde su página."
            ),
        )
    return None


def try_again(correction_id: uuid.UUID | str, *, actor: Staff | None) -> Correction:
    """Take the step that failed once more: void again, or a note where the window has closed; another draft; another issue."""
    with transaction.atomic():
        correction = _locked(correction_id, actor)
        obstacle = obstacle_of(correction)
        if obstacle and obstacle.code in {"void_refused", "void_not_approved", "note_refused"}:
            correction.way = way_of(correction.original)
            _take_effect_away(correction, actor)
        elif obstacle and obstacle.code == "draft_gone":
            if correction.replacement:
                reissuing.let_go(correction.replacement)
            correction.replacement = reissuing.prepare_replacement(correction.original, actor=actor)
            if replacing.is_over(correction.original):
                _hand_over(correction, correction.replacement)
        correction.due_at, correction.problems = timezone.now(), []
        correction.save()
        _note(correction, "correction_again", actor, {"way": correction.way})
        wake("invoicing.correct")
    return correction


def set_automatic(correction_id: uuid.UUID | str, *, issues_itself: bool, actor: Staff | None) -> Correction:
    """Say whether the replacement is issued by itself as soon as it may be."""
    with transaction.atomic():
        correction = _locked(correction_id, actor)
        correction.issues_itself = issues_itself
        correction.due_at, correction.problems = timezone.now(), []
        correction.save()
        _note(correction, "correction_automatic", actor, {"on": issues_itself})
        wake("invoicing.correct")
    return correction


def stop_correction(correction_id: uuid.UUID | str, *, reason: str, actor: Staff | None) -> Correction:
    """Go no further. A void that was asked for is not called back; the draft is discarded, unless money was passed to it.

    Raises RuleBroken once the replacement has been queued, and without a reason.
    """
    with transaction.atomic():
        correction = _locked(correction_id, actor)
        if not reason.strip():
            raise RuleBroken("stop_reason", gettext_noop("Diga por qué se detiene la corrección."), "reason")
        draft = correction.replacement
        if draft and draft.submission != Submission.DISCARDED and not draft.is_mendable:
            raise RuleBroken(
                "replacement_issued",
                gettext_noop("{document} ya se puso en cola: la corrección no se detiene, siga su estado."),
                document=str(draft),
            )
        _put_aside(draft, actor)
        _end(correction, Correction.State.STOPPED, actor, reason.strip()[:500])
    return correction


def advance_due(*, limit: int = 50) -> int:
    """Take every open correction its next step that needs nobody; answers how many moved."""
    moved = 0
    for key in _ready().values_list("pk", flat=True)[:limit]:
        with transaction.atomic():
            rows = _ready().select_for_update(skip_locked=True, of=("self",)).select_related(*_FAMILY)
            correction = rows.filter(pk=key).first()
            if correction:
                _advance(correction)
                moved += 1
    return moved


def _is_void_dropped(correction: Correction) -> bool:
    """Whether the void that it waits for was proposed to a second person, who did not approve it."""
    original = correction.original
    is_asked_for = correction.way == Correction.Way.VOID and original.void_status == VoidStatus.NONE
    return is_asked_for and not four_eyes.waits_for_approval(original)


def _ready() -> CorrectionQuerySet:
    """Those whose original has just lost its effect, whose draft is to be issued by itself, or which are done."""
    is_void = Q(original__void_status=VoidStatus.VOIDED)
    is_credited = Q(original__total__gt=0, original__credited_total=F("original__total"))
    is_over = is_void | is_credited
    to_issue = Q(issues_itself=True, due_at__lte=timezone.now(), replacement__submission=Submission.DRAFT)
    is_done = Q(replacement__legal_status=LegalStatus.DGI_AUTHORIZED)
    step = (is_over & (Q(original__is_superseded=False) | to_issue)) | is_done
    return Correction.objects.filter(step, state=Correction.State.OPEN).order_by("pk")


def _advance(correction: Correction) -> None:
    original, replacement = settling.locked(correction.original), correction.replacement
    if replacement is None or replacement.submission == Submission.DISCARDED:
        Correction.objects.filter(pk=correction.pk).update(due_at=None, issues_itself=False)
        Document.objects.filter(pk=original.pk).update(is_superseded=True)
        return
    if not original.is_superseded:
        _hand_over(correction, replacement)
    if correction.issues_itself and replacement.submission == Submission.DRAFT:
        _issue(correction, replacement)
    replacement.refresh_from_db(fields=["legal_status"])
    if replacement.legal_status == LegalStatus.DGI_AUTHORIZED:
        _end(correction, Correction.State.DONE, None, "")


def _hand_over(correction: Correction, replacement: Document) -> None:
    """The original has lost its effect: its reference and its money go to what replaces it."""
    original = settling.locked(correction.original)
    reissuing.take_over(replacement, original)
    returning.settle_up(original, correction.money)
    _note(correction, "correction_ready", None, {"document": str(replacement)})


def _issue(correction: Correction, replacement: Document) -> None:
    """Queue the replacement as the person who asked for it; what stands in the way is kept for them."""
    try:
        with transaction.atomic():
            issuing.generate_invoice(replacement.uid, actor=correction.started_by)
    except (RuleBroken, PacError) as refusal:
        logger.warning("Correction %s does not go on: %s", correction.uid, refusal.code)
        Correction.objects.filter(pk=correction.pk).update(due_at=None, problems=_as_kept(refusal))
    else:
        Correction.objects.filter(pk=correction.pk).update(due_at=None, problems=[])


def _as_kept(refusal: RuleBroken | PacError) -> list[dict[str, str]]:
    reasons: Sequence[RuleBroken | PacError] = (
        refusal.reasons if isinstance(refusal, RuleBroken) else [refusal]
    )
    return [{"code": reason.code, "message": " ".join(sentences(reason))} for reason in reasons]


def _take_effect_away(correction: Correction, actor: Staff | None) -> None:
    """Ask for the void, or issue the note over all that remains. A note carries the reason among its remarks."""
    original = correction.original
    if correction.way == Correction.Way.VOID:
        voiding.void_invoice(original.uid, correction.reason, actor=actor, money=correction.money)
    else:
        reason = _note_reason(correction)
        rest = composing_notes.creditable(original)
        note = composing_notes.note_json(rest, Wish(), mode=Mode.DGI, notes=reason, reason=reason)
        correction.credit = issuing.create_credit(note, actor=actor)


def _note_reason(correction: Correction) -> str:
    """The reason as the note carries it: in Peru it is the note's own, which its law looks at."""
    if correction.original.peru:
        return correction.reason
    limits = provider_spec(correction.original.provider).void_reason
    return require_reason(correction.reason, limits.minimum, limits.maximum)


def _put_aside(draft: Document | None, actor: Staff | None) -> None:
    if draft is None or not draft.is_mendable or draft.settled_total:
        return
    reissuing.let_go(draft)
    issuing.discard_document(draft.uid, actor=actor)


def _end(correction: Correction, state: str, actor: Staff | None, reason: str) -> None:
    name = actor.username if actor else ""
    moved = Correction.objects.filter(pk=correction.pk, state=Correction.State.OPEN).update(
        state=state, ended_at=timezone.now(), ended_by=name, end_reason=reason, due_at=None
    )
    if moved:
        code = "correction_done" if state == Correction.State.DONE else "correction_stopped"
        _note(correction, code, actor, {"reason": reason})
    correction.refresh_from_db()


def _locked(correction_id: uuid.UUID | str, actor: Staff | None) -> Correction:
    """An open correction under its row lock."""
    found = get_correction(correction_id, actor=actor)
    rows = Correction.objects.select_for_update(of=("self",)).select_related(*_FAMILY)
    correction = rows.get(pk=found.pk)
    if correction.state != Correction.State.OPEN:
        raise RuleBroken(
            "correction_over",
            gettext_noop("Esta corrección ya terminó o se detuvo: no hay nada que seguir."),
        )
    return correction


def _note(correction: Correction, code: str, actor: Staff | None, detail: dict[str, object]) -> None:
    timeline.note(correction.original, code, actor=actor, detail=detail)
    audit.record(
        f"document.{code}", actor=actor, tenant_uid=correction.tenant.uid, target=correction, after=detail
    )
