"""The companies."""

from django.contrib import admin

from cifras.core.admin.staff_admin import StaffAdmin
from tenants.models import Tenant


@admin.register(Tenant)
class TenantPage(StaffAdmin):
    """The companies."""

    search_fields = ("=uid",)
