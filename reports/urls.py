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
    path("documents/file/", _of_the_site(views.documents_file), name="documents_file"),
    path("documents/all-companies/file/", _of_the_site(views.companies_file), name="all_companies_file"),
    path("reconciliation/", _of_the_site(views.reconciliation_now), name="reconciliation_now"),
    path("reconciliation/<str:month>/", _of_the_site(views.reconciliation), name="reconciliation"),
    path(
        "reconciliation/<str:month>/<uuid:tenant>/",
        _of_the_site(views.reconciliation_of_tenant),
        name="reconciliation_tenant",
    ),
    path(
        "reconciliation/<str:month>/file/",
        _of_the_site(views.reconciliation_file),
        name="reconciliation_file",
    ),
    path(
        "reconciliation/<str:month>/<uuid:tenant>/file/",
        _of_the_site(views.differences_file),
        name="differences_file",
    ),
    path(
        "reconciliation/<str:month>/<uuid:tenant>/runs/",
        _of_the_site(views.reconciliation_runs),
        name="reconciliation_runs",
    ),
    path(
        "reconciliation/<str:month>/<uuid:tenant>/closing/",
        _of_the_site(views.closing),
        name="closing",
    ),
    path(
        "reconciliation/<str:month>/<uuid:tenant>/closing/documents/",
        _of_the_site(views.closing_documents),
        name="closing_documents",
    ),
    path(
        "reconciliation/<str:month>/<uuid:tenant>/closing/adjustments/",
        _of_the_site(views.closing_adjustments),
        name="closing_adjustments",
    ),
    path("month-end/", _of_the_site(views.month_end_now), name="month_end_now"),
    path("month-end/<str:month>/", _of_the_site(views.month_end), name="month_end"),
    path("month-end/<str:month>/<uuid:tenant>/", _of_the_site(views.month_end_book), name="month_end_books"),
    path(
        "month-end/<str:month>/<uuid:tenant>/<slug:book>/",
        _of_the_site(views.month_end_book),
        name="month_end_book",
    ),
    path("billing/", _of_the_site(views.billing_now), name="billing_now"),
    path("billing/<str:month>/", _of_the_site(views.billing), name="billing"),
    path("billing/<str:month>/issue/", _of_the_site(views.billing_issue_all), name="billing_issue_all"),
    path("billing/<str:month>/pac/", _of_the_site(views.billing_pac), name="billing_pac"),
    path(
        "billing/<str:month>/<uuid:tenant>/",
        _of_the_site(views.billing_of_tenant),
        name="billing_tenant",
    ),
    path(
        "billing/<str:month>/<uuid:tenant>/issue/",
        _of_the_site(views.billing_issue),
        name="billing_issue",
    ),
    path(
        "billing/<str:month>/<uuid:tenant>/documents/<int:position>/",
        _of_the_site(views.billing_documents),
        name="billing_documents",
    ),
]
