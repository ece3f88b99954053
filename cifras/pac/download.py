"""Fetching a document's file from a link that somebody else wrote.

A link in a provider's answer is input like any other, and following it makes this machine open a connection. So the link must be
https to a host the operator named; the name is resolved once, and the connection goes to the address that was checked, with the
name kept for TLS and for the Host header (a second look-up could answer otherwise). Nothing of ours travels along: no token,
cookie, proxy of the environment or redirect. Time, size and unpacking have limits. Source: domain 8; OWASP ASVS 5.0, 1.3.6.

    FileError          NOT_DONE, `reason` says why in one stable word
    |-- FileRefused      the link, the address behind it or the content is not allowed: asking again changes nothing
    |-- LinkExpired      the server no longer opens the link: a fresh one may be asked for
    `-- FileUnavailable  network, server, size or time: another time it may work

Messages name the host and never the link, whose query is a key to the file.
"""

import re
import socket
import ssl
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Any, cast
from urllib.parse import SplitResult, quote, urlsplit

from requests.utils import DEFAULT_CA_BUNDLE_PATH

from cifras.fiscal.errors import gettext_noop
from cifras.pac.addresses import Address, addresses_of, is_public
from cifras.pac.deadline import Deadline, TimedSocket
from cifras.pac.errors import Outcome, PacError

_CHUNK_BYTES = 64 * 1024
_EXPIRED = frozenset({400, 401, 403, 404, 410})
_FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}
_DEFAULT_PORTS = {"https": 443, "http": 80}
_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:]+")
_UNPACKED = frozenset({"", "identity"})
_PACKED = frozenset({"gzip", "x-gzip", "deflate"})


class FileError(PacError):
    """A file did not arrive. `reason` is a stable word such as ``host`` or ``too_large``."""

    code = "file_error"
    outcome = Outcome.NOT_DONE

    def __init__(self, message: str, *, reason: str, **values: Any) -> None:
        self.reason = reason
        super().__init__(message, **values)


class FileRefused(FileError):
    """We do not follow this link, or do not keep what it gave."""

    code = "file_refused"


class LinkExpired(FileError):
    """The file's server refuses the link (400, 401, 403, 404, 410): signed links live for minutes."""

    code = "link_expired"


class FileUnavailable(FileError):
    """The file could not be fetched this time."""

    code = "file_unavailable"


@dataclass(frozen=True, slots=True)
class FilePolicy:
    """What may be fetched. Hosts are names without port, meant with their sub-domains; times are seconds.

    `allow_insecure` is for demo and tests: it admits http, any port and this machine's own addresses, which then may be
    named too. `tls` is who is trusted; by default the public authorities, as everywhere else we speak to a provider.
    """

    allowed_hosts: tuple[str, ...]
    allow_insecure: bool = False
    max_bytes: int = 20 * 1024 * 1024
    connect_seconds: float = 5
    read_seconds: float = 15
    total_seconds: float = 60
    tls: ssl.SSLContext | None = field(default=None, repr=False)

    def names(self, host: str) -> bool:
        """Whether `host` is an allowed name or lies under one, on the border of a dot."""
        allowed = {name.strip().strip(".").lower() for name in self.allowed_hosts} - {""}
        return any(host == name or host.endswith(f".{name}") for name in allowed)


@dataclass(frozen=True, slots=True)
class Download:
    """A file as it arrived, unpacked; `content_type` without parameters, lower case, empty when the server gave none."""

    content: bytes = field(repr=False)
    content_type: str


@dataclass(frozen=True, slots=True)
class Target:
    """Where an allowed link leads."""

    host: str
    port: int
    path: str = field(repr=False)
    is_encrypted: bool

    @property
    def host_header(self) -> str:
        """The name as the server wants to hear it."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        usual = _DEFAULT_PORTS["https" if self.is_encrypted else "http"]
        return name if self.port == usual else f"{name}:{self.port}"


def require_allowed(url: str, *, policy: FilePolicy) -> Target:
    """Where `url` leads. Raises FileRefused when the policy does not let us follow it; looks nothing up."""
    parts = _split(url)
    insecure = policy.allow_insecure
    if parts.scheme != "https" and not (insecure and parts.scheme == "http"):
        raise FileRefused(
            gettext_noop("El proveedor dio un enlace que no es https. No se descargó nada."), reason="scheme"
        )
    host, port = parts.hostname or "", parts.port or _DEFAULT_PORTS[parts.scheme]
    if not policy.names(host):
        raise FileRefused(
            gettext_noop(
                "El archivo está en «{host}», que no figura entre los servidores permitidos. No se descargó nada. "
                "Si es del proveedor, hay que agregarlo a PAC_FILE_HOSTS."
            ),
            reason="host",
            host=host[:100],
        )
    if port != _DEFAULT_PORTS["https"] and not insecure:
        raise FileRefused(
            gettext_noop(
                "El enlace a {host} usa el puerto {port}; solo se admite el 443. No se descargó nada."
            ),
            reason="port",
            host=host,
            port=port,
        )
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~")
    query = quote(parts.query, safe="/%:@!$&'()*+,;=~?")
    return Target(host, port, f"{path}?{query}" if query else path, parts.scheme == "https")


def fetch(url: str, *, policy: FilePolicy) -> Download:
    """The file behind `url`. Raises FileRefused, LinkExpired or FileUnavailable."""
    deadline = Deadline(policy.total_seconds)
    target = require_allowed(url, policy=policy)
    try:
        with _connect(target, _checked_addresses(target, policy), policy, deadline) as sock:
            response = _ask(target, TimedSocket(sock, deadline, policy.read_seconds))
            _require_success(target, response)
            content = _body(target, response, policy)
    except TimeoutError as error:
        raise FileUnavailable(
            gettext_noop("{host} tardó demasiado en entregar el archivo. Se intentará de nuevo."),
            reason="too_slow",
            host=target.host,
        ) from error
    except (OSError, HTTPException, zlib.error) as error:
        raise FileUnavailable(
            gettext_noop("No se pudo descargar el archivo de {host}. Se intentará de nuevo."),
            reason="network",
            host=target.host,
        ) from error
    return Download(content, response.headers.get_content_type() if response.headers["Content-Type"] else "")


def _split(url: str) -> SplitResult:
    """The parts of `url`, when it can be read in one way only; else FileRefused."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        parts = SplitResult("", "", "", "", "")
    is_clear = (
        url.isprintable()
        and "@" not in parts.netloc
        and parts.port != 0
        and _HOST.fullmatch(parts.hostname or "")
    )
    if not is_clear:
        raise FileRefused(
            gettext_noop("El proveedor dio un enlace mal formado o con credenciales. No se descargó nada."),
            reason="malformed",
        )
    return parts


def _checked_addresses(target: Target, policy: FilePolicy) -> list[Address]:
    addresses = addresses_of(target.host, target.port)
    checked = [a for a in addresses if is_public(a) or (policy.allow_insecure and a.is_loopback)]
    if not checked:
        raise FileRefused(
            gettext_noop(
                "«{host}» lleva a una dirección interna o reservada de la red. No se descargó nada; avise a quien "
                "administra Cifras."
            ),
            reason="address",
            host=target.host,
        )
    return checked


def _connect(
    target: Target, addresses: list[Address], policy: FilePolicy, deadline: Deadline
) -> socket.socket:
    """A socket to the first of `addresses` that answers, encrypted for the target's name when it has to be."""
    failure: OSError | None = None
    for address in addresses:
        sock = socket.socket(_FAMILIES[address.version], socket.SOCK_STREAM)
        try:
            sock.settimeout(deadline.within(policy.connect_seconds))
            sock.connect((str(address), target.port))
            if target.is_encrypted:
                trust = policy.tls or _public_trust()
                sock = trust.wrap_socket(sock, server_hostname=target.host)
        except OSError as error:
            sock.close()
            failure = error
        else:
            return sock
    raise failure or OSError("no address")


@cache
def _public_trust() -> ssl.SSLContext:
    """The machine's authorities and those that come with requests, so that a bare machine has some."""
    context = ssl.create_default_context()
    context.load_verify_locations(DEFAULT_CA_BUNDLE_PATH)
    return context


def _ask(target: Target, sock: TimedSocket) -> HTTPResponse:
    connection = HTTPConnection(target.host, target.port)
    connection.sock = cast("socket.socket", sock)
    headers = {
        "Host": target.host_header,
        "User-Agent": "Cifras",
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "Connection": "close",
    }
    connection.request("GET", target.path, headers=headers)
    return connection.getresponse()


def _require_success(target: Target, response: HTTPResponse) -> None:
    status = response.status
    if 300 <= status < 400:
        raise FileRefused(
            gettext_noop(
                "{host} desvía el enlace a otra dirección, y los desvíos no se siguen. No se descargó nada."
            ),
            reason="redirect",
            host=target.host,
        )
    if status in _EXPIRED:
        raise LinkExpired(
            gettext_noop(
                "{host} ya no abre el enlace (HTTP {http_status}): venció. Hay que pedir otro al proveedor."
            ),
            reason="expired",
            host=target.host,
            http_status=status,
        )
    if status != 200:
        raise FileUnavailable(
            gettext_noop("{host} no entregó el archivo (HTTP {http_status}). Se intentará de nuevo."),
            reason="status",
            host=target.host,
            http_status=status,
        )


def _body(target: Target, response: HTTPResponse, policy: FilePolicy) -> bytes:
    """The whole content, unpacked; its size is counted as received and as unpacked, while reading."""
    packing = (response.headers["Content-Encoding"] or "").strip().lower()
    if packing not in _UNPACKED | _PACKED:
        raise HTTPException("unknown packing")
    unpacker = zlib.decompressobj(wbits=47) if packing in _PACKED else None
    received, body = 0, bytearray()
    for chunk in _chunks(response):
        received += len(chunk)
        body += unpacker.decompress(chunk, policy.max_bytes - len(body) + 1) if unpacker else chunk
        if max(received, len(body)) > policy.max_bytes:
            raise FileUnavailable(
                gettext_noop("El archivo de {host} pesa más de {megabytes} MB. No se guardó."),
                reason="too_large",
                host=target.host,
                megabytes=policy.max_bytes // (1024 * 1024),
            )
        if unpacker and unpacker.eof:
            return bytes(body)
    if unpacker or response.length:
        raise HTTPException("the file ended before its end")
    return bytes(body)


def _chunks(response: HTTPResponse) -> Iterator[bytes]:
    """The body in the pieces in which it comes: a full buffer is never waited for."""
    while chunk := response.read1(_CHUNK_BYTES):
        yield chunk
