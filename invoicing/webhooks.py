"""The door for webhooks: `POST /webhooks/pac/<pac_company_id>`, without session and without CSRF token.

Size, then signature, then storing, then a fast answer; what a delivery says is looked into by a task.
"""

from django.db import transaction
from django.http import HttpRequest, JsonResponse
from django.http.request import UnreadablePostError
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from cifras.core.context import client_ip
from cifras.core.scopes import all_tenants
from invoicing.models import WebhookDelivery
from invoicing.services import receiving

USER_HEADER = "X-User-Id"


# The row commits by itself, so that nothing which fails afterwards takes it back.
@transaction.non_atomic_requests
@csrf_exempt
@require_POST
@all_tenants(reason="a provider's webhook")
def receive(request: HttpRequest, company_id: str) -> JsonResponse:
    """200 stored and signed, 400 no JSON object, 403 signature bad or missing, 404 unknown company, 413 too large."""
    tenants = receiving.addressees(company_id)
    if not tenants:
        return _answer(404, "Unknown company")
    try:
        body = request.read(receiving.MAX_BODY_BYTES + 1)
    except UnreadablePostError:
        return _answer(400, "The body broke off")
    if len(body) > receiving.MAX_BODY_BYTES:
        return _answer(413, "The body is too large")
    receipt = receiving.take_in(
        tenants,
        receiving.Knock(
            body=body,
            signature=request.headers.get(receiving.signature_header(tenants), ""),
            headers=request.headers,
            ip=client_ip(),
            claimed_user=request.headers.get(USER_HEADER, ""),
        ),
    )
    return _answer_to(receipt)


def _answer_to(receipt: receiving.Receipt) -> JsonResponse:
    if receipt.is_probe:
        return _answer(200, "Probe received")
    if receipt.verdict is not WebhookDelivery.Verdict.SIGNED:
        return _answer(403, "Invalid webhook signature")
    if not receipt.is_readable:
        return _answer(400, "The body must be a JSON object")
    return _answer(200, "Stored")


def _answer(status: int, detail: str) -> JsonResponse:
    return JsonResponse({"detail": detail}, status=status)
