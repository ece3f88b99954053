"""The door: what is let in, what is stored, what is answered. What a delivery then does is in test_inbox.py."""

import json
import logging

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import settings as trying
from hypothesis import strategies as st

from invoicing.models import Document, WebhookDelivery, WebhookProbe
from invoicing.services import receiving
from tenants.models import Office, Tenant

COMPANY = "01K9CFRAS00000000000000001"
DOCUMENT = "01K9CFRAS00000000000000101"
SECRET = "the-secret-of-this-company"
GLOBAL_SECRET = "the-secret-of-all-the-others"
AUTHORISED = {
    "id": DOCUMENT,
    "legalStatus": "DGI_AUTHORIZED",
    "cufe": "FE0120000155999901-2-2021-3800012026111900000001010010121234567890",
    "message": "Autorizado el uso de la FE",
}
EMISSION_FINISHED = {
    "type": "documents.emissionFinished",
    "id": DOCUMENT,
    "stampDate": "2026-11-19T10:15:00-05:00",
    "status": "FINISHED",
    "legalStatus": "DGI_AUTHORIZED",
    "companyIdentification": "155999901-2-2021",
    "documentNumber": "0000000101",
    "sequenceConsumed": True,
    "securityCode": "123456789",
    "xml": "https://files.example.test/xml/1.xml?sig=short-lived",
    "resumeXml": None,
    "governmentResponse": [{"code": "0260", "message": "Autorizado el uso de la FE"}],
    "error": None,
}
PROBE = {"message": "Test message"}

SIGNED, UNSIGNED, FORGED = (
    WebhookDelivery.Verdict.SIGNED,
    WebhookDelivery.Verdict.UNSIGNED,
    WebhookDelivery.Verdict.FORGED,
)


def a_company(serial=1, **changes):
    """A tenant with an id at the provider; nothing of it needs to exist there."""
    return Tenant.objects.create(
        **{
            "ruc": f"15559990{serial}-2-2021",
            "legal_name": f"Comercial {serial}, S.A.",
            "pac_company_id": COMPANY,
            "webhook_secret": SECRET,
            "state": Tenant.State.ACTIVE,
            **changes,
        }
    )


def deliver(body, *, signature=SECRET, company=COMPANY, client=None, **headers):
    """POST `body` (bytes as they are, anything else as JSON); without a signature header if `signature` is None."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = {} if signature is None else {"X-Pac-Signature": signature}
    return (client or Client()).post(
        reverse("invoicing:webhook", args=[company]),
        content,
        content_type="application/json",
        headers={**given, **{name.replace("_", "-"): value for name, value in headers.items()}},
    )


@pytest.fixture
def company(db, settings):
    settings.PAC_WEBHOOK_SECRET = [GLOBAL_SECRET]
    return a_company()


def test_the_address_is_the_one_that_providers_were_given():
    assert reverse("invoicing:webhook", args=[COMPANY]) == f"/webhooks/pac/{COMPANY}"


@pytest.mark.parametrize("body", [AUTHORISED, EMISSION_FINISHED], ids=["papers", "native"])
def test_a_signed_delivery_is_stored_as_it_came_and_waits_for_the_inbox(company, body):
    response = deliver(body, X_User_Id="00000000-0000-4000-8000-000000000001")

    assert (response.status_code, response.json()) == (200, {"detail": "Stored"})
    stored = WebhookDelivery.objects.get()
    assert (stored.tenant, stored.verdict, stored.state) == (company, SIGNED, WebhookDelivery.State.NEW)
    assert json.loads(stored.body) == body
    assert (stored.pac_document_id, stored.raw_legal_status) == (DOCUMENT, "DGI_AUTHORIZED")
    assert stored.claimed_user == "00000000-0000-4000-8000-000000000001"
    assert stored.ip == "127.0.0.1"
    assert stored.due_at is not None and stored.processed_at is None


def test_a_word_nobody_knows_is_stored_as_it_is(company):
    assert deliver({"id": DOCUMENT, "legalStatus": "DGI_UNDER_REVIEW"}).status_code == 200
    assert WebhookDelivery.objects.get().raw_legal_status == "DGI_UNDER_REVIEW"


def test_answering_takes_one_look_for_the_company_and_one_insert(company, django_assert_num_queries):
    with django_assert_num_queries(2):
        assert deliver(AUTHORISED).status_code == 200


def test_the_secret_itself_is_not_kept(company):
    deliver(
        AUTHORISED,
        X_Webhook_Key="another-secret",
        Authorization="Bearer a-third-secret",
        Cookie="sessionid=a-fourth-secret",
        X_Trace="plain",
    )

    stored = WebhookDelivery.objects.get()
    everything = json.dumps(stored.headers) + stored.body + stored.traceback
    assert not any(secret in everything for secret in (SECRET, "another", "third", "fourth"))
    assert stored.headers["X-Pac-Signature"].startswith("sha256:")
    assert stored.headers["X-Trace"] == "plain"


@pytest.mark.parametrize(
    ("signature", "verdict"),
    [
        (SECRET, SIGNED),
        ("guessed", FORGED),
        (SECRET[:-1], FORGED),
        (SECRET.upper(), FORGED),
        (None, UNSIGNED),
        ("", UNSIGNED),
    ],
)
def test_only_the_secret_opens_the_door_and_every_attempt_is_kept_with_its_verdict(
    company, signature, verdict
):
    response = deliver(AUTHORISED, signature=signature)

    assert response.status_code == (200 if verdict == SIGNED else 403)
    stored = WebhookDelivery.objects.get()
    assert stored.verdict == verdict
    if verdict != SIGNED:
        assert response.json() == {"detail": "Invalid webhook signature"}
        assert (stored.state, stored.due_at) == (WebhookDelivery.State.IGNORED, None)


def test_during_a_rotation_the_old_and_the_new_secret_open_the_door(company):
    company.webhook_secret = "the-new-one, the-old-one,"
    company.save()

    answers = [
        deliver(AUTHORISED, signature=each).status_code
        for each in ("the-new-one", "the-old-one", ",", SECRET)
    ]
    assert answers == [200, 200, 403, 403]


def test_a_company_with_a_secret_of_its_own_does_not_listen_to_the_global_one(company):
    assert deliver(AUTHORISED, signature=GLOBAL_SECRET).status_code == 403


def test_a_company_without_a_secret_listens_to_every_global_one(company, settings):
    settings.PAC_WEBHOOK_SECRET = [GLOBAL_SECRET, "the-next-global-one"]
    company.webhook_secret = ""
    company.save()

    assert deliver(AUTHORISED, signature=GLOBAL_SECRET).status_code == 200
    assert deliver(AUTHORISED, signature="the-next-global-one").status_code == 200
    assert deliver(AUTHORISED, signature=SECRET).status_code == 403


@pytest.mark.parametrize("signature", [None, "", "anything"])
def test_where_no_secret_is_set_nobody_is_believed(company, settings, signature):
    settings.PAC_WEBHOOK_SECRET = ["", " "]
    company.webhook_secret = ""
    company.save()

    assert deliver(AUTHORISED, signature=signature).status_code == 403


@pytest.mark.parametrize("state", [Tenant.State.SUSPENDED, Tenant.State.CLOSED, Tenant.State.ONBOARDING])
def test_a_company_that_no_longer_issues_still_hears_about_its_documents(company, state):
    Tenant.objects.update(state=state)
    assert deliver(AUTHORISED).status_code == 200


@pytest.mark.parametrize("unknown", ["01K9CFRAS00000000000000009", "%00", "a\x00b", "é", "x" * 2000])
def test_an_unknown_company_is_answered_404_and_leaves_nothing(company, unknown):
    response = deliver(AUTHORISED, company=unknown)

    assert (response.status_code, response.json()) == (404, {"detail": "Unknown company"})
    assert not WebhookDelivery.objects.exists()


def test_the_same_id_in_two_environments_means_the_one_whose_secret_was_used(company):
    live = a_company(2, environment=Tenant.Environment.LIVE, webhook_secret="the-live-secret")

    deliver(AUTHORISED, signature="the-live-secret")
    deliver(AUTHORISED, signature=SECRET)
    deliver(AUTHORISED, signature="guessed")

    owners = list(WebhookDelivery.objects.order_by("pk").values_list("tenant", "verdict"))
    assert owners == [(live.pk, SIGNED), (company.pk, SIGNED), (live.pk, FORGED)]


def test_where_two_environments_share_their_secret_the_holder_of_the_document_is_meant(company):
    live = a_company(2, environment=Tenant.Environment.LIVE)
    Document.objects.create(
        tenant=company,
        office=Office.objects.create(tenant=company, code="0001"),
        kind="INVOICE",
        provider="alanube",
        environment=company.environment,
        document_id=DOCUMENT,
    )

    deliver(AUTHORISED)
    deliver({**AUTHORISED, "id": "01K9CFRAS00000000000000102"})

    assert list(WebhookDelivery.objects.order_by("pk").values_list("tenant", flat=True)) == [
        company.pk,
        live.pk,
    ]


def test_64_kib_are_let_in_and_one_byte_more_is_not(company):
    frame = json.dumps({**AUTHORISED, "message": ""})
    largest = {**AUTHORISED, "message": "x" * (64 * 1024 - len(frame))}

    assert deliver(largest).status_code == 200
    assert len(WebhookDelivery.objects.get().body) == 64 * 1024
    response = deliver({**largest, "message": largest["message"] + "x"})
    assert (response.status_code, response.json()) == (413, {"detail": "The body is too large"})
    assert WebhookDelivery.objects.count() == 1


UNREADABLE = {
    "empty": b"",
    "no JSON": b"id=1&legalStatus=DGI_AUTHORIZED",
    "a list": b'[{"id": "1"}]',
    "a text": b'"id"',
    "null": b"null",
    "not a number": b'{"id": "1", "total": NaN}',
    "infinity": b'{"id": "1", "total": -Infinity}',
    "not UTF-8": b'{"id": "\xff\xfe"}',
    "UTF-16": '{"id": "1"}'.encode("utf-16"),
    "a raw NUL": b'{"id": "1\x00"}',
    "too deep": b'{"a":' * 40 + b"1" + b"}" * 40,
    "far too deep": b"[" * 60_000,
    "a member twice": b'{"id": "1", "id": "2"}',
    "a member twice inside": b'{"id": "1", "error": {"code": 1, "code": 2}}',
    "a whole number without end": b'{"id": "1", "n": ' + b"9" * 10_000 + b"}",
    "an exponent without end": b'{"id": "1", "n": 1e99999999999999999999}',
    "cut short": b'{"id": "1", "legalStatus": "DGI_AU',
}


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_a_signed_body_that_is_no_json_object_is_stored_and_refused(company, body):
    response = deliver(body)

    assert (response.status_code, response.json()) == (400, {"detail": "The body must be a JSON object"})
    stored = WebhookDelivery.objects.get()
    assert (stored.verdict, stored.state, stored.due_at) == (SIGNED, WebhookDelivery.State.FAILED, None)
    assert stored.traceback


@pytest.mark.parametrize("signature", [None, "guessed"])
def test_without_a_signature_it_does_not_matter_what_the_body_is(company, signature):
    assert deliver(b"[" * 60_000, signature=signature).status_code == 403
    assert WebhookDelivery.objects.get().state == WebhookDelivery.State.IGNORED


@pytest.mark.parametrize(
    "member",
    ["\x00" * 3, "\ud800", "x" * 5000, 12, 1.5, True, None, {"a": 1}, ["a"], {}],
    ids=["NULs", "half a character", "huge", "whole", "broken", "truth", "null", "object", "list", "empty"],
)
def test_members_of_a_kind_nobody_expects_do_no_harm(company, member):
    body = {"id": member, "legalStatus": member, "cufe": member, "documentNumber": member, "message": member}
    assert deliver(body).status_code == 200
    assert "\x00" not in WebhookDelivery.objects.get().pac_document_id


def test_headers_are_kept_within_bounds(company):
    many = {f"X_Filler_{serial}": "x" * 4000 for serial in range(80)}
    assert deliver(AUTHORISED, X_User_Id="u" * 4000, **many).status_code == 200

    stored = WebhookDelivery.objects.get()
    assert len(json.dumps(stored.headers)) < 40_000
    assert len(stored.claimed_user) == 64


def test_a_probe_without_signature_is_welcome_and_only_counted(company, caplog):
    deliver(PROBE, signature=None)
    with caplog.at_level(logging.INFO, logger="invoicing"):
        response = deliver(PROBE, signature=None)

    assert (response.status_code, response.json()) == (200, {"detail": "Probe received"})
    assert not WebhookDelivery.objects.exists()
    assert str(company.uid) in caplog.text
    probe = WebhookProbe.objects.get()
    assert (probe.tenant, probe.count, probe.last_at is not None) == (company, 2, True)


def test_a_signed_probe_is_stored_like_everything_signed(company):
    assert deliver(PROBE).status_code == 200
    assert WebhookDelivery.objects.get().verdict == SIGNED


def test_a_probe_with_a_wrong_signature_is_no_probe(company):
    assert deliver(PROBE, signature="guessed").status_code == 403
    assert WebhookDelivery.objects.get().verdict == FORGED


def test_forged_deliveries_cannot_fill_the_table(company, monkeypatch, caplog):
    monkeypatch.setattr(receiving, "FORGED_KEPT_PER_HOUR", 3)

    assert {deliver(AUTHORISED, signature=f"guess {turn}").status_code for turn in range(10)} == {403}
    assert WebhookDelivery.objects.count() == 3
    assert deliver(AUTHORISED).status_code == 200
    assert WebhookDelivery.objects.filter(verdict=SIGNED).count() == 1


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete", "head"])
def test_only_posting_is_allowed(company, method):
    assert getattr(Client(), method)(reverse("invoicing:webhook", args=[COMPANY])).status_code == 405


def test_no_session_and_no_csrf_token_are_needed(company):
    response = deliver(AUTHORISED, client=Client(enforce_csrf_checks=True))
    assert response.status_code == 200
    assert not response.cookies


def test_an_address_that_is_none_is_not_stored(company, settings):
    settings.CIFRAS_PROXY_COUNT = 1
    deliver(AUTHORISED, X_Forwarded_For="203.0.113.7")
    deliver(AUTHORISED, X_Forwarded_For="unknown")
    deliver(AUTHORISED, X_Forwarded_For="fe80::1%eth0")
    assert list(WebhookDelivery.objects.order_by("pk").values_list("ip", flat=True)) == [
        "203.0.113.7",
        None,
        "fe80::1",
    ]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
names = (
    st.sampled_from(["id", "legalStatus", "cufe", "documentNumber", "message", "document", "type"])
    | st.text()
)


@trying(max_examples=40, deadline=None)
@given(st.dictionaries(names, json_values))
def test_whatever_a_json_object_says_is_read_as_clean_short_text(content):
    try:
        content = receiving.read_body(json.dumps(content).encode())
    except receiving.UnreadableBody:
        return
    event = receiving.read_event(Tenant(pac_provider="alanube"), content)
    for text, limit in [
        (event.document_id, 255),
        (event.raw_legal_status, 60),
        (event.cufe, 100),
        (event.number, 50),
    ]:
        assert isinstance(text, str) and len(text) <= limit
        assert "\x00" not in text
        text.encode()
