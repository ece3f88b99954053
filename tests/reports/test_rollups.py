"""The monthly roll-up equals the documents after any history, and says so when it does not."""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db.models import Sum
from django.utils import timezone

from cifras.sandbox.server import SandboxServer
from invoicing.models import Document, TimelineEvent
from invoicing.services import timeline
from invoicing.services.withdrawing import redate_document
from reports.models import DirtyMonth, MonthlyFigure, MonthlyRate
from reports.services import rollups
from reports.services.rollups import deviations
from tenants.models import Tenant
from tests.clockwork import both_clocks_at, work_through
from tests.factories import a_tenant
from tests.reports.sales import at, random_documents, sell, void
from tests.terminal import type_here

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def in_november(pac: SandboxServer) -> Iterator[None]:
    with both_clocks_at(NOW, pac):
        yield


def counts(tenant: Tenant) -> dict[tuple[date, str, bool], int]:
    rows = MonthlyFigure.objects.filter(tenant=tenant)
    return {(row.month, row.legal_status, row.is_voided): row.count for row in rows}


def test_what_happens_to_documents_is_rolled_up(pac: SandboxServer) -> None:
    tenant = a_tenant()
    sell(tenant, "2026-10-31T23:30:00")
    late = sell(tenant, "2026-11-20T23:30:00")
    assert rollups.roll_up_due() == 2
    october, november = date(2026, 10, 1), date(2026, 11, 1)
    assert counts(tenant) == {(october, "", False): 1, (november, "", False): 1}
    work_through(rounds=2)
    void(late)
    rollups.roll_up_due()
    assert counts(tenant) == {(october, "DGI_AUTHORIZED", False): 1, (november, "DGI_AUTHORIZED", True): 1}
    assert list(deviations(tenant)) == []
    rate = MonthlyRate.objects.get(tenant=tenant, month=november)
    assert (rate.tax_rate, rate.count, rate.base, rate.tax) == ("7", 1, Decimal("300.00"), Decimal("21.00"))


def test_after_any_history_the_roll_up_equals_the_documents(pac: SandboxServer) -> None:
    chance = random.Random(11)
    tenants = [a_tenant(), a_tenant()]
    documents = [each for tenant in tenants for each in random_documents(tenant, chance, 40)]
    rollups.rebuild(tenants)
    for _step in range(25):
        for document in chance.sample(documents, 3):
            _change(document, chance)
        if chance.random() < 0.4:
            rollups.roll_up_due()
    rollups.roll_up_due()
    for tenant in tenants:
        assert list(deviations(tenant)) == []
        rows = MonthlyFigure.objects.filter(tenant=tenant)
        assert sum(row.net + row.tax for row in rows) == sum(row.total for row in rows)
    assert not DirtyMonth.objects.exists()


def _change(document: Document, chance: random.Random) -> None:
    """One thing that may happen to a document, with the line that its service leaves in the timeline."""
    code, values = chance.choice(
        [
            ("legal_status", {"submission": "ACCEPTED", "legal_status": "DGI_AUTHORIZED", "mode": "DGI"}),
            ("legal_status", {"submission": "ACCEPTED", "legal_status": "DGI_REJECTED", "mode": "DGI"}),
            ("redated", {"issue_date": at("2026-10-01T12:00:00") + timedelta(days=chance.randrange(60))}),
            ("withdrawn", {"submission": "DRAFT", "legal_status": "", "mode": "DGI"}),
            ("edited", {"net": Decimal(50), "itbms": Decimal(5), "isc": Decimal(0), "total": Decimal(55)}),
        ]
    )
    Document.objects.filter(pk=document.pk).update(
        **{"void_status": "", "is_received": False, **values},
    )
    timeline.note(document, code)


def test_a_document_that_moves_to_another_month_leaves_the_old_one(pac: SandboxServer) -> None:
    tenant = a_tenant()
    document = sell(tenant, "2026-10-31T10:00:00")
    rollups.roll_up_due()
    redate_document(document.uid, issue_date=at("2026-11-02T10:00:00"), actor=None)
    rollups.roll_up_due()
    assert counts(tenant) == {(date(2026, 11, 1), "", False): 1}


def test_an_event_that_was_committed_late_is_not_overlooked(pac: SandboxServer) -> None:
    """Ids are given before the commit: a higher one may be seen first."""
    tenant = a_tenant()
    document = sell(tenant, "2026-11-02T10:00:00")
    rollups.roll_up_due()
    newest = TimelineEvent.objects.order_by("-pk").first()
    assert newest is not None
    Document.objects.filter(pk=document.pk).update(total=Decimal("1.00"))
    late = timeline.happening(document, "edited")
    late.pk = newest.pk + 1
    overtaking = timeline.happening(document, "asked")
    overtaking.pk = newest.pk + 2
    overtaking.save()
    MonthlyFigure.objects.all().delete()
    rollups.roll_up_due()
    late.save()
    Document.objects.filter(pk=document.pk).update(total=Decimal("2.00"))
    rollups.roll_up_due()
    assert MonthlyFigure.objects.get().total == Decimal("2.00")


def test_old_events_are_read_once(pac: SandboxServer) -> None:
    tenant = a_tenant()
    sell(tenant, "2026-11-02T10:00:00")
    rollups.roll_up_due()
    with time_machine.travel(NOW + timedelta(minutes=10), tick=True):
        rollups.roll_up_due()
        assert rollups.roll_up_due() == 0
        [known] = rollups.with_age(Tenant.objects.filter(pk=tenant.pk))
        assert timezone.now() - known.rolled_up_at < timedelta(minutes=1)  # type: ignore[attr-defined]


def test_imported_sales_stand_apart_and_received_documents_nowhere(pac: SandboxServer) -> None:
    tenant = a_tenant()
    documents = random_documents(tenant, random.Random(2), 60)
    rollups.rebuild([tenant])
    imported = [each for each in documents if each.mode == "DGI_IMPORT" and not each.is_received]
    assert imported
    assert any(each.is_received for each in documents)
    rows = MonthlyFigure.objects.filter(tenant=tenant)
    by_origin = dict(rows.order_by().values_list("origin").annotate(Sum("count")))
    counted = [
        each for each in documents if each.mode == "DGI" and each.submission not in ("DRAFT", "DISCARDED")
    ]
    assert by_origin == {"imported": len(imported), "issued": len(counted)}


def test_the_commands_rebuild_and_check(pac: SandboxServer, capsys: pytest.CaptureFixture[str]) -> None:
    tenant = a_tenant()
    random_documents(tenant, random.Random(4), 20)

    def typed(*arguments: str) -> Any:
        return type_here(capsys, *arguments)

    assert typed("check_figures").code == 1
    assert typed("rebuild_figures", "--tenant", str(tenant.uid)).line == {"months": 2}
    assert (typed("check_figures").code, typed("check_figures").lines) == (0, [])
    row = MonthlyFigure.objects.filter(tenant=tenant).first()
    assert row is not None
    MonthlyFigure.objects.filter(pk=row.pk).update(total=row.total + 1)
    wrong = typed("check_figures", "--tenant", tenant.pac_company_id)
    assert wrong.code == 1
    assert wrong.line["kind"] == row.kind
    assert wrong.line["facts"][0] == row.count
    assert typed("check_figures", "--tenant", "nobody").code == 1
