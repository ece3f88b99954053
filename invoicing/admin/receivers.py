"""The customers of a tenant."""

from django.contrib import admin

from cifras.core.admin.staff_admin import StaffAdmin
from invoicing.models import Receiver


@admin.register(Receiver)
class ReceiverPage(StaffAdmin):
    """The customers of a tenant."""

    search_fields = ("=uid",)
