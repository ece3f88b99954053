"""SUNAT's tables: complete, labelled, and each code with what follows from it."""

from decimal import Decimal

import pytest

from cifras.fiscal.catalogues import sunat, sunat_taxes
from cifras.fiscal.catalogues.sunat_taxes import Affectation, Tax
from cifras.fiscal.errors import RuleBroken

TABLES = {
    sunat.DocumentType: "01 03 07 08 09",
    sunat.IdentityType: "0 1 4 6 7 A B C D E -",
    sunat.CreditReason: "01 02 03 04 05 06 07 08 09 10 11 12 13",
    sunat.DebitReason: "01 02 03 11 12",
    sunat.Operation: (
        "0101 0112 0113 0200 0201 0202 0203 0204 0205 0206 0207 0208 0301 0302 0401 1001 1002 1003 1004 2001 "
        "2100 2101 2102 2103 2104"
    ),
    Tax: "1000 1016 2000 3000 7152 9995 9996 9997 9998 9999",
    Affectation: "10 11 12 13 14 15 16 17 20 21 30 31 32 33 34 35 36 37 40",
    sunat_taxes.PriceKind: "01 02 03",
}


@pytest.mark.parametrize(("table", "codes"), TABLES.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_a_table_has_the_contracts_codes_with_labels(table: type, codes: str) -> None:
    members = list(table)
    assert [str(member.value) for member in members] == codes.split()
    labels = [member.label for member in members]
    assert all(labels)
    assert len(set(labels)) == len(labels)


@pytest.mark.parametrize(
    ("tax", "codes"),
    [
        (Tax.IGV, "10"),
        (Tax.IVAP, "17"),
        (Tax.EXONERATED, "20"),
        (Tax.UNAFFECTED, "30"),
        (Tax.EXPORT, "40"),
        (Tax.FREE, "11 12 13 14 15 16 21 31 32 33 34 35 36 37"),
    ],
)
def test_each_affectation_has_its_tax(tax: Tax, codes: str) -> None:
    found = [code for code in Affectation if code.tax is tax]
    assert [str(code) for code in found] == codes.split()
    assert all(code.is_free is (tax is Tax.FREE) for code in found)


def test_only_taxed_affectations_carry_a_rate() -> None:
    assert [code for code in Affectation if code.is_taxed] == list(Affectation)[:8]


def test_the_operations_of_exports_and_detractions() -> None:
    assert sorted(sunat.EXPORTS) == [f"020{number}" for number in range(9)]
    assert sorted(sunat.DETRACTIONS) == ["1001", "1002", "1003", "1004"]


def test_reasons_that_take_all_back_and_reasons_that_take_nothing() -> None:
    assert sorted(sunat.FULL_REVERSAL) == ["01", "02", "06"]
    assert sorted(sunat.WITHOUT_AMOUNT) == ["03", "13"]


def test_a_bag_pays_by_year_and_unknown_years_are_refused() -> None:
    assert sunat_taxes.icbper_per_bag(2021) == Decimal("0.40")
    for year in (2020, 2026):
        with pytest.raises(RuleBroken) as refused:
            sunat_taxes.icbper_per_bag(year)
        assert refused.value.code == "icbper_year_unknown"
        assert str(year) in refused.value.message
