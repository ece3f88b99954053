"""Whoever may see one tenant finds nothing of another on any address of the staff site: walked, so that new pages are covered.

A page whose model belongs to tenants needs a row here (`ROWS`); one that belongs to nobody is named in `NOBODYS`.
"""

import uuid
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection, models
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)

from cifras.core import audit
from cifras.core.models import AuditEntry, ExportJob, Proposal, Staff
from invoicing.models import (
    Correction,
    Credit,
    Document,
    DocumentMail,
    ImportBatch,
    Incident,
    Invoice,
    Mirror,
    NumberSeries,
    Received,
    Receiver,
    TimelineEvent,
    WebhookDelivery,
)
from reports.models import ExchangeRate, Plan, Subscription
from tenants.models import (
    Catalogue,
    CatalogueEntry,
    Certificate,
    Exchange,
    Office,
    Onboarding,
    StaffGrant,
    TaxIdCheck,
    Tenant,
)
from tests.factories import a_staff_member

pytestmark = pytest.mark.django_db

# What no tenant owns; the permission alone decides.
NOBODYS = {
    Staff,
    Group,
    TaxIdCheck,
    Catalogue,
    CatalogueEntry,
    Plan,
    ExchangeRate,  # the same for every company
    PeriodicTask,
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    SolarSchedule,
    ExportJob,  # its owner's alone
}
HIDDEN = "Forastera"
ROWS_EACH = 3


def a_document(tenant: Tenant, kind: str, serial: int) -> Document:
    return Document.objects.create(
        tenant=tenant,
        office=tenant.offices.first(),
        kind=kind,
        number=f"{serial:010}",
        series="01" if kind == "INVOICE" else "04",
        security_code="123456789",
        payload=b"{}",
        provider="alanube",
        environment=tenant.environment,
        submission="ACCEPTED",
        legal_status="DGI_AUTHORIZED",
        document_id=f"pac-{tenant.pk}-{kind}-{serial}",
        external_id=f"{tenant.trade_name}-{kind}-{serial}",
        receiver_name=f"Cliente de {tenant.trade_name}",
        issue_date=timezone.now(),
        authorized_at=timezone.now(),
    )


ROWS: dict[type[models.Model], Callable[[Tenant, int], models.Model]] = {
    Tenant: lambda tenant, serial: tenant,
    Office: lambda tenant, serial: Office.objects.create(
        tenant=tenant,
        code=f"000{serial}",
        type="main" if serial == 1 else "associated",
        address=f"Calle de {tenant.trade_name}",
    ),
    Certificate: lambda tenant, serial: Certificate.objects.create(
        tenant=tenant,
        subject=f"CN={tenant.trade_name} {serial}",
        fingerprint=f"{serial:064x}",
        serial_number=f"{tenant.pk}{serial}",
        not_before=timezone.now(),
        not_after=timezone.now(),
    ),
    StaffGrant: lambda tenant, serial: StaffGrant.objects.create(staff=a_staff_member(), tenant=tenant),
    Onboarding: lambda tenant, serial: Onboarding.objects.get_or_create(tenant=tenant)[0],
    Exchange: lambda tenant, serial: Exchange.objects.create(
        tenant_uid=tenant.uid,
        provider="alanube",
        operation=f"read {tenant.trade_name}",
        method="GET",
        url="https://pac.test/",
        started_at=timezone.now(),
        correlation_id=f"correlation-{tenant.pk}-{serial}",
    ),
    Receiver: lambda tenant, serial: Receiver.objects.create(
        tenant=tenant, code=f"C-{serial}", name=f"Cliente de {tenant.trade_name} {serial}"
    ),
    Incident: lambda tenant, serial: Incident.objects.create(
        tenant=tenant,
        code="unauthorized",
        message=f"La clave de {tenant.trade_name}",
        released_at=None if serial == 1 else timezone.now(),
    ),
    WebhookDelivery: lambda tenant, serial: WebhookDelivery.objects.create(
        tenant=tenant,
        verdict="signed",
        body="{}",
        pac_document_id=f"{tenant.trade_name}-{serial}",
        headers={"X-From": tenant.trade_name},
    ),
    DocumentMail: lambda tenant, serial: DocumentMail.objects.create(
        tenant=tenant,
        document=a_document(tenant, "INVOICE", 100 + serial),
        channel="PAC",
        address=f"{tenant.trade_name}@{serial}.test",
        state="FAILED",
    ),
    Correction: lambda tenant, serial: Correction.objects.create(
        tenant=tenant,
        original=a_document(tenant, "INVOICE", 200 + serial),
        way="VOID",
        reason=f"Corrige {tenant.trade_name}",
    ),
    TimelineEvent: lambda tenant, serial: TimelineEvent.objects.create(
        tenant_uid=tenant.uid, code="created", actor_name=tenant.trade_name
    ),
    Invoice: lambda tenant, serial: a_document(tenant, "INVOICE", serial),
    Credit: lambda tenant, serial: a_document(tenant, "CREDIT", serial),
    Received: lambda tenant, serial: (
        Document.objects.create(
            tenant=tenant,
            office=tenant.offices.first(),
            kind="INVOICE",
            mode="DGI_IMPORT",
            submission="IMPORTED",
            is_received=True,
            number=f"{serial:010}",
            series="01",
            environment=tenant.environment,
            external_id=f"{tenant.trade_name}-received-{serial}",
            issuer_data={"name": f"Mayorista de {tenant.trade_name}", "ruc": tenant.ruc},
            issue_date=timezone.now(),
        ).face
    ),
    ImportBatch: lambda tenant, serial: ImportBatch.objects.create(
        tenant=tenant, filename=f"{tenant.trade_name}-{serial}.csv", sha256=f"{serial:064x}", size_bytes=1
    ),
    Document: lambda tenant, serial: Document.objects.filter(tenant=tenant).first(),
    Mirror: lambda tenant, serial: Mirror.objects.get_or_create(tenant=tenant)[0],
    NumberSeries: lambda tenant, serial: NumberSeries.objects.create(
        office=tenant.offices.first(), billing_point=f"{serial + 100}", series="01"
    ),
    Proposal: lambda tenant, serial: Proposal.objects.create(
        act="document.number_taken",
        tenant_uid=tenant.uid,
        target_type="invoicing.document",
        target_uid=uuid.uuid4(),
        target_label=f"Factura de {tenant.trade_name}",
        reason=f"El PAC la tiene como de {tenant.trade_name}",
        proposed_by=uuid.uuid4(),
        proposed_by_name=f"alguien de {tenant.trade_name}",
    ),
    AuditEntry: lambda tenant, serial: audit.record(
        "thing.done", actor=None, tenant_uid=tenant.uid, target=tenant
    ),
}
ROWS[Subscription] = lambda tenant, serial: Subscription.objects.create(
    tenant=tenant,
    plan=Plan.objects.get_or_create(name="Básico")[0],
    starts_on=date(2026, 1, serial),
)
PAGES = sorted(admin.site._registry, key=lambda model: model._meta.label)
SCOPED = [model for model in PAGES if model not in NOBODYS]


class World:
    """Two tenants with a row of every kind, one of them hidden from `browser`, who may do everything else."""

    def __init__(self) -> None:
        self.mine, self.hidden = self.a_tenant("Propia", "1-1-1"), self.a_tenant(HIDDEN, "2-2-2")
        self.rows = {tenant: self.fill(tenant) for tenant in (self.mine, self.hidden)}
        ExchangeRate.objects.get_or_create(date=date(2026, 1, 1), currency="USD", defaults={"sale": 3})
        self.person = a_staff_member(self.mine)
        self.person.user_permissions.set(Permission.objects.all())
        self.browser = signed_in(self.person)

    def a_tenant(self, name: str, ruc: str) -> Tenant:
        return Tenant.objects.create(
            legal_name=f"{name}, S.A.", trade_name=name, ruc=ruc, pac_company_id=name, state="active"
        )

    def fill(self, tenant: Tenant) -> dict[type[models.Model], models.Model]:
        found = {}
        for serial in range(1, ROWS_EACH + 1):
            for model, make in ROWS.items():
                found[model] = make(tenant, serial)
        return found


def signed_in(person: Staff) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(person)
    return client


def label(model: type[models.Model]) -> str:
    return str(model._meta.label)


def page(model: type[models.Model], name: str) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}")


def identities(row: models.Model) -> list[str]:
    return list(dict.fromkeys([str(getattr(row, "uid", row.pk)), str(row.pk)]))


def object_addresses(model: type[models.Model], row: models.Model) -> Iterator[str]:
    """Every address of the model's page that names an object, for this row, by UUID and by key."""
    for pattern in admin.site._registry[model].get_urls():
        members = pattern.pattern.converters
        if "object_id" not in members:
            continue
        assert pattern.name, f"{pattern} has no name"
        for identity in identities(row):
            others = {name: uuid.uuid4() for name in members if name != "object_id"}
            try:
                yield reverse(f"admin:{pattern.name}", kwargs={"object_id": identity, **others})
            except NoReverseMatch:
                texts = {name: str(value) for name, value in others.items()}
                yield reverse(f"admin:{pattern.name}", kwargs={"object_id": identity, **texts})


def test_every_page_is_covered() -> None:
    assert [label(model) for model in PAGES if model not in NOBODYS and model not in ROWS] == []
    assert [label(model) for model in NOBODYS if hasattr(model._default_manager.all(), "visible_to")] == []
    assert [label(model) for model in SCOPED if not hasattr(model._default_manager.all(), "visible_to")] == []


@pytest.mark.parametrize("model", SCOPED, ids=label)
def test_an_object_of_another_tenant_is_not_found_on_any_address(
    world: World, model: type[models.Model]
) -> None:
    hidden = world.rows[world.hidden][model]
    before = model._default_manager.filter(pk=hidden.pk).values().get()
    addresses = list(object_addresses(model, hidden))
    assert len(addresses) >= 3 * len(identities(hidden))  # change, delete, history at least
    found = {}
    for address in addresses:
        answers = world.browser.get(address), world.browser.post(address, {"post": "yes"})
        statuses = {answer.status_code for answer in answers}
        if statuses != {404} or any(HIDDEN in answer.content.decode() for answer in answers):
            found[address] = statuses
    assert found == {}
    assert model._default_manager.filter(pk=hidden.pk).values().get() == before


@pytest.mark.parametrize("model", SCOPED, ids=label)
def test_an_own_object_is_found_where_another_tenants_is_not(world: World, model: type[models.Model]) -> None:
    """The walk means something: the same address answers for what the person may see."""
    own = world.rows[world.mine][model]
    response = world.browser.get(admin.site._registry[model].address_of(own), follow=True)
    assert response.status_code == 200
    assert HIDDEN not in response.content.decode()


@pytest.mark.parametrize("model", PAGES, ids=label)
def test_a_list_shows_own_rows_and_asks_little(world: World, model: type[models.Model]) -> None:
    world.browser.get(reverse("admin:index"))  # what is read once per process is not the list's
    with CaptureQueriesContext(connection) as captured:
        response = world.browser.get(page(model, "changelist"))
    assert response.status_code == 200
    assert HIDDEN not in response.content.decode() or model in NOBODYS
    ours = [query["sql"] for query in captured if not is_about_the_person(query["sql"])]
    assert len(ours) <= 6, "\n".join(sql[:200] for sql in ours)
    if model not in NOBODYS:
        assert any(tenant_of(row) == world.mine.uid for row in response.context["cl"].result_list)


def is_about_the_person(sql: str) -> bool:
    """The session, who it is, what they may do and whether they see everything: the same for every page."""
    about = ('FROM "core_staffsession"', 'FROM "auth_permission"', 'FROM "django_content_type"')
    is_person = 'FROM "core_staff" WHERE "core_staff"."id" =' in sql
    asks_grants = sql.startswith(
        'SELECT "tenants_staffgrant"."tenant_id" AS "tenant_id", "tenants_tenant"."uid"'
    )
    return is_person or asks_grants or any(each in sql for each in about)


def tenant_of(row: Any) -> Any:
    for path in ("tenant_uid", "chain"):
        if hasattr(row, path):
            return getattr(row, path)
    return row.uid if isinstance(row, Tenant) else row.tenant.uid


@pytest.mark.parametrize("model", SCOPED, ids=label)
def test_filter_search_and_preset_show_nothing_of_another_tenant(
    world: World, model: type[models.Model]
) -> None:
    tenant, hidden = world.hidden, world.rows[world.hidden][model]
    queries = [
        {"tenant__id__exact": tenant.pk},
        {"tenant_uid": tenant.uid},
        {"chain": tenant.uid},
        {"uid": getattr(hidden, "uid", "")},
        {"id__in": hidden.pk},
        *({"q": text} for text in (HIDDEN, str(getattr(hidden, "uid", "")), f"{HIDDEN}-1", tenant.ruc)),
    ]
    for query in queries:
        response = world.browser.get(page(model, "changelist"), query, follow=True)
        if response.status_code == 400:  # not a question that this list answers
            continue
        assert response.status_code == 200, query
        rows = response.context["cl"].result_list
        assert [row for row in rows if tenant_of(row) == tenant.uid] == [], query
    preset = world.browser.get(page(model, "add"), {"tenant": tenant.pk})
    assert preset.status_code in {200, 403}
    assert HIDDEN not in preset.content.decode()


@pytest.mark.parametrize("model", SCOPED, ids=label)
def test_an_act_on_chosen_rows_leaves_those_of_another_tenant_alone(
    world: World, model: type[models.Model]
) -> None:
    hidden = world.rows[world.hidden][model]
    before = model._default_manager.filter(pk=hidden.pk).values().get()
    request = world.browser.get(page(model, "changelist"))
    actions = (
        [name for name, _label in request.context["action_form"].fields["action"].choices if name]
        if (request.context.get("action_form"))
        else []
    )
    for name in [*actions, "delete_selected"]:
        data = {"action": name, "index": 0, "_selected_action": [str(hidden.pk)], "post": "yes"}
        answer = world.browser.post(page(model, "changelist"), data, follow=True)
        assert answer.status_code in {200, 403}, name
        assert HIDDEN not in answer.content.decode(), name
    assert model._default_manager.filter(pk=hidden.pk).values().get() == before


def foreign_keys() -> list[tuple[type[models.Model], models.Field]]:
    return [
        (model, field)
        for model in PAGES
        for field in model._meta.fields
        if field.is_relation and field.related_model in admin.site._registry
    ]


@pytest.mark.parametrize(
    ("model", "field"), foreign_keys(), ids=lambda each: getattr(each, "name", None) or label(each)
)
def test_autocomplete_offers_nothing_of_another_tenant(
    world: World, model: type[models.Model], field: models.Field
) -> None:
    query = {
        "app_label": model._meta.app_label,
        "model_name": model._meta.model_name,
        "field_name": field.name,
    }
    hidden = world.rows[world.hidden].get(field.related_model)
    for term in ("", HIDDEN, "0000000001", "Cliente"):
        answer = world.browser.get(reverse("admin:autocomplete"), {**query, "term": term})
        if answer.status_code in {403, 404}:  # no list of its own to choose from
            continue
        assert answer.status_code == 200
        ids = [row["id"] for row in answer.json()["results"]]
        assert hidden is None or str(hidden.pk) not in ids


def test_the_site_wide_address_of_objects_finds_nothing(world: World) -> None:
    for model in SCOPED:
        kind, hidden = ContentType.objects.get_for_model(model), world.rows[world.hidden][model]
        address = reverse("admin:view_on_site", args=[kind.pk, hidden.pk])
        assert world.browser.get(address).status_code == 404


@pytest.mark.parametrize("model", PAGES, ids=label)
def test_without_permissions_every_page_is_forbidden(world: World, model: type[models.Model]) -> None:
    browser = signed_in(a_staff_member(world.mine))
    for name in ("changelist", "add"):
        assert browser.get(page(model, name)).status_code == 403
        assert browser.post(page(model, name), {}).status_code == 403
    own = world.rows[world.mine].get(model)
    if own is None:
        return
    opened = {address: browser.get(address).status_code for address in object_addresses(model, own)}
    assert {address: status for address, status in opened.items() if status not in {403, 404}} == {}


@pytest.mark.parametrize("model", PAGES, ids=label)
def test_nobody_gets_in_without_signing_in(world: World, model: type[models.Model]) -> None:
    addresses = [page(model, "changelist"), page(model, "add")]
    own = world.rows[world.mine].get(model)
    addresses += list(object_addresses(model, own)) if own else []
    for address in addresses:
        response = Client().get(address)
        assert response.status_code == 302
        assert response.headers["Location"].startswith(reverse("admin:login"))
