"""The business status said in SQL agrees with the law's ladder, over many combinations of facts."""

import itertools
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from cifras.fiscal.lifecycle import BusinessStatus
from cifras.fiscal.zones import PANAMA
from invoicing.models import Document
from invoicing.services import settling
from invoicing.services.listing import Receivable, closing_within, with_business, with_receivable
from tests.document_rows import a_document

pytestmark = pytest.mark.django_db

TODAY = date(2026, 11, 21)
NOON = datetime(2026, 11, 21, 12, tzinfo=PANAMA)
STATES = [
    {"submission": "ACCEPTED", "legal_status": "DGI_AUTHORIZED", "void_status": ""},
    {"submission": "ACCEPTED", "legal_status": "DGI_AUTHORIZED", "void_status": "VOIDED"},
    {"submission": "ACCEPTED", "legal_status": "DGI_REJECTED", "void_status": ""},
    {"submission": "DISCARDED", "legal_status": "", "void_status": ""},
    {"submission": "ACCEPTED", "legal_status": "PAC_AUTHORIZED", "void_status": ""},
]
MONEY = [
    (credited, settled)
    for credited in ("0", "100.03", "321.10")
    for settled in ("0", "0.07", "221.07", "321.10", "400")
]
DAYS = [
    {"next_due_date": TODAY - timedelta(days=1)},
    {"next_due_date": TODAY},
    {"next_due_date": None, "due_date": TODAY - timedelta(days=3)},
    {"issue_date": datetime(2026, 10, 21, 23, 59, 59, tzinfo=PANAMA)},  # 31 days ago, by a second
    {"issue_date": datetime(2026, 10, 22, 0, 0, tzinfo=PANAMA)},  # 30 days ago: the last day of grace
]


def every_combination() -> None:
    sample = a_document(total=Decimal("321.10"), cufe="")
    rows = []
    for number, (kind, state, (credited, settled), days) in enumerate(
        itertools.product(("INVOICE", "CREDIT"), STATES, MONEY, DAYS), start=100
    ):
        values = {"issue_date": NOON} | state | days
        rows.append(
            Document(
                tenant=sample.tenant,
                office=sample.office,
                kind=kind,
                series="01" if kind == "INVOICE" else "04",
                number=f"{number:010}",
                security_code="123456789",
                payload=b"{}",
                provider="alanube",
                environment="sandbox",
                total=Decimal("321.10"),
                credited_total=Decimal(credited),
                settled_total=Decimal(settled),
                **values,
            )
        )
    Document.objects.bulk_create(rows)


def notes_that_found_something_open() -> None:
    for open_before, settled in itertools.product(
        (None, "-5", "0", "100", "321.10", "400"), ("0", "-0.07", "-300")
    ):
        number = f"{Document.objects.count() + 1000:010}"
        a_document(
            kind="CREDIT",
            series="04",
            number=number,
            document_id=f"note-{number}",
            cufe="",
            total=Decimal("321.10"),
            open_before=open_before and Decimal(open_before),
            settled_total=Decimal(settled),
            issue_date=NOON,
        )


def test_what_is_to_be_collected_or_given_back_agrees_with_the_computed_amounts_on_every_row():
    every_combination()
    notes_that_found_something_open()
    a_document(cufe="", total=Decimal(5), submission="DRAFT", legal_status="", number="", document_id="")
    computed: dict[str, set[int]] = {wanted: set() for wanted in Receivable}
    for row in Document.objects.select_related("tenant"):
        found, is_issued = settling.business(row, today=TODAY), row.submission != "DRAFT"
        for wanted, holds in (
            (Receivable.OPEN, found.balance > 0 and is_issued),
            (Receivable.OVERDUE, found.is_overdue and is_issued),
            (Receivable.REFUND, found.refund_due > 0),
        ):
            computed[wanted] |= {row.pk} if holds else set()
    assert all(computed.values())
    for wanted in Receivable:
        chosen = with_receivable(Document.objects.all(), wanted, today=TODAY).values_list("pk", flat=True)
        assert set(chosen) == computed[wanted], wanted


def test_the_filter_by_business_status_agrees_with_the_computed_status_on_every_row():
    every_combination()
    computed: dict[str, set[int]] = {status: set() for status in BusinessStatus}
    for row in Document.objects.select_related("tenant"):
        computed[settling.business(row, today=TODAY).status].add(row.pk)
    assert all(computed.values()), "every status occurs, or the comparison says nothing about it"
    for status in BusinessStatus:
        chosen = with_business(Document.objects.all(), status, today=TODAY).values_list("pk", flat=True)
        assert set(chosen) == computed[status], status


@pytest.mark.parametrize(
    ("changes", "is_closing"),
    [
        ({}, True),
        ({"void_deadline": NOON + timedelta(hours=24)}, True),
        ({"void_deadline": NOON + timedelta(hours=24, seconds=1)}, False),
        ({"void_deadline": NOON - timedelta(seconds=1)}, False),
        ({"legal_status": "PAC_AUTHORIZED"}, True),
        ({"legal_status": "", "submission": "UNKNOWN"}, True),
        ({"legal_status": "DGI_REJECTED"}, False),
        ({"void_status": "VOIDED"}, False),
        ({"legal_status": "", "submission": "DISCARDED"}, False),
    ],
)
def test_what_closes_within_a_day_may_be_or_become_voidable_and_has_time_left(changes, is_closing):
    document = a_document(**{"void_deadline": NOON + timedelta(hours=5)} | changes)
    assert closing_within(Document.objects.all(), 24, now=NOON).filter(pk=document.pk).exists() is is_closing
