"""What is known about the act under way: from which address it comes, and the id that ties its traces together."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_correlation_id: ContextVar[str] = ContextVar("cifras_correlation_id", default="")
_client_ip: ContextVar[str] = ContextVar("cifras_client_ip", default="")


def correlation_id() -> str:
    """The id of the act under way; outside of any, one is begun."""
    return _correlation_id.get() or new_correlation_id()


def known_correlation_id() -> str:
    """The id of the act under way; empty outside of any."""
    return _correlation_id.get()


def new_correlation_id() -> str:
    """Begin a new act in this context and answer its id, a UUID as text."""
    value = str(uuid.uuid4())
    _correlation_id.set(value)
    return value


def client_ip() -> str:
    """The address the act comes from; empty for the system's own."""
    return _client_ip.get()


@contextmanager
def act_context(*, ip: str = "", correlation: str = "") -> Iterator[str]:
    """An act of its own with a new correlation id, which it yields; what was known before comes back afterwards.

    With `correlation` it is the act of that id taken up again, such as by the thread that records what another one did.
    """
    value = correlation or str(uuid.uuid4())
    id_token, ip_token = _correlation_id.set(value), _client_ip.set(ip)
    try:
        yield value
    finally:
        _correlation_id.reset(id_token)
        _client_ip.reset(ip_token)
