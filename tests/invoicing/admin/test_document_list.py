"""The list of documents: what it shows, how it searches, what it costs."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from invoicing.models import Document
from tenants.models import Tenant
from tests.document_pages import address, list_address, queries_of, text_of
from tests.document_rows import a_document

pytestmark = pytest.mark.django_db

NASTY = '"><img src=x onerror=alert(1)><script>alert(2)</script>\u202e'


def numbers(response: Any) -> list[str]:
    return [row.number for row in response.context["cl"].result_list]


def test_a_row_says_who_how_much_both_statuses_and_until_when(browser, own):
    deadline = timezone.now() + timedelta(hours=5, minutes=30)
    Document.objects.filter(pk=own.pk).update(
        total="1234.50", receiver_ruc="8-123-456", issue_date=timezone.now(), void_deadline=deadline
    )
    page = text_of(browser.get(list_address()))
    for words in (
        own.number,
        "SO-1001",
        "Ferretería Ñandú, S.A.",
        "8-123-456",
        "B/. 1,234.50",
        "Autorizada por DGI",
        "Por cobrar",
        timezone.localtime(deadline).strftime("%d/%m/%Y %H:%M"),
        "vence en 5 h",
        "Pruebas",
    ):
        assert words in page


def test_rows_of_other_tenants_are_not_there(browser, own, foreign):
    page = browser.get(list_address())
    assert numbers(page) == [own.number]
    assert "Cliente ajeno" not in text_of(page)


def test_the_list_costs_at_most_six_queries_however_long_it_is(browser, own):
    assert queries_of(browser, list_address()) <= 6  # the banners' figures too, which are kept for seconds
    short = queries_of(browser, list_address())
    for index in range(30):
        a_document(cufe="", number=f"1{index:09}", legal_status="", submission="UNKNOWN")
    assert queries_of(browser, list_address()) == short <= 4
    assert queries_of(browser, list_address(f"?business=UNPAID&q={own.number}")) <= 6


@pytest.mark.parametrize("member", ["cufe", "uid", "external_id", "document_id"])
def test_an_exact_identifier_opens_the_page_at_once(browser, own, member):
    Document.objects.filter(pk=own.pk).update(document_id="01KHJMPF0Z6QSH7WG85C19EJGY")
    own.refresh_from_db()
    response = browser.get(list_address(f"?q={getattr(own, member)}"))
    assert response["Location"] == address(own)


@pytest.mark.parametrize("member", ["cufe", "uid", "document_id"])
def test_an_identifier_of_another_tenant_opens_nothing(browser, own, foreign, member):
    Document.objects.filter(pk=own.pk).update(cufe="")
    Document.objects.filter(pk=foreign.pk).update(
        cufe="FE" + "1" * 64, document_id="01KHJMPF0Z6QSH7WG85C19EJGY"
    )
    foreign.refresh_from_db()
    response = browser.get(list_address(f"?q={getattr(foreign, member)}"))
    assert response.status_code == 200
    assert numbers(response) == []


@pytest.mark.parametrize("typed", ["0000000007", "7", " 7 "])
def test_a_number_is_found_by_its_ten_digits_or_without_the_zeros(browser, own, typed):
    Document.objects.filter(pk=own.pk).update(number="0000000007")
    assert numbers(browser.get(list_address(), {"q": typed})) == ["0000000007"]


def test_a_proforma_is_found_by_its_number_and_invoices_by_the_receivers_ruc(browser, own):
    proforma = a_document(
        cufe="", mode="PROFORM", submission="DRAFT", legal_status="", number="P-000012", series="P"
    )
    Document.objects.filter(pk=own.pk).update(receiver_ruc="155596713-2-2015")
    assert numbers(browser.get(list_address("?q=P-000012"))) == [proforma.number]
    assert numbers(browser.get(list_address("?q=155596713-2-2015"))) == [own.number]


def test_the_filters_choose_by_status_and_by_what_closes_soon(browser, own):
    now = timezone.now()
    soon = a_document(cufe="", number="0000000021", void_deadline=now + timedelta(hours=20))
    sooner = a_document(cufe="", number="0000000022", void_deadline=now + timedelta(hours=2))
    rejected = a_document(cufe="", number="0000000023", legal_status="DGI_REJECTED")
    draft = a_document(cufe="", number="0000000024", legal_status="", submission="DRAFT")
    assert numbers(browser.get(list_address("?closing=24"))) == [sooner.number, soon.number]
    assert numbers(browser.get(list_address("?legal=DGI_REJECTED"))) == [rejected.number]
    assert numbers(browser.get(list_address("?legal=none"))) == [draft.number]
    assert numbers(browser.get(list_address("?submission=DRAFT"))) == [draft.number]
    assert numbers(browser.get(list_address("?business=VOID"))) == []
    assert numbers(browser.get(list_address("?business=UNPAID"))) == [rejected.number, own.number]


@pytest.mark.parametrize("query", ["closing=7", "closing=x", "legal=%00", "business=nonsense", "mode=1"])
def test_a_filter_that_was_not_offered_filters_nothing(browser, own, query):
    assert numbers(browser.get(list_address(f"?{query}"))) == [own.number]


def test_once_a_live_tenant_is_seen_the_list_shows_live_rows_unless_asked(browser, ana, own):
    live = a_document(ruc="155596715-2-2015", cufe="", environment="live", number="0000000031")
    Tenant.objects.filter(pk=live.tenant_id).update(environment="live")
    assert numbers(browser.get(list_address())) == [own.number], "she does not see the live tenant yet"
    ana.grants.create(tenant=live.tenant)
    assert numbers(browser.get(list_address())) == [live.number]
    hint = "Se ven solo los documentos de producción."
    left_out = browser.get(list_address("?q=0000000099"))
    assert hint in text_of(left_out), "an empty list says what it leaves out"
    assert "?q=0000000099&amp;environment=all" in left_out.content.decode()
    assert numbers(browser.get(list_address("?environment=sandbox"))) == [own.number]
    everything = browser.get(list_address("?environment=all"))
    assert set(numbers(everything)) == {live.number, own.number}
    assert hint not in text_of(everything)


def test_what_others_wrote_is_shown_as_text(browser, own):
    Document.objects.filter(pk=own.pk).update(
        receiver_name=NASTY, external_id=NASTY[:60], legal_conflict=NASTY[:60]
    )
    Tenant.objects.filter(pk=own.tenant_id).update(trade_name=NASTY)
    page = browser.get(list_address()).content.decode()
    assert "<img src=x" not in page
    assert "<script>alert" not in page


def test_credit_notes_have_a_list_of_their_own(browser, own):
    note = a_document(cufe="", kind="CREDIT", series="04", number="0000000041")
    assert numbers(browser.get(list_address(kind="credit"))) == [note.number]
    assert numbers(browser.get(list_address())) == [own.number]


def test_without_the_right_to_view_there_is_no_list(browser, ana):
    ana.user_permissions.clear()
    assert browser.get(list_address()).status_code == 403


def test_documents_as_such_are_not_in_the_menu_and_lead_to_their_faces(browser, own, foreign):
    page = reverse("admin:invoicing_document_change", args=[own.uid])
    assert browser.get(page)["Location"] == address(own)
    assert browser.get(reverse("admin:invoicing_document_change", args=[foreign.uid])).status_code == 404
    assert reverse("admin:invoicing_document_changelist") not in browser.get(list_address()).content.decode()


def test_what_closes_soon_is_paged_by_deadline_without_gaps_or_repeats(browser, own):
    now = timezone.now()
    for index in range(60):
        a_document(cufe="", number=f"2{index:09}", void_deadline=now + timedelta(minutes=5 + index % 7))
    first = browser.get(list_address("?closing=1"))
    second = browser.get(list_address(first.context["cl"].next_url))
    seen = numbers(first) + numbers(second)
    assert (len(seen), len(set(seen))) == (60, 60)
    deadlines = [row.void_deadline for page in (first, second) for row in page.context["cl"].result_list]
    assert deadlines == sorted(deadlines)
    assert numbers(browser.get(list_address(second.context["cl"].previous_url))) == numbers(first)
