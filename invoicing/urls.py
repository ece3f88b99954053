"""Addresses of the invoicing floor outside the staff site."""

from django.urls import path

from invoicing import files, webhooks

app_name = "invoicing"
urlpatterns = [
    path("documents/files/<uuid:uid>/", files.download, name="file"),
    path("webhooks/pac/<str:company_id>", webhooks.receive, name="webhook"),
]
