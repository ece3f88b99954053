"""The sandbox PAC over real sockets: HTTP/1.1 with keep-alive, one thread per connection, faults on order.

with SandboxServer() as sandbox:
    requests.get(f"{sandbox.base_url}/pan/v1/companies", headers={"Authorization": "Bearer any"})
"""

import contextlib
import logging
import select
import socket
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from cifras.sandbox.alanube.dialect import Alanube
from cifras.sandbox.alanube.hooks import announce, is_anybody_listening
from cifras.sandbox.authority import Authority
from cifras.sandbox.behaviour import Behaviour
from cifras.sandbox.clock import Clock
from cifras.sandbox.control import Control
from cifras.sandbox.faults import Fault, FaultKind, Faults
from cifras.sandbox.journal import Journal, Received
from cifras.sandbox.links import Links
from cifras.sandbox.peru.fabo import Fabo
from cifras.sandbox.peru.sunat import Sunat
from cifras.sandbox.peru.tandia import Tandia
from cifras.sandbox.shelf import Shelf
from cifras.sandbox.web import Dialect, NoJson, Request, Response
from cifras.sandbox.webhooks import Webhooks
from cifras.sandbox.world import World

logger = logging.getLogger(__name__)

_LARGEST_BODY = 4 * 1024 * 1024
_GARBAGE = b'<html>502 Bad Gateway</html>{"document": {"id": '
_PLAIN_FAULTS = {
    FaultKind.SERVER_ERROR_BEFORE: Response(500, {"code": 500, "message": "Internal server error"}),
    FaultKind.SERVER_ERROR_AFTER: Response(500, {"code": 500, "message": "Internal server error"}),
    FaultKind.REQUEST_TIMEOUT_AFTER: Response(408, {"code": 408, "message": "Request timeout"}),
    FaultKind.UNAUTHORIZED: Response(401, {"code": 401, "message": "Unauthorized"}),
    FaultKind.FORBIDDEN: Response(403, {"code": 403, "message": "Forbidden"}),
    FaultKind.MALFORMED_JSON: Response(200, _GARBAGE),
}


class SandboxServer:
    """All practice PACs in one process, on 127.0.0.1. `port` 0 takes a free one; `state_path` keeps the ledger."""

    def __init__(self, port: int = 0, state_path: Path | str | None = None, *, seed: int = 0) -> None:
        self.clock, self.behaviour = Clock(), Behaviour()
        self.faults, self.journal = Faults(seed), Journal()
        shelf = Shelf(state_path)
        self.authority = Authority(self.clock, self.behaviour, shelf)
        self.sunat = Sunat(self.clock, shelf, self.authority.lock)
        self.webhooks = Webhooks(self.behaviour)
        self.world = World(
            clock=self.clock,
            behaviour=self.behaviour,
            authority=self.authority,
            sunat=self.sunat,
            faults=self.faults,
            journal=self.journal,
            links=Links(self.clock),
            webhooks=self.webhooks,
        )
        self.control = Control(self.world)
        self.tandia, self.fabo = Tandia(self.world), Fabo(self.world)
        self.dialects: list[Dialect] = [Alanube(self.world), self.tandia, self.fabo]
        self.stopping = threading.Event()
        self.authority.on_decision.append(lambda document: announce(self.world, document))
        self._httpd = _Listener(("127.0.0.1", port), _Handler, self)
        self.port: int = self._httpd.server_address[1]
        self.root_url = f"http://127.0.0.1:{self.port}"
        self.world.links.base_url = self.root_url
        self._thread: threading.Thread | None = None

    @property
    def base_url(self) -> str:
        """What PAC_BASE_URL should be."""
        return f"{self.root_url}/alanube"

    def start(self) -> None:
        """Serve from a background thread."""
        self.webhooks.start(self._tick)
        self._thread = threading.Thread(
            target=self._httpd.serve_forever, args=(0.05,), name="sandbox-pac", daemon=True
        )
        self._thread.start()

    def serve_forever(self) -> None:
        """Serve until interrupted."""
        self.webhooks.start(self._tick)
        self._httpd.serve_forever()

    def stop(self) -> None:
        """Stop serving, let hanging calls go, close the state file."""
        self.stopping.set()
        if self._thread:
            self._httpd.shutdown()
            self._thread.join()
        self._httpd.server_close()
        self.webhooks.close()
        self.authority.close()

    def _tick(self) -> None:
        if is_anybody_listening(self.world):
            self.authority.settle_due()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(
        self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler], sandbox: SandboxServer
    ) -> None:
        self.sandbox = sandbox
        super().__init__(address, handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        logger.debug("a client went away", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "sandbox-pac"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = 64 * 1024
    timeout = 60  # seconds an idle connection stays open
    server: _Listener

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_PATCH = do_DELETE = do_PUT = do_GET  # noqa: N815 - the names http.server looks for

    def log_message(self, format: str, *args: Any) -> None:
        logger.debug(format, *args)

    def _serve(self) -> None:
        sandbox = self.server.sandbox
        body = self._read_body()
        if body is None:
            return
        path = unquote(urlsplit(self.path).path)
        if _is_below(path, sandbox.control.prefix):
            self._send(sandbox.control.answer(self._request(path, sandbox.control.prefix, body)))
            return
        for dialect in sandbox.dialects:
            if _is_below(path, dialect.prefix):
                self._serve_dialect(dialect, self._request(path, dialect.prefix, body))
                return
        self._send(Response(404, {"code": 404, "message": f"Cannot {self.command} {path}"}))

    def _request(self, path: str, prefix: str, body: bytes) -> Request:
        return Request(
            method=self.command,
            path=path.removeprefix(prefix) or "/",
            query=dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=body,
        )

    def _read_body(self) -> bytes | None:
        try:
            length = int(self.headers.get("Content-Length", 0))
        except ValueError:
            length = -1
        if "Transfer-Encoding" in self.headers or not 0 <= length <= _LARGEST_BODY:
            status = 413 if length > _LARGEST_BODY else 411
            self.close_connection = True
            self._send(Response(status, {"code": status, "message": HTTPStatus(status).phrase}))
            return None
        body = self.rfile.read(length)
        if len(body) < length:
            self.close_connection = True
            return None
        return body

    def _serve_dialect(self, dialect: Dialect, request: Request) -> None:
        sandbox = self.server.sandbox
        received = _received(sandbox, dialect, request)
        fault = sandbox.faults.strike(received.operation) if received.operation else None
        if fault:
            received.fault = fault.kind.value
        sandbox.journal.note(received)
        posting = dialect.posting(request)
        if posting:
            sandbox.journal.note_posting(posting)
        response = None if fault and fault.is_before else self._answer(dialect, request)
        if fault:
            received.status = self._suffer(fault, response)
        elif response:
            received.status = response.status
            self._send(response)

    def _answer(self, dialect: Dialect, request: Request) -> Response:
        try:
            return dialect.answer(request)
        except Exception:
            logger.exception("the sandbox failed on %s %s", request.method, request.path)
            return Response(500, {"code": 500, "message": "Sandbox failure"})

    def _suffer(self, fault: Fault, response: Response | None) -> int | None:
        """What the client gets to see instead of `response`; None when that is nothing."""
        if fault.kind in _PLAIN_FAULTS:
            self._send(_PLAIN_FAULTS[fault.kind])
            return _PLAIN_FAULTS[fault.kind].status
        if fault.kind is FaultKind.TOO_MANY_REQUESTS:
            message = {"code": 429, "message": "Too many requests"}
            self._send(Response(429, message, headers={"Retry-After": str(fault.retry_after)}))
            return 429
        self.close_connection = True
        if fault.kind in (FaultKind.TIMEOUT_BEFORE, FaultKind.TIMEOUT_AFTER_COMMIT):
            self._hang(fault.seconds)
        elif response and fault.kind is FaultKind.TRUNCATED:
            content = response.encoded()
            self._send(response, content[: len(content) // 2], announced=len(content))
        elif response and fault.kind is FaultKind.SLOW:
            self._drip(response, fault.seconds)
            return response.status
        return None

    def _hang(self, seconds: float) -> None:
        """Until the client goes away, the server stops, or time is up."""
        for _ in range(int(seconds / 0.1) + 1):
            if self.server.sandbox.stopping.wait(0.1):
                return
            readable, _, _ = select.select([self.connection], [], [], 0)
            if readable and not self.connection.recv(1, socket.MSG_PEEK):
                return

    def _drip(self, response: Response, seconds: float) -> None:
        content = response.encoded()
        size = max(1, len(content) // 10)
        self._send(response, b"", announced=len(content))
        for start in range(0, len(content), size):
            if self.server.sandbox.stopping.wait(seconds / 10):
                return
            self.wfile.write(content[start : start + size])
            self.wfile.flush()

    def _send(self, response: Response, content: bytes | None = None, announced: int | None = None) -> None:
        if content is None:
            content = response.encoded()
        self.send_response(response.status)
        self.send_header("Content-Type", response.media_type)
        self.send_header("Content-Length", str(len(content) if announced is None else announced))
        for name, value in response.headers.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            self.wfile.write(content)
            self.wfile.flush()


def _is_below(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith(f"{prefix}/")


def _received(sandbox: SandboxServer, dialect: Dialect, request: Request) -> Received:
    try:
        body = request.json if request.body else None
    except NoJson:
        body = request.body.decode(errors="replace")
    return Received(
        at=sandbox.clock.now(),
        method=request.method,
        path=f"{dialect.prefix}{request.path}",
        query=dict(request.query),
        operation=dialect.operation(request),
        idempotency_key=request.headers.get("idempotency-key", ""),
        correlation_id=request.headers.get("x-correlation-id", ""),
        content_type=request.media_type,
        body=body,
    )
