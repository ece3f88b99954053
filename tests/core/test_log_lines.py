"""Production's log: one line of JSON per record, tied to its act, with nothing in it that must not be read."""

import io
import json
import logging
from contextvars import Context

import pytest

from cifras.core.context import act_context
from cifras.core.log_lines import JsonLines
from cifras.core.masking import MaskingFilter
from cifras.settings.logs import logging_settings

CANARY = "canary-77f0a1"


@pytest.fixture
def written() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def logger(written: io.StringIO) -> logging.Logger:
    """With a handler as production's: filter and formatter."""
    logger = logging.Logger("cifras.test")
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonLines())
    handler.addFilter(MaskingFilter())
    logger.addHandler(handler)
    return logger


def test_a_record_is_one_line_with_time_level_place_and_the_id_of_its_act(
    logger: logging.Logger, written: io.StringIO
) -> None:
    with act_context() as correlation_id:
        logger.warning("The %s did not answer", "broker")
    Context().run(logger.info, "outside of any act")
    first, second = (json.loads(line) for line in written.getvalue().splitlines())
    assert first["event"] == "The broker did not answer"
    assert (first["level"], first["logger"], first["correlation_id"]) == (
        "warning",
        "cifras.test",
        correlation_id,
    )
    assert first["timestamp"].endswith("Z")
    assert "correlation_id" not in second


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\x85", "\u2028", "\x1b[2J", "\x00"])
def test_a_value_cannot_forge_a_second_record(
    logger: logging.Logger, written: io.StringIO, ending: str
) -> None:
    logger.info("Unknown user %s", f'ana{ending}{{"event": "ana signed in"}}')
    [line] = written.getvalue().splitlines()
    assert json.loads(line)["event"].startswith("Unknown user ana\\")


def test_a_secret_shows_neither_in_the_message_nor_in_the_traceback(
    logger: logging.Logger, written: io.StringIO
) -> None:
    try:
        raise ValueError(f"refused: api_key={CANARY}")
    except ValueError:
        logger.exception("Sent %s", {"certificatePassword": CANARY}, stack_info=True)
    [line] = written.getvalue().splitlines()
    assert CANARY not in line
    told = json.loads(line)
    assert "Traceback" in told["exception"]
    assert "api_key=***" in told["exception"]
    assert told["exception"].count("\n") > 1
    assert "test_log_lines" in told["stack"]


def test_a_call_with_the_wrong_arguments_is_written_and_masked(
    logger: logging.Logger, written: io.StringIO
) -> None:
    logger.error("Sent %s and %s", f"token={CANARY}")
    [line] = written.getvalue().splitlines()
    assert json.loads(line)["event"].startswith("Sent %s and %s")
    assert CANARY not in line


def test_production_writes_json_and_a_developers_machine_lines() -> None:
    def formatter(*, as_json: bool) -> object:
        settings = logging_settings("INFO", as_json=as_json)
        assert settings["handlers"]["stderr"]["filters"] == ["masking"]
        return settings["handlers"]["stderr"]["formatter"]

    assert (formatter(as_json=True), formatter(as_json=False)) == ("json", "line")
