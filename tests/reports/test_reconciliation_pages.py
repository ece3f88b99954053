"""The pages of the reconciliation: what they show, who may decide, and what a decision does."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from cifras.core.models import AuditEntry, Staff
from cifras.sandbox.server import SandboxServer
from invoicing.models import Document
from reports.models import Difference, DifferenceComment, Reconciliation
from reports.services.reconciling import running
from tenants.models import StaffGrant, Tenant
from tests.clockwork import both_clocks_at, work_through
from tests.document_pages import queries_of, said, text_of
from tests.factories import a_staff_member, a_tenant
from tests.reports.sales import sell

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)
MONTH = reverse("reports:reconciliation", args=["2026-11"])
REASON = "Se revisó con el PAC el mismo día"
DECIDES = ("reports.view_report", "reports.reconcile", "invoicing.view_invoice", "invoicing.decide_document")


@pytest.fixture(autouse=True)
def in_november(pac: SandboxServer) -> Iterator[None]:
    with both_clocks_at(NOW, pac):
        yield


@pytest.fixture
def tenant(pac: SandboxServer) -> Tenant:
    """Three invoices: one with another amount there, one that was authorised there since we asked last."""
    tenant = a_tenant()
    for day in ("02", "03", "04"):
        sell(tenant, f"2026-11-{day}T10:00:00")
    work_through(rounds=2)
    first, second, _third = Document.objects.order_by("pk")
    pac.world.authority.documents[first.document_id].total += Decimal(50)
    Document.objects.filter(pk=second.pk).update(
        legal_status="PAC_AUTHORIZED", raw_legal_status="PAC_AUTHORIZED", authorized_at=None
    )
    return tenant


@pytest.fixture
def run(tenant: Tenant) -> Reconciliation:
    return running.reconcile(tenant, datetime(2026, 11, 1, tzinfo=UTC).date())


def signed_in(person: Staff) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def browser(tenant: Tenant) -> Client:
    return signed_in(a_staff_member(tenant, permissions=DECIDES, username="concilia"))


def page_of(tenant: Tenant, query: str = "") -> str:
    return reverse("reports:reconciliation_tenant", args=["2026-11", tenant.uid]) + query


def difference(name: str) -> Difference:
    return Difference.objects.filter(difference_class=name).latest("pk")


def act(browser: Client, tenant: Tenant, row: Difference, act: str, **data: Any) -> Any:
    return browser.post(page_of(tenant), {"act": act, "difference": str(row.uid), **data}, follow=True)


def test_the_month_shows_each_company_with_its_differences(run: Reconciliation, browser: Client) -> None:
    text = text_of(browser.get(MONTH))
    assert run.tenant.trade_name in text
    assert "Importe: 1" in text
    assert "Pendiente: 1" in text
    assert "0 / 2" in text
    assert "= Ventas netas" in text


def test_a_company_shows_both_raw_values_by_class(run: Reconciliation, browser: Client) -> None:
    assert run.by_class == {"amount": 1, "pending": 1}
    text = text_of(browser.get(page_of(run.tenant)))
    assert "321.00" in text
    assert "371.00" in text
    assert "El total difiere en -50.00." in text
    only = browser.get(page_of(run.tenant, "?class=pending"))
    assert [each.row.difference_class for each in only.context["differences"]] == ["pending"]


def test_the_pages_ask_little(run: Reconciliation, browser: Client) -> None:
    for url in (MONTH, page_of(run.tenant)):
        browser.get(url)
        assert queries_of(browser, url) <= 6, url


def test_accepting_needs_a_reason_and_is_kept(run: Reconciliation, browser: Client) -> None:
    row = difference("amount")
    refused = act(browser, run.tenant, row, "accept", reason="ok")
    assert any("motivo" in message for message in said(refused))
    row.refresh_from_db()
    assert row.decision == "open"
    act(browser, run.tenant, row, "accept", reason=REASON)
    row.refresh_from_db()
    assert (row.decision, row.decided_by.username if row.decided_by else "") == ("accept", "concilia")
    assert DifferenceComment.objects.get().text == REASON
    assert AuditEntry.objects.filter(action="difference.decided", object_uid=row.uid).exists()
    assert "1 / 2" in text_of(browser.get(MONTH))


def test_adopting_the_pacs_word_brings_the_books_level(
    run: Reconciliation, browser: Client, tenant: Tenant
) -> None:
    row = difference("pending")
    act(browser, tenant, row, "adopt", reason=REASON)
    work_through(rounds=1)
    assert Document.objects.get(uid=row.document_uid).legal_status == "DGI_AUTHORIZED"
    assert running.reconcile(tenant, run.month).by_class == {"amount": 1}


def test_asking_again_makes_the_document_due(run: Reconciliation, browser: Client) -> None:
    row = difference("amount")
    Document.objects.filter(uid=row.document_uid).update(due_at=None)
    act(browser, run.tenant, row, "refetch")
    assert Document.objects.get(uid=row.document_uid).due_at is not None
    row.refresh_from_db()
    assert row.decision == "refetch"


def test_a_difference_is_given_to_somebody_who_may_decide(run: Reconciliation, browser: Client) -> None:
    row = difference("amount")
    stranger = a_staff_member(permissions=("reports.reconcile",))
    act(browser, run.tenant, row, "assign", assignee=str(stranger.uid))
    row.refresh_from_db()
    assert row.assignee is None
    StaffGrant.objects.create(staff=stranger, tenant=run.tenant)
    act(browser, run.tenant, row, "assign", assignee=str(stranger.uid))
    row.refresh_from_db()
    assert row.assignee == stranger


def test_comments_stay_through_later_runs(run: Reconciliation, browser: Client) -> None:
    act(browser, run.tenant, difference("amount"), "comment", reason="Llamé al PAC: lo miran mañana")
    running.reconcile(run.tenant, run.month)
    assert "Llamé al PAC" in text_of(browser.get(page_of(run.tenant)))
    old = browser.get(page_of(run.tenant, "?run=1"))
    assert not old.context["decides"]
    refused = act(browser, run.tenant, Difference.objects.order_by("pk")[0], "accept", reason=REASON)
    assert any("corrida más nueva" in message for message in said(refused))


def test_the_workers_reconcile_what_a_page_asks_for(tenant: Tenant, browser: Client) -> None:
    for url, data in ((MONTH, {}), (page_of(tenant), {"act": "run"})):
        browser.post(url, data)
    waiting = Reconciliation.objects.get()
    assert (waiting.state, waiting.run) == ("waiting", 1)
    assert "En espera" in text_of(browser.get(MONTH))
    running.run_due()
    assert "Importe: 1" in text_of(browser.get(MONTH))


def test_a_reader_sees_and_may_not_act(run: Reconciliation) -> None:
    reader = signed_in(a_staff_member(run.tenant, permissions=("reports.view_report",)))
    page = reader.get(page_of(run.tenant))
    assert not page.context["decides"]
    assert b'name="act"' not in page.content
    row = difference("amount")
    for url in (MONTH, page_of(run.tenant)):
        answer = reader.post(url, {"act": "accept", "difference": str(row.uid), "reason": REASON})
        assert answer.status_code == 403
    row.refresh_from_db()
    assert row.decision == "open"
    assert Reconciliation.objects.count() == 1


def test_nobody_adopts_without_the_right_of_a_verdict(run: Reconciliation) -> None:
    person = signed_in(a_staff_member(run.tenant, permissions=("reports.view_report", "reports.reconcile")))
    act(person, run.tenant, difference("pending"), "adopt", reason=REASON)
    assert difference("pending").decision == "open"


def test_another_company_is_not_found(run: Reconciliation, browser: Client) -> None:
    other = a_tenant()
    outsider = signed_in(a_staff_member(other, permissions=DECIDES))
    assert outsider.get(page_of(run.tenant)).status_code == 404
    assert run.tenant.trade_name not in text_of(outsider.get(MONTH))
    foreign = {"act": "accept", "difference": str(difference("amount").uid), "reason": REASON}
    assert outsider.post(page_of(run.tenant), foreign).status_code == 404
    assert outsider.post(page_of(other), foreign).status_code == 404
    assert difference("amount").decision == "open"
    outsider.post(MONTH)
    assert set(Reconciliation.objects.filter(state="waiting").values_list("tenant", flat=True)) == {other.pk}


def test_without_rights_and_without_signing_in_there_is_nothing(run: Reconciliation) -> None:
    nobody = signed_in(a_staff_member(run.tenant))
    for url in (MONTH, page_of(run.tenant), reverse("reports:reconciliation_now")):
        assert nobody.get(url).status_code == 403
        assert Client().get(url).status_code == 302


@pytest.mark.parametrize("month", ["2026-13", "2026-1", "noviembre", "0001-01", "9999-12"])
def test_a_month_that_is_none_is_not_found(month: str, browser: Client) -> None:
    assert browser.get(reverse("reports:reconciliation", args=[month])).status_code == 404


def test_the_menu_leads_to_the_month_before(browser: Client) -> None:
    answer = browser.get(reverse("reports:reconciliation_now"))
    assert answer.headers["Location"].endswith("/reconciliation/2026-10/")
