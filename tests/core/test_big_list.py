import re
import uuid
from datetime import datetime
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cifras.core import audit
from cifras.core.models import AuditEntry, Staff
from tests.core.practice_site import EntryPage

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.core.practice_site")]

PANAMA = ZoneInfo("America/Panama")
LIST = "/admin/core/auditentry/"


@pytest.fixture
def browser() -> Client:
    client = Client()
    client.force_login(Staff.objects.create_superuser("root"))
    return client


def write(
    count: int, *, at: datetime = datetime(2026, 11, 1, 12, tzinfo=PANAMA), action: str = "thing.done"
) -> None:
    """`count` rows, three to a moment, so that the order needs the key too."""
    for number in range(count):
        with time_machine.travel(at.replace(minute=number // 3), tick=False):
            audit.record(action, actor=None, target=("thing", uuid.uuid4(), f"thing {number}"))


def rows(response) -> list[int]:
    return [entry.sequence for entry in response.context["cl"].result_list]


def walk(browser: Client, direction: str, url: str = LIST) -> list[list[int]]:
    """Every page from `url` on, by its own links."""
    pages = []
    while url:
        response = browser.get(url)
        pages.append(rows(response))
        url = getattr(response.context["cl"], direction)
        url = url and LIST + url
    return pages


def test_the_pages_hold_every_row_once_in_order(browser):
    write(13)
    assert walk(browser, "next_url") == [[13, 12, 11, 10, 9], [8, 7, 6, 5, 4], [3, 2, 1]]


def test_the_way_back_shows_the_same_pages(browser):
    write(13)
    last = LIST + browser.get(LIST + browser.get(LIST).context["cl"].next_url).context["cl"].next_url
    assert walk(browser, "previous_url", last) == [[3, 2, 1], [8, 7, 6, 5, 4], [13, 12, 11, 10, 9]]


@pytest.mark.parametrize("order", ["1", "-1", "3", "-3", "5", "-5"])
def test_every_allowed_column_pages_both_ways(browser, order):
    write(12)
    pages = walk(browser, "next_url", f"{LIST}?o={order}")
    ascending = list(range(1, 13))
    assert [row for page in pages for row in page] == (
        ascending[::-1] if order.startswith("-") else ascending
    )


@pytest.mark.parametrize("order", ["2", "4", "99", "nonsense", "-", "0"])
def test_a_column_that_is_not_allowed_leaves_the_pages_own_order(browser, order):
    write(3)
    assert rows(browser.get(f"{LIST}?o={order}")) == [3, 2, 1]


def test_only_allowed_columns_offer_to_be_ordered_by(browser):
    write(1)
    page = browser.get(LIST).content.decode()
    assert "?o=-1" in page or "?o=1" in page
    assert "?o=2" not in page
    assert "?o=4" not in page


def test_rows_that_arrive_meanwhile_move_nothing(browser):
    write(10)
    second = LIST + browser.get(LIST).context["cl"].next_url
    before = rows(browser.get(second))
    write(4, at=datetime(2026, 11, 2, 12, tzinfo=PANAMA))
    assert rows(browser.get(second)) == before


@pytest.mark.parametrize(
    "place", ["after=nonsense", "before=%00", "after=e30", "after=WyItYXQiLG51bGwsbnVsbF0", "before="]
)
def test_a_place_that_makes_no_sense_is_the_first_page(browser, place):
    write(7)
    assert rows(browser.get(f"{LIST}?{place}")) == [7, 6, 5, 4, 3]


def test_a_place_of_another_order_is_the_first_page(browser):
    write(7)
    next_url = browser.get(LIST).context["cl"].next_url
    assert rows(browser.get(f"{LIST}{next_url}&o=1")) == [1, 2, 3, 4, 5]


def test_a_page_whose_rows_are_gone_is_the_first_page(browser):
    write(6)
    entries = browser.get(LIST).context["cl"]
    token = entries.next_url
    assert rows(browser.get(f"{LIST}{token}&action__exact=nothing.like.it")) == []
    back = browser.get(LIST + token).context["cl"].previous_url
    assert rows(browser.get(LIST + back)) == [6, 5, 4, 3, 2]


def test_paging_keeps_the_filters_and_a_new_order_begins_at_the_top(browser):
    write(12)
    write(3, action="other.thing")
    first = browser.get(f"{LIST}?action__exact=thing.done").context["cl"]
    second = browser.get(LIST + first.next_url)
    assert rows(second) == [7, 6, 5, 4, 3]
    assert "after=" not in second.context["cl"].get_query_string({"o": "1"})


def test_a_row_leads_to_its_page_and_from_there_back_to_the_list_as_it_was(browser):
    write(6)
    bare, deep = browser.get(LIST), browser.get(LIST + browser.get(LIST).context["cl"].next_url)
    [*_, row] = AuditEntry.objects.order_by("pk")[:1]
    [link] = re.findall(rf'"({LIST}{row.pk}/[^"]*)"', deep.content.decode())[:1]
    assert parse_qs(urlsplit(link).query) == {
        "_changelist_filters": [urlsplit(deep.request["QUERY_STRING"]).path]
    }
    assert f"{LIST}?after=" in browser.get(link).content.decode()
    assert "_changelist_filters" not in bare.content.decode()


def test_neither_the_first_nor_a_deep_page_counts_or_skips(browser):
    write(30)
    url = LIST
    for _ in range(5):
        with CaptureQueriesContext(
            connection,
        ) as captured:
            response = browser.get(url)
        sql = " ".join(query["sql"] for query in captured).upper()
        assert "COUNT(" not in sql
        assert "OFFSET" not in sql
        url = LIST + response.context["cl"].next_url


def test_a_page_asks_as_many_questions_for_many_rows_as_for_one(browser):
    write(1)
    browser.get(LIST)
    with CaptureQueriesContext(connection) as few:
        browser.get(LIST)
    write(40)
    with CaptureQueriesContext(connection) as many:
        browser.get(LIST)
    assert len(many) == len(few) <= 6


def test_an_identifier_of_one_row_opens_its_page(browser):
    write(3)
    entry = AuditEntry.objects.first()
    response = browser.get(LIST, {"q": f"  {entry.object_uid} "})
    assert response.headers["Location"] == reverse("admin:core_auditentry_change", args=[entry.pk])


def test_an_identifier_of_several_rows_lists_them(browser):
    same = uuid.uuid4()
    for _ in range(2):
        audit.record("thing.done", actor=None, target=("thing", same, ""))
    write(1)
    assert sorted(rows(browser.get(LIST, {"q": str(same)}))) == [1, 2]


def test_a_popup_lists_even_a_single_hit(browser):
    write(1)
    entry = AuditEntry.objects.get()
    assert rows(browser.get(LIST, {"q": str(entry.object_uid), "_popup": "1"})) == [1]


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        ("2", [2]),
        ("thing", [3, 2, 1]),
        ("thing.done", [3, 2, 1]),
        ("hing", []),
        ("¿qué?", []),
        ("", [3, 2, 1]),
        ("7", []),
    ],
)
def test_a_search_goes_by_the_shape_of_what_was_typed(browser, term, expected):
    write(3)
    assert rows(browser.get(LIST, {"q": term})) == expected


def test_a_search_with_a_nul_finds_nothing(browser):
    write(1)
    assert browser.get(LIST, {"q": "thing\x00"}).status_code == 200


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("at_from=2026-11-05", [4, 3]),
        ("at_to=2026-11-04", [2, 1]),
        ("at_from=05/11/2026&at_to=05/11/2026", [4, 3]),
        ("at_from=2026-11-04&at_to=2026-11-04", [2, 1]),
        ("at_from=nonsense", [4, 3, 2, 1]),
        ("at_to=9999-12-31", [4, 3, 2, 1]),
        ("at_from=", [4, 3, 2, 1]),
    ],
)
def test_a_day_lasts_from_midnight_to_midnight_in_panama(browser, query, expected):
    for moment in [(4, 0, 0), (4, 23, 59), (5, 0, 0), (5, 23, 59)]:
        with time_machine.travel(datetime(2026, 11, *moment, tzinfo=PANAMA), tick=False):
            audit.record("thing.done", actor=None)
    assert rows(browser.get(f"{LIST}?{query}")) == expected


def test_a_typed_action_must_match_whole(browser):
    write(2)
    assert rows(browser.get(f"{LIST}?action__exact=thing.done")) == [2, 1]
    assert rows(browser.get(f"{LIST}?action__exact=thing")) == []


def test_an_act_reaches_the_ticked_rows_only_whatever_the_form_claims(browser):
    write(8)
    ticked = list(AuditEntry.objects.values_list("pk", flat=True)[:2])
    browser.post(LIST, {"action": "touch", "index": 0, "select_across": "1", "_selected_action": ticked})
    assert EntryPage.touched == sorted(ticked)


def test_an_act_on_a_deep_page_reaches_its_rows(browser):
    write(12)
    second = LIST + browser.get(LIST).context["cl"].next_url
    ticked = [entry.pk for entry in browser.get(second).context["cl"].result_list]
    browser.post(second, {"action": "touch", "index": 0, "_selected_action": ticked})
    assert EntryPage.touched == sorted(ticked)


def test_the_buttons_say_where_they_lead(browser):
    write(12)
    first = browser.get(LIST).content.decode()
    assert "Siguientes" in first
    assert "Anteriores" not in first
    assert "Anteriores" in browser.get(LIST + browser.get(LIST).context["cl"].next_url).content.decode()


def test_show_all_shows_one_page(browser):
    write(12)
    assert len(rows(browser.get(f"{LIST}?all="))) == 5
