"""The page for what nobody foresaw: it shows an id and nothing else; the log tells the rest under the same id."""

import logging

from django.http import HttpRequest, HttpResponse, HttpResponseServerError
from django.template.loader import render_to_string

from cifras.core.context import correlation_id

logger = logging.getLogger(__name__)


def server_error(_request: HttpRequest) -> HttpResponse:
    """Django's handler500. Where not even the page can be drawn, the id goes out as plain text."""
    context = {"correlation_id": correlation_id()}
    try:
        return HttpResponseServerError(render_to_string("500.html", context))
    except Exception:
        logger.exception("The page of failures itself failed")
        return HttpResponseServerError(context["correlation_id"], content_type="text/plain")
