"""A connection that knows whether the request has begun to leave, and that reads under one deadline.

requests and urllib3 name a failure by what the socket said, and the same name may come before and after the request: a TLS
error, a reset, a time-out. So the connection itself notes the moment. Before it nothing can have been done; after it nobody
can tell. A read time-out of theirs starts anew with every byte that drips in: here each read gets what is left.
"""

import io
from contextvars import ContextVar
from http.client import HTTPResponse
from time import monotonic
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from cifras.pac.deadline import Deadline

_FRESH_SECONDS = 4.0  # shorter than servers keep an idle connection: the usual shortest is five


class Passage:
    """One attempt on its way: when it must be over, and whether a byte of the request may have left."""

    def __init__(self, *, total_seconds: float, read_seconds: float) -> None:
        self.deadline = Deadline(total_seconds)
        self.read_seconds = read_seconds
        self.has_left = False


PASSAGE: ContextVar[Passage] = ContextVar("passage")


class WatchingAdapter(HTTPAdapter):
    """The adapter of a session whose every send stands under the `PASSAGE` of its context."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, *args: Any, **options: Any) -> Any:
        manager = super().proxy_manager_for(*args, **options)
        manager.pool_classes_by_scheme = _POOLS
        return manager


class _TimedResponse(HTTPResponse):
    def __init__(self, sock: Any, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp = io.BufferedReader(_TimedReader(self.fp.detach(), sock))


class _TimedReader(io.RawIOBase):
    """The socket's own reader, which keeps the socket open until it is closed itself, under the deadline."""

    def __init__(self, reader: io.RawIOBase, sock: Any) -> None:
        self._reader, self._sock, self._passage = reader, sock, PASSAGE.get()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(self._passage.deadline.within(self._passage.read_seconds))
        return self._reader.readinto(buffer)

    def close(self) -> None:
        if not self.closed:
            self._reader.close()
        super().close()


class _Connection(HTTPConnection):
    response_class = _TimedResponse

    def endheaders(self, *args: Any, **options: Any) -> None:
        """The first byte leaves here: everything was checked before, and a proxy's tunnel stands."""
        if self.sock is None:
            self.connect()
        PASSAGE.get().has_left = True
        super().endheaders(*args, **options)


class _SecureConnection(_Connection, HTTPSConnection):
    """The same over TLS."""


class _FreshConnections:
    """A pool that does not reuse a connection which lay idle: the other side may close it just as our request leaves, and then
    nobody could tell whether it arrived."""

    def _get_conn(self, *args: Any, **options: Any) -> Any:
        connection = super()._get_conn(*args, **options)  # type: ignore[misc]
        if monotonic() - getattr(connection, "idle_since", 0.0) > _FRESH_SECONDS:
            connection.close()
        return connection

    def _put_conn(self, connection: Any) -> None:
        if connection is not None:
            connection.idle_since = monotonic()
        super()._put_conn(connection)  # type: ignore[misc]


class _Pool(_FreshConnections, HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(_FreshConnections, HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


_POOLS = {"http": _Pool, "https": _SecurePool}
