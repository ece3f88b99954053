"""One request to the page that writes a credit note: what was typed, the note that it makes, and the acts on it."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _

from cifras.core.wording import sentences
from cifras.fiscal.document import Kind, Mode
from cifras.fiscal.errors import RuleBroken
from cifras.fiscal.totals import Totals
from cifras.pac.errors import PacError
from invoicing.admin.credit_form_parts import NoteForms
from invoicing.admin.credit_form_shown import Figures, after_note, figures_of
from invoicing.admin.deeds import actor_of
from invoicing.admin.document_summary import address_of
from invoicing.admin.foresight import after_issue
from invoicing.admin.form_identity import queued_or_not
from invoicing.models import Document
from invoicing.services import composing, composing_notes, preflight
from invoicing.services.composing import Form, Rehearsal
from invoicing.services.composing_notes import Creditable
from invoicing.services.reading import read_entry

SHOWN_TOTAL = "shown_total"


class NotePage:
    """One request to the form: what was typed, and the note that it makes."""

    def __init__(
        self,
        request: HttpRequest,
        standing: Creditable,
        form: Form,
        note: Document | None,
        forms: NoteForms,
    ) -> None:
        self.request, self.standing, self.form, self.note, self.forms = request, standing, form, note, forms
        self.data: dict[str, Any] | None = None
        self.sums: Totals | None = None

    @property
    def total(self) -> str:
        return str(self.sums.total) if self.sums else ""

    def figures(self, mode: Mode) -> Figures:
        """Compose the note and add it up."""
        self.data = self.forms.json(mode)
        if self.data is not None:
            try:
                self.sums = composing_notes.add_up(self.data, self.standing.invoice)
            except RuleBroken as refusal:
                self.data, self.forms.problem = None, refusal
        return figures_of(self.sums, self.data, self.forms)

    def kept(self) -> HttpResponse | None:
        """The note as a draft; None when that was refused, and the page shows why."""
        try:
            entry = read_entry(self.data or {}, kind=Kind.CREDIT)
            note = composing.keep_draft(entry, self.form, actor=actor_of(self.request))
        except RuleBroken as refusal:
            self.forms.refuse(refusal.reasons)
            return None
        if note.mode == Mode.PROFORM:
            said = _(
                "Nota de crédito guardada como proforma {number}: queda entre nosotros y no reserva nada."
            )
        else:
            said = _("Borrador guardado. No se ha enviado nada.")
        messages.success(self.request, said.format(number=note.number))
        return HttpResponseRedirect(f"{address_of(note)}?tab=summary")

    def issued(self, rehearsal: Rehearsal) -> HttpResponse | None:
        """The note, queued; None where it is still to be confirmed, or was refused."""
        posted, reason = self.request.POST, self.forms.doubt.answer
        is_asked = preflight.asks(rehearsal.doubts) and not reason
        if "_confirm" not in posted or posted.get(SHOWN_TOTAL) != self.total or is_asked:
            return None
        try:
            entry = read_entry(self.data or {}, kind=Kind.CREDIT)
            note = composing.issue(entry, self.form, actor=actor_of(self.request), doubt_reason=reason)
        except RuleBroken as refusal:
            self.forms.refuse(refusal.reasons)
            return None
        except PacError as error:
            for text in sentences(error):
                messages.error(self.request, text)
            return None
        messages.success(self.request, queued_or_not(note))
        return HttpResponseRedirect(address_of(note))

    def consequences(self) -> list[str]:
        """What issuing will do: number, void window, and what becomes of the invoice."""
        invoice, before, data = self.standing.invoice, self.note or Document(), self.data or {}
        note = Document(
            kind=Kind.CREDIT,
            mode=Mode.DGI if self.note is None else before.mode,
            submission=before.submission,
            number=before.number,
            tenant=invoice.tenant,
            office=invoice.office,
            billing_point=data.get("series") or data.get("billing_point") or invoice.billing_point,
            peru=invoice.peru,
        )
        return [*after_issue(note), *([after_note(invoice, self.sums.total)] if self.sums else [])]


def made_before(request: HttpRequest, form: Form) -> HttpResponse | None:
    """Where this form's document is, once it was queued: the form speaks of one document, however often it is sent."""
    made = Document.objects.visible_to(request.user).filter(uid=form.uid, kind=Kind.CREDIT).first()
    if made is None or made.is_mendable:
        return None
    return spent(request, made)


def spent(request: HttpRequest, note: Document) -> HttpResponse:
    """Back to a note that changes no more."""
    text = _("La nota de crédito {number} ya se emitió y no cambia más.")
    messages.info(request, text.format(number=note.printed_number))
    return HttpResponseRedirect(address_of(note))
