"""Whose rows a person may see, for the ground floor, which knows no tenants."""

import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.module_loading import import_string

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from cifras.core.models.staff import Staff


def visible_chains(staff: "Staff | AnonymousUser") -> set[uuid.UUID] | None:
    """The UUIDs of the tenants that `staff` may see; None stands for all, and for what belongs to no tenant.

    Tenants stand above this floor, so the setting CIFRAS_TENANT_SIGHT names the function that knows. Without it only superusers
    see anything.
    """
    if staff.is_active and staff.is_superuser:
        return None
    if not settings.CIFRAS_TENANT_SIGHT:
        return set()
    visible: set[uuid.UUID] | None = import_string(settings.CIFRAS_TENANT_SIGHT)(staff)
    return visible
