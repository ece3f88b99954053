"""The sandbox repeats the DGI's law by itself, so it is held against the public vectors by itself."""

import csv
import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from cifras.sandbox import cufe, taxpayer
from cifras.sandbox.amounts import compute, retention

VECTORS = Path(__file__).parent / "vectors"
KINDS = {"natural": taxpayer.NATURAL, "juridico": taxpayer.JURIDICO}


def rows(name: str) -> list[dict[str, str]]:
    with (VECTORS / name).open() as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("row", rows("ruc_dv.csv"), ids=lambda row: f"{row['ruc']}-{row['type']}")
def test_the_check_digit_of_a_ruc_is_the_published_one(row: dict[str, str]) -> None:
    assert taxpayer.check_digit(row["ruc"], KINDS[row["type"]]) == row["dv"]


@pytest.mark.parametrize("row", rows("ruc_dv_invalid.csv"), ids=lambda row: row["why"])
def test_a_wrong_check_digit_is_not_the_computed_one(row: dict[str, str]) -> None:
    assert taxpayer.check_digit(row["ruc"], KINDS[row["type"]]) != row["wrong_dv"]


@pytest.mark.parametrize("ruc", ["", "155596713-2-201559-1", "1555967132 2015", "155596713-2-2015 DV 59"])
def test_what_is_no_ruc_has_no_check_digit(ruc: str) -> None:
    assert taxpayer.check_digit(ruc, taxpayer.JURIDICO) is None
    assert taxpayer.check_digit(ruc, taxpayer.NATURAL) is None


def test_there_is_no_fourteenth_province() -> None:
    assert taxpayer.check_digit("13-1-1", taxpayer.NATURAL)
    assert taxpayer.check_digit("14-1-1", taxpayer.NATURAL) is None


@pytest.mark.parametrize("row", rows("cufe.csv"), ids=lambda row: row["cufe"])
def test_a_cufe_is_built_as_the_published_ones(row: dict[str, str]) -> None:
    parts = cufe.CufeParts(
        document_type=row["doc_type"],
        ruc_type=int(row["ruc_type"]),
        ruc=row["ruc"],
        dv=row["dv"],
        branch=row["branch"],
        issue_date=datetime.strptime(row["date"], "%Y%m%d").date(),  # noqa: DTZ007 - a date only
        number=row["number"],
        billing_point=row["billing_point"],
        emission_type=row["emission_type"],
        environment=row["environment"],
        security_code=row["security_code"],
    )
    assert cufe.build(parts) == row["cufe"]
    assert taxpayer.check_digit(row["ruc"], int(row["ruc_type"])) == row["dv"]


@pytest.mark.parametrize(
    "sample", json.loads((VECTORS / "totals.json").read_text()), ids=lambda each: each["source"]
)
def test_totals_are_those_of_the_document_that_the_dgi_took(sample: dict) -> None:
    items = [
        {
            "quantity": line["qty"],
            "prices": {
                "transfer": Decimal(line["unit_price"]),
                "discount": Decimal(line["unit_discount"]),
                "transport": Decimal(line["freight"]),
                "insurance": Decimal(line["insurance"]),
            },
            "itbms": {"rate": line["itbms_code"]},
        }
        for line in sample["lines"]
    ]
    body = {"items": items, "totals": {"discounts": [{"amount": Decimal(sample["global_discount"])}]}}
    amounts = compute(body)
    expected = sample["totals"]
    assert (str(amounts.net), str(amounts.itbms)) == (expected["dTotNeto"], expected["dTotITBMS"])
    assert str(amounts.total) == expected["dVTot"]


def test_itbms_may_be_rounded_per_line_or_on_the_total() -> None:
    line = {"quantity": 1, "prices": {"transfer": Decimal("0.35")}, "itbms": {"rate": "01"}}
    body = {"items": [line] * 10, "totals": {}}
    assert compute(body, "line").itbms == Decimal("0.20")
    assert compute(body, "total").itbms == Decimal("0.25")


@pytest.mark.parametrize(
    ("code", "withheld"), [("1", "84.00"), ("2", "42.00"), ("3", "84.00"), ("4", "42.00"), ("7", "42.00")]
)
def test_a_receiver_withholds_the_percentage_of_its_code(code: str, withheld: str) -> None:
    assert retention(code, Decimal("84.00")) == Decimal(withheld)


def test_retention_code_8_is_free() -> None:
    assert retention("8", Decimal("84.00")) is None
