"""The billing's pages, files and command: what they show, who may act, and that every figure opens its documents."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from cifras.core import proposals
from cifras.core.models import AuditEntry, Staff
from cifras.core.wording import sentence
from cifras.fiscal.errors import RuleBroken
from reports.models import BillingStatement, PacBill, Plan, PlanPrice, Subscription
from reports.services import rollups
from reports.services.billing.drafting import draft
from reports.services.billing.pac_bill import read_charged
from reports.services.billing.terms import subscribe
from tenants.models import StaffGrant, Tenant
from tests.document_pages import queries_of, said, text_of
from tests.factories import a_staff_member, an_administrator
from tests.reports.bills import (
    OCTOBER,
    SEPTEMBER,
    a_company,
    a_plan,
    close_month,
    documents,
    drafted,
    issue,
)
from tests.terminal import type_here

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 12, 9, 15, 0, tzinfo=UTC)
MONTH = reverse("reports:billing", args=["2026-10"])
ISSUE_ALL = reverse("reports:billing_issue_all", args=["2026-10"])
PAC = reverse("reports:billing_pac", args=["2026-10"])
REASON = "El consumo no era el de esta empresa"
NOT_FISCAL = "Este estado de cuenta no es un documento fiscal"
VIEWS = ("reports.view_billing", "invoicing.view_invoice", "invoicing.view_credit", "core.export_lists")
BILLS = (*VIEWS, "reports.issue_statement", "reports.manage_plans", "tenants.view_tenant")


@pytest.fixture(autouse=True)
def in_december() -> Iterator[None]:
    with time_machine.travel(NOW, tick=True):
        yield


@pytest.fixture
def tenant() -> Tenant:
    """October is closed: 12 invoices, of which two are beyond the included ones, one of them void, and a note."""
    tenant = a_company("Abarrotes Sol", a_plan())
    documents(tenant, "2026-10-02", 11)
    documents(tenant, "2026-10-20", 1, void_status="VOIDED")
    documents(tenant, "2026-10-03", 1, "CREDIT")
    close_month(tenant)
    drafted()
    return tenant


def signed_in(person: Staff) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def biller(tenant: Tenant) -> Client:
    return signed_in(a_staff_member(tenant, permissions=BILLS))


def page_of(tenant: Tenant, name: str = "tenant", *more: Any) -> str:
    return reverse(f"reports:billing_{name}", args=["2026-10", tenant.uid, *more])


def seen_on(response: Any) -> list[str]:
    return [f"{each.tenant.uid}:{each.digest}" for each in response.context["companies"]]


def table(response: Any) -> list[list[str]]:
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


def test_the_month_shows_every_company_with_what_it_owes_or_why_not(tenant: Tenant, biller: Client) -> None:
    person = Staff.objects.get(pk=biller.session["_auth_user_id"])
    for name in ("Abierta", "Sin plan", "Oculta"):
        other = a_company(name, None if name == "Sin plan" else Plan.objects.get())
        documents(other, "2026-10-02", 1)
        if name != "Oculta":
            StaffGrant.objects.create(staff=person, tenant=other)
        if name != "Abierta":
            close_month(other)
    text = text_of(biller.get(MONTH))
    assert "Se está calculando" in text
    drafted()
    response = biller.get(MONTH)
    assert [(str(each.tenant), each.standing) for each in response.context["page"]] == [
        ("Abarrotes Sol", "ready"),
        ("Sin plan", "problem"),
        ("Abierta", "open"),
    ]
    text = text_of(response)
    for words in (
        "Facturas, emitidas: 12",
        "Notas de crédito, emitidas: 1",
        "Facturas, anuladas del mes: 1",
        "B/. 30.10",
        "suscríbala desde su día",
        "Se factura cuando el mes esté cerrado",
        NOT_FISCAL,
    ):
        assert words in text, words
    assert "Oculta" not in text
    assert [str(each.tenant) for each in biller.get(f"{MONTH}?state=open").context["page"]] == ["Abierta"]


def test_the_pages_ask_little(tenant: Tenant, biller: Client) -> None:
    for name in ("Otra", "Tercera"):
        close_month(a_company(name, Plan.objects.get()))
    drafted()
    urls = [MONTH, page_of(tenant), page_of(tenant, "documents", 2), ISSUE_ALL, PAC]
    for url in urls:
        biller.get(url)
        assert queries_of(biller, url) <= 6, url
    issue(tenant)
    for url in (MONTH, page_of(tenant)):
        assert queries_of(biller, url) <= 6, url


def test_every_line_opens_exactly_its_documents_before_and_after_it_is_issued(
    tenant: Tenant, biller: Client
) -> None:
    for state in ("draft", "issued"):
        page = biller.get(page_of(tenant))
        lines = page.context["lines"]
        assert [(line.documents, line.charged, line.amount) for line in lines] == [
            ("", "", "B/. 30.00"),
            ("12", "2", "B/. 0.20"),
            ("1", "0", "B/. 0.00"),
            ("-1", "-1", "-B/. 0.10"),
        ]
        for line in lines[1:]:
            opened = biller.get(line.address)
            assert opened.context["count"] == len(opened.context["rows"]) == abs(int(line.documents))
            assert len(table(biller.post(line.address, {"form": "csv"}))) > 1
        assert biller.get(page_of(tenant, "documents", 1)).status_code == 404
        assert biller.get(page_of(tenant, "documents", 9)).status_code == 404
        assert NOT_FISCAL in text_of(page)
        if state == "draft":
            issue(tenant)


def test_a_file_is_asked_for_by_a_post_counted_and_audited(tenant: Tenant, biller: Client) -> None:
    """As every other export: looking at an address hands nothing out."""
    pages = [MONTH, page_of(tenant), page_of(tenant, "documents", 2)]
    for page in pages:
        shown = biller.get(page, {"file": "csv"})
        assert (shown.status_code, shown.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
        assert 'name="form" value="csv-bom"' in shown.content.decode()
        assert biller.post(page, {"form": "pdf"}).status_code == 404
    assert not AuditEntry.objects.filter(action="export.started").exists()
    table(biller.post(f"{MONTH}?state=ready", {"form": "csv-bom"}))
    kept = AuditEntry.objects.get(action="export.started")
    assert (kept.after["filters"], kept.after["form"]) == ("state=ready", "csv-bom")
    reader = signed_in(a_staff_member(tenant, permissions=("reports.view_billing", "invoicing.view_invoice")))
    for page in pages:
        assert reader.post(page, {"form": "csv"}).status_code == 403
        assert 'value="csv-bom"' not in reader.get(page).content.decode()


def test_a_company_in_peru_reads_its_own_zone_and_its_own_currency(biller: Client) -> None:
    shop = a_company("Bodega", country="PE", pac_provider="tandia", ruc="20100066603")
    StaffGrant.objects.create(staff=Staff.objects.get(), tenant=shop)
    close_month(shop, SEPTEMBER)
    assert draft(shop, SEPTEMBER).totals == {"PEN": Decimal("0.00")}
    subscribe(shop, a_plan("Soles", "PEN"), starts_on=OCTOBER, actor=None)
    documents(shop, "2026-10-02", 11, currency="PEN")
    close_month(shop)
    drafted()
    line = page_of(shop, "documents", 2)
    for page in (biller.get(page_of(shop)), biller.get(line)):
        assert "America/Lima" in text_of(page)
        assert "America/Panama" not in text_of(page)
    assert "America/Lima" in str(table(biller.post(line, {"form": "csv"})))


def test_the_files_say_what_the_page_says(tenant: Tenant, biller: Client) -> None:
    issue(tenant)
    rows = table(biller.post(page_of(tenant), {"form": "csv"}))
    [usage] = [row for row in rows if row and row[0] == "Facturas: emitidas"]
    assert (usage[2:5], Decimal(usage[5]), usage[6:]) == (["12", "10", "2"], Decimal("0.1"), ["PAB", "0.20"])
    assert any(row and row[0] == "Total" and row[-1] == "30.10" for row in rows)
    assert any(NOT_FISCAL in cell for row in rows for cell in row)
    book = openpyxl.load_workbook(
        io.BytesIO(b"".join(biller.post(page_of(tenant), {"form": "xlsx"}).streaming_content))
    )
    cells = [cell for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row]
    assert 30.1 in cells
    assert any(NOT_FISCAL in str(cell) for cell in cells)
    month = table(biller.post(MONTH, {"form": "csv"}))
    assert any(row[0] == "Abarrotes Sol" and row[-1] == "30.10" for row in month if row)
    assert AuditEntry.objects.filter(action="export.finished").exists()


def test_what_was_shown_is_issued_once_and_nothing_by_a_get(tenant: Tenant, biller: Client) -> None:
    other = a_company("Otra", Plan.objects.get())
    StaffGrant.objects.create(staff=Staff.objects.get(pk=biller.session["_auth_user_id"]), tenant=other)
    close_month(other)
    drafted()
    page = biller.get(ISSUE_ALL)
    assert page.context["totals"] == ["B/. 60.10"]
    assert not BillingStatement.objects.exists()
    stale = [f"{tenant.uid}:{'0' * 64}", seen_on(page)[1]]
    answer = biller.post(ISSUE_ALL, {"seen": stale}, follow=True)
    assert any("ya no es el que usted vio" in message for message in said(answer))
    assert [each.tenant for each in BillingStatement.objects.all()] == [other]
    drafted()
    answer = biller.post(ISSUE_ALL, {"seen": seen_on(biller.get(page_of(tenant, "issue")))}, follow=True)
    assert "Estado de cuenta emitido: 1." in said(answer)
    assert "EC-202610" in text_of(biller.get(MONTH))
    biller.post(page_of(tenant, "issue"), {"seen": seen_on(page)})
    assert BillingStatement.objects.count() == 2


def test_a_statement_is_withdrawn_by_two_and_replaced(tenant: Tenant, biller: Client) -> None:
    first = issue(tenant)
    here = page_of(tenant)
    answer = biller.post(here, {"statement": first.uid, "reason": "corto"}, follow=True)
    assert any("motivo" in message for message in said(answer))
    biller.post(here, {"statement": first.uid, "reason": REASON})
    assert "Por aprobar: retirar este estado de cuenta" in text_of(biller.get(here))
    proposal = proposals.open_proposal(first.uid)
    assert proposal
    proposals.approve(proposal, actor=a_staff_member(tenant, permissions=("reports.issue_statement",)))
    drafted()
    assert "Reemplaza a" in text_of(biller.get(MONTH))
    second = issue(tenant)
    assert f"Reemplaza a {first.number}" in text_of(biller.get(here))
    old = text_of(biller.get(f"{here}?statement={first.uid}"))
    assert "Retirado" in old
    assert REASON in old
    assert second.number not in old.partition("Estados de cuenta del mes")[0]
    assert biller.get(f"{here}?statement={tenant.uid}").status_code == 404


def test_who_may_look_act_and_see_whom(tenant: Tenant) -> None:
    issue(tenant)
    other = a_company("Otra", Plan.objects.get())
    close_month(other)
    drafted()
    urls = [MONTH, page_of(tenant), page_of(tenant, "documents", 2), PAC, reverse("reports:billing_now")]
    nobody = signed_in(a_staff_member(tenant))
    reader = signed_in(a_staff_member(tenant, permissions=VIEWS))
    for url in urls:
        assert nobody.get(url).status_code == 403, url
        assert Client().get(url).status_code == 302, url
        assert reader.get(url).status_code in {200, 302}, url
    for url in (ISSUE_ALL, page_of(tenant, "issue")):
        assert reader.get(url).status_code == reader.post(url).status_code == 403
    assert reader.post(page_of(tenant), {"reason": REASON}).status_code == 403
    assert reader.post(PAC, {"provider": "alanube", "typed": "x"}).status_code == 403
    biller = signed_in(a_staff_member(tenant, permissions=BILLS))
    for url in (page_of(other), page_of(other, "documents", 1), page_of(other, "issue")):
        assert biller.get(url).status_code == 404
        assert biller.post(url, {"seen": f"{other.uid}:x"}).status_code in {404, 405}
    assert biller.post(PAC, {"provider": "alanube", "typed": "ruc,count\n1,1"}).status_code == 403
    assert "Otra" not in text_of(biller.get(MONTH))
    assert biller.get(reverse("reports:billing", args=["2026-13"])).status_code == 404
    assert biller.get(reverse("reports:billing_now")).headers["Location"].endswith("/billing/2026-11/")


def test_practice_companies_are_shown_only_where_there_is_nothing_else_and_never_billed(
    tenant: Tenant, biller: Client
) -> None:
    practice = a_company("Ensayo", Plan.objects.get(), environment="sandbox")
    person = a_staff_member(practice, permissions=BILLS)
    assert "Pruebas: nunca se factura" in text_of(signed_in(person).get(MONTH))
    StaffGrant.objects.create(staff=person, tenant=tenant)
    assert "Ensayo" not in text_of(signed_in(person).get(MONTH))


def test_the_providers_bill_is_held_against_our_counts(tenant: Tenant) -> None:
    open_one, unbilled = a_company("Abierta"), a_company("No cobrada")
    documents(open_one, "2026-10-02", 2)
    documents(unbilled, "2026-10-02", 1)
    rollups.rebuild([open_one, unbilled])
    boss = signed_in(an_administrator())
    bad = boss.post(
        PAC,
        {
            "provider": "alanube",
            "currency": "PAB",
            "typed": "ruc,kind,count,amount\nx,recibo,1,\n,,-2,\nx,,1,10000000000",
        },
        follow=True,
    )
    complaints = " ".join(said(bad))
    for row in ("Fila 2", "Fila 3", "Fila 4: La cifra 10000000000 es demasiado grande"):
        assert row in complaints
    assert not PacBill.objects.exists()
    lines = (
        "pac_company_id;kind;count;amount\n"
        f"{tenant.pac_company_id};factura;12;1.20\n{tenant.pac_company_id};nota;1;0.05\n"
        f"{open_one.ruc};;5;0.50\n=HYPERLINK(1);;3;\n"
    )
    file = SimpleUploadedFile("octubre.csv", lines.encode())
    page = boss.post(PAC, {"provider": "alanube", "currency": "PAB", "file": file}, follow=True)
    found = {(row["each"].company, row["each"].kind): row for row in page.context["rows"]}
    assert {key: (row["each"].match, row["difference"]) for key, row in found.items()} == {
        (tenant.pac_company_id, "INVOICE"): ("equal", "0"),
        (tenant.pac_company_id, "CREDIT"): ("equal", "0"),
        (open_one.ruc, ""): ("more", "+3"),
        ("=HYPERLINK(1)", ""): ("unknown", "+3"),
        (unbilled.pac_company_id, ""): ("fewer", "-1"),
    }
    [(_word, address)] = found[tenant.pac_company_id, "INVOICE"]["documents"]
    assert len(boss.get(address).context["cl"].result_list) == 12
    bill = PacBill.objects.get()
    assert (bytes(bill.content), bill.version, bill.uploaded_by[:7]) == (lines.encode(), 1, "persona")
    rows = table(boss.post(PAC, {"form": "csv"}))
    assert any(cell == "'=HYPERLINK(1)" for row in rows for cell in row)
    boss.post(PAC, {"provider": "alanube", "currency": "PAB", "typed": f"ruc,count\n{open_one.ruc},2"})
    assert list(PacBill.objects.values_list("version", flat=True).order_by("pk")) == [1, 2]
    assert "2 diferencias" in text_of(boss.get(PAC))  # two companies are no longer on it
    assert "versión 1" in text_of(boss.get(f"{PAC}?bill={bill.uid}"))
    mine = signed_in(a_staff_member(tenant, permissions=VIEWS)).get(f"{PAC}?bill={bill.uid}")
    assert {row["each"].tenant for row in mine.context["rows"]} == {tenant}
    assert queries_of(boss, PAC) <= 6


def test_a_code_in_a_bill_is_that_of_the_providers_country() -> None:
    bill = b"ruc,kind,count\nx,03,1\nx,07,2\n"
    assert [each.kind for each in read_charged(io.BytesIO(bill), "PE")] == ["INVOICE", "CREDIT"]
    with pytest.raises(RuleBroken) as refusal:  # a debit note, which nobody issues here
        read_charged(io.BytesIO(bill), "PA")
    assert "Fila 3: «07» no es una clase" in sentence(refusal.value)


def test_the_command_prints_what_is_owed(tenant: Tenant, capsys: pytest.CaptureFixture[str]) -> None:
    practice = a_company("Ensayo", Plan.objects.get(), environment="sandbox")
    documents(practice, "2026-10-02", 2)
    ended = type_here(capsys, "billing", "2026-10")
    row, summary = ended.lines
    assert (ended.code, row["tenant"], row["closed"], row["statement"]) == (0, str(tenant.uid), True, None)
    assert (row["plan"], row["currency"], row["total"]) == ("Básico", "PAB", "30.10")
    assert row["usage"]["issued"] == {"INVOICE": 12, "CREDIT": 1}
    assert [(line["charge"], line["quantity"], line["amount"]) for line in row["lines"]] == [
        ("fee", 1, "30.00"),
        ("usage", 2, "0.20"),
        ("usage", 0, "0.00"),
        ("forgiven", -1, "-0.10"),
    ]
    assert summary["summary"]["totals"] == {"PAB": "30.10"}
    statement = issue(tenant)
    again = type_here(capsys, "billing", "2026-10", "--tenant", tenant.pac_company_id or "").lines[0]
    assert again == row | {"statement": statement.number}
    late = type_here(capsys, "billing", "2026-11")
    assert (late.code, late.lines[0]["closed"], late.lines[0]["total"]) == (1, False, None)
    assert late.lines[0]["errors"][0]["code"] == "month_open"
    told = type_here(capsys, "billing", "2026-10", "--environment", "sandbox")
    assert (told.code, told.lines[0]["usage"]["issued"]["INVOICE"], told.lines[0]["total"]) == (0, 2, None)
    assert type_here(capsys, "billing", "2026-10", "--tenant", "nadie").code == 1
    assert type_here(capsys, "billing", "octubre").code == 2


def test_plans_and_subscriptions_are_kept_on_their_pages(tenant: Tenant, biller: Client) -> None:
    add = reverse("admin:reports_plan_add")
    given = {
        "name": "Empresa",
        "currency": "PEN",
        "valid_from": "2026-11",
        "monthly_fee": "90.00",
        "included_invoices": "500",
        "included_credits": "100",
        "invoice_price": "0.045",
        "credit_price": "0.02",
    }
    assert "valid_from" in biller.post(add, given | {"valid_from": "ayer"}).context["adminform"].form.errors
    biller.post(add, given)
    plan = Plan.objects.get(name="Empresa")
    assert (PlanPrice.objects.get(plan=plan).invoice_price, plan.currency) == (Decimal("0.045"), "PEN")
    assert "name" in biller.post(add, given).context["adminform"].form.errors
    page = reverse("admin:reports_plan_change", args=[plan.uid])
    assert "S/ 90.00" in text_of(biller.get(page))
    new_price = reverse("admin:reports_plan_price", args=[Plan.objects.get(name="Básico").uid])
    refused = biller.post(new_price, given | {"valid_from": "2026-10"})
    assert "ya está cerrado para una empresa" in text_of(refused)
    assert PlanPrice.objects.count() == 2
    biller.post(new_price, given | {"valid_from": "2026-12"})
    assert PlanPrice.objects.count() == 3
    biller.post(page, {"name": "Empresa grande", "is_offered": ""})
    plan.refresh_from_db()
    assert (plan.name, plan.is_offered) == ("Empresa grande", False)

    subscriptions = reverse("admin:reports_subscription_add")
    basic = Plan.objects.get(name="Básico")
    wanted = {"tenant": tenant.pk, "plan": plan.pk, "starts_on": "2026-11-15"}
    assert "ya no se ofrece" in text_of(biller.post(subscriptions, wanted))
    biller.post(subscriptions, wanted | {"plan": ""})
    row = Subscription.objects.get(tenant=tenant, plan=None)
    assert "14/11/2026" in text_of(biller.get(reverse("admin:reports_subscription_changelist")))
    stranger = a_company("Oculta")
    biller.post(subscriptions, wanted | {"tenant": stranger.pk, "plan": basic.pk})
    assert not Subscription.objects.filter(tenant=stranger).exists()
    biller.post(reverse("admin:reports_subscription_delete", args=[row.uid]), {"post": "yes"})
    assert Subscription.objects.filter(tenant=tenant).count() == 1
    issue(tenant)
    kept = Subscription.objects.get(tenant=tenant)
    answer = biller.post(
        reverse("admin:reports_subscription_delete", args=[kept.uid]), {"post": "yes"}, follow=True
    )
    assert any("EC-202610" in message for message in said(answer))
    reader = signed_in(a_staff_member(tenant, permissions=VIEWS))
    assert reader.get(page).status_code == 200
    assert reader.get(add).status_code == reader.post(new_price, given).status_code == 403
