"""Addresses. The apps are named by string, so that the ground imports none of them."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="root"),
    path("i18n/", include("django.conf.urls.i18n")),
    # Before the site, which takes every address under its own.
    path("admin/reports/", include("reports.urls")),
    path("admin/", admin.site.urls),
    path("", include("invoicing.urls")),
    path("", include("tenants.urls")),
]
