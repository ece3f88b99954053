"""Webhooks arrive at a real listener, on request and by themselves."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from tests.sandbox.bodies import invoice
from tests.sandbox.client import Client


class Listener:
    """Takes webhooks; the first answers may be told."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, dict[str, str], Any]] = []
        self.answers: list[int] = []
        self._arrival = threading.Condition()
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with listener._arrival:
                    listener.heard.append((self.path, dict(self.headers), body))
                    listener._arrival.notify_all()
                self.send_response(listener.answers.pop(0) if listener.answers else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def wait_for(self, count: int) -> bool:
        """Whether that many webhooks have come, waiting a while for the last."""
        with self._arrival:
            return self._arrival.wait_for(lambda: len(self.heard) >= count, timeout=20)


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    thread = threading.Thread(target=listener.server.serve_forever, args=(0.02,))
    thread.start()
    yield listener
    listener.server.shutdown()
    thread.join()
    listener.server.server_close()


def notify(pac: Client, document_id: str, url: str, **more: str) -> Any:
    answer = pac.post("/documents/notify-webhook", {"documentId": document_id, "webhookUrl": url, **more})
    pac.sandbox.webhooks.wait()
    return answer


def test_a_webhook_is_sent_on_request_with_secret_and_user(pac: Client, listener: Listener) -> None:
    document = pac.issue(invoice())
    url = f"{listener.url}/webhooks/pac/{pac.company.id}"
    assert (
        notify(pac, document["id"], url, webhookSecret="whsec_only_a_test", userId="u-1").status_code == 200
    )
    path, headers, body = listener.heard[0]
    assert path == f"/webhooks/pac/{pac.company.id}"
    assert (headers["X-Pac-Signature"], headers["X-User-Id"]) == ("whsec_only_a_test", "u-1")
    assert body == {
        "id": document["id"],
        "legalStatus": "DGI_AUTHORIZED",
        "cufe": document["cufe"],
        "message": "Autorizado el uso de la FE",
        "webhook": {"webhookUrl": url, "userId": "u-1"},
    }


def test_the_secret_is_kept_nowhere(pac: Client, listener: Listener) -> None:
    notify(pac, pac.issue(invoice())["id"], listener.url, webhookSecret="whsec_only_a_test")
    seen = pac.control("GET", "/requests").text + pac.control("GET", "/webhooks").text
    assert "whsec_only_a_test" not in seen
    assert "whsec_only_a_test" not in repr(pac.sandbox.webhooks.deliveries())


def test_the_native_shape_carries_the_whole_event(pac: Client, listener: Listener) -> None:
    pac.sandbox.behaviour.webhook_shape = "native"
    notify(pac, pac.issue(invoice(3))["id"], listener.url)
    body = listener.heard[0][2]
    assert (body["type"], body["documentNumber"]) == ("documents.emissionFinished", "0000000003")
    assert body["companyIdentification"] == pac.company.ruc
    assert (body["securityCode"], body["error"]) == ("123456789", None)
    assert body["pdf"].startswith(pac.sandbox.base_url)


def test_a_rejected_document_is_told_with_its_message_and_without_cufe(
    pac: Client, listener: Listener
) -> None:
    body = invoice()
    body["receiver"]["name"] = "RECHAZO-PAC"
    document_id = pac.post("/invoices", body).json()["document"]["id"]
    notify(pac, document_id, listener.url)
    told = listener.heard[0][2]
    assert (told["legalStatus"], "cufe" in told) == ("PAC_REJECTED", False)
    assert told["message"].startswith("Documento rechazado")


def test_webhooks_are_repeated_after_5xx_and_not_after_4xx(pac: Client, listener: Listener) -> None:
    pac.sandbox.behaviour.webhook_retry_wait = 0.01
    document_id = pac.issue(invoice())["id"]
    listener.answers = [500, 503, 200, 403]
    notify(pac, document_id, listener.url)
    notify(pac, document_id, listener.url)
    assert [(each.attempts, each.status) for each in pac.sandbox.webhooks.deliveries()] == [
        (3, 200),
        (1, 403),
    ]


def test_a_webhook_that_reaches_nobody_is_given_up(pac: Client) -> None:
    pac.sandbox.behaviour.webhook_retry_wait = 0.01
    notify(pac, pac.issue(invoice())["id"], "http://127.0.0.1:1/nobody")
    (delivery,) = pac.sandbox.webhooks.deliveries()
    assert (delivery.attempts, delivery.status, delivery.error) == (3, None, "ConnectionRefusedError")


def test_only_an_own_document_can_be_told_about(pac: Client, listener: Listener) -> None:
    other = Client(pac.sandbox, pac.sandbox.authority.add_company(ruc="155646463-2-2017", name="Otra, S.A."))
    assert notify(other, pac.issue(invoice())["id"], listener.url).status_code == 404
    assert notify(pac, "x", listener.url).status_code == 400
    assert not listener.heard


def test_by_default_nothing_is_told_unasked(pac: Client) -> None:
    pac.issue(invoice())
    pac.sandbox.webhooks.wait()
    assert not pac.sandbox.webhooks.deliveries()


def test_a_decision_may_be_told_by_itself_without_anybody_reading(pac: Client, listener: Listener) -> None:
    pac.sandbox.behaviour.update(
        {
            "webhooks_automatic": True,
            "webhook_url": listener.url + "/webhooks/pac/{company}",
            "webhook_secret": "whsec_only_a_test",
        }
    )
    document_id = pac.post("/invoices", invoice()).json()["document"]["id"]
    assert listener.wait_for(1)
    path, headers, body = listener.heard[0]
    assert path == f"/webhooks/pac/{pac.company.id}"
    assert headers["X-Pac-Signature"] == "whsec_only_a_test"
    assert (body["id"], body["legalStatus"]) == (document_id, "DGI_AUTHORIZED")


def test_a_companys_own_webhook_is_probed_and_then_told(pac: Client, listener: Listener) -> None:
    hook = {"url": listener.url, "headers": {"X-Own": "1"}, "status": "active"}
    change = {"webhooks": {"documents": {"emissionFinished": hook}}}
    assert pac.call("PATCH", f"/companies/{pac.company.id}", change).status_code == 200
    pac.sandbox.webhooks.wait()
    assert listener.heard[0][2] == {"message": "Test message"}
    pac.post("/invoices", invoice())
    assert listener.wait_for(2)
    assert listener.heard[1][1]["X-Own"] == "1"
    assert listener.heard[1][2]["type"] == "documents.emissionFinished"


def test_a_mail_is_noted_for_a_document_of_the_named_kind(pac: Client) -> None:
    document_id = pac.issue(invoice())["id"]
    wanted = {
        "documentId": document_id,
        "mail": "cliente@ejemplo.test",
        "documentType": "invoice",
        "message": "Hola",
    }
    answer = pac.post("/documents/notify-email", wanted)
    assert (answer.status_code, answer.json()["message"]) == (200, "Notify by email event emitted.")
    assert [mail.address for mail in pac.sandbox.world.mails] == ["cliente@ejemplo.test"]
    assert pac.post("/documents/notify-email", wanted | {"documentType": "credit-note"}).status_code == 404
    assert pac.post("/documents/notify-email", wanted | {"mail": "nadie"}).status_code == 400
