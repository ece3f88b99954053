"""A staff site of its own to try the base classes on: real tables, pages that only the tests need."""

import re
from typing import Any

from django import forms
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from unfold.decorators import action
from unfold.sites import UnfoldAdminSite

from cifras.core.admin.big_list import BigListAdmin, ReadOnlyBigListAdmin, SearchRoute
from cifras.core.admin.filters import DayRangeFilter, ExactTextFilter, VisibleAutocompleteFilter
from cifras.core.admin.refusals import StaffDialogForm
from cifras.core.admin.staff_admin import ReadOnlyStaffAdmin, StaffAdmin, StaffTabularInline
from cifras.core.models import AuditEntry
from cifras.fiscal.errors import RuleBroken, RulesBroken
from cifras.pac.errors import Problem, Unsettled
from tenants.models import BillingPoint, Office, StaffGrant, Tenant


class PracticeSite(UnfoldAdminSite):
    settings_name = (
        "PRACTICE_UNFOLD"  # the theme as it comes: the menu of the real site names pages that are not here
    )


site = PracticeSite(name="admin")


def refuse(word: str) -> None:
    """What a service would do, chosen by a word."""
    if word == "refused":
        raise RulesBroken(
            [
                RuleBroken("bad_phone", "El teléfono {phone} no existe.", "telephone", phone="200-0000"),
                RuleBroken("closed", "La sucursal está cerrada."),
            ]
        )
    if word == "lost":
        raise Unsettled(problems=(Problem("Gateway <b>time-out</b>"),), exchange_id="exchange-7")


class ReasonForm(StaffDialogForm):
    reason = forms.CharField()


class Points(StaffTabularInline):
    model = BillingPoint


class OfficePage(StaffAdmin):
    list_display = ("code", "tenant")
    list_filter = ("tenant", "type")
    search_fields = ("code",)
    inlines = (Points,)
    actions = ("close",)
    actions_detail = ("refresh", "look", "rename", "plain_rename")
    actions_row = ("refresh",)
    actions_list = ("refresh_all",)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        refuse(obj.address)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        refuse(obj.address)
        super().delete_model(request, obj)

    def close(self, request: HttpRequest, queryset: models.QuerySet) -> None:
        for office in queryset:
            refuse(office.address)
        queryset.update(email="closed@cifras.test")

    @action(description="Refrescar", permissions=["tenants.change_office"])
    def refresh(self, request: HttpRequest, object_id: str) -> None:
        office = self.require_object(request, object_id)
        refuse(office.address)
        Office.objects.filter(pk=office.pk).update(email="fresh@cifras.test")

    @action(description="Mirar", extra_options={"handles_get": True})
    def look(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return HttpResponse(f"looked at {self.require_object(request, object_id)}")

    @action(description="Renombrar", dialog={"title": "Renombrar", "form_class": ReasonForm})
    def rename(self, request: HttpRequest, form: ReasonForm, object_id: str) -> None:
        refuse(form.cleaned_data["reason"])
        Office.objects.filter(pk=self.require_object(request, object_id).pk).update(
            email="renamed@cifras.test"
        )

    @action(description="Renombrar sin más", dialog={"title": "Renombrar"})
    def plain_rename(self, request: HttpRequest, form: Any, object_id: str) -> None:
        refuse(self.require_object(request, object_id).address)

    @action(description="Refrescar todas")
    def refresh_all(self, request: HttpRequest) -> None:
        Office.objects.update(email="all@cifras.test")

    def get_urls(self) -> list[Any]:
        own = path("<path:object_id>/own/", self.guarded_view(self.own_page), name="own_page")
        return [own, *super().get_urls()]

    def own_page(self, request: HttpRequest, object_id: str) -> HttpResponse | None:
        refuse(request.GET.get("word", ""))
        return HttpResponse("own page")


class TenantPage(StaffAdmin):
    search_fields = ("legal_name",)
    fields = ("legal_name", "ruc", "pac_token")
    readonly_fields = ("pac_token",)


class GrantPage(BigListAdmin):
    """Foreign keys to a scoped model, on a big list."""

    list_display = ("staff", "tenant", "created_at")
    list_select_related = ("staff", "tenant")
    list_filter = (("tenant", VisibleAutocompleteFilter), ("created_at", DayRangeFilter))
    autocomplete_fields = ("tenant",)
    search_routes = (SearchRoute(re.compile(r"\d+"), "staff_id"),)


class StaffPicker(StaffAdmin):
    search_fields = ("username",)


class EntryPage(ReadOnlyBigListAdmin):
    """The audit trail as a big list with everything on it."""

    ordering = ("-at",)
    indexed_ordering = ("at", "id", "sequence")
    list_display = ("at", "action", "sequence", "object_label", "id")
    list_filter = (("at", DayRangeFilter), ("action", ExactTextFilter))
    list_per_page = 5
    actions = ("touch",)
    search_routes = (
        SearchRoute(re.compile(r"[0-9a-f-]{36}"), "object_uid", opens=True),
        SearchRoute(re.compile(r"\d+"), "sequence"),
        SearchRoute(re.compile(r"[\w.]+"), "action__startswith"),
    )

    touched: list[int] = []

    def touch(self, request: HttpRequest, queryset: models.QuerySet) -> None:
        self.touched[:] = sorted(queryset.values_list("pk", flat=True))


class PointPage(ReadOnlyStaffAdmin):
    pass


site.register(Office, OfficePage)
site.register(Tenant, TenantPage)
site.register(StaffGrant, GrantPage)
site.register(AuditEntry, EntryPage)
site.register(BillingPoint, PointPage)

urlpatterns = [path("i18n/", include("django.conf.urls.i18n")), path("admin/", site.urls)]
