"""Links of a provider are followed only where the policy allows, to the address that was checked, within limits."""

import gzip
import logging
import socket
import ssl
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from cifras.pac.download import (
    Download,
    FileError,
    FilePolicy,
    FileRefused,
    FileUnavailable,
    LinkExpired,
    fetch,
    require_allowed,
)
from cifras.pac.errors import Outcome, PacError
from tests.file_server import PDF, FileServer, Talk, answering, file_server

STRICT = FilePolicy(("files.example", "127.0.0.1", "localhost", "2130706433"))
LOCAL = FilePolicy(("files.example", "127.0.0.1", "localhost"), allow_insecure=True)
PUBLIC = "93.184.215.14"
INTERNAL = [
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "127.0.0.1",
    "127.9.9.9",
    "169.254.169.254",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.7",
    "192.88.99.1",
    "192.168.1.1",
    "198.19.0.1",
    "198.51.100.9",
    "203.0.113.5",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:93.184.215.14",
    "::7f00:1",
    "64:ff9b::a00:1",
    "64:ff9b:1::a00:1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:a00:1::",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1%1",
    "fec0::1",
    "ff02::1",
]


@pytest.fixture
def server() -> Iterator[FileServer]:
    with file_server() as here:
        yield here


@pytest.fixture
def dialled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every address a socket was connected to. Nothing leaves this machine: what is not loopback is refused here."""
    seen: list[str] = []
    connect = socket.socket.connect

    def spy(self: socket.socket, address: tuple[str, int]) -> None:
        seen.append(address[0])
        if not address[0].startswith("127."):
            raise ConnectionRefusedError(address[0])
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", spy)
    return seen


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> "Resolver":
    return Resolver(monkeypatch)


class Resolver:
    """Stands in for DNS: the first question gets the first answer and so on, the last one stays."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answers: list[list[str]] = [[PUBLIC]]
        self.asked: list[str] = []
        monkeypatch.setattr(socket, "getaddrinfo", self._getaddrinfo)

    def _getaddrinfo(self, host: str, port: int, *args: object, **kwargs: object) -> list[tuple[object, ...]]:
        self.asked.append(host)
        addresses = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [
            (socket.AF_INET6 if ":" in each else socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port))
            for each in addresses
        ]


def refused(url: str, policy: FilePolicy = STRICT) -> str:
    """The reason of the refusal."""
    with pytest.raises(FileRefused) as caught:
        fetch(url, policy=policy)
    assert caught.value.outcome is Outcome.NOT_DONE
    return caught.value.reason


def failed(url: str, policy: FilePolicy = LOCAL) -> str:
    with pytest.raises(FileUnavailable) as caught:
        fetch(url, policy=policy)
    return caught.value.reason


# Links


def test_a_file_is_fetched_with_nothing_of_ours_but_the_request(
    server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    server.answer = answering(PDF, content_type="Application/PDF; charset=binary")
    assert fetch(server.url(), policy=LOCAL) == Download(PDF, "application/pdf")
    [talk] = server.talks
    assert talk.path == "/file.pdf?sig=secret-key"
    assert talk.headers == {
        "host": f"127.0.0.1:{server.port}",
        "user-agent": "Cifras",
        "accept": "*/*",
        "accept-encoding": "identity",
        "connection": "close",
    }


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://files.example/a.pdf", "scheme"),
        ("ftp://files.example/a.pdf", "scheme"),
        ("file:///etc/passwd", "malformed"),
        ("file://files.example/etc/passwd", "scheme"),
        ("gopher://files.example:70/_x", "scheme"),
        ("data:application/pdf;base64,JVBERi0=", "malformed"),
        ("javascript:alert(1)", "malformed"),
        ("//files.example/a.pdf", "scheme"),
        ("files.example/a.pdf", "malformed"),
        ("", "malformed"),
        ("https://", "malformed"),
        ("https:///a.pdf", "malformed"),
        ("https://169.254.169.254/latest/meta-data/", "host"),
        ("https://evil.example/a.pdf", "host"),
        ("https://evil-files.example/a.pdf", "host"),
        ("https://files.example.evil.example/a.pdf", "host"),
        ("https://files.example./a.pdf", "host"),
        ("https://example/a.pdf", "host"),
        ("https://user:word@files.example/a.pdf", "malformed"),
        ("https://files.example@10.0.0.1/a.pdf", "malformed"),
        ("https://files.example\\@10.0.0.1/a.pdf", "malformed"),
        ("https://10.0.0.1\\.files.example/a.pdf", "malformed"),
        ("https://files.example%2eevil.example/a.pdf", "malformed"),
        ("https://ﬁles.example/a.pdf", "malformed"),
        ("https://files。example/a.pdf", "malformed"),
        ("https://evil.example?.files.example/a.pdf", "host"),
        ("https://evil.example#.files.example/a.pdf", "host"),
        ("https://files.example:22/a.pdf", "port"),
        ("https://files.example:99999/a.pdf", "malformed"),
        ("https://files.example:x/a.pdf", "malformed"),
        ("https://files.example/a\r\nX-Injected: 1", "malformed"),
        ("https://fi\tles.example/a.pdf", "malformed"),
        ("https://[::1/a.pdf", "malformed"),
        ("https://[::1]/a.pdf", "host"),
        ("https://[fe80::1%25eth0]/a.pdf", "malformed"),
        ("https://[v1.x]/a.pdf", "host"),
        ("https://0x7f000001/a.pdf", "host"),
        ("https://0177.0.0.1/a.pdf", "host"),
        ("https://127.1/a.pdf", "host"),
        ("https://127.0.0.1/a.pdf", "address"),
        ("https://localhost/a.pdf", "address"),
        ("https://2130706433/a.pdf", "address"),
    ],
)
def test_a_hostile_link_is_refused_before_any_connection(url: str, reason: str, dialled: list[str]) -> None:
    assert refused(url) == reason
    assert dialled == []


def test_without_a_list_of_hosts_nothing_is_fetched(dialled: list[str]) -> None:
    assert refused("https://files.example/a.pdf", FilePolicy(())) == "host"
    assert refused("https://files.example/a.pdf", FilePolicy(("", ".", " "))) == "host"
    assert dialled == []


@pytest.mark.parametrize("host", ["files.example", "FILES.Example", "eu-1.files.example"])
@pytest.mark.parametrize("allowed", ["files.example", " Files.Example ", ".files.example"])
def test_an_allowed_name_is_meant_with_its_sub_domains(host: str, allowed: str) -> None:
    target = require_allowed(f"https://{host}/a.pdf", policy=FilePolicy((allowed,)))
    assert (target.host, target.port, target.host_header) == (host.lower(), 443, host.lower())


def test_a_link_with_spaces_and_accents_is_written_as_the_web_writes_it(server: FileServer) -> None:
    fetch(server.url("/Factura Nº 1.pdf?a=b%20c&d=é#page"), policy=LOCAL)
    assert server.talks[0].path == "/Factura%20N%C2%BA%201.pdf?a=b%20c&d=%C3%A9"


# Addresses


@pytest.mark.parametrize("address", INTERNAL)
def test_a_name_that_leads_inside_is_refused(address: str, resolver: Resolver, dialled: list[str]) -> None:
    resolver.answers = [[address]]
    assert refused("https://files.example/a.pdf") == "address"
    assert dialled == []


@pytest.mark.parametrize("address", sorted(set(INTERNAL) - {"127.0.0.1", "127.9.9.9", "::1"}))
def test_demo_and_tests_may_reach_this_machine_and_nothing_else_inside(
    address: str, resolver: Resolver, dialled: list[str]
) -> None:
    resolver.answers = [[address]]
    assert refused("http://files.example/a.pdf", LOCAL) == "address"
    assert dialled == []


@pytest.mark.parametrize("address", [PUBLIC, "2606:4700::6810:84e5"])
def test_public_addresses_are_dialled_as_they_were_checked(
    address: str, resolver: Resolver, dialled: list[str]
) -> None:
    resolver.answers = [[address]]
    assert failed("https://files.example/a.pdf", STRICT) == "network"
    assert dialled == [address]


def test_a_name_that_changes_its_mind_is_asked_once_and_dialled_where_it_was_checked(
    resolver: Resolver, dialled: list[str]
) -> None:
    resolver.answers = [[PUBLIC], ["127.0.0.1"]]
    assert failed("https://files.example/a.pdf", STRICT) == "network"
    assert (resolver.asked, dialled) == (["files.example"], [PUBLIC])


def test_of_several_addresses_only_the_public_ones_are_tried(resolver: Resolver, dialled: list[str]) -> None:
    resolver.answers = [["10.0.0.1", PUBLIC, "127.0.0.1", "8.8.8.8", PUBLIC]]
    assert failed("https://files.example/a.pdf", STRICT) == "network"
    assert dialled == [PUBLIC, "8.8.8.8"]


def test_the_next_address_is_tried_when_one_does_not_answer(
    server: FileServer, resolver: Resolver, dialled: list[str]
) -> None:
    resolver.answers = [[PUBLIC, "127.0.0.1"]]
    assert fetch(server.url(host="files.example"), policy=LOCAL).content == PDF
    assert dialled == [PUBLIC, "127.0.0.1"]
    assert server.talks[0].headers["host"] == f"files.example:{server.port}"


def test_a_name_that_does_not_exist_may_exist_later(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*args: object, **kwargs: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    assert failed("https://files.example/a.pdf", STRICT) == "network"


def test_a_label_too_long_for_dns_is_a_failure_and_not_a_crash() -> None:
    assert failed(f"https://{'a' * 80}.files.example/", STRICT) == "network"


# Encryption


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> "Authority":
    return Authority(tmp_path_factory.mktemp("tls"))


class Authority:
    """A certificate authority that only these tests trust."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = self._issue("Test authority", self.key, is_authority=True)

    def server_context(self, name: str) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        path = self.folder / f"{name}.pem"
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + self._issue(name, key).public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def trusting(self) -> ssl.SSLContext:
        pem = self.certificate.public_bytes(serialization.Encoding.PEM)
        return ssl.create_default_context(cadata=pem.decode())

    def _issue(
        self, name: str, key: ec.EllipticCurvePrivateKey, *, is_authority: bool = False
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject if is_authority else self.certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        )
        if not is_authority:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        return builder.sign(self.key, hashes.SHA256())


def test_an_encrypted_connection_goes_to_the_address_and_speaks_to_the_name(
    authority: Authority, resolver: Resolver, dialled: list[str]
) -> None:
    resolver.answers = [["127.0.0.1"]]
    policy = FilePolicy(("files.example",), allow_insecure=True, tls=authority.trusting())
    with file_server(authority.server_context("files.example")) as server:
        assert fetch(server.url(host="files.example"), policy=policy).content == PDF
    assert dialled == ["127.0.0.1"]
    assert server.names_asked_for == ["files.example"]
    assert server.talks[0].headers["host"] == f"files.example:{server.port}"


def test_a_certificate_for_another_name_is_not_accepted(authority: Authority, resolver: Resolver) -> None:
    resolver.answers = [["127.0.0.1"]]
    policy = FilePolicy(("files.example",), allow_insecure=True, tls=authority.trusting())
    with file_server(authority.server_context("other.example")) as server:
        assert failed(server.url(host="files.example"), policy) == "network"
    assert server.talks == []


def test_an_authority_nobody_knows_is_not_accepted(authority: Authority, resolver: Resolver) -> None:
    resolver.answers = [["127.0.0.1"]]
    with file_server(authority.server_context("files.example")) as server:
        assert failed(server.url(host="files.example"), LOCAL) == "network"
    assert server.talks == []


# Answers


@pytest.mark.parametrize("status", [301, 302, 303, 304, 307, 308])
@pytest.mark.parametrize("place", ["http://169.254.169.254/", "/elsewhere.pdf"])
def test_a_redirect_is_refused_wherever_it_leads(
    status: int, place: str, server: FileServer, dialled: list[str]
) -> None:
    server.answer = answering(b"", status=f"{status} Moved", headers=f"Location: {place}\r\n")
    assert refused(server.url(), LOCAL) == "redirect"
    assert (len(dialled), len(server.talks)) == (1, 1)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_link_that_no_longer_opens_has_expired(status: int, server: FileServer) -> None:
    server.answer = answering(b"<Error>AccessDenied</Error>", status=f"{status} No")
    with pytest.raises(LinkExpired) as caught:
        fetch(server.url(), policy=LOCAL)
    assert caught.value.outcome is Outcome.NOT_DONE


@pytest.mark.parametrize("status", [201, 204, 206, 408, 429, 500, 502, 503, 599])
def test_any_other_answer_is_a_matter_of_time(status: int, server: FileServer) -> None:
    server.answer = answering(PDF, status=f"{status} Well")
    assert failed(server.url()) == "status"


def chunked(talk: Talk) -> None:
    talk.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\nTransfer-Encoding: chunked\r\n\r\n")
    talk.send(b"%x\r\n" % len(PDF[:9]) + PDF[:9] + b"\r\n%x\r\n" % len(PDF[9:]) + PDF[9:] + b"\r\n0\r\n\r\n")


def until_closed(talk: Talk) -> None:
    talk.send(b"HTTP/1.0 200 OK\r\nContent-Type: application/pdf\r\n\r\n" + PDF)


def gzipped(talk: Talk) -> None:
    answering(gzip.compress(PDF), headers="Content-Encoding: gzip\r\n")(talk)


def deflated(talk: Talk) -> None:
    answering(zlib.compress(PDF), headers="Content-Encoding: Deflate\r\n")(talk)


@pytest.mark.parametrize("way", [chunked, until_closed, gzipped, deflated])
def test_every_lawful_way_of_sending_a_file_is_understood(
    way: Callable[[Talk], None], server: FileServer
) -> None:
    server.answer = way
    assert fetch(server.url(), policy=LOCAL) == Download(PDF, "application/pdf")


def test_a_server_that_names_no_type_is_not_given_one(server: FileServer) -> None:
    server.answer = lambda talk: talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
    assert fetch(server.url(), policy=LOCAL) == Download(b"hi", "")


def cut_short(talk: Talk) -> None:
    talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + PDF)


def cut_in_a_chunk(talk: Talk) -> None:
    talk.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n" + PDF)


def cut_while_packed(talk: Talk) -> None:
    talk.send(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(PDF)[:-12])


def packed_badly(talk: Talk) -> None:
    answering(PDF, headers="Content-Encoding: gzip\r\n")(talk)


def packed_strangely(talk: Talk) -> None:
    answering(PDF, headers="Content-Encoding: br\r\n")(talk)


def no_http(talk: Talk) -> None:
    talk.send(b"220 ftp.example ready\r\n\r\n")


def endless_header(talk: Talk) -> None:
    talk.send(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000)


def silent(talk: Talk) -> None:
    """Hangs up without a word."""


@pytest.mark.parametrize(
    "way",
    [
        cut_short,
        cut_in_a_chunk,
        cut_while_packed,
        packed_badly,
        packed_strangely,
        no_http,
        endless_header,
        silent,
    ],
)
def test_a_broken_answer_is_no_file(way: Callable[[Talk], None], server: FileServer) -> None:
    server.answer = way
    assert failed(server.url()) == "network"


def test_nobody_listening_is_a_matter_of_time() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        assert failed(f"http://127.0.0.1:{taken.getsockname()[1]}/") == "network"


# Limits

SMALL = FilePolicy(("127.0.0.1",), allow_insecure=True, max_bytes=1000)


def endless(talk: Talk) -> None:
    talk.send(b"HTTP/1.1 200 OK\r\n\r\n%PDF-1.7\n")
    while not talk.is_over.is_set():
        talk.send(b"0" * 65536)


def endless_inside_gzip(talk: Talk) -> None:
    talk.send(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n")
    packer = zlib.compressobj(wbits=31)
    while not talk.is_over.is_set():
        talk.send(packer.compress(b"\0" * 1_000_000) + packer.flush(zlib.Z_SYNC_FLUSH))


def empty_blocks_inside_gzip(talk: Talk) -> None:
    """Bytes that unpack to nothing, for ever."""
    talk.send(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n")
    packer = zlib.compressobj(wbits=31)
    talk.send(packer.flush(zlib.Z_FULL_FLUSH))
    while not talk.is_over.is_set():
        talk.send(b"\x00\x00\x00\xff\xff" * 100)


def bomb(talk: Talk) -> None:
    answering(gzip.compress(b"\0" * 50_000_000), headers="Content-Encoding: gzip\r\n")(talk)


@pytest.mark.parametrize(
    "way", [endless, endless_inside_gzip, empty_blocks_inside_gzip, bomb, answering(b"x" * 1001)]
)
def test_what_is_too_large_is_given_up_while_reading(way: Callable[[Talk], None], server: FileServer) -> None:
    server.answer = way
    assert failed(server.url(), SMALL) == "too_large"


@pytest.mark.parametrize("pack", [False, True])
def test_a_file_of_exactly_the_largest_size_is_taken(pack: bool, server: FileServer) -> None:
    body = b"x" * 1000
    packed = answering(gzip.compress(body), headers="Content-Encoding: gzip\r\n")
    server.answer = packed if pack else answering(body)
    assert fetch(server.url(), policy=SMALL).content == body


def test_what_follows_the_end_of_a_packed_file_is_not_waited_for(server: FileServer) -> None:
    def with_a_tail(talk: Talk) -> None:
        talk.send(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(PDF))
        endless(talk)

    server.answer = with_a_tail
    assert fetch(server.url(), policy=LOCAL).content == PDF


def hold(talk: Talk) -> None:
    talk.is_over.wait()


def drip_head(talk: Talk) -> None:
    for byte in b"HTTP/1.1 200 OK\r\n" + b"X-Padding: 1\r\n" * 90:
        if talk.is_over.wait(0.02):
            return
        talk.send(bytes([byte]))


def drip_body(talk: Talk) -> None:
    talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(1000):
        if talk.is_over.wait(0.02):
            return
        talk.send(b"x")


@pytest.mark.parametrize("way", [drip_head, drip_body])
def test_a_slow_drip_ends_at_the_total_limit(way: Callable[[Talk], None], server: FileServer) -> None:
    policy = FilePolicy(("127.0.0.1",), allow_insecure=True, read_seconds=30, total_seconds=0.3)
    server.answer = way
    assert failed(server.url(), policy) == "too_slow"


def test_a_server_that_takes_the_request_and_says_nothing_is_left(server: FileServer) -> None:
    policy = FilePolicy(("127.0.0.1",), allow_insecure=True, read_seconds=0.2, total_seconds=600)
    server.answer = hold
    assert failed(server.url(), policy) == "too_slow"


def test_a_handshake_that_never_ends_is_left(authority: Authority) -> None:
    policy = FilePolicy(("127.0.0.1",), allow_insecure=True, connect_seconds=0.2, total_seconds=600)
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()  # takes connections and never speaks
        assert failed(f"https://127.0.0.1:{deaf.getsockname()[1]}/", policy) == "too_slow"


def test_no_time_left_means_no_connection(dialled: list[str]) -> None:
    policy = FilePolicy(("127.0.0.1",), allow_insecure=True, total_seconds=0)
    assert failed("http://127.0.0.1:9/", policy) == "too_slow"
    assert dialled == []


@pytest.mark.parametrize(
    "way", [answering(PDF), cut_short, endless, no_http, hold, answering(b"", status="403 No")]
)
def test_the_socket_is_closed_whatever_happens(
    way: Callable[[Talk], None], server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = FilePolicy(("127.0.0.1",), allow_insecure=True, max_bytes=1000, read_seconds=0.2)
    opened: list[socket.socket] = []
    connect = socket.socket.connect

    def remember(self: socket.socket, address: tuple[str, int]) -> None:
        opened.append(self)
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", remember)
    server.answer = way
    with suppress(FileError):
        fetch(server.url(), policy=policy)
    assert len(server.talks) == 1
    assert [sock.fileno() for sock in opened] == [-1]


# What is said


@pytest.mark.parametrize(
    ("way", "kind"),
    [
        (answering(b"", status="403 No"), LinkExpired),
        (answering(b"", status="302 Go", headers="Location: /x?sig=secret-key\r\n"), FileRefused),
        (answering(b"", status="500 No"), FileUnavailable),
        (cut_short, FileUnavailable),
    ],
)
def test_no_message_repeats_the_link_which_is_a_key(
    way: Callable[[Talk], None], kind: type[PacError], server: FileServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.answer = way
    with caplog.at_level(logging.DEBUG), pytest.raises(kind) as caught:
        fetch(server.url(), policy=LOCAL)
    told = f"{caught.value} {caught.value!r} {caught.value.__cause__!r} {caught.value.values} {caplog.text}"
    assert "secret-key" not in told
    assert "127.0.0.1" in caught.value.message


def test_neither_a_target_nor_a_file_shows_its_inside() -> None:
    assert "secret-key" not in repr(require_allowed("https://files.example/a?sig=secret-key", policy=STRICT))
    assert repr(Download(b"inside", "")) == "Download(content_type='')"
