"""The staff door: every request of somebody with a session passes here, whatever the address."""

from collections.abc import Callable
from http import HTTPStatus
from typing import cast

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponseBase

from cifras.core.models import Staff
from cifras.core.sign_in import sessions, step_up
from cifras.core.sign_in.step_up_page import step_up_page

ENDED = "session_ended"


class StaffDoor:
    """Behind AuthenticationMiddleware. A session that is over is emptied; one that knows only the password is a visitor's.

    So no page, whoever writes it, has to ask for the second factor: until it was shown `request.user` is anonymous to all.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            _look(request)
        response = self.get_response(request)
        if response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
            step_up.replace_key(request)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        if isinstance(exception, step_up.StepUpNeeded):
            return step_up_page(request, exception)
        return None


def half_signed_in(request: HttpRequest) -> Staff | None:
    """Who has shown the password and not yet the second factor."""
    return cast("Staff | None", request.__dict__.get("_half_signed_in"))


def person_at(request: HttpRequest) -> Staff | None:
    """Who is signed in, or half-way."""
    return request.user if isinstance(request.user, Staff) else half_signed_in(request)


def _look(request: HttpRequest) -> None:
    person = request.user
    if not person.is_authenticated:
        return
    is_half = not step_up.has_passed(request)
    reason = sessions.why_over(request, is_half=is_half)
    if reason:
        request.session.flush()
        request.session[ENDED] = reason
    elif is_half:
        request.__dict__["_half_signed_in"] = Staff.objects.get(pk=person.pk)
    else:
        sessions.touch(request)
        return
    request.user = AnonymousUser()
