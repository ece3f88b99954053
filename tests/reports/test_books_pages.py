"""The pages of the books: who may see and download them, how they page, what a closed month says, ageing as of a day."""

import itertools
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from cifras.core.models import AuditEntry
from invoicing.models import Document, NumberSeries, Settlement
from invoicing.models.lines import Instalment, Line
from invoicing.services import settling
from invoicing.services.number_fates import fate_of, with_fate
from reports.models import ExchangeRate, MonthClosing
from reports.services import rollups
from reports.services.books.ageing import receivables
from reports.services.books.shapes import PAGE, Period, Place
from reports.services.books.shelf import BOOK_OF, BOOKS
from reports.services.reference import sync_reference_data
from tenants.models import Tenant
from tests.document_pages import queries_of, text_of
from tests.elsewhere import a_company
from tests.factories import a_staff_member
from tests.reports.bills import close_month
from tests.reports.sales import at, random_documents

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)
NOVEMBER = date(2026, 11, 1)
RIGHTS = (
    "reports.view_books",
    "reports.export_books",
    "reports.view_report",
    "invoicing.view_invoice",
    "invoicing.view_credit",
    "invoicing.view_numberseries",
)
_SERIALS = itertools.count(1_000_000)


@pytest.fixture(autouse=True)
def in_november() -> Iterator[None]:
    with time_machine.travel(NOW, tick=True):
        yield


def signed_in(staff: Any) -> Client:
    browser = Client()
    browser.force_login(staff)
    return browser


def address(tenant: Tenant, slug: str = "sales", month: str = "2026-11") -> str:
    return reverse("reports:month_end_book", args=[month, tenant.uid, slug])


def an_invoice(tenant: Tenant, day: str, total: str = "107.00", **changes: Any) -> Document:
    """An authorised invoice at 7 %, straight into the table: what its history was does not matter here."""
    net = (Decimal(total) / Decimal("1.07")).quantize(Decimal("0.01"))
    serial = next(_SERIALS)
    values = {
        "kind": "INVOICE",
        "number": f"{serial:010d}",
        "series": "01",
        "environment": tenant.environment,
        "submission": "ACCEPTED",
        "legal_status": "DGI_AUTHORIZED",
        "security_code": "123456789",
        "payload": b"{}",
        "document_id": f"pac-{serial}",
        "issue_date": at(f"{day}T10:00:00"),
        "receiver_ruc": "155596713-2-2015",
        "receiver_name": "Uno, S.A.",
        "net": net,
        "itbms": Decimal(total) - net,
        "total": Decimal(total),
        "totals_by_rate": [{"rate": "7", "base": str(net), "tax": str(Decimal(total) - net)}],
        **changes,
    }
    return Document.objects.create(tenant=tenant, office=tenant.offices.order_by("code")[0], **values)


def pay(document: Document, amount: str, day: str, kind: str = "RECEIPT") -> Settlement:
    movement = Settlement.objects.create(
        document=document, kind=kind, amount=Decimal(amount), date=date.fromisoformat(day)
    )
    settling.refresh_with_invoice(Document.objects.get(pk=document.pk))
    return movement


def test_every_page_asks_little_and_pages_by_key() -> None:
    tenant = a_company()
    chance = random.Random(5)
    random_documents(tenant, chance, 90)
    for _each in range(2 * PAGE + 20):
        an_invoice(tenant, f"2026-11-{chance.randrange(1, 21):02d}")
    for series in ("01", "04"):
        NumberSeries.objects.create(
            office=tenant.offices.order_by("code")[0], billing_point="001", series=series, gap_count=1
        )
    rollups.rebuild([tenant])
    rollups.roll_up_due()
    browser = signed_in(a_staff_member(tenant, permissions=RIGHTS))
    browser.get(reverse("admin:index"))
    asked = {book.slug: queries_of(browser, address(tenant, book.slug)) for book in BOOKS}
    asked["month"] = queries_of(browser, reverse("reports:month_end", args=["2026-11"]))
    assert {name: count for name, count in asked.items() if count > 6} == {}

    # The month's page says of a company what its books come to, and each figure opens them.
    (line,) = browser.get(reverse("reports:month_end", args=["2026-11"])).context["lines"]
    of_sales = browser.get(line.address.replace("rates", "sales")).context["shown"]
    total = [str(cell.text) for cell in of_sales.headings].index("Total")
    assert list(line.sold) == [row[total].text for row in of_sales.foot]
    states = browser.get(line.unauthorised_address).context["states"]
    assert sum(each["documents"] for each in states) == line.unauthorised == of_sales.left_out > 0

    book, period = BOOK_OF["sales"], Period(tenant, NOVEMBER, tenant.environment, is_level=True)
    whole: list[Any] = [row.opens for row in book.rows(period)]
    assert len(whole) > 2 * PAGE
    seen: list[Any] = []
    page = book.page(period, Place())
    seen += page.rows
    middle = after = page.after
    while after:
        page = book.page(period, Place(after=after))
        seen += page.rows
        after = page.after
    assert [row.opens for row in seen] == whole
    second = book.page(period, Place(after=middle))
    back = book.page(period, Place(before=second.before))
    assert [row.opens for row in back.rows] == whole[:PAGE]
    for nonsense in ("x", "W10", "bnVsbA", "WyIyMDI2LTExLTAxIiwgIjEiLCAxXQ"):
        assert [row.opens for row in book.page(period, Place(after=nonsense)).rows] == whole[:PAGE]

    # The page's links are the documents', in the order of the file; a foot stands under every page.
    first, second_page = browser.get(address(tenant)), browser.get(f"{address(tenant)}?after={middle}")
    assert first.context["shown"].foot == second_page.context["shown"].foot != []
    links = [cell.address for row in first.context["shown"].rows for cell in row if cell.address]
    assert [link.split("/")[-3] for link in links] == [str(document.uid) for document in whole[:PAGE]]
    for document in with_fate(Document.objects.issued_by_us().filter(tenant=tenant)):
        assert document.fate == fate_of(document)


def test_books_and_files_are_for_those_who_may_have_them() -> None:
    sync_reference_data()
    tenant, hidden = a_company(trade_name="Propia"), a_company(trade_name="Forastera")
    for each in (tenant, hidden):
        an_invoice(each, "2026-11-03")
    holders = {
        group.name
        for group in Group.objects.filter(permissions__codename="export_books")
        if group.permissions.filter(codename="view_books").exists()
    }
    assert holders == {"Facturación", "Auditoría", "Administración"}
    reader = a_staff_member(tenant, permissions=("reports.view_books",))
    browser = signed_in(reader)
    month = reverse("reports:month_end", args=["2026-11"])
    page = browser.get(month)
    assert "Propia" in text_of(page)
    assert "Forastera" not in text_of(page)
    assert browser.get(reverse("reports:month_end_now")).headers["Location"].endswith("/2026-10/")
    for slug in BOOK_OF:
        assert browser.get(address(tenant, slug)).status_code == 200
        assert browser.get(address(hidden, slug)).status_code == 404
        assert browser.post(address(tenant, slug), {"form": "csv"}).status_code == 403
        assert browser.post(address(hidden, slug), {"form": "csv"}).status_code == 404
    assert "/admin/invoicing/" not in browser.get(address(tenant)).context["shown"].rows[0][3].address
    for wrong in (address(tenant, "cellar"), address(tenant, month="2026-13"), f"{month}nobody/"):
        assert browser.get(wrong).status_code == 404
    assert signed_in(a_staff_member(tenant)).get(address(tenant)).status_code == 403
    assert Client().get(address(tenant)).status_code == 302

    owner = signed_in(a_staff_member(tenant, permissions=RIGHTS))
    answer = owner.post(address(tenant), {"form": "xlsx"})
    assert answer.headers["Content-Disposition"].endswith('.xlsx"')
    assert b"".join(answer.streaming_content)[:2] == b"PK"  # type: ignore[attr-defined]
    assert owner.post(address(tenant), {"form": "pdf"}).status_code == 404
    assert AuditEntry.objects.filter(action="export.finished", actor_uid__isnull=False).exists()


def test_a_closed_month_says_that_todays_book_may_hold_later_facts() -> None:
    tenant = a_company()
    an_invoice(tenant, "2026-10-03")
    browser = signed_in(a_staff_member(tenant, permissions=RIGHTS))
    page = address(tenant, month="2026-10")
    assert "Mes cerrado" not in text_of(browser.get(page))
    MonthClosing.objects.create(
        tenant=tenant,
        month=date(2026, 10, 1),
        environment=tenant.environment,
        number=1,
        state="closed",
        reason="Revisado",
        closed_at=at("2026-11-20T09:30:00"),
    )
    shown = browser.get(page)
    assert "Mes cerrado el 20/11/2026 09:30" in text_of(shown)
    assert reverse("reports:closing", args=["2026-10", tenant.uid]) in shown.content.decode()
    assert "Cerrado" in text_of(browser.get(reverse("reports:month_end", args=["2026-10"])))


def test_the_file_of_a_closed_month_says_so_and_every_file_says_as_of_when() -> None:
    tenant = a_company()
    an_invoice(tenant, "2026-10-03")
    close_month(tenant, date(2026, 10, 1))
    browser = signed_in(a_staff_member(tenant, permissions=RIGHTS))
    for slug in ("sales", "rates"):
        answer = browser.post(address(tenant, slug, "2026-10"), {"form": "csv"})
        text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
        assert (
            "Mes cerrado el 21/11/2026 15:00. Este es el libro de hoy: puede incluir hechos posteriores"
            in text
        )
        assert "Cifras del 21/11/2026 15:00." in text


def test_the_foot_of_the_sales_book_is_of_the_same_moment_as_its_rows() -> None:
    tenant = a_company()
    sold = an_invoice(tenant, "2026-11-03")
    rollups.rebuild([tenant])
    rollups.roll_up_due()
    browser = signed_in(a_staff_member(tenant, permissions=RIGHTS))

    def net(column: str) -> tuple[Decimal, Decimal]:
        """The column's rows added up, and its foot; the roll-up has not seen the last news yet."""
        page = browser.get(address(tenant))
        assert "leídas de los documentos ahora mismo" in text_of(page)
        shown = page.context["shown"]
        place = [str(cell.text) for cell in shown.headings].index(column)
        figures = [Decimal(str(row[place].text).replace("B/. ", "").replace(",", "")) for row in shown.rows]
        return sum(figures, Decimal(0)), Decimal(shown.foot[0][place].text.removeprefix("B/. "))

    columns = ("Base 7 %", "ITBMS 7 %", "Otros cargos y descuentos", "Total")
    assert [net(name) for name in columns] == [
        (value, value) for value in map(Decimal, ("100", "7", "0", "107"))
    ]
    an_invoice(tenant, "2026-11-04", "214.00")
    assert [net(name) for name in columns] == [
        (value, value) for value in map(Decimal, ("300", "21", "0", "321"))
    ]
    Document.objects.filter(pk=sold.pk).update(void_status="VOIDED")
    assert [net(name) for name in columns] == [
        (value, value) for value in map(Decimal, ("200", "14", "0", "214"))
    ]


def spans(tenant: Tenant, month: date) -> dict[str, list[Decimal]]:
    """By receiver: not due yet, 1 to 30, 31 to 60, 61 to 90 days, older, all."""
    rows = BOOK_OF["ageing"].rows(Period(tenant, month, tenant.environment))
    return {str(row.cells[0]): list(row.cells[3:9]) for row in rows}  # type: ignore[arg-type]


def test_ageing_and_advances_stand_as_of_the_months_end() -> None:
    tenant = a_company(grace_days=0)
    with time_machine.travel(datetime(2027, 3, 20, 15, tzinfo=UTC), tick=True):
        early = an_invoice(tenant, "2026-11-05", "400.00", payment_time="CREDIT")
        for sequence, due in enumerate(("2026-11-28", "2027-01-15", "2027-02-10", "2027-03-30"), start=1):
            Instalment.objects.create(
                document=early, sequence=sequence, due_date=date.fromisoformat(due), amount=Decimal(100)
            )
        paid_late = an_invoice(tenant, "2027-02-01", "50.00", due_date=date(2027, 2, 28))
        pay(early, "30.00", "2027-02-28")
        pay(early, "370.00", "2027-03-01")
        pay(paid_late, "50.00", "2027-03-02")
        noted = an_invoice(tenant, "2026-12-30", "80.00", receiver_name="Dos, S.A.", receiver_ruc="8-1-1")
        an_invoice(
            tenant,
            "2027-02-27",
            "30.00",
            kind="CREDIT",
            series="04",
            credited=noted,
            receiver_name="Dos, S.A.",
        )
        an_invoice(tenant, "2027-03-03", "50.00", kind="CREDIT", series="04", credited=noted)
        an_invoice(tenant, "2027-01-02", "60.00", void_status="VOIDED")
        abroad = an_invoice(
            tenant, "2027-02-20", "60.00", currency="EUR", receiver_name="Tres, Ltd", receiver_ruc="X"
        )
        settling.refresh_facts(noted)
        prepaid = an_invoice(
            tenant, "2027-02-25", "100.00", receiver_name="Cuatro, S.A.", receiver_ruc="8-4-4"
        )
        pay(prepaid, "40.00", "2027-02-25", "ADVANCE")
        pay(prepaid, "90.00", "2027-02-26", "ADVANCE")
        pay(prepaid, "30.00", "2027-03-05", "REFUND")

        february = date(2027, 2, 1)
        assert spans(tenant, february) == {
            "Dos, S.A.": [0, 0, Decimal(50), 0, 0, Decimal(50)],
            "Tres, Ltd": [0, Decimal(60), 0, 0, 0, Decimal(60)],
            "Uno, S.A.": [Decimal(150), Decimal(100), Decimal(100), 0, Decimal(70), Decimal(420)],
        }
        assert spans(tenant, date(2027, 3, 1))["Tres, Ltd"] == [0, 0, Decimal(60), 0, 0, Decimal(60)]
        assert set(spans(tenant, date(2027, 3, 1))) == {"Tres, Ltd"}
        period = Period(tenant, february, tenant.environment)
        assert sum(part for owed in receivables(period) for _due, part in owed.parts) == 530
        advances = [row.cells[4:7] for row in BOOK_OF["advances"].rows(period)]
        assert advances == [(Decimal(40), Decimal(40), 0), (Decimal(90), Decimal(60), Decimal(30))]
        march = Period(tenant, date(2027, 3, 1), tenant.environment)
        assert list(BOOK_OF["advances"].rows(march)) == []

        browser = signed_in(a_staff_member(tenant, permissions=RIGHTS))
        shown = browser.get(address(tenant, "ageing", "2027-02")).context["shown"]
        assert shown.foot[0][0].text == "Total EUR"
        behind = browser.get(address(tenant, "ageing", "2027-02") + shown.rows[2][0].address)
        assert [row[0].text for row in behind.context["shown"].rows] == [early.number, paid_late.number]
        assert behind.context["shown"].foot[0][-2].text == "B/. 420.00"
        assert abroad.number not in text_of(behind)


def test_perus_register_has_perus_columns() -> None:
    tenant = a_company(country="PE")
    Tenant.objects.filter(pk=tenant.pk).update(ruc="20100070970", dv="")
    taxed = {"totals_by_rate": [{"rate": "18.00", "base": "100.00", "tax": "18.00"}]}
    soles = {"currency": "PEN", "peru": {"document_kind": "FACTURA", "series": "F001", "currency": "PEN"}}
    receiver = {"identity_type": "6", "identity_number": "20131312955"}
    sold = an_invoice(
        tenant, "2026-11-04", "168.00", billing_point="F001", number="00000012", net="150.00", itbms="18.00",
        receiver_data=receiver, **soles,
        totals_by_rate=[*taxed["totals_by_rate"], {"rate": "0", "base": "50.00", "tax": "0"}],
    )  # fmt: skip
    for affectation, net in (("10", "100.00"), ("20", "30.00"), ("30", "15.00"), ("40", "5.00")):
        Line.objects.create(
            document=sold, description="Servicio", quantity=1, unit_price=Decimal(net), tax_rate=0, net=net,
            affectation=affectation,
        )  # fmt: skip
    an_invoice(
        tenant, "2026-11-05", "59.00", kind="CREDIT", series="07", billing_point="FC01", number="00000003", credited=sold,
        totals_by_rate=[{"rate": "18.00", "base": "50.00", "tax": "9.00"}], net="50.00", itbms="9.00", **soles,
    )  # fmt: skip
    dollars = {**soles["peru"], "currency": "USD"}  # type: ignore[dict-item]
    ExchangeRate.objects.create(date=date(2026, 11, 6), currency="USD", sale=Decimal("3.751"))
    an_invoice(
        tenant, "2026-11-06", "118.00", billing_point="F001", number="00000013", currency="USD", peru=dollars, **taxed
    )  # fmt: skip
    browser = signed_in(a_staff_member(tenant, permissions=RIGHTS))
    browser.get(reverse("admin:index"))
    assert queries_of(browser, address(tenant)) <= 6
    page = browser.get(address(tenant))
    assert "Registro de ventas" in text_of(page)
    assert "America/Lima" in text_of(page)
    columns = [str(cell.text) for cell in page.context["shown"].headings]

    def as_dict(cells: Any) -> dict[str, str]:
        return dict(zip(columns, (str(cell.text) for cell in cells), strict=True))

    first, note, abroad = (as_dict(row) for row in page.context["shown"].rows)
    assert [first[name] for name in ("Periodo", "Tipo", "Serie", "Número", "Base gravada", "IGV", "Moneda")] == [
        "20261100", "01", "F001", "12", "100.00", "18.00", "PEN",
    ]  # fmt: skip
    assert [first[name] for name in ("Exonerado", "Inafecto", "Exportación", "Otros cargos y descuentos")] == [
        "30.00", "15.00", "5.00", "0.00",
    ]  # fmt: skip
    assert (note["Tipo"], note["Serie del comprobante modificado"], note["Importe total"]) == (
        "07",
        "F001",
        "-59.00",
    )
    assert note["Número del comprobante modificado"] == "12"
    assert (abroad["Moneda"], abroad["Tipo de cambio"]) == ("USD", "3.751")
    soles_foot, dollars_foot, common_foot = (as_dict(row) for row in page.context["shown"].foot)
    assert (soles_foot["Periodo"], dollars_foot["Importe total"]) == ("Total PEN", "US$ 118.00")
    assert (abroad["Importe total (S/)"], common_foot["Importe total (S/)"]) == ("442.62", "S/ 551.62")
    assert [soles_foot[name] for name in ("Base gravada", "Exonerado", "Inafecto", "Exportación", "Importe total")] == [
        "S/ 50.00", "S/ 30.00", "S/ 15.00", "S/ 5.00", "S/ 109.00",
    ]  # fmt: skip
