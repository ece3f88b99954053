"""The acts on one document: right, form, one service call, message. A GET changes nothing."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext as _

from cifras.core.admin.staff_admin import StaffAdmin
from cifras.core.rights import may
from cifras.core.sign_in.step_up import require_fresh
from invoicing import services
from invoicing.admin.assets import ASSETS
from invoicing.admin.deeds import actor_of, attach_obstacle, right
from invoicing.admin.dialogs import (
    Dialog,
    DiscardForm,
    IssueForm,
    VoidForm,
    discard_dialog,
    issue_dialog,
    refusals_on,
    review_dialog,
    void_asked_for,
    void_dialog,
)
from invoicing.admin.figures import money
from invoicing.admin.words import words_of
from invoicing.models import Document
from invoicing.models.choices import Kind
from invoicing.services import returning, watching
from tenants.models import Tenant
from tenants.services.accounts import provider_spec

DIALOG_PAGE = "admin/invoicing/document/dialog.html"


class DocumentDoorsMixin(StaffAdmin):
    """Review, issue, discard, void, refresh, attach the PDF."""

    def get_urls(self) -> list[Any]:
        doors: dict[str, Any] = {
            "review": self.guarded_view(self.review_view),
            "issue": self.guarded_view(self.issue_view),
            "discard": self.guarded_view(self.discard_view),
            "void": self.guarded_view(self.void_view),
            "refresh": self.guarded_view(self.refresh_view),
            "attach_pdf": self.guarded_view(self.attach_pdf_view),
        }
        return [
            path(
                f"<path:object_id>/{name.replace('_', '-')}/",
                door,
                name=f"{self.opts.app_label}_{self.opts.model_name}_{name}",
            )
            for name, door in doors.items()
        ] + super().get_urls()

    def review_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Everything that stands in the way of sending it, at once, each with a link to where it is mended."""
        document = self._permitted(request, object_id, "view")
        return self._dialog_page(request, document, review_dialog(document, request.user))

    def issue_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        document = self._permitted(request, object_id, "issue")
        dialog, asks = issue_dialog(document, request.user)
        form = IssueForm(request.POST if request.method == "POST" else None, asks=asks)
        if form.is_valid():
            issue = (
                services.generate_invoice if document.kind == Kind.INVOICE else services.convert_credit_to_dgi
            )
            with refusals_on(form):
                issued = issue(
                    document.uid,
                    actor=actor_of(request),
                    doubt_reason=form.cleaned_data.get("doubt_reason", ""),
                )
                text = _("En cola con el número {number}; se envía al PAC en seguida.").format(
                    number=issued.printed_number
                )
                return self._done(request, document, text)
        return self._dialog_page(request, document, dialog, form)

    def discard_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        document = self._permitted(request, object_id, "discard")
        form = DiscardForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            with refusals_on(form):
                services.discard_document(
                    document.uid, actor=actor_of(request), reason=form.cleaned_data["reason"]
                )
                return self._done(request, document, _("Descartado. Solo nosotros lo sabemos."))
        return self._dialog_page(request, document, discard_dialog(document), form)

    def void_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        document = self._permitted(request, object_id, "void")
        limits = provider_spec(document.provider).void_reason
        form = VoidForm(
            request.POST if request.method == "POST" else None,
            limits=limits,
            asks_about_money=returning.has_money(document),
            label=words_of(document).void_reason,
        )
        if form.is_valid():
            require_fresh(request)
            reason, actor = form.cleaned_data["reason"], actor_of(request)
            with refusals_on(form):
                if document.kind == Kind.INVOICE:
                    money_answer = form.cleaned_data.get("money", "")
                    asked = services.void_invoice(document.uid, reason, actor=actor, money=money_answer)
                else:
                    asked = services.void_credit(document.uid, reason, actor=actor)
                return self._done(request, document, void_asked_for(asked))
        return self._dialog_page(request, document, void_dialog(document, request.user), form)

    def refresh_view(self, request: HttpRequest, object_id: str) -> HttpResponse | None:
        document = self._permitted(request, object_id, "change")
        if request.method == "POST":
            watching.look_now(document, actor=actor_of(request))
            messages.info(request, _("Se consulta al PAC en seguida; la página sigue el resultado."))
        return None

    def attach_pdf_view(self, request: HttpRequest, object_id: str) -> HttpResponse | None:
        document = self._permitted(request, object_id, "change")
        obstacle = attach_obstacle(document)
        if request.method == "POST" and obstacle:
            messages.error(request, obstacle)
        elif request.method == "POST":
            watching.look_now(document, actor=actor_of(request))
            messages.info(request, _("Se pide el PDF al PAC en seguida; aparecerá en Archivos."))
        return None

    def _permitted(self, request: HttpRequest, object_id: str, deed: str) -> Any:
        document: Any = self.require_object(request, object_id)
        if not may(request.user, right(document, deed)):
            raise PermissionDenied
        return document

    def _done(self, request: HttpRequest, document: Document, text: str) -> HttpResponse:
        """Back to the document. A dialog is fetched in the background, so the page itself is told where to go."""
        messages.success(request, text)
        address = self.address_of(document)
        if "HX-Request" in request.headers:
            return HttpResponse(headers={"HX-Redirect": address})
        return HttpResponseRedirect(address)

    def _dialog_page(
        self,
        request: HttpRequest,
        document: Document,
        dialog: Dialog,
        form: forms.Form | None = None,
    ) -> HttpResponse:
        request.current_app = self.admin_site.name
        context = {
            **self.admin_site.each_context(request),
            "title": f"{dialog.title}: {document}",
            "opts": self.opts,
            "original": document,
            "document": document,
            "assets": ASSETS,
            "total": money(document.total, document.currency),
            "is_sandbox": document.environment == Tenant.Environment.SANDBOX,
            "cufe_tail": (document.cufe or document.local_cufe)[-12:],
            "dialog": dialog,
            "form": form,
            "back": self.address_of(document),
            "action": request.path,
        }
        return TemplateResponse(request, DIALOG_PAGE, context)
