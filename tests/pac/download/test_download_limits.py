"""Size, unpacking and time have limits, and sockets are closed whatever happens."""

import gzip
import socket
import tracemalloc
import zlib
from collections.abc import Callable
from contextlib import suppress

import pytest

from cifras.pac.download import FileError, FilePolicy, fetch
from tests.file_server import PDF, FileServer, Talk, answering
from tests.pac.download.asking import LOCAL, SMALL, Authority, Resolver, failed


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


UNPACKED = bytes(50_000_000)
bomb = answering(gzip.compress(UNPACKED), headers="Content-Encoding: gzip\r\n")


@pytest.mark.parametrize(
    "way", [endless, endless_inside_gzip, empty_blocks_inside_gzip, bomb, answering(b"x" * 1001)]
)
def test_what_is_too_large_is_given_up_while_reading(way: Callable[[Talk], None], server: FileServer) -> None:
    server.answer = way
    assert failed(server.url(), SMALL) == "too_large"


def test_a_bomb_is_never_unpacked_further_than_the_limit(server: FileServer) -> None:
    server.answer = bomb
    tracemalloc.start()
    try:
        assert failed(server.url(), SMALL) == "too_large"
        assert tracemalloc.get_traced_memory()[1] < len(UNPACKED) / 10
    finally:
        tracemalloc.stop()


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


def test_a_long_silence_ends_at_the_total_limit_too(server: FileServer) -> None:
    policy = FilePolicy(("127.0.0.1",), allow_insecure=True, read_seconds=30, total_seconds=0.2)

    def late(talk: Talk) -> None:
        talk.is_over.wait(2)
        answering(PDF)(talk)

    server.answer = late
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


@pytest.mark.parametrize("way", [answering(PDF), endless, hold, answering(b"", status="403 No")])
def test_the_socket_is_closed_whatever_happens(
    way: Callable[[Talk], None], server: FileServer, dialling: list[socket.socket]
) -> None:
    policy = FilePolicy(("127.0.0.1",), allow_insecure=True, max_bytes=1000, read_seconds=0.2)
    server.answer = way
    with suppress(FileError):
        fetch(server.url(), policy=policy)
    assert len(server.talks) == 1
    assert [sock.fileno() for sock in dialling] == [-1]


def test_a_socket_that_did_not_connect_is_closed(dialling: list[socket.socket], resolver: Resolver) -> None:
    resolver.answers = [["127.0.0.1", "127.0.0.2"]]
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert failed(f"http://files.example:{taken.getsockname()[1]}/") == "network"
    assert [sock.fileno() for sock in dialling] == [-1, -1]
