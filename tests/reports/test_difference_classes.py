"""The classes of reconciliation as rules over plain values: no database, no provider."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from cifras.fiscal.zones import PANAMA
from reports.services.reconciling.groups import Explaining, Group, Placed, Stated, Told
from reports.services.reconciling.pairing import differences, duplicates, pair
from reports.services.reconciling.rows import Ours, Theirs
from reports.services.reconciling.running import subject_of
from tenants.models import Tenant

NOVEMBER = date(2026, 11, 1)
AUTHORISED = "DGI_AUTHORIZED"


def mine(serial: int = 1, **changes: Any) -> Ours:
    document = Ours(
        uid=UUID(int=serial),
        kind="INVOICE",
        legal_status=AUTHORISED,
        total=Decimal("321.00"),
        currency="PAB",
        issued_at=datetime(2026, 11, 10, 12, tzinfo=PANAMA),
        number=f"{serial:010}",
        document_id=f"PAC-{serial}",
    )
    return replace(document, **changes)


def its(document: Ours, **changes: Any) -> Theirs:
    row = Theirs(
        kind=document.kind,
        document_id=document.document_id,
        legal_status=document.legal_status,
        raw_legal_status=document.legal_status,
        total=document.total,
        issued_at=document.issued_at,
        number=document.number,
    )
    return row._replace(**changes)


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        ({}, {}, []),
        ({}, {"total": None}, []),
        ({}, {"total": Decimal("321.05")}, ["rounding"]),
        ({}, {"total": Decimal("321.06")}, ["amount"]),
        ({}, {"total": Decimal("-321.00")}, ["sign"]),
        ({}, {"legal_status": "DGI_REJECTED"}, ["status"]),
        ({}, {"legal_status": "", "raw_legal_status": "EN_REVISION"}, ["status"]),
        ({}, {"legal_status": "", "raw_legal_status": ""}, []),
        ({"legal_status": "PAC_AUTHORIZED"}, {"legal_status": AUTHORISED}, ["pending"]),
        ({"legal_status": ""}, {"legal_status": "PAC_AUTHORIZED"}, ["pending"]),
        ({"is_voided": True}, {"is_void": False}, ["void_only_here"]),
        ({"is_voided": True}, {}, ["void_only_here"]),
        ({"is_voided": True, "is_void_proven": True}, {}, []),
        ({}, {"is_void": True, "legal_status": "", "raw_legal_status": "CANCELLED"}, ["void_only_there"]),
        ({}, {"legal_status": "DGI_REJECTED", "total": Decimal(1)}, ["status", "amount"]),
        ({}, {"currency": "USD"}, []),
        ({"currency": "PEN"}, {"currency": "USD"}, ["amount"]),
    ],
)
def test_a_pair_has_the_class_of_what_differs(
    ours: Mapping[str, Any], theirs: Mapping[str, Any], expected: list[str]
) -> None:
    document = mine(**ours)
    found = differences(document, its(mine(**ours), **theirs), tax_id="155-2-2015")
    assert [each.difference.value for each in found] == expected


def test_documents_are_matched_by_id_else_by_a_number_of_their_own() -> None:
    first, second, third = mine(1), mine(2, document_id=""), mine(3)
    rows = [its(second, document_id="X"), its(first), its(first, document_id="Y", number="0000000077")]
    pairs = pair([first, second, third], rows)
    assert [(ours, row.document_id) for ours, row in pairs.both] == [(first, "PAC-1"), (second, "X")]
    assert pairs.alone_here == [third]
    assert [row.document_id for row in pairs.alone_there] == ["Y"]


def test_a_rejected_repeat_under_the_same_number_is_no_duplicate() -> None:
    first = mine()
    repeat = its(first, document_id="TWICE")
    assert [each.difference for each in duplicates(pair([first], [its(first), repeat]))] == ["duplicate"]
    rejected = repeat._replace(legal_status="PAC_REJECTED")
    assert list(duplicates(pair([first], [its(first), rejected]))) == []


def explained(
    stated: Mapping[Group, tuple[int, str | None]],
    documents: list[Ours],
    *,
    is_seen: bool = True,
    near: list[Ours] | None = None,
    told: Told | None = None,
) -> list[tuple[str, UUID | None]]:
    said = {key: Stated(n, None if total is None else Decimal(total)) for key, (n, total) in stated.items()}
    placed = [
        Placed(
            Group(each.day, each.kind, each.legal_status),
            each,
            its(each, total=None) if is_seen else None,
            each.total,
            is_seen,
        )
        for each in documents
    ]
    found = Explaining(said, placed, near or [], NOVEMBER, told or Told()).found()
    return [(each.difference.value, each.document_uid) for each in found]


def test_no_two_differences_of_a_run_are_taken_for_the_same_one() -> None:
    tenant = Tenant(uid=UUID(int=7))
    said = {
        Group(date(2026, 11, 10), "INVOICE", word): Stated(1, None)
        for word in ("DGI_REJECTED", "PAC_AUTHORIZED", "NUEVO")
    }
    placed = [
        Placed(Group(each.day, each.kind, each.legal_status), each, None, each.total, is_seen=False)
        for each in (mine(1), mine(2), mine(3))
    ]
    found = list(Explaining(said, placed, [], NOVEMBER, Told()).found())
    assert len(found) == 3
    assert len({subject_of(tenant, NOVEMBER, each) for each in found}) == 3


TENTH = Group(date(2026, 11, 10), "INVOICE", AUTHORISED)


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ((2, "642.00"), []),
        ((2, None), []),
        ((2, "642.10"), [("rounding", None)]),
        ((2, "642.11"), [("amount", None)]),
        ((3, "700.00"), [("missing_here", None)]),
        ((1, "321.00"), [("unexplained", None)]),
    ],
)
def test_a_group_is_held_against_the_documents_that_were_seen(
    stated: tuple[int, str | None], expected: list[Any]
) -> None:
    assert explained({TENTH: stated}, [mine(1), mine(2)]) == expected


def test_without_rows_the_totals_name_the_document_that_fits() -> None:
    documents = [mine(1), mine(2, total=Decimal("10.00"))]
    assert explained({TENTH: (1, "321.00")}, documents, is_seen=False) == [("missing_at_pac", UUID(int=2))]
    assert explained({TENTH: (1, "331.00")}, documents, is_seen=False) == [("missing_at_pac", None)]


def test_without_rows_a_word_that_moved_is_a_status() -> None:
    rejected = TENTH._replace(word="DGI_REJECTED")
    assert explained({rejected: (1, "321.00")}, [mine()], is_seen=False) == [("status", UUID(int=1))]
    waiting = TENTH._replace(word="PAC_AUTHORIZED")
    assert explained({waiting: (1, "321.00")}, [mine()], is_seen=False) == [("pending", UUID(int=1))]


def test_a_provider_that_tells_no_days_shows_the_border_by_its_totals() -> None:
    whole, told = Group(None, "INVOICE", AUTHORISED), Told(day=False)
    late = mine(2, issued_at=datetime(2026, 11, 30, 23, 30, tzinfo=PANAMA))
    assert explained({whole: (1, "321.00")}, [mine(1), late], told=told) == [("border", late.uid)]
    october = mine(3, issued_at=datetime(2026, 10, 31, 23, 30, tzinfo=PANAMA))
    assert explained({whole: (2, "642.00")}, [mine(1)], near=[october], told=told) == [
        ("border", october.uid)
    ]


def test_an_evening_within_the_month_that_is_counted_a_day_later_is_no_difference() -> None:
    evening = mine(issued_at=datetime(2026, 11, 10, 23, 30, tzinfo=PANAMA))
    eleventh = TENTH._replace(day=date(2026, 11, 11))
    assert explained({eleventh: (1, "321.00")}, [evening]) == []


def test_a_rejection_that_the_provider_does_not_count_is_no_difference() -> None:
    assert explained({}, [mine(legal_status="PAC_REJECTED")]) == []


def test_a_provider_that_gives_one_number_is_compared_by_it() -> None:
    nothing, told = Group(None, "", ""), Told(day=False, kind=False, word=False)
    assert explained({nothing: (2, None)}, [mine(1), mine(2, kind="CREDIT")], told=told) == []
    assert explained({nothing: (3, None)}, [mine(1), mine(2)], told=told) == [("missing_here", None)]
