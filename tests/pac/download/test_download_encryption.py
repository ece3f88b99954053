"""The connection goes to the checked address; the certificate and the request speak of the name."""

from cifras.pac.download import FilePolicy, fetch
from tests.file_server import PDF, file_server
from tests.pac.download.asking import LOCAL, Authority, Resolver, failed


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
