"""The customer's page: the affiliation code to scan, and how far it has come. Nobody signs in, nothing can be changed."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django.utils.timesince import timesince
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from cifras.core.scopes import all_tenants
from cifras.fiscal.zones import written
from tenants.models import Onboarding
from tenants.services.customer_links import LinkExpired, LinkUnknown, code_image, onboarding_of

_POLICY = (
    "default-src 'none'; img-src 'self' data:; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the affiliation has come, in the customer's words. `is_over`: nothing is left to follow."""

    title: Any
    text: Any
    icon: str
    tone: str
    is_over: bool = False


_DONE = Progress(
    _("Listo: la empresa está afiliada"),
    _("Ya no hace falta escanear nada. Puede cerrar esta página."),
    "check_circle",
    "green",
    is_over=True,
)
_WAITING = Progress(
    _("Esperando que escanee el código"),
    _("Esta página se actualiza sola cuando la DGI confirme."),
    "hourglass_top",
    "blue",
)
_PREPARING = Progress(
    _("El código se está preparando"),
    _("Aparecerá aquí en cuanto esté listo; no hace falta volver a abrir el enlace."),
    "pending",
    "amber",
)

Page = Callable[[HttpRequest, Onboarding], HttpResponse]


def _for_customers(page: Page) -> Callable[..., HttpResponse]:
    """The page in the browser's language, kept by nobody and found by no search; a bad link says only that it is one."""

    @require_safe
    @all_tenants(reason="the page of a customer with a link")
    @wraps(page)
    def door(request: HttpRequest, token: str) -> HttpResponse:
        language = translation.get_language_from_request(request)
        with translation.override(language):
            try:
                response = page(request, onboarding_of(token))
            except LinkUnknown:
                response = render(request, "onboarding/qr_gone.html", {"is_expired": False}, status=404)
            except LinkExpired:
                response = render(request, "onboarding/qr_gone.html", {"is_expired": True}, status=410)
        patch_vary_headers(response, ["Accept-Language", "Cookie"])
        for name, value in _HEADERS.items():
            response.headers[name] = value
        response.headers["Content-Language"] = language
        return response

    return door


@_for_customers
def customer_qr(request: HttpRequest, onboarding: Onboarding) -> HttpResponse:
    """The whole page."""
    address = f"{request.path}state/"
    return render(request, "onboarding/qr.html", _shown(onboarding) | {"state_address": address})


@_for_customers
def customer_qr_state(request: HttpRequest, onboarding: Onboarding) -> HttpResponse:
    """What of the page follows by itself: the code, its age and the state."""
    return render(request, "onboarding/qr_state.html", _shown(onboarding))


def _shown(onboarding: Onboarding) -> dict[str, Any]:
    tenant = onboarding.tenant
    image = "" if tenant.may_issue_live else code_image(onboarding)
    progress = _DONE if tenant.may_issue_live else _WAITING if image else _PREPARING
    read_at = onboarding.qr_read_at
    return {
        "company": str(tenant),
        "is_sandbox": not tenant.is_live,
        "image": image,
        "made_at": written(read_at) if image and read_at else "",
        "age": timesince(read_at, timezone.now(), depth=1) if image and read_at else "",
        "progress": progress,
    }
