"""What is asked before a document is issued, discarded or voided: what will happen, and the reason.

Each dialog is a page of its own; where scripts run, it opens over the document's page. A refusal shows inside, with all that
was typed.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from cifras.core.rights import may
from cifras.core.wording import sentence, sentences
from cifras.fiscal.errors import RuleBroken
from cifras.fiscal.lifecycle import VoidStatus
from cifras.fiscal.voiding import VoidWindowClosed
from cifras.pac.contract import ReasonLimits
from cifras.pac.errors import PacError
from invoicing.admin.deeds import ONLY_CREDITED, refusal_of, void_obstacle
from invoicing.admin.document_page import Deadline, deadline_of
from invoicing.admin.figures import money
from invoicing.admin.foresight import after_discard, after_issue, after_void
from invoicing.admin.mending import Mending, mendings
from invoicing.admin.words import words_of
from invoicing.models import Document
from invoicing.models.choices import Kind, MoneyAnswer
from invoicing.services import crediting, four_eyes, issuing, preflight

VOID_TAKES_TWO = gettext_lazy(
    "Esta empresa pide dos personas para anular: usted la propone y otra la aprueba, dentro del plazo."
)


@dataclass(frozen=True, slots=True)
class Dialog:
    """What a dialog shows. Without `submit` there is nothing to do but to go back."""

    title: str
    submit: str = ""
    variant: str = "primary"
    consequences: list[str] = field(default_factory=list)
    warnings: list[Any] = field(default_factory=list)
    obstacle: str = ""
    mendings: list[Mending] = field(default_factory=list)
    mendings_title: str = ""
    deadline: Deadline | None = None
    offer: str = ""
    credit: str = ""  # where the note is written that is offered instead
    credit_label: str = ""
    fine: str = ""
    templates: tuple[Any, ...] = ()


class IssueForm(forms.Form):
    """Issuing asks for a reason only where there is a doubt that a person has to settle."""

    doubt_reason = forms.CharField(
        label=gettext_lazy("Por qué se emite de todos modos"),
        max_length=500,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, asks: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not asks:
            del self.fields["doubt_reason"]


class DiscardForm(forms.Form):
    """Why it is put aside; may stay empty."""

    reason = forms.CharField(
        label=gettext_lazy("Motivo (opcional)"),
        max_length=500,
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
    )


class VoidForm(forms.Form):
    """The reason that goes to the authority. Its length is the guard's business, which knows the provider's limits."""

    reason = forms.CharField(
        label=gettext_lazy("Motivo de la anulación"),
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4, "data-counter": "reason-counter"}),
    )
    money = forms.ChoiceField(
        label=gettext_lazy("Qué se hace con el dinero recibido"),
        required=False,
        choices=[("", gettext_lazy("Decidirlo después: queda por devolver")), *MoneyAnswer.choices],
        widget=UnfoldAdminSelectWidget,
    )

    def __init__(
        self,
        *args: Any,
        limits: ReasonLimits,
        asks_about_money: bool = False,
        label: Any = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.limits = limits
        if label:
            self.fields["reason"].label = label
        if not asks_about_money:
            del self.fields["money"]

    @property
    def written(self) -> int:
        """How many characters stand there already, blanks at the ends aside."""
        return len((self["reason"].value() or "").strip())


class refusals_on(AbstractContextManager[None, bool]):  # noqa: N801 reads as a function
    """Whatever is refused inside stands on the form, beside the field it names or on top."""

    def __init__(self, form: forms.Form) -> None:
        self.form = form

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        if isinstance(error, RuleBroken):
            for reason in error.reasons:
                self.form.add_error(
                    reason.field if reason.field in self.form.fields else None, sentence(reason)
                )
        elif isinstance(error, PacError):
            self.form.add_error(None, sentences(error))
        return isinstance(error, RuleBroken | PacError)


def review_dialog(document: Document, staff: Any) -> Dialog:
    """Everything that stands in the way of sending a draft, at once, each with a link to where it is mended."""
    if not document.is_mendable:
        return Dialog(title=_("Revisar"), obstacle=_no_draft(document))
    reasons, _doubts = preflight.review(document)
    found = mendings(document, reasons, staff)
    fine = "" if found else _("No falta nada: puede emitirse.")
    return Dialog(title=_("Revisar"), mendings=found, fine=fine)


def issue_dialog(document: Document, staff: Any) -> tuple[Dialog, bool]:
    """The dialog, and whether it asks why the document is issued all the same."""
    if not document.is_mendable:
        return Dialog(title=_("Emitir"), obstacle=_no_draft(document)), False
    reasons, doubts = preflight.review(document)
    dialog = Dialog(
        title=_("Emitir"),
        submit="" if reasons else _("Emitir"),
        consequences=[] if reasons else after_issue(document),
        warnings=list(dict.fromkeys(sentence(doubt) for doubt in doubts)),
        mendings=mendings(document, reasons, staff),
    )
    return dialog, preflight.asks(doubts) and not reasons


def discard_dialog(document: Document) -> Dialog:
    """Discarding is a word of ours alone."""
    title = _("Descartar")
    refusal = refusal_of(lambda: issuing.require_discardable(document))
    if refusal:
        return Dialog(title=title, obstacle=sentence(refusal))
    return Dialog(title=title, submit=title, variant="danger", consequences=after_discard(document))


def void_dialog(document: Document, staff: Any) -> Dialog:
    """Inside the window the void; outside it a credit note over what is left, with the reason that was typed."""
    words = words_of(document)
    title, obstacle = words.void, void_obstacle(document)
    if isinstance(obstacle, VoidWindowClosed) or (obstacle and obstacle.code in ONLY_CREDITED):
        return _credit_offer(document, obstacle, staff)
    if obstacle:
        return Dialog(
            title=title,
            obstacle=sentence(obstacle),
            mendings=_notes_to_void(document, staff) if obstacle.code == "void_live_credits" else [],
            mendings_title=_("Anule primero estas notas y después {document}:").format(document=document),
        )
    if four_eyes.waits_for_approval(document):
        return Dialog(title=title, obstacle=_("Su anulación ya está propuesta: la aprueba otra persona."))
    takes_two = four_eyes.void_takes_two(document)
    return Dialog(
        title=title,
        submit=words.void_propose if takes_two else words.void_submit,
        variant="danger",
        warnings=[VOID_TAKES_TWO] if takes_two else [],
        consequences=after_void(document),
        deadline=deadline_of(document),
        templates=words.void_chosen,
    )


def void_asked_for(document: Document) -> str:
    """What became of the request, for the person who made it."""
    if document.void_status == VoidStatus.REQUESTED:
        return str(words_of(document).void_asked)
    return str(words_of(document).void_proposed)


def _notes_to_void(document: Document, staff: Any) -> list[Mending]:
    """The live notes, the newest first, each with its own void dialog."""
    notes = crediting.live_notes(document).select_related("tenant").order_by("-pk")
    is_allowed = may(staff, "invoicing.void_credit")
    return [
        Mending(
            where=str(note),
            text=money(note.total, note.currency),
            address=reverse("admin:invoicing_credit_void", args=[note.uid]) if is_allowed else "",
            link=_("Anular la nota"),
        )
        for note in notes
    ]


def _no_draft(document: Document) -> str:
    return _("{document} ya no es un borrador: no se emite otra vez.").format(document=document)


def _credit_offer(document: Document, obstacle: RuleBroken | PacError, staff: Any) -> Dialog:
    """The refusal is the button."""
    title = words_of(document).void if isinstance(obstacle, VoidWindowClosed) else _("Anular")
    if document.kind != Kind.INVOICE:
        offer = (
            _("Una nota de crédito fuera de plazo ya no se anula: si sobra, facture de nuevo la diferencia.")
            if isinstance(obstacle, VoidWindowClosed)
            else _("Esta nota de crédito no se anula: si sobra, facture de nuevo la diferencia.")
        )
        return Dialog(title=title, obstacle=sentence(obstacle), offer=offer)
    left = crediting.remaining(document)
    if not left:
        offer = _("Sus notas de crédito ya cubren el total: no queda nada que rebajar.")
        return Dialog(title=title, obstacle=sentence(obstacle), offer=offer)
    amount = money(left, document.currency)
    offer = str(words_of(document).credit_offer)
    is_allowed = may(staff, "invoicing.add_credit")
    return Dialog(
        title=title,
        obstacle=sentence(obstacle),
        offer=offer.format(amount=amount),
        credit=reverse("admin:invoicing_invoice_credit", args=[document.uid]) if is_allowed else "",
        credit_label=_("Emitir nota de crédito por {amount}").format(amount=amount),
    )
