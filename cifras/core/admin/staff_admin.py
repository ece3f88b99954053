"""The base of every page of the staff site.

A page built on `StaffAdmin` is permission, form and one service call. This base sees to the rest: rows and choices scoped to
the person, addresses by UUID, 404 for what they may not see, refusals as messages or beside the fields, hand-made changes in
the audit trail.
"""

from typing import Any

from django.contrib.admin import ShowFacets
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import BadRequest
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from unfold.admin import ModelAdmin, TabularInline

from cifras.core.admin.auditing import AuditedPageMixin
from cifras.core.admin.exporting import ExportDoorMixin
from cifras.core.admin.refusals import refusals_as_messages, refused_form, remember, remembered
from cifras.core.admin.scoping import ScopedChoicesMixin
from cifras.fiscal.errors import RuleBroken
from cifras.pac.errors import PacError


class StaffAdmin(ExportDoorMixin, AuditedPageMixin, ModelAdmin):
    """A page of the staff site: see the module's docstring. Deleting in bulk is not offered."""

    list_per_page = 50
    show_facets = ShowFacets.NEVER
    show_full_result_count = False

    def get_urls(self) -> list[Any]:
        # Django's nameless address "<id>/" redirects whatever the id is: nobody needs it, and it would not be a 404.
        return [pattern for pattern in super().get_urls() if pattern.name]

    def get_actions(self, request: HttpRequest, *args: Any, **kwargs: Any) -> dict[str, Any]:
        actions = super().get_actions(request, *args, **kwargs)
        actions.pop("delete_selected", None)
        return actions

    def response_action(
        self, request: HttpRequest, queryset: models.QuerySet, *args: Any, **kwargs: Any
    ) -> HttpResponse | None:
        if not all(key.isdecimal() and len(key) <= 18 for key in request.POST.getlist(ACTION_CHECKBOX_NAME)):
            raise BadRequest("a ticked row that no page of ours has shown")
        with refusals_as_messages(request):
            return super().response_action(request, queryset, *args, **kwargs)
        return HttpResponseRedirect(request.get_full_path())

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The form. A refusal from the service shows on the form, with all that was typed; the transaction is undone."""
        if object_id is not None:
            self.require_object(request, object_id)
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except (RuleBroken, PacError) as refusal:
            if request.method != "POST" or remembered(request):
                raise
            remember(request, refusal)
            self.forget_objects(request)
            return super().changeform_view(request, object_id, form_url, extra_context)

    def get_form(
        self, request: HttpRequest, obj: models.Model | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form_class = super().get_form(request, obj, change=change, **kwargs)
        refusal = remembered(request)
        return refused_form(form_class, request, refusal) if refusal else form_class

    def response_add(
        self, request: HttpRequest, obj: models.Model, post_url_continue: str | None = None
    ) -> Any:
        return super().response_add(request, obj, post_url_continue or self.address_of(obj))

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        obj = self.require_object(request, object_id)
        with refusals_as_messages(request):
            return super().delete_view(request, object_id, extra_context)
        return HttpResponseRedirect(self.address_of(obj))

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        obj = self.require_object(request, object_id)
        return super().history_view(request, str(obj.pk), extra_context)  # Django's log knows the key


class ReadOnlyMixin(ModelAdmin):
    """A page to look at."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyStaffAdmin(ReadOnlyMixin, StaffAdmin):
    """Ledgers, timelines and trails: to be read by those who hold the right to view them, changed by nobody."""


class StaffTabularInline(ScopedChoicesMixin, TabularInline):
    """Rows of a related model as a table, scoped like a page."""

    extra = 0
