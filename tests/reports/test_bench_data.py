"""The made-up database: as large as asked for, level with itself, and never over somebody's own data."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.models import Count, F, Max, Sum
from pytest_django.plugin import DjangoDbBlocker

from cifras.core import audit
from cifras.core.models import AuditEntry, Staff
from cifras.fiscal import cufe
from invoicing.models import Document, Line, TimelineEvent, WebhookDelivery
from reports.models import MonthlyFigure, MonthlyRate
from reports.services import bench_data, rollups
from tenants.models import Exchange, Tenant
from tests.terminal import type_here

UNTIL = date(2026, 11, 20)
DOCUMENTS = 1_200
on_postgresql = pytest.mark.skipif(settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"), reason="COPY")


@dataclass(frozen=True)
class World:
    """What three fillings of one database, one over the other, have left. `indexes` are those of before."""

    answer: dict[str, Any]
    made: list[list[tuple[Any, ...]]]
    indexes: set[str]


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    """One for the module: of seed 2 first, then twice of seed 1."""
    with django_db_blocker.unblock():
        before = indexes()
        try:
            made = [documents_of(seed) for seed in (2, 1)]
            answer = bench_data.fill(DOCUMENTS, seed=1, until=UNTIL, say=lambda _text: None)
            yield World(answer, [*made, documents()], before)
        finally:
            call_command("flush", interactive=False, verbosity=0)


def documents_of(seed: int) -> list[tuple[Any, ...]]:
    bench_data.fill(DOCUMENTS, seed=seed, until=UNTIL, say=lambda _text: None)
    return documents()


def documents() -> list[tuple[Any, ...]]:
    return list(Document.objects.order_by("pk").values_list("uid", "number", "total", "issue_date"))


def indexes() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexdef FROM pg_indexes UNION SELECT conname || pg_get_constraintdef(oid) FROM pg_constraint"
        )
        return {row[0] for row in cursor.fetchall()}


@on_postgresql
@pytest.mark.django_db
def test_the_world_that_is_made_is_level_with_itself(world: World) -> None:
    assert indexes() == world.indexes
    assert world.answer["documents"] == Document.objects.count() == DOCUMENTS
    assert world.answer["rows"]["exchange"] == Exchange.objects.count() == DOCUMENTS // 2
    assert WebhookDelivery.objects.exists()
    assert TimelineEvent.objects.count() == DOCUMENTS
    assert audit.verify() == []
    assert AuditEntry.objects.filter(action="invoice.issued").count() == DOCUMENTS // 5
    assert [each for tenant in Tenant.objects.all() for each in rollups.deviations(tenant)] == []
    assert MonthlyFigure.objects.exists()
    assert MonthlyRate.objects.exists()
    sums = Document.objects.annotate(of_lines=Sum("lines__total"))
    assert not sums.exclude(of_lines=F("total")).exists()
    assert rollups.roll_up_due() == 0


@on_postgresql
@pytest.mark.django_db
def test_the_documents_are_of_every_kind_and_state_and_obey_the_law_of_the_tables(world: World) -> None:
    assert set(Document.objects.values_list("submission", flat=True)) == {
        "DRAFT", "QUEUED", "SENDING", "UNKNOWN", "ACCEPTED", "REFUSED", "RETURNED", "IMPORTED", "DISCARDED"
    }  # fmt: skip
    assert set(Document.objects.values_list("kind", flat=True)) == {"INVOICE", "CREDIT"}
    assert {"", "VOIDED"} < set(Document.objects.values_list("void_status", flat=True))
    note = Document.objects.filter(kind="CREDIT").select_related("credited").first()
    assert note is not None
    assert note.credited is not None
    assert (note.credited.tenant_id, note.credited.credited_total) == (note.tenant_id, note.total)
    said = cufe.read(note.reference_cufe)
    assert said is not None
    assert said.ruc == note.tenant.ruc
    months = Document.objects.dates("issue_date", "month")
    assert len(months) >= 24
    largest = Document.objects.values("tenant").annotate(n=Count("pk")).order_by("-n")
    assert largest[0]["n"] > 5 * largest[len(largest) // 2]["n"]


@on_postgresql
@pytest.mark.django_db
def test_the_same_seed_makes_the_same_world_and_the_last_one_stays(world: World) -> None:
    of_another, first, again = world.made
    assert first == again != of_another
    top = Document.objects.aggregate(top=Max("pk"))["top"]
    tenant = Tenant.objects.order_by("pk")[0]
    fresh = Document.objects.create(
        tenant=tenant, office=tenant.offices.get(), kind="INVOICE", environment="live"
    )
    assert fresh.pk > top == len(again)
    assert Line.objects.count() > DOCUMENTS


@on_postgresql
@pytest.mark.django_db
def test_somebodys_own_companies_are_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    Tenant.objects.create(ruc="155600001-2-2015", dv="50", legal_name="Ajena, S.A.")
    assert type_here(capsys, "bench_data", "--documents", "300", "--yes").error_codes == [
        "bench_data_foreign"
    ]


@on_postgresql
@pytest.mark.django_db
def test_what_looks_like_production_needs_a_yes(settings: Any, capsys: pytest.CaptureFixture[str]) -> None:
    settings.DEBUG = True
    Staff.objects.create(username="ana", last_login="2026-11-20T12:00:00Z")
    assert type_here(capsys, "bench_data", "--documents", "300").error_codes == ["bench_data_production"]
    bench_data.require_room(300, is_sure=True)
