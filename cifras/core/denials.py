"""Who was refused what: a right that somebody lacks, or an object that is not there for them, goes to the audit trail.

A foreign object and one that never was get the same answer, so both are recorded; an address that no page has is not.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from cifras.core import audit
from cifras.core.models import Staff

_WORDS = {403: "access.denied", 404: "access.not_found"}
_LONGEST_ADDRESS = 190


def audited_denials(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware behind the one that says who is signed in. The query of the address stays out: it may hold what was typed."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if response.status_code in _WORDS and _is_denial(request, response):
            audit.record(
                _WORDS[response.status_code],
                actor=request.user,
                target=("address", None, f"{request.method} {request.path}"[:_LONGEST_ADDRESS]),
            )
        return response

    return middleware


def _is_denial(request: HttpRequest, response: HttpResponseBase) -> bool:
    if not isinstance(request.user, Staff):
        return False
    match = request.resolver_match
    names_an_object = bool(match and match.url_name and match.kwargs)
    return response.status_code == 403 or names_an_object
