"""The door of requests to the second wall: whoever is signed in reads the rows of their tenants, nobody else any."""

from collections.abc import Callable, Iterator
from contextvars import Context, copy_context
from typing import cast

from django.http import FileResponse, HttpRequest, HttpResponseBase, StreamingHttpResponse

from cifras.core.scopes import PersonScope, entered
from cifras.core.sight import look_up_sight

View = Callable[[HttpRequest], HttpResponseBase]


def person_scope(get_response: View) -> View:
    """Middleware, after the one that knows who is signed in. The body of a streamed answer is made within the scope, too."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        with entered(PersonScope(lambda: request.user, look_up_sight)):
            response = get_response(request)
            if isinstance(response, StreamingHttpResponse) and not isinstance(response, FileResponse):
                _keep_the_act(response, copy_context())
        return response

    return middleware


def _keep_the_act(response: StreamingHttpResponse, context: Context) -> None:
    """The body is made, and given up, when the request is over: in its scope, language, address and correlation all the same."""
    body, end_response = cast(Iterator[bytes], response.streaming_content), response.close

    def close() -> None:  # a partial of `context.run` instead crashes CPython 3.12.1
        context.run(end_response)

    response.streaming_content = _made_in(context, body)
    response.close = close  # type: ignore[method-assign]


def _made_in(context: Context, body: Iterator[bytes]) -> Iterator[bytes]:
    end = object()
    while (piece := context.run(next, body, end)) is not end:
        yield cast(bytes, piece)
