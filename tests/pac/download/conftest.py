"""A file server, a resolver and an authority of our own, and eyes on every connection."""

import socket
from collections.abc import Iterator

import pytest

from tests.file_server import FileServer, file_server
from tests.pac.download.asking import Authority, Resolver


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
def dialling(monkeypatch: pytest.MonkeyPatch) -> list[socket.socket]:
    """Every socket that set out to connect."""
    seen: list[socket.socket] = []
    connect = socket.socket.connect

    def remember(self: socket.socket, address: tuple[str, int]) -> None:
        seen.append(self)
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", remember)
    return seen


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Resolver:
    return Resolver(monkeypatch)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"))
