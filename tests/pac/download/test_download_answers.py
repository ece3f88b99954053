"""What a file's server may answer, and what we say about it."""

import gzip
import logging
import socket
import zlib
from collections.abc import Callable

import pytest

from cifras.pac.download import Download, FileRefused, FileUnavailable, LinkExpired, fetch, require_allowed
from cifras.pac.errors import Outcome, PacError
from tests.file_server import PDF, FileServer, Talk, answering
from tests.pac.download.asking import LOCAL, STRICT, failed, refused

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
