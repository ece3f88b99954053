"""The pages of the documents reports: both sides, each figure a way to exactly its rows, for whoever may see them."""

import html
import random
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Group
from django.db.models import Sum
from django.test import Client
from django.urls import reverse

from cifras.sandbox.server import SandboxServer
from invoicing.models import Document
from reports.models import StatementRequest
from reports.services import rollups, statement_queue
from reports.services.reference import sync_reference_data
from reports.services.statements import Scope, fetch
from tenants.models import Tenant
from tests.clockwork import both_clocks_at, work_through
from tests.document_pages import queries_of, text_of
from tests.elsewhere import a_company
from tests.factories import a_staff_member, a_tenant
from tests.reports.sales import at, random_documents, sell

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)
NOVEMBER = (date(2026, 11, 1), date(2026, 11, 30))
COMPANY, ALL = "/admin/reports/documents/", "/admin/reports/documents/all-companies/"
CELL = re.compile(
    r'<a class="cf-link" href="(?P<address>/admin/invoicing/[^"]+)">(?P<count>\d+)[^<]*</a>\s*'
    r'<span class="cf-small cf-money">(?P<amount>[^<]+)</span>'
)
RIGHTS = (
    "reports.view_report",
    "reports.request_statement",
    "invoicing.view_invoice",
    "invoicing.view_credit",
)


@pytest.fixture(autouse=True)
def in_november(pac: SandboxServer) -> Iterator[None]:
    with both_clocks_at(NOW, pac):
        yield


def signed_in(staff: Any) -> Client:
    browser = Client()
    browser.force_login(staff)
    return browser


def cells(page: Any) -> list[tuple[str, int, str]]:
    return [
        (html.unescape(found["address"]), int(found["count"]), found["amount"])
        for found in CELL.finditer(page.content.decode())
    ]


def opened(browser: Client, address: str) -> tuple[int, Decimal]:
    """How many rows the list shows over all its pages, and what they come to."""
    count, total = 0, Decimal(0)
    while address:
        changelist = browser.get(address).context["cl"]
        rows = Document.objects.filter(pk__in=[row.pk for row in changelist.result_list])
        count += rows.count()
        total += rows.aggregate(total=Sum("total"))["total"] or 0
        address = changelist.next_url and address.partition("?")[0] + changelist.next_url
    return count, total


def test_every_figure_opens_exactly_its_rows(pac: SandboxServer) -> None:
    tenant, other = a_tenant(), a_tenant()
    chance = random.Random(7)
    random_documents(tenant, chance, 90)
    random_documents(other, chance, 30)
    rollups.rebuild([tenant, other])
    rollups.roll_up_due()
    browser = signed_in(a_staff_member(tenant, other, permissions=RIGHTS))
    months = "from=2026-10-01&to=2026-11-30"
    addresses = [
        f"{COMPANY}?tenant={tenant.uid}&{months}&groupBy={part}"
        for part in ("kind", "status", "day", "month", "office", "receiver")
    ]
    addresses += [
        f"{COMPANY}?tenant={tenant.uid}&from=2026-10-05&to=2026-11-12",
        f"{COMPANY}?tenant={tenant.uid}&{months}&docType=CREDIT",
        f"{COMPANY}?tenant={tenant.uid}&{months}&legalStatus=NONE",
        f"{COMPANY}?tenant={tenant.uid}&{months}&legalStatus=DGI_AUTHORIZED&groupBy=month",
        f"{ALL}?{months}",
        f"{ALL}?{months}&legalStatus=PAC_REJECTED&sort=size",
    ]
    seen: dict[str, tuple[int, Decimal]] = {}
    for address in addresses:
        found = cells(browser.get(address))
        assert found, address
        for link, count, amount in found:
            if link not in seen:
                seen[link] = opened(browser, link)
            assert (count, amount) == (seen[link][0], f"B/. {seen[link][1]:,.2f}"), (address, link)
    assert len(seen) > 60


@pytest.mark.parametrize(
    ("country", "currencies", "figures"),
    [("PA", ("PAB", "USD", "EUR"), [{"PAB", "USD"}, {"EUR"}]), ("PE", ("PEN", "USD"), [{"PEN"}, {"USD"}])],
    ids=["the balboa stands for the dollar", "soles and dollars are never added"],
)
def test_a_figure_opens_the_currencies_that_it_adds_and_no_other(
    country: str, currencies: tuple[str, ...], figures: list[set[str]]
) -> None:
    tenant = a_company(country=country)
    for number, document in enumerate(random_documents(tenant, random.Random(3), 40)):
        Document.objects.filter(pk=document.pk).update(
            kind="INVOICE", mode="DGI", submission="ACCEPTED", is_received=False, void_status="",
            legal_status="DGI_AUTHORIZED", currency=currencies[number % len(currencies)],
        )  # fmt: skip
    rollups.rebuild([tenant])
    rollups.roll_up_due()
    browser = signed_in(a_staff_member(tenant, permissions=RIGHTS))
    asked = f"from=2026-10-01&to=2026-11-30&environment={tenant.environment}"
    for address in (f"{COMPANY}?tenant={tenant.uid}&{asked}", f"{ALL}?{asked}"):
        opened_by = []
        for link, count, _amount in cells(browser.get(address)):
            if "issue_date_from" in link and "legal=" in link:
                shown = browser.get(link).context["cl"].result_list
                assert len(shown) == count
                opened_by.append({row.currency for row in shown})
        assert sorted(opened_by, key=sorted) == sorted(figures, key=sorted), address


def test_roll_up_and_documents_say_the_same_on_the_page(pac: SandboxServer) -> None:
    tenant = a_tenant()
    random_documents(tenant, random.Random(3), 40)
    rollups.rebuild([tenant])
    browser = signed_in(a_staff_member(tenant, permissions=RIGHTS))
    address = f"{COMPANY}?tenant={tenant.uid}&from=2026-10-01&to=2026-11-30&groupBy=month"
    fresh = browser.get(address)
    assert "leídas de los documentos ahora mismo" in text_of(fresh)
    rollups.roll_up_due()
    level = browser.get(address)
    assert "al día hace" in text_of(level)
    assert cells(level) == cells(fresh) != []


def test_both_sides_stand_side_by_side_and_differences_are_named(pac: SandboxServer) -> None:
    tenant = a_tenant()
    for day in ("2026-11-02", "2026-11-03"):
        sell(tenant, f"{day}T10:00:00")
    work_through(rounds=2)
    browser = signed_in(a_staff_member(tenant, permissions=RIGHTS))
    address = f"{COMPANY}?tenant={tenant.uid}&from=2026-11-01&to=2026-11-30"
    assert "Aún no se le ha preguntado" in text_of(browser.get(address))

    answer = browser.post(COMPANY, {"tenant": tenant.uid, "from": "2026-11-01", "to": "2026-11-30"})
    assert answer.status_code == 302
    assert 'hx-trigger="every 4s"' in browser.get(answer.url).content.decode()
    assert statement_queue.fetch_due() == 1
    page = browser.get(address)
    assert "Sin diferencias" in text_of(page)
    assert 'hx-trigger="every 4s"' not in page.content.decode()
    assert '"docType"' in html.unescape(page.content.decode())

    Document.objects.filter(issue_date__day=3).update(total=Decimal("322.00"))
    page = browser.get(address)
    assert "1 diferencia" in text_of(page)
    assert "Difiere" in text_of(page)
    assert "+B/. 1.00" in text_of(page)
    by_day = f"{address}&groupBy=day"
    fetch(Scope.of(tenant), *NOVEMBER, by_day=True)
    assert re.search(r"02/11/2026 Factura.*Igual.*03/11/2026 Factura.*Difiere", text_of(browser.get(by_day)))


def test_a_provider_that_names_no_currency_means_the_only_one_of_the_company(pac: SandboxServer) -> None:
    tenant = a_tenant()
    sell(tenant, "2026-11-02T10:00:00")
    work_through(rounds=2)
    Document.objects.update(currency="EUR")
    fetch(Scope.of(tenant), *NOVEMBER)
    browser = signed_in(a_staff_member(tenant, permissions=RIGHTS))
    page = browser.get(f"{COMPANY}?tenant={tenant.uid}&from=2026-11-01&to=2026-11-30")
    assert "Sin diferencias" in text_of(page)


def test_a_provider_that_does_not_answer_is_asked_again_and_the_page_says_so(pac: SandboxServer) -> None:
    tenant = a_tenant()
    browser = signed_in(a_staff_member(tenant, permissions=RIGHTS))
    pac.world.faults.add("500_before", "*report*", times=None)
    browser.post(COMPANY, {"tenant": tenant.uid, "from": "2026-11-01", "to": "2026-11-30"})
    for _attempt in range(6):
        statement_queue.fetch_due()
        StatementRequest.objects.filter(due_at__isnull=False).update(due_at=NOW)
    wish = StatementRequest.objects.get()
    assert (wish.attempts, wish.due_at) == (5, None)
    page = browser.get(f"{COMPANY}?tenant={tenant.uid}&from=2026-11-01&to=2026-11-30")
    assert "no tuvo respuesta" in text_of(page)


def test_every_night_all_companies_are_asked_once(pac: SandboxServer) -> None:
    first, second = a_tenant(), a_tenant()
    a_tenant(state="closed")
    statement_queue.plan_night(at("2026-11-21T01:59:00"))
    assert not StatementRequest.objects.exists()
    statement_queue.plan_night(at("2026-11-21T02:00:00"))
    statement_queue.plan_night(at("2026-11-21T15:00:00"))
    wishes = set(StatementRequest.objects.values_list("tenant", "from_date", "to_date"))
    assert wishes == {(tenant, *NOVEMBER) for tenant in (None, first.pk, second.pk)}
    with time_machine.travel(at("2026-12-03T03:00:00"), tick=True):
        statement_queue.plan_night()
        assert statement_queue.fetch_due() == 3 + 6
    assert not StatementRequest.objects.exclude(error="").exists()


def test_all_companies_show_the_worst_first_and_open_the_company(pac: SandboxServer) -> None:
    good, bad = a_tenant(trade_name="Buena"), a_tenant(trade_name="Rara")
    for tenant in (good, good, bad):
        sell(tenant, "2026-11-02T10:00:00")
    work_through(rounds=2)
    person = a_staff_member(good, bad, permissions=RIGHTS)
    browser = signed_in(person)
    browser.post(ALL, {"from": "2026-11-01", "to": "2026-11-30"})
    statement_queue.fetch_due()
    Document.objects.filter(tenant=bad).update(total=Decimal("300.00"))
    page = browser.get(f"{ALL}?from=2026-11-01&to=2026-11-30")
    assert "1 diferencia" in text_of(page)
    assert [row.name for row in page.context["rows"]] == ["Rara", "Buena"]
    assert [row.share for row in page.context["rows"]] == ["31.8 %", "68.2 %"]
    by_size = browser.get(f"{ALL}?from=2026-11-01&to=2026-11-30&sort=size")
    assert [row.name for row in by_size.context["rows"]] == ["Buena", "Rara"]
    assert browser.get(page.context["rows"][0].address).context["asked"].tenant == bad


def test_a_company_that_only_the_provider_knows_is_for_those_who_see_everything(pac: SandboxServer) -> None:
    mine, gone = a_tenant(), a_tenant()
    sell(gone, "2026-11-02T10:00:00")
    work_through(rounds=2)
    company = gone.pac_company_id or ""
    Tenant.objects.filter(pk=gone.pk).update(pac_company_id="another-one")
    fetch(Scope("alanube", "all"), *NOVEMBER)
    some = signed_in(a_staff_member(mine, permissions=RIGHTS))
    everything = signed_in(a_staff_member(is_superuser=True))
    address = f"{ALL}?from=2026-11-01&to=2026-11-30"
    assert company in text_of(everything.get(address))
    assert company not in text_of(some.get(address))


def test_nobody_sees_another_companys_figures(pac: SandboxServer) -> None:
    mine, foreign = a_tenant(trade_name="Propia"), a_tenant(trade_name="Forastera")
    for tenant in (mine, foreign):
        sell(tenant, "2026-11-02T10:00:00")
    work_through(rounds=2)
    browser = signed_in(a_staff_member(mine, permissions=RIGHTS))
    assert browser.get(f"{COMPANY}?tenant={foreign.uid}").status_code == 404
    assert browser.post(COMPANY, {"tenant": foreign.uid}).status_code == 404
    assert browser.get(f"{COMPANY}?tenant=nonsense").status_code == 404
    assert "Forastera" not in text_of(browser.get(f"{ALL}?from=2026-11-01&to=2026-11-30"))
    assert not StatementRequest.objects.exists()


def test_roles_open_the_reports_and_others_do_not(pac: SandboxServer) -> None:
    sync_reference_data()
    tenant = a_tenant()
    for role in ("Operaciones", "Facturación", "Auditoría", "Administración"):
        person = a_staff_member(tenant)
        person.groups.add(Group.objects.get(name=role))
        assert signed_in(person).get(COMPANY).status_code == 200
        assert signed_in(person).get(ALL).status_code == 200
    nobody = signed_in(a_staff_member(tenant))
    reader = signed_in(a_staff_member(tenant, permissions=("reports.view_report",)))
    sell(tenant, "2026-11-02T10:00:00")
    for address in (COMPANY, ALL):
        assert nobody.get(address).status_code == 403
        assert nobody.post(address).status_code == 403
        assert reader.post(address).status_code == 403
        page = reader.get(address)
        assert page.status_code == 200
        assert "/admin/invoicing/" not in "".join(link for link, _count, _amount in cells(page))
        assert Client().get(address).status_code == 302
    assert reverse("reports:documents") == COMPANY


def test_a_page_asks_six_times_at_most(pac: SandboxServer) -> None:
    tenants = [a_tenant() for _ in range(3)]
    for tenant in tenants:
        random_documents(tenant, random.Random(5), 12)
        fetch(Scope.of(tenant), *NOVEMBER)
    fetch(Scope("alanube", "all"), *NOVEMBER)
    rollups.rebuild(tenants)
    rollups.roll_up_due()
    browser = signed_in(a_staff_member(*tenants, permissions=RIGHTS))
    november = "from=2026-11-01&to=2026-11-30"
    assert queries_of(browser, f"{COMPANY}?tenant={tenants[0].uid}&{november}") <= 6
    assert queries_of(browser, f"{COMPANY}?tenant={tenants[0].uid}&{november}&groupBy=receiver") <= 6
    assert queries_of(browser, f"{ALL}?{november}") <= 6


@pytest.mark.parametrize(
    "query",
    [
        "from=ayer",
        "from=2026-12-01&to=2026-11-01",
        "from=1900-01-01",
        "groupBy=x",
        "page=99",
        "to=9999-12-31",
    ],
)
def test_an_address_that_makes_no_sense_still_opens(query: str, pac: SandboxServer) -> None:
    tenant = a_tenant()
    browser = signed_in(a_staff_member(tenant, permissions=RIGHTS))
    for address in (COMPANY, ALL):
        assert browser.get(f"{address}?{query}").status_code == 200
