"""P12: the webhook door against a bare Django view with one INSERT, both behind the same middleware in one process.

python -m bench webhook [-- --pairs 101]
"""

import io
import json
import sys
import time
from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler

from bench.documents import a_tenant
from bench.stage import pairs_of, verdict
from invoicing.models import WebhookDelivery

AT_LEAST = 0.60
REQUESTS = 25  # so few that both sides of a pair see the same machine
SECRET = "secret-of-the-benchmarks"
BODY = json.dumps(
    {
        "id": "01K9CFRAS00000000000000101",
        "legalStatus": "DGI_AUTHORIZED",
        "message": "Documento autorizado por la DGI",
        "date": "2026-11-19T10:15:00-05:00",
    }
).encode()


def main(arguments: list[str]) -> int:
    pairs = pairs_of(arguments, default=101)
    settings.ROOT_URLCONF = "bench.urls"
    settings.ALLOWED_HOSTS = ["localhost"]
    tenant = a_tenant()
    tenant.webhook_secret = SECRET
    tenant.save()
    handler = WSGIHandler()
    ratios = []
    for _ in range(pairs + 1):
        bare = seconds(handler, f"/bare/{tenant.pk}")
        ours = seconds(handler, f"/webhooks/pac/{tenant.pac_company_id}")
        ratios.append(bare / ours)
    states = set(WebhookDelivery.objects.values_list("verdict", flat=True))
    assert states == {"signed", ""}, states
    met = verdict("P12 webhook / bare view with one INSERT", ratios[1:], least=AT_LEAST)
    return 0 if met else 1


def seconds(handler: WSGIHandler, address: str) -> float:
    """How long it takes to answer so many requests, one after another."""
    start = time.perf_counter()
    for _ in range(REQUESTS):
        response = handler(environ(address), start_response)
        assert response.status_code == 200
        response.close()
    return time.perf_counter() - start


def start_response(_status: str, _headers: list[tuple[str, str]], _failure: Any = None) -> Any:
    """What a server would do with the head of the answer."""


def environ(address: str) -> dict[str, Any]:
    """The request as a server hands it over, with the headers that a provider sends."""
    return {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": address,
        "SCRIPT_NAME": "",
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "203.0.113.7",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(BODY)),
        "HTTP_HOST": "localhost",
        "HTTP_USER_AGENT": "axios/1.7.7",
        "HTTP_ACCEPT": "application/json, text/plain, */*",
        "HTTP_X_PAC_SIGNATURE": SECRET,
        "HTTP_X_USER_ID": "usuario-1",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(BODY),
        "wsgi.errors": sys.stderr,
        "wsgi.version": (1, 0),
        "wsgi.run_once": False,
        "wsgi.multithread": False,
        "wsgi.multiprocess": True,
    }
