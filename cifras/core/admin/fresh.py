"""Pages whose forms say who may do and see what: before anything is saved, a fresh second factor."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from cifras.core.sign_in.step_up import require_fresh


class FreshFormMixin(admin.ModelAdmin):
    """Left of `StaffAdmin`. Whoever lacks the right is told so first."""

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if request.method == "POST" and self._may_save(request, object_id):
            require_fresh(request)
        return super().changeform_view(request, object_id, form_url, extra_context)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        obj = self.get_object(request, object_id)
        if request.method == "POST" and obj is not None and self.has_delete_permission(request, obj):
            require_fresh(request)
        return super().delete_view(request, object_id, extra_context)

    def _may_save(self, request: HttpRequest, object_id: str | None) -> bool:
        if object_id is None:
            return self.has_add_permission(request)
        obj = self.get_object(request, object_id)
        return obj is not None and self.has_change_permission(request, obj)
