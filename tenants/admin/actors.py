"""Who acts."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from cifras.core.models import Staff


def actor_of(request: HttpRequest) -> Staff:
    """The signed-in person, for a service. Raises PermissionDenied when there is none."""
    if not isinstance(request.user, Staff):
        raise PermissionDenied
    return request.user
