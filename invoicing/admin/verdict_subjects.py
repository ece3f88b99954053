"""What persons are asked about a doubtful document, page by page: the question, and the answers that are possible now."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cifras.core.rights import may
from cifras.core.wording import sentence
from cifras.fiscal.lifecycle import VoidStatus
from invoicing.admin.deeds import refusal_of
from invoicing.models import Document
from invoicing.services import identity, legal_verdicts, unknown_verdicts
from invoicing.services.verdicts import DECIDE, RULINGS, Verdict

LOOK_UP, ASK_AGAIN, LEGAL_KEEP = "look_up", "ask_again", "legal_keep"


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer. `needs` names the fields that go with it; `why_not` is empty when it can be given."""

    word: str
    label: Any
    consequence: Any
    needs: frozenset[str] = frozenset({"reason", "evidence"})
    why_not: str = ""

    @property
    def takes_two(self) -> bool:
        """Whether a second person has to approve it."""
        return "evidence" in self.needs


@dataclass(frozen=True, slots=True)
class Subject:
    """One page. `fits` raises RuleBroken where there is nothing to decide."""

    name: str
    title: Any
    question: Any
    choices: Callable[[Document, Any], list[Choice]]
    fits: Callable[[Document], None]
    extra: Callable[[Document], dict[str, Any]] = field(default=lambda _document: {})


_ALONE = frozenset({"reason"})


def _of_unknown(document: Document, staff: Any) -> list[Choice]:
    return [
        Choice(
            LOOK_UP,
            _("Existe en el PAC: sé con qué identificador o CUFE"),
            _(
                "Se le pregunta ahora al PAC por ese documento. Si es este, queda recibido; si es otro, se comparan los dos."
            ),
            frozenset({"reason", "pac_id", "cufe"}),
        ),
        _ruled(
            Verdict.RESEND,
            document,
            staff,
            _("Salen los mismos bytes con el mismo número. Nunca se usa otro número para la misma venta."),
        ),
        _ruled(
            Verdict.NEVER,
            document,
            staff,
            _(
                "Queda rechazado y sin efecto; después se puede descartar, o corregir y reemitir con otro número."
            ),
        ),
    ]


def _of_conflict(document: Document, staff: Any) -> list[Choice]:
    ours = _ruled(
        Verdict.ADOPT,
        document,
        staff,
        _(
            "Este documento queda recibido por el PAC con su identificador y su CUFE, y se sigue hasta la DGI."
        ),
    )
    other = _ruled(
        Verdict.TAKEN,
        document,
        staff,
        _("Este queda sin efecto y su número, ocupado. Después se corrige y se reemite con un número nuevo."),
    )
    again = Choice(
        ASK_AGAIN,
        _("Volver a preguntar al PAC"),
        _("Se le pregunta en seguida; no se decide nada."),
        frozenset(),
    )
    return [ours, other, again]


def _of_legal(document: Document, staff: Any) -> list[Choice]:
    keep = Choice(
        LEGAL_KEEP,
        _("Mantener el estado que consta"),
        _("Sale de la cola de conflictos; la noticia contraria queda en su historia."),
        _ALONE,
        "" if may(staff, DECIDE) else _no_right(),
    )
    change = _ruled(
        Verdict.LEGAL_CHANGE,
        document,
        staff,
        _("El estado legal cambia al de la noticia y queda marcado para siempre como decidido por personas."),
    )
    return [keep, change]


def _of_void(document: Document, staff: Any) -> list[Choice]:
    done = _ruled(
        Verdict.VOID_DONE,
        document,
        staff,
        _(
            "Queda anulado aquí como lo está ante la autoridad, aunque el plazo haya vencido. No se llama al PAC."
        ),
    )
    if document.void_status != VoidStatus.UNKNOWN:
        return [done]
    not_done = _ruled(
        Verdict.VOID_NOT_DONE,
        document,
        staff,
        _("Sigue vigente. Si el plazo aún corre, se puede pedir la anulación de nuevo."),
    )
    return [done, not_done]


def _ruled(verdict: Verdict, document: Document, staff: Any, consequence: str) -> Choice:
    ruling = RULINGS[verdict]
    refusal = refusal_of(lambda: ruling.require(document))
    why_not = sentence(refusal) if refusal else ""
    if not may(staff, ruling.permission):
        why_not = _no_right()
    needs = _ALONE if not refusal and ruling.is_proven(document) else frozenset({"reason", "evidence"})
    return Choice(verdict.value, ruling.label, consequence, needs, why_not)


def _no_right() -> str:
    return _("Su rol no permite este acto.")


def _compared(document: Document) -> dict[str, Any]:
    return {"theirs": identity.held(document)}


def _void_fits(_document: Document) -> None:
    """Each answer says for itself why it cannot be given."""


SUBJECTS: Mapping[str, Subject] = {
    subject.name: subject
    for subject in (
        Subject(
            "verdict",
            gettext_lazy("Decidir qué pasó"),
            gettext_lazy("El PAC no contestó con claridad. ¿Qué consta sobre este documento?"),
            _of_unknown,
            unknown_verdicts.require_unknown,
        ),
        Subject(
            "conflict",
            gettext_lazy("El mismo número en el PAC"),
            gettext_lazy("El PAC tiene un documento con este número. ¿Es esta venta o es otra?"),
            _of_conflict,
            unknown_verdicts.require_conflict,
            _compared,
        ),
        Subject(
            "legal_conflict",
            gettext_lazy("Noticia contraria"),
            gettext_lazy("La autoridad dice ahora lo contrario de lo que constaba. ¿Qué vale?"),
            _of_legal,
            legal_verdicts.require_contradiction,
        ),
        Subject(
            "void_verdict",
            gettext_lazy("Anulación: lo que consta ante la autoridad"),
            gettext_lazy("¿Consta la anulación de este documento ante la autoridad?"),
            _of_void,
            _void_fits,
        ),
    )
}
