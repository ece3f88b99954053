"""A rejected document is mended in a linked one that says something else; what waits in the queue is taken back or redated."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from cifras.fiscal.errors import RuleBroken
from cifras.sandbox.server import SandboxServer
from invoicing import services
from invoicing.models import Attempt, Document
from invoicing.services import preflight
from tenants.models import Tenant
from tests.clockwork import work_through
from tests.factories import a_tenant, contribuyente, credit_json, invoice_json
from tests.invoicing.test_settling import authorised, seen

pytestmark = pytest.mark.django_db

BAD = contribuyente(name="RECHAZO-PAC, S.A.")


@pytest.fixture
def tenant(pac: SandboxServer) -> Tenant:
    return a_tenant()


def codes(document: Document) -> list[str]:
    return [reason.code for reason in preflight.check(document)]


# After a rejection


@pytest.mark.parametrize("name", ["RECHAZO-PAC, S.A.", "RECHAZO-DGI, S.A."])
def test_what_was_rejected_is_mended_in_a_linked_draft(tenant: Tenant, name: str) -> None:
    rejected = authorised(tenant, receiver=contribuyente(name=name))
    draft = services.correct_and_reissue(rejected.uid, actor=None)
    assert services.correct_and_reissue(rejected.uid, actor=None) == draft
    assert (draft.replaces, draft.external_id, draft.submission) == (rejected, rejected.external_id, "DRAFT")
    assert (draft.total, draft.number, seen(rejected).is_superseded) == (rejected.total, "", True)
    with pytest.raises(RuleBroken) as refused:
        services.generate_invoice(draft.uid, actor=None)
    assert refused.value.code == "unchanged_after_rejection"
    mended = invoice_json(tenant, external_id=rejected.external_id, draft=True)
    services.update_invoice(draft.uid, mended, actor=None)
    services.generate_invoice(draft.uid, actor=None)
    work_through(rounds=1)
    assert (seen(draft).legal_status, seen(draft).number) == ("DGI_AUTHORIZED", "0000000002")
    assert seen(rejected).legal_status.endswith("_REJECTED")


def test_the_same_content_under_the_same_reference_is_refused_too(tenant: Tenant, pac: SandboxServer) -> None:
    rejected = authorised(tenant, receiver=BAD)
    same = invoice_json(tenant, external_id=rejected.external_id, receiver=BAD, due_date=None, draft=False)
    with pytest.raises(RuleBroken) as refused:
        services.create_invoice(same, actor=None)
    assert refused.value.code == "unchanged_after_rejection"
    assert Document.objects.count() == 1
    assert not seen(rejected).is_superseded
    assert len(pac.journal.requests("create_invoice")) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"notes": "Aclarado"},
        {"issue_date": (timezone.localtime() - timedelta(days=1)).isoformat()},
        {"payments": [{"method": "03", "amount": "321.00"}]},
    ],
)
def test_any_change_of_the_payload_may_be_sent(tenant: Tenant, change: dict[str, Any]) -> None:
    rejected = authorised(tenant, receiver=BAD)
    again = invoice_json(tenant, external_id=rejected.external_id, receiver=BAD, **change)
    assert services.create_invoice(again, actor=None).replaces == rejected


def test_a_mended_office_is_a_change_although_the_document_says_the_same(tenant: Tenant) -> None:
    rejected = authorised(tenant, receiver=BAD)
    office = tenant.offices.get()
    office.address = "Calle 50, torre nueva"
    office.save()
    draft = services.correct_and_reissue(rejected.uid, actor=None)
    assert codes(draft) == []


def test_a_rejected_note_is_reissued_as_a_note_of_the_same_invoice(
    tenant: Tenant, pac: SandboxServer
) -> None:
    invoice = authorised(tenant)
    note = services.create_credit(credit_json(tenant, invoice.external_id), actor=None)
    Document.objects.filter(pk=note.pk).update(submission="REFUSED", legal_status="PAC_REJECTED")
    draft = services.correct_and_reissue(note.uid, actor=None)
    assert (draft.kind, draft.credited, draft.replaces) == ("CREDIT", invoice, note)


def test_what_stands_is_not_reissued_and_what_was_discarded_is(tenant: Tenant) -> None:
    standing = authorised(tenant)
    with pytest.raises(RuleBroken) as refused:
        services.correct_and_reissue(standing.uid, actor=None)
    assert refused.value.code == "nothing_to_reissue"
    put_aside = services.create_invoice(invoice_json(tenant, draft=True), actor=None)
    services.discard_document(put_aside.uid, actor=None)
    again = services.correct_and_reissue(put_aside.uid, actor=None)
    assert services.generate_invoice(again.uid, actor=None).submission == "QUEUED"


# Proformas


@pytest.mark.parametrize("kind", ["INVOICE", "CREDIT"])
def test_a_promoted_proforma_takes_its_number_once(tenant: Tenant, kind: str) -> None:
    if kind == "INVOICE":
        proforma = services.create_invoice(invoice_json(tenant, mode="PROFORM"), actor=None)
        promote = services.generate_invoice
    else:
        invoice = authorised(tenant)
        proforma = services.create_credit(
            credit_json(tenant, invoice.external_id, mode="PROFORM"), actor=None
        )
        promote = services.convert_credit_to_dgi
    assert proforma.number.startswith("P-")
    promoted = promote(proforma.uid, actor=None)
    assert (promoted.number, promoted.submission) == ("0000000001", "QUEUED")
    with pytest.raises(RuleBroken):
        promote(proforma.uid, actor=None)
    work_through(rounds=1)
    assert (seen(promoted).number, seen(promoted).legal_status) == ("0000000001", "DGI_AUTHORIZED")


def test_a_proforma_that_moves_to_another_point_takes_that_points_number(tenant: Tenant) -> None:
    office = tenant.offices.get()
    office.billing_points.create(code="002")
    services.create_invoice(invoice_json(tenant, mode="PROFORM", billing_point="002"), actor=None)
    moved = services.create_invoice(invoice_json(tenant, mode="PROFORM"), actor=None)
    services.update_invoice(moved.uid, invoice_json(tenant, mode="PROFORM", billing_point="002"), actor=None)
    assert (seen(moved).billing_point, seen(moved).number) == ("002", "P-000002")
    services.discard_document(moved.uid, actor=None)
    assert seen(moved).submission == "DISCARDED"


# Back from the queue


def queued(tenant: Tenant, pac: SandboxServer, **changes: Any) -> Document:
    """In the queue after an attempt that certainly did not arrive."""
    pac.faults.add("429", "create_invoice", retry_after=60)
    document = services.create_invoice(invoice_json(tenant, **changes), actor=None)
    work_through(rounds=0)
    document = seen(document)
    assert document.submission == "QUEUED"
    assert list(Attempt.objects.values_list("outcome", flat=True)) == ["NOT_DONE"]
    return document


def test_a_withdrawn_document_keeps_number_and_code_through_an_edit(
    tenant: Tenant, pac: SandboxServer
) -> None:
    document = queued(tenant, pac)
    draft = services.withdraw_document(document.uid, actor=None)
    assert (draft.submission, draft.number, draft.due_at) == ("DRAFT", document.number, None)
    edited = invoice_json(tenant, external_id=document.external_id, notes="Con nota", draft=True)
    services.update_invoice(draft.uid, edited, actor=None)
    again = services.generate_invoice(draft.uid, actor=None)
    assert (again.number, again.security_code) == (document.number, document.security_code)
    work_through(rounds=1)
    assert seen(document).legal_status == "DGI_AUTHORIZED"
    assert services.create_invoice(invoice_json(tenant), actor=None).number == "0000000002"


def test_a_withdrawn_document_stays_at_the_point_of_its_number(tenant: Tenant, pac: SandboxServer) -> None:
    document = queued(tenant, pac)
    tenant.offices.get().billing_points.create(code="002")
    services.withdraw_document(document.uid, actor=None)
    with pytest.raises(RuleBroken) as refused:
        services.update_invoice(document.uid, invoice_json(tenant, billing_point="002"), actor=None)
    assert (refused.value.code, refused.value.field) == ("number_belongs_to_point", "office")


def test_a_date_that_was_given_stays_and_one_that_was_not_is_drawn_anew(
    tenant: Tenant, pac: SandboxServer
) -> None:
    given = (timezone.localtime() - timedelta(days=2)).replace(microsecond=0)
    dated = queued(tenant, pac, issue_date=given.isoformat())
    assert services.withdraw_document(dated.uid, actor=None).issue_date == given
    undated = services.create_invoice(invoice_json(tenant), actor=None)
    assert services.withdraw_document(undated.uid, actor=None).issue_date is None


def test_redating_makes_another_payload_with_the_same_number(tenant: Tenant, pac: SandboxServer) -> None:
    old = timezone.localtime() - timedelta(days=5)
    document = queued(tenant, pac, issue_date=old.isoformat())
    new = (timezone.localtime() - timedelta(days=1)).replace(microsecond=0)
    redated = services.redate_document(document.uid, issue_date=new, actor=None)
    assert (redated.number, redated.security_code) == (document.number, document.security_code)
    assert (redated.issue_date, redated.void_deadline) == (new, new + timedelta(hours=182))
    assert bytes(redated.payload or b"") != bytes(document.payload or b"")
    assert redated.local_cufe != document.local_cufe
    work_through(rounds=1)
    assert seen(document).cufe == redated.local_cufe


def test_a_date_out_of_reach_is_refused_and_the_document_stays_queued(
    tenant: Tenant, pac: SandboxServer
) -> None:
    document = queued(tenant, pac)
    for wrong in (timezone.now() + timedelta(hours=1), timezone.now() - timedelta(days=40)):
        with pytest.raises(RuleBroken):
            services.redate_document(document.uid, issue_date=wrong, actor=None)
    assert (seen(document).submission, seen(document).local_cufe) == ("QUEUED", document.local_cufe)


def test_what_may_have_arrived_is_neither_withdrawn_nor_redated(tenant: Tenant, pac: SandboxServer) -> None:
    document = queued(tenant, pac)
    Attempt.objects.update(outcome="UNKNOWN")
    for act in (services.withdraw_document, services.redate_document):
        with pytest.raises(RuleBroken) as refused:
            act(document.uid, actor=None)
        assert refused.value.code == "withdraw_may_have_reached"
    done = authorised(tenant)
    with pytest.raises(RuleBroken) as late:
        services.withdraw_document(done.uid, actor=None)
    assert late.value.code == "move_not_allowed"
