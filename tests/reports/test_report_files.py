"""The reports as files: the figures of the page as numbers, for those who may have them, and audited."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from django.test import Client
from django.urls import reverse

from cifras.core.models import AuditEntry
from cifras.sandbox.server import SandboxServer
from invoicing.models import Document
from reports.services.reconciling import running
from reports.services.statements import Scope, fetch
from tenants.models import Tenant
from tests.clockwork import both_clocks_at, work_through
from tests.factories import a_staff_member, a_tenant
from tests.reports.sales import sell

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)
NOVEMBER = {"from": "2026-11-01", "to": "2026-11-30"}
RIGHTS = ("reports.view_report", "invoicing.view_invoice", "core.export_lists")


@pytest.fixture(autouse=True)
def in_november(pac: SandboxServer) -> Iterator[None]:
    with both_clocks_at(NOW, pac):
        yield


@pytest.fixture
def tenant(pac: SandboxServer) -> Tenant:
    """Two invoices, of which the PAC has one with another amount."""
    tenant = a_tenant()
    for day in ("02", "03"):
        sell(tenant, f"2026-11-{day}T10:00:00")
    work_through(rounds=2)
    pac.world.authority.documents[Document.objects.earliest("pk").document_id].total += Decimal(50)
    fetch(Scope.of(tenant), date(2026, 11, 1), date(2026, 11, 30), by_day=False)
    return tenant


@pytest.fixture
def browser(tenant: Tenant) -> Client:
    return signed_in(a_staff_member(tenant, permissions=RIGHTS))


def signed_in(person: Any) -> Client:
    client = Client()
    client.force_login(person)
    return client


def rows_of(response: Any) -> list[dict[str, str]]:
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text.partition("\n\n")[0], newline="")))


def test_the_file_of_a_company_has_the_figures_of_the_page(tenant: Tenant, browser: Client) -> None:
    address = reverse("reports:documents_file")
    page = browser.get(reverse("reports:documents"), {**NOVEMBER, "tenant": tenant.uid})
    assert f'action="{address}"' in page.content.decode()
    answer = browser.post(address, {**NOVEMBER, "tenant": tenant.uid, "file": "csv"})
    [line] = rows_of(answer)
    assert (line["Nuestro: documentos"], line["Nuestro: total"]) == ("2", "642.00")
    assert (line["PAC: documentos"], line["PAC: total"]) == ("2", "692.00")
    assert (line["Diferencia: total"], line["Comparación"]) == ("-50.00", "Difiere")
    started, finished = AuditEntry.objects.filter(action__startswith="export.").order_by("sequence")
    assert (started.action, finished.action, finished.after["rows"]) == (
        "export.started",
        "export.finished",
        1,
    )


def test_all_companies_as_a_spreadsheet(tenant: Tenant, browser: Client) -> None:
    address = reverse("reports:all_companies_file")
    page = browser.get(reverse("reports:all_companies"), NOVEMBER)
    assert f'action="{address}"' in page.content.decode()
    answer = browser.post(address, {**NOVEMBER, "file": "xlsx"})
    book = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content)))
    heading, row = ([cell.value for cell in cells] for cells in book.worksheets[0].iter_rows())
    line = dict(zip(heading, row, strict=True))
    assert (line["RUC"], line["Nuestro: total"], line["Comparación"]) == (tenant.ruc, 642, "Sin comparar")
    assert line["Factura · Autorizada por DGI: total"] == 642
    assert "America/Panama" in "".join(str(cell[0].value) for cell in book.worksheets[1].iter_rows())


def test_the_reconciliation_with_its_differences(tenant: Tenant, browser: Client) -> None:
    running.reconcile(tenant, date(2026, 11, 1))
    month, company = (
        reverse("reports:reconciliation_file", args=["2026-11"]),
        reverse("reports:differences_file", args=["2026-11", tenant.uid]),
    )
    [line] = rows_of(browser.post(month, {"file": "csv"}))
    assert (line["RUC"], line["Diferencias"], line["Decididas"]) == (tenant.ruc, "1", "0")
    page = reverse("reports:reconciliation_tenant", args=["2026-11", tenant.uid])
    assert f'action="{company}"' in browser.get(page).content.decode()
    [row] = rows_of(browser.post(company, {"file": "csv-bom"}))
    assert (row["Total: nuestro"], row["Total: PAC"]) == ("321.00", "371.00")
    assert row["Motivo"] == "El total difiere en -50.00."


def test_a_file_is_for_those_who_may_and_sees_no_other_company(tenant: Tenant, browser: Client) -> None:
    running.reconcile(tenant, date(2026, 11, 1))
    reader = signed_in(a_staff_member(tenant, permissions=("reports.view_report",)))
    stranger = signed_in(a_staff_member(a_tenant(), permissions=RIGHTS))
    asked = {**NOVEMBER, "tenant": tenant.uid, "file": "csv"}
    addresses = {
        "documents_file": [],
        "all_companies_file": [],
        "reconciliation_file": ["2026-11"],
        "differences_file": ["2026-11", tenant.uid],
    }
    for name, arguments in addresses.items():
        address = reverse(f"reports:{name}", args=arguments)
        assert reader.post(address, asked).status_code == 403, name
        assert browser.get(address).status_code == 405, name
        answer = stranger.post(address, asked)
        assert answer.status_code == 404 or tenant.ruc not in str(rows_of(answer)), name
    assert (
        "file/"
        not in reader.get(reverse("reports:documents"), {**NOVEMBER, "tenant": tenant.uid}).content.decode()
    )
