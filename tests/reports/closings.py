"""A month at the practice PAC that is ready to be closed, and two persons who close it."""

from datetime import UTC, date, datetime, timedelta

import time_machine

from cifras.core import proposals
from cifras.core.models import Staff
from invoicing.models import Document
from reports.models import MonthClosing
from reports.services import rollups
from reports.services.closing import acts, adjusting
from reports.services.reconciling import running
from tenants.models import Tenant
from tests.clockwork import work_through
from tests.factories import a_staff_member
from tests.reports.sales import sell

OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)
SOLD_AT = datetime(2026, 10, 30, 20, 0, tzinfo=UTC)
CLOSED_AT = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)
REASON = "Revisado con el PAC y con la contadora"
RIGHTS = (
    "reports.view_report",
    "reports.reconcile",
    "reports.close_month",
    "reports.reopen_month",
    "core.view_proposal",
    "invoicing.view_invoice",
    "invoicing.view_credit",
    "invoicing.decide_document",
)


def sold_in_october(tenant: Tenant, count: int = 3) -> list[Document]:
    """Authorised invoices of the end of October, issued then; the void windows close on 7 November."""
    with time_machine.travel(SOLD_AT, tick=True):
        documents = [
            sell(tenant, f"2026-10-{28 + n % 3}T10:00:00", f"{100 + 10 * n}.00") for n in range(count)
        ]
        work_through(rounds=2)
    for document in documents:
        document.refresh_from_db()
    return documents


def two_persons(tenant: Tenant) -> tuple[Staff, Staff]:
    """One who proposes and one who approves."""
    return a_staff_member(tenant, permissions=RIGHTS), a_staff_member(tenant, permissions=RIGHTS)


def close(tenant: Tenant, month: date = OCTOBER, overridden: tuple[str, ...] = ()) -> MonthClosing:
    """Reconcile and close."""
    first, second = two_persons(tenant)
    running.reconcile(tenant, month)
    closing = acts.propose_closing(tenant, month, overridden=overridden, reason=REASON, actor=first)
    approve(closing, second)
    return closing


def approve(closing: MonthClosing, person: Staff) -> None:
    """The second person's yes, to whatever waits about a closing."""
    proposal = proposals.open_proposal(closing.uid)
    assert proposal is not None
    proposals.approve(proposal, actor=person)
    closing.refresh_from_db()


def news() -> int:
    """Roll up what happened and have the closed months looked through; how many adjustments."""
    rollups.roll_up_due()
    return adjusting.adjust_due()


def later(days: int) -> time_machine.travel:
    """So many days after the closing."""
    return time_machine.travel(CLOSED_AT + timedelta(days=days), tick=True)
