"""The page on which a person writes a credit note: from its invoice's page, or a draft of it.

Everything works by posting the form to its own address. Nothing is computed in the browser. To issue takes two steps: the second
page shows the invoice that is referred to, and issues only what it showed.
"""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext as _

from cifras.core.admin.staff_admin import StaffAdmin
from cifras.core.rights import may
from cifras.core.wording import sentence
from cifras.fiscal.document import Mode
from invoicing.admin.credit_form_act import SHOWN_TOTAL, NotePage, made_before, spent
from invoicing.admin.credit_form_parts import NoteForms, initial_of
from invoicing.admin.credit_form_shown import Figures, referenced, rows_of
from invoicing.admin.deeds import actor_of
from invoicing.admin.document_summary import address_of
from invoicing.admin.form_identity import TOKEN, form_sent, new_form, sealed
from invoicing.models import Document
from invoicing.services import composing, composing_notes, crediting, preflight
from invoicing.services.composing import Form, Rehearsal
from invoicing.services.composing_notes import Creditable, How

PAGE = "admin/invoicing/invoice/credit/page.html"
CONFIRM = "admin/invoicing/invoice/credit/confirm.html"
OBSTACLE = "admin/invoicing/invoice/credit/obstacle.html"
_LONGEST_REASON = 5000
_BUTTONS = ("_calculate", "_review", "_draft", "_issue", "_confirm", "_back")
_NOT_KEPT = {*_BUTTONS, "csrfmiddlewaretoken", SHOWN_TOTAL, "doubt-is_settled", "doubt-reason"}


class CreditFormMixin(StaffAdmin):
    """What both doors share: the form, its buttons and the page to confirm."""

    def note_response(
        self,
        request: HttpRequest,
        standing: Creditable,
        form: Form,
        note: Document | None = None,
        initial: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The page, or where the pressed button leads."""
        posted = request.POST if request.method == "POST" else None
        mode = Mode.DGI if note is not None and note.mode == Mode.DGI else Mode.PROFORM
        page = NotePage(request, standing, form, note, NoteForms(standing, data=posted, initial=initial))
        if posted is None:
            return self._note_drawn(page, page.figures(mode))
        return self._note_pressed(page, mode)

    def _note_pressed(self, page: NotePage, mode: Mode) -> HttpResponse:
        posted = page.request.POST
        wants_issue = "_issue" in posted or "_confirm" in posted
        if wants_issue and not may(page.request.user, "invoicing.issue_credit"):
            raise PermissionDenied
        figures = page.figures(Mode.DGI if wants_issue else mode)
        is_act = wants_issue or "_draft" in posted or "_review" in posted
        if not is_act or page.forms.complaints:
            return self._note_drawn(page, figures)
        if page.data is None:
            page.forms.refuse(page.forms.problem.reasons if page.forms.problem else ())
            return self._note_drawn(page, figures)
        if "_draft" in posted:
            return page.kept() or self._note_drawn(page, figures)
        rehearsal = composing.rehearse(page.data, page.form, actor=actor_of(page.request))
        page.forms.refuse(rehearsal.reasons)
        if rehearsal.reasons or not wants_issue:
            return self._note_drawn(page, figures, rehearsal)
        return page.issued(rehearsal) or (
            self._note_drawn(page, figures)
            if page.forms.complaints
            else self._note_confirmation(page, figures, rehearsal)
        )

    def _note_drawn(
        self, page: NotePage, figures: Figures, rehearsal: Rehearsal | None = None
    ) -> HttpResponse:
        is_clear = rehearsal is not None and not rehearsal.reasons
        context = {
            **self._note_frame(page),
            "rows": rows_of(page.forms),
            "figures": figures,
            "is_clear": is_clear,
            "doubts": [sentence(doubt) for doubt in rehearsal.doubts] if rehearsal and is_clear else [],
            "action": page.request.path,
            "may_issue": may(page.request.user, "invoicing.issue_credit"),
            "is_proforma": page.note is None or page.note.mode == Mode.PROFORM,
        }
        return TemplateResponse(page.request, PAGE, context)

    def _note_confirmation(self, page: NotePage, figures: Figures, rehearsal: Rehearsal) -> HttpResponse:
        posted = page.request.POST
        shown = posted.get(SHOWN_TOTAL)
        context = {
            **self._note_frame(page),
            "figures": figures,
            "carried": [
                (name, value) for name, values in posted.lists() if name not in _NOT_KEPT for value in values
            ],
            "shown_total": page.total,
            "has_changed": shown is not None and shown != page.total,
            "consequences": page.consequences(),
            "doubts": [sentence(doubt) for doubt in rehearsal.doubts],
            "asks": preflight.asks(rehearsal.doubts),
            "is_unsettled": "_confirm" in posted and not page.forms.doubt.answer,
            "twins": [(twin, address_of(twin)) for twin in rehearsal.twins],
            "notes": page.forms.note.value("notes"),
            "action": page.request.path,
        }
        return TemplateResponse(page.request, CONFIRM, context)

    def _note_frame(self, page: NotePage) -> dict[str, Any]:
        invoice = page.standing.invoice
        page.request.current_app = self.admin_site.name
        return {
            **self.admin_site.each_context(page.request),
            "title": _title(invoice, page.note),
            "opts": self.opts,
            "original": page.note or invoice,
            "note": page.note,
            "forms": page.forms,
            "invoice": referenced(page.standing),
            "is_sandbox": not invoice.tenant.is_live,
            "token": sealed(page.form, page.request),
            "back": f"{address_of(page.note or invoice)}?tab=summary",
        }


class InvoiceCreditMixin(CreditFormMixin):
    """The door on an invoice's page. Goes before the documents' page among the bases."""

    def get_urls(self) -> list[Any]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_credit"
        door: Any = self.guarded_view(self.credit_view)
        return [path("<path:object_id>/credit/", door, name=name), *super().get_urls()]

    def credit_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """A new note over this invoice; what the address presets: `how`, `whole` and `reason`."""
        invoice: Any = self.require_object(request, object_id)
        if not may(request.user, "invoicing.add_credit"):
            raise PermissionDenied
        form = (form_sent(request) if request.method == "POST" else None) or new_form()
        if request.method == "POST" and (made := made_before(request, form)):
            return made
        standing = composing_notes.creditable(invoice)
        obstacle = _obstacle(standing)
        if obstacle:
            context = {
                **self.admin_site.each_context(request),
                "title": _title(invoice, None),
                "opts": self.opts,
                "original": invoice,
                "invoice": referenced(standing),
                "obstacle": obstacle,
                "is_sandbox": not invoice.tenant.is_live,
            }
            return TemplateResponse(request, OBSTACLE, context)
        return self.note_response(request, standing, form, initial=_preset(request))


class CreditDraftMixin(CreditFormMixin):
    """The form of a draft or proforma note, in the place of its page. Goes first among the bases of the page of notes."""

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        note: Any = self.require_object(request, object_id)
        if request.method == "POST" and TOKEN in request.POST and not note.is_mendable:
            return spent(request, note)
        is_open = note.is_mendable and may(request.user, "invoicing.change_credit")
        if not is_open or note.credited is None or "tab" in request.GET:
            return super().change_view(request, object_id, form_url, extra_context)
        standing = composing_notes.creditable(_invoice_of(note), besides=note)
        initial = initial_of(note, standing)
        obstacle = _obstacle(standing)
        if obstacle or not initial:
            text = obstacle or _(
                "Este borrador trae más de lo que cabe en el formulario: aquí se ve, se emite o se descarta."
            )
            messages.info(request, text)
            return super().change_view(request, object_id, form_url, extra_context)
        form = form_sent(request) if request.method == "POST" else None
        if form is None or form.uid != note.uid:
            form = Form(note.uid, note.content_hash)
        return self.note_response(request, standing, form, note, initial)


def _obstacle(standing: Creditable) -> str:
    """Why no note can be written over the invoice now; empty when one can."""
    reasons = crediting.reference_reasons(standing.invoice)
    if reasons:
        return "\n".join(sentence(reason.at("")) for reason in reasons)
    if standing.left <= 0:
        return _("Sus notas de crédito ya cubren el total: no queda nada que rebajar.")
    return ""


def _invoice_of(note: Any) -> Document:
    return Document.objects.select_related("tenant", "office").get(pk=note.credited_id)


def _preset(request: HttpRequest) -> dict[str, Any]:
    """What the address says: everything that is left, and the reason that was typed for a void."""
    how = request.GET.get("how", "")
    is_known = how in {each.value for each in How} and "whole" not in request.GET
    reason = request.GET.get("reason", "").replace("\x00", "").strip()
    return {"how": how if is_known else How.WHOLE.value, "notes": reason[:_LONGEST_REASON]}


def _title(invoice: Document, note: Document | None) -> str:
    if note is None:
        return _("Nota de crédito sobre {invoice}").format(invoice=invoice)
    return _("Editar {note}").format(note=note)
