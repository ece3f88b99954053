"""Addresses. The apps are named by string, so that the ground imports none of them."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from cifras.core.sign_in.account import password_change
from cifras.core.sign_in.views import SignIn

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="root"),
    path("i18n/", include("django.conf.urls.i18n")),
    # Before the site, which takes every address under its own.
    path("admin/login/", SignIn.as_view()),
    path("admin/password_change/", admin.site.admin_view(password_change)),
    path("admin/", include("cifras.core.sign_in.urls")),
    path("admin/reports/", include("reports.urls")),
    path("admin/", admin.site.urls),
    path("", include("invoicing.urls")),
    path("", include("tenants.urls")),
]

handler500 = "cifras.core.failures.server_error"
