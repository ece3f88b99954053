"""Webhooks as they came in."""

from django.contrib import admin

from cifras.core.admin.staff_admin import ReadOnlyStaffAdmin
from invoicing.models import WebhookDelivery


@admin.register(WebhookDelivery)
class DeliveryPage(ReadOnlyStaffAdmin):
    """Webhooks as they came in."""

    search_fields = ("=uid",)
