"""Every request is an act of its own, and every answer says what a browser may do with it."""

import re
from collections.abc import Callable

from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.cache import patch_cache_control

from cifras.core.context import act_context

# Marks that turn the direction of what follows (U+202A..U+202E, U+2066..U+2069) in UTF-8: with them a text that somebody else
# wrote looks like another one, and takes what stands behind it along.
_TURNS = re.compile(rb"\xe2(?:\x80[\xaa-\xae]|\x81[\xa6-\xa9])")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}".encode()  # as long as any of them


class RequestContextMiddleware:
    """Gives the request a correlation id, known to logs, audit and exchanges, and answers it as X-Correlation-Id."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with act_context(ip=_client_address(request)) as correlation_id:
            response = self.get_response(request)
        response["X-Correlation-Id"] = correlation_id
        return response


class PagePolicyMiddleware(CSPMiddleware):
    """The staff site's policy below its address, the strict one elsewhere; what somebody with a session reads is not kept.

    On every page marks of direction are made visible, whoever wrote them.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if isinstance(response, HttpResponse) and response.get("Content-Type", "").startswith("text/html"):
            response.content = _TURNS.sub(_REPLACEMENT, response.content)
        if (
            settings.SESSION_COOKIE_NAME in request.COOKIES
            or settings.SESSION_COOKIE_NAME in response.cookies
        ):
            patch_cache_control(response, no_store=True, private=True)
        response.headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
        return super().process_response(request, response)

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        if not report_only and parts.config is None and request.path_info.startswith(reverse("admin:index")):
            parts.config = settings.CIFRAS_STAFF_SITE_POLICY
        return parts


def _client_address(request: HttpRequest) -> str:
    """The peer's address, or what our own CIFRAS_PROXY_COUNT proxies, the last ones to write the header, saw of it."""
    peer = str(request.META.get("REMOTE_ADDR", ""))
    proxies: int = settings.CIFRAS_PROXY_COUNT
    header = str(request.META.get("HTTP_X_FORWARDED_FOR", ""))
    forwarded = [part.strip() for part in header.split(",") if part.strip()]
    if proxies and len(forwarded) >= proxies:
        return forwarded[-proxies][:45]
    return peer[:45]
