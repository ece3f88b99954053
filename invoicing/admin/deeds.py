"""What can be done with a document now, and why the rest cannot: the buttons of its page."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from cifras.core.models import Staff
from cifras.core.rights import may
from cifras.core.wording import sentence
from cifras.fiscal.errors import RuleBroken
from cifras.fiscal.lifecycle import LegalStatus, Submission, VoidStatus
from cifras.fiscal.voiding import VoidWindowClosed
from cifras.pac.contract import Capability
from cifras.pac.errors import PacError
from invoicing.admin.words import words_of
from invoicing.models import Document
from invoicing.models.choices import Kind, Mode
from invoicing.services import crediting, issuing, voiding
from tenants.services.accounts import provider_spec

# Refusals of a void over which only a credit note is open; its dialog offers it.
ONLY_CREDITED = frozenset({"baja_of_boleta", "not_supported", "void_not_offered"})
ASKS, POSTS, LINKS = "asks", "posts", "links"


@dataclass(frozen=True, slots=True)
class Deed:
    """One button. `why_not` is empty when it can be done. It opens a dialog (ASKS), is done at once (POSTS), or leads (LINKS)."""

    name: str
    label: str
    icon: str
    variant: str = "default"
    how: str = ASKS
    why_not: str = ""


def actor_of(request: HttpRequest) -> Staff:
    """The person who is signed in; these pages have nobody else."""
    return cast(Staff, request.user)


def right(document: Document, deed: str) -> str:
    """The permission for a deed ("issue", "void", "discard", "change", "view") on this kind of document."""
    return f"invoicing.{deed}_{document.face_name}"


def deeds_of(document: Document, staff: Any) -> list[Deed]:
    """The buttons, by what is possible now and by what `staff` may do."""
    if document.submission == Submission.DISCARDED:
        return []
    if document.is_mendable:
        label = _("Emitir") if document.submission == Submission.DRAFT else _("Volver a enviar")
        return [
            *_edit(document, staff),
            Deed("review", _("Revisar"), "fact_check"),
            Deed("issue", label, "send", "primary", why_not=_no_right(document, staff, "issue")),
            _discard(document, staff),
        ]
    if document.submission == Submission.IMPORTED:
        return _credit(document, staff)  # the rest is in imported_deeds
    found = [_ask(document, staff)]
    if provider_spec(document.provider).can(Capability.PDF):
        found.append(_attach(document, staff))
    if document.legal_status != LegalStatus.DGI_AUTHORIZED:
        found.append(_discard(document, staff))
    found += _credit(document, staff)
    if document.void_status != VoidStatus.VOIDED:
        found.append(_void(document, staff))
    return found


def void_obstacle(document: Document) -> RuleBroken | PacError | None:
    """What stands in the way of a void now, the reason's text aside."""
    return refusal_of(lambda: voiding.require_eligible(document, at=timezone.now()))


def refusal_of(question: Callable[[], object]) -> RuleBroken | PacError | None:
    """A guard's or a service's refusal as a value; None when it raised none."""
    try:
        question()
    except (RuleBroken, PacError) as refusal:
        return refusal
    return None


def attach_obstacle(document: Document) -> str:
    """Why asking for the PDF makes no sense now; empty when it does."""
    if document.has_pdf:
        return _("Ya tiene su PDF: está en Archivos.")
    if not document.document_id:
        return _("No consta en el PAC: no hay PDF que pedir.")
    if document.legal_status not in {LegalStatus.PAC_AUTHORIZED, LegalStatus.DGI_AUTHORIZED}:
        return _("El PDF llega con la autorización, que aún falta.")
    return ""


def _edit(document: Document, staff: Any) -> list[Deed]:
    if not may(staff, right(document, "change")):
        return []
    return [Deed("change", _("Editar"), "edit", how=LINKS)]


def _credit(document: Document, staff: Any) -> list[Deed]:
    """A note over an invoice that has effect; on its page stands what is left of it."""
    has_effect = document.legal_status == LegalStatus.DGI_AUTHORIZED or document.mode == Mode.DGI_IMPORT
    is_sale = document.kind == Kind.INVOICE and not document.is_received
    if not (is_sale and has_effect) or document.is_voided:
        return []
    why_not = "" if may(staff, "invoicing.add_credit") else _("Su rol no permite este acto.")
    if not why_not and document.credited_total == document.total:
        why_not = _("Sus notas de crédito ya cubren el total: no queda nada que rebajar.")
    if not why_not and not provider_spec(document.provider).can(
        Capability.ISSUE_CREDIT, document.tenant.pac_options
    ):
        why_not = _("Esta empresa no emite desde Cifras: haga la nota en el PAC y llegará aquí.")
    if not why_not:
        why_not = "\n".join(sentence(reason.at("")) for reason in crediting.reference_reasons(document))
    return [Deed("credit", _("Emitir nota de crédito"), "assignment_return", how=LINKS, why_not=why_not)]


def _ask(document: Document, staff: Any) -> Deed:
    label = _("Consultar ahora") if document.submission == Submission.UNKNOWN else _("Actualizar")
    why_not = _no_right(document, staff, "change")
    if not why_not and document.submission not in {Submission.ACCEPTED, Submission.UNKNOWN}:
        why_not = _("El PAC aún no lo tiene, o lo rechazó: no hay nada que consultar.")
    return Deed("refresh", label, "refresh", how=POSTS, why_not=why_not)


def _attach(document: Document, staff: Any) -> Deed:
    if document.has_pdf:
        return Deed("pdf", _("Descargar PDF"), "download", how=LINKS)
    why_not = _no_right(document, staff, "change") or attach_obstacle(document)
    return Deed("attach_pdf", _("Adjuntar PDF"), "picture_as_pdf", how=POSTS, why_not=why_not)


def _discard(document: Document, staff: Any) -> Deed:
    why_not = _no_right(document, staff, "discard")
    refusal = None if why_not else refusal_of(lambda: issuing.require_discardable(document))
    return Deed(
        "discard", _("Descartar"), "delete", why_not=why_not or (sentence(refusal) if refusal else "")
    )


def _void(document: Document, staff: Any) -> Deed:
    """Where only a credit note is open the dialog still opens, and offers it; over live notes it says in which order."""
    why_not = _no_right(document, staff, "void")
    refusal = None if why_not else void_obstacle(document)
    label = words_of(document).void
    if refusal and refusal.code in ONLY_CREDITED:
        label = _("Anular")
        is_creditable = document.kind == Kind.INVOICE and document.legal_status == LegalStatus.DGI_AUTHORIZED
        why_not = "" if is_creditable else sentence(refusal)
    elif refusal and not isinstance(refusal, VoidWindowClosed) and refusal.code != "void_live_credits":
        why_not = sentence(refusal)
    return Deed("void", label, "block", "danger", why_not=why_not)


def _no_right(document: Document, staff: Any, deed: str) -> str:
    return "" if may(staff, right(document, deed)) else _("Su rol no permite este acto.")
