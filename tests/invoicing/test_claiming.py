"""Whose turn it is: deadlines first, then fairly between tenants, and never more at once than the provider takes."""

from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from cifras.fiscal.lifecycle import Submission
from cifras.sandbox.server import SandboxServer
from invoicing import services
from invoicing.models import Attempt, Document, LaneGrant, ProviderHealth
from invoicing.services import leases, submitting, watching
from invoicing.services.claiming import Turns, claim
from invoicing.services.lanes import Use, lanes
from tenants.models import Tenant
from tests.at_once import at_once
from tests.clockwork import make_everything_due, work_through
from tests.factories import a_tenant, invoice_json

pytestmark = pytest.mark.django_db

ACCOUNT = ("alanube", "sandbox")
CREATE = "create_invoice"


def queued(tenant: Tenant, count: int) -> list[Document]:
    return [services.create_invoice(invoice_json(tenant), actor=None) for _ in range(count)]


def claimed(turns: Turns, most: int) -> list[str]:
    return [row.tenant.ruc for row in claim(ACCOUNT, turns, most=most, under_way=0)]


def test_one_document_does_not_wait_behind_another_tenants_many(pac: SandboxServer) -> None:
    flooder, other = a_tenant(), a_tenant()
    queued(flooder, 9)
    queued(other, 1)
    assert Counter(claimed(Turns(), 4)) == {flooder.ruc: 3, other.ruc: 1}


def test_tenants_take_turns_however_few_are_claimed_at_a_time(pac: SandboxServer) -> None:
    tenants = [a_tenant() for _ in range(3)]
    for tenant in tenants:
        queued(tenant, 3)
    turns = Turns()
    for _ in range(3):
        assert {row for _ in range(3) for row in claimed(turns, 1)} == {tenant.ruc for tenant in tenants}


def test_what_must_be_sent_soon_goes_first_and_what_came_too_late_never(pac: SandboxServer) -> None:
    *_, late, urgent = queued(a_tenant(), 6)
    now = timezone.now()
    Document.objects.filter(pk=late.pk).update(send_by=now - timedelta(minutes=1))
    Document.objects.filter(pk=urgent.pk).update(send_by=now + timedelta(hours=2))
    assert claim(ACCOUNT, Turns(), most=1, under_way=0) == [urgent]
    submitting.submit_due()
    states = Counter(Document.objects.values_list("submission", flat=True))
    assert states == {Submission.SENDING: 1, Submission.ACCEPTED: 4, Submission.QUEUED: 1}
    assert pac.journal.times_posted(late.number) == 0


def test_a_document_whose_turn_comes_when_its_lease_runs_out_is_not_sent(
    pac: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    [document] = queued(a_tenant(), 1)
    monkeypatch.setattr(leases, "_TURN", -timedelta(seconds=1))
    assert submitting.submit_due(limit=1) == 1
    document.refresh_from_db()
    assert document.submission == Submission.QUEUED
    assert Attempt.objects.get().outcome == Attempt.Outcome.NOT_DONE
    assert pac.journal.requests(CREATE) == []


def test_lanes_are_never_more_than_the_provider_takes_and_posts_leave_one_for_reads(settings) -> None:
    settings.PAC_CONCURRENCY = 8
    with lanes(ACCOUNT, wanted=20, use=Use.POSTS) as posts:
        assert posts.calls == 7
        with lanes(ACCOUNT, wanted=20, use=Use.POSTS) as more, lanes(ACCOUNT, wanted=20) as reads:
            assert (more.calls, reads.calls) == (0, 1)
            with lanes(("alanube", "live"), wanted=20) as elsewhere:
                assert elsewhere.calls == 8
    assert not LaneGrant.objects.exists()


def test_the_lanes_of_a_killed_worker_come_free(settings) -> None:
    settings.PAC_CONCURRENCY = 4
    gone = timezone.now() - timedelta(seconds=1)
    LaneGrant.objects.create(provider=ACCOUNT[0], environment=ACCOUNT[1], calls=4, until=gone)
    with lanes(ACCOUNT, wanted=2) as taken:
        assert taken.calls == 2


def test_without_a_free_lane_nothing_is_sent_or_asked_and_all_stays_due(pac: SandboxServer, settings) -> None:
    queued(a_tenant(), 2)
    submitting.submit_due(limit=1)
    make_everything_due()
    asked = len(pac.journal.requests())
    with lanes(ACCOUNT, wanted=settings.PAC_CONCURRENCY):
        assert (submitting.submit_due(), watching.watch_due()) == (0, 0)
    assert len(pac.journal.requests()) == asked
    assert (submitting.submit_due(), watching.watch_due()) == (1, 1)


def test_after_the_pause_one_call_tries_and_decides(pac: SandboxServer, settings) -> None:
    settings.PAC_BREAKER = (2, 600.0)
    queued(a_tenant(), 5)
    pac.faults.add("500_before", CREATE, times=3)
    health = ProviderHealth.objects.filter(provider=ACCOUNT[0], environment=ACCOUNT[1])

    assert submitting.submit_due() == 2  # the second failure opens the circuit
    asked = len(pac.journal.requests())
    assert submitting.submit_due() == 0
    assert (len(pac.journal.requests()), Document.objects.filter(legal_status="DGI_AUTHORIZED").count()) == (
        asked,
        0,
    )
    health.update(open_until=timezone.now() - timedelta(seconds=1))
    assert submitting.submit_due() == 1  # one call tries, and fails
    assert submitting.submit_due() == 0
    health.update(open_until=timezone.now() - timedelta(seconds=1))
    assert submitting.submit_due() == 2  # it is back
    assert health.get().open_until is None
    work_through()
    assert set(Document.objects.values_list("legal_status", flat=True)) == {"DGI_AUTHORIZED"}


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_many_workers_together_take_no_more_lanes_than_there_are(settings) -> None:
    settings.PAC_CONCURRENCY = 16
    seen: list[int] = []

    def work() -> int:
        with lanes(ACCOUNT, wanted=5, use=Use.POSTS) as taken:
            seen.append(sum(LaneGrant.objects.values_list("calls", flat=True)))
            return taken.calls

    for _ in range(5):
        assert max(at_once([work] * 6)) > 0
    assert max(seen) <= 14


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_many_hands_send_and_follow_each_document_once(pac: SandboxServer, settings) -> None:
    settings.PAC_THREADS = 6
    tenants = [a_tenant(), a_tenant()]
    documents = [row for tenant in tenants for row in queued(tenant, 12)]
    for fault in ("drop_after_commit", "500_before", "429", "malformed_json", "500_after", "drop_before"):
        pac.faults.add(fault, CREATE, times=2, probability=0.5, retry_after=0)
    work_through(rounds=6)
    assert set(Document.objects.values_list("legal_status", "has_pdf")) == {("DGI_AUTHORIZED", True)}
    assert Counter(len(held) for held in pac.authority.by_number().values()) == {1: len(documents)}
    assert all(row.holds_number for row in pac.authority.documents.values())
    assert not Attempt.objects.filter(outcome=Attempt.Outcome.RUNNING).exists()
    assert not LaneGrant.objects.exists()


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_answers_that_come_together_are_recorded_one_by_one_where_they_collide(
    pac: SandboxServer, settings
) -> None:
    settings.PAC_THREADS = 4
    tenant = a_tenant()
    [first] = queued(tenant, 1)
    work_through()
    first.refresh_from_db()
    rest = queued(tenant, 4)
    # Somebody else's row holds the CUFE that the third document is going to get.
    Document.objects.filter(pk=first.pk).update(cufe=rest[2].local_cufe)
    submitting.submit_due()
    rows = {row.pk: row for row in Document.objects.filter(pk__in=[row.pk for row in rest])}
    assert {row.submission for row in rows.values()} == {Submission.ACCEPTED}
    assert [bool(rows[row.pk].cufe) for row in rest] == [True, True, False, True]
    assert rows[rest[2].pk].cufe_differs
