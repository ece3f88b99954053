"""Every request is an act of its own."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from cifras.core.context import act_context


class RequestContextMiddleware:
    """Gives the request a correlation id, known to logs, audit and exchanges, and answers it as X-Correlation-Id."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with act_context(ip=_client_address(request)) as correlation_id:
            response = self.get_response(request)
        response["X-Correlation-Id"] = correlation_id
        return response


def _client_address(request: HttpRequest) -> str:
    """The peer's address, or what our own CIFRAS_PROXY_COUNT proxies, the last ones to write the header, saw of it."""
    peer = str(request.META.get("REMOTE_ADDR", ""))
    proxies: int = settings.CIFRAS_PROXY_COUNT
    header = str(request.META.get("HTTP_X_FORWARDED_FOR", ""))
    forwarded = [part.strip() for part in header.split(",") if part.strip()]
    if proxies and len(forwarded) >= proxies:
        return forwarded[-proxies][:45]
    return peer[:45]
