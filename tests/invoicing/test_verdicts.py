"""What nobody knows is settled by a person with evidence, and by a second one who approves (domain 2, 6.4, 9)."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from cifras.core import proposals
from cifras.core.models import AuditEntry, Proposal, Staff
from cifras.fiscal.errors import RuleBroken
from cifras.fiscal.lifecycle import BusinessStatus, LegalStatus, Submission, VoidStatus
from cifras.sandbox.server import SandboxServer
from invoicing import services
from invoicing.models import Attachment, Attempt, Document, TimelineEvent, WebhookDelivery
from invoicing.services import (
    attention,
    catching_up,
    identity,
    incidents,
    legal_verdicts,
    proofs,
    resolving,
    settling,
    submitting,
    unknown_verdicts,
)
from invoicing.services.verdicts import Verdict, give_verdict
from tenants.models import Tenant
from tests import factories
from tests.clockwork import make_everything_due, work_through

pytestmark = pytest.mark.django_db

CREATE = "create_invoice"
REASON = "El soporte del PAC lo confirmó por correo el lunes"
PDF = b"%PDF-1.4\nla carta del proveedor\n%%EOF"


@pytest.fixture
def tenant(pac: SandboxServer) -> Tenant:
    return factories.a_tenant()


@pytest.fixture
def ana(tenant: Tenant) -> Staff:
    return factories.a_staff_member(tenant)


@pytest.fixture
def luis(tenant: Tenant) -> Staff:
    return factories.a_staff_member(tenant)


def seen(document: Document) -> Document:
    document.refresh_from_db()
    return document


def issued(tenant: Tenant, **changes: Any) -> Document:
    document = services.create_invoice(factories.invoice_json(tenant, **changes), actor=None)
    work_through(rounds=2)
    return seen(document)


def unknown(tenant: Tenant, pac: SandboxServer, fault: str = "drop_after_commit", **changes: Any) -> Document:
    """Sent, the answer lost, and a provider that cannot be asked by number."""
    pac.behaviour.list_status = 404
    pac.faults.add(fault, CREATE)
    document = issued(tenant, **changes)
    assert document.submission == Submission.UNKNOWN
    return document


def conflicting(tenant: Tenant, pac: SandboxServer) -> Document:
    """The provider holds another sale of this tenant under the number."""
    first = issued(tenant)
    Document.objects.filter(pk=first.pk).update(number="9999999999", document_id="", cufe="")
    tenant.offices.get().number_series.update(next_number=1)
    document = issued(tenant)
    assert (document.submission, document.flag) == (Submission.UNKNOWN, "CONFLICT")
    return document


def file(content: bytes = PDF, name: str = "carta.pdf") -> "ContentFile[bytes]":
    return ContentFile(content, name=name)


def proposed(document: Document, verdict: Verdict, actor: Staff) -> Proposal:
    proposal = give_verdict(document.uid, verdict, reason=REASON, actor=actor, upload=file())
    assert proposal is not None
    return proposal


def code_of(act: Any) -> str:
    with pytest.raises(RuleBroken) as refused:
        act()
    return refused.value.code


def codes(document: Document) -> list[str]:
    rows = TimelineEvent.objects.filter(document_uid=document.uid).order_by("pk")
    return list(rows.values_list("code", flat=True))


def held_by_provider(pac: SandboxServer, number: str) -> int:
    rows = pac.authority.documents.values()
    return sum(1 for row in rows if row.number == number and row.legal_status != "PAC_REJECTED")


# Unconfirmed


def test_the_same_bytes_go_again_only_when_a_second_person_approves(tenant, pac, ana, luis) -> None:
    document = unknown(tenant, pac, "drop_before")
    payload, number = bytes(document.payload or b""), document.number
    proposal = proposed(document, Verdict.RESEND, ana)
    work_through()
    assert (seen(document).submission, held_by_provider(pac, number)) == (Submission.UNKNOWN, 0)
    assert code_of(lambda: proposals.approve(proposal, actor=ana)) == "same_person"
    proposals.approve(proposal, actor=luis)
    assert code_of(lambda: proposals.approve(proposal, actor=luis)) == "proposal_decided"
    work_through()
    assert seen(document).legal_status == LegalStatus.DGI_AUTHORIZED
    assert (document.number, bytes(document.payload or b"")) == (number, payload)
    assert (document.settled_by_person, held_by_provider(pac, number)) == (True, 1)
    assert Attempt.objects.filter(document=document).count() == 2
    assert {"verdict_proposed", "evidence_attached", "verdict_given"} <= set(codes(document))
    assert AuditEntry.objects.filter(action="proposal.approved", actor_uid=luis.uid).count() == 1


def test_what_was_there_after_all_is_not_sent_twice_by_a_mistaken_verdict(tenant, pac, ana, luis) -> None:
    document = unknown(tenant, pac)
    proposals.approve(proposed(document, Verdict.RESEND, ana), actor=luis)
    pac.behaviour.list_status = 200
    Tenant.objects.update(lookup_missing_until=None)
    work_through()
    assert seen(document).legal_status == LegalStatus.DGI_AUTHORIZED
    assert held_by_provider(pac, document.number) == 1


def test_a_verdict_needs_a_reason_evidence_and_the_providers_own_time_out(tenant, pac, ana, settings) -> None:
    document = unknown(tenant, pac)

    def give(**changes: Any) -> Any:
        values = {"reason": REASON, "actor": ana, "upload": file(), **changes}
        return lambda: give_verdict(document.uid, Verdict.RESEND, **values)

    assert code_of(give(reason="  muy corto  ")) == "reason_too_short"
    assert code_of(give(upload=None)) == "evidence_missing"
    assert code_of(give(upload=file(b"MZ\x90\x00\x03\x00 not a letter", "carta.pdf"))) == "evidence_type"
    settings.PAC_RESEND_AFTER = 3600.0
    assert code_of(give()) == "too_early_to_resend"
    settings.PAC_RESEND_AFTER = 0.0
    Document.objects.filter(pk=document.pk).update(send_by=timezone.now() - timedelta(minutes=1))
    assert code_of(give()) == "send_by_passed"
    Document.objects.filter(pk=document.pk).update(send_by=None, flag="EXISTS_NO_ID")
    assert code_of(give()) == "number_exists_there"
    assert not Proposal.objects.exists()


def test_what_never_existed_is_refused_and_may_then_be_put_aside(tenant, pac, ana, luis) -> None:
    document = unknown(tenant, pac, "drop_before")
    assert code_of(lambda: services.discard_document(document.uid, actor=ana)) == "discard_may_become_legal"
    proposals.approve(proposed(document, Verdict.NEVER, ana), actor=luis)
    assert (seen(document).submission, document.legal_status) == (
        Submission.REFUSED,
        LegalStatus.PAC_REJECTED,
    )
    assert (document.number_fate, document.settled_by_person) == ("rejected-not-consumed", True)
    assert document.due_at is None
    assert services.discard_document(document.uid, actor=ana).submission == Submission.DISCARDED


def test_persons_who_were_wrong_are_told_and_two_of_them_take_the_authoritys_word(
    tenant, pac, ana, luis
) -> None:
    document = unknown(tenant, pac)
    proposals.approve(proposed(document, Verdict.NEVER, ana), actor=luis)
    there = next(row for row in pac.authority.documents.values() if row.number == document.number)
    WebhookDelivery.objects.create(
        tenant=tenant,
        verdict="signed",
        body=f'{{"id": "{there.id}", "legalStatus": "DGI_AUTHORIZED", "cufe": "{there.cufe}"}}',
        pac_document_id=there.id,
        due_at=timezone.now(),
    )
    work_through()
    assert (seen(document).submission, document.legal_conflict) == (Submission.REFUSED, "DGI_AUTHORIZED")
    assert Document.objects.filter(attention.CONFLICTING, pk=document.pk).exists()
    proposals.approve(proposed(document, Verdict.LEGAL_CHANGE, ana), actor=luis)
    work_through()
    assert (seen(document).submission, document.legal_status) == (
        Submission.ACCEPTED,
        LegalStatus.DGI_AUTHORIZED,
    )
    assert (document.document_id, document.cufe, document.has_pdf) == (there.id, there.cufe, True)
    assert (document.legal_settled_by_person, document.number_fate) == (True, "")


def test_who_knows_the_id_has_it_asked_for_and_the_providers_answer_settles_it(tenant, pac, ana) -> None:
    document = unknown(tenant, pac)
    there = next(row for row in pac.authority.documents.values() if row.number == document.number)

    def look_up(**changes: Any) -> Document:
        values = {"pac_id": "", "cufe": "", "reason": REASON, "actor": ana, **changes}
        return unknown_verdicts.settle_by_look_up(document.uid, **values)

    assert code_of(look_up) == "nothing_to_look_up"
    assert code_of(lambda: look_up(pac_id=there.id, reason="corto")) == "reason_too_short"
    files_before = len(pac.journal.requests("file"))
    assert look_up(pac_id=there.id).submission == Submission.ACCEPTED
    assert len(pac.journal.requests("file")) == files_before
    work_through()
    assert (seen(document).legal_status, document.has_pdf) == (LegalStatus.DGI_AUTHORIZED, True)
    assert held_by_provider(pac, document.number) == 1
    assert not Proposal.objects.exists()


def test_the_id_of_something_else_settles_nothing(tenant, pac, ana) -> None:
    another = issued(tenant)
    document = unknown(tenant, pac)

    def look_up() -> None:
        unknown_verdicts.settle_by_look_up(
            document.uid, pac_id=another.document_id, cufe="", reason=REASON, actor=ana
        )

    assert code_of(look_up) == "not_this_document"
    assert seen(document).submission == Submission.UNKNOWN


def test_news_that_comes_while_a_proposal_waits_wins(tenant, pac, ana, luis) -> None:
    document = unknown(tenant, pac)
    proposal = proposed(document, Verdict.NEVER, ana)
    pac.behaviour.list_status = 200
    Tenant.objects.update(lookup_missing_until=None)
    work_through()
    assert seen(document).legal_status == LegalStatus.DGI_AUTHORIZED
    assert code_of(lambda: proposals.approve(proposal, actor=luis)) == "document_changed"
    proposal.refresh_from_db()
    assert (proposal.is_open, seen(document).legal_status) == (True, LegalStatus.DGI_AUTHORIZED)
    proposals.refuse(proposal, actor=luis, note="El PAC ya contestó por su cuenta")
    assert codes(document)[-1] == "verdict_put_aside"


def test_somebody_elses_document_is_not_there(tenant, pac) -> None:
    document = unknown(tenant, pac)
    stranger = factories.a_staff_member()
    assert code_of(lambda: proposed(document, Verdict.NEVER, stranger)) == "unknown_document"
    assert not Attachment.objects.filter(kind="EVI").exists()


# Conflicts


def test_the_two_documents_are_compared_member_by_member(tenant, pac) -> None:
    document = conflicting(tenant, pac)
    theirs = identity.held(document)
    assert theirs is not None
    cells = {cell.name: cell.differs for cell in identity.cells(document, theirs)}
    assert {name for name, differs in cells.items() if differs} == {"security_code", "cufe"}
    assert {name for name, differs in cells.items() if differs is None} == {
        "receiver",
        "receiver_ruc",
        "total",
        "lines",
    }
    assert document.conflict["body"]["cufe"] == theirs.cufe


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("total", "99.00"),
        ("receiver_tax_id", "8-123-456"),
        ("receiver_name", "Otro, S.A."),
        ("line_count", 7),
    ],
)
def test_without_a_cufe_every_member_that_the_answer_carries_is_compared(tenant, member, value) -> None:
    document = issued(tenant)
    same = {
        "number": document.number,
        "total": "321",
        "receiver_name": document.receiver_name.upper(),
        "receiver_tax_id": document.receiver_ruc,
        "line_count": 1,
    }
    answer = identity.PacAnswer(**same)
    assert identity.compare(document, answer) is identity.Likeness.SAME
    assert (
        identity.compare(document, identity.PacAnswer(**same | {member: value}))
        is identity.Likeness.DIFFERENT
    )


def test_adopting_what_differs_takes_two_and_ends_authorised(tenant, pac, ana, luis) -> None:
    document = conflicting(tenant, pac)
    theirs = identity.held(document)
    proposal = proposed(document, Verdict.ADOPT, ana)
    assert seen(document).submission == Submission.UNKNOWN
    proposals.approve(proposal, actor=luis)
    work_through()
    assert (seen(document).submission, document.legal_status) == (
        Submission.ACCEPTED,
        LegalStatus.DGI_AUTHORIZED,
    )
    assert (document.document_id, document.cufe) == (theirs.document_id, theirs.cufe)
    assert (document.cufe_differs, document.settled_by_person, document.flag) == (True, True, "")
    assert len(pac.journal.requests(CREATE)) == 2


def test_a_number_that_the_provider_shows_to_be_anothers_takes_one_person(tenant, pac, ana) -> None:
    document = conflicting(tenant, pac)
    assert give_verdict(document.uid, Verdict.TAKEN, reason=REASON, actor=ana) is None
    assert (seen(document).submission, document.number_fate) == (Submission.REFUSED, "taken")
    again = services.create_invoice(
        factories.invoice_json(tenant, external_id=document.external_id, notes="corregida"), actor=ana
    )
    assert (again.replaces_id, again.number != document.number) == (document.pk, True)


def test_a_number_whose_document_nobody_saw_takes_two(tenant, pac, ana, luis) -> None:
    document = conflicting(tenant, pac)
    Document.objects.filter(pk=document.pk).update(conflict=None)
    assert code_of(lambda: proposed(document, Verdict.ADOPT, ana)) == "nothing_shown"
    proposal = proposed(document, Verdict.TAKEN, ana)
    assert seen(document).submission == Submission.UNKNOWN
    proposals.approve(proposal, actor=luis)
    assert seen(document).number_fate == "taken"


def test_two_of_ours_cannot_adopt_the_same_document(tenant, pac, ana, luis) -> None:
    document = conflicting(tenant, pac)
    theirs = identity.held(document)
    Document.objects.filter(number="9999999999").update(document_id=theirs.document_id)
    proposal = proposed(document, Verdict.ADOPT, ana)
    assert code_of(lambda: proposals.approve(proposal, actor=luis)) == "adopted_elsewhere"
    assert (seen(document).submission, Proposal.objects.get().state) == (Submission.UNKNOWN, "open")


# Contrary news


def contradicted(tenant: Tenant) -> Document:
    document = issued(tenant)
    Document.objects.filter(pk=document.pk).update(legal_conflict="DGI_REJECTED")
    return seen(document)


def test_what_is_held_may_be_kept_and_the_same_news_does_not_come_back(tenant, pac, ana) -> None:
    document = contradicted(tenant)
    legal_verdicts.keep_legal(document.uid, reason=REASON, actor=ana)
    assert (seen(document).legal_conflict, document.legal_status) == ("", LegalStatus.DGI_AUTHORIZED)
    assert document.settled_by_person
    pac.authority.documents[document.document_id].legal_status = "DGI_REJECTED"
    services.attach_pac_pdf(document.uid, "INVOICE")
    assert (seen(document).legal_conflict, document.legal_status) == ("", LegalStatus.DGI_AUTHORIZED)
    assert "legal_kept" in codes(document)


def test_changing_the_legal_status_takes_two_and_stays_flagged(tenant, pac, ana, luis) -> None:
    document = contradicted(tenant)
    assert settling.business(document).status is BusinessStatus.PAID
    proposals.approve(proposed(document, Verdict.LEGAL_CHANGE, ana), actor=luis)
    assert (seen(document).legal_status, document.legal_conflict) == (LegalStatus.DGI_REJECTED, "")
    assert (document.legal_settled_by_person, document.settled_by_person) == (True, True)
    assert settling.business(document).refund_due == document.total
    entry = AuditEntry.objects.get(action="document.legal_changed")
    assert (entry.before, entry.after) == (
        {"legal_status": "DGI_AUTHORIZED"},
        {"legal_status": "DGI_REJECTED"},
    )


def test_what_is_void_does_not_change_its_legal_status(tenant, ana) -> None:
    document = contradicted(tenant)
    Document.objects.filter(pk=document.pk).update(void_status=VoidStatus.VOIDED)
    assert code_of(lambda: proposed(document, Verdict.LEGAL_CHANGE, ana)) == "legal_change_and_void"


# Voids


def test_a_void_done_on_a_portal_is_registered_after_the_window_too(tenant, pac, ana, luis) -> None:
    document = issued(tenant)
    Document.objects.filter(pk=document.pk).update(void_deadline=timezone.now() - timedelta(days=3))
    proposal = proposed(document, Verdict.VOID_DONE, ana)
    assert seen(document).void_status == ""
    proposals.approve(proposal, actor=luis)
    assert (seen(document).void_status, document.void_reason) == (VoidStatus.VOIDED, REASON)
    assert settling.business(document).status is BusinessStatus.VOID
    assert pac.journal.requests("void_invoice") == []
    assert code_of(lambda: proposed(document, Verdict.VOID_DONE, ana)) == "already_voided"


@pytest.mark.parametrize(
    ("verdict", "status"),
    [(Verdict.VOID_DONE, VoidStatus.VOIDED), (Verdict.VOID_NOT_DONE, VoidStatus.REFUSED)],
)
def test_a_void_in_doubt_is_settled_either_way(tenant, ana, luis, verdict, status) -> None:
    document = issued(tenant)
    assert code_of(lambda: proposed(document, Verdict.VOID_NOT_DONE, ana)) == "void_not_in_doubt"
    Document.objects.filter(pk=document.pk).update(void_status=VoidStatus.UNKNOWN, void_due_at=None)
    proposals.approve(proposed(document, verdict, ana), actor=luis)
    assert (seen(document).void_status, document.settled_by_person) == (status, True)
    if status is VoidStatus.REFUSED:
        services.void_invoice(document.uid, REASON, actor=ana)
        work_through()
        assert seen(document).void_status == VoidStatus.VOIDED


def test_what_the_dgi_never_authorised_was_not_voided_on_a_portal(tenant, pac, ana) -> None:
    pac.behaviour.authorise_after = 3600
    document = issued(tenant)
    assert code_of(lambda: proposed(document, Verdict.VOID_DONE, ana)) == "void_register_unauthorised"


# Evidence


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (PDF, "La carta.pdf"),
        (b"\x89PNG\r\n\x1a\n....IEND\xaeB`\x82", "La carta.png"),
        (b"\xff\xd8\xff\xe0....\xff\xd9", "La carta.jpg"),
        ("Confirmado por teléfono\r\n".encode(), "La carta.txt"),
        (b"From: pac@pac.test\r\nDate: Mon, 1 Jan 2026 00:00:00 -0500\r\n\r\n\xe9", "La carta.eml"),
    ],
)
def test_evidence_is_judged_by_its_content_and_kept_once(tenant, ana, content, name) -> None:
    document = issued(tenant)
    first = proofs.keep(document, file(content, "/tmp/La carta.exe"), actor=ana)
    assert first == proofs.keep(document, file(content, "otra.exe"), actor=ana)
    assert (first.filename, first.kind, first.size_bytes) == (name, "EVI", len(content))
    assert first.file.read() == content


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b" \n ", "evidence_empty"),
        (b"<html>\x00</html>", "evidence_type"),
        (b"%PDF-1.4 cut off", "evidence_type"),
        (b"a" * (proofs.MOST_BYTES + 1), "evidence_too_big"),
    ],
)
def test_what_is_no_evidence_is_refused(tenant, ana, content, code) -> None:
    document = issued(tenant)
    assert code_of(lambda: proofs.keep(document, file(content), actor=ana)) == code


# The ladder, and catching up


def test_after_its_legal_term_nothing_is_sent_again(tenant, pac) -> None:
    pac.faults.add("drop_before", CREATE)
    document = services.create_invoice(factories.invoice_json(tenant), actor=None)
    submitting.submit_due()
    Document.objects.filter(pk=document.pk).update(send_by=timezone.now() - timedelta(seconds=1))
    work_through()
    assert (seen(document).submission, held_by_provider(pac, document.number)) == (Submission.UNKNOWN, 0)
    assert "too_late_to_send" in codes(document)
    assert Document.objects.filter(attention.send_by_closing(timezone.now())).get() == document


def test_what_is_queued_past_its_legal_term_is_held_for_good(tenant, pac) -> None:
    document = services.create_invoice(factories.invoice_json(tenant), actor=None)
    Document.objects.filter(pk=document.pk).update(send_by=timezone.now() - timedelta(seconds=1))
    work_through()
    assert (seen(document).held_reason, pac.journal.requests(CREATE)) == (incidents.TOO_LATE, [])
    assert services.discard_document(document.uid, actor=None).submission == Submission.DISCARDED


def test_a_number_that_was_called_used_is_not_sent_again_where_repeats_are_refused(
    tenant, pac, monkeypatch
) -> None:
    document = unknown(tenant, pac)
    Document.objects.filter(pk=document.pk).update(flag="EXISTS_NO_ID", due_at=timezone.now())
    resolving._nobody_to_ask(seen(document))
    assert seen(document).submission == Submission.UNKNOWN


def test_an_id_that_the_provider_does_not_know_is_followed_by_asking_for_the_number(tenant, pac) -> None:
    pac.faults.add("drop_after_commit", CREATE)
    document = services.create_invoice(factories.invoice_json(tenant), actor=None)
    submitting.submit_due()
    Document.objects.filter(pk=document.pk).update(document_id="01NOTKNOWN")
    work_through()
    assert seen(document).legal_status == LegalStatus.DGI_AUTHORIZED


def test_catching_up_gives_everything_since_then_its_turn_at_once(tenant, pac, ana) -> None:
    before = timezone.now()
    lost = unknown(tenant, pac)
    pac.behaviour.list_status = 200
    pac.behaviour.authorise_after_reads = 2
    waiting = services.create_invoice(factories.invoice_json(tenant), actor=None)
    submitting.submit_due()
    Tenant.objects.update(lookup_missing_until=None)
    later = timezone.now() + timedelta(hours=5)
    Document.objects.filter(due_at__isnull=False).update(due_at=later)
    stranger = factories.a_staff_member()
    assert catching_up.backlog(before, actor=stranger).total == 0
    found = catching_up.catch_up(before, actor=ana)
    assert (found.unconfirmed, found.without_last_word, found.total) == (1, 1, 2)
    assert catching_up.backlog(timezone.now(), actor=ana).total == 0
    for _ in range(3):
        work_through(rounds=1)
        make_everything_due()
    assert {seen(lost).legal_status, seen(waiting).legal_status} == {LegalStatus.DGI_AUTHORIZED}
    assert catching_up.backlog(before, actor=ana).total == 0
    future = timezone.now() + timedelta(minutes=1)
    assert code_of(lambda: catching_up.catch_up(future, actor=ana)) == "since_in_future"
