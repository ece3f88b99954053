"""The pages of a closing: the checklist with its links, the two acts, and that every figure opens exactly its rows."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from cifras.core import proposals
from cifras.sandbox.server import SandboxServer
from invoicing.models import Document
from reports.models import MonthClosing, Reconciliation
from reports.services import rollups
from reports.services.closing import month_end
from reports.services.reconciling import running
from tenants.models import Tenant
from tests.document_pages import queries_of, said, text_of
from tests.factories import a_staff_member, a_tenant
from tests.reports.closings import CLOSED_AT, OCTOBER, REASON, RIGHTS, approve, close, news, sold_in_october
from tests.reports.test_reconciliation_pages import signed_in

pytestmark = pytest.mark.django_db

MONTH = reverse("reports:reconciliation", args=["2026-10"])


@pytest.fixture(autouse=True)
def on_the_day_of_closing(pac: SandboxServer) -> Iterator[None]:
    with time_machine.travel(CLOSED_AT, tick=True):
        yield


@pytest.fixture
def tenant(pac: SandboxServer) -> Tenant:
    return a_tenant()


@pytest.fixture
def sold(tenant: Tenant) -> list[Document]:
    return sold_in_october(tenant)


@pytest.fixture
def browser(tenant: Tenant) -> Client:
    return signed_in(a_staff_member(tenant, permissions=RIGHTS))


def page_of(tenant: Tenant, name: str = "closing") -> str:
    return reverse(f"reports:{name}", args=["2026-10", tenant.uid])


def voided_later(document: Document) -> None:
    Document.objects.filter(pk=document.pk).update(void_status="VOIDED", voided_at=CLOSED_AT)
    rollups.mark_dirty([(document.tenant_id, OCTOBER)])
    assert news() == 1


def rows_behind(browser: Client, address: str) -> int:
    """How many rows a figure's link opens."""
    shown: Any = browser.get(address).context
    return int(shown["count"]) if "count" in shown else len(shown["cl"].result_list)


def test_the_checklist_names_what_is_missing_and_opens_it(
    tenant: Tenant, sold: list[Document], browser: Client
) -> None:
    running.reconcile(tenant, OCTOBER)
    Document.objects.filter(pk=sold[0].pk).update(void_status="UNKNOWN")
    shown = browser.get(page_of(tenant))
    [gate] = [each for each in shown.context["gates"] if each.links]
    assert gate.name == "void_in_course"
    [(words, address)] = gate.links
    assert words == "Factura: 1"
    assert [row.uid for row in browser.get(address).context["cl"].result_list] == [sold[0].uid]
    assert "Anulaciones en curso o en duda: 1." in text_of(shown)
    refused = browser.post(page_of(tenant), {"act": "propose", "reason": REASON}, follow=True)
    assert said(refused) == ["Anulaciones en curso o en duda: 1."]
    assert not MonthClosing.objects.exists()


def test_two_persons_close_the_month_and_two_open_it_again(
    tenant: Tenant, sold: list[Document], browser: Client
) -> None:
    running.reconcile(tenant, OCTOBER)
    second = signed_in(a_staff_member(tenant, permissions=RIGHTS))
    for act, state, word in (("propose", "closed", "Cerrado"), ("reopen", "reopened", "Abierto")):
        browser.post(page_of(tenant), {"act": act, "reason": REASON})
        shown = second.get(page_of(tenant))
        assert "Espera a otra persona" in text_of(shown)
        approval = reverse("admin:core_proposal_approve", args=[shown.context["proposal"].uid])
        assert approval in shown.content.decode()
        assert browser.post(approval, {"note": ""}).status_code == 200  # not the one who proposed it
        second.post(approval, {"note": ""})
        assert MonthClosing.objects.get().state == state
        assert word in text_of(second.get(page_of(tenant)))
        assert word in text_of(second.get(MONTH))


def test_the_acts_take_their_rights_and_a_company_that_one_sees(tenant: Tenant, sold: list[Document]) -> None:
    reader = signed_in(a_staff_member(tenant, permissions=("reports.view_report", "reports.reconcile")))
    stranger = signed_in(a_staff_member(a_tenant(), permissions=RIGHTS))
    closing = close(tenant)
    for act in ("propose", "reopen"):
        assert reader.post(page_of(tenant), {"act": act, "reason": REASON}).status_code == 403
        assert stranger.post(page_of(tenant), {"act": act, "reason": REASON}).status_code == 404
    for name in ("closing", "closing_documents", "closing_adjustments", "reconciliation_runs"):
        assert stranger.get(page_of(tenant, name)).status_code == 404
        assert reader.get(page_of(tenant, name)).status_code == 200
    closing.refresh_from_db()
    assert closing.is_closed


def test_frozen_figures_stand_beside_those_of_today_and_each_opens_its_rows(
    tenant: Tenant, sold: list[Document], browser: Client
) -> None:
    close(tenant)
    voided_later(sold[0])
    shown = browser.get(page_of(tenant))
    whole, void = shown.context["lines"]
    assert (whole.frozen.count, whole.today.count, whole.is_different) == (3, 3, False)
    assert (void.note, void.frozen.count, void.today.count, void.is_different) == (
        "de ellas, anuladas",
        0,
        1,
        True,
    )
    for cell in (whole.frozen, whole.today, void.today):
        assert rows_behind(browser, cell.address) == cell.count
    [line] = shown.context["from_here"]
    assert (line.count, f"{line.month:%Y-%m}", line.amount) == (1, "2026-11", f"-B/. {sold[0].total}")
    assert rows_behind(browser, line.address) == 1
    following = reverse("reports:closing", args=["2026-11", tenant.uid])
    [booked] = browser.get(following).context["booked"]
    assert rows_behind(browser, booked.address) == 1
    assert "Anulada después del cierre" in text_of(browser.get(booked.address))


def test_the_pages_ask_little(
    tenant: Tenant, sold: list[Document], browser: Client, pac: SandboxServer
) -> None:
    pac.world.authority.documents[sold[0].document_id].total += 50
    running.reconcile(tenant, OCTOBER)
    running.reconcile(tenant, OCTOBER)
    urls = [
        page_of(tenant),
        page_of(tenant, "reconciliation_runs"),
        f"{MONTH}?class=amount",
        f"{MONTH}?closing=to_close",
    ]
    for url in urls:
        assert queries_of(browser, url) <= 6, url
    pac.world.authority.documents[sold[0].document_id].total -= 50
    close(tenant)
    voided_later(sold[0])
    for name in ("closing", "closing_documents", "closing_adjustments"):
        assert queries_of(browser, page_of(tenant, name)) <= 6, name


def test_the_month_shows_who_is_to_close_and_home_counts_them(
    tenant: Tenant, sold: list[Document], browser: Client
) -> None:
    rollups.roll_up_due()
    card = re.search(
        r"Meses por cerrar.*?</section>", browser.get(reverse("admin:index")).content.decode(), re.S
    )
    assert card is not None
    assert f"{MONTH}?closing=to_close" in card.group()
    assert [line.tenant for line in browser.get(f"{MONTH}?closing=to_close").context["page"]] == [tenant]
    close(tenant)
    assert not list(browser.get(f"{MONTH}?closing=to_close").context["page"])
    assert [line.tenant for line in browser.get(f"{MONTH}?closing=closed").context["page"]] == [tenant]


def test_runs_are_compared_by_what_became_of_each_difference(
    tenant: Tenant, sold: list[Document], browser: Client, pac: SandboxServer
) -> None:
    there = [pac.world.authority.documents[each.document_id] for each in sold]
    there[0].total += 50
    there[1].total += 50
    running.reconcile(tenant, OCTOBER)
    there[0].total -= 50
    there[1].total += 1
    there[2].total += 50
    running.reconcile(tenant, OCTOBER)
    parts = browser.get(page_of(tenant, "reconciliation_runs")).context["parts"]
    assert [(str(part.word), [each.row.document_uid for each in part.differences]) for part in parts] == [
        ("Nuevas", [sold[2].uid]),
        ("Cambiaron", [sold[1].uid]),
        ("Ya no están", [sold[0].uid]),
        ("Siguen igual", []),
    ]


def test_figures_of_differences_open_exactly_those(
    tenant: Tenant, sold: list[Document], browser: Client, pac: SandboxServer
) -> None:
    pac.world.authority.documents[sold[0].document_id].total += 50
    pac.world.authority.documents[sold[1].document_id].legal_status = "DGI_REJECTED"
    running.reconcile(tenant, OCTOBER)
    month = browser.get(MONTH)
    for name, _word, count in month.context["classes"]:
        found = browser.get(f"{MONTH}?class={name}")
        assert len(found.context["differences"]) == count == 1
    page = page_of(tenant, "reconciliation_tenant")
    for query, count in (
        ("?decision=unsettled", 2),
        ("?decision=dispute", 0),
        ("?kind=INVOICE", 2),
        ("?kind=CREDIT", 0),
    ):
        assert len(browser.get(page + query).context["differences"]) == count


def test_finance_is_mailed_the_frozen_figures_once(
    tenant: Tenant, sold: list[Document], settings: Settings
) -> None:
    close(tenant)
    assert month_end.mail_closings() == 0  # nobody is named
    settings.CIFRAS_FINANCE_EMAILS = ["finanzas@cifras.test"]
    other = a_tenant()
    sold_in_october(other)
    closing = close(other)
    assert (month_end.mail_closings(), month_end.mail_closings()) == (1, 0)
    [sent] = mail.outbox
    assert sent.to == ["finanzas@cifras.test"]
    assert (
        f"PAB · Factura: 3 · {sum(each.total for each in Document.objects.filter(tenant=other)):,.2f}"
        in sent.body
    )
    closing.refresh_from_db()
    assert closing.mailed_at is not None


def test_last_month_is_drafted_once_on_the_first_working_day(tenant: Tenant, sold: list[Document]) -> None:
    Tenant.objects.update(created_at="2026-09-01T00:00:00Z")
    a_tenant(state=Tenant.State.SUSPENDED)
    Reconciliation.objects.all().delete()
    assert f"{month_end.first_working_day(OCTOBER):%d}" == "01"
    for day, asked in (("2026-11-01T20:00Z", 0), ("2026-11-02T12:00Z", 1), ("2026-11-02T13:00Z", 0)):
        with time_machine.travel(day):
            assert month_end.draft_month() == asked
    [run] = Reconciliation.objects.all()
    assert (run.tenant, run.month, run.asked_by) == (tenant, OCTOBER, None)


def test_a_proposal_that_was_refused_says_so(tenant: Tenant, sold: list[Document], browser: Client) -> None:
    running.reconcile(tenant, OCTOBER)
    browser.post(page_of(tenant), {"act": "propose", "reason": REASON})
    closing = MonthClosing.objects.get()
    proposal = proposals.open_proposal(closing.uid)
    assert proposal is not None
    proposals.refuse(
        proposal, actor=a_staff_member(tenant, permissions=RIGHTS), note="Falta revisar una nota"
    )
    assert "No procedió" in text_of(browser.get(page_of(tenant)))
    browser.post(page_of(tenant), {"act": "propose", "reason": REASON})
    again = MonthClosing.objects.get(number=2)
    approve(again, a_staff_member(tenant, permissions=RIGHTS))
    assert again.is_closed


def test_all_companies_show_six_months_and_never_add_currencies(
    tenant: Tenant, sold: list[Document], browser: Client
) -> None:
    address = reverse("reports:all_companies") + "?from=2026-10-01&to=2026-10-31"
    Document.objects.filter(pk=sold[2].pk).update(currency="PEN")
    rollups.mark_dirty([(tenant.pk, OCTOBER)])
    rollups.roll_up_due()
    page = browser.get(address)
    rows = {row.ours.amount: [bar.count for bar in row.trend.bars] for row in page.context["rows"]}
    assert rows == {
        f"B/. {sold[0].total + sold[1].total:,.2f}": [0, 0, 0, 0, 0, 2],
        f"S/ {sold[2].total:,.2f}": [0, 0, 0, 0, 0, 1],
    }
    assert [(each["currency"], each["count"]) for each in page.context["sums"]] == [("PAB", 2), ("PEN", 1)]
    assert "09/2026: 0, 10/2026: 2" in text_of(page)
    assert queries_of(browser, address) <= 6
