"""Addresses for the tests of the second wall: pages whose author forgot `visible_to`, and one that nobody signs in to."""

from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import include, path

from cifras.core import audit
from cifras.core.scopes import all_tenants
from invoicing.models import Document
from tenants.models import Tenant


def careless(request: HttpRequest) -> HttpResponse:
    """Lists, counts, follows a related manager and writes, all of it without `visible_to`."""
    tenants = list(Tenant.objects.order_by("pk"))
    return JsonResponse(
        {
            "names": [tenant.trade_name for tenant in tenants],
            "counted": Tenant.objects.count(),
            "documents": Document.objects.values_list("tenant__trade_name", flat=True).distinct().count(),
            "offices": sum(tenant.offices.count() for tenant in tenants),
            "written": Tenant.objects.update(contact_name="escrito"),
        }
    )


def streamed(request: HttpRequest) -> StreamingHttpResponse:
    """Reads only when its body is written, after the request."""

    def lines() -> Iterator[str]:
        try:
            for tenant in Tenant.objects.order_by("pk").iterator():
                yield f"{tenant.trade_name}\n"
        finally:
            audit.record("stream.ended", actor=None)

    return StreamingHttpResponse(lines())


@all_tenants(reason="a report over all companies")
def reasoned(request: HttpRequest) -> HttpResponse:
    """Says why it looks further."""
    return HttpResponse(str(Tenant.objects.count()))


urlpatterns = [
    path("careless/", careless),
    path("streamed/", streamed),
    path("reasoned/", reasoned),
    path("", include("cifras.urls")),
]
