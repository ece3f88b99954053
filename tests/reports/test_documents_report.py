"""The documents report from the command line: both sides, one line per group, and what is missing said."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from cifras.sandbox.server import SandboxServer
from tenants.models import Tenant
from tests.clockwork import both_clocks_at, work_through
from tests.factories import a_tenant
from tests.peru import a_company, issued_there
from tests.reports.sales import sell, void
from tests.terminal import Ended, type_here

pytestmark = pytest.mark.django_db

NOVEMBER = ("--from", "2026-11-01", "--to", "2026-11-30")
NOW = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def in_november(pac: SandboxServer) -> Iterator[None]:
    with both_clocks_at(NOW, pac):
        yield


@pytest.fixture
def tenant(pac: SandboxServer) -> Tenant:
    """Two invoices of October and November on either side of midnight, one of them void, and one more."""
    tenant = a_tenant()
    sell(tenant, "2026-10-31T23:30:00")
    late = sell(tenant, "2026-11-20T23:30:00", "100.00")
    sell(tenant, "2026-11-21T09:00:00")
    work_through(rounds=2)
    void(late)
    return tenant


@pytest.fixture
def report(capsys: pytest.CaptureFixture[str]) -> Any:
    def typed(*arguments: str) -> Ended:
        return type_here(capsys, "documents_report", *arguments)

    return typed


def told(ended: Ended, *names: str) -> list[tuple[Any, ...]]:
    return [tuple(line.get(name) for name in names) for line in ended.lines]


def test_both_sides_of_a_month_are_told_by_kind_and_status(tenant: Tenant, report: Any) -> None:
    ended = report("--tenant", tenant.pac_company_id, *NOVEMBER)
    assert ended.code == 0, ended
    same = {
        "tenant": str(tenant.uid),
        "pac_company_id": tenant.pac_company_id,
        "environment": "sandbox",
        "kind": "INVOICE",
        "legal_status": "DGI_AUTHORIZED",
        "count": 2,
        "total": "535.00",
    }
    assert ended.lines == [{**same, "source": "local"}, {**same, "source": "pac"}]


def test_half_past_eleven_of_the_last_evening_belongs_to_the_old_month(
    tenant: Tenant, report: Any, pac: SandboxServer
) -> None:
    october = ("--tenant", str(tenant.uid), "--from", "2026-10-01", "--to", "2026-10-31")
    assert told(report(*october), "count", "source") == [(1, "local"), (1, "pac")]
    pac.world.behaviour.reports_in_utc = True
    assert told(report(*october), "count", "source") == [(1, "local")]


def test_a_range_of_two_hundred_days_is_asked_in_parts_and_added_up(tenant: Tenant, report: Any) -> None:
    ended = report("--tenant", tenant.pac_company_id, "--from", "2026-05-05", "--to", "2026-11-21")
    assert told(ended, "count", "total", "source") == [(3, "856.00", "local"), (3, "856.00", "pac")]


def test_days_are_told_apart_on_both_sides(tenant: Tenant, report: Any) -> None:
    ended = report("--tenant", tenant.pac_company_id, *NOVEMBER, "--group-by", "day")
    days = [("2026-11-20", 1), ("2026-11-21", 1)]
    assert told(ended, "day", "count") == [*days, *days]


@pytest.mark.parametrize("group_by", ["kind", "status", "day", "month", "office", "receiver"])
def test_every_grouping_adds_up_to_the_same(tenant: Tenant, report: Any, group_by: str) -> None:
    ended = report("--tenant", tenant.pac_company_id, *NOVEMBER, "--group-by", group_by)
    assert ended.code == 0
    for source in ("local", "pac"):
        lines = [line for line in ended.lines if line["source"] == source]
        assert sum(line["count"] for line in lines) == 2
        assert sum(float(line["total"]) for line in lines) == 535.0


def test_all_companies_are_asked_at_once_and_named(tenant: Tenant, report: Any) -> None:
    other = a_tenant()
    sell(other, "2026-11-10T10:00:00")
    work_through(rounds=2)
    ended = report("--all-companies", *NOVEMBER)
    found = set(told(ended, "tenant", "kind", "count", "source"))
    assert found == {
        (str(tenant.uid), "INVOICE", 2, "local"),
        (str(other.uid), "INVOICE", 1, "local"),
        (str(tenant.uid), None, 2, "pac"),
        (str(other.uid), None, 1, "pac"),
    }
    by_kind = report("--all-companies", *NOVEMBER, "--doc-type", "invoice", "--source", "pac")
    assert sorted(told(by_kind, "kind", "count")) == [("INVOICE", 1), ("INVOICE", 2)]


def test_a_company_with_an_account_of_its_own_is_asked_beside_the_account_of_all(
    tenant: Tenant, report: Any, pac: SandboxServer
) -> None:
    shop = a_company(pac, "tandia")
    issued_there(pac, shop, 1, issued_at=datetime(2026, 11, 10, 15, tzinfo=UTC))
    ended = report("--all-companies", *NOVEMBER, "--source", "pac")
    assert set(told(ended, "tenant", "kind", "count")) == {
        (str(tenant.uid), None, 2),
        (str(shop.uid), "INVOICE", 1),
    }


def test_a_company_that_only_the_provider_knows_is_told_too(
    tenant: Tenant, report: Any, pac: SandboxServer
) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(pac_company_id="another-one")
    tenant_line = report("--all-companies", *NOVEMBER, "--source", "pac").line
    assert tenant_line["tenant"] is None
    assert tenant_line["pac_company_id"] == tenant.pac_company_id


def test_an_empty_month_says_nothing_and_is_no_failure(tenant: Tenant, report: Any) -> None:
    ended = report("--tenant", tenant.pac_company_id, "--from", "2026-01-01", "--to", "2026-01-31")
    assert (ended.code, ended.lines) == (0, [])


def test_a_provider_that_fails_twice_leaves_an_error_line_beside_our_figures(
    tenant: Tenant, report: Any, pac: SandboxServer
) -> None:
    pac.world.faults.add("500_before", "*report*", times=2)
    ended = report("--tenant", tenant.pac_company_id, *NOVEMBER)
    assert ended.code == 1
    assert [line["source"] for line in ended.lines] == ["local", "pac"]
    assert [error["code"] for error in ended.lines[1]["errors"]] == ["unsettled"]
    assert "Traceback" not in ended.err


def test_what_was_kept_is_told_without_asking_again(tenant: Tenant, report: Any, pac: SandboxServer) -> None:
    asked = ("--tenant", tenant.pac_company_id, *NOVEMBER, "--source", "pac")
    assert report(*asked, "--cached").code == 1
    first = report(*asked).lines
    pac.world.behaviour.reports_in_utc = True
    assert report(*asked, "--cached").lines == first


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--tenant", "nobody", *NOVEMBER), 1),
        (("--all-companies", "--from", "2026-11-30", "--to", "2026-11-01"), 2),
        (("--all-companies", "--from", "2010-01-01", "--to", "2026-11-01"), 1),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(
    arguments: tuple[str, ...], code: int, report: Any
) -> None:
    assert report(*arguments).code == code
