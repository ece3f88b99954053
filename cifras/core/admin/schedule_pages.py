"""The schedules of the periodic tasks, in the look of the site."""

from typing import Any

from django.contrib import admin
from django_celery_beat.admin import ClockedScheduleAdmin as PlainClockedPage
from django_celery_beat.admin import CrontabScheduleAdmin as PlainCrontabPage
from django_celery_beat.admin import PeriodicTaskAdmin as PlainTaskPage
from django_celery_beat.admin import PeriodicTaskForm, TaskSelectWidget
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from cifras.core.admin import exports
from cifras.core.admin.staff_admin import StaffAdmin, StaffTabularInline

for model in (PeriodicTask, ClockedSchedule, CrontabSchedule, IntervalSchedule, SolarSchedule):
    admin.site.unregister(model)


class TaskSelect(UnfoldAdminSelectWidget, TaskSelectWidget):
    """The registered tasks, in the site's look."""


class TaskForm(PeriodicTaskForm):
    """The stock form with the site's widgets."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "regtask" in self.fields:
            self.fields["regtask"].widget = TaskSelect()
            self.fields["task"].widget = UnfoldAdminTextInputWidget()


@admin.register(PeriodicTask)
class TaskPage(StaffAdmin, PlainTaskPage):
    """A task and when it runs."""

    list_export = exports.TASKS
    form = TaskForm
    date_hierarchy = None
    list_filter = ("enabled", "one_off")


class TasksOfSchedule(StaffTabularInline):
    """The tasks that use a schedule, to look at."""

    model = PeriodicTask
    fields = readonly_fields = ("name", "task", "args", "kwargs")
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: Any, obj: Any = None) -> bool:
        return False


@admin.register(ClockedSchedule)
class ClockedPage(StaffAdmin, PlainClockedPage):
    """Once, at a moment."""

    list_export = exports.SCHEDULE
    inlines = (TasksOfSchedule,)


@admin.register(CrontabSchedule)
class CrontabPage(StaffAdmin, PlainCrontabPage):
    """At minutes, hours and days of a zone."""

    list_export = exports.SCHEDULE
    inlines = (TasksOfSchedule,)


@admin.register(IntervalSchedule)
class IntervalPage(StaffAdmin):
    """Every so often."""

    list_export = exports.SCHEDULE
    inlines = (TasksOfSchedule,)


@admin.register(SolarSchedule)
class SolarPage(StaffAdmin):
    """By the sun."""

    list_export = exports.SCHEDULE
    inlines = (TasksOfSchedule,)
