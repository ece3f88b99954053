"""One deadline over a whole exchange, however many small steps the other side makes of it.

A socket's own time-out starts anew with every byte that drips in; here each read gets at most what is left until the end.
"""

import io
from socket import socket
from time import monotonic
from typing import Any


class Deadline:
    """The end of an exchange, `total_seconds` from now."""

    def __init__(self, total_seconds: float) -> None:
        self._end = monotonic() + total_seconds

    def within(self, seconds: float) -> float:
        """At most `seconds` for one step, less when the end is nearer. Raises TimeoutError past the end."""
        left = self._end - monotonic()
        if left <= 0:
            raise TimeoutError("the deadline has passed")
        return min(seconds, left)


class TimedSocket:
    """What http.client uses of a socket, under a deadline.

    Closing is left to whoever opened the socket: http.client lets go of it while the answer is still being read.
    """

    def __init__(self, sock: socket, deadline: Deadline, read_seconds: float) -> None:
        self._sock, self._deadline, self._read_seconds = sock, deadline, read_seconds

    def sendall(self, data: bytes) -> None:
        self._sock.settimeout(self._deadline.within(self._read_seconds))
        self._sock.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        """What comes in. http.client only ever reads from the file and writes by `sendall`."""
        return io.BufferedReader(_Incoming(self._sock, self._deadline, self._read_seconds))

    def close(self) -> None:
        """Nothing to do."""


class _Incoming(io.RawIOBase):
    def __init__(self, sock: socket, deadline: Deadline, read_seconds: float) -> None:
        self._sock, self._deadline, self._read_seconds = sock, deadline, read_seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._sock.settimeout(self._deadline.within(self._read_seconds))
        return self._sock.recv_into(buffer)
