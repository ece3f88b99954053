"""The code tables say what the DGI's papers say."""

import re
import unicodedata
from decimal import Decimal

import pytest

from cifras.fiscal.catalogues import dgi, places
from cifras.fiscal.errors import RuleBroken
from tests.fiscal.drafts import read_csv


def test_the_codes_of_every_table() -> None:
    tables = {
        dgi.DocumentType: "01 02 03 04 05 06 07 08 09 10",
        dgi.Emission: "01 02 03 04",
        dgi.Nature: "01 02 03 04 10 11 12 13 14 20 21",
        dgi.Receiver: "01 02 03 04",
        dgi.ForeignIdType: "01 02 99",
        dgi.PaymentMethod: "01 02 03 04 05 06 07 08 09 99",
        dgi.Oti: "01 02 03 04 05 06 07 08 09 10 11",
        dgi.Retention: "1 2 3 4 7 8",
    }
    for table, codes in tables.items():
        assert [member.value for member in table] == codes.split(), table
        assert all(member.label and table.knows(member.value) for member in table)
    assert not dgi.Retention.knows("5")
    for numbers, expected in {
        dgi.OperationType: 2,
        dgi.Destination: 2,
        dgi.SaleType: 4,
        dgi.PaymentTerm: 3,
    }.items():
        assert [int(member) for member in numbers] == list(range(1, expected + 1))
        assert all(member.label for member in numbers)


def test_a_code_is_its_own_text_and_has_a_label() -> None:
    assert dgi.DocumentType.CREDIT_NOTE == "04"
    assert f"{dgi.PaymentMethod.OTHER}" == "99"
    assert dgi.Receiver("03").label == "Gobierno"


@pytest.mark.parametrize(
    ("rate", "code"), [("0", "00"), ("0.00", "00"), ("7", "01"), ("10.0", "02"), ("15", "03")]
)
def test_an_itbms_rate_has_its_code_and_back(rate: str, code: str) -> None:
    assert dgi.itbms_code(Decimal(rate)) == code
    assert dgi.itbms_rate(code) == Decimal(rate)


def test_another_rate_or_code_is_refused() -> None:
    with pytest.raises(RuleBroken) as rate:
        dgi.itbms_code(Decimal("18"), "lines[1].tax_rate")
    assert (rate.value.code, rate.value.field) == ("tax_rate_unknown", "lines[1].tax_rate")
    assert "18 %" in rate.value.message
    with pytest.raises(RuleBroken) as code:
        dgi.itbms_rate("04")
    assert "04" in code.value.message


def test_the_retention_percentages() -> None:
    percents = {code: percent and int(percent) for code, percent in dgi.RETENTION_PERCENT.items()}
    assert percents == {"1": 100, "2": 50, "3": 100, "4": 50, "7": 50, "8": None}


@pytest.mark.parametrize("code", ["10", "95", "9010", "8111", "1411"])
def test_a_cpbs_code_is_a_segment_or_a_family(code: str) -> None:
    assert dgi.require_cpbs(code) == code


@pytest.mark.parametrize("code", ["", "9", "09", "96", "901", "90101", "ABCD", "0910", "٩٠١٠"])
def test_any_other_cpbs_code_is_refused(code: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        dgi.require_cpbs(code, "lines[0].cpbs_code")
    assert (refused.value.code, refused.value.field) == ("cpbs_shape", "lines[0].cpbs_code")
    assert refused.value.message


def letters(*names: str) -> str:
    """Names without case, accents and punctuation: the sample was split at its own dashes."""
    plain = unicodedata.normalize("NFD", "".join(names)).upper()
    return re.sub("[^A-Z0-9]", "", plain)


@pytest.mark.parametrize("row", read_csv("dgi_locations_sample.csv"), ids=lambda row: str(row["code"]))
def test_the_sampled_places_are_known_by_name(row: dict[str, str]) -> None:
    assert places.require_location(row["code"]) == row["code"]
    place = places.LOCATIONS[row["code"]]
    assert letters(*place) == letters(row["province"], row["district"], row["corregimiento"])


def test_the_table_of_places_holds_nothing_else() -> None:
    assert set(places.LOCATIONS) == {row["code"] for row in read_csv("dgi_locations_sample.csv")}
    assert set(places.PROVINCES) == set(range(1, 14))


def test_a_place_we_have_no_name_for_is_good_by_its_form() -> None:
    assert places.require_location("13-5-4") == "13-5-4"


@pytest.mark.parametrize(
    "code", ["", "8-8", "08-08-07", "14-1-1", "0-1-1", "8-8-100", "8-8-7 ", "88007", "8-0-1"]
)
def test_a_malformed_place_is_refused(code: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        places.require_location(code, "receiver.location")
    assert (refused.value.code, refused.value.field) == ("location_shape", "receiver.location")
    assert refused.value.message
