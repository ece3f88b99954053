"""Addresses of the reports: pages of the staff site, under its address."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponseBase
from django.urls import path

from reports import views

app_name = "reports"


def _of_the_site(view: Callable[..., Any]) -> Callable[..., HttpResponseBase]:
    """The page for those who are signed in to the staff site, which is asked when it is called."""

    def door(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        guarded: Callable[..., HttpResponseBase] = admin.site.admin_view(view)
        return guarded(request, *args, **kwargs)

    return door


urlpatterns = [
    path("documents/", _of_the_site(views.documents_report), name="documents"),
    path("documents/all-companies/", _of_the_site(views.all_companies_report), name="all_companies"),
    path("reconciliation/", _of_the_site(views.reconciliation_now), name="reconciliation_now"),
    path("reconciliation/<str:month>/", _of_the_site(views.reconciliation), name="reconciliation"),
    path(
        "reconciliation/<str:month>/<uuid:tenant>/",
        _of_the_site(views.reconciliation_of_tenant),
        name="reconciliation_tenant",
    ),
]
