"""Which company is on which plan, from which day."""

from datetime import date, timedelta
from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, Subquery
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from cifras.core.admin.badges import GREY, Badge
from cifras.core.admin.filters import VisibleAutocompleteFilter
from cifras.core.admin.staff_admin import StaffAdmin
from reports.admin import exports
from reports.admin.rights import BillingRightsMixin
from reports.models import Subscription
from reports.services.billing.terms import subscribe, withdraw_subscription
from tenants.admin.actors import actor_of


@admin.register(Subscription)
class SubscriptionPage(BillingRightsMixin, StaffAdmin):
    """A change of plan is recorded, or withdrawn where no statement counts with it; never edited."""

    list_export = exports.SUBSCRIPTIONS
    audits_changes = False
    list_display = ("tenant", "on_plan", "starts", "ends", "created_by")
    list_select_related = ("tenant", "plan", "created_by")
    list_filter = (("tenant", VisibleAutocompleteFilter), "plan")
    list_filter_submit = True
    search_fields = ("tenant__trade_name", "tenant__legal_name", "tenant__ruc")
    search_help_text = gettext_lazy("Nombre o RUC de la empresa")
    autocomplete_fields = ("tenant",)
    fields = ("tenant", "plan", "starts_on")
    readonly_fields = ("created_by", "created_at")

    class Media:
        css = {"all": ("cifras/documents.css", "cifras/pages.css")}

    def get_queryset(self, request: HttpRequest) -> Any:
        followers = Subscription.objects.filter(
            tenant=OuterRef("tenant"), starts_on__gt=OuterRef("starts_on")
        ).order_by("starts_on")
        rows = super().get_queryset(request)
        return rows.annotate(follower_starts_on=Subquery(followers.values("starts_on")[:1]))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return (*self.fields, *self.readonly_fields) if obj else self.fields

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Subscription, form: Any, change: bool) -> None:
        row = subscribe(obj.tenant, obj.plan, starts_on=obj.starts_on, actor=actor_of(request))
        obj.pk, obj.uid = row.pk, row.uid

    def delete_model(self, request: HttpRequest, obj: Subscription) -> None:
        withdraw_subscription(obj, actor=actor_of(request))

    @display(description=gettext_lazy("plan"), ordering="plan")
    def on_plan(self, row: Subscription) -> Any:
        return row.plan or Badge(_("Sin plan"), "block", GREY)

    @display(description=gettext_lazy("desde"), ordering="starts_on")
    def starts(self, row: Subscription) -> Any:
        return _day(row.starts_on)

    @display(description=gettext_lazy("hasta"))
    def ends(self, row: Any) -> Any:
        following: date | None = row.follower_starts_on
        return _day(following - timedelta(days=1)) if following else _("sin término")


def _day(day: date) -> Any:
    return format_html('<time datetime="{}">{}</time>', day.isoformat(), f"{day:%d/%m/%Y}")
