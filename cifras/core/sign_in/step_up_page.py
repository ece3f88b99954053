"""The page that asks for a code before an act, and posts again what was posted."""

import re
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminTextInputWidget

from cifras.core.sign_in.step_up import CODE_FIELD, StepUpNeeded

PAGE = "admin/sign_in/step_up.html"
_PASSWORD = re.compile(r"^(\w+_)?(?<!usable_)password\d?$")
_TYPED: dict[str, Any] = {"required": True, "maxlength": 200, "spellcheck": "false"}
_FIRST: dict[str, Any] = {"autofocus": True}
_NOT_CARRIED = {CODE_FIELD, "csrfmiddlewaretoken"}


def step_up_page(request: HttpRequest, needed: StepUpNeeded) -> HttpResponseBase:
    """For a form: the page in its place. For an address that was only opened: the way to the code and back."""
    if request.method != "POST":
        address = f"{reverse('sign_in:code')}?{urlencode({'next': request.get_full_path()})}"
        if "HX-Request" in request.headers:
            return HttpResponse(headers={"HX-Redirect": address})
        return HttpResponseRedirect(address)
    request.current_app = admin.site.name
    context = {
        **admin.site.each_context(request),
        "title": _("Confirme que es usted"),
        "action": request.get_full_path(),
        "carried": [(name, value) for name, value in _posted(request) if not _is_secret(name, needed)],
        "retyped": _retyped(request, needed),
        "files": [(name, getattr(each, "name", "")) for name, each in request.FILES.items()],
        "complaint": needed.complaint,
        "code": UnfoldAdminTextInputWidget().render(
            CODE_FIELD, "", {"id": "step-up-code", "autocomplete": "one-time-code", **_TYPED, **_FIRST}
        ),
    }
    return TemplateResponse(request, PAGE, context)


def _posted(request: HttpRequest) -> list[tuple[str, Any]]:
    return [
        (name, value) for name, values in request.POST.lists() for value in values if name not in _NOT_CARRIED
    ]


def _is_secret(name: str, needed: StepUpNeeded) -> bool:
    return bool(_PASSWORD.search(name)) or name in needed.retype


def _retyped(request: HttpRequest, needed: StepUpNeeded) -> list[tuple[str, Any, SafeString]]:
    """The secrets that were typed, by field, label and box: they are asked for again rather than written into a page."""
    names = [name for name, value in _posted(request) if value and _is_secret(name, needed)]
    box = UnfoldAdminPasswordWidget()
    return [
        (
            name,
            needed.retype.get(name) or _label(name),
            box.render(name, "", {"id": f"again-{name}", "autocomplete": "new-password", **_TYPED}),
        )
        for name in names
    ]


def _label(name: str) -> str:
    again = name.endswith(("2", "_confirmation"))
    return _("La contraseña del formulario, otra vez") if again else _("La contraseña del formulario")
