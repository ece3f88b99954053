"""Whose rows a person may see, for the ground floor, which knows no tenants."""

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.module_loading import import_string

from cifras.core import scopes
from cifras.core.scopes import EVERYTHING, NOTHING, PersonScope, Sight

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from cifras.core.models.staff import Staff


def sight_of(staff: "Staff | AnonymousUser") -> Sight:
    """The tenants that `staff` may see: looked up once per person and request, and afresh elsewhere."""
    if not staff.is_authenticated or not staff.is_active:
        return NOTHING
    scope = scopes.current()
    return scope.sight_of(staff) if isinstance(scope, PersonScope) else look_up_sight(staff)


def as_seen_by(person: "Staff") -> AbstractContextManager[None]:
    """For work that is done later on somebody's behalf: within the block only their tenants are in reach."""
    return scopes.entered(PersonScope(lambda: person, look_up_sight))


def look_up_sight(staff: "Staff | AnonymousUser") -> Sight:
    """The tenants that `staff` may see now.

    Tenants stand above this floor, so the setting CIFRAS_TENANT_SIGHT names the function that knows. Without it only superusers
    see anything.
    """
    if not staff.is_authenticated or not staff.is_active:
        return NOTHING
    if staff.is_superuser:
        return EVERYTHING
    if not settings.CIFRAS_TENANT_SIGHT:
        return NOTHING
    granted: Sight = import_string(settings.CIFRAS_TENANT_SIGHT)(staff)
    return granted
