"""The provider's own counts: gross, unsigned, by kind and legal status."""

from datetime import datetime
from typing import Any

import pytest

from tests.sandbox.bodies import credit_note, halved, invoice
from tests.sandbox.client import Client

NOVEMBER = {"from": "2026-11-01", "to": "2026-11-30"}


@pytest.fixture
def november(pac: Client) -> Client:
    """Two authorised invoices, one of them void, a rejected one, and a note over half."""
    pac.sandbox.clock.set(datetime.fromisoformat("2026-11-30T22:00:00-05:00"))
    void = pac.issue(invoice(1, issueDate="2026-11-30T08:00:00-05:00"))
    kept = pac.issue(invoice(2, issueDate="2026-11-30T21:00:00-05:00"))
    rejected = invoice(3, issueDate="2026-11-02T10:00:00-05:00")
    rejected["receiver"]["name"] = "RECHAZO-DGI"
    pac.issue(rejected)
    pac.issue(halved(credit_note(kept["cufe"], 1)), "/credit-notes")
    pac.void(void["id"])
    return pac


def rows(pac: Client, path: str = "/reports/documents", **query: str) -> list[dict[str, Any]]:
    answer = pac.get(path, **{**NOVEMBER, **query})
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def test_a_report_counts_by_kind_and_status_voided_included(november: Client) -> None:
    assert rows(november) == [
        {"docType": "credit-note", "legalStatus": "DGI_AUTHORIZED", "count": 1, "total": 53.5},
        {"docType": "invoice", "legalStatus": "DGI_AUTHORIZED", "count": 2, "total": 214.0},
        {"docType": "invoice", "legalStatus": "DGI_REJECTED", "count": 1, "total": 107.0},
    ]


def test_a_report_is_narrowed_and_grouped(november: Client) -> None:
    assert [row["count"] for row in rows(november, docType="invoice", legalStatus="DGI_AUTHORIZED")] == [2]
    assert rows(november, groupBy="month") == [{"month": "2026-11", "count": 4, "total": 374.5}]
    assert {row["day"] for row in rows(november, groupBy="day,docType")} == {"2026-11-02", "2026-11-30"}
    assert rows(november, **{"from": "2026-10-01", "to": "2026-10-31"}) == []


def test_all_companies_are_told_apart(november: Client) -> None:
    other = Client(
        november.sandbox, november.sandbox.authority.add_company(ruc="155646463-2-2017", name="Otra, S.A.")
    )
    other.issue(invoice(1, issueDate="2026-11-15T10:00:00-05:00"))
    found = rows(november, "/reports/documents/all-companies", legalStatus="DGI_AUTHORIZED")
    assert {(row["idCompany"], row["count"], row["total"]) for row in found} == {
        (november.company.id, 3, 267.5),
        (other.company.id, 1, 107.0),
    }


def test_days_may_be_those_of_greenwich(november: Client) -> None:
    november.sandbox.behaviour.reports_in_utc = True
    assert sum(row["count"] for row in rows(november)) == 2


@pytest.mark.parametrize(
    "query",
    [
        {"from": "2026-08-01"},
        {"from": "2026-12-01"},
        {"from": "ayer"},
        {"docType": "receipt"},
        {"groupBy": "weather"},
    ],
)
def test_a_report_that_makes_no_sense_is_refused(query: dict[str, str], november: Client) -> None:
    assert november.get("/reports/documents", **{**NOVEMBER, **query}).status_code == 400


def test_a_refused_duplicate_is_not_counted(november: Client) -> None:
    before = rows(november)
    november.post("/invoices", invoice(1))
    assert rows(november) == before
