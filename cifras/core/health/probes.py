"""The addresses that machines ask, before anything that persons need: no session, no host name, no redirect to https.

`/healthz` says that this process answers: restart it when it does not. `/readyz` says whether all it stands on is there: 503
when one of it is not. `/metrics` is for Prometheus: with a CIFRAS_METRICS_TOKEN for whoever bears it, and nobody else learns that
it is there. Without one only this machine itself reads it, and only where no proxy can stand in between: behind one on the same
machine every visitor comes from 127.0.0.1.
"""

from collections.abc import Callable, Mapping
from hmac import compare_digest

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed, JsonResponse
from prometheus_client import CONTENT_TYPE_LATEST

from cifras.core.health.checks import OK, readiness
from cifras.core.health.metrics import exposition

View = Callable[[HttpRequest], HttpResponseBase]

_THIS_MACHINE = {"127.0.0.1", "::1"}
_FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP")
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}


def probes(get_response: View) -> View:
    """Middleware, right behind the one that gives the request its correlation id."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        probe = _PROBES.get(request.path_info.rstrip("/"))
        if probe is None:
            return get_response(request)
        response = probe(request) if request.method in {"GET", "HEAD"} else HttpResponseNotAllowed(["GET"])
        for name, value in _HEADERS.items():
            response[name] = value
        return response

    return middleware


def healthz(_request: HttpRequest) -> HttpResponse:
    """This process answers."""
    return JsonResponse({"status": OK})


def readyz(_request: HttpRequest) -> HttpResponse:
    """Each thing it stands on with `ok` or `failing`."""
    words = readiness()
    is_ready = set(words.values()) == {OK}
    return JsonResponse(
        {"status": OK if is_ready else "failing", "checks": words}, status=200 if is_ready else 503
    )


def metrics(request: HttpRequest) -> HttpResponse:
    """The figures in Prometheus' text format; 404 for strangers."""
    if not _may_see_metrics(request):
        return HttpResponse(status=404)
    return HttpResponse(exposition(), content_type=CONTENT_TYPE_LATEST)


def _may_see_metrics(request: HttpRequest) -> bool:
    token: str = settings.CIFRAS_METRICS_TOKEN
    if token:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return compare_digest(given.encode(), token.encode())
    if settings.CIFRAS_METRICS_NEED_TOKEN or settings.CIFRAS_PROXY_COUNT:
        return False
    came_through_a_proxy = any(request.META.get(name) for name in _FORWARDED)
    return request.META.get("REMOTE_ADDR") in _THIS_MACHINE and not came_through_a_proxy


_PROBES: Mapping[str, View] = {"/healthz": healthz, "/readyz": readyz, "/metrics": metrics}
