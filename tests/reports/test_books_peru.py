"""A Peruvian company's month: its register in soles at the published rates, and its books in Peru's words."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from cifras.core.models import AuditEntry
from cifras.fiscal.errors import RuleBroken
from cifras.sandbox.server import SandboxServer
from invoicing.models import Document
from invoicing.services import create_credit, create_invoice, void_invoice
from reports.models import ExchangeRate
from reports.services import rollups
from reports.services.billing.drafting import draft
from reports.services.billing.terms import subscribe
from reports.services.exchange_rates import MANAGE, Published, record_rate
from tenants.models import Tenant
from tests.clockwork import both_clocks_at, work_through
from tests.document_pages import queries_of, text_of
from tests.factories import a_staff_member
from tests.peru import a_company, boleta_json, factura_json, note_json
from tests.reports.bills import a_plan, close_month, drafted
from tests.reports.sales import at
from tests.reports.test_books import file_of, foot_on_screen, signed_in
from tests.terminal import type_here

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)
DOLLARS = {"currency": "USD", "exchange_rate": "3.7"}  # the document's own, for the rules in soles
RIGHTS = ("reports.view_books", "reports.export_books", "invoicing.view_invoice", "invoicing.view_credit")


@pytest.fixture(autouse=True)
def in_november(pac: SandboxServer) -> Iterator[None]:
    with both_clocks_at(NOW, pac):
        yield


class Month:
    """A November of a company in Lima: soles, dollars, a boleta, a note on October's dollars, a baja, a detraction."""

    def __init__(self, pac: SandboxServer) -> None:
        self.tenant = a_company(pac)
        self.soles, self.dollars = self.queued(), self.queued(**DOLLARS)
        self.october, self.down, self.detracted = (
            self.queued(**DOLLARS),
            self.queued(**DOLLARS),
            self.queued(),
        )
        self.boleta = create_invoice(boleta_json(self.tenant), actor=None)
        work_through(rounds=2)
        note = note_json(self.tenant, self.october.external_id, **DOLLARS)
        self.note = create_credit(note, actor=None)
        void_invoice(self.down.uid, "Error de datos", actor=None)
        work_through(rounds=2)
        for document, moment in (
            (self.soles, "2026-11-05T09:00:00"),
            (self.boleta, "2026-11-05T23:30:00"),  # in UTC the next day
            (self.dollars, "2026-11-06T10:00:00"),
            (self.october, "2026-10-30T10:00:00"),
            (self.note, "2026-11-10T10:00:00"),
            (self.down, "2026-11-20T10:00:00"),
        ):
            # To the day that the case is about: SUNAT takes none that is older than some days.
            Document.objects.filter(pk=document.pk).update(issue_date=at(moment))
        self.detracted.refresh_from_db()
        kept = {"amount": "28.32", "goods_code": "022", "percent": "12", "account": "00-000-000001"}
        peru = {**self.detracted.peru, "detraction": kept}  # Fabo takes none
        Document.objects.filter(pk=self.detracted.pk).update(peru=peru)
        rollups.rebuild([self.tenant])
        rollups.roll_up_due()

    def queued(self, **changes: Any) -> Document:
        return create_invoice(factura_json(self.tenant, **changes), actor=None)

    def address(self, slug: str = "sales") -> str:
        return reverse("reports:month_end_book", args=["2026-11", self.tenant.uid, slug])

    def browser(self, *more: str) -> Client:
        return signed_in(a_staff_member(self.tenant, permissions=(*RIGHTS, *more)))


def by_number(rows: list[dict[str, str]]) -> dict[str, dict[str, str]]:
    return {f"{row['Serie']}-{row['Número']}": row for row in rows}


def rate(day: str, sale: str) -> ExchangeRate:
    return record_rate(Published(date.fromisoformat(day), "USD", Decimal(sale)), actor=None)


def test_a_month_in_lima(pac: SandboxServer) -> None:
    month = Month(pac)
    the_register_converts_at_the_published_rate_of_the_day_and_guesses_none(month)
    the_other_books_speak_of_series_igv_and_sunat_and_add_no_currencies(month)


def the_register_converts_at_the_published_rate_of_the_day_and_guesses_none(month: Month) -> None:
    browser = month.browser(MANAGE, "reports.view_report")
    rows, foot = file_of(browser, month.address())
    dollars = by_number(rows)["F001-2"]
    assert (dollars["Importe total"], dollars["Moneda"], dollars["Tipo de cambio"]) == ("236.00", "USD", "")
    assert (dollars["Importe total (S/)"], dollars["Base gravada (S/)"]) == ("", "")
    assert dollars["Observación"] == "Sin tipo de cambio: USD 06/11/2026"
    assert [row["Periodo"] for row in foot] == ["Total PEN", "Total USD", "Total general en PEN (incompleto)"]

    page = browser.get(month.address())
    assert page.context["unrated"] == [
        (f"USD {day}", f"{reverse('admin:reports_exchangerate_add')}?date={iso}&currency=USD")
        for day, iso in (("30/10/2026", "2026-10-30"), ("06/11/2026", "2026-11-06"))
    ]
    reader = month.browser()  # who may not enter them sees which are missing
    assert reader.get(month.address()).context["unrated"] == [("USD 30/10/2026", ""), ("USD 06/11/2026", "")]
    answer = reader.post(month.address(), {"form": "csv"})
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    assert "sin importes en soles: USD 30/10/2026, USD 06/11/2026." in text
    assert "Faltan tipos de cambio" in text_of(page)
    entered = browser.get(page.context["unrated"][1][1])
    assert {"2026-11-06", "USD"} <= {
        str(value) for value in entered.context["adminform"].form.initial.values()
    }
    add = reverse("admin:reports_exchangerate_add")
    browser.post(add, {"date": "2026-11-06", "currency": "USD", "sale": "3.751", "source": "SUNAT"})
    rate("2026-10-30", "3.702")
    rate("2026-11-10", "9.999")  # the note's own day, which converts nothing

    rows, foot = file_of(browser, month.address())
    found = by_number(rows)
    assert (found["F001-2"]["Tipo de cambio"], found["F001-2"]["Importe total (S/)"]) == ("3.751", "885.24")
    assert (found["F001-2"]["Base gravada (S/)"], found["F001-2"]["IGV (S/)"]) == ("750.20", "135.04")
    note = found["FC01-1"]
    assert (note["Tipo"], note["Tipo de cambio"], note["Fecha del comprobante modificado"]) == (
        "07", "3.702", "2026-10-30",
    )  # fmt: skip
    assert (note["Importe total"], note["Importe total (S/)"]) == ("-118.00", "-436.84")
    assert (found["F001-4"]["Observación"], found["F001-4"]["Importe total (S/)"]) == ("De baja", "0.00")
    assert (found["B001-1"]["Tipo"], found["B001-1"]["Fecha de emisión"]) == ("03", "2026-11-05")
    assert found["F001-5"]["Detracción"] == "28.32"
    soles, dollars_foot, common = foot
    assert (soles["Importe total"], soles["Importe total (S/)"], soles["Detracción"]) == (
        "708.00",
        "708.00",
        "28.32",
    )
    assert (dollars_foot["Importe total"], dollars_foot["Importe total (S/)"]) == ("118.00", "448.40")
    assert (common["Periodo"], common["Importe total"], common["Importe total (S/)"]) == (
        "Total general en PEN",
        "",
        "1156.40",
    )
    for name in (column for column in foot[0] if column.endswith("(S/)")):
        assert Decimal(common[name]) == sum(Decimal(row[name]) for row in rows), name

    shown = browser.get(month.address())
    assert shown.context["unrated"] == []
    headings = [str(cell.text) for cell in shown.context["shown"].headings]
    total, in_soles = headings.index("Importe total"), headings.index("Importe total (S/)")
    assert [(row[total], row[in_soles]) for row in foot_on_screen(browser, month.address())] == [
        ("S/ 708.00", "S/ 708.00"), ("US$ 118.00", "S/ 448.40"), ("", "S/ 1,156.40"),
    ]  # fmt: skip
    assert queries_of(browser, month.address()) <= 6


def the_other_books_speak_of_series_igv_and_sunat_and_add_no_currencies(month: Month) -> None:
    rejected = create_invoice(factura_json(month.tenant), actor=None)
    waiting = create_invoice(boleta_json(month.tenant), actor=None)
    work_through(rounds=2)
    Document.objects.filter(pk=rejected.pk).update(legal_status="DGI_REJECTED")
    Document.objects.filter(pk=waiting.pk).update(legal_status="PAC_AUTHORIZED")
    for document in (rejected, waiting):
        document.refresh_from_db()
    rollups.rebuild([month.tenant])
    browser = month.browser("invoicing.view_numberseries")
    for slug in (
        "rates",
        "sales",
        "withholdings",
        "advances",
        "refunds",
        "numbers",
        "number-fates",
        "ageing",
    ):
        text = text_of(browser.get(month.address(slug))).partition("Registro de ventas")[2]
        assert "DGI" not in text, slug
        assert "ITBMS" not in text, slug
    by_rate, feet = file_of(browser, month.address("rates"))
    assert [(row["Tasa"], row["Moneda"], row["Base neta"], row["Impuesto neto"]) for row in by_rate] == [
        ("18 %", "PEN", "600.00", "108.00"), ("18 %", "USD", "100.00", "18.00"),
    ]  # fmt: skip
    assert [row["Tasa"] for row in feet] == ["Total PEN", "Total USD"]

    unauthorised, _feet = file_of(browser, month.address("unauthorised"))
    unauthorised.sort(key=lambda row: row["Número"], reverse=True)
    assert [(row["Clase"], row["Número"], row["Estado"]) for row in unauthorised] == [
        (each.kind_label, each.printed_number, word)
        for each, word in ((rejected, "Rechazada por SUNAT"), (waiting, "Recibida por el proveedor"))
    ]
    assert unauthorised[1]["Qué hacer"].startswith("Espera la palabra de la SUNAT")
    assert {row["Clase"] for row in unauthorised} == {"Factura", "Boleta"}

    series, _feet = file_of(browser, month.address("numbers"))
    assert [
        (row["Establecimiento"], row["Serie"], row["Tipo"], row["Primero"], row["Último"]) for row in series
    ] == [
        ("0000", "B001", "03", "00000001", "00000002"),
        ("0000", "F001", "01", "00000001", "00000006"),
        ("0000", "FC01", "07", "00000001", "00000001"),
    ]
    fates, _feet = file_of(browser, month.address("number-fates"))
    assert ("00000006", "Rechazado por la SUNAT: consumido") in {
        (row["Desde"], row["Qué fue de él"]) for row in fates
    }
    ageing, _feet = file_of(browser, month.address("ageing"))
    assert {row["Moneda"] for row in ageing} == {"PEN", "USD"}


def test_a_statement_opens_a_peruvian_companys_documents_by_series_and_number(pac: SandboxServer) -> None:
    tenant = a_company(pac)
    for entry in (factura_json(tenant), boleta_json(tenant)):
        create_invoice(entry, actor=None)
    work_through(rounds=2)
    for rows in (Tenant.objects.filter(pk=tenant.pk), Document.objects.filter(tenant=tenant)):
        rows.update(environment=Tenant.Environment.LIVE)  # none that is live issues at the practice provider
    tenant.refresh_from_db()
    subscribe(tenant, a_plan("Lima", "PEN", invoices=0), starts_on=date(2026, 11, 1), actor=None)
    close_month(tenant, date(2026, 11, 1))
    drafted()
    rights = ("reports.view_billing", "invoicing.view_invoice", "core.export_lists")
    browser = signed_in(a_staff_member(tenant, permissions=rights))
    page = reverse("reports:billing_documents", args=["2026-11", tenant.uid, 2])
    text = text_of(browser.get(page))
    for words in ("F001-1", "B001-1 Boleta", "Aceptada por SUNAT", "S/ 236.00"):
        assert words in text, words
    statement = text_of(browser.get(reverse("reports:billing_tenant", args=["2026-11", tenant.uid])))
    assert "S/ 30.20" in statement
    in_dollars = a_plan("Lima en dólares", "USD", invoices=0)
    subscribe(tenant, in_dollars, starts_on=date(2026, 11, 16), actor=None)
    assert draft(tenant, date(2026, 11, 1)).totals == {"PEN": Decimal("15.00"), "USD": Decimal("15.20")}
    drafted()
    statement = text_of(browser.get(reverse("reports:billing_tenant", args=["2026-11", tenant.uid])))
    assert "S/ 15.00" in statement
    assert "US$ 15.20" in statement


def test_a_rate_is_entered_once_corrected_in_the_open_and_never_overwritten_by_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keeper = a_staff_member(permissions=(MANAGE,))
    row = rate("2026-11-06", "3.751")
    with pytest.raises(RuleBroken) as refusal:
        rate("2026-11-06", "3.752")
    assert refusal.value.code == "rate_known"
    for wrong in (
        ("2026-11-22", "3.75"),
        ("2026-11-05", "3.7512"),
        ("2026-11-05", "-1"),
        ("1999-01-01", "3.75"),
    ):
        with pytest.raises(RuleBroken):
            rate(*wrong)
    browser = signed_in(keeper)
    page = reverse("admin:reports_exchangerate_change", args=[row.uid])
    browser.post(page, {"sale": "3.753", "source": "SBS, fe de erratas"})
    row.refresh_from_db()
    assert (row.sale, row.recorded_by) == (Decimal("3.753"), keeper.username)
    kept = AuditEntry.objects.get(action="exchange_rate.corrected")
    assert (kept.before["sale"], kept.after["sale"]) == ("3.751", "3.753")
    assert (
        browser.post(
            reverse("admin:reports_exchangerate_delete", args=[row.uid]), {"post": "yes"}
        ).status_code
        == 403
    )
    reader = signed_in(a_staff_member(permissions=("reports.view_books",)))
    assert "3.753" in text_of(reader.get(reverse("admin:reports_exchangerate_changelist")))
    assert reader.post(page, {"sale": "1", "source": "x"}).status_code == 403

    file = tmp_path / "rates.csv"
    file.write_text("fecha,moneda,venta\n2026-11-06,USD,3.753\n07/11/2026,USD,3.760\n2026-11-07,EUR,4.101\n")
    first = type_here(capsys, "exchange_rates", str(file))
    assert (first.code, first.lines) == (0, [{"recorded": 2, "errors": []}])
    file.write_text("fecha,moneda,venta\n2026-11-08,USD,3.761\n2026-11-06,USD,3.999\nayer,USD,x\n")
    second = type_here(capsys, "exchange_rates", str(file))
    assert second.code == 1
    assert [error["message"][:6] for error in second.lines[0]["errors"]] == ["Fila 3", "Fila 4"]
    assert ExchangeRate.objects.count() == 3
