"""The doors of a page beyond list and form: actions on its object, in its rows, above its list, and pages of its own.

Whatever the door, the order is the same: an object that the person may not see is a 404, a missing right a 403, a GET changes
nothing, and a refusal becomes a message.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.admin import ModelAdmin
from unfold.dataclasses import UnfoldAction

from cifras.core.admin.refusals import StaffDialogForm, refusals_as_messages, remember
from cifras.core.admin.scoping import ScopedPageMixin
from cifras.fiscal.errors import RuleBroken
from cifras.pac.errors import PacError

View = Callable[..., HttpResponseBase | None]


class GuardedDoorsMixin(ScopedPageMixin, ModelAdmin):
    """Wraps the theme's actions.

    An action without a dialog is asked to be confirmed when it comes by GET, unless it declares
    `extra_options={"handles_get": True}`: then it is a page that changes nothing on GET. An action may answer None:
    the person goes back to the object, or to the list.
    """

    def guarded_view(self, view: View) -> View:
        """A view of one's own for `get_urls`: signed in, its `object_id` visible (else 404), refusals as messages."""

        @wraps(view)
        def door(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            object_id = kwargs.get("object_id")
            if object_id is not None:
                self.require_object(request, object_id)
            with refusals_as_messages(request):
                response = view(request, *args, **kwargs)
                if response is not None:
                    return response
            return self._go_back(request, object_id)

        return self.admin_site.admin_view(door)

    def _get_base_actions_detail(self) -> list[UnfoldAction]:
        return [self._guarded(action) for action in super()._get_base_actions_detail()]

    def _get_base_actions_row(self) -> list[UnfoldAction]:
        return [self._guarded(action) for action in super()._get_base_actions_row()]

    def _get_base_actions_list(self) -> list[UnfoldAction]:
        return [self._guarded(action) for action in super()._get_base_actions_list()]

    def _guarded(self, action: UnfoldAction) -> UnfoldAction:
        @wraps(action.method)
        def door(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            object_id = kwargs.get("object_id")
            obj = self.require_object(request, object_id) if object_id is not None else None
            if not self._filter_unfold_actions_by_permissions(request, [action], object_id):
                raise PermissionDenied
            asks = request.method != "POST" and not action.dialog
            if asks and not action.extra_options.get("handles_get"):
                return self._confirmation(request, action, obj)
            response = self._run(action, request, args, kwargs)
            return _for_dialog(request, response or self._go_back(request, object_id))

        return replace(action, method=door)

    def _run(
        self, action: UnfoldAction, request: HttpRequest, args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        form_class = (action.dialog or {}).get("form_class")
        if form_class is None or not issubclass(form_class, StaffDialogForm):
            with refusals_as_messages(request):
                return action.method(request, *args, **kwargs)
            return None
        try:
            return action.method(request, *args, **kwargs)
        except (RuleBroken, PacError) as refusal:
            remember(request, refusal)
            return action.method(request, *args, **kwargs)

    def _confirmation(self, request: HttpRequest, action: UnfoldAction, obj: Any) -> TemplateResponse:
        request.current_app = self.admin_site.name
        context = {
            **self.admin_site.each_context(request),
            "title": action.description,
            "opts": self.opts,
            "object": obj,
            "back": self._back_address(request, getattr(obj, "pk", None)),
        }
        return TemplateResponse(request, "admin/core/confirm_action.html", context)

    def _go_back(self, request: HttpRequest, object_id: Any) -> HttpResponseRedirect:
        return HttpResponseRedirect(self._back_address(request, object_id))

    def _back_address(self, request: HttpRequest, object_id: Any) -> str:
        """The object's page, or the list, or the front page: the first that the person may open."""
        if not self.has_view_or_change_permission(request):
            return reverse(f"{self.admin_site.name}:index")
        obj = self.get_object(request, str(object_id)) if object_id is not None else None
        if obj is not None:
            return self.address_of(obj)
        return reverse(f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_changelist")


def _for_dialog(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """A dialog is fetched in the background: a redirect has to be told to the page, not followed by the fetch."""
    if "HX-Request" in request.headers and isinstance(response, HttpResponseRedirect):
        return HttpResponse(headers={"HX-Redirect": response.url})
    return response
