"""Alanube's documents reports, in every shape they may have: counts and totals, and nothing lost."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from cifras.fiscal.document import Kind
from cifras.fiscal.lifecycle import LegalStatus
from cifras.pac.alanube.statement import read_statement
from cifras.pac.contract import StatementRow
from tests.pac.golden import example

AUTHORIZED = LegalStatus.DGI_AUTHORIZED


def brief(rows: tuple[StatementRow, ...] | None) -> list[tuple[Any, ...]]:
    return [(row.kind, row.legal_status, row.count, row.total) for row in rows or ()]


def test_the_examples_are_read() -> None:
    one = read_statement(example("res-18")["body"], company_id="mine")
    assert brief(one) == [
        (Kind.INVOICE, AUTHORIZED, 12, Decimal("15432.10")),
        (Kind.CREDIT, AUTHORIZED, 1, Decimal("90.90")),
    ]
    assert {row.company_id for row in one or ()} == {"mine"}
    [row] = read_statement(example("res-19")["body"]) or ()
    assert (row.kind, row.count, row.total) == (None, 13, Decimal("15523.00"))
    assert row.company_id == "01K9CFRAS00000000000000001"


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        (
            {"data": {"totalEmittedDocuments": 5, "invoices": 4, "creditNotes": 1}},
            [(Kind.INVOICE, None, 4, None), (Kind.CREDIT, None, 1, None)],
        ),
        ({"data": {"totalEmittedDocuments": 5}}, [(None, None, 5, None)]),
        (
            {"invoices": {"count": 2, "total": "214.00"}, "creditNotes": {"count": 0, "total": 0}},
            [(Kind.INVOICE, None, 2, Decimal(214))],
        ),
        (
            {"data": {"invoices": {"DGI_AUTHORIZED": {"count": 2, "totalAmount": 214.0}, "PAC_REJECTED": 1}}},
            [(Kind.INVOICE, AUTHORIZED, 2, Decimal(214)), (Kind.INVOICE, LegalStatus.PAC_REJECTED, 1, None)],
        ),
        (
            [
                {
                    "documentType": "credit_note",
                    "byStatus": [{"status": "DGI_AUTHORIZED", "count": "3", "total": "9"}],
                }
            ],
            [(Kind.CREDIT, AUTHORIZED, 3, Decimal(9))],
        ),
        (
            {"reports": [{"docType": "invoice", "legalStatus": "dgi_authorized", "count": 1, "total": -5.0}]},
            [(Kind.INVOICE, AUTHORIZED, 1, Decimal(5))],
        ),
        (
            {
                "status": "success",
                "data": [{"type": "report", "count": 1, "total": Decimal("0.1") + Decimal("0.2")}],
            },
            [(None, None, 1, Decimal("0.30"))],
        ),
    ],
)
def test_other_shapes_are_read_too(body: Any, rows: list[Any]) -> None:
    assert brief(read_statement(body)) == rows


@pytest.mark.parametrize(
    "body", [{"data": []}, [], {"data": {}}, {"data": {"invoices": 0}}, {"documents": []}]
)
def test_an_empty_month_has_no_rows(body: Any) -> None:
    assert read_statement(body) == ()


@pytest.mark.parametrize(
    "body", [None, "ok", 7, {"message": "Not ready"}, [1, 2], {"data": [{"docType": "invoice"}]}]
)
def test_an_answer_that_counts_nothing_is_not_an_empty_month(body: Any) -> None:
    assert read_statement(body) is None


def test_words_that_nobody_knows_are_kept() -> None:
    [row] = (
        read_statement([{"docType": "debit-note", "legalStatus": "EN_TRAMITE", "count": 2, "total": 1}]) or ()
    )
    assert (row.kind, row.raw_kind, row.legal_status, row.raw_legal_status) == (
        None,
        "debit-note",
        None,
        "EN_TRAMITE",
    )


def test_days_and_companies_are_told_apart_wherever_they_stand() -> None:
    company = "01K9CFRAS00000000000000001"
    [row] = read_statement({"data": {company: {"2026-11-02": {"invoices": {"count": 1, "total": 5}}}}}) or ()
    assert (row.company_id, row.day, row.kind) == (company, date(2026, 11, 2), Kind.INVOICE)
    [nested] = (
        read_statement([{"company": {"id": "abc", "name": "X"}, "day": "2026-11-03", "count": 1}]) or ()
    )
    assert (nested.company_id, nested.day, nested.total) == ("abc", date(2026, 11, 3), None)


@pytest.mark.parametrize("value", [-1, 1.5, "many", True, None, 10**30, float("nan"), {"a": 1}])
def test_what_is_no_count_is_not_counted(value: Any) -> None:
    assert not read_statement([{"docType": "invoice", "count": value, "total": 1}])
