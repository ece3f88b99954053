"""From a document's page: a linked draft for what was rejected, and the guided correction of what was issued."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldBooleanWidget

from cifras.core.sign_in.step_up import require_fresh
from cifras.core.wording import sentence
from cifras.fiscal.errors import RuleBroken
from invoicing import services
from invoicing.admin.correction_deeds import may_correct, may_reissue
from invoicing.admin.deeds import actor_of
from invoicing.admin.dialogs import Dialog, VoidForm, refusals_on
from invoicing.admin.document_page import deadline_of
from invoicing.admin.document_summary import address_of
from invoicing.admin.doors import DocumentDoorsMixin
from invoicing.admin.foresight import after_correction
from invoicing.admin.words import words_of
from invoicing.models import Correction, Document
from invoicing.services import correcting, returning
from tenants.services.accounts import provider_spec


class AmendForm(VoidForm):
    """The reason, the money, and whether the new one goes out by itself."""

    issues_itself = forms.BooleanField(
        label=gettext_lazy("Emitir la nueva por sí sola en cuanto la anterior quede sin efecto"),
        help_text=gettext_lazy(
            "Corrija antes el borrador: se emite como esté. También puede pedirse después."
        ),
        required=False,
        widget=UnfoldBooleanWidget,
    )


class CorrectionDoorsMixin(DocumentDoorsMixin):
    """Correct and reissue; correct what was issued."""

    def get_urls(self) -> list[Any]:
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        reissue: Any = self.guarded_view(self.correct_view)
        amend: Any = self.guarded_view(self.amend_view)
        return [
            path("<path:object_id>/correct/", reissue, name=f"{name}_correct"),
            path("<path:object_id>/amend/", amend, name=f"{name}_amend"),
            *super().get_urls(),
        ]

    def correct_view(self, request: HttpRequest, object_id: str) -> HttpResponse | None:
        """The linked draft of a rejected document, open to be mended."""
        document: Any = self.require_object(request, object_id)
        if not may_reissue(document, request.user):
            raise PermissionDenied
        if request.method != "POST":
            return None
        draft = services.correct_and_reissue(document.uid, actor=actor_of(request))
        messages.info(request, _("Borrador enlazado: corrija lo señalado y emítalo."))
        return HttpResponseRedirect(address_of(draft))

    def amend_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What correcting will do, and its beginning; an open correction leads to its page."""
        document: Any = self.require_object(request, object_id)
        if not may_correct(request.user):
            raise PermissionDenied
        going = document.corrections.filter(state=Correction.State.OPEN).first()
        if going:
            return self._to_correction(request, going)
        form = AmendForm(
            request.POST if request.method == "POST" else None,
            limits=provider_spec(document.provider).void_reason,
            asks_about_money=returning.has_money(document),
            label=words_of(document).void_reason,
        )
        if form.is_valid():
            require_fresh(request)
            said = form.cleaned_data
            with refusals_on(form):
                correction = services.start_correction(
                    document.uid,
                    reason=said["reason"],
                    money=said.get("money", ""),
                    issues_itself=said["issues_itself"],
                    actor=actor_of(request),
                )
                messages.success(request, _("Corrección iniciada. Corrija el borrador mientras tanto."))
                return self._to_correction(request, correction)
        return self._dialog_page(request, document, _dialog(document), form)

    def _to_correction(self, request: HttpRequest, correction: Correction) -> HttpResponse:
        address = reverse(f"{self.admin_site.name}:invoicing_correction_change", args=[correction.uid])
        if "HX-Request" in request.headers:
            return HttpResponse(headers={"HX-Redirect": address})
        return HttpResponseRedirect(address)


def _dialog(document: Document) -> Dialog:
    title = _("Corregir un documento emitido")
    try:
        way = correcting.way_of(document)
    except RuleBroken as refusal:
        return Dialog(title=title, obstacle=sentence(refusal))
    label = (
        _("Anular y preparar la nueva")
        if way == Correction.Way.VOID
        else _("Emitir la nota y preparar la nueva")
    )
    return Dialog(
        title=title,
        submit=label,
        variant="danger",
        consequences=after_correction(document, way),
        deadline=deadline_of(document),
        templates=words_of(document).void_chosen[:2],
    )
