"""A server over real sockets that says exactly the bytes a test wants said, well-formed or not."""

import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

PDF = b"%PDF-1.7\n1 0 obj << /Type /Catalog >> endobj\ntrailer << /Root 1 0 R >>\n%%EOF\n"
XML = b'<?xml version="1.0" encoding="UTF-8"?>\n<rFE xmlns="http://dgi-fep.mef.gob.pa"><dVerForm>1.00</dVerForm></rFE>\n'


@dataclass
class Talk:
    """One request and the way to answer it."""

    path: str
    headers: dict[str, str]
    connection: socket.socket = field(repr=False)
    is_over: threading.Event = field(repr=False)

    def send(self, data: bytes) -> None:
        self.connection.sendall(data)


@dataclass
class FileServer:
    """Where it listens, what it was asked, and how it answers (`answer` may be replaced)."""

    port: int
    answer: Callable[[Talk], None]
    scheme: str = "http"
    talks: list[Talk] = field(default_factory=list)
    names_asked_for: list[str | None] = field(default_factory=list)

    def url(self, path: str = "/file.pdf?sig=secret-key", host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"


def answering(
    body: bytes, *, status: str = "200 OK", content_type: str = "application/pdf", headers: str = ""
) -> Callable[[Talk], None]:
    """An ordinary answer with its length."""
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    )
    return lambda talk: talk.send(head.encode() + body)


def by_path(answers: dict[str, Callable[[Talk], None]]) -> Callable[[Talk], None]:
    """An answer for each path without its query; 404 for the others."""
    missing = answering(b"", status="404 Not Found")
    return lambda talk: answers.get(talk.path.partition("?")[0], missing)(talk)


@contextmanager
def file_server(tls: ssl.SSLContext | None = None) -> Iterator[FileServer]:
    """Listens on a free port of 127.0.0.1 until the block ends; every connection that is still open is then cut."""
    is_over = threading.Event()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            try:
                connection = tls.wrap_socket(self.request, server_side=True) if tls else self.request
                talk = _read_request(connection, is_over)
                here.talks.append(talk)
                here.answer(talk)
            except OSError:
                return  # the other side went away, which is what many tests are about
            finally:
                self.request.close()

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        here = FileServer(server.server_address[1], answering(PDF), "https" if tls else "http")
        if tls:
            tls.sni_callback = lambda _sock, name, _context: here.names_asked_for.append(name)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield here
        finally:
            is_over.set()
            server.shutdown()
            thread.join()


def _read_request(connection: socket.socket, is_over: threading.Event) -> Talk:
    head = b""
    while b"\r\n\r\n" not in head:
        received = connection.recv(4096)
        if not received:
            raise ConnectionError("no request came")
        head += received
    first, *lines = head.decode("latin-1").split("\r\n\r\n")[0].split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Talk(first.split(" ")[1], headers, connection, is_over)
