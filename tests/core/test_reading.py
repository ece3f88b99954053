"""JSON is read strictly: every member known, every type right, all reasons at once, each with its path."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from cifras.core.reading import Reader, parse_json
from cifras.fiscal.errors import RuleBroken, RulesBroken


def reasons(reader: Reader) -> list[tuple[str, str]]:
    with pytest.raises(RulesBroken) as refused:
        reader.finish()
    return [(reason.code, reason.field) for reason in refused.value.reasons]


def test_every_kind_of_member_is_read_as_what_it_is() -> None:
    reader = Reader(
        parse_json(
            '{"name": " Ana ", "kind": "a", "yes": true, "count": 3, "rate": 7.10, "price": "1.5",'
            ' "on": "2026-11-21", "at": "2026-11-21T10:30:00-05:00", "mails": ["x@y.pa"], "inner": {"deep": "er"},'
            ' "rows": [{"code": "1"}, "2"], "nothing": null}'
        )
    )
    assert reader.text("name") == "Ana"
    assert reader.choice("kind", ["a", "b"]) == "a"
    assert reader.boolean("yes") is True
    assert reader.integer("count") == 3
    assert reader.amount("rate") == Decimal("7.10")
    assert reader.amount("price") == Decimal("1.5")
    assert reader.day("on") == date(2026, 11, 21)
    moment = reader.moment("at")
    assert moment is not None
    assert moment.utcoffset() == timedelta(hours=-5)
    assert reader.texts("mails") == ("x@y.pa",)
    inner = reader.object("inner")
    assert inner is not None
    assert inner.text("deep") == "er"
    assert [row.text("code") for row in reader.objects("rows", short="code")] == ["1", "2"]
    assert reader.optional_amount("nothing") is None
    assert reader.text("absent", default="other") == "other"
    reader.finish()


def test_all_reasons_are_said_at_once_with_their_paths() -> None:
    reader = Reader(
        {
            "name": 7,
            "kind": "c",
            "count": "3",
            "rows": [{"code": 1}, {"code": "x", "more": 1}, "text"],
            "inner": [],
            "at": "2026-11-21T10:30:00",
            "on": "21/11/2026",
            "rate": "1,5",
            "strange": 1,
        }
    )
    reader.text("name")
    reader.text("missing")
    reader.choice("kind", ["a", "b"])
    reader.integer("count")
    [row.text("code") for row in reader.objects("rows")]
    reader.object("inner")
    reader.moment("at")
    reader.day("on")
    reader.amount("rate")
    assert sorted(reasons(reader)) == [
        ("bad_date", "on"),
        ("bad_time", "at"),
        ("missing", "missing"),
        ("not_a_choice", "kind"),
        ("not_an_amount", "rate"),
        ("unknown_member", "rows[1].more"),
        ("unknown_member", "strange"),
        ("wrong_type", "count"),
        ("wrong_type", "inner"),
        ("wrong_type", "name"),
        ("wrong_type", "rows[0].code"),
        ("wrong_type", "rows[2]"),
    ]


@pytest.mark.parametrize("value", ["", "   "])
def test_a_required_text_may_not_be_blank(value: str) -> None:
    reader = Reader({"name": value})
    assert reader.text("name") == ""
    assert reasons(reader) == [("missing", "name")]


@pytest.mark.parametrize("value", ["x" * 11, "nul\x00", "half \ud83d"])
def test_a_text_that_cannot_be_stored_is_refused(value: str) -> None:
    reader = Reader({"name": value, "names": [value]})
    reader.text("name", longest=10)
    reader.texts("names", longest=10)
    assert reasons(reader) == [("bad_text", "name"), ("bad_text", "names[0]")]


def test_a_required_list_may_not_be_empty() -> None:
    reader = Reader({"rows": []})
    assert list(reader.objects("rows", required=True)) == []
    assert reasons(reader) == [("empty_list", "rows")]


@pytest.mark.parametrize("value", [1, "text", [], None, True])
def test_what_is_no_object_is_refused_as_such(value: Any) -> None:
    assert reasons(Reader(value))[0] == ("wrong_type", "")


@pytest.mark.parametrize("value", [True, "yes", 1.0])
def test_a_whole_number_is_neither_truth_nor_text_nor_fraction(value: Any) -> None:
    reader = Reader({"count": value})
    reader.integer("count")
    assert reasons(reader) == [("wrong_type", "count")]


def test_fractions_are_decimal_from_the_first_byte() -> None:
    assert parse_json('{"amount": 0.1}') == {"amount": Decimal("0.1")}


@pytest.mark.parametrize(
    "text",
    ["", "{", '{"a": 1', '{"a": NaN}', '{"a": -Infinity}', '{"a": 1, "a": 2}', "[" * 100_000, "9" * 5000],
    ids=["empty", "open", "cut", "nan", "infinity", "twice", "nested", "endless number"],
)
def test_what_json_leaves_open_is_refused(text: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        parse_json(text)
    assert refused.value.code == "not_json"
    assert refused.value.message


def test_a_member_of_the_wrong_shape_is_one_mistake_and_not_two() -> None:
    reader = Reader({"rows": {}, "inner": []})
    list(reader.objects("rows", required=True))
    inner = reader.object("inner")
    assert inner is not None
    inner.text("code")
    assert reasons(reader) == [("wrong_type", "rows"), ("wrong_type", "inner")]
