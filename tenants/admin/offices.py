"""Branches and their billing points. What the provider has, or may have, is not changed here any more."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from cifras.core.admin.filters import VisibleAutocompleteFilter
from cifras.core.admin.staff_admin import StaffAdmin, StaffTabularInline
from cifras.core.rights import may
from cifras.core.wording import sentence
from cifras.fiscal.errors import RuleBroken
from tenants.admin import exports
from tenants.admin.actors import actor_of
from tenants.admin.badges import registration_badge
from tenants.admin.tenant_forms import ReasonForm
from tenants.models import BillingPoint, Office, Tenant
from tenants.services import close_office, reopen_office
from tenants.services.office_reading import require_office, require_point

_AT_PROVIDER = ("code", "type", "address", "telephone", "coordinates", "location", "email")


class OfficeForm(forms.ModelForm):
    """The same rules as the onboarding's."""

    def clean(self) -> Any:
        cleaned = super().clean() or {}
        if set(_AT_PROVIDER) <= cleaned.keys():
            self._check_shapes(cleaned)
            self._check_code(cleaned)
            self._check_main(cleaned)
        return cleaned

    def _others(self, cleaned: dict[str, Any]) -> Any:
        tenant = cleaned.get("tenant") or getattr(self.instance, "tenant", None)
        return Office.objects.filter(tenant=tenant).exclude(pk=self.instance.pk)

    def _check_code(self, cleaned: dict[str, Any]) -> None:
        if self._others(cleaned).filter(code=cleaned["code"]).exists():
            self.add_error("code", _("La empresa ya tiene una sucursal con ese código."))

    def _check_shapes(self, cleaned: dict[str, Any]) -> None:
        given = {name: cleaned[name] or "" for name in _AT_PROVIDER}
        tenant = cleaned.get("tenant") or getattr(self.instance, "tenant", None)
        country = tenant.country if tenant else Tenant.Country.PANAMA.value
        try:
            require_office(given, country=country)
        except RuleBroken as refusal:
            for reason in refusal.reasons:
                field = reason.field.rpartition(".")[2]
                self.add_error(field if field in self.fields else None, sentence(reason))

    def _check_main(self, cleaned: dict[str, Any]) -> None:
        if cleaned["type"] != Office.Type.MAIN:
            return
        main = self._others(cleaned).filter(type=Office.Type.MAIN).first()
        if main:
            text = _("La empresa ya tiene su sucursal principal: {code}. Elija «Asociada».")
            self.add_error("type", text.format(code=main.code))


class PointForm(forms.ModelForm):
    """A point whose series has given numbers stays as it is."""

    used_points: frozenset[str] = frozenset()

    def __init__(self, *args: Any, office: Office | None = None, **kwargs: Any) -> None:
        self.tenant = office.tenant if office and office.tenant_id else None
        self.office = office
        super().__init__(*args, **kwargs)
        if self.instance.pk and self.instance.code in self.used_points:
            for field in self.fields.values():
                field.disabled = True
                field.help_text = _("Ya dio números: no se cambia.")

    def clean(self) -> Any:
        """The onboarding's own rules; in Peru a series belongs to one establishment."""
        cleaned = super().clean() or {}
        if not {"code", "first_number"} <= cleaned.keys():
            return cleaned
        country = self.tenant.country if self.tenant else Tenant.Country.PANAMA
        try:
            require_point(cleaned["code"], cleaned["first_number"], country=country)
        except RuleBroken as refusal:
            for reason in refusal.reasons:
                self.add_error(reason.field, sentence(reason))
        if country == Tenant.Country.PERU and self._is_elsewhere(cleaned.get("code")):
            self.add_error("code", _("Otro establecimiento de la empresa ya tiene esa serie."))
        return cleaned

    def _is_elsewhere(self, code: Any) -> bool:
        others = BillingPoint.objects.filter(office__tenant=self.tenant, code=code)
        if self.office and self.office.pk:
            others = others.exclude(office=self.office)
        return others.exists()


class PointRows(forms.BaseInlineFormSet):
    """Every row knows whose office it is of, also of one that is only being added."""

    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        return {**super().get_form_kwargs(index), "office": self.instance}


class BillingPoints(StaffTabularInline):
    """The points of the office, each with its own numbering."""

    model = BillingPoint
    form = PointForm
    formset = PointRows
    fields = ("code", "first_number")
    can_delete = False

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        used = obj.number_series.values_list("billing_point", flat=True) if obj else ()
        form_class = type("PointForm", (PointForm,), {"used_points": frozenset(used)})
        return super().get_formset(request, obj, form=form_class, **kwargs)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("tenants.view_office")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_open = obj is None or obj.closed_at is None
        return is_open and request.user.has_perm("tenants.change_office")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_add_permission(request, obj)


@admin.register(Office)
class OfficePage(StaffAdmin):
    """A branch; it is registered at the provider by the onboarding's step, closed and reopened here."""

    list_export = exports.OFFICES
    actions_detail = ("close", "reopen")
    form = OfficeForm
    inlines = (BillingPoints,)
    list_display = ("code", "tenant", "type", "address", "registered", "pac_office_id")
    list_select_related = ("tenant",)
    list_filter = (("tenant", VisibleAutocompleteFilter), "type", "registration")
    list_filter_submit = True
    ordering = ("tenant__legal_name", "code")
    search_fields = ("code__exact", "tenant__legal_name__istartswith", "tenant__trade_name__istartswith")
    search_help_text = gettext_lazy("Código de la sucursal, o el comienzo del nombre de la empresa")
    autocomplete_fields = ("tenant",)
    fieldsets = (
        (None, {"fields": ("tenant", ("code", "type"), "registered", "pac_office_id", "closed_at")}),
        (
            gettext_lazy("Dónde está"),
            {"fields": ("address", ("location", "coordinates"), ("telephone", "email"))},
        ),
    )
    readonly_fields = ("registered", "pac_office_id", "closed_at")

    class Media:
        css = {"all": ("cifras/documents.css", "cifras/pages.css")}

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        fields = tuple(super().get_readonly_fields(request, obj))
        if obj is None:
            return fields
        is_with_provider = obj.pac_office_id or obj.registration != Office.Registration.PENDING
        return (*fields, "tenant", *(_AT_PROVIDER if is_with_provider else ()))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_close_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return may(request.user, "tenants.close_tenant")

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> Any:
        """Only the one of the two that makes sense now."""
        office: Any = self.get_object(request, str(object_id))
        idle = "close" if office and office.closed_at else "reopen"
        shown = super().get_actions_detail(request, object_id)
        return [each for each in shown if not each.action_name.endswith(f"_{idle}")]

    @action(
        description=gettext_lazy("Cerrar la sucursal"),
        icon="lock",
        variant=ActionVariant.DANGER,
        permissions=["close"],
        dialog={
            "title": gettext_lazy("Cerrar la sucursal"),
            "description": gettext_lazy(
                "Sus series quedan congeladas: no se emiten más facturas en ella. Lo que está en cola sale, y las notas de "
                "crédito y las anulaciones siguen. Se puede reabrir."
            ),
            "form_class": ReasonForm,
            "form_submit_text": gettext_lazy("Cerrar la sucursal"),
        },
    )
    def close(self, request: HttpRequest, form: ReasonForm, object_id: str) -> None:
        office: Any = self.require_object(request, object_id)
        close_office(office, reason=form.cleaned_data["reason"], actor=actor_of(request))
        messages.success(request, _("La sucursal {office} quedó cerrada.").format(office=office.code))

    @action(
        description=gettext_lazy("Reabrir la sucursal"),
        icon="lock_open",
        variant=ActionVariant.PRIMARY,
        permissions=["close"],
        dialog={
            "title": gettext_lazy("Reabrir la sucursal"),
            "description": gettext_lazy("Sus series siguen donde quedaron."),
            "form_class": ReasonForm,
            "form_submit_text": gettext_lazy("Reabrir la sucursal"),
        },
    )
    def reopen(self, request: HttpRequest, form: ReasonForm, object_id: str) -> None:
        office: Any = self.require_object(request, object_id)
        reopen_office(office, reason=form.cleaned_data["reason"], actor=actor_of(request))
        messages.success(request, _("La sucursal {office} vuelve a emitir.").format(office=office.code))

    def save_model(self, request: HttpRequest, obj: Office, form: Any, change: bool) -> None:
        """Only what was changed is written: a registration that ends meanwhile is not undone."""
        if not change:
            super().save_model(request, obj, form, change)
        elif changed := [name for name in form.changed_data if name in _AT_PROVIDER]:
            obj.save(update_fields=changed)

    @display(description=gettext_lazy("registro en el PAC"), ordering="registration")
    def registered(self, office: Office) -> Any:
        return registration_badge(office)
