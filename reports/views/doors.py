"""Who may enter a page of the reports, whichever it is."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from cifras.core.models import Staff
from cifras.core.rights import may


def require(request: HttpRequest, *permissions: str) -> Staff:
    """The person, if they hold all of these rights. Raises PermissionDenied."""
    staff = request.user
    if not isinstance(staff, Staff) or not all(may(staff, permission) for permission in permissions):
        raise PermissionDenied
    return staff
