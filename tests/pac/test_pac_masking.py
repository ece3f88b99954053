"""What is kept of an exchange holds no secret, and otherwise every byte."""

import json

import pytest

from cifras.pac.masking import masked_body, masked_headers, masked_url


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "proxy-authorization",
        "X-Pac-Signature",
        "Cookie",
        "Set-Cookie",
        "X-Api-Key",
        "X-Auth-Token",
    ],
)
def test_secret_headers_are_hidden_whatever_their_case(name: str) -> None:
    assert masked_headers({name: "canary", "Accept": "application/json"}) == {
        name: "***",
        "Accept": "application/json",
    }


@pytest.mark.parametrize(
    "name",
    [
        "certificatePassword",
        "password",
        "webhookSecret",
        "api_key",
        "accessToken",
        "privateKey",
        "client-secret",
    ],
)
def test_secret_members_are_hidden_at_any_depth(name: str) -> None:
    kept = masked_body(json.dumps({"a": [{"b": {name: "canary", "ruc": "8-274-125"}}]}))
    assert json.loads(kept) == {"a": [{"b": {name: "***", "ruc": "8-274-125"}}]}


def test_a_certificate_leaves_only_its_length() -> None:
    body = {"certificates": {"signature": {"extension": "p12", "password": "canary", "content": "TUlJQw=="}}}
    signature = json.loads(masked_body(json.dumps(body)))["certificates"]["signature"]
    assert signature == {"extension": "p12", "password": "***", "content": "(8 characters)"}


def test_the_headers_a_provider_is_told_to_send_are_secrets() -> None:
    hook = {"url": "https://cifras.test/hook", "headers": {"X-Key": "canary"}}
    assert json.loads(masked_body(json.dumps(hook)))["headers"] == {"X-Key": "***"}


def test_a_body_without_secrets_is_kept_to_the_byte() -> None:
    body = '{ "total": 1.10, "big": 12345678901234567890.123456, "text": "\\u00f1 ñ \\ud800" }'
    assert masked_body(body) == body


def test_a_missing_secret_is_seen_to_be_missing() -> None:
    assert masked_body('{"password": null, "hasToken": false}') == '{"password": null, "hasToken": false}'


@pytest.mark.parametrize(
    "cut",
    ['{"certificatePassword": "canary', '{"webhookSecret":"canary","a":', '{"a":[{"content" : "canary"}'],
)
def test_a_body_that_was_cut_short_keeps_no_secret(cut: str) -> None:
    assert "canary" not in masked_body(cut)


def test_a_secret_that_is_known_is_taken_out_wherever_it_stands() -> None:
    assert masked_body("<pre>Bearer canary-1</pre>", secrets=["canary-1"]) == "<pre>Bearer ***</pre>"


@pytest.mark.parametrize("text", ["[" * 200_000, '{"a":' * 3000 + "1" + "}" * 3000], ids=["open", "closed"])
def test_nesting_without_end_is_kept_as_text(text: str) -> None:
    assert masked_body(text) == text[:200_000]


def test_what_is_endless_is_cut() -> None:
    assert len(masked_body("x" * 1_000_000)) == 200_000


def test_a_database_can_keep_what_is_left() -> None:
    kept = masked_body('{"password": "x", "text": "\\ud800"}') + masked_body("a\x00b")
    assert "\x00" not in kept
    assert kept.encode()


def test_an_address_loses_its_user() -> None:
    assert masked_url("https://user:canary@pac.test/a?b=c@d") == "https://***@pac.test/a?b=c@d"
    assert masked_url("https://pac.test/a@b") == "https://pac.test/a@b"
