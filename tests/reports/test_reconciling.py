"""A month held against the practice PAC, with every kind of difference put there by hand: each is found, and nothing else."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
import time_machine

from cifras.sandbox.records import Document as PacDocument
from cifras.sandbox.server import SandboxServer
from invoicing.models import Document
from reports.models import Difference, Reconciliation
from reports.services.reconciling import comparing, deciding, running
from reports.services.reconciling.lease import Lease, LeaseLost
from tenants.models import Tenant
from tests.clockwork import both_clocks_at, work_through
from tests.factories import a_staff_member, a_tenant
from tests.reports.sales import sell, void
from tests.terminal import Ended, type_here

pytestmark = pytest.mark.django_db

NOVEMBER = date(2026, 11, 1)
REASON = "Se corrigió a mano en el portal"
NOW = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def in_november(pac: SandboxServer) -> Iterator[None]:
    with both_clocks_at(NOW, pac):
        yield


@pytest.fixture
def tenant(pac: SandboxServer) -> Tenant:
    return a_tenant()


@pytest.fixture
def sold(tenant: Tenant) -> list[Document]:
    """Six authorised invoices of four days, the last one void."""
    days = ("02", "02", "03", "03", "20", "21")
    documents = [sell(tenant, f"2026-11-{day}T10:00:00", f"{100 + 10 * n}.00") for n, day in enumerate(days)]
    work_through(rounds=2)
    void(documents[-1])
    for document in documents:
        document.refresh_from_db()
    assert {document.legal_status for document in documents} == {"DGI_AUTHORIZED"}
    return documents


def theirs(pac: SandboxServer, document: Document) -> PacDocument:
    return pac.world.authority.documents[document.document_id]


def found(tenant: Tenant, month: date = NOVEMBER, **options: Any) -> list[tuple[str, Any]]:
    """(class, our document or the amount there) of every difference of a run."""
    run = running.reconcile(tenant, month, **options)
    assert run.state == Reconciliation.State.DONE, run.error
    return [(row.difference_class, row.document_uid) for row in run.differences.all()]


def without_list(pac: SandboxServer) -> None:
    pac.world.behaviour.list_status = 404


def another(pac: SandboxServer, document: Document, **changes: Any) -> PacDocument:
    """One more document at the PAC, made after one that is there."""
    model = theirs(pac, document)
    cufe = model.cufe[:36] + "9" + model.cufe[37:]
    made = replace(model, id=f"01EXTRA{len(pac.world.authority.documents):019}", **{"cufe": cufe, **changes})
    pac.world.authority.register(made)
    return made


@pytest.mark.parametrize("has_list", [True, False])
def test_a_month_that_agrees_has_no_difference(
    tenant: Tenant, sold: list[Document], pac: SandboxServer, has_list: bool
) -> None:
    if not has_list:
        without_list(pac)
    assert found(tenant) == []
    run = Reconciliation.objects.get()
    assert (run.summary["documents"], run.summary["pac_documents"], run.summary["matched"]) == (6, 6, 6)
    assert run.summary["rows_with_amount"] == 6
    bridge = {name: Decimal(value) for name, value in run.summary["bridge"].items()}
    assert bridge["gross"] - bridge["voided"] - bridge["credits"] == bridge["net"]
    assert bridge["voided"] == sold[-1].total


def test_an_empty_month_has_no_difference(tenant: Tenant) -> None:
    assert found(tenant, date(2026, 1, 1)) == []


@pytest.mark.parametrize("has_list", [True, False])
@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"total": Decimal("300.00")}, "amount"),
        ({"total": Decimal("214.01")}, "rounding"),
        ({"total": Decimal("-214.00")}, "sign"),
        ({"legal_status": "DGI_REJECTED"}, "status"),
        ({"legal_status": "PAC_AUTHORIZED", "fate": ""}, "status"),
    ],
    ids=["amount", "rounding", "sign", "rejected there", "not yet authorised there"],
)
def test_a_document_that_differs_is_named_with_its_class(
    tenant: Tenant,
    sold: list[Document],
    pac: SandboxServer,
    change: dict[str, Any],
    expected: str,
    has_list: bool,
) -> None:
    if not has_list:
        without_list(pac)
    for name, value in change.items():
        setattr(theirs(pac, sold[0]), name, value)
    assert found(tenant) == [(expected, sold[0].uid)]


def test_amounts_that_cancel_out_in_one_group_are_both_found(
    tenant: Tenant, sold: list[Document], pac: SandboxServer
) -> None:
    theirs(pac, sold[0]).total += 50
    theirs(pac, sold[1]).total -= 50
    assert found(tenant) == [("amount", sold[0].uid), ("amount", sold[1].uid)]


@pytest.mark.parametrize("has_list", [True, False])
def test_a_document_that_only_the_pac_has_is_missing_here(
    tenant: Tenant, sold: list[Document], pac: SandboxServer, has_list: bool
) -> None:
    if not has_list:
        without_list(pac)
    another(pac, sold[2], number="0000000099", total=Decimal("77.00"))
    [(kind, uid)] = found(tenant)
    row = Difference.objects.get()
    assert (kind, uid) == ("missing_here", None)
    assert row.pac["total"] == ("77.00" if has_list else str(sold[2].total + sold[3].total + 77))
    assert "77.00" in str(row.reason_values) or has_list


@pytest.mark.parametrize("has_list", [True, False])
def test_a_document_that_the_pac_does_not_have_is_missing_there(
    tenant: Tenant, sold: list[Document], pac: SandboxServer, has_list: bool
) -> None:
    if not has_list:
        without_list(pac)
    theirs(pac, sold[1]).company_id = "nobody"
    pac.world.authority._by_company[tenant.pac_company_id or ""].remove(theirs(pac, sold[1]))
    assert found(tenant) == [("missing_at_pac", sold[1].uid)]


def test_a_second_document_under_the_same_number_is_a_duplicate(
    tenant: Tenant, sold: list[Document], pac: SandboxServer
) -> None:
    twin = replace(theirs(pac, sold[0]), id="01TWIN0000000000000000000A")
    pac.world.authority.documents[twin.id] = twin
    pac.world.authority._by_company[twin.company_id].append(twin)
    assert found(tenant) == [("duplicate", sold[0].uid)]


def test_a_document_of_another_tenant_is_told_apart(
    tenant: Tenant, sold: list[Document], pac: SandboxServer
) -> None:
    other = a_tenant()
    stray = sell(other, "2026-11-10T10:00:00")
    work_through(rounds=2)
    stray.refresh_from_db()
    document = theirs(pac, stray)
    ledger = pac.world.authority._by_company
    ledger[document.company_id].remove(document)
    document.company_id = tenant.pac_company_id or ""
    ledger[document.company_id].append(document)
    assert found(tenant) == [("other_tenant", None)]
    row = Difference.objects.get()
    assert row.ours == {}, "whose it is stays untold, and which one"
    assert str(stray.uid) not in str([row.pac, row.reason_values, row.subject])
    row = Difference.objects.get()
    assert other.trade_name not in str([row.ours, row.pac, row.reason_values])
    assert found(other) == [("missing_at_pac", stray.uid)]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"mode": "DGI_IMPORT", "submission": "IMPORTED"}, "imported"),
        ({"environment": "live"}, "environment"),
    ],
    ids=["imported", "another environment"],
)
def test_a_document_that_we_keep_elsewhere_is_told_apart(
    tenant: Tenant, sold: list[Document], changes: dict[str, Any], expected: str
) -> None:
    Document.objects.filter(pk=sold[3].pk).update(**changes)
    assert found(tenant) == [(expected, sold[3].uid)]


def test_a_void_that_nothing_proves_is_void_only_here(tenant: Tenant, sold: list[Document]) -> None:
    Document.objects.filter(pk=sold[0].pk).update(void_status="VOIDED", voided_at=NOW)
    assert found(tenant) == [("void_only_here", sold[0].uid)]


def test_a_document_that_waits_here_and_is_not_there_is_pending(tenant: Tenant, sold: list[Document]) -> None:
    waiting = sell(tenant, "2026-11-21T09:00:00")
    assert found(tenant) == [("pending", waiting.uid)]


@pytest.mark.parametrize("has_list", [True, False])
def test_evening_documents_of_a_pac_that_counts_in_utc_differ_at_the_border_alone(
    tenant: Tenant, pac: SandboxServer, has_list: bool
) -> None:
    border = sell(tenant, "2026-10-31T23:30:00")
    sell(tenant, "2026-10-31T12:00:00")
    sell(tenant, "2026-11-09T23:30:00")
    work_through(rounds=2)
    pac.world.behaviour.reports_in_utc = True
    if not has_list:
        without_list(pac)
    for month in (date(2026, 10, 1), NOVEMBER):
        assert found(tenant, month) == [("border", border.uid)]


def test_a_document_that_both_sides_refused_is_no_difference(tenant: Tenant, sold: list[Document]) -> None:
    refused = sell(tenant, "2026-11-05T10:00:00", external_id="PAC_REJECTED")
    Document.objects.filter(pk=refused.pk).update(submission="REFUSED", legal_status="PAC_REJECTED")
    assert found(tenant) == []


def test_everything_at_once_is_found_and_nothing_else(
    tenant: Tenant, sold: list[Document], pac: SandboxServer
) -> None:
    theirs(pac, sold[0]).total += 50
    theirs(pac, sold[1]).total -= 50
    theirs(pac, sold[2]).legal_status = "DGI_REJECTED"
    theirs(pac, sold[4]).total += Decimal("0.01")
    another(pac, sold[3], number="0000000099")
    assert sorted(kind for kind, _uid in found(tenant)) == [
        "amount",
        "amount",
        "missing_here",
        "rounding",
        "status",
    ]


def test_kept_figures_are_compared_without_asking(
    tenant: Tenant, sold: list[Document], pac: SandboxServer
) -> None:
    running.reconcile(tenant, NOVEMBER)
    asked = len(pac.world.journal.requests(""))
    Document.objects.filter(pk=sold[4].pk).update(total=sold[4].total + 5)
    assert found(tenant, only_cached=True) == [("amount", sold[4].uid)]
    assert len(pac.world.journal.requests("")) == asked


def test_runs_are_numbered_and_keep_what_was_accepted(
    tenant: Tenant, sold: list[Document], pac: SandboxServer
) -> None:
    theirs(pac, sold[0]).total += 50
    running.reconcile(tenant, NOVEMBER)
    Difference.objects.update(decision="accept", decision_reason="Se corrigió a mano en el portal")
    second = running.reconcile(tenant, NOVEMBER)
    assert (second.run, second.differences.get().decision) == (2, "accept")
    theirs(pac, sold[0]).total += 1
    assert running.reconcile(tenant, NOVEMBER).differences.get().decision == "open"


def test_a_worker_carries_out_what_was_asked_for_once(tenant: Tenant, sold: list[Document]) -> None:
    run = running.request_run(tenant, NOVEMBER, actor=None)
    assert running.request_run(tenant, NOVEMBER, actor=None) == run
    assert (running.run_due(), running.run_due()) == (1, 0)
    run.refresh_from_db()
    assert run.state == Reconciliation.State.DONE


def test_a_run_that_goes_on_for_long_stays_with_its_worker(tenant: Tenant, sold: list[Document]) -> None:
    run = running.request_run(tenant, NOVEMBER, actor=None)
    lease = Lease(run.pk)
    assert lease.take()
    for minutes in (25, 50, 75):
        with time_machine.travel(NOW + timedelta(minutes=minutes), tick=True):
            assert running.run_due() == 0
            lease.tell(1, 3, minutes)
    run.refresh_from_db()
    assert (run.state, run.progress) == ("running", {"done": 1, "of": 3, "rows": 75})


def test_a_worker_that_lost_its_run_erases_nothing(
    tenant: Tenant, sold: list[Document], pac: SandboxServer
) -> None:
    theirs(pac, sold[0]).total += 50
    run = running.request_run(tenant, NOVEMBER, actor=None)
    lost = Lease(run.pk)
    assert lost.take()
    with time_machine.travel(NOW + timedelta(minutes=31), tick=True):
        assert running.run_due() == 1
        [row] = run.differences.all()
        deciding.decide(row, deciding.Decision.ACCEPT, reason=REASON, actor=a_staff_member(tenant))
        for write in (partial(lost.tell, 1, 1, 6), partial(lost.end, state="failed", error="tarde")):
            with pytest.raises(LeaseLost):
                write()
    run.refresh_from_db()
    assert (run.state, run.error, run.differences.get().decision) == ("done", "", "accept")


def test_two_differences_of_one_document_are_decided_each_by_itself(
    tenant: Tenant, sold: list[Document], pac: SandboxServer
) -> None:
    document = theirs(pac, sold[0])
    document.cufe = document.cufe[:-1] + str((int(document.cufe[-1]) + 1) % 10)
    document.issued_at = document.issued_at.replace(day=9)
    assert found(tenant) == [("unexplained", sold[0].uid)] * 2
    first, second = Difference.objects.order_by("pk")
    assert first.subject != second.subject
    deciding.decide(first, deciding.Decision.ACCEPT, reason=REASON, actor=a_staff_member(tenant))
    again = running.reconcile(tenant, NOVEMBER).differences.order_by("pk")
    assert [(row.reason_key, row.decision) for row in again] == [
        (first.reason_key, "accept"),
        (second.reason_key, "open"),
    ]


@pytest.fixture
def typed(capsys: pytest.CaptureFixture[str]) -> Any:
    def command(*arguments: str) -> Ended:
        return type_here(capsys, "reconcile", *arguments)

    return command


def test_the_command_tells_each_difference_and_a_summary(
    tenant: Tenant, sold: list[Document], pac: SandboxServer, typed: Any
) -> None:
    theirs(pac, sold[0]).total += 50
    ended = typed("2026-11", "--tenant", tenant.pac_company_id)
    assert ended.code == 0, ended
    line, last = ended.lines
    assert set(line) == {"tenant", "pac_company_id", "class", "kind", "legal_status", "ours", "pac", "reason"}
    assert (line["tenant"], line["class"], line["kind"]) == (str(tenant.uid), "amount", "INVOICE")
    assert Decimal(line["pac"]["total"]) - Decimal(line["ours"]["total"]) == 50
    assert line["reason"].endswith("-50.00.")
    assert (last["summary"]["differences"], last["summary"]["by_class"]) == (1, {"amount": 1})
    assert typed("2026-11", "--environment", "live").lines[-1]["summary"]["tenants"] == []


def test_a_provider_that_fails_twice_is_asked_again(
    tenant: Tenant, sold: list[Document], pac: SandboxServer, typed: Any
) -> None:
    pac.world.faults.add("500_before", "*report*", times=2)
    assert typed("2026-11").code == 0
    pac.world.faults.add("500_before", "*report*", times=None)
    ended = typed("2026-11")
    assert (ended.code, ended.line["summary"]["complete"]) == (1, False)
    assert typed("2026-11", "--cached").code == 0


@pytest.mark.parametrize(
    ("arguments", "code"), [(("noviembre",), 2), ((), 2), (("2026-11", "--tenant", "x"), 1)]
)
def test_a_command_that_makes_no_sense_is_refused(arguments: tuple[str, ...], code: int, typed: Any) -> None:
    assert typed(*arguments).code == code


def test_adopting_the_missing_one_brings_the_books_level(
    tenant: Tenant, sold: list[Document], pac: SandboxServer
) -> None:
    lost = sold[3]
    answered = Document.objects.filter(pk=lost.pk)
    answered.update(
        submission="UNKNOWN", legal_status="", raw_legal_status="", document_id="", cufe="", accepted_at=None
    )
    run = running.reconcile(tenant, NOVEMBER)
    [row] = run.differences.all()
    assert (row.difference_class, row.document_uid) == ("pending", lost.uid)
    person = a_staff_member(tenant, permissions=("reports.reconcile", "invoicing.decide_document"))
    deciding.decide(row, deciding.Decision.ADOPT, reason="Es nuestra: consta en el PAC", actor=person)
    lost.refresh_from_db()
    assert (lost.submission, lost.legal_status) == ("ACCEPTED", "DGI_AUTHORIZED")
    assert found(tenant) == []


def test_in_a_large_month_equal_groups_are_sampled_and_what_is_open_is_asked_for(
    tenant: Tenant, sold: list[Document], pac: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparing, "WHOLE", 2)
    theirs(pac, sold[0]).total += 50
    theirs(pac, sold[1]).total -= 50
    first = running.reconcile(tenant, NOVEMBER)
    assert first.by_class == {"amount": 2}
    assert (first.summary["groups_differing"], first.summary["rows"]) == (0, 0)
    assert first.summary["rows_sampled"] == 6
    monkeypatch.setattr(comparing, "SAMPLE", 2)
    drawn = {str(found(tenant)) for _run in range(3)}
    assert len(drawn) == 1
    monkeypatch.setattr(comparing, "SAMPLE", 0)
    assert found(tenant) == []
    Document.objects.filter(pk=sold[2].pk).update(legal_status="PAC_AUTHORIZED")
    theirs(pac, sold[2]).legal_status, theirs(pac, sold[2]).fate = "PAC_AUTHORIZED", ""
    assert running.reconcile(tenant, NOVEMBER).summary["rows_sampled"] == 1


def test_in_a_large_month_what_waits_here_is_pending_and_its_day_agrees(
    tenant: Tenant, sold: list[Document], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparing, "WHOLE", 2)
    waiting = sell(tenant, "2026-11-20T11:00:00")
    for options in ({}, {"only_cached": True}):
        assert found(tenant, **options) == [("pending", waiting.uid)]
    summary = Reconciliation.objects.latest("run").summary
    assert (summary["groups_differing"], summary["rows"], summary["documents"]) == (0, 0, 7)


def test_in_a_large_month_what_waits_here_and_is_there_draws_its_day(
    tenant: Tenant, sold: list[Document], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparing, "WHOLE", 2)
    Document.objects.filter(pk=sold[4].pk).update(submission="UNKNOWN", legal_status="", document_id="")
    assert found(tenant) == [("pending", sold[4].uid)]
    run = Reconciliation.objects.get()
    assert (run.summary["groups_differing"], run.summary["rows"]) == (1, 2)
    assert run.differences.get().reason_key == "news_on_its_way"


def test_amounts_of_two_currencies_are_never_added(tenant: Tenant, sold: list[Document]) -> None:
    Document.objects.filter(pk=sold[4].pk).update(currency="PEN")
    run = running.reconcile(tenant, NOVEMBER)
    assert run.by_class == {}
    assert (run.summary["total"], run.summary["pac_total"], run.summary["bridge"]) == (None, None, {})
    gross = {currency: Decimal(bridge["gross"]) for currency, bridge in run.summary["currencies"].items()}
    whole = sum((each.total for each in sold), Decimal(0))
    assert gross == {"PAB": whole - sold[4].total, "PEN": sold[4].total}
    assert run.progress["of"] == run.progress["done"] == 1


def test_in_a_large_month_documents_of_several_currencies_are_compared_one_by_one(
    tenant: Tenant, sold: list[Document], pac: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparing, "WHOLE", 2)
    Document.objects.filter(pk=sold[0].pk).update(currency="EUR")
    theirs(pac, sold[0]).total += 50
    theirs(pac, sold[1]).total -= 50
    assert found(tenant) == [("amount", sold[0].uid), ("amount", sold[1].uid)]
    assert Reconciliation.objects.get().summary["by_count_alone"] == 0
    assert found(tenant, only_cached=True) == []
    assert Reconciliation.objects.get(run=2).summary["by_count_alone"] == 2, "and the page says so"
