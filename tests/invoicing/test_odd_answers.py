"""What a provider may say to a post, usual or not: the document ends refused with field and remedy, as received, or unconfirmed.

The page of the document opens on each of them.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from cifras.fiscal.lifecycle import LegalStatus, Submission
from cifras.sandbox.server import SandboxServer
from invoicing import services
from invoicing.models import Document, Incident, TimelineEvent
from invoicing.services import submitting
from tenants.models import Tenant
from tests.document_pages import address, text_of
from tests.factories import a_tenant, an_administrator, invoice_json
from tests.pac.wire_server import WireServer, answer, drop, raw, text, wire_server

pytestmark = pytest.mark.django_db

DOCUMENT = "01K9CFRAS00000000000000777"


@pytest.fixture
def tenant(pac: SandboxServer) -> Tenant:
    return a_tenant()


@pytest.fixture
def wire(tenant: Tenant, settings: Any) -> Iterator[WireServer]:
    """A provider that says what the test makes it say, from now on; the company was registered at the practice PAC."""
    with wire_server() as server:
        settings.PAC_SANDBOX_BASE_URL = server.base_url
        yield server


@pytest.fixture
def browser(db: None) -> Client:
    client = Client()
    client.force_login(an_administrator())
    return client


def submitted(tenant: Tenant) -> Document:
    document = services.create_invoice(invoice_json(tenant), actor=None)
    submitting.submit_due()
    document.refresh_from_db()
    return document


def page_of(browser: Client, document: Document) -> str:
    response = browser.get(address(document))
    assert response.status_code == 200
    return text_of(response)


@pytest.mark.parametrize(
    ("message", "member", "remedy"),
    [
        ('instance.receiver.ruc requires property "ruc"', "RUC del receptor", "Complete el RUC"),
        ("instance.receiver.otherCountry is not of a type(s) string", "País del receptor", "dos letras"),
        ('instance requires property "exportation"', "Exportación", "incoterm"),
        (
            "The destination of the operation cannot be Foreign if the Document Type is Internal Operation Invoice",
            "País del receptor",
            "no concuerdan",
        ),
    ],
)
def test_a_refused_document_shows_the_providers_words_the_member_and_what_to_do(
    wire: WireServer, tenant: Tenant, browser: Client, message: str, member: str, remedy: str
) -> None:
    wire.says(answer({"message": [message], "code": 400}, 400))
    document = submitted(tenant)
    assert (document.submission, document.legal_status) == (Submission.REFUSED, LegalStatus.PAC_REJECTED)
    page = page_of(browser, document)
    assert message in page
    assert member in page
    assert remedy in page


# What settles nothing: it may have been taken, so it is asked about and not sent again.
UNSETTLED = {
    "a page with 200": text("<html><h1>Bienvenido</h1></html>", 200),
    "nothing with 200": text("", 200),
    "null": answer(None),
    "a number": answer(12),
    "a text": answer("ok"),
    "a list": answer([{"id": DOCUMENT}]),
    "an empty object": answer({}),
    "no document": answer({"message": "Document registered", "document": None}),
    "a document of nulls": answer({"document": {"id": None, "legalStatus": None, "cufe": None}}),
    "an id of another kind": answer({"document": {"id": {"a": 1}, "legalStatus": "PAC_AUTHORIZED"}}),
    "an id with a blank": answer({"document": {"id": "01K9 or so", "legalStatus": "PAC_AUTHORIZED"}}),
    "an endless id": answer({"document": {"id": "x" * 5000, "legalStatus": "PAC_AUTHORIZED"}}),
    "not UTF-8": text(b'{"document": {"id": "\xff\xfe"}}', 200),
    "cut short": raw(b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"document": {"id": "01K9'),
    "no HTTP at all": raw(b"220 smtp.example.test ESMTP\r\n"),
    "hung up": drop,
    "nested without end": text('{"document":' * 5000 + "1" + "}" * 5000, 200),
    "a redirection": answer({}, 302, Location="https://elsewhere.test/"),
    "teapot": answer({"message": "I am a teapot"}, 418),
    "busy making it": answer({"message": "Conflict"}, 409),
    "an error page": text("<html>Bad gateway</html>", 502),
    "an error as JSON": answer({"code": 500, "message": "Internal server error"}, 500),
    "time-out": answer({"message": "Request timeout"}, 408),
}


@pytest.mark.parametrize("case", UNSETTLED)
def test_an_answer_that_settles_nothing_leaves_it_unconfirmed_and_to_be_seen(
    wire: WireServer, tenant: Tenant, browser: Client, case: str
) -> None:
    wire.says(UNSETTLED[case])
    document = submitted(tenant)
    assert (document.submission, document.legal_status) == (Submission.UNKNOWN, LegalStatus.NONE)
    assert document.due_at is not None
    assert "Sin confirmar" in page_of(browser, document)
    posted = [heard for heard in wire.heard if heard.method == "POST"]
    submitting.submit_due()
    assert [heard for heard in wire.heard if heard.method == "POST"] == posted


ACCEPTED = {
    "a word of tomorrow": {"legalStatus": "DGI_UNDER_REVIEW"},
    "in process": {"legalStatus": "REGISTERED"},
    "no word": {},
    "a word of another kind": {"legalStatus": {"code": 7}},
    "an endless word": {"legalStatus": "W" * 4000},
    "a strange cufe": {"legalStatus": "PAC_AUTHORIZED", "cufe": ["FE01"], "qr": 12, "authorizationProtocol": {}},
    "NUL and half a character": {"legalStatus": "PAC\u0000_ODD", "message": "\ud800"},
}  # fmt: skip


@pytest.mark.parametrize("case", ACCEPTED)
def test_an_accepted_document_with_words_nobody_knows_is_kept_as_received(
    wire: WireServer, tenant: Tenant, browser: Client, case: str
) -> None:
    body = json.dumps({"document": {"id": DOCUMENT, **ACCEPTED[case]}})
    wire.says(text(body, 201), answer({"message": "later"}, 503))
    document = submitted(tenant)
    assert (document.submission, document.document_id) == (Submission.ACCEPTED, DOCUMENT)
    assert document.legal_status in {LegalStatus.NONE, LegalStatus.PAC_AUTHORIZED}
    assert page_of(browser, document)
    assert TimelineEvent.objects.filter(document_uid=document.uid, code="accepted").count() == 1


REFUSED = {
    "words nobody knows": {"message": "Something new", "code": "AP9999"},
    "nothing said": {},
    "an object for a message": {"message": {"detail": {"why": ["A"]}}},
    "a thousand complaints": {"errors": [{"message": f"instance.items[{n}] is wrong"} for n in range(1000)]},
    "scripts": {"errors": [{"message": "<script>alert(1)</script>", "field": "<img src=x>", "code": "\u0000"}]},
    "members of odd kinds": {"errors": [{"message": 12, "field": ["a"], "code": {"b": 1}}, None, "A", [[]]]},
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("status", [400, 422])
def test_a_refusal_of_any_shape_is_shown_as_received(
    wire: WireServer, tenant: Tenant, browser: Client, case: str, status: int
) -> None:
    wire.says(text(json.dumps(REFUSED[case]), status))
    document = submitted(tenant)
    assert (document.submission, document.legal_status) == (Submission.REFUSED, LegalStatus.PAC_REJECTED)
    response = browser.get(address(document))
    assert response.status_code == 200
    assert "<script>alert" not in response.content.decode()


@pytest.mark.parametrize("status", [401, 403, 404, 405, 413, 415])
@pytest.mark.parametrize("body", ["<html>no</html>", "", '{"message": null}', "[]"])
def test_a_refused_account_holds_the_queue_whatever_the_body(
    wire: WireServer, tenant: Tenant, browser: Client, status: int, body: str
) -> None:
    wire.says(text(body, status))
    document = submitted(tenant)
    assert (document.submission, Incident.objects.filter(tenant=tenant).count()) == (Submission.QUEUED, 1)
    assert document.held_reason
    assert page_of(browser, document)
