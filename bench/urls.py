"""The site's addresses and one more: a view that does nothing but one INSERT."""

from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from cifras.urls import urlpatterns as of_the_site
from invoicing.models import WebhookDelivery


@csrf_exempt
def bare(request: HttpRequest, tenant: int) -> JsonResponse:
    """One row of the same table, nothing looked at."""
    WebhookDelivery.objects.create(tenant_id=tenant, body=request.body.decode(), due_at=timezone.now())
    return JsonResponse({"detail": "Stored"})


urlpatterns = [*of_the_site, path("bare/<int:tenant>", bare)]
