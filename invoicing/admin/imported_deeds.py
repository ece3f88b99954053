"""What may be done with a document issued elsewhere, and the pages on which it is done."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _

from cifras.core.admin.staff_admin import StaffAdmin
from cifras.core.rights import may
from cifras.core.wording import sentence
from cifras.fiscal.lifecycle import LegalStatus, Submission
from invoicing.admin.assets import ASSETS
from invoicing.admin.deeds import LINKS, Deed, actor_of, refusal_of, right
from invoicing.admin.dialogs import Dialog, refusals_on
from invoicing.admin.figures import money
from invoicing.admin.import_forms import ImportedReasonForm, VerifyForm
from invoicing.models import Document
from invoicing.services import imported
from tenants.models import Tenant

VERIFY = "invoicing.verify_document"


def imported_deeds(document: Document, staff: Any) -> list[Deed]:
    """The buttons of a document issued elsewhere; none for one of ours."""
    if document.submission != Submission.IMPORTED:
        return []
    no_right = "" if may(staff, VERIFY) else _("Su rol no permite este acto.")
    found = []
    if document.has_pdf:
        found.append(Deed("pdf", _("Descargar PDF"), "download", how=LINKS))
    if document.legal_status != LegalStatus.DGI_AUTHORIZED:
        found.append(Deed("verify", _("Dar por verificada"), "verified", "primary", LINKS, no_right))
    refusal = None if no_right else refusal_of(lambda: imported.require_deletable(document))
    why_not = no_right or (sentence(refusal) if refusal else "")
    return [*found, Deed("unregister", _("Borrar el registro"), "delete", "danger", LINKS, why_not)]


class ImportedDoorsMixin(StaffAdmin):
    """Verify, and delete the registration."""

    def get_urls(self) -> list[Any]:
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        doors: dict[str, Any] = {
            "verify": self.guarded_view(self.verify_view),
            "unregister": self.guarded_view(self.unregister_view),
        }
        return [
            path(f"<path:object_id>/{door}/", view, name=f"{name}_{door}") for door, view in doors.items()
        ] + super().get_urls()

    def verify_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        document = self._imported(request, object_id)
        data = (request.POST, request.FILES) if request.method == "POST" else ()
        form = VerifyForm(*data)
        if form.is_valid():
            evidence = form.cleaned_data["evidence"]
            with refusals_on(form):
                imported.verify_import(
                    document.uid,
                    reason=form.cleaned_data["reason"],
                    actor=actor_of(request),
                    evidence=evidence.read() if evidence else None,
                )
                messages.success(request, _("Verificada: consta autorizada por la DGI."))
                return HttpResponseRedirect(self.address_of(document))
        dialog = Dialog(
            title=_("Dar por verificada"),
            submit=_("Dar por verificada"),
            consequences=[
                _(
                    "Queda «Autorizada por DGI» con su palabra: compruebe el CUFE en la consulta pública de la DGI."
                ),
                _("Sus pagos declarados pasan a cobros y entra en saldos y libros. No se puede deshacer."),
            ],
        )
        return self._ask_page(request, document, dialog, form)

    def unregister_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        document = self._imported(request, object_id)
        form = ImportedReasonForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            with refusals_on(form):
                imported.delete_import(
                    document.uid, reason=form.cleaned_data["reason"], actor=actor_of(request)
                )
                messages.success(request, _("Se borró el registro; la auditoría conserva lo que decía."))
                name = f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_changelist"
                return HttpResponseRedirect(reverse(name))
        dialog = Dialog(
            title=_("Borrar el registro"),
            submit=_("Borrar el registro"),
            variant="danger",
            consequences=[
                _("El documento sigue existiendo ante la DGI: solo se borra de Cifras, con sus archivos."),
                _("Su número no se usa aquí, y lo que se hizo consta en la auditoría."),
            ],
        )
        return self._ask_page(request, document, dialog, form)

    def _imported(self, request: HttpRequest, object_id: str) -> Any:
        document: Any = self.require_object(request, object_id)
        if not may(request.user, VERIFY) or not may(request.user, right(document, "view")):
            raise PermissionDenied
        imported.require_imported(document)
        return document

    def _ask_page(
        self, request: HttpRequest, document: Document, dialog: Dialog, form: forms.Form
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
            "dialog": dialog,
            "form": form,
            "back": self.address_of(document),
        }
        return TemplateResponse(request, "admin/invoicing/import/ask.html", context)
