"""Peru's RUC: eleven digits whose last one must fit, whatever blanks or dashes were typed."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cifras.fiscal.errors import RuleBroken
from cifras.fiscal.ruc import peru

VECTORS = json.loads((Path(__file__).parent / "vectors" / "peru_ruc.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("ruc", VECTORS["valid"])
def test_a_real_ruc_comes_back_clean(ruc: str) -> None:
    assert peru.validate(ruc) == ruc
    assert peru.validate(f" {ruc[:2]}-{ruc[2:]} ") == ruc


@pytest.mark.parametrize(("ruc", "why"), VECTORS["invalid"])
def test_what_is_none_is_refused_by_name(ruc: str, why: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        peru.validate(ruc)
    expected = "ruc_check_digit" if "check digit" in why else "ruc_prefix" if "prefix" in why else "ruc_shape"
    assert refused.value.code == ("ruc_missing" if not ruc else expected)
    assert refused.value.field == "ruc"


@pytest.mark.parametrize(("first_ten", "digit"), VECTORS["check_digit"].items())
def test_the_check_digit_of_the_vectors(first_ten: str, digit: str) -> None:
    assert peru.check_digit(first_ten) == digit


@pytest.mark.parametrize("text", ["123456789", "12345678901", "12345678x0", ""])
def test_the_digit_is_reckoned_over_ten_digits_only(text: str) -> None:
    with pytest.raises(RuleBroken):
        peru.check_digit(text)


@pytest.mark.parametrize(("ruc", "dni"), [*VECTORS["to_dni"].items(), ("20131312955", "")])
def test_a_natural_persons_ruc_holds_the_dni(ruc: str, dni: str) -> None:
    assert peru.to_dni(ruc) == dni


@given(st.sampled_from(peru.PREFIXES), st.from_regex(r"[0-9]{8}", fullmatch=True), st.integers(1, 9))
def test_one_digit_mistyped_never_passes(prefix: str, rest: str, shift: int) -> None:
    ruc = prefix + rest + peru.check_digit(prefix + rest)
    assert peru.validate(ruc) == ruc
    wrong = ruc[:-1] + str((int(ruc[-1]) + shift) % 10)
    with pytest.raises(RuleBroken, match="último dígito"):
        peru.validate(wrong)
