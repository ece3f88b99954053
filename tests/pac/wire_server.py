"""A provider made of scripted answers over real sockets: it keeps what it heard and says exactly the bytes it is told to."""

import json
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Heard:
    """One request as it arrived. `connection` tells connections apart; header names are lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    connection: int

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Line:
    """One open connection, to answer on. `is_over` is set when the test ends: whoever waits, waits for that."""

    sock: socket.socket
    is_over: threading.Event
    stays_open: bool = False

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)


Answer = Callable[[Heard, Line], None]


@dataclass
class WireServer:
    """Answers from `script`, one entry per request; the last entry serves all that follow."""

    port: int
    script: list[Answer] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    scheme: str = "http"

    @property
    def base_url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def says(self, *answers: Answer) -> None:
        self.script[:] = answers

    def next_answer(self) -> Answer:
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]


def answer(body: Any, status: int = 200, **headers: str) -> Answer:
    """JSON as it should be, on a connection that stays open."""
    return text(json.dumps(body, ensure_ascii=False), status, **headers)


def text(body: str | bytes, status: int = 200, **headers: str) -> Answer:
    """Any text with its length. Header names are given with underscores."""
    data = body.encode() if isinstance(body, str) else body
    named = {"Content-Type": "application/json", "Content-Length": str(len(data))}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = f"HTTP/1.1 {status} X\r\n" + "".join(f"{name}: {value}\r\n" for name, value in named.items())

    def speak(heard: Heard, line: Line) -> None:
        line.stays_open = True
        line.send(head.encode("latin-1") + b"\r\n" + data)

    return speak


def raw(data: bytes) -> Answer:
    """These bytes and no more; then the connection closes."""
    return lambda heard, line: line.send(data)


def drop(heard: Heard, line: Line) -> None:
    """Takes the request and hangs up."""


def hang(heard: Heard, line: Line) -> None:
    """Takes the request and says nothing."""
    line.is_over.wait()


def drip(data: bytes, *, pause_seconds: float = 0.02) -> Answer:
    """One byte at a time."""

    def speak(heard: Heard, line: Line) -> None:
        for place in range(len(data)):
            line.send(data[place : place + 1])
            if line.is_over.wait(pause_seconds):
                return

    return speak


def listing(*rows: Any, **metadata: Any) -> Answer:
    """A page of documents."""
    return answer({"metadata": metadata, "documents": list(rows)})


@contextmanager
def wire_server(tls: ssl.SSLContext | None = None) -> Iterator[WireServer]:
    """Listens on a free port of 127.0.0.1 until the block ends."""
    is_over = threading.Event()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):  # the other side went away, which is what many tests are about
                sock = tls.wrap_socket(self.request, server_side=True) if tls else self.request
                stream = sock.makefile("rb")
                while not is_over.is_set():
                    heard = _read_request(stream, id(sock))
                    if heard is None:
                        return
                    here.heard.append(heard)
                    line = Line(sock, is_over)
                    here.next_answer()(heard, line)
                    if not line.stays_open:
                        sock.shutdown(socket.SHUT_WR)
                        return

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", 0), Handler) as server:
        here = WireServer(server.server_address[1], [answer({})], scheme="https" if tls else "http")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield here
        finally:
            is_over.set()
            server.shutdown()
            thread.join()


def _read_request(stream: Any, connection: int) -> Heard | None:
    first = stream.readline().decode("latin-1").split()
    if len(first) != 3:
        return None
    headers = {}
    while line := stream.readline().decode("latin-1").strip():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = stream.read(int(headers.get("content-length", "0")))
    return Heard(first[0], first[1], headers, body, connection)
