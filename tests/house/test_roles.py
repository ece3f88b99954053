"""Every address of the resolver as six roles, on an own and on a foreign tenant (issue 7, 2; security.md 46, 47, 49, 50, 55).

Who is let in stands in who_may.txt, one line per address: its name, who may GET it, who may POST to it. The letters are the
roles of `ROLES`; a dash in a letter's place is a refusal: 403, 404 where the role may not know, 405 where nobody may POST. A new
address has no line and fails here, and the failure says which line describes what it does now: read it before you add it.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.core.files.base import ContentFile
from django.db import connection, models, transaction
from django.template.response import SimpleTemplateResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from cifras.core.models import Staff
from invoicing.models import Attachment, Credit, Document, Invoice, Received, Settlement
from reports.services.reference import sync_reference_data
from tenants.models import Exchange, Onboarding, Tenant
from tenants.services.customer_links import customer_path
from tests.factories import a_staff_member
from tests.house.conftest import unlogged
from tests.house.test_every_address import HIDDEN, World, signed_in

pytestmark = pytest.mark.django_db

HERE = Path(__file__).parent
# Letter: group. N holds no role at all, S is a superuser.
ROLES = {
    "O": "Operaciones",
    "F": "Facturación",
    "U": "Auditoría",
    "A": "Administración",
    "N": "",
    "S": "superuser",
}
REFUSED = {403, 404, 405}
# Patterns without a name: the site's own redirects and its catch-all, and doors that stand before a named one.
NAMELESS = re.compile(r"^(admin/login/|admin/password_change/|admin/\(\?P<url>\.\*\)\$|.*<path:object_id>/)$")
# What a GET may write without changing anything: that the person is still there, and that somebody was refused.
KEPT_ON_LOOKING = ("core_staffsession", "core_auditentry", "core_auditchain", "core_heartbeat")
# The one who is signed in would be signed out.
NO_POST = {"admin:logout"}
# Opened by whoever holds the link, signed in or not: no role decides, and no tenant is foreign.
BY_LINK = {"sign_in:invitation", "tenants:customer_qr", "tenants:customer_qr_state"}


class Address(NamedTuple):
    name: str
    members: tuple[str, ...]


def addresses(patterns: Any = None, prefix: str = "", members: tuple[str, ...] = ()) -> Iterator[Address]:
    """All named patterns; one without a name has to be known."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        inside = (*members, *pattern.pattern.converters, *pattern.pattern.regex.groupindex)
        inside = tuple(dict.fromkeys(inside))
        if isinstance(pattern, URLResolver):
            space = f"{prefix}{pattern.namespace}:" if pattern.namespace else prefix
            yield from addresses(pattern.url_patterns, space, inside)
        elif isinstance(pattern, URLPattern) and pattern.name:
            yield Address(f"{prefix}{pattern.name}", inside)


ADDRESSES = sorted(set(addresses()))
MODELS = {f"admin:{model._meta.app_label}_{model._meta.model_name}_": model for model in admin.site._registry}
LINE = re.compile(r"^(\S+) +([-OFUANS]{6}) ([-OFUANS]{6})$")
WHO_MAY = {
    found[1]: (found[2], found[3])
    for line in (HERE / "who_may.txt").read_text().splitlines()
    if (found := LINE.match(line))
}


class Site(World):
    """The world with six persons in it, and files, settlements and exchanges of its documents."""

    def __init__(self) -> None:
        super().__init__()
        sync_reference_data()
        for tenant in (self.mine, self.hidden):
            self.add_parts(tenant)
        self.people = {letter: self.somebody(letter) for letter in ROLES}
        self.browsers = {letter: signed_in(person) for letter, person in self.people.items()}

    def somebody(self, letter: str) -> Staff:
        if letter == "S":
            return a_staff_member(is_superuser=True)
        person = a_staff_member(self.mine)
        if letter != "N":
            person.groups.add(Group.objects.get(name=ROLES[letter]))
        return person

    def add_parts(self, tenant: Tenant) -> None:
        for face in (Invoice, Credit, Received):
            row = self.rows[tenant][face]
            document = Document.objects.get(pk=row.pk)
            name = f"{tenant.pk}-{document.pk}.pdf"
            Attachment.objects.create(
                document=document,
                kind="PDF",
                filename=name,
                sha256=f"{document.pk:064x}",
                size_bytes=9,
                file=ContentFile(b"%PDF-1.4\n", name=name),
            )
            Settlement.objects.create(
                document=document, kind="RECEIPT", amount=1, date=timezone.localdate(), note=str(tenant)
            )
            Exchange.objects.create(
                tenant_uid=tenant.uid,
                document_uid=document.uid,
                provider="alanube",
                operation=f"read {tenant}",
                method="GET",
                url="https://pac.test/",
                started_at=timezone.now(),
                correlation_id="correlation",
            )

    def document_of(self, name: str, tenant: Tenant) -> Document:
        face = next((face for face in (Credit, Received) if f"_{face._meta.model_name}_" in name), Invoice)
        return Document.objects.get(pk=self.rows[tenant][face].pk)

    def argument(self, member: str, name: str, tenant: Tenant) -> Any:
        """What stands for this tenant in an address of that name."""
        if member == "object_id":
            return self.object_id(name, tenant)
        known: dict[str, Any] = {
            "tenant": lambda: tenant.uid,
            "month": lambda: f"{timezone.localdate():%Y-%m}",
            "book": lambda: "sales",
            "position": lambda: 1,
            "person": lambda: self.people["O"].uid,
            "id": lambda: self.people["O"].pk,
            "uid": lambda: Attachment.objects.get(document=self.document_of(name, tenant)).uid,
            "exchange_uid": lambda: Exchange.objects.get(document_uid=self.document_of(name, tenant).uid).uid,
            "settlement_uid": lambda: Settlement.objects.get(document=self.document_of(name, tenant)).uid,
            "onboarding_uid": lambda: Onboarding.objects.get(tenant=tenant).uid,
            "step": lambda: "company",
            "sample": lambda: "invoices",
            "form": lambda: "csv",
            "content_type_id": lambda: ContentType.objects.get_for_model(Document).pk,
            "app_label": lambda: "tenants",
            "company_id": lambda: tenant.pac_company_id,
            "token": lambda: customer_path(Onboarding.objects.get(tenant=tenant)).rstrip("/").split("/")[-1],
        }
        assert member in known, f"{name}: say in Site.argument what «{member}» stands for"
        return known[member]()

    def object_id(self, name: str, tenant: Tenant) -> Any:
        model = model_of(name)
        row = self.rows[tenant].get(model) if model else self.rows[tenant][Document]
        if row is None and issubclass(model or Staff, Staff):
            row = self.people["N"]
        row = row or (model or Document)._default_manager.order_by("pk").first()
        return getattr(row, "uid", None) or getattr(row, "pk", 1)

    def path_of(self, address: Address, tenant: Tenant) -> str:
        return reverse(
            address.name,
            kwargs={member: self.argument(member, address.name, tenant) for member in address.members},
        )


def model_of(name: str) -> type[models.Model] | None:
    """The model on whose page the address stands."""
    found = [prefix for prefix in MODELS if name.startswith(prefix)]
    return MODELS[max(found, key=len)] if found else None


@pytest.fixture
def not_drawn() -> Iterator[None]:
    with undrawn():
        yield


@pytest.fixture(scope="module")
def site(django_db_setup: None, django_db_blocker: Any) -> Iterator[Site]:
    with unlogged(), django_db_blocker.unblock(), transaction.atomic():
        yield Site()
        transaction.set_rollback(True)


@contextmanager
def undrawn() -> Iterator[None]:
    """Pages are made but not drawn, nor is the menu that would stand on them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SimpleTemplateResponse, "rendered_content", "")
        patch.setattr(type(admin.site), "each_context", lambda *_: {})
        yield


def ask(browser: Client, method: str, path: str, *, is_drawn: bool = False) -> tuple[int, str]:
    """Status and text, after which everything is as before, cookies included. Only a drawn page costs its drawing."""
    cookies = browser.cookies.copy()
    with transaction.atomic(), nullcontext() if is_drawn else undrawn():
        answer: Any = getattr(browser, method)(path)
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        transaction.set_rollback(True)
    browser.cookies = cookies
    assert answer.status_code < 500, f"{method} {path}: {answer.status_code}"
    return answer.status_code, body.decode(errors="replace")


def writes(queries: CaptureQueriesContext) -> list[str]:
    changing = re.compile(r'^(INSERT INTO|UPDATE|DELETE FROM) "(\w+)"')
    found = [(each["sql"], changing.match(each["sql"])) for each in queries]
    return [sql[:120] for sql, match in found if match and match[2] not in KEPT_ON_LOOKING]


def guarded_browser(person: Staff) -> Client:
    """A browser that holds no token against forgery."""
    browser = Client(enforce_csrf_checks=True, raise_request_exception=False)
    browser.force_login(person)
    return browser


@pytest.mark.usefixtures("not_drawn")
def test_no_action_of_any_list_is_done_by_looking(site: Site) -> None:
    """security.md 15: what an action would take, all of it in the address."""
    browser, done, names = site.browsers["S"], {}, set()
    for prefix, model in MODELS.items():
        page = reverse(f"{prefix}changelist")
        row = site.rows[site.mine].get(model)
        shown = browser.get(page)
        form = shown.context_data.get("action_form") if hasattr(shown, "context_data") else None
        actions = [name for name, _label in form.fields["action"].choices if name] if form else []
        names.update(actions)
        for name in (*actions, "delete_selected"):
            query = {"action": name, "index": "0", "_selected_action": str(getattr(row, "pk", 1))}
            query |= {
                "confirmed": "1",
                "post": "yes",
                "reason": "Una razón bastante larga",
                "select_across": "1",
            }
            with CaptureQueriesContext(connection) as asked, transaction.atomic():
                browser.get(page, query)
                transaction.set_rollback(True)
            if changed := writes(asked):
                done[f"{page} {name}"] = changed
    assert done == {}
    assert len(names) >= 8


@pytest.mark.usefixtures("not_drawn")
def test_every_address_of_the_staff_site_refuses_what_was_posted_from_elsewhere(site: Site) -> None:
    """security.md 15: the best of rights, and no token."""
    browser, taken = guarded_browser(site.people["S"]), {}
    for address in ADDRESSES:
        if not address.name.startswith(("admin:", "sign_in:", "reports:")):
            continue
        path = site.path_of(address, site.mine)
        with CaptureQueriesContext(connection) as asked, transaction.atomic():
            status = browser.post(path, {"post": "yes", "reason": "Una razón bastante larga"}).status_code
            transaction.set_rollback(True)
        if status not in {403, 404, 405} or writes(asked):
            taken[address.name] = status
    assert taken == {}


def test_every_pattern_has_a_name_or_is_known() -> None:
    def nameless(patterns: Any, route: str) -> Iterator[str]:
        for pattern in patterns:
            path = route + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                yield from nameless(pattern.url_patterns, path)
            elif not pattern.name and not NAMELESS.match(path):
                yield path

    assert list(nameless(get_resolver().url_patterns, "")) == []


def test_no_line_is_left_of_an_address_that_is_gone() -> None:
    assert sorted(set(WHO_MAY) - {address.name for address in ADDRESSES}) == []


@pytest.mark.parametrize("address", ADDRESSES, ids=lambda address: address.name)
def test_an_address_lets_in_whom_it_should_and_shows_nothing_of_another_tenant(
    site: Site, address: Address
) -> None:
    own = site.path_of(address, site.mine)
    foreign = own if address.name in BY_LINK else site.path_of(address, site.hidden)
    looking = posting = ""
    for letter, browser in site.browsers.items():
        with CaptureQueriesContext(connection) as asked:
            status, text = ask(browser, "get", own, is_drawn=not looking.strip("-"))
        assert writes(asked) == []
        assert HIDDEN not in text or letter == "S"
        looks = status not in REFUSED
        posts = address.name not in NO_POST and ask(browser, "post", own)[0] not in REFUSED
        looking += letter if looks else "-"
        posting += letter if posts else "-"
        if foreign != own and letter != "S" and (looks or posts):
            is_first = len(looking.strip("-") + posting.strip("-")) <= 2
            methods = ("get", "post") if is_first else ("get",)
            assert {ask(browser, method, foreign)[0] for method in methods} <= {404, 405}
    line = f"{address.name:<60} {looking} {posting}"
    assert (looking, posting) == WHO_MAY.get(address.name), f"it does now: {line}"
