"""What happened to the documents."""

from django.contrib import admin

from cifras.core.admin.staff_admin import ReadOnlyStaffAdmin
from invoicing.models import TimelineEvent


@admin.register(TimelineEvent)
class TimelinePage(ReadOnlyStaffAdmin):
    """What happened to the documents."""

    search_fields = ("=uid",)
