"""Who may see which tenant. Nobody gives a sight that they do not have."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import display

from cifras.core.admin.badges import AMBER, GREEN, GREY, Badge
from cifras.core.admin.filters import VisibleAutocompleteFilter
from cifras.core.admin.fresh import FreshFormMixin
from cifras.core.admin.staff_admin import StaffAdmin
from cifras.fiscal.zones import written
from tenants.access import sees_everything
from tenants.admin import exports
from tenants.admin.actors import actor_of
from tenants.admin.invite_page import InvitePageMixin
from tenants.admin.person_page import PersonPageMixin
from tenants.models import StaffGrant


class GrantForm(forms.ModelForm):
    """An empty tenant means all of them: only for those who see them all."""

    gives_all = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "tenant" in self.fields and not self.gives_all:
            self.fields["tenant"].required = True
            self.fields["tenant"].help_text = ""

    def clean(self) -> Any:
        cleaned = super().clean() or {}
        person, tenant = cleaned.get("staff"), cleaned.get("tenant")
        is_known = "tenant" in cleaned and person is not None
        if is_known and StaffGrant.objects.filter(staff=person, tenant=tenant).exists():
            self.add_error(
                None,
                _("{person} ya tiene ese acceso: quite el anterior si quiere cambiarlo.").format(
                    person=person
                ),
            )
        expires_at = cleaned.get("expires_at")
        if expires_at and expires_at <= timezone.now():
            self.add_error("expires_at", _("Ese momento ya pasó."))
        return cleaned


class LifeFilter(DropdownFilter):
    """In force, or expired."""

    title = gettext_lazy("vigencia")
    parameter_name = "life"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("live", gettext_lazy("Vigentes")), ("expired", gettext_lazy("Vencidos"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        expired = {"expires_at__lte": timezone.now()}
        if self.value() == "expired":
            return queryset.filter(**expired)
        return queryset.exclude(**expired) if self.value() == "live" else queryset


@admin.register(StaffGrant)
class GrantPage(FreshFormMixin, InvitePageMixin, PersonPageMixin, StaffAdmin):
    """A grant is given and taken away, never changed: the audit trail then says who saw what, and when."""

    list_export = exports.GRANTS
    form = GrantForm
    list_display = ("staff", "sees", "lasts", "granted_by", "created_at", "everything_held")
    list_select_related = ("staff", "tenant", "granted_by")
    list_filter = (("tenant", VisibleAutocompleteFilter), ("staff", VisibleAutocompleteFilter), LifeFilter)
    list_filter_submit = True
    search_fields = ("staff__username", "staff__first_name", "staff__last_name")
    search_help_text = gettext_lazy("Nombre o usuario de la persona")
    autocomplete_fields = ("staff", "tenant")
    fields = ("staff", "tenant", "expires_at")
    readonly_fields = ("granted_by", "created_at")

    class Media:
        css = {"all": ("cifras/documents.css", "cifras/pages.css")}

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return (*self.fields, *self.readonly_fields) if obj else self.fields

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form_class = super().get_form(request, obj, change=change, **kwargs)
        return type(form_class.__name__, (form_class,), {"gives_all": sees_everything(request.user)})

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: StaffGrant, form: Any, change: bool) -> None:
        obj.granted_by = actor_of(request)
        super().save_model(request, obj, form, change)

    @display(description=gettext_lazy("a su cargo"))
    def everything_held(self, grant: StaffGrant) -> SafeString:
        address = reverse("admin:tenants_staffgrant_person", args=[grant.staff.uid])
        return format_html('<a class="cf-link" href="{}">{}</a>', address, _("Ver todo"))

    @display(description=gettext_lazy("puede ver"), ordering="tenant")
    def sees(self, grant: StaffGrant) -> Any:
        return grant.tenant or Badge(_("Todas las empresas"), "select_all", AMBER)

    @display(description=gettext_lazy("vigencia"), ordering="expires_at")
    def lasts(self, grant: StaffGrant) -> Badge:
        if grant.expires_at is None:
            return Badge(_("Sin vencimiento"), "all_inclusive", GREEN)
        if grant.expires_at <= timezone.now():
            return Badge(_("Venció el {moment}").format(moment=written(grant.expires_at)), "event_busy", GREY)
        return Badge(_("Hasta el {moment}").format(moment=written(grant.expires_at)), "event", GREEN)
