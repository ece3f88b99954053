"""The door of requests to the second wall: whoever is signed in reads the rows of their tenants, nobody else any."""

from collections.abc import Callable, Iterator
from typing import cast

from django.http import FileResponse, HttpRequest, HttpResponseBase, StreamingHttpResponse

from cifras.core.scopes import PersonScope, carried_along, entered
from cifras.core.sight import look_up_sight

View = Callable[[HttpRequest], HttpResponseBase]


def person_scope(get_response: View) -> View:
    """Middleware, after the one that knows who is signed in. The body of a streamed answer is made within the scope, too."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        scope = PersonScope(lambda: request.user, look_up_sight)
        with entered(scope):
            response = get_response(request)
        if isinstance(response, StreamingHttpResponse) and not isinstance(response, FileResponse):
            body = cast(Iterator[bytes], response.streaming_content)
            response.streaming_content = carried_along(body, scope)
        return response

    return middleware
