"""Fabo's text bodies: what is said arrives as it was said, and nothing that was typed becomes a property of its own."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cifras.fiscal.errors import RuleBroken
from cifras.pac.fabo.text import decode, encode

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "fabo"
WRITTEN = json.loads((GOLDEN / "fabo_text.json").read_text(encoding="utf-8"), parse_float=Decimal)
READ = json.loads((GOLDEN / "fabo_text_decode.json").read_text(encoding="utf-8"))

NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,12}", fullmatch=True).filter(
    lambda name: not name.startswith("sunat_observacion")
)
TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=40)
NUMBERS = st.integers(-(10**13), 10**13) | st.decimals(-(10**9), 10**9, places=4)
VALUES = TEXTS | NUMBERS | st.booleans() | st.none()


@pytest.mark.parametrize("vector", WRITTEN, ids=lambda vector: vector["name"])
def test_an_object_is_written_as_the_vectors_show(vector: dict[str, Any]) -> None:
    if vector["text"] is None:
        with pytest.raises(RuleBroken):
            encode(vector["object"])
    else:
        assert encode(vector["object"]) == vector["text"]


@pytest.mark.parametrize("vector", READ, ids=lambda vector: vector["name"])
def test_an_answer_is_read_as_the_vectors_show(vector: dict[str, Any]) -> None:
    assert decode(vector["text"]) == vector["object"]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (True, "1"),
        (False, "0"),
        ("false", "false"),
        (1.0, "1"),
        (0.1, "0.1"),
        (1e-10, "0.0000000001"),
        (Decimal("1E+3"), "1000"),
        (Decimal("10.50"), "10.5"),
        (Decimal("-0.00"), "0"),
        (Decimal("123456789012.3456"), "123456789012.35"),
        (Decimal("12345678901234.56"), "12345678901235"),
        (Decimal("99999999999999.96"), "100000000000000"),
        (123456789012345, "123456789012345"),
        ("\tdos \u2028 líneas\r\n ", "dos líneas"),
        ("", ""),
    ],
)
def test_a_value_is_written_in_its_shortest_form_on_one_line(value: Any, written: str) -> None:
    assert encode({"a": value}) == f"a: {written}\n"


@pytest.mark.parametrize(
    "mapping",
    [
        {"con-guion": "x"},
        {"con espacio": "x"},
        {"dos:puntos": "x"},
        {"Mayúscula": "x"},
        {"": "x"},
        {"lista": ["uno", "dos"]},
        {"objeto": {"a": 1}},
        {"items": [{"dentro": [{"a": 1}]}]},
        {"items": [{"con-guion": 1}]},
        {"a": 1234567890123456},
        {"a": Decimal("999999999999999.6")},
        {"a": Decimal(10) ** 40},
        {"a": Decimal("NaN")},
        {"a": float("inf")},
        {"a": object()},
    ],
)
def test_what_the_format_cannot_say_is_refused(mapping: dict[str, Any]) -> None:
    with pytest.raises(RuleBroken):
        encode(mapping)


def test_lines_that_are_none_are_kept_and_do_no_harm() -> None:
    assert decode("") == {}
    assert decode("<html>\r\na: 1\r\n\r\na: 2\r\n") == {"_unparsed": ["<html>"], "a": ["1", "2"]}
    assert decode("a: b\u2028c\n") == {"a": "b\u2028c"}


@given(st.dictionaries(NAMES, VALUES, max_size=6))
def test_any_flat_object_survives_the_journey(mapping: dict[str, Any]) -> None:
    try:
        text = encode(mapping)
    except RuleBroken as refusal:
        assert refusal.code == "text_number"
        return
    said = {name: value for name, value in mapping.items() if value is not None}
    read = decode(text)
    assert list(read) == list(said)
    for name, value in said.items():
        if isinstance(value, bool):
            assert read[name] == str(int(value))
        elif isinstance(value, str):
            assert "".join(read[name].split()) == "".join(value.split())
        else:
            assert Decimal(read[name]) == Decimal(value)


@given(st.lists(st.dictionaries(NAMES, TEXTS, min_size=1, max_size=3), max_size=4), TEXTS)
def test_no_text_ever_adds_a_line(rows: list[dict[str, str]], name: str) -> None:
    text = encode({"razon_social": name, "items": rows})
    assert text.count("\n") == 1 + sum(len(row) for row in rows)
    assert all(line.startswith(("razon_social: ", "items-")) for line in text.split("\n")[:-1])
