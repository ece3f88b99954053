"""Who may look at plans and subscriptions, and who may change them."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from cifras.core.rights import may
from reports.services.billing.issuing import VIEW
from reports.services.billing.plans import MANAGE


class BillingRightsMixin(admin.ModelAdmin):
    """The billing's two rights instead of four per model."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request.user, VIEW) or may(request.user, MANAGE)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return may(request.user, MANAGE)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request.user, MANAGE)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request.user, MANAGE)
