"""The home page: what needs somebody, by deadline, and each figure a way to exactly the rows that it counts."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cifras.core.models import Staff
from invoicing.models import Document, Incident, WebhookDelivery
from reports.services.home_figures import read_figures
from tenants.models import Certificate, Office, StaffGrant, Tenant
from tests.factories import a_staff_member, an_administrator

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 21, 15, 30, tzinfo=UTC)  # 10:30 in Panama
HOME = "/admin/"


@pytest.fixture(autouse=True)
def at_half_past_ten() -> Iterator[time_machine.Traveller]:
    cache.clear()
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller
    cache.clear()


def a_company(name: str = "Istmeña", **changes: Any) -> Tenant:
    serial = Tenant.objects.count() + 1
    values = {
        "ruc": f"15559671{serial}-2-2015",
        "legal_name": f"{name}, S.A.",
        "trade_name": name,
        "state": "active",
        "pac_company_id": f"company-{serial}",
        **changes,
    }
    tenant = Tenant.objects.create(**values)
    Office.objects.create(tenant=tenant, code="0001")
    return tenant


def a_document(tenant: Tenant, *, issued: timedelta = timedelta(hours=1), **changes: Any) -> Document:
    """Issued so long ago, authorised, with its PDF."""
    at = NOW - issued
    serial = Document.objects.count() + 1
    values = {
        "kind": "INVOICE",
        "number": f"{serial:010}",
        "security_code": "123456789",
        "payload": b"{}",
        "provider": "alanube",
        "environment": tenant.environment,
        "submission": "ACCEPTED",
        "legal_status": "DGI_AUTHORIZED",
        "document_id": f"pac-{serial}",
        "issue_date": at,
        "queued_at": at,
        "accepted_at": at,
        "authorized_at": at,
        "has_pdf": True,
        "total": Decimal("100.00"),
        "void_deadline": at + timedelta(hours=182),
        **changes,
    }
    document = Document.objects.create(tenant=tenant, office=tenant.offices.get(), **values)
    Document.objects.filter(pk=document.pk).update(updated_at=at)
    return document


def not_answered(**changes: Any) -> dict[str, Any]:
    """What a document whose answer was lost looks like."""
    return {
        "submission": "UNKNOWN",
        "legal_status": "",
        "document_id": "",
        "authorized_at": None,
        "accepted_at": None,
        "has_pdf": False,
        "last_attempt_at": NOW - timedelta(minutes=22),
        **changes,
    }


def refused(code: str, message: str = "El RUC del receptor no existe", **changes: Any) -> dict[str, Any]:
    problems = [{"code": code, "field": "receiver.ruc", "message": message}] if code else []
    return {
        "submission": "REFUSED",
        "legal_status": "PAC_REJECTED",
        "document_id": "",
        "problems": problems,
        "accepted_at": None,
        "authorized_at": None,
        "last_attempt_at": NOW - timedelta(hours=1),
        **changes,
    }


def one_of_everything(tenant: Tenant) -> None:
    for left in (0.5, 5, 20):
        a_document(tenant, issued=timedelta(hours=182 - left))
    a_document(tenant, kind="CREDIT", issued=timedelta(hours=182 - 3))
    a_document(tenant, **not_answered())
    a_document(tenant, **not_answered(flag="CONFLICT", last_attempt_at=NOW - timedelta(minutes=5)))
    a_document(tenant, legal_conflict="DGI_REJECTED")
    a_document(tenant, void_status="UNKNOWN")
    for code in ("1602", "1602", "1533", ""):
        a_document(tenant, **refused(code))
    a_document(tenant, has_pdf=False, due_at=NOW, authorized_at=NOW - timedelta(minutes=11))
    a_document(tenant, legal_status="PAC_AUTHORIZED", accepted_at=NOW - timedelta(minutes=6))
    a_document(tenant, legal_status="", accepted_at=NOW - timedelta(hours=25))
    a_document(tenant, **not_answered(submission="QUEUED", send_by=NOW + timedelta(hours=23)))
    Incident.objects.create(tenant=tenant, code="unauthorized", message="La clave no sirve")
    WebhookDelivery.objects.create(tenant=tenant, verdict="signed", state="parked", body="{}", due_at=NOW)
    Certificate.objects.create(
        tenant=tenant,
        subject="CN=Ana",
        fingerprint=f"{tenant.pk:064}",
        not_before=NOW,
        not_after=NOW + timedelta(days=59),
    )


def signed_in(person: Staff) -> Client:
    client = Client()
    client.force_login(person)
    return client


def figures_of(browser: Client) -> dict[str, list[Any]]:
    return {card.name: list(card.figures) for card in browser.get(HOME).context["cards"]}


def test_every_figure_leads_to_exactly_the_rows_it_counts() -> None:
    one_of_everything(a_company(environment="live"))
    a_company("Nueva", state="onboarding", environment="live")
    browser = signed_in(an_administrator())
    cards = figures_of(browser)
    assert list(cards) == [
        "closing",
        "send_by_closing",
        "unconfirmed",
        "void_in_doubt",
        "conflicting",
        "incidents",
        "rejected_today",
        "without_pdf",
        "waiting_for_dgi",
        "stuck",
        "parked",
        "certificates",
        "onboarding",
    ]
    for name, figures in cards.items():
        for figure in figures:
            response = browser.get(figure.address)
            assert response.status_code == 200, figure
            assert len(response.context["cl"].result_list) == figure.count, (name, figure)


def test_closing_voids_are_counted_by_the_hour_with_their_amounts() -> None:
    tenant = a_company()
    for left, total in ((0.5, "10.00"), (5, "20.00"), (20, "40.00"), (30, "80.00"), (-1, "5.00")):
        a_document(tenant, issued=timedelta(hours=182 - left), total=Decimal(total))
    a_document(tenant, issued=timedelta(hours=181.5), void_status="VOIDED")
    closing = figures_of(signed_in(an_administrator()))["closing"]
    assert [(figure.count, figure.amount) for figure in closing] == [
        (1, "B/. 10.00"),
        (2, "B/. 30.00"),
        (3, "B/. 70.00"),
    ]


def test_the_oldest_unconfirmed_document_and_their_amount_are_told() -> None:
    tenant = a_company()
    a_document(tenant, **not_answered(total=Decimal("1980.00")))
    a_document(tenant, **not_answered(last_attempt_at=NOW - timedelta(minutes=2)))
    (figure,) = figures_of(signed_in(an_administrator()))["unconfirmed"]
    assert (figure.count, figure.amount, figure.note) == (2, "B/. 2,080.00", "La más antigua, hace 22 min")


def test_rejections_are_grouped_by_their_first_complaint_in_the_providers_words() -> None:
    tenant = a_company()
    for code in ("1602", "1533", "1602"):
        a_document(tenant, **refused(code))
    a_document(tenant, **refused("1602", last_attempt_at=NOW - timedelta(days=1)), issued=timedelta(days=1))
    a_document(tenant, **refused("1602", is_superseded=True))
    rejected = figures_of(signed_in(an_administrator()))["rejected_today"]
    assert [(figure.label, figure.count) for figure in rejected] == [
        ("1602 RUC del receptor «El RUC del receptor no existe»", 2),
        ("1533 RUC del receptor «El RUC del receptor no existe»", 1),
    ]


def test_the_providers_words_are_escaped() -> None:
    a_document(a_company(), **refused("<i>", "<script>alert(1)</script>"))
    text = signed_in(an_administrator()).get(HOME).content.decode()
    assert "<script>alert(1)" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_what_is_young_or_in_order_is_not_counted() -> None:
    tenant = a_company()
    a_document(tenant)
    a_document(tenant, has_pdf=False, due_at=NOW, authorized_at=NOW - timedelta(minutes=9))
    a_document(tenant, legal_status="PAC_AUTHORIZED", accepted_at=NOW - timedelta(minutes=4))
    Incident.objects.create(tenant=tenant, code="unauthorized", message="…", released_at=NOW)
    WebhookDelivery.objects.create(tenant=tenant, verdict="signed", state="processed", body="{}")
    response = signed_in(an_administrator()).get(HOME)
    assert response.context["cards"] == []
    assert "No hay nada que atender." in response.content.decode()


def test_only_the_tenants_that_a_person_may_see_are_counted() -> None:
    mine, other = a_company(), a_company("Forastera")
    for tenant in (mine, other, other):
        a_document(tenant, **not_answered(), issued=timedelta(minutes=30))
    one_of_everything(other)
    person = a_staff_member(mine, permissions=("invoicing.view_invoice", "invoicing.view_incident"))
    cards = figures_of(signed_in(person))
    assert {name: [figure.count for figure in figures] for name, figures in cards.items()} == {
        "unconfirmed": [1]
    }


def test_a_grant_that_is_taken_away_takes_its_figures_at_once() -> None:
    tenant = a_company()
    a_document(tenant, **not_answered())
    person = a_staff_member(tenant, permissions=("invoicing.view_invoice",))
    browser = signed_in(person)
    assert "unconfirmed" in figures_of(browser)
    StaffGrant.objects.filter(staff=person).delete()
    assert figures_of(browser) == {}


def test_figures_that_a_person_may_not_open_are_not_shown() -> None:
    tenant = a_company()
    one_of_everything(tenant)
    person = a_staff_member(tenant, permissions=("invoicing.view_credit", "tenants.view_certificate"))
    assert set(figures_of(signed_in(person))) == {"closing", "certificates"}
    nobody = signed_in(a_staff_member(tenant))
    assert figures_of(nobody) == {}
    assert "home-search" not in nobody.get(HOME).content.decode()


def test_once_there_is_a_live_tenant_practice_is_left_out() -> None:
    practice, live = a_company(), a_company("Real", environment="live")
    for tenant in (practice, practice, live):
        a_document(tenant, **not_answered())
    browser = signed_in(an_administrator())
    (figure,) = figures_of(browser)["unconfirmed"]
    assert figure.count == 1
    assert "environment=live" in figure.address
    assert "solo producción" in browser.get(HOME).content.decode()


def test_the_figures_take_six_queries_and_are_kept_for_half_a_minute(
    at_half_past_ten: time_machine.Traveller,
) -> None:
    tenant = a_company()
    one_of_everything(tenant)
    person = an_administrator()
    with CaptureQueriesContext(connection) as captured:
        read_figures(person, NOW)
    assert len(captured) <= 6
    browser = signed_in(person)
    assert figures_of(browser)["incidents"][0].count == 1
    Incident.objects.update(released_at=NOW)
    with CaptureQueriesContext(connection) as captured:
        assert "incidents" in figures_of(browser)
    assert not any("invoicing" in query["sql"] for query in captured)
    at_half_past_ten.shift(31)
    assert "incidents" not in figures_of(browser)


def test_the_chart_counts_authorised_documents_by_local_day_and_its_table_says_the_same() -> None:
    tenant = a_company()
    late = datetime(2026, 11, 20, 4, 30, tzinfo=UTC)  # still the 19th in Panama
    for issue_date in (late, NOW - timedelta(hours=1), NOW - timedelta(hours=2)):
        a_document(tenant, issue_date=issue_date)
    a_document(tenant, kind="CREDIT")
    a_document(tenant, issued=timedelta(days=15))
    a_document(tenant, **refused("1602"))
    browser = signed_in(an_administrator())
    response = browser.get(HOME)
    chart = response.context["chart"]
    assert chart["data"]["labels"][0] == "08/11"
    invoices, credits_ = (each["data"] for each in chart["data"]["series"])
    assert (invoices[-3:], credits_[-1]) == ([1, 0, 2], 1)
    assert sum(invoices) == 3
    for day, cells in chart["rows"]:
        for cell in cells:
            if cell.count:
                rows = browser.get(cell.address).context["cl"].result_list
                assert len(rows) == cell.count, day
    text = response.content.decode()
    assert '<canvas id="home-chart">' in text
    assert '<th scope="row">19/11/2026</th>' in text


def test_the_page_carries_no_script_of_its_own() -> None:
    a_document(a_company())
    text = signed_in(an_administrator()).get(HOME).content.decode()
    home = text[text.index('class="cf-home"') :]
    own = home[: home.index('id="home-chart-data"')]
    assert "onclick" not in own
    assert "<script>" not in own


def test_the_search_box_looks_in_invoices_of_any_environment() -> None:
    document = a_document(a_company(), external_id="SO-77")
    browser = signed_in(an_administrator())
    assert 'id="home-search"' in browser.get(HOME).content.decode()
    query = {"q": "SO-77", "environment": "all"}
    answer = browser.get(reverse("admin:invoicing_invoice_changelist"), query)
    assert answer.headers["Location"] == reverse("admin:invoicing_invoice_change", args=[document.uid])


def test_an_empty_site_says_what_to_do_first() -> None:
    text = signed_in(an_administrator()).get(HOME).content.decode()
    assert "Registre la primera empresa" in text
    assert reverse("admin:tenants_tenant_add") in text
    waiting = signed_in(a_staff_member(permissions=("invoicing.view_invoice",))).get(HOME).content.decode()
    assert "pida acceso" in waiting


def test_the_ribbon_tells_practice_from_the_real_thing() -> None:
    practice, live = a_company(), a_company("Real", environment="live")
    for tenants, word in (((practice,), "Pruebas"), ((practice, live), "Pruebas y producción")):
        response = signed_in(a_staff_member(*tenants)).get(HOME)
        assert response.context["environment"][0] == word
    assert signed_in(a_staff_member(live)).get(HOME).context["environment"] is None
