"""A webhook is a hint in several shapes; whatever it holds, reading it does no harm."""

from typing import Any

import pytest

from cifras.pac.alanube.webhook import parse_event
from cifras.pac.contract import PacEvent
from tests.pac.golden import CUFE, DOCUMENT_ID, example, names

EVENTS = {
    "hook-01": PacEvent(DOCUMENT_ID, "DGI_AUTHORIZED", CUFE, message="Autorizado el uso de la FE"),
    "hook-02": PacEvent(
        "01K9CFRAS00000000000000104", "PAC_REJECTED", message="Document numeration already used"
    ),
    "hook-03": PacEvent(DOCUMENT_ID, "DGI_AUTHORIZED", number="0000000101"),
    "hook-04": PacEvent(message="Test message", is_probe=True),
}


def test_every_hook_of_the_contract_is_here() -> None:
    assert sorted(EVENTS) == sorted(name[:7] for name in names("hook"))


@pytest.mark.parametrize("name", EVENTS)
def test_a_hook_of_the_contract(name: str) -> None:
    assert parse_event(example(name)["body"]) == EVENTS[name]


def test_an_unknown_word_is_kept() -> None:
    assert parse_event({"id": "1", "legalStatus": "NEW_WORD", "novelty": [1]}).raw_legal_status == "NEW_WORD"


def test_numbers_in_place_of_texts_are_read() -> None:
    assert parse_event({"id": 7, "documentNumber": 101}) == PacEvent("7", number="101")


@pytest.mark.parametrize("odd", [None, True, [], {}, 1.5])
def test_odd_members_are_empty(odd: Any) -> None:
    event = parse_event({"id": odd, "legalStatus": odd, "cufe": odd, "message": odd, "documentNumber": odd})
    assert event == PacEvent(is_probe=True)


def test_what_is_endless_is_cut_and_what_cannot_be_kept_is_replaced() -> None:
    event = parse_event({"id": "a\x00\ud800", "message": "x" * 10_000})
    assert event.document_id == "a\ufffd?"
    assert len(event.message) == 500
