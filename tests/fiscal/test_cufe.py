"""The CUFE: real ones are read back member by member, and ours is built as the DGI builds it."""

import string
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cifras.fiscal import cufe
from cifras.fiscal.errors import RuleBroken
from tests.fiscal.drafts import CUFE, read_csv

REAL = read_csv("cufe.csv")
NAMED = [
    "FE01200000000434-15-93796-2200512026010900000938190020318917814654",
    "FE0420000155704849-2-2021-3200002026071600000001130010320663966835",
]
INVENTED = "FE0120000155999901-2-2021-3800012026111900000001010010121234567890"
PARTS = {
    "document_type": "01",
    "contributor": "JURIDICO",
    "ruc": "155596713-2-2015",
    "dv": "59",
    "branch": "0001",
    "issue_date": date(2019, 5, 28),
    "number": "0005500015",
    "billing_point": "565",
    "environment": "2",
    "security_code": "156674904",
}


@pytest.mark.parametrize("row", REAL, ids=lambda row: str(row["cufe"]))
def test_a_real_cufe_is_read_member_by_member(row: dict[str, str]) -> None:
    read = cufe.parse(row["cufe"])
    assert read == cufe.Cufe(
        document_type=row["doc_type"],
        ruc_type=row["ruc_type"],
        ruc=row["ruc"],
        dv=row["dv"],
        branch=row["branch"],
        issue_date=datetime.strptime(row["date"], "%Y%m%d").replace(tzinfo=UTC).date(),
        number=row["number"],
        billing_point=row["billing_point"],
        emission_type=row["emission_type"],
        environment=row["environment"],
        security_code=row["security_code"],
    )
    assert read.is_test == (row["environment"] == "2")
    assert cufe.read(row["cufe"]) == read


@pytest.mark.parametrize("text", [*(row["cufe"] for row in REAL), *NAMED])
def test_the_check_digit_of_a_real_cufe_agrees(text: str) -> None:
    assert cufe.check_digit(text[:65]) == text[65]


@pytest.mark.parametrize("row", REAL, ids=lambda row: str(row["cufe"]))
def test_a_real_cufe_is_built_again_from_its_members(row: dict[str, str]) -> None:
    read = cufe.parse(row["cufe"])
    built = cufe.build(
        document_type=read.document_type,
        contributor={"1": "natural", "2": "juridico"}[read.ruc_type],
        ruc=read.ruc,
        dv=read.dv,
        branch=read.branch.lower(),
        issue_date=read.issue_date,
        number=read.number,
        billing_point=read.billing_point,
        emission_type=read.emission_type,
        environment=read.environment,
        security_code=read.security_code,
    )
    assert built == row["cufe"]


def test_the_date_of_a_moment_is_the_date_in_panama() -> None:
    evening = datetime(2019, 5, 29, 2, 0, tzinfo=UTC)
    assert cufe.build(**{**PARTS, "issue_date": evening}) == CUFE
    with pytest.raises(RuleBroken) as refused:
        cufe.build(**{**PARTS, "issue_date": datetime(2019, 5, 28, 21, 0)})  # noqa: DTZ001
    assert refused.value.code == "time_without_zone"


@pytest.mark.parametrize(
    ("member", "bad"),
    [
        ("document_type", "11"),
        ("document_type", "00"),
        ("dv", "9"),
        ("branch", "001"),
        ("branch", "00-1"),
        ("number", "0000000000"),
        ("number", "123"),
        ("billing_point", "000"),
        ("emission_type", "05"),
        ("environment", "3"),
        ("security_code", "000000000"),
        ("ruc", "155596713-2-2015-20156"),
        ("ruc", "8 274_125"),
    ],
)
def test_a_member_that_does_not_fit_is_named(member: str, bad: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        cufe.build(**{**PARTS, member: bad})
    assert (refused.value.code, refused.value.field) == (f"cufe_{member}", member)
    assert refused.value.message


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "cufe_length"),
        (CUFE[:-1], "cufe_length"),
        (CUFE + "0", "cufe_length"),
        ("XX" + CUFE[2:], "cufe_shape"),
        (CUFE[:25] + "0" + CUFE[26:], "cufe_shape"),
        (CUFE[:5] + "0" * 20 + CUFE[25:], "cufe_shape"),
        (CUFE[:4] + "3" + CUFE[5:], "cufe_shape"),
        (CUFE.replace("20190528", "20190231"), "cufe_date"),
        (CUFE[:-1] + "1", "cufe_check_digit"),
        (CUFE.replace("5500015", "5500016"), "cufe_check_digit"),
        (INVENTED, "cufe_check_digit"),
    ],
)
def test_what_is_no_cufe_is_refused_with_its_cause(text: str, code: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        cufe.parse(text)
    assert (refused.value.code, refused.value.field) == (code, "cufe")
    assert refused.value.message


def test_blanks_around_it_and_lower_case_do_not_matter() -> None:
    with_letters = REAL[1]["cufe"]
    assert cufe.parse(f"  {with_letters.lower()}\n").branch == "3OC7"


def test_the_dv_of_its_ruc_is_not_verified() -> None:
    body = CUFE[:26] + "58" + CUFE[28:65]
    assert cufe.parse(body + cufe.check_digit(body)).dv == "58"


def test_a_providers_cufe_is_read_by_position_even_with_a_wrong_digit() -> None:
    read = cufe.read(INVENTED)
    assert read is not None
    assert (read.ruc, read.number, read.issue_date) == ("155999901-2-2021", "0000000101", date(2026, 11, 19))
    assert cufe.read("") is None
    assert cufe.read(CUFE[:-1]) is None
    assert cufe.read(CUFE.replace("20190528", "20191332")) is None


def test_the_security_code_proves_that_a_cufe_is_ours() -> None:
    assert cufe.is_ours(CUFE.lower(), CUFE)
    assert cufe.is_ours(CUFE[:-1] + "9", CUFE), "the check digit is the provider's affair"
    assert cufe.is_ours(CUFE.replace("0001201905", "0002201905"), CUFE), "the branch is no proof against"
    for member, other in {
        "security_code": "156674905",
        "number": "0005500016",
        "ruc": "155587169-2-2014",
        "issue_date": date(2019, 5, 29),
        "document_type": "04",
        "billing_point": "001",
    }.items():
        assert not cufe.is_ours(cufe.build(**{**PARTS, member: other}), CUFE), member
    assert not cufe.is_ours("", CUFE)


def test_differences_are_named() -> None:
    ours = cufe.parse(CUFE)
    theirs = cufe.parse(cufe.build(**{**PARTS, "number": "0005500016", "branch": "0002"}))
    assert cufe.differences(theirs, ours) == ("branch", "number")
    assert cufe.differences(ours, ours) == ()


@pytest.mark.parametrize("bad", ["", "FE", CUFE, "FE" + "_" * 63])
def test_the_check_digit_wants_65_characters(bad: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        cufe.check_digit(bad)
    assert refused.value.code == "cufe_shape"


LEADING = "123456789" + string.ascii_uppercase


def digits(count: int) -> st.SearchStrategy[str]:
    return st.integers(1, 10**count - 1).map(lambda value: f"{value:0{count}}")


@given(
    document_type=st.sampled_from([f"{code:02}" for code in range(1, 11)]),
    contributor=st.sampled_from(["NATURAL", "JURIDICO"]),
    ruc=st.builds(str.__add__, st.sampled_from(LEADING), st.text(LEADING + "0-", max_size=19)),
    dv=st.text(string.digits, min_size=2, max_size=2),
    branch=st.text(LEADING + "0", min_size=4, max_size=4),
    issue_date=st.dates(),
    number=digits(10),
    billing_point=digits(3),
    emission_type=st.sampled_from(["01", "02", "03", "04"]),
    environment=st.sampled_from(["1", "2"]),
    security_code=digits(9),
)
def test_what_is_built_is_read_back(**parts: object) -> None:
    read = cufe.parse(cufe.build(**parts))
    kept = {name: getattr(read, name) for name in parts if name != "contributor"}
    assert kept == {name: value for name, value in parts.items() if name != "contributor"}
    assert read.ruc_type == {"NATURAL": "1", "JURIDICO": "2"}[str(parts["contributor"])]


@given(st.integers(2, 64), st.integers(1, 9))
def test_one_mistyped_digit_is_always_found(position: int, shift: int) -> None:
    if not CUFE[position].isdigit():
        return
    other = str((int(CUFE[position]) + shift) % 10)
    with pytest.raises(RuleBroken):
        cufe.parse(CUFE[:position] + other + CUFE[position + 1 :])


@given(st.text(max_size=80))
def test_any_text_is_a_cufe_or_a_refusal(text: str) -> None:
    assert cufe.read(text) is None or len(text.strip()) == cufe.LENGTH
    with pytest.raises(RuleBroken):
        cufe.parse(text)
