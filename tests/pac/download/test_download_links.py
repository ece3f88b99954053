"""A provider's link is followed only where the policy allows, and to the address that was checked."""

import socket

import pytest

from cifras.pac.download import Download, FilePolicy, fetch, require_allowed
from tests.file_server import PDF, FileServer, answering
from tests.pac.download.asking import LOCAL, PUBLIC, STRICT, Resolver, failed, refused

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


HOSTILE = [
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
    ("https://017700000001/a.pdf", "host"),
    ("https://0x7f.0.0.1/a.pdf", "host"),
    ("https://0/a.pdf", "host"),
    ("https://[::ffff:127.0.0.1]/a.pdf", "malformed"),
    ("https://[::ffff:7f00:1]/a.pdf", "host"),
    ("https://[0:0:0:0:0:ffff:a9fe:a9fe]/a.pdf", "host"),
    ("https://[64:ff9b::a9fe:a9fe]/a.pdf", "host"),
    ("https://[2002:7f00:1::]/a.pdf", "host"),
    ("https://metadata.google.internal/computeMetadata/v1/", "host"),
    ("https://localhost.localdomain/a.pdf", "host"),
    ("https://localtest.me/a.pdf", "host"),
    ("https://127.0.0.1.nip.io/a.pdf", "host"),
    ("https://files.example.127.0.0.1.nip.io/a.pdf", "host"),
    ("https://files.example,10.0.0.1/a.pdf", "malformed"),
    ("https://files.example 10.0.0.1/a.pdf", "malformed"),
    ("https://files.example:443@10.0.0.1:443/a.pdf", "malformed"),
    ("https://files.example:80/a.pdf", "port"),
    ("https://files.example:0/a.pdf", "malformed"),
    ("https://files.example\u200b/a.pdf", "malformed"),
    ("https://files\u2024example/a.pdf", "malformed"),
    ("https://files.example/a.pdf\x00.evil.example", "malformed"),
    ("HTTP://files.example/a.pdf", "scheme"),
    ("jar:https://files.example!/a.pdf", "malformed"),
    ("unix:/var/run/docker.sock", "malformed"),
    ("ldap://files.example/a", "scheme"),
    ("dict://files.example:11211/stat", "scheme"),
    ("ws://files.example/a.pdf", "scheme"),
]


def test_there_are_enough_hostile_links() -> None:
    assert len({url for url, _reason in HOSTILE}) >= 60


@pytest.mark.parametrize(("url", "reason"), HOSTILE)
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
