"""The frame of the pages on which something is done to a company, an office or a person: what it is, what follows, the form."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse

from cifras.core.admin.staff_admin import StaffAdmin
from cifras.core.rights import may
from tenants.models import Tenant

PAGE = "admin/tenants/act/page.html"
ASSETS = forms.Media(
    css={"all": ("cifras/documents.css", "cifras/pages.css", "cifras/wizard.css")},
    js=("cifras/documents.js",),
)


@dataclass(frozen=True, slots=True)
class Act:
    """What such a page shows. Without `submit` there is nothing to press; `second` is another button, with its value."""

    title: Any
    submit: Any = ""
    variant: str = "primary"
    facts: Sequence[tuple[Any, Any]] = ()
    consequences: Sequence[Any] = ()
    warnings: Sequence[Any] = ()
    second: tuple[str, Any] | None = None
    value: str = ""
    template: str = ""
    more: dict[str, Any] = field(default_factory=dict)
    takes_files: bool = False


class ActPageMixin(StaffAdmin):
    """Right, form, one service call, message; a refusal stands on the form."""

    def permitted(self, request: HttpRequest, object_id: str, *rights: str) -> Any:
        """The visible object (else 404), for somebody who holds all `rights` (else 403)."""
        obj = self.require_object(request, object_id)
        if not all(may(request.user, right) for right in rights):
            raise PermissionDenied
        return obj

    def act_page(
        self, request: HttpRequest, obj: Any, act: Act, form: forms.Form | None = None
    ) -> HttpResponse:
        """The page of `act` on `obj`."""
        request.current_app = self.admin_site.name
        tenant = obj if isinstance(obj, Tenant) else getattr(obj, "tenant", None)
        context = {
            **self.admin_site.each_context(request),
            "title": f"{act.title}: {obj}",
            "opts": self.opts,
            "original": obj,
            "tenant": tenant,
            "is_sandbox": tenant is not None and not tenant.is_live,
            "assets": ASSETS + form.media if form else ASSETS,
            "act": act,
            "form": form,
            "back": self.address_of(obj),
            "action": request.path,
            **act.more,
        }
        return TemplateResponse(request, PAGE, context)

    def act_done(self, request: HttpRequest, obj: Any, text: str) -> HttpResponse:
        """Back to the object's page, with what did happen."""
        messages.success(request, text)
        return HttpResponseRedirect(self.address_of(obj))
