"""Whatever a provider, a receiver or a visitor wrote: on every page of the staff site it is text, and it never runs.

Every text and JSON column of every row is filled with the worst words, so that pages built later are covered too.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib import admin
from django.db import connection, models
from django.template.response import SimpleTemplateResponse
from django.test import Client
from django.urls import URLPattern, reverse

from cifras.core.context import act_context
from cifras.core.sealed import SealedField
from invoicing.models import Credit, Invoice, Received, WebhookDelivery
from tenants.models import Exchange, Tenant
from tests.factories import a_staff_member
from tests.house.test_every_address import (
    PAGES,
    SCOPED,
    World,
    identities,
    label,
    object_addresses,
    page,
    signed_in,
)
from tests.pages import Page

pytestmark = pytest.mark.django_db

WORST = '"><img src=x onerror=alert(1)></script><script>alert(2)</script>\u202e\u2028{{7*7}}{%x%}%s${1}javascript:alert(3)'
UNSEEN = "\u202e"
# What names something of ours: a row with another word there would not be one that the product could have written.
NAMES = {
    "provider",
    "pac_provider",
    "environment",
    "currency",
    "content_hash",
    "sha256",
    "act",
    "target_type",
    "method",
    "country",
    "series",
    "submission",
    "kind",
    "mode",
    "held_reason",
}


def is_poisoned(field: "models.Field[Any, Any]") -> bool:
    is_text = isinstance(field, models.CharField | models.TextField) and not isinstance(field, SealedField)
    is_short = 0 < (field.max_length or 0) < 20  # a code, checked when it is written
    return is_text and not (is_short or field.choices or field.unique or field.name in NAMES)


def poisoned(value: Any, word: str) -> Any:
    """The same shape with the worst words in every leaf."""
    if isinstance(value, dict):
        return {key: poisoned(member, word) for key, member in value.items()}
    if isinstance(value, list):
        return [poisoned(member, word) for member in value]
    return word if isinstance(value, str) else value


def poison(model: type[models.Model], row: models.Model, word: str = WORST) -> None:
    changes = {
        field.column: f"{word[: (field.max_length or 5000) - 12]}{row.pk}"
        for field in model._meta.concrete_fields
        if is_poisoned(field)
    }
    changes |= {
        field.column: json.dumps(poisoned(getattr(row, field.attname), word))
        for field in model._meta.concrete_fields
        if isinstance(field, models.JSONField) and getattr(row, field.attname) is not None
    }
    if not changes:
        return
    columns = ", ".join(f"{connection.ops.quote_name(name)} = %s" for name in changes)
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {columns} WHERE id = %s", [*changes.values(), row.pk])


@contextmanager
def open_tables(world: World) -> Iterator[None]:
    """Their triggers let a row be changed, as long as this transaction lasts."""
    tables = {model._meta.db_table for model in world.rows[world.mine]}
    with connection.cursor() as cursor, act_context():
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            for table in tables:
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        yield


@pytest.fixture(scope="module")
def poisoned_once(made_once: World) -> World:
    with open_tables(made_once):
        for model, row in made_once.rows[made_once.mine].items():
            row.refresh_from_db()
            poison(model, row)
    return made_once


@pytest.fixture
def world(poisoned_once: World, db: None) -> World:
    poisoned_once.browser = signed_in(poisoned_once.person)
    return poisoned_once


def troubles(world: World, address: str, **query: str) -> list[str]:
    response = world.browser.get(address, query, follow=True)
    if response.status_code >= 500:
        return [f"{response.status_code}"]
    if not response.headers.get("Content-Type", "").startswith("text/html"):
        return []
    text = response.content.decode()
    return Page(text).live + (["unseen"] if UNSEEN in text else [])


@pytest.mark.parametrize("model", SCOPED, ids=label)
def test_no_page_runs_what_a_row_says(world: World, model: type[models.Model]) -> None:
    row = world.rows[world.mine][model]
    own = [each for each in object_addresses(model, row) if f"/{identities(row)[0]}/" in each]
    addresses = [page(model, "changelist"), page(model, "add"), *own]
    found = {address: trouble for address in addresses if (trouble := troubles(world, address))}
    searched = troubles(world, page(model, "changelist"), q=WORST, e="1", p="x", o="-9.x")
    assert (found, searched) == ({}, [])


# security.md 27: the worst that a link of a provider could be, and one that looks well. Ours are files that we fetched.
LINKS = ("javascript:alert(4)//", "https://evil.example/factura.pdf?")


@pytest.mark.parametrize("link", LINKS)
def test_no_link_of_a_provider_becomes_a_link_of_ours(made_once: World, db: None, link: str) -> None:
    browser = signed_in(made_once.person)
    found: dict[str, set[str]] = {}
    shown = 0
    with open_tables(made_once):
        for model in (Invoice, Credit, Received, Exchange, WebhookDelivery):
            row = made_once.rows[made_once.mine][model]
            poison(model, row, link)
            opened = page(model, "changelist"), admin.site._registry[model].address_of(row)
            for address in (*opened, f"{opened[1]}?tab=evidence", f"{opened[1]}?tab=timeline"):
                text = browser.get(address, follow=True).content.decode()
                shown += link.rstrip("?/") in text
                read = Page(text)
                if away := {each for each in read.links if "evil.example" in each} | {*read.live}:
                    found[address] = away
    assert found == {}
    assert shown >= 5  # as text it is there


def test_neither_do_the_pages_that_show_everything(world: World) -> None:
    patterns = [pattern for pattern in admin.site.get_urls() if isinstance(pattern, URLPattern)]
    names = {pattern.name for pattern in patterns if pattern.name and not pattern.pattern.regex.groups}
    addresses = [reverse(f"admin:{name}") for name in names - {"logout", "autocomplete"}]
    addresses += [reverse(f"reports:{name}") for name in ("documents", "all_companies", "reconciliation_now")]
    assert {address: trouble for address in addresses if (trouble := troubles(world, address))} == {}


def secrets_within_reach(model: type[models.Model], depth: int = 2) -> Iterator[str]:
    """The names by which a list could be asked about a secret of its own rows or of rows that they hang together with."""
    for field in model._meta.get_fields():
        if isinstance(field, SealedField) or field.name == "password":
            yield field.name
        elif field.is_relation and field.related_model and depth:
            for path in secrets_within_reach(field.related_model, depth - 1):
                yield f"{field.name}__{path}"


def test_no_list_answers_a_question_about_a_secret(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        SimpleTemplateResponse, "rendered_content", ""
    )  # the rows are asked about, not their drawing
    assert {"pac_token", "webhook_secret", "grants__staff__password"} <= {*secrets_within_reach(Tenant)}
    for model in PAGES:
        address = page(model, "changelist")
        every = [row.pk for row in shown(world.browser.get(address))]
        for path in [*secrets_within_reach(model)][:12]:
            lookup = f"{path}__startswith"
            answer = world.browser.get(address, {lookup: "a"})
            assert answer.status_code in {200, 302, 400, 404}, (address, lookup)
            if answer.status_code == 200:  # a list that takes no notice shows what it always shows
                assert [row.pk for row in shown(answer)] == every, (address, lookup)


def shown(response: Any) -> list[models.Model]:
    return list(response.context_data["cl"].result_list)


ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/",
    "/\\evil.example/",
    "https:evil.example",
    "javascript:alert(1)",
]


@pytest.mark.parametrize("address", ELSEWHERE)
def test_no_address_of_ours_leads_elsewhere(address: str) -> None:
    person = a_staff_member()
    browser = Client()
    posted = {"username": person.username, "password": "una-frase-larga-de-prueba", "next": address}
    answers = [
        browser.post("/i18n/setlang/", {"language": "en", "next": address}, headers={"referer": address}),
        browser.post(f"{reverse('admin:login')}?{urlencode({'next': address})}", posted),
        browser.get(reverse("admin:login"), {"next": address}),
        browser.get(reverse("admin:index"), {"next": address}),
    ]
    for answer in answers:
        assert not answer.headers.get("Location", "/").startswith(("//", "/\\"))
        assert "evil" not in answer.headers.get("Location", "").partition("?")[0]
        assert "javascript" not in answer.headers.get("Location", "").partition("?")[0]
    assert Page(answers[2].content.decode()).live == []
