"""A provider that answers every post after a fixed time, so that what is measured is us and not it.

    python -m bench.stub LATENCY_SECONDS

One process, one event loop, no framework. It prints its port, then answers as Alanube does. `GET /figures` tells how many
posts came and how many were in its hands at once; `DELETE /figures` begins anew.
"""

import asyncio
import itertools
import json
import secrets
import sys
from dataclasses import dataclass
from typing import cast


@dataclass
class Figures:
    """What the stub has seen since it last began anew."""

    posts: int = 0
    at_once: int = 0
    most_at_once: int = 0


class Provider(asyncio.Protocol):
    """One connection, kept alive. Requests come one after another on it."""

    latency = 0.0
    figures = Figures()
    _serial = itertools.count(secrets.randbelow(10**9) * 10**8)  # another process gives out other ids

    def __init__(self) -> None:
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = _header(head, b"content-length")
        size = int(length or 0)
        if len(rest) < size:
            return
        self._buffer = rest[size:]
        method, target, _ = head.split(b" ", 2)
        if target == b"/figures":
            self._tell_figures(method)
        elif method == b"POST":
            self._take()
        else:
            self._write(b"404 Not Found", {"message": "not here"})

    def _take(self) -> None:
        figures = Provider.figures
        figures.posts += 1
        figures.at_once += 1
        figures.most_at_once = max(figures.most_at_once, figures.at_once)
        if Provider.latency:
            asyncio.get_running_loop().call_later(Provider.latency, self._accept)
        else:
            self._accept()

    def _accept(self) -> None:
        Provider.figures.at_once -= 1
        document = {
            "id": f"01K9CFRAS{next(Provider._serial):017d}",
            "documentIssueDate": "2026-11-19T10:15:00-05:00",
            "status": "REGISTERED",
            "legalStatus": "PAC_AUTHORIZED",
        }
        self._write(b"201 Created", {"message": "Document registered", "document": document})

    def _tell_figures(self, method: bytes) -> None:
        self._write(b"200 OK", vars(Provider.figures))
        if method == b"DELETE":
            Provider.figures = Figures(at_once=Provider.figures.at_once)

    def _write(self, status: bytes, content: object) -> None:
        body = json.dumps(content).encode()
        head = b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        if not self._transport.is_closing():
            self._transport.write(head % (status, len(body)) + body)


def _header(head: bytes, name: bytes) -> bytes:
    for row in head.split(b"\r\n")[1:]:
        key, _, value = row.partition(b":")
        if key.lower() == name:
            return value.strip()
    return b""


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Provider, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    # Whoever started it has gone when its input ends.
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    Provider.latency = float(sys.argv[1])
    asyncio.run(_serve())
