"""Every number can be accounted for: what became of it, and which ones no document bears."""

import json
from datetime import UTC, date, datetime

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from invoicing.models import Document, NumberSeries
from invoicing.services.number_fates import Fate, Gap, documents_of, fate_of, gaps_of, look_over_series
from tests.document_rows import a_document
from tests.factories import a_staff_member

pytestmark = pytest.mark.django_db

ISSUED = datetime(2026, 11, 19, 15, tzinfo=UTC)
FATES: dict[Fate, dict[str, str]] = {
    Fate.USED: {},
    Fate.VOIDED: {"void_status": "VOIDED"},
    Fate.IMPORTED: {"mode": "DGI_IMPORT", "submission": "IMPORTED", "legal_status": ""},
    Fate.IN_COURSE: {"submission": "ACCEPTED", "legal_status": "PAC_AUTHORIZED"},
    Fate.UNKNOWN: {"submission": "UNKNOWN", "legal_status": ""},
    Fate.REJECTED_CONSUMED: {"legal_status": "DGI_REJECTED"},
    Fate.REJECTED_NOT_CONSUMED: {"submission": "REFUSED", "legal_status": "PAC_REJECTED"},
    Fate.WITHDRAWN: {"submission": "DISCARDED", "legal_status": ""},
}


@pytest.fixture
def first() -> Document:
    return a_document(number="0000000001", issue_date=ISSUED)


@pytest.fixture
def series(first: Document) -> NumberSeries:
    return NumberSeries.objects.create(
        office=first.office, billing_point="001", series=first.series, next_number=10
    )


def numbered(first: Document, *numbers: int, **changes: object) -> list[Document]:
    return [
        a_document(
            number=f"{number:010}",
            **{"cufe": "", "document_id": f"pac-{number}", "issue_date": ISSUED, **changes},
        )
        for number in numbers
    ]


@pytest.mark.parametrize("fate", FATES)
def test_each_fate_is_told_from_what_happened(first: Document, fate: Fate) -> None:
    (document,) = numbered(first, 2, **FATES[fate])
    assert fate_of(document) is fate


def test_gaps_are_found_before_between_and_behind(first: Document, series: NumberSeries) -> None:
    numbered(first, 2, 5, 6)
    assert gaps_of(series) == [Gap(3, 4), Gap(7, 9)]
    first.office.billing_points.update_or_create(code="001", defaults={"first_number": 1})
    Document.objects.filter(pk=first.pk).delete()
    assert gaps_of(series) == [Gap(1, 1), Gap(3, 4), Gap(7, 9)]
    assert [gap.size for gap in gaps_of(series)] == [1, 2, 3]


def test_a_series_without_gaps_has_none(first: Document, series: NumberSeries) -> None:
    numbered(first, *range(2, 10))
    assert gaps_of(series) == []


def test_the_nightly_look_counts_and_comes_back_until_the_gaps_are_filled(
    first: Document, series: NumberSeries
) -> None:
    numbered(first, 2, 3, 4, 5, 6, 7, 9)
    assert look_over_series() == 1
    series.refresh_from_db()
    assert (series.gap_count, series.checked_to) == (1, 9)
    numbered(first, 8)
    assert look_over_series() == 1
    series.refresh_from_db()
    assert series.gap_count == 0
    assert look_over_series() == 0


def test_a_month_is_local(first: Document, series: NumberSeries) -> None:
    from_november, from_december = numbered(first, 2, 3)
    Document.objects.filter(pk=first.pk).update(issue_date="2026-10-15T12:00:00Z")
    Document.objects.filter(pk=from_november.pk).update(issue_date="2026-12-01T04:59:00Z")
    Document.objects.filter(pk=from_december.pk).update(issue_date="2026-12-01T05:00:00Z")
    assert list(documents_of(series, month=date(2026, 11, 9))) == [from_november]
    assert list(documents_of(series, month=date(2026, 12, 1))) == [from_december]


def test_the_command_prints_a_line_per_gap(
    first: Document, series: NumberSeries, capsys: pytest.CaptureFixture[str]
) -> None:
    numbered(first, 2, 5, 6, 7, 8, 9)
    call_command("numbering_gaps", tenant=str(first.tenant.uid))
    (line,) = [json.loads(text) for text in capsys.readouterr().out.splitlines()]
    assert (line["first"], line["last"], line["count"], line["document_type"]) == (
        "0000000003",
        "0000000004",
        2,
        first.series,
    )
    with pytest.raises(SystemExit, match="1"):
        call_command("numbering_gaps", tenant="nobody")


def test_the_page_shows_the_gaps_and_the_fate_of_each_number(first: Document, series: NumberSeries) -> None:
    numbered(first, 2, 4)
    look_over_series()
    browser = Client()
    browser.force_login(
        a_staff_member(first.tenant, permissions=("invoicing.view_numberseries", "invoicing.view_invoice"))
    )
    NumberSeries.objects.create(office=first.office, billing_point=first.billing_point, series="04")
    address = reverse("admin:invoicing_numberseries_changelist")
    assert "04 · Nota de crédito" in browser.get(address).content.decode()
    listed = browser.get(address, {"gaps": "yes"})
    assert "Faltan" in listed.content.decode()
    page = reverse("admin:invoicing_numberseries_change", args=[series.uid])
    shown = browser.get(page, {"month": "2026-11"}).content.decode()
    assert "Números sin documento" in shown
    assert "0000000004" in shown
    assert "Usado" in shown
    assert browser.get(page, {"month": "nonsense"}).status_code == 200
    assert browser.get(page, {"month": "9999-12"}).status_code == 200, "the last month of all has no next one"
