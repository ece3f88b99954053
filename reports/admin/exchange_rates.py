"""The published exchange rates that Peru's register converts at: entered once a day, corrected, never deleted."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from cifras.core.admin.staff_admin import StaffAdmin
from cifras.core.rights import may
from reports.admin import exports
from reports.models import ExchangeRate
from reports.services.exchange_rates import MANAGE, Published, correct_rate, record_rate
from tenants.admin.actors import actor_of


@admin.register(ExchangeRate)
class ExchangeRatePage(StaffAdmin):
    """Whoever reads the books sees them; a day's rate is entered by those who may."""

    list_export = exports.EXCHANGE_RATES
    audits_changes = False
    list_display = ("date", "currency", "sale", "source", "recorded_by", "recorded_at")
    list_filter = ("currency",)
    list_filter_submit = True
    search_fields = ("source",)
    search_help_text = gettext_lazy("Fuente")
    fields = ("date", "currency", "sale", "source")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return (*self.fields, "recorded_by", "recorded_at") if obj else self.fields

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("date", "currency", "recorded_by", "recorded_at") if obj else ()

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request.user, "reports.view_books") or may(request.user, MANAGE)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return may(request.user, MANAGE)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request.user, MANAGE)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: ExchangeRate, form: Any, change: bool) -> None:
        actor = actor_of(request)
        if change:
            correct_rate(obj, sale=obj.sale, source=obj.source, actor=actor)
            return
        row = record_rate(Published(obj.date, obj.currency, obj.sale, obj.source), actor=actor)
        obj.pk, obj.uid = row.pk, row.uid
