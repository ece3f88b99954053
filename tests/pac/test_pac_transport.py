"""One question above all: after whatever went wrong, may the provider have done it?"""

import gzip
import socket
import ssl
import threading
import traceback
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from cifras.pac.contract import Exchange
from cifras.pac.errors import Busy, Incident, NotDelivered, Outcome, PacError, Unsettled
from cifras.pac.transport import Transport
from tests.pac.wire_server import Answer, WireServer, answer, drip, drop, hang, raw, text, wire_server

TOKEN = "sk_canary_4f1d9b"
TOO_LONG = b'"' + b"x" * (9 * 1024 * 1024) + b'"'  # good JSON otherwise
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


class Ledger(list[Exchange]):
    """Keeps what is given to the recorder."""

    def __call__(self, exchange: Exchange) -> None:
        self.append(exchange)


def transport(base_url: str, **changes: Any) -> Transport:
    options = {"read_timeout": 5, "retry_wait": (0, 0), **changes}
    return Transport(base_url, {"Authorization": f"Bearer {TOKEN}"}, **options)


def post(base_url: str, body: bytes = b'{"a":1}', **changes: Any) -> Any:
    return transport(base_url, **changes).write("create", "POST", "/invoices", body=body)


def closed_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


LOST_AFTER_SENDING: dict[str, Answer] = {
    "the connection is dropped": drop,
    "the status line is cut": raw(b"HTTP/1.1 20"),
    "no HTTP comes back": raw(b"\x00\x01garbage\r\n\r\n"),
    "the body is shorter than its length": raw(OK + b'Content-Length: 40\r\n\r\n{"document": {'),
    "a chunk is cut": raw(OK + b"Transfer-Encoding: chunked\r\n\r\n20\r\n{"),
    "half a JSON without a length": raw(OK + b'\r\n{"document": {"id": "01'),
    "a page in place of JSON": text("<html>502 Bad Gateway</html>"),
    "an empty success without a length": raw(OK + b"\r\n"),
    "a number that is none": text('{"total": NaN}'),
    "an endless number": text('{"total": Infinity}'),
    "a JSON too deep to read": text("[" * 100_000),
    "a member that says two things": text('{"legalStatus": "DGI_AUTHORIZED", "legalStatus": "DGI_REJECTED"}'),
    "broken compression": text(b"\x1f\x8b not gzip", Content_Encoding="gzip"),
    "too much of it": text(TOO_LONG),
    "too much once unpacked": text(gzip.compress(TOO_LONG), Content_Encoding="gzip"),
    "a server error": answer({"message": "Internal server error"}, 500),
    "a gateway error": text("<html>", 503),
    "a request time-out": answer({"message": "Request timeout"}, 408),
    "a redirection": text("", 302, Location="/elsewhere"),
}


@pytest.mark.parametrize("misfortune", LOST_AFTER_SENDING.values(), ids=LOST_AFTER_SENDING)
def test_a_write_that_left_and_was_not_answered_clearly_is_unknown_and_not_sent_again(
    wire: WireServer, misfortune: Answer
) -> None:
    wire.says(misfortune)
    with pytest.raises(Unsettled) as caught:
        post(wire.base_url)
    assert caught.value.outcome is Outcome.UNKNOWN
    assert [heard.path for heard in wire.heard] == ["/invoices"]


def test_a_read_time_out_is_unknown_and_not_sent_again(wire: WireServer) -> None:
    wire.says(hang)
    with pytest.raises(Unsettled):
        post(wire.base_url, read_timeout=0.2)
    assert len(wire.heard) == 1


@pytest.mark.parametrize("where", ["head", "body"])
def test_an_answer_that_drips_is_given_up_at_the_total_time_out(wire: WireServer, where: str) -> None:
    head, body = OK + b"Content-Length: 402\r\n\r\n", b'{"a":"' + b"x" * 394 + b'"}'
    slow = drip(head + body) if where == "head" else raw(head)
    if where == "body":
        wire.says(lambda heard, line: (line.send(head), drip(body)(heard, line)))  # type: ignore[func-returns-value]
    else:
        wire.says(slow)
    with pytest.raises(Unsettled):
        post(wire.base_url, total_timeout=0.3)


def test_nobody_listening_means_that_nothing_was_sent_and_it_is_tried_twice() -> None:
    ledger = Ledger()
    with pytest.raises(NotDelivered) as caught:
        post(f"http://127.0.0.1:{closed_port()}", recorder=ledger)
    assert caught.value.outcome is Outcome.NOT_DONE
    assert [exchange.attempt for exchange in ledger] == [1, 2]


def test_a_name_that_does_not_resolve_means_that_nothing_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_such_name(*args: Any, **options: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", no_such_name)
    with pytest.raises(NotDelivered):
        post("http://pac.example")


@pytest.fixture
def stranger(tmp_path: Path) -> Iterator[WireServer]:
    """Speaks TLS with a certificate that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "stranger.pem"
    file.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    with wire_server(context) as server:
        yield server


def test_a_certificate_nobody_vouches_for_stops_the_call_before_a_byte_of_it(stranger: WireServer) -> None:
    with pytest.raises(NotDelivered):
        post(stranger.base_url)
    assert stranger.heard == []


@pytest.mark.parametrize(
    "peer",
    [
        lambda sock, is_over: sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        lambda sock, is_over: sock.recv(1),
        lambda sock, is_over: is_over.wait(),
    ],
    ids=["plain HTTP", "hangs up", "says nothing"],
)
def test_a_handshake_that_fails_in_any_way_means_that_nothing_was_sent(peer: Any) -> None:
    is_over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    sock, _ = server.accept()
                    with sock, suppress(OSError):
                        peer(sock, is_over)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        with pytest.raises(NotDelivered):
            post(f"https://127.0.0.1:{server.getsockname()[1]}", connect_timeout=0.3)
        is_over.set()
        server.shutdown(socket.SHUT_RDWR)
    thread.join()


def test_a_lost_connection_stays_unknown_while_an_earlier_refused_one_is_being_handled(
    wire: WireServer,
) -> None:
    """An exception remembers the one it was raised under; that must not turn lost bytes into unsent ones."""
    wire.says(drop)
    try:
        post(f"http://127.0.0.1:{closed_port()}")
    except NotDelivered:
        with pytest.raises(Unsettled):
            post(wire.base_url)


def test_a_read_is_repeated_once(wire: WireServer) -> None:
    wire.says(drop, answer({"id": 1}))
    assert transport(wire.base_url).get("read", "/invoices/1").body == {"id": 1}
    assert len(wire.heard) == 2


@pytest.mark.parametrize("misfortune", [drop, answer({}, 500), answer({}, 429)], ids=["lost", "500", "429"])
def test_a_read_is_given_up_after_the_second_try(wire: WireServer, misfortune: Answer) -> None:
    wire.says(misfortune)
    with pytest.raises((Unsettled, Busy)):
        transport(wire.base_url).get("read", "/invoices/1")
    assert len(wire.heard) == 2


def test_a_get_with_side_effects_is_not_repeated_once_it_has_left(wire: WireServer) -> None:
    wire.says(drop)
    with pytest.raises(Unsettled):
        transport(wire.base_url).write("affiliate", "GET", "/company-affiliate")
    assert len(wire.heard) == 1


@pytest.mark.parametrize("method", ["POST", "DELETE", "PATCH"])
def test_a_busy_provider_has_not_done_it_and_is_not_pressed(wire: WireServer, method: str) -> None:
    wire.says(answer({"message": "Too many requests"}, 429, Retry_After="7"))
    with pytest.raises(Busy) as caught:
        transport(wire.base_url).write("act", method, "/invoices", body=b"{}")
    assert (caught.value.outcome, caught.value.retry_after) == (Outcome.NOT_DONE, 7.0)
    assert len(wire.heard) == 1


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0.0),
        ("1.5", 1.5),
        ("86400", 3600.0),
        ("Fri, 01 Jan 2999 00:00:00 GMT", 3600.0),
        ("Fri, 01 Jan 1999 00:00:00 GMT", 0.0),
        ("soon", None),
        ("nan", None),
        ("-5", None),
        ("", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date_and_never_more_than_an_hour(
    wire: WireServer, header: str, seconds: float | None
) -> None:
    wire.says(answer({}, 429, Retry_After=header))
    with pytest.raises(Busy) as caught:
        post(wire.base_url)
    assert caught.value.retry_after == seconds


def test_amounts_are_decimal_from_the_first_byte(wire: WireServer) -> None:
    wire.says(text('{"total": 15432.10, "count": 3}'))
    body = post(wire.base_url).body
    assert body == {"total": Decimal("15432.10"), "count": 3}
    assert isinstance(body["total"], Decimal)


def test_a_byte_order_mark_does_no_harm(wire: WireServer) -> None:
    wire.says(text(b"\xef\xbb\xbf{}"))
    assert post(wire.base_url).body == {}


@pytest.mark.parametrize("status", [200, 201, 202])
def test_every_success_is_a_success(wire: WireServer, status: int) -> None:
    wire.says(answer({"id": 1}, status))
    assert post(wire.base_url).is_success


@pytest.mark.parametrize("empty", [text("", 200), raw(b"HTTP/1.1 204 No Content\r\n\r\n")])
def test_a_success_that_says_that_it_is_empty_is_one(wire: WireServer, empty: Answer) -> None:
    wire.says(empty)
    received = post(wire.base_url)
    assert (received.is_success, received.body) == (True, None)


def test_a_refusal_is_an_answer_whatever_its_words(wire: WireServer) -> None:
    wire.says(text("not JSON", 400))
    received = post(wire.base_url)
    assert (received.status, received.body, received.text) == (400, None, "not JSON")


def test_a_redirection_is_not_followed(wire: WireServer) -> None:
    wire.says(text("", 307, Location=f"{wire.base_url}/elsewhere"), answer({}))
    with pytest.raises(Unsettled):
        post(wire.base_url)
    assert [heard.path for heard in wire.heard] == ["/invoices"]


def test_the_environment_has_no_say(
    wire: WireServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port()}")
    post(wire.base_url)
    assert wire.heard[0].headers["authorization"] == f"Bearer {TOKEN}"


def test_a_proxy_is_used_when_it_is_given(wire: WireServer) -> None:
    wire.says(answer({"id": 1}))
    post("http://pac.example", proxy_url=wire.base_url)
    assert wire.heard[0].target == "http://pac.example/invoices"


def test_a_proxy_that_opens_no_tunnel_has_let_nothing_through(wire: WireServer) -> None:
    wire.says(text("", 407))
    with pytest.raises(NotDelivered):
        post("https://pac.example", proxy_url=wire.base_url)
    assert {heard.method for heard in wire.heard} == {"CONNECT"}
    assert TOKEN not in str(wire.heard)


def test_a_proxy_that_is_not_there_means_that_nothing_was_sent() -> None:
    with pytest.raises(NotDelivered):
        post("http://pac.example", proxy_url=f"http://127.0.0.1:{closed_port()}")


def test_a_thread_keeps_its_connection_and_shares_it_with_none(wire: WireServer) -> None:
    shared = transport(wire.base_url)
    shared.get("read", "/1")
    shared.get("read", "/2")
    other = threading.Thread(target=shared.get, args=("read", "/3"))
    other.start()
    other.join()
    first, second, third = (heard.connection for heard in wire.heard)
    assert first == second != third


@pytest.mark.parametrize(
    ("base_url", "token"),
    [
        ("", TOKEN),
        ("127.0.0.1:8000", TOKEN),
        ("ftp://pac.example", TOKEN),
        ("http://", TOKEN),
        ("http://127.0.0.1:1", f"{TOKEN}\n"),
        ("http://127.0.0.1:1", f"{TOKEN}\r\nX-Other: 1"),
        ("http://127.0.0.1:1", f"{TOKEN}ñ…"),
    ],
)
def test_a_wrong_address_or_token_is_an_incident_that_does_not_repeat_the_token(
    base_url: str, token: str
) -> None:
    ledger = Ledger()
    wrong = Transport(base_url, {"Authorization": f"Bearer {token}"}, retry_wait=(0, 0), recorder=ledger)
    with pytest.raises(Incident) as caught:
        wrong.write("create", "POST", "/invoices", body=b"{}")
    assert caught.value.outcome is Outcome.NOT_DONE
    assert len(ledger) == 1
    shown = "".join(traceback.format_exception(caught.value)) + repr(wrong) + str(ledger)
    assert TOKEN not in shown


def test_every_attempt_leaves_an_exchange(wire: WireServer) -> None:
    ledger = Ledger()
    wire.says(drop, answer({"id": 1}, 201))
    received = transport(wire.base_url, recorder=ledger, correlation_id="c-1").get(
        "read", "/invoices/1", params={"idCompany": "C", "documents": "pdf"}
    )
    lost, found = ledger
    assert (lost.attempt, lost.status, lost.error) == (1, None, "ConnectionError: unsettled")
    assert (found.attempt, found.status, found.error) == (2, 201, "")
    assert found.exchange_id == received.exchange_id != lost.exchange_id
    assert found.url == f"{wire.base_url}/invoices/1?idCompany=C&documents=pdf"
    assert (found.operation, found.method, found.response_body) == ("read", "GET", '{"id": 1}')
    assert {heard.headers["x-correlation-id"] for heard in wire.heard} == {"c-1"}
    assert {exchange.correlation_id for exchange in ledger} == {"c-1"}
    assert found.started_at.tzinfo is not None


@pytest.mark.parametrize(
    "misfortune", [answer({}, 500), answer({}, 429), text("garbage"), hang], ids=["500", "429", "?", "hangs"]
)
def test_an_error_names_the_exchange_to_look_at(wire: WireServer, misfortune: Answer) -> None:
    ledger = Ledger()
    wire.says(misfortune)
    with pytest.raises(PacError) as caught:
        post(wire.base_url, recorder=ledger, read_timeout=0.2)
    assert caught.value.exchange_id == ledger[0].exchange_id


def test_what_was_said_is_kept_to_the_byte(wire: WireServer) -> None:
    ledger = Ledger()
    said = '{"total":15432.10,  "nota":"ñandú \\u0000"}'
    wire.says(text(said))
    post(wire.base_url, body=b'{"amount":1.10}', recorder=ledger)
    assert (ledger[0].request_body, ledger[0].response_body) == ('{"amount":1.10}', said)


@pytest.mark.parametrize("status", [200, 400, 401, 500])
def test_a_provider_that_says_our_secrets_back_does_not_bring_them_into_its_words(
    wire: WireServer, status: int
) -> None:
    body = b'{"certificate":"TUlJSVNvbWUx","certificatePassword":"canary-password","name":"a plain name"}'
    words = f"Bearer {TOKEN} with canary-password for TUlJSVNvbWUx of a plain name"
    wire.says(
        *[answer({"message": words, "errors": [{"field": TOKEN, "value": "canary-password"}]}, status)] * 2
    )
    try:
        said = transport(wire.base_url).write("create_company", "POST", "/companies", body=body)
        told = f"{said.text} {said.body}"
    except PacError as error:
        told = f"{error!r} {error} {error.body} {vars(error)}"
    assert "a plain name" in told
    assert [word for word in (TOKEN, "canary", "TUlJ") if word in told] == []


def test_the_record_and_every_repr_keep_the_secrets(wire: WireServer) -> None:
    ledger = Ledger()
    wire.says(
        text(
            f"<html>Authorization: Bearer {TOKEN}</html>",
            400,
            Set_Cookie="session=canary-cookie",
            X_Echo=TOKEN,
        )
    )
    body = b'{"certificate":"TUlJ","certificatePassword":"canary-password","webhookSecret":"canary-secret"}'
    base_url = wire.base_url.replace("://", "://user:canary-user@")
    spoken = transport(base_url, recorder=ledger)
    spoken.write("create_company", "POST", "/companies", body=body)
    kept = str(ledger) + repr(spoken)
    assert [word for word in (TOKEN, "canary", "TUlJ") if word in kept] == []
    assert '"certificate": "(4 characters)"' in ledger[0].request_body
    assert wire.heard[0].body == body
