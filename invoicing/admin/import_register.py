"""Registering one document that was issued elsewhere: its CUFE read back, its files, its amounts."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.translation import gettext as _

from cifras.core.admin.staff_admin import StaffAdmin
from cifras.core.rights import may
from cifras.core.uploads import too_large
from cifras.core.wording import sentence
from cifras.fiscal import cufe, stated
from cifras.fiscal.errors import RuleBroken, RulesBroken
from invoicing.admin.deeds import actor_of
from invoicing.admin.dialogs import refusals_on
from invoicing.admin.document_summary import address_of
from invoicing.admin.import_forms import RegisterForm
from invoicing.models import Document
from invoicing.models.choices import Kind
from invoicing.services.importing.acts import register_one
from invoicing.services.parties import issuer_of
from tenants.models import Tenant

_FIELDS = {
    "totals": "total",
    "totals.net": "net",
    "totals.itbms": "itbms",
    "totals.total": "total",
    "totals.by_rate": "itbms",
    "receiver": "receiver_name",
    "receiver.type": "receiver_type",
    "receiver.ruc": "receiver_ruc",
    "receiver.dv": "receiver_dv",
    "receiver.name": "receiver_name",
    "references": "reference",
    "references.cufe": "reference",
    "issuer.name": "issuer_name",
    "files": "xml",
}


class RegisterDoorMixin(StaffAdmin):
    """The page with the form."""

    def get_urls(self) -> list[Any]:
        register: Any = self.guarded_view(self.register_view)
        name = f"{self.opts.app_label}_{self.opts.model_name}_register"
        return [path("register/", register, name=name), *super().get_urls()]

    def register_view(self, request: HttpRequest) -> HttpResponse:
        if not may(request.user, "invoicing.import_document"):
            raise PermissionDenied
        form = RegisterForm(actor_of(request))
        if request.method == "POST":
            form = RegisterForm(actor_of(request), request.POST, request.FILES, too_large=too_large(request))
            if "_read" not in request.POST and form.is_valid() and (document := _registered(request, form)):
                messages.success(request, _registered_text(document))
                address = address_of(document)
                if "HX-Request" in request.headers:
                    return HttpResponse(headers={"HX-Redirect": address})
                return HttpResponseRedirect(address)
        told = read_back(form["cufe"].value() or "", form.chosen()) if request.method == "POST" else {}
        if "_read" in request.POST:
            form = RegisterForm(actor_of(request), initial=request.POST.dict())
        return self.show(
            request,
            "register",
            _("Registrar documento emitido en otro sistema"),
            {"form": form, "told": told, "upload_address": reverse("admin:invoicing_importbatch_add")},
        )


def read_back(code: str, tenant: Tenant | None) -> dict[str, Any]:
    """What the CUFE says, in words, or why it cannot be read."""
    try:
        said = cufe.parse(code)
    except RuleBroken as reason:
        return {"problem": sentence(reason)}
    try:
        kind = str(dict(Kind.choices)[stated.kind_of(said.document_type)])
    except RuleBroken as reason:
        kind = sentence(reason)
    own = tenant is not None and stated.is_issued_by(said, issuer_of(tenant))
    whose = ""
    if tenant is not None:
        whose = _("Venta propia de la empresa.") if own else _("De otro emisor: será un documento recibido.")
    rows = [
        (_("Clase"), kind),
        (_("Emisor"), f"{said.ruc} DV {said.dv}"),
        (_("Número"), f"{said.branch}-{said.billing_point}-{said.number}"),
        (_("Emisión"), f"{said.issue_date:%d/%m/%Y}"),
        (_("Ambiente"), _("Pruebas") if said.is_test else _("Producción")),
    ]
    return {"rows": rows, "whose": whose}


def _registered(request: HttpRequest, form: RegisterForm) -> Document | None:
    with refusals_on(form):
        try:
            return register_one(form.entry(), papers=form.papers(), actor=actor_of(request))
        except RuleBroken as refusal:
            raise _at_fields(refusal) from None
    return None


def _at_fields(refusal: RuleBroken) -> RuleBroken:
    """The refusal with the form's names for its fields."""
    return RulesBroken(reason.at(_FIELDS.get(reason.field, reason.field)) for reason in refusal.reasons)


def _registered_text(document: Document) -> str:
    if document.is_received:
        return _("Registrado entre los recibidos.")
    return _("Registrado con el número {number}, sin verificar: compruébelo en la DGI y anótelo.").format(
        number=document.number
    )
