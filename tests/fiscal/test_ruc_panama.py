"""RUC and DV: every public pair, every case the paper leaves open, and anything a form may bring."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cifras.fiscal import ruc
from cifras.fiscal.document import Contributor
from cifras.fiscal.errors import CannotVerifyLocally, RuleBroken
from cifras.fiscal.ruc.panama import check_digit, compact, is_juridical, is_natural_id, validate
from tests.fiscal.drafts import read_csv

PAIRS = [(row["ruc"], row["type"], row["dv"]) for row in read_csv("ruc_dv.csv")]
OBSERVED = [
    ("155646463-2-2017", "86"),
    ("155664844-2-2018", "64"),
    ("434-15-93796", "22"),
    ("630-483-123250", "16"),
    ("45400-2-299934", "09"),
    ("253-92-57027", "76"),
]


@pytest.mark.parametrize(("number", "contributor", "dv"), PAIRS)
def test_every_public_pair_agrees(number: str, contributor: str, dv: str) -> None:
    assert check_digit(number, contributor) == dv
    assert validate(number, contributor, dv) == number


@pytest.mark.parametrize(("number", "dv"), OBSERVED)
def test_the_pairs_seen_on_real_documents_agree(number: str, dv: str) -> None:
    assert check_digit(number, Contributor.JURIDICO) == dv


@pytest.mark.parametrize("row", read_csv("cufe.csv"), ids=lambda row: str(row["ruc"]))
def test_the_dv_inside_every_real_cufe_agrees(row: dict[str, str]) -> None:
    contributor = {"1": "NATURAL", "2": "JURIDICO"}[row["ruc_type"]]
    assert check_digit(row["ruc"], contributor) == row["dv"]


@pytest.mark.parametrize("row", read_csv("ruc_dv_invalid.csv"), ids=lambda row: str(row["why"]))
def test_a_wrong_dv_is_refused_with_the_right_one_beside_it(row: dict[str, str]) -> None:
    with pytest.raises(RuleBroken) as refused:
        validate(row["ruc"], row["type"], row["wrong_dv"])
    assert (refused.value.code, refused.value.field) == ("dv_mismatch", "dv")
    assert check_digit(row["ruc"], row["type"]) in refused.value.message


@pytest.mark.parametrize("row", read_csv("ruc_old_crossref.csv"), ids=lambda row: str(row["positions_6_7"]))
def test_an_old_ruc_is_computed_with_its_thousands_replaced(row: dict[str, str]) -> None:
    """The replacement makes both numbers the same to the formula, as long as both are old ones."""
    replaced = int(row["replacement"])
    original = f"{int(row['positions_6_7'])}123-45-678".removeprefix("0")
    assert check_digit(original, "JURIDICO") == check_digit(f"{replaced}123-45-678".lstrip("0"), "JURIDICO")


def test_the_official_example_of_a_foreigner_with_a_long_tomo() -> None:
    assert check_digit("E-8788-26", "NATURAL") == "50"


@pytest.mark.parametrize(
    ("number", "contributor"),
    [
        ("N-7824-53189", "NATURAL"),
        ("PE-1234-567", "NATURAL"),
        ("8AV-1234-19", "NATURAL"),
        ("8PI-1234-19", "NATURAL"),
        ("8-442-123456", "NATURAL"),
        ("PE-1-123456", "NATURAL"),
        ("8AV-1-123456", "NATURAL"),
        ("8PI-1-123456", "NATURAL"),
        ("8-NT-1234-56", "NATURAL"),
        ("8-NT-1234-56", "JURIDICO"),
        ("8-NT-1-12345678", "JURIDICO"),
        ("E-1-1234567", "NATURAL"),
        ("E-8788-123456", "NATURAL"),
        ("8-0274-125", "NATURAL"),
        ("11947-1027-0229562", "JURIDICO"),
        ("12345-8001", "JURIDICO"),
    ],
)
def test_what_the_paper_leaves_open_is_left_to_the_provider(number: str, contributor: str) -> None:
    with pytest.raises(CannotVerifyLocally) as refused:
        check_digit(number, contributor)
    assert refused.value.code == "dv_open"
    with pytest.raises(CannotVerifyLocally):
        validate(number, contributor, "00")


@pytest.mark.parametrize(
    ("number", "contributor", "dv", "code"),
    [
        ("", "JURIDICO", "59", "ruc_missing"),
        ("   ", "JURIDICO", "59", "ruc_missing"),
        ("000", "JURIDICO", "59", "ruc_missing"),
        ("155596713-2-2015-155596", "JURIDICO", "59", "ruc_too_long"),
        ("155596713/2/2015", "JURIDICO", "59", "ruc_characters"),
        ("155596713-2-2015 DV 59", "JURIDICO", "59", "ruc_shape"),
        ("٨-٢٧٤-١٢٥", "NATURAL", "91", "ruc_characters"),
        ("15559671322015", "JURIDICO", "59", "ruc_shape"),
        ("14-274-125", "NATURAL", "91", "ruc_shape"),
        ("8-27431-125", "NATURAL", "91", "ruc_shape"),
        ("PE-1-19", "JURIDICO", "60", "ruc_shape"),
        ("155596713-2-2015", "NATURAL", "59", "ruc_shape"),
        ("155596713-2-2015", "PERSONA", "59", "contributor_unknown"),
        ("155596713-2-2015", "JURIDICO", "", "dv_missing"),
        ("155596713-2-2015", "JURIDICO", "9", "dv_shape"),
        ("155596713-2-2015", "JURIDICO", "5 9", "dv_shape"),
        ("155587169-2-2014", "JURIDICO", "9", "dv_shape"),
        ("8-274-125", "NATURAL", "92", "dv_mismatch"),
    ],
)
def test_each_mistake_has_its_own_code(number: str, contributor: str, dv: str, code: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        validate(number, contributor, dv)
    assert refused.value.code == code
    assert refused.value.message
    assert refused.value.field in {"ruc", "dv", "contributor"}


def test_the_same_text_has_another_dv_for_a_person_and_for_an_entity() -> None:
    assert check_digit("8-NT-1-123456", "natural") == "76"
    assert check_digit("8-NT-1-123456", "juridico") == "52"
    assert check_digit("29-29-29", "JURIDICO")
    with pytest.raises(RuleBroken):
        check_digit("29-29-29", "NATURAL")


def test_a_ruc_is_cleaned_before_it_is_judged() -> None:
    assert compact(" 8–442—445 ") == "8-442-445"
    assert compact("pe-1-19") == "PE-1-19"
    assert compact("00000155596713-2-2015") == "155596713-2-2015"
    assert validate(" 8 - 442 - 445", Contributor.NATURAL, " 08 ") == "8-442-445"


@pytest.mark.parametrize(
    "person", ["8-442-445", "13-1-1", "PE-1-19", "E-8-110361", "N-19-1821", "8AV-1-196", "8PI-1-80"]
)
def test_a_persons_id_is_recognised_by_its_shape(person: str) -> None:
    assert is_natural_id(person)
    assert not is_juridical(person)
    assert not is_natural_id(person, "JURIDICO")


@pytest.mark.parametrize("entity", ["155596713-2-2015", "253-92-57027", "14-1-1"])
def test_an_entity_is_recognised_when_no_person_can_have_its_number(entity: str) -> None:
    assert is_juridical(entity)
    assert not is_natural_id(entity)


def test_an_nt_number_belongs_to_whom_it_is_said_to_belong() -> None:
    assert not is_natural_id("8-NT-1-24")
    assert not is_juridical("8-NT-1-24")
    assert is_natural_id("8-NT-1-24", Contributor.NATURAL)
    assert is_juridical("8-NT-1-24", Contributor.JURIDICO)


def test_the_package_offers_the_country_by_name() -> None:
    assert ruc.panama.check_digit("8-274-125", "NATURAL") == "91"


def test_the_examples_in_the_text_are_true() -> None:
    tried = doctest.testmod(ruc.panama)
    assert tried.attempted >= 2
    assert tried.failed == 0


ALPHABET = st.text("0123456789-ENPTAVI ", max_size=24) | st.text(max_size=24)
ANYTHING = ALPHABET | st.none() | st.integers() | st.binary(max_size=5)


@given(ANYTHING, st.sampled_from(["NATURAL", "JURIDICO"]) | ANYTHING, st.from_regex("[0-9]{2}") | ANYTHING)
def test_whatever_a_form_brings_is_a_clean_ruc_or_a_refusal(number: str, contributor: str, dv: str) -> None:
    for ask in (is_natural_id, is_juridical):
        assert ask(number) in {True, False}
    try:
        assert validate(number, contributor, dv) == compact(number)
    except RuleBroken as error:
        assert error.message


@given(st.integers(1, 13), st.integers(1, 9999), st.integers(1, 99999))
def test_the_dv_of_a_cedula_is_always_two_digits_that_it_accepts_back(
    province: int, book: int, entry: int
) -> None:
    number = f"{province}-{book}-{entry}"
    dv = check_digit(number, "NATURAL")
    assert len(dv) == 2
    assert validate(number, "natural", dv) == number
