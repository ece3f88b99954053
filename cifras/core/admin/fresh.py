"""Pages whose forms say who may do and see what: before anything is saved, a fresh second factor."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from cifras.core.sign_in.step_up import require_fresh


class FreshFormMixin(admin.ModelAdmin):
    """Left of `StaffAdmin`. Whoever lacks the right is told so first.

    It asks before the views themselves, since some of them (Django's page for new users) begin with a transaction, in which
    a wrong code would not count.
    """

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if request.method == "POST" and self.has_add_permission(request):
            require_fresh(request)
        return super().add_view(request, form_url, extra_context)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        obj = self.get_object(request, object_id)
        if request.method == "POST" and obj is not None and self.has_change_permission(request, obj):
            require_fresh(request)
        return super().change_view(request, object_id, form_url, extra_context)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        obj = self.get_object(request, object_id)
        if request.method == "POST" and obj is not None and self.has_delete_permission(request, obj):
            require_fresh(request)
        return super().delete_view(request, object_id, extra_context)
