"""Closing a month: what has to hold, what is frozen, and that it stays as it was whatever happens afterwards."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine

from cifras.core import proposals
from cifras.core.append_only import AppendOnlyViolation
from cifras.core.models import AuditEntry
from cifras.fiscal.errors import RuleBroken
from cifras.sandbox.server import SandboxServer
from invoicing.models import Document
from reports.models import (
    Adjustment,
    ClosedDocument,
    Difference,
    FrozenFigure,
    FrozenRate,
    MonthClosing,
    MonthlyFigure,
    MonthlyRate,
)
from reports.services import rollups
from reports.services.closing import acts, adjusting, gates, usage
from reports.services.closing.reopening import require_reopenable
from reports.services.reconciling import deciding, running
from tenants.models import Tenant
from tests.clockwork import work_through
from tests.factories import a_tenant
from tests.reports.closings import (
    CLOSED_AT,
    NOVEMBER,
    OCTOBER,
    REASON,
    SOLD_AT,
    approve,
    close,
    news,
    sold_in_october,
    two_persons,
)
from tests.reports.sales import sell, void

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite]

DECEMBER = date(2026, 12, 1)


@pytest.fixture(autouse=True)
def on_the_day_of_closing(pac: SandboxServer) -> Iterator[None]:
    with time_machine.travel(CLOSED_AT, tick=True):
        yield


@pytest.fixture
def tenant(pac: SandboxServer) -> Tenant:
    return a_tenant()


@pytest.fixture
def sold(tenant: Tenant) -> list[Document]:
    return sold_in_october(tenant)


def changed(document: Document, **values: object) -> None:
    """What the provider's news does to a document, and its mark in the roll-up."""
    Document.objects.filter(pk=document.pk).update(**values)
    rollups.mark_dirty([(document.tenant_id, OCTOBER)])


def frozen(closing: MonthClosing) -> object:
    """Everything that was frozen."""
    return [
        list(model.objects.filter(closing=closing).order_by("pk").values())
        for model in (FrozenFigure, FrozenRate, ClosedDocument)
    ]


def missing(tenant: Tenant, month: date = OCTOBER) -> set[str]:
    """The gates that do not hold."""
    return {str(gate.name) for gate in gates.look(tenant, month).gates if not gate.is_passed}


def refusal(tenant: Tenant, overridden: tuple[str, ...] = ()) -> set[str]:
    """The codes with which a proposal is refused."""
    person, _other = two_persons(tenant)
    with pytest.raises(RuleBroken) as refused:
        acts.propose_closing(tenant, OCTOBER, overridden=overridden, reason=REASON, actor=person)
    assert not MonthClosing.objects.exists()
    return {each.code for each in refused.value.reasons}


def test_a_month_is_frozen_as_it_was_rolled_up_and_cannot_be_written_to(
    tenant: Tenant, sold: list[Document]
) -> None:
    closing = close(tenant)
    assert closing.is_closed
    assert set(ClosedDocument.objects.values_list("document_uid", flat=True)) == {each.uid for each in sold}
    for kept, live in ((FrozenFigure, MonthlyFigure), (FrozenRate, MonthlyRate)):
        names = sorted({f.name for f in kept._meta.fields} & {f.name for f in live._meta.fields} - {"id"})
        rows = live.objects.filter(month=OCTOBER).values_list(*names)
        assert sorted(kept.objects.values_list(*names)) == sorted(rows)
        assert rows
        with pytest.raises(AppendOnlyViolation):
            kept.objects.update(count=1)
    assert AuditEntry.objects.filter(action="month.closed", object_uid=closing.uid).exists()
    assert usage.closed(tenant, OCTOBER) == closing
    assert refusal_of_closed(tenant) == "month_closed"


def refusal_of_closed(tenant: Tenant) -> str:
    person, _other = two_persons(tenant)
    return refused(acts.propose_closing, tenant, OCTOBER, reason=REASON, actor=person)


def refused(act: Callable[..., object], *arguments: object, **named: object) -> str:
    """The code with which an act is refused."""
    with pytest.raises(RuleBroken) as broken:
        act(*arguments, **named)
    return broken.value.code


def test_each_gate_is_named_with_what_is_behind_it(tenant: Tenant, sold: list[Document]) -> None:
    assert missing(tenant) == {"run", "fresh"}
    running.reconcile(tenant, OCTOBER)
    assert missing(tenant) == set()
    first, second, third = sold
    changed(first, submission="UNKNOWN", legal_status="", flag="CONFLICT", void_deadline=None)
    changed(second, legal_status="PAC_AUTHORIZED")
    changed(third, void_status="UNKNOWN")
    standing = gates.look(tenant, OCTOBER)
    counts = {str(gate.name): gate.by_kind for gate in standing.gates if gate.by_kind}
    one = {"INVOICE": 1}
    assert counts == {
        "unconfirmed": one,
        "conflicting": one,
        "without_last_word": one,
        "void_in_course": one,
    }
    assert refusal(tenant) == {
        "gate_unconfirmed",
        "gate_conflicting",
        "gate_without_last_word",
        "gate_void_in_course",
        "gate_fresh",
    }


def test_a_month_that_goes_on_is_not_closed(tenant: Tenant) -> None:
    sell(tenant, "2026-11-20T10:00:00")
    work_through(rounds=2)
    running.reconcile(tenant, NOVEMBER)
    assert missing(tenant, NOVEMBER) == {"month_over", "deadline", "run"}


def test_a_void_window_that_is_open_is_passed_with_a_reason_alone(
    tenant: Tenant, sold: list[Document]
) -> None:
    changed(sold[0], void_deadline=CLOSED_AT + timedelta(days=2))
    running.reconcile(tenant, OCTOBER)
    assert refusal(tenant) == {"gate_deadline"}
    closing = close(tenant, overridden=("deadline",))
    assert closing.overridden == ["deadline"]


def test_kept_figures_of_the_pac_alone_are_no_reconciliation(tenant: Tenant, sold: list[Document]) -> None:
    running.reconcile(tenant, OCTOBER)
    running.reconcile(tenant, OCTOBER, only_cached=True)
    assert missing(tenant) == {"run"}


def test_every_difference_is_decided_first_a_rounding_too(
    tenant: Tenant, sold: list[Document], pac: SandboxServer
) -> None:
    there = pac.world.authority.documents
    there[sold[0].document_id].total += Decimal("0.01")
    there[sold[1].document_id].total += 50
    decider, closer = two_persons(tenant)
    run = running.reconcile(tenant, OCTOBER)
    assert run.by_class == {"rounding": 1, "amount": 1}
    assert refusal(tenant) == {"gate_differences"}
    rounding, amount = Difference.objects.order_by("-difference_class")
    deciding.decide(rounding, deciding.Decision.ACCEPT, reason=REASON, actor=decider)
    deciding.decide(amount, deciding.Decision.REFETCH, reason="", actor=decider)
    assert missing(tenant) == {"differences"}
    deciding.decide(amount, deciding.Decision.DISPUTE, reason=REASON, actor=decider)
    assert refusal(tenant) == {"gate_disputes"}
    wanted = {"overridden": ["disputes"], "reason": REASON}
    with pytest.raises(RuleBroken) as refused:
        acts.propose_closing(tenant, OCTOBER, **wanted, actor=decider)
    assert refused.value.code == "closer_decided"
    closing = acts.propose_closing(tenant, OCTOBER, **wanted, actor=closer)
    with pytest.raises(RuleBroken) as refused:
        approve(closing, decider)
    assert refused.value.code == "closer_decided"
    with pytest.raises(RuleBroken) as refused:
        approve(closing, closer)
    assert refused.value.code == "same_person"
    approve(closing, two_persons(tenant)[0])
    assert closing.is_closed


def test_nobody_who_ever_decided_a_difference_of_the_month_closes_it(
    tenant: Tenant, sold: list[Document], pac: SandboxServer
) -> None:
    there = pac.world.authority.documents[sold[0].document_id]
    there.total += 50
    (early, late), (proposer, closer) = two_persons(tenant), two_persons(tenant)
    first = running.reconcile(tenant, OCTOBER).differences.get()
    deciding.decide(first, deciding.Decision.ACCEPT, reason=REASON, actor=early)
    deciding.decide(first, deciding.Decision.ACCEPT, reason=REASON, actor=late)  # the same one, once more
    told = AuditEntry.objects.filter(action="difference.decided").latest("pk")
    assert (told.before, told.actor_name) == ({"decision": "accept"}, late.username)
    there.total += 1  # so that nothing of it is carried over
    second = running.reconcile(tenant, OCTOBER).differences.get()
    third = two_persons(tenant)[0]
    deciding.decide(second, deciding.Decision.ACCEPT, reason=REASON, actor=third)
    for decider in (early, late, third):
        assert (
            refused(acts.propose_closing, tenant, OCTOBER, reason=REASON, actor=decider) == "closer_decided"
        )
    closing = acts.propose_closing(tenant, OCTOBER, reason=REASON, actor=proposer)
    for decider in (early, late, third):
        assert refused(approve, closing, decider) == "closer_decided"
    deciding.decide(second, deciding.Decision.ACCEPT, reason=REASON, actor=proposer)
    assert refused(approve, closing, closer) == "proposer_decided"
    assert (MonthClosing.objects.get().state, FrozenFigure.objects.count()) == ("proposed", 0)


def test_what_was_decided_of_a_closed_month_stays(
    tenant: Tenant, sold: list[Document], pac: SandboxServer
) -> None:
    pac.world.authority.documents[sold[0].document_id].total += 50
    row = running.reconcile(tenant, OCTOBER).differences.get()
    decider, other = two_persons(tenant)
    deciding.decide(row, deciding.Decision.ACCEPT, reason=REASON, actor=decider)
    assert close(tenant).is_closed
    newest = Difference.objects.order_by("-pk")[0]
    assert newest.decision == "accept"
    assert (
        refused(deciding.decide, newest, deciding.Decision.DISPUTE, reason=REASON, actor=other)
        == "month_closed"
    )
    newest.refresh_from_db()
    assert (newest.decision, newest.decided_by) == ("accept", decider)


def test_the_second_person_sees_what_is_authorised_each_sum_by_itself(
    tenant: Tenant, sold: list[Document]
) -> None:
    with time_machine.travel(SOLD_AT + timedelta(minutes=30), tick=True):
        void(sold[0])
    changed(sold[1], currency="USD")
    changed(sold[2], mode="DGI_IMPORT", submission="IMPORTED")
    proposer, decider = two_persons(tenant)
    for row in running.reconcile(tenant, OCTOBER).differences.all():
        deciding.decide(row, deciding.Decision.ACCEPT, reason=REASON, actor=decider)
    closing = acts.propose_closing(tenant, OCTOBER, reason=REASON, actor=proposer)
    proposal = proposals.open_proposal(closing.uid)
    assert proposal is not None
    assert proposal.content["authorized"] == [
        {"currency": "PAB", "kind": "INVOICE", "voided": is_void, "documents": count, "total": str(total)}
        for is_void, count, total in ((False, 1, sold[1].total), (True, 1, sold[0].total))
    ]


def test_a_month_that_is_level_is_frozen_as_it_was_rolled_up(tenant: Tenant, sold: list[Document]) -> None:
    rollups.roll_up_due()
    rolled_up = set(MonthlyRate.objects.values_list("pk", flat=True))
    assert close(tenant).is_closed
    assert set(MonthlyRate.objects.values_list("pk", flat=True)) == rolled_up, (
        "made anew while somebody waits"
    )
    assert FrozenRate.objects.count() == len(rolled_up) > 0


def test_a_roll_up_that_lags_behind_is_made_anew_before_the_month_is_frozen(
    tenant: Tenant, sold: list[Document]
) -> None:
    rollups.roll_up_due()
    MonthlyRate.objects.update(base=1)
    rollups.mark_dirty([(tenant.pk, OCTOBER)])
    assert close(tenant).is_closed
    net = sum(each.net for each in sold)
    assert sum(FrozenRate.objects.values_list("base", flat=True)) == net


def test_what_changes_after_the_proposal_breaks_the_closing_off(tenant: Tenant, sold: list[Document]) -> None:
    first, second = two_persons(tenant)
    running.reconcile(tenant, OCTOBER)
    closing = acts.propose_closing(tenant, OCTOBER, reason=REASON, actor=first)
    changed(sold[0], void_status="VOIDED", voided_at=CLOSED_AT, void_answer={"id": "evento"})
    with pytest.raises(RuleBroken) as refused:
        approve(closing, second)
    assert refused.value.code == "gate_fresh"
    closing.refresh_from_db()
    assert (closing.state, FrozenFigure.objects.count()) == ("proposed", 0)
    proposal = proposals.open_proposal(closing.uid)
    assert proposal is not None
    proposals.refuse(proposal, actor=second, note="Cambió una factura: se concilia otra vez")
    closing.refresh_from_db()
    assert closing.state == "put_aside"
    assert close(tenant).number == 2


def test_later_changes_are_adjustments_and_leave_what_is_frozen(
    tenant: Tenant, sold: list[Document], pac: SandboxServer
) -> None:
    late = sold[2]
    changed(late, legal_status="DGI_REJECTED")
    pac.world.authority.documents[late.document_id].legal_status = "DGI_REJECTED"
    closing = close(tenant)
    before = frozen(closing)
    changed(sold[0], void_status="VOIDED", voided_at=CLOSED_AT)
    changed(late, legal_status="DGI_AUTHORIZED")
    adopted = sell(tenant, "2026-10-31T10:00:00")
    work_through(rounds=2)
    adopted.refresh_from_db()
    assert news() == 3
    rows = {row.document_uid: row for row in Adjustment.objects.all()}
    causes = {uid: str(row.cause) for uid, row in rows.items()}
    assert causes == {sold[0].uid: "voided", late.uid: "late_authorization", adopted.uid: "added"}
    assert {(row.origin_month, row.booked_month) for row in rows.values()} == {(OCTOBER, NOVEMBER)}
    assert (rows[adopted.uid].total_before, rows[adopted.uid].total_after) == (0, adopted.total)
    rollups.mark_dirty([(tenant.pk, OCTOBER)])
    assert news() == 0
    Document.objects.filter(pk=sold[1].pk).update(total=1)
    rollups.mark_dirty([(tenant.pk, OCTOBER)])
    assert news() == 1
    changed(sold[1], total=sold[1].total)
    assert news() == 1
    assert [row.cause for row in Adjustment.objects.filter(document_uid=sold[1].uid)] == ["amount", "amount"]
    assert frozen(closing) == before


def test_an_adjustment_goes_to_the_first_open_month_and_is_taken_along_when_that_is_closed(
    tenant: Tenant, sold: list[Document]
) -> None:
    october = close(tenant)
    sell(tenant, "2026-11-20T10:00:00")
    work_through(rounds=2)
    with time_machine.travel(datetime(2026, 12, 20, 20, tzinfo=UTC), tick=True):
        changed(sold[0], void_status="VOIDED", voided_at=CLOSED_AT)
        november = close(tenant, NOVEMBER)
        [row] = Adjustment.objects.all()
        assert row.booked_month == NOVEMBER
        with pytest.raises(RuleBroken, match="Los ajustes de este mes"):
            require_reopenable(october)
        changed(sold[1], void_status="VOIDED", voided_at=CLOSED_AT)
        assert news() == 1
        assert adjusting.earliest_open(october) == DECEMBER
        assert list(usage.adjustments_of(tenant, NOVEMBER)) == [row]
        assert usage.adjustments_of(tenant, DECEMBER).count() == 1
        require_reopenable(november)


def test_reopening_takes_two_leaves_the_closing_and_freezes_anew(
    tenant: Tenant, sold: list[Document]
) -> None:
    first = close(tenant)
    before = frozen(first)
    changed(sold[0], void_status="VOIDED", voided_at=CLOSED_AT, void_answer={"id": "evento"})
    assert news() == 1
    one, another = two_persons(tenant)
    acts.propose_reopening(first, reason=REASON, actor=one)
    with pytest.raises(RuleBroken) as refused:
        approve(first, one)
    assert refused.value.code == "same_person"
    approve(first, another)
    assert (first.state, first.reopened_by, first.reopening_reason) == ("reopened", another, REASON)
    assert usage.closed(tenant, OCTOBER) is None
    assert not usage.adjustments_of(tenant, NOVEMBER).exists()
    second = close(tenant)
    assert second.number == 2
    assert ClosedDocument.objects.filter(closing=second, is_voided=True).count() == 1
    assert news() == 0
    assert frozen(first) == before


def test_usage_counts_what_was_issued_once_and_its_loss_by_its_month(
    tenant: Tenant, sold: list[Document], pac: SandboxServer
) -> None:
    voided, kept, late = sold
    changed(late, legal_status="DGI_REJECTED")
    pac.world.authority.documents[late.document_id].legal_status = "DGI_REJECTED"
    with pytest.raises(RuleBroken) as refused:
        usage.billable_events(tenant, OCTOBER)
    assert refused.value.code == "month_open"
    close(tenant)
    assert usage.billable_events(tenant, OCTOBER) == []  # practice is never billed
    for model in (Tenant, Document, MonthClosing):
        model.objects.update(environment="live")
    tenant.refresh_from_db()
    changed(voided, void_status="VOIDED", voided_at=CLOSED_AT)
    changed(late, legal_status="DGI_AUTHORIZED", void_status="VOIDED", voided_at=CLOSED_AT)
    assert news() == 2
    issued = usage.BillableEvent("issued", usage.Kind.INVOICE, OCTOBER, 2)
    assert usage.billable_events(tenant, OCTOBER) == [issued]
    # November has no document of its own, so nothing of the practice PAC is needed to close it.
    MonthClosing.objects.create(
        tenant=tenant, month=NOVEMBER, environment="live", number=1, state="closed", closed_at=CLOSED_AT
    )
    assert {
        (each.event, each.origin_month, each.count, each.cause)
        for each in usage.billable_events(tenant, NOVEMBER)
    } == {
        ("issued", OCTOBER, 1, "voided"),
        ("voided", OCTOBER, 2, "voided"),
    }
    found = usage.billable_documents(tenant, NOVEMBER, "voided", usage.Kind.INVOICE, OCTOBER)
    assert set(found) == {voided, late}
    own = usage.billable_documents(tenant, OCTOBER, "issued", usage.Kind.INVOICE, OCTOBER)
    assert set(own) == {voided, kept}
