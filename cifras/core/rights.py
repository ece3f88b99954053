"""What somebody may do, apart from whose rows they see."""

from django.contrib.auth.models import AnonymousUser

from cifras.core.models import Staff


def may(staff: Staff | AnonymousUser, permission: str) -> bool:
    """Whether `staff` is active and holds `permission` ("app.codename"), by group, in person or as superuser."""
    return staff.is_active and staff.has_perm(permission)
