"""What holds a queue."""

from django.contrib import admin

from cifras.core.admin.staff_admin import ReadOnlyStaffAdmin
from invoicing.models import Incident


@admin.register(Incident)
class IncidentPage(ReadOnlyStaffAdmin):
    """What holds a queue."""

    search_fields = ("=uid",)
