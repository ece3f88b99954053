"""Roles and schedules are there after every migrate, and what an operator chose stays."""

import pytest
from celery import current_app
from django.contrib.auth.models import Group
from django_celery_beat.models import PeriodicTask

from reports.services.reference import ROLES, SWEEPS, sync_reference_data

pytestmark = pytest.mark.django_db


def test_a_migrated_database_has_the_roles_and_the_sweeps() -> None:
    assert set(ROLES) <= set(Group.objects.values_list("name", flat=True))
    assert set(SWEEPS) <= set(PeriodicTask.objects.filter(enabled=True).values_list("task", flat=True))


def test_every_role_holds_all_the_permissions_it_names() -> None:
    for name, permissions in ROLES.items():
        group = Group.objects.get(name=name)
        held = {
            f"{app}.{code}"
            for app, code in group.permissions.values_list("content_type__app_label", "codename")
        }
        assert held == set(permissions)


def test_every_sweep_is_a_task_that_exists() -> None:
    current_app.loader.import_default_modules()
    assert set(SWEEPS) <= set(current_app.tasks)


def test_a_sweep_that_was_switched_off_stays_off() -> None:
    PeriodicTask.objects.filter(name="invoicing.submit").update(enabled=False)
    sync_reference_data()
    assert not PeriodicTask.objects.get(name="invoicing.submit").enabled
