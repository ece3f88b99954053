"""The customers of a tenant, as registered. A document copies its receiver: a change here reaches no document."""

import re
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from cifras.core.admin.big_list import BigListAdmin, SearchRoute
from cifras.core.admin.filters import VisibleAutocompleteFilter
from cifras.core.wording import sentence
from cifras.fiscal.catalogues.dgi import Retention
from cifras.fiscal.document import Contributor, DocumentDraft, Issuer, Kind, Mode, Party, PaymentTime
from cifras.fiscal.errors import RuleBroken
from cifras.fiscal.panama.receiver import receiver_reasons
from cifras.fiscal.ruc import panama as ruc_rules
from invoicing.admin import exports
from invoicing.admin.deeds import actor_of
from invoicing.admin.receiver_standing import standing_of, type_label
from invoicing.models import Receiver
from invoicing.services.parties import party_of
from invoicing.services.verifying import verify_receiver

_FOREIGN, _HOME = ("foreign_number", "foreign_country"), ("contributor", "ruc", "dv", "location")
_AT_HOME, _ABROAD = "type != 'EXTRANJERO'", "type == 'EXTRANJERO'"
_ROW = re.compile(r"\[\d+\]")


class LinesField(forms.CharField):
    """A list of texts, one per line."""

    def __init__(self, **options: Any) -> None:
        super().__init__(widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}), required=False, **options)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        lines = value if isinstance(value, list) else str(value or "").splitlines()
        return [line.strip() for line in lines if line.strip()]


class ReceiverForm(forms.ModelForm):
    """What the law wants of each type of receiver; what does not belong to the type is left empty."""

    telephones = LinesField(
        label=gettext_lazy("Teléfonos"), help_text=gettext_lazy("Uno por línea, hasta tres: 999-9999.")
    )
    emails = LinesField(label=gettext_lazy("Correos"), help_text=gettext_lazy("Uno por línea, hasta tres."))
    retention_code = forms.ChoiceField(
        label=gettext_lazy("Código de retención"), required=False, widget=UnfoldAdminSelectWidget()
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "retention_code" in self.fields:
            field: Any = self.fields["retention_code"]
            field.choices = [
                ("", _("Ninguno")),
                *((code.value, f"{code.value} · {_(code.label)}") for code in Retention),
            ]

    def clean(self) -> Any:
        cleaned = super().clean() or {}
        is_foreign = cleaned.get("type") == Receiver.Type.EXTRANJERO
        for name in _HOME if is_foreign else _FOREIGN:
            cleaned[name] = ""
        if not is_foreign:
            cleaned["country"] = "PA"
        self._check_code(cleaned)
        self._offer_dv(cleaned)
        return cleaned

    def _check_code(self, cleaned: dict[str, Any]) -> None:
        tenant = cleaned.get("tenant") or getattr(self.instance, "tenant", None)
        others = Receiver.objects.filter(tenant=tenant, code=cleaned.get("code")).exclude(pk=self.instance.pk)
        if tenant and others.exists():
            self.add_error("code", _("La empresa ya tiene un receptor con ese código."))

    def _offer_dv(self, cleaned: dict[str, Any]) -> None:
        """A missing DV is computed and shown, for a person to compare."""
        ruc, contributor = cleaned.get("ruc"), cleaned.get("contributor")
        if not ruc or not contributor or cleaned.get("dv"):
            return
        try:
            digits = ruc_rules.check_digit(ruc, contributor)
        except RuleBroken as reason:
            self.add_error("dv", sentence(reason))
        else:
            text = _("Falta el DV. La fórmula de la DGI da {dv}: compárelo con el del cliente y escríbalo.")
            self.add_error("dv", text.format(dv=digits))

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if self.errors:
            return
        for reason in receiver_reasons(_draft_for(party_of(self.instance))):
            name = _ROW.sub("", reason.field.removeprefix("receiver."))
            field = {
                "foreign_id": "foreign_number",
                "foreign_id.number": "foreign_number",
                "foreign_id.country": "foreign_country",
            }.get(name, name)
            self.add_error(field if field in self.fields else None, sentence(reason))


@admin.register(Receiver)
class ReceiverPage(BigListAdmin):
    """Receivers, the newest first."""

    list_export = exports.RECEIVERS
    form = ReceiverForm
    list_display = ("name", "code", "tax_id", "kind", "tenant", "created_at")
    list_select_related = ("tenant",)
    list_filter = (("tenant", VisibleAutocompleteFilter), "type")
    autocomplete_fields = ("tenant",)
    search_help_text = gettext_lazy("RUC, código o comienzo del nombre")
    search_routes = (
        SearchRoute(re.compile(r"[0-9A-Za-z]{1,12}(-[0-9A-Za-z]{1,10})+"), "ruc__startswith"),
        SearchRoute(re.compile(r"\S{1,40}"), "code"),
        SearchRoute(re.compile(r".{1,200}"), "name__istartswith"),
    )
    conditional_fields = {
        "contributor": _AT_HOME,
        "ruc": _AT_HOME,
        "dv": _AT_HOME,
        "location": _AT_HOME,
        "withholds": "type == 'CONTRIBUYENTE' || type == 'GOBIERNO'",
        "retention_code": "type == 'CONTRIBUYENTE' || type == 'GOBIERNO'",
        "foreign_number": _ABROAD,
        "foreign_country": _ABROAD,
        "country": _ABROAD,
    }
    fieldsets = (
        (None, {"fields": ("tenant", ("code", "type"), "name")}),
        (
            gettext_lazy("Identificación"),
            {"fields": ("contributor", ("ruc", "dv"), "foreign_number", "foreign_country")},
        ),
        (
            gettext_lazy("Dónde está"),
            {"fields": ("address", "location", "country", ("telephones", "emails"))},
        ),
        (gettext_lazy("Retención"), {"fields": ("withholds", "retention_code")}),
    )

    actions_detail = ("verify",)
    change_form_outer_before_template = "admin/invoicing/receiver/tax_id.html"

    class Media:
        css = {"all": ("cifras/documents.css", "cifras/pages.css")}

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        receiver: Any = self.require_object(request, object_id) if object_id else None
        context = {"standing": standing_of(receiver) if receiver else None} | (extra_context or {})
        return super().changeform_view(request, object_id, form_url, context)

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> Any:
        """Only somebody with a RUC can be asked about."""
        receiver: Any = self.get_object(request, str(object_id))
        return super().get_actions_detail(request, object_id) if receiver and receiver.ruc else []

    @action(description=gettext_lazy("Verificar el RUC"), icon="fact_check", permissions=["change"])
    def verify(self, request: HttpRequest, object_id: str) -> None:
        receiver: Any = self.require_object(request, object_id)
        result = verify_receiver(receiver, actor=actor_of(request))
        if result.warning:
            messages.warning(request, sentence(result.warning))
        else:
            text = _("El PAC conoce el RUC {ruc}: DV {dv}, {type}.")
            word = result.receiver_type or ""
            messages.success(request, text.format(ruc=result.ruc, dv=result.dv, type=type_label(word)))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("tenant",) if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @display(description=gettext_lazy("RUC y DV"))
    def tax_id(self, receiver: Receiver) -> SafeString | str:
        if receiver.type == Receiver.Type.EXTRANJERO:
            return receiver.foreign_number or "—"
        if not receiver.ruc:
            return "—"
        return format_html('<span class="cf-nowrap">{} DV {}</span>', receiver.ruc, receiver.dv or "—")

    @display(description=gettext_lazy("tipo"))
    def kind(self, receiver: Receiver) -> str:
        return receiver.get_type_display()


def _draft_for(party: Party) -> DocumentDraft:
    """A draft that says nothing but its receiver: the law asks its questions of a whole document."""
    return DocumentDraft(
        kind=Kind.INVOICE,
        mode=Mode.DGI,
        issuer=Issuer(ruc="", contributor=Contributor.JURIDICO, dv="", name=""),
        receiver=party,
        lines=(),
        payment_time=PaymentTime.CASH,
        payments=(),
        issue_date=timezone.now(),
    )
