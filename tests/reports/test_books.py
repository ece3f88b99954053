"""The accountant's books: a month with every case, on the screen, in the file and in the roll-up the same."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db.models import Sum
from django.test import Client
from django.urls import reverse

from cifras.sandbox.server import SandboxServer
from invoicing.models import Document, NumberSeries
from invoicing.services import (
    create_credit,
    create_invoice,
    record_settlement,
    void_credit,
    void_invoice,
)
from reports.models import MonthlyFigure, MonthlyRate
from reports.services import rollups
from reports.services.books.shapes import Period
from reports.services.books.shelf import BOOK_OF
from tests.clockwork import both_clocks_at, work_through
from tests.document_pages import text_of
from tests.elsewhere import SUPPLIER, a_cufe, registered_json
from tests.factories import a_staff_member, a_tenant, contribuyente, credit_json, invoice_json, line
from tests.reports.sales import REASON, at, sell

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)
NOVEMBER = date(2026, 11, 1)
RIGHTS = ("reports.view_books", "reports.export_books", "invoicing.view_invoice", "invoicing.view_credit")
ABROAD = {
    "receiver": {
        "type": "EXTRANJERO",
        "name": "Sample Imports LLC",
        "address": "1 Nowhere Road, Miami",
        "country": "US",
        "foreign_id": {"number": "X0000001", "country": "Estados Unidos"},
    },
    "lines": [line(tax_rate="0")],
    "payments": [{"method": "02", "amount": "300.00"}],
    "exportation": {
        "incoterm": "FOB",
        "currency": "EUR",
        "exchange_rate": "1.08",
        "amount": "277.78",
        "port": "Balboa",
    },
}
ON_CREDIT = {
    "payment_time": "CREDIT",
    "payments": [{"method": "01", "amount": "321.00"}],
    "due_date": "2026-12-15",
}
WITHHOLDS = {"receiver": contribuyente(withholds=True, retention_code="4"), **ON_CREDIT}


@pytest.fixture(autouse=True)
def in_november(pac: SandboxServer) -> Iterator[None]:
    with both_clocks_at(NOW, pac):
        yield


class Month:
    """A tenant's November with every case, through the practice PAC."""

    def __init__(self) -> None:
        self.tenant = a_tenant(trade_name="Ferretería El Clavo")
        self.evening = sell(self.tenant, "2026-10-31T23:30:00")  # November in UTC
        self.first = sell(self.tenant, "2026-11-01T00:10:00")
        self.rates = self.invoice(
            "02",
            lines=[line(tax_rate=rate) for rate in ("0", "7", "10", "15")],
            payments=[{"method": "02", "amount": "1296.00"}],
        )
        self.selective = self.invoice(
            "03",
            lines=[line(isc={"rate": "5", "amount": "15.00"})],
            payments=[{"method": "02", "amount": "336.00"}],
        )
        self.export = self.invoice("04", **ABROAD)
        self.noted, self.void, self.undone = self.invoice("15"), self.invoice("16"), self.invoice("17")
        self.certified, self.awaited, self.forgotten = (self.invoice("18", **WITHHOLDS) for _each in range(3))
        self.prepaid = self.invoice("19", **ON_CREDIT)
        self.foreign = self.invoice("20", **ON_CREDIT)
        self.rejected = self.invoice("20")
        work_through(rounds=1)
        self.note = self.credit(
            self.noted, lines=[line(quantity="1")], payments=[{"method": "02", "amount": "160.50"}]
        )
        self.undone_note, self.export_note = self.credit(self.undone), self.credit(self.export, **ABROAD)
        work_through(rounds=1)
        void_credit(self.undone_note.uid, REASON, actor=None)
        void_invoice(self.void.uid, REASON, actor=None)
        work_through(rounds=1)
        void_invoice(self.undone.uid, REASON, actor=None)
        work_through(rounds=1)
        self.imported = create_invoice(registered_json(self.tenant, a_cufe(self.tenant, 500)), actor=None)
        self.bought = create_invoice(
            registered_json(
                self.tenant,
                a_cufe(self.tenant, ruc=SUPPLIER),
                issuer={"name": "Mayorista de Colón, S.A."},
            ),
            actor=None,
        )
        self.queued = self.invoice("21")
        self.move(
            "WITHHOLDING",
            self.certified,
            "10.50",
            certificate_number="CR-77",
            certificate_date=date(2026, 11, 20),
        )
        self.move("WITHHOLDING", self.awaited, "5.00")
        self.move("ADVANCE", self.prepaid, "400.00")
        Document.objects.filter(pk=self.foreign.pk).update(currency="EUR")
        Document.objects.filter(pk=self.rejected.pk).update(legal_status="DGI_REJECTED")
        rollups.rebuild([self.tenant])
        rollups.roll_up_due()

    def invoice(self, day: str, **changes: Any) -> Document:
        when = at(f"2026-11-{day}T09:00:00").isoformat()
        return create_invoice(invoice_json(self.tenant, issue_date=when, **changes), actor=None)

    def credit(self, invoice: Document, **changes: Any) -> Document:
        return create_credit(credit_json(self.tenant, invoice.external_id, **changes), actor=None)

    def move(self, kind: str, document: Document, amount: str, **members: Any) -> None:
        record_settlement(
            document.uid, kind=kind, amount=Decimal(amount), day=date(2026, 11, 20), actor=None, **members
        )

    def address(self, slug: str = "sales") -> str:
        return reverse("reports:month_end_book", args=["2026-11", self.tenant.uid, slug])


def signed_in(staff: Any) -> Client:
    browser = Client()
    browser.force_login(staff)
    return browser


def file_of(
    browser: Client, address: str, form: str = "csv"
) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """The rows of a book's CSV, and its foot."""
    answer = browser.post(address, {"form": form})
    assert answer.status_code == 200, answer
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    table, _empty, _notes = text.partition("\n\n")
    rows = list(csv.DictReader(io.StringIO(table)))
    first = next(iter(rows[0]))
    return [row for row in rows if not row[first].startswith("Total")], [
        row for row in rows if row[first].startswith("Total")
    ]


def foot_on_screen(browser: Client, address: str) -> list[list[str]]:
    return [[str(cell.text) for cell in row] for row in browser.get(address).context["shown"].foot]


def summed(rows: list[dict[str, str]], column: str, currency: str) -> Decimal:
    return sum((Decimal(row[column] or 0) for row in rows if row["Moneda"] == currency), Decimal(0))


def test_the_sales_book_holds_the_month_and_ties_to_the_roll_up(pac: SandboxServer) -> None:
    month = Month()
    browser = signed_in(a_staff_member(month.tenant, permissions=RIGHTS))
    rows, foot = file_of(browser, month.address())
    by_cufe = {row["CUFE"]: row for row in rows}
    documents = {
        name: Document.objects.get(pk=document.pk)
        for name, document in vars(month).items()
        if isinstance(document, Document)
    }

    def line_of(name: str) -> dict[str, str]:
        return by_cufe[documents[name].cufe]

    missing = {"evening", "rejected", "queued", "bought"}
    assert {name for name, each in documents.items() if each.cufe not in by_cufe or not each.cufe} == missing
    assert len(rows) == len(documents) - len(missing)
    assert [row["Fecha"] for row in rows] == sorted(row["Fecha"] for row in rows)

    rates = line_of("rates")
    assert [rates[name] for name in ("Exento (0 %)", "Base 7 %", "ITBMS 7 %", "ITBMS 10 %", "ITBMS 15 %", "Total")] == [
        "300.00", "300.00", "21.00", "30.00", "45.00", "1296.00",
    ]  # fmt: skip
    assert (line_of("selective")["ISC"], line_of("selective")["Total"]) == ("15.00", "336.00")
    export = line_of("export")
    assert (export["Exportación"], export["Exento (0 %)"], export["Total"]) == ("300.00", "0.00", "300.00")
    assert (export["Moneda del comprador"], export["Total en su moneda"]) == ("EUR", "277.78")
    assert export["RUC o identificación"] == "X0000001"
    assert line_of("export_note")["Exportación"] == "-300.00"
    assert (line_of("note")["Base 7 %"], line_of("note")["Total"]) == ("-150.00", "-160.50")
    for name in ("void", "undone", "undone_note"):
        assert (line_of(name)["Total"], line_of(name)["Observación"]) == ("0.00", "Anulada")
    assert line_of("certified")["Retención de ITBMS"] == "10.50"
    assert line_of("imported")["Observación"] == "Emitida en otro sistema, sin verificar"
    assert line_of("foreign")["Moneda"] == "EUR"

    money = [
        name
        for name in rows[0]
        if name.startswith(("Exento", "Base", "ITBMS", "Exportación", "ISC", "Otros", "Retención"))
    ] + ["Total"]
    for total in foot:
        currency = total["Fecha"].removeprefix("Total ")
        for name in money:
            assert Decimal(total[name]) == summed(rows, name, currency), (name, currency)
    assert [row["Fecha"] for row in foot] == ["Total EUR", "Total PAB"]

    for base, tax, rate in (
        ("Base 7 %", "ITBMS 7 %", "7"),
        ("Base 15 %", "ITBMS 15 %", "15"),
        ("Exportación", "", "export"),
    ):
        rolled = MonthlyRate.objects.filter(
            tenant=month.tenant, month=NOVEMBER, tax_rate=rate, is_voided=False, currency="PAB"
        ).exclude(legal_status="DGI_REJECTED")
        booked = rolled.filter(legal_status="DGI_AUTHORIZED") | rolled.filter(origin="imported")
        signed = [(1 if row.kind == "INVOICE" else -1, row) for row in booked]
        assert sum(sign * row.base for sign, row in signed) == Decimal(foot[1][base])
        assert not tax or sum(sign * row.tax for sign, row in signed) == Decimal(foot[1][tax])
    figures = MonthlyFigure.objects.filter(
        tenant=month.tenant, month=NOVEMBER, is_voided=False, currency="PAB", legal_status="DGI_AUTHORIZED"
    )
    sold = figures.filter(kind="INVOICE").aggregate(sum=Sum("total"))["sum"]
    noted = figures.filter(kind="CREDIT").aggregate(sum=Sum("total"))["sum"]
    assert Decimal(foot[1]["Total"]) == sold - noted + Decimal("321.00")  # the import is not verified


def test_screen_file_and_summary_say_the_same(pac: SandboxServer) -> None:
    month = Month()
    person = a_staff_member(month.tenant, permissions=RIGHTS)
    browser = signed_in(person)
    rows, foot = file_of(browser, month.address(), "csv-bom")
    page = browser.get(month.address())
    shown = [[str(cell.text) for cell in row] for row in page.context["shown"].rows]
    columns = BOOK_OF["sales"].columns(Period(month.tenant, NOVEMBER, "sandbox"))
    number, total = (
        next(index for index, column in enumerate(columns) if column.key == key)
        for key in ("number", "total")
    )
    assert [(row[number], row[total].replace(",", "")) for row in shown] == [
        (row["Número"], row["Total"]) for row in rows
    ]
    assert "2 documentos del mes no están autorizados y no figuran aquí" in text_of(page)
    on_screen = foot_on_screen(browser, month.address())
    assert [row[total] for row in on_screen] == [
        f"€ {Decimal(foot[0]['Total']):,.2f}", f"B/. {Decimal(foot[1]['Total']):,.2f}",
    ]  # fmt: skip
    with time_machine.travel(datetime(2026, 11, 21, 22, 0, tzinfo=UTC), tick=True):
        fresh = signed_in(person)  # the roll-up is too old now: the documents themselves are asked
        assert "leídas de los documentos" in text_of(fresh.get(month.address()))
        assert foot_on_screen(fresh, month.address()) == on_screen

    by_rate, totals = file_of(browser, month.address("rates"))
    net = {row["Tasa"]: row for row in by_rate if row["Moneda"] == "PAB"}
    assert Decimal(net["7 %"]["Base neta"]) == Decimal(foot[1]["Base 7 %"])
    assert Decimal(net["15 %"]["Impuesto neto"]) == Decimal(foot[1]["ITBMS 15 %"])
    assert Decimal(net["Exportación"]["Base facturada"]) == 300
    assert Decimal(net["Exportación"]["Base neta"]) == 0
    assert Decimal(net["ISC y otros impuestos"]["Impuesto neto"]) == 15
    assert [Decimal(row["Base neta"]) + Decimal(row["Impuesto neto"]) for row in totals] == [
        Decimal(row["Total"]) for row in foot
    ]
    assert Decimal(net["7 %"]["Base anulada"]) == -600


def test_retentions_advances_refunds_numbers_and_what_is_not_authorised(pac: SandboxServer) -> None:
    month = Month()
    browser = signed_in(a_staff_member(month.tenant, permissions=RIGHTS))
    retained, (foot,) = file_of(browser, month.address("withholdings"))
    states = {row["Estado"]: row for row in retained}
    assert len(retained) == 3
    certified = states["Con certificado"]
    assert (certified["Código de retención"], certified["Certificados"]) == ("4", "CR-77 del 20/11/2026")
    assert certified["Diferencia"] == "0.00"
    awaited = states["Certificado pendiente"]
    assert (awaited["Retención esperada"], awaited["Registrada sin certificado"]) == ("10.50", "5.00")
    assert awaited["Diferencia"] == "-5.50"
    assert states["Sin retención registrada"]["Diferencia"] == "-10.50"
    assert (foot["Retención esperada"], foot["Con certificado"]) == ("31.50", "10.50")

    (advance,), _foot = file_of(browser, month.address("advances"))
    assert (advance["Recibido"], advance["Aplicado o devuelto"], advance["Abierto"]) == (
        "400.00",
        "321.00",
        "79.00",
    )
    refunds, (owed,) = file_of(browser, month.address("refunds"))
    assert {row["Por qué"] for row in refunds} == {
        "Anulada",
        "Nota sobre lo ya cobrado",
        "Pagada de más (saldo a favor)",
        "Sin efecto",
    }
    assert Decimal(owed["Por devolver"]) == Decimal("321") * 3 + Decimal("160.50") + 300 + 79

    waiting, (total,) = file_of(browser, month.address("unauthorised"))
    ways = {row["Estado"]: row["Qué hacer"] for row in waiting}
    assert ways == {
        "En cola": "Está en cola: sale solo.",
        "Rechazada por DGI": "Sin efecto: corregir y reemitir con otro número.",
        "Importada": "Emitida en otro sistema: verifíquela; ya figura en el libro de ventas.",
    }
    assert total["Total"] == "963.00"
    assert {each["documents"] for each in browser.get(month.address("unauthorised")).context["states"]} == {1}

    NumberSeries.objects.filter(office__tenant=month.tenant, series="01").update(gap_count=1)
    series, _foot = file_of(browser, month.address("numbers"))
    invoices = next(row for row in series if row["Tipo"] == "01")
    assert (invoices["Primero"], invoices["Último"]) == ("0000000002", "0000000501")
    fates, _sum = file_of(browser, month.address("number-fates"))
    missing = [row for row in fates if row["Qué fue de él"] == "Sin documento"]
    assert sum(int(row["Números"]) for row in missing) == int(invoices["Sin documento"]) > 400
    counted = {
        "Anulado": "Anulados",
        "Emitido en otro sistema": "De otro sistema",
        "Rechazado por la DGI: consumido": "Rechazados por la DGI",
        "En trámite": "En trámite",
    }
    for fate, column in counted.items():
        of_fate = [row for row in fates if row["Qué fue de él"] == fate]
        assert len(of_fate) == sum(int(row[column]) for row in series) > 0, fate
    numbered = sum(int(value) for row in series for name, value in row.items() if name in (
        "Usados", "Anulados", "De otro sistema", "En trámite", "Sin confirmar", "Rechazados por la DGI",
        "Rechazados por el PAC", "Retirados o descartados",
    ))  # fmt: skip
    november = Document.objects.issued_by_us().filter(tenant=month.tenant, issue_date__gte=at("2026-11-01"))
    assert numbered == november.exclude(number="").count()
