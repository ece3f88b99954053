"""What a log line may not show, whoever wrote it."""

import io
import json
import logging

import pytest

from cifras.core.masking import MaskingFilter, mask

CANARY = "canary-5f2c9e"


@pytest.fixture
def log() -> tuple[logging.Logger, io.StringIO]:
    """A logger of its own whose handler masks, and what it wrote."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.addFilter(MaskingFilter())
    logger = logging.Logger("a-test")
    logger.addHandler(handler)
    return logger, written


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {CANARY}",
        f"{{'Authorization': 'Bearer {CANARY}'}}",
        f"sent with bearer {CANARY}, refused",
        json.dumps({"certificatePassword": CANARY, "ruc": "1-2-3"}),
        json.dumps({"certificate": CANARY * 40}),
        json.dumps({"payload": json.dumps({"certificatePassword": CANARY})}),
        json.dumps({"password": f'quote " and {CANARY}'}),
        json.dumps({"authenticationCertificate": CANARY})[:-4],
        f"X-Pac-Signature: {CANARY}",
        f"{{'X-Pac-Signature': '{CANARY}'}}",
        f'webhookSecret="{CANARY}"',
        f"PAC_API_KEY={CANARY}",
        f"https://files.example/a.pdf?X-Amz-Signature={CANARY}&x=1",
        f"cannot reach redis://:{CANARY}@broker:6379/0",
        f"cannot reach postgres://cifras:{CANARY}@database/cifras",
        f"Tandia-Signature: eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.{CANARY}",
    ],
)
def test_a_secret_is_masked(text: str) -> None:
    assert CANARY not in mask(text)
    assert "***" in mask(text)


@pytest.mark.parametrize(
    "text",
    [
        "Document 0000000123 of tenant 01HTX was authorised: CUFE FE01200001234",
        "The certificate expires on 2027-01-01; the password is not kept",
        '{"certificate_password_env": "P12_PASSWORD", "legalStatus": "DGI_AUTHORIZED"}',
        "GET https://api.example/pan/v1/invoices/01HTX?idCompany=01HTY 200 in 41 ms",
        "anulación pedida a las 10:30 por lucía@empresa.example",
    ],
)
def test_what_is_no_secret_stays_readable(text: str) -> None:
    assert mask(text) == text


def test_what_stands_beside_a_secret_stays_readable() -> None:
    assert (
        mask(f'{{"password": "{CANARY}", "ruc": "155596713-2-2015"}}')
        == '{"password": ***, "ruc": "155596713-2-2015"}'
    )


def test_arguments_and_tracebacks_are_masked(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, written = log
    try:
        raise ValueError(f"refused: api_key={CANARY}")
    except ValueError:
        logger.exception("The answer to %s was no", {"password": CANARY})
    assert CANARY not in written.getvalue()
    assert "Traceback" in written.getvalue()
    assert "refused: api_key=***" in written.getvalue()


def test_a_value_cannot_forge_a_second_record(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, written = log
    logger.warning("Unknown word %s", "OK\r\n2026-11-21 INFO all is well\x1b[2J\u2028end")
    assert written.getvalue() == "Unknown word OK\\r\\n2026-11-21 INFO all is well\\x1b[2J\\u2028end\n"


def test_a_log_call_with_wrong_arguments_does_not_fail_the_act(
    log: tuple[logging.Logger, io.StringIO],
) -> None:
    logger, written = log
    logger.warning("%d documents", "many", "more")
    assert "documents" in written.getvalue()


def test_other_handlers_keep_the_record_as_it_was(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, _ = log
    kept: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = kept.append  # type: ignore[method-assign]
    logger.addHandler(handler)
    logger.warning("password=%s", "x" * 10)
    assert kept[0].args == ("x" * 10,)
