"""Submission: exactly once, or a person knows (domain 6)."""

import pytest

from cifras.fiscal.lifecycle import LegalStatus, Submission
from cifras.sandbox.server import SandboxServer
from invoicing import services
from invoicing.models import Attempt, Document, Incident
from invoicing.services import claiming, incidents, submitting
from tests import factories
from tests.clockwork import lose_the_workers, work_through

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("impatient")]

CREATE = "create_invoice"


def issue(tenant_json: dict) -> Document:
    return services.create_invoice(tenant_json, actor=None)


def held_by_provider(pac: SandboxServer, document: Document) -> int:
    """How many living documents the provider holds under our number; what it rejected does not count."""
    rows = pac.authority.documents.values()
    return sum(1 for row in rows if row.number == document.number and row.legal_status != "PAC_REJECTED")


@pytest.mark.parametrize(
    "fault", ["timeout_after_commit", "drop_after_commit", "500_after", "malformed_json", "truncated"]
)
def test_a_lost_answer_is_asked_about_and_not_sent_again(pac: SandboxServer, fault: str) -> None:
    document = issue(factories.invoice_json(factories.a_tenant()))
    pac.faults.add(fault, CREATE)
    submitting.submit_due()
    document.refresh_from_db()
    assert document.submission == Submission.UNKNOWN
    work_through()
    document.refresh_from_db()
    assert document.legal_status == LegalStatus.DGI_AUTHORIZED
    assert document.has_pdf
    assert held_by_provider(pac, document) == 1
    assert Attempt.objects.filter(document=document).count() == 1


@pytest.mark.parametrize("fault", ["500_before", "drop_before", "timeout_before"])
def test_what_was_never_received_is_sent_again_once_its_absence_is_proven(
    pac: SandboxServer, fault: str
) -> None:
    document = issue(factories.invoice_json(factories.a_tenant()))
    pac.faults.add(fault, CREATE)
    work_through()
    document.refresh_from_db()
    assert document.legal_status == LegalStatus.DGI_AUTHORIZED
    assert held_by_provider(pac, document) == 1
    assert Attempt.objects.filter(document=document).count() == 2


def test_absence_is_no_proof_before_the_providers_own_time_out(pac: SandboxServer, settings) -> None:
    settings.PAC_RESEND_AFTER = 3600.0
    document = issue(factories.invoice_json(factories.a_tenant()))
    pac.faults.add("500_before", CREATE)
    work_through()
    document.refresh_from_db()
    assert document.submission == Submission.UNKNOWN
    assert Attempt.objects.filter(document=document).count() == 1


def test_a_busy_provider_keeps_the_number_and_is_asked_again(pac: SandboxServer) -> None:
    document = issue(factories.invoice_json(factories.a_tenant()))
    number = document.number
    pac.faults.add("429", CREATE, retry_after=7)
    submitting.submit_due()
    document.refresh_from_db()
    assert (document.submission, document.number) == (Submission.QUEUED, number)
    work_through()
    document.refresh_from_db()
    assert (document.legal_status, document.number) == (LegalStatus.DGI_AUTHORIZED, number)


def test_an_unauthorised_answer_holds_the_queue_as_one_incident_and_releases_it(pac: SandboxServer) -> None:
    tenant = factories.a_tenant()
    documents = [issue(factories.invoice_json(tenant)) for _ in range(3)]
    pac.faults.add("401", CREATE)
    work_through()
    incident = Incident.objects.get(tenant=tenant)
    assert [d.submission for d in Document.objects.filter(tenant=tenant)] == [Submission.QUEUED] * 3
    assert incidents.release(incident, actor=None) == 3
    work_through()
    for document in documents:
        document.refresh_from_db()
        assert document.legal_status == LegalStatus.DGI_AUTHORIZED


def test_a_killed_worker_leaves_an_attempt_that_is_asked_about(pac: SandboxServer) -> None:
    document = issue(factories.invoice_json(factories.a_tenant()))
    account = (document.provider, document.environment)
    assert claiming.claim(account, claiming.Turns(), most=1, under_way=0) == [document]
    lose_the_workers()
    assert claiming.recover_lost() == 1
    document.refresh_from_db()
    assert document.submission == Submission.UNKNOWN
    work_through()
    document.refresh_from_db()
    assert document.legal_status == LegalStatus.DGI_AUTHORIZED
    assert held_by_provider(pac, document) == 1


def test_a_number_that_somebody_else_used_is_a_conflict_and_never_a_rejection(pac: SandboxServer) -> None:
    tenant = factories.a_tenant()
    first = issue(factories.invoice_json(tenant))
    work_through()
    Document.objects.filter(pk=first.pk).update(
        number="", document_id="", cufe="", submission=Submission.DRAFT, legal_status="", due_at=None
    )
    tenant.offices.get().number_series.update(next_number=1)
    second = issue(
        factories.invoice_json(
            tenant, lines=[factories.line(quantity="1")], payments=[{"method": "02", "amount": "160.50"}]
        )
    )
    work_through()
    second.refresh_from_db()
    assert (second.submission, second.flag) == (Submission.UNKNOWN, "CONFLICT")
    assert second.conflict is not None
    assert held_by_provider(pac, second) == 1


def test_a_provider_that_cannot_be_asked_leaves_it_to_a_person(pac: SandboxServer) -> None:
    document = issue(factories.invoice_json(factories.a_tenant()))
    pac.behaviour.list_status = 404
    pac.faults.add("drop_after_commit", CREATE)
    work_through()
    document.refresh_from_db()
    assert document.submission == Submission.UNKNOWN
    assert Attempt.objects.filter(document=document).count() == 1
    document.tenant.refresh_from_db()
    assert document.tenant.lookup_missing_until is not None


def test_a_list_that_ignores_the_number_proves_no_absence(pac: SandboxServer) -> None:
    tenant = factories.a_tenant()
    issue(factories.invoice_json(tenant))
    work_through()
    document = issue(factories.invoice_json(tenant))
    pac.behaviour.list_ignores_number = True
    pac.faults.add("drop_before", CREATE)
    work_through()
    document.refresh_from_db()
    assert document.submission == Submission.UNKNOWN
    assert Attempt.objects.filter(document=document).count() == 1


def test_a_rejection_of_the_provider_is_final_and_says_why(pac: SandboxServer) -> None:
    document = issue(
        factories.invoice_json(
            factories.a_tenant(), receiver=factories.contribuyente(name="RECHAZO-PAC, S.A.")
        )
    )
    work_through()
    document.refresh_from_db()
    assert (document.submission, document.legal_status) == (Submission.REFUSED, LegalStatus.PAC_REJECTED)
    assert document.problems


def test_a_rejection_of_the_authority_is_final_and_says_why(pac: SandboxServer) -> None:
    document = issue(
        factories.invoice_json(
            factories.a_tenant(), receiver=factories.contribuyente(name="RECHAZO-DGI, S.A.")
        )
    )
    work_through()
    document.refresh_from_db()
    assert (document.submission, document.legal_status) == (Submission.ACCEPTED, LegalStatus.DGI_REJECTED)
    assert document.problems
    assert document.due_at is None


def test_forty_documents_through_every_misfortune_exist_once_each(pac: SandboxServer) -> None:
    tenant = factories.a_tenant()
    for fault in (
        "drop_after_commit",
        "500_before",
        "500_after",
        "429",
        "malformed_json",
        "timeout_after_commit",
        "drop_before",
    ):
        pac.faults.add(fault, CREATE, times=4, probability=0.4)
    documents = [issue(factories.invoice_json(tenant)) for _ in range(40)]
    work_through(rounds=12)
    for document in documents:
        document.refresh_from_db()
        assert document.legal_status == LegalStatus.DGI_AUTHORIZED
        assert held_by_provider(pac, document) == 1
    assert [d.number for d in documents] == [f"{n:010d}" for n in range(1, 41)]
