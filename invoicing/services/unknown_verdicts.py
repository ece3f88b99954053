"""An unconfirmed document, settled by persons: it exists, it never will, its bytes go again, or its number is another's.

Every move is compare-and-set out of UNKNOWN, so that news which comes meanwhile wins. Nothing gets a new number. Source:
domain 2, 6.4.
"""

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from cifras.core import audit, wake
from cifras.core.models import Staff
from cifras.core.proposals import require_reason
from cifras.fiscal.document import Kind
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.fiscal.lifecycle import PERSON_MOVES, REJECTED_LEGAL, LegalStatus, Submission, require_move
from cifras.fiscal.zones import written
from cifras.pac.contract import PacAnswer
from invoicing.models import Document
from invoicing.models.choices import Flag, NumberFate
from invoicing.services import identity, resolving, timeline, tracking
from invoicing.services.finding import get_document
from invoicing.services.identity import Likeness
from invoicing.services.peruvian import printed_number
from tenants.services.accounts import provider_for


def settle_by_look_up(
    document_id: uuid.UUID | str, *, pac_id: str, cufe: str, reason: str, actor: Staff
) -> Document:
    """Somebody knows under which id or CUFE the provider holds it: ask for that now, and believe what the provider shows.

    Ours is accepted like any other news; another sale under our number becomes a conflict. Raises RuleBroken when the id is of
    something else, and PacError when the provider cannot be asked.
    """
    document = get_document(document_id, actor=actor)
    require_unknown(document)
    clean = require_reason(reason)
    shown = [
        (identity.compare(document, answer), answer) for answer in _shown(document, pac_id.strip(), cufe)
    ]
    ours = [answer for how, answer in shown if how is Likeness.SAME]
    theirs = [answer for how, answer in shown if how is Likeness.DIFFERENT]
    if not ours and not theirs:
        raise _not_this_document([answer for _how, answer in shown])
    timeline.note(document, "pointed_out", actor=actor, detail={"reason": clean, "document_id": pac_id})
    if ours:
        return tracking.accept(document, ours[0], source="person", actor=actor, fetches_files=False)
    resolving.record_conflict(document, theirs[0])
    document.refresh_from_db()
    return document


def require_unknown(document: Document) -> None:
    """Raises RuleBroken unless nobody knows what became of it."""
    if document.submission != Submission.UNKNOWN:
        raise RuleBroken(
            "not_unknown",
            gettext_noop("El documento ya no está sin confirmar: actualice la página y vea qué pasó."),
        )


def require_resend(document: Document) -> None:
    """Raises RuleBroken unless the same bytes may go again when persons have proof that they never arrived."""
    require_unknown(document)
    if document.flag:
        raise RuleBroken(
            "number_exists_there",
            gettext_noop("El PAC ya dijo que ese número existe: enviarlo de nuevo no lo aclararía."),
        )
    now = timezone.now()
    possible_from = resend_from(document)
    if now < possible_from:
        raise RuleBroken(
            "too_early_to_resend",
            gettext_noop("El PAC todavía puede estar procesando el envío: espere hasta el {time}."),
            time=written(possible_from),
        )
    if document.send_by and document.send_by < now:
        raise RuleBroken(
            "send_by_passed",
            gettext_noop("El plazo para enviarlo venció el {time}: ya no se envía."),
            time=written(document.send_by),
        )


def resend_from(document: Document) -> datetime:
    """From when on the provider is done with the last attempt, one way or the other (setting PAC_RESEND_AFTER)."""
    since = document.last_attempt_at or document.queued_at or document.created_at
    return since + timedelta(seconds=settings.PAC_RESEND_AFTER)


def resend(document: Document, _reason: str, _actor: Staff) -> None:
    """Queue the same bytes under the same number."""
    _move(document, submission=Submission.QUEUED, due_at=timezone.now(), leased_until=None, asks_made=0)
    wake("invoicing.submit")


def require_refusal(document: Document) -> None:
    """Raises RuleBroken unless it may be settled as never existing."""
    require_unknown(document)
    require_move(PERSON_MOVES, Submission(document.submission), Submission.REFUSED)


def never(document: Document, reason: str, actor: Staff) -> None:
    """It does not exist and never will; the number was not used up."""
    _refuse(document, NumberFate.NOT_CONSUMED, reason, actor)


def take_number(document: Document, reason: str, actor: Staff) -> None:
    """The number holds another sale: this one was never issued. It can be corrected and issued under a new number."""
    _refuse(document, NumberFate.TAKEN, reason, actor)


def require_conflict(document: Document) -> None:
    """Raises RuleBroken unless two documents stand against each other."""
    require_unknown(document)
    if document.flag != Flag.CONFLICT:
        raise RuleBroken("no_conflict", gettext_noop("No hay otro documento con el que compararlo."))


def require_taken(document: Document) -> None:
    """Raises RuleBroken unless the number may be another sale's: not where the provider shows that it is this one's."""
    require_conflict(document)
    if is_shown_to_be_ours(document):
        raise RuleBroken(
            "shown_to_be_ours",
            gettext_noop("Lo que muestra el PAC coincide en todo con este documento: adóptelo."),
        )


def require_adoption(document: Document) -> None:
    """Raises RuleBroken unless the provider showed a living document with an id of its own."""
    require_conflict(document)
    theirs = identity.held(document)
    if theirs is None or not theirs.document_id:
        raise RuleBroken(
            "nothing_shown",
            gettext_noop("El PAC aún no mostró su documento: vuelva a preguntar, o busque su identificador."),
        )
    if theirs.legal_status in REJECTED_LEGAL:
        raise RuleBroken(
            "adopt_rejected",
            gettext_noop("El documento del PAC está rechazado: no puede ser esta venta autorizada."),
        )


def adopt(document: Document, _reason: str, actor: Staff) -> None:
    """The provider's document is ours, whatever differs: accepted as news like any other. Raises RuleBroken if it cannot be."""
    theirs = identity.held(document)
    if theirs is None:
        raise tracking.changed_meanwhile()
    accepted = tracking.accept(document, theirs, source="person", actor=actor, fetches_files=False)
    if accepted.submission != Submission.ACCEPTED:
        raise RuleBroken(
            "adopted_elsewhere",
            gettext_noop("Ese identificador del PAC ya pertenece a otro documento: decida sobre el otro."),
        )
    Document.objects.filter(pk=document.pk).update(settled_by_person=True)


def is_shown_to_differ(document: Document) -> bool:
    """Whether the provider showed its document and it is certainly another sale."""
    theirs = identity.held(document)
    return theirs is not None and identity.compare(document, theirs) is Likeness.DIFFERENT


def is_shown_to_be_ours(document: Document) -> bool:
    """Whether the provider showed its document and nothing about it differs. A number alone shows no sale."""
    theirs = identity.held(document)
    if theirs is None or not identity.shows_its_sale(theirs):
        return False
    return identity.compare(document, theirs) is Likeness.SAME


def _shown(document: Document, pac_id: str, cufe: str) -> Sequence[PacAnswer]:
    if not pac_id and not cufe.strip():
        raise RuleBroken(
            "nothing_to_look_up",
            gettext_noop("Escriba el identificador en el PAC o el CUFE con el que existe."),
            "pac_id",
        )
    provider = provider_for(document.tenant, document_uid=document.uid)
    kind = Kind(document.kind)
    if pac_id:
        answer = provider.read(kind, document.pac_company_id, pac_id)
        return [replace(answer, document_id=answer.document_id or pac_id)]
    found = provider.find(kind, document.pac_company_id, printed_number(document))
    return [answer for answer in found if answer.cufe == cufe.strip().upper()]


def _not_this_document(shown: Sequence[PacAnswer]) -> RuleBroken:
    if not shown:
        return RuleBroken(
            "not_held_there", gettext_noop("El PAC no tiene ningún documento con ese CUFE."), "cufe"
        )
    return RuleBroken(
        "not_this_document",
        gettext_noop("En el PAC eso es otro documento (número {number}): no aclara nada sobre este."),
        "pac_id",
        number=shown[0].number or "?",
    )


def _refuse(document: Document, fate: NumberFate, reason: str, actor: Staff) -> None:
    _move(
        document,
        submission=Submission.REFUSED,
        legal_status=LegalStatus.PAC_REJECTED,
        number_fate=fate,
        flag="",
        problems=[],
        due_at=None,
        leased_until=None,
    )
    audit.record(
        "document.refused_by_person",
        actor=actor,
        tenant_uid=document.tenant.uid,
        target=document,
        before={"submission": Submission.UNKNOWN, "flag": document.flag},
        after={"submission": Submission.REFUSED, "number_fate": fate.value},
        reason=reason,
    )


def _move(document: Document, **changes: object) -> None:
    unknown = Document.objects.filter(pk=document.pk, submission=Submission.UNKNOWN)
    if not unknown.update(settled_by_person=True, updated_at=timezone.now(), **changes):
        raise tracking.changed_meanwhile()
