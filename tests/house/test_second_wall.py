"""The second wall: what belongs to tenants is read inside a scope that a door has set, whatever a page forgets (issue 7, 3)."""

import logging
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from celery.app.trace import task_has_custom
from django.apps import apps
from django.db import connection, models
from django.http import JsonResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django.fixtures import Settings

from cifras.core.models import AuditChain, AuditEntry, Proposal
from cifras.core.scopes import (
    AllTenants,
    Nowhere,
    Scope,
    Unscoped,
    all_tenants,
    current,
    entered,
)
from cifras.core.sight import as_seen_by
from cifras.core.walls import WalledQuerySet
from cifras.settings.reader import BASE_DIR
from invoicing.models import Attempt, Document, TimelineEvent
from invoicing.services import crew
from invoicing.tasks import void_task
from tenants.models import Office, StaffGrant, Tenant
from tests.factories import a_staff_member
from tests.house.test_every_address import SCOPED, World, label, signed_in

pytestmark = pytest.mark.django_db

OURS = ("cifras.core", "tenants", "invoicing", "reports")
# The heads of the audit chains: a number and a hash each, which whoever writes locks.
WITHOUT_WALL = {AuditChain}
PRACTICE = "tests.house.second_wall_site"
WALLED = [Tenant, Office, StaffGrant, Document, Attempt, TimelineEvent, Proposal, AuditEntry]


def is_walled(model: type[models.Model]) -> bool:
    return isinstance(model._default_manager.get_queryset(), WalledQuerySet)


def belongs_to_a_tenant(model: type[models.Model]) -> bool:
    """By a foreign key to the tenant or to what belongs to one, or by the tenant's UUID."""
    return any(
        field.name in {"tenant_uid", "chain"}
        or (isinstance(field, models.ForeignKey) and is_walled(field.related_model))  # type: ignore[type-abstract]
        for field in model._meta.fields
    )


def test_every_model_with_a_tenant_stands_behind_the_wall() -> None:
    ours = [model for model in apps.get_models() if apps.get_app_config(model._meta.app_label).name in OURS]
    owned = [model for model in ours if belongs_to_a_tenant(model) and model not in WITHOUT_WALL]
    assert len(owned) > 25
    assert [model._meta.label for model in [Tenant, *owned] if not is_walled(model)] == []


@pytest.mark.parametrize("model", SCOPED, ids=label)
def test_within_a_persons_scope_a_manager_gives_their_tenants_rows_only(
    world: World, model: type[models.Model]
) -> None:
    rows = model._default_manager
    own, hidden = world.rows[world.mine][model], world.rows[world.hidden][model]
    with as_seen_by(world.person):
        assert rows.filter(pk=own.pk).exists()
        assert not rows.filter(pk=hidden.pk).exists()
        assert hidden not in set(rows.all())
    assert rows.filter(pk=hidden.pk).exists()


ASKING: list[Callable[[Any], Any]] = [
    list,
    len,
    bool,
    lambda rows: rows.count(),
    lambda rows: rows.exists(),
    lambda rows: rows.first(),
    lambda rows: rows.get(pk=1),
    lambda rows: rows.filter(pk=1)[:1].get(),
    lambda rows: list(rows.iterator(chunk_size=10)),
    lambda rows: rows.aggregate(models.Max("pk")),
    lambda rows: rows.values_list("pk", flat=True).latest("pk"),
    lambda rows: rows.in_bulk([1]),
    lambda rows: list(Tenant._base_manager.filter(pk__in=rows.values("pk"))),
]


@pytest.mark.parametrize("model", WALLED, ids=label)
def test_outside_any_scope_nothing_is_read(model: type[models.Model]) -> None:
    with entered(Nowhere()):
        for ask in ASKING:
            with pytest.raises(Unscoped, match=model._meta.label):
                ask(model._default_manager.all())


def test_outside_any_scope_nothing_is_changed_or_deleted(world: World) -> None:
    with entered(Nowhere()):
        for change in (
            lambda: Tenant.objects.update(email=""),
            lambda: Tenant.objects.filter(pk=1).delete(),
        ):
            with pytest.raises(Unscoped):
                change()
        with pytest.raises(Unscoped):
            world.mine.offices.count()


def test_who_is_not_signed_in_has_no_scope(world: World, settings: Settings) -> None:
    settings.ROOT_URLCONF = PRACTICE
    with pytest.raises(Unscoped):
        Client().get("/careless/")


def test_what_a_row_at_hand_points_to_passes_freely(world: World) -> None:
    document = world.rows[world.hidden][Document]
    with entered(Nowhere()):
        row = Document._base_manager.get(pk=document.pk)
        assert row.tenant == world.hidden
        row.refresh_from_db()


def test_a_form_that_a_module_declares_asks_within_the_request(world: World) -> None:
    """Built while no scope was there, narrowed by the first clone that has one."""
    with entered(Nowhere()):
        declared = Tenant.objects.all()
        nothing = Tenant.objects.none()
        assert list(nothing) == []
    with as_seen_by(world.person):
        assert list(declared.all()) == [world.mine]


def test_a_page_that_forgets_visible_to_leaks_nothing(world: World, settings: Settings) -> None:
    settings.ROOT_URLCONF = PRACTICE
    answer = world.browser.get("/careless/")
    assert isinstance(answer, JsonResponse)
    own = world.mine.offices.count()
    assert answer.json() == {"names": ["Propia"], "counted": 1, "documents": 1, "offices": own, "written": 1}
    world.hidden.refresh_from_db()
    assert world.hidden.contact_name == ""


def test_the_body_of_a_streamed_answer_is_made_within_the_scope(world: World, settings: Settings) -> None:
    settings.ROOT_URLCONF = PRACTICE
    answer: Any = world.browser.get("/streamed/")
    with entered(Nowhere()):
        assert b"".join(answer.streaming_content) == b"Propia\n"


def test_a_streamed_answer_that_is_given_up_ends_within_the_act_of_its_request(
    world: World, settings: Settings
) -> None:
    settings.ROOT_URLCONF = PRACTICE
    answer: Any = world.browser.get("/streamed/")
    with entered(Nowhere()):
        next(iter(answer.streaming_content))
        answer.close()
    entry = AuditEntry.objects.get(action="stream.ended")
    assert entry.correlation_id == answer.headers["X-Correlation-Id"]


def test_whoever_sees_everything_is_not_narrowed(world: World, settings: Settings) -> None:
    settings.ROOT_URLCONF = PRACTICE
    auditor = a_staff_member()
    StaffGrant.objects.create(staff=auditor, tenant=None)
    for person in (auditor, a_staff_member(is_superuser=True)):
        assert signed_in(person).get("/careless/").json()["counted"] == 2


def test_a_look_beyond_says_why_in_the_log(
    world: World, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.ROOT_URLCONF = PRACTICE
    with caplog.at_level(logging.DEBUG, logger="cifras.core.scopes"):
        assert world.browser.get("/reasoned/").content == b"2"
        void_task()
    told = [(record.levelname, record.getMessage()) for record in caplog.records]
    assert ("INFO", "All tenants are in reach: a report over all companies") in told
    assert ("DEBUG", "All tenants are in reach: task invoicing.void") in told


def test_a_grant_opens_its_tenant_at_once(world: World) -> None:
    with as_seen_by(world.person):
        assert Tenant.objects.count() == 1
        StaffGrant.objects.create(staff=world.person, tenant=world.hidden)
        assert Tenant.objects.count() == 2
        StaffGrant.objects.get(staff=world.person, tenant=world.hidden).delete()
        assert Tenant.objects.count() == 1


def test_the_second_wall_costs_no_second_filter_and_one_look_per_request(world: World) -> None:
    with (
        as_seen_by(world.person),
        CaptureQueriesContext(connection) as asked,
    ):
        for _ in range(2):
            list(Document.objects.visible_to(world.person))
    sql = [query["sql"] for query in asked]
    assert len(sql) == 3
    assert [each.count('"tenant_id" IN (') for each in sql] == [0, 1, 1]


def test_a_compare_and_set_update_stays_one_statement_over_its_own_table(world: World) -> None:
    """A join would make of it an update over a subquery, which two workers could both win."""
    with (
        as_seen_by(world.person),
        CaptureQueriesContext(connection) as asked,
    ):
        Attempt.objects.filter(outcome="RUNNING").update(outcome="UNKNOWN")
    assert '"id" IN (SELECT' not in asked[-1]["sql"].split("WHERE")[1].split('"document_id" IN')[0]
    assert "JOIN" not in asked[-1]["sql"]


@pytest.mark.parametrize("path", ["webhook", "customer"])
def test_the_doors_without_a_person_say_so_themselves(path: str) -> None:
    """Unknown names, but asked for: without the door's own scope it would be an error."""
    with entered(Nowhere()):
        if path == "webhook":
            answer = Client().post(reverse("invoicing:webhook", args=["nobody"]), {}, "application/json")
        else:
            answer = Client().get(reverse("tenants:customer_qr", args=["no-token"]))
    assert answer.status_code == 404


def test_a_task_has_every_tenant_in_reach() -> None:
    assert task_has_custom(void_task, "__call__")  # so that a worker calls the task, not only what it wraps
    with entered(Nowhere()):
        assert void_task() == 0
        with pytest.raises(Unscoped):
            Tenant.objects.exists()


def test_a_command_has_every_tenant_in_reach() -> None:
    """Asked of manage.py itself, in a process of its own."""
    question = "from cifras.core.scopes import current; print(type(current()).__name__, current().reason)"
    told = subprocess.run(
        [sys.executable, "manage.py", "shell", "--no-imports", "-c", question],
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == "AllTenants command shell"


def test_a_process_begins_without_scope() -> None:
    question = "from cifras.core.scopes import current; print(type(current()).__name__)"
    told = subprocess.run([sys.executable, "-c", question], cwd=BASE_DIR, capture_output=True, text=True)
    assert told.stdout.strip() == "Nowhere"


def test_the_threads_of_a_crew_work_within_the_scope_of_who_started_them(settings: Settings) -> None:
    settings.PAC_THREADS = 4
    found: list[Scope] = []

    def look(_row: object = None) -> int:
        found.append(current())
        return 1

    with entered(Nowhere()), all_tenants(reason="a worker"):
        crew.each([1, 2], look, size=2, while_waiting=lambda: None)
        assert crew.side_by_side([look, look]) == 2
    assert [type(scope) for scope in found] == [AllTenants] * 4
    assert {scope.reason for scope in found if isinstance(scope, AllTenants)} == {"a worker"}
