"""Branches and their billing points."""

from django.contrib import admin

from cifras.core.admin.staff_admin import StaffAdmin
from tenants.models import Office


@admin.register(Office)
class OfficePage(StaffAdmin):
    """Branches and their billing points."""

    search_fields = ("=uid",)
