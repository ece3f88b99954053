"""Voiding through the practice PAC: the guard, the window, every answer, and one void whatever the concurrency (domain 9)."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from cifras.core.models import Staff
from cifras.fiscal.errors import RuleBroken
from cifras.fiscal.lifecycle import BusinessStatus, LegalStatus, VoidStatus
from cifras.fiscal.voiding import VoidWindowClosed
from cifras.sandbox.server import SandboxServer
from invoicing import services
from invoicing.models import Attempt, Document, Incident, TimelineEvent
from invoicing.services import incidents, settling, voiding
from tenants.models import Tenant
from tests.at_once import at_once
from tests.clockwork import lose_the_workers, work_through
from tests.factories import a_staff_member, a_tenant, contribuyente, credit_json, invoice_json, line

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("impatient")]

REASON = "Factura emitida con datos equivocados"
VOID = "void_invoice"


@pytest.fixture
def tenant(pac: SandboxServer) -> Tenant:
    return a_tenant()


def authorised(tenant: Tenant, **changes: Any) -> Document:
    document = services.create_invoice(invoice_json(tenant, **changes), actor=None)
    work_through(rounds=1)
    document.refresh_from_db()
    assert document.legal_status == LegalStatus.DGI_AUTHORIZED
    return document


def a_note(tenant: Tenant, invoice: str, **changes: Any) -> Document:
    note = services.create_credit(credit_json(tenant, invoice, **changes), actor=None)
    work_through(rounds=1)
    note.refresh_from_db()
    return note


def asked(document: Document) -> Document:
    return services.void_invoice(document.uid, REASON, actor=None)


def seen(document: Document) -> Document:
    document.refresh_from_db()
    return document


def refusal_of(document: Document, reason: str = REASON) -> str:
    with pytest.raises(RuleBroken) as refused:
        act = services.void_invoice if document.kind == "INVOICE" else services.void_credit
        act(document.uid, reason, actor=None)
    return refused.value.code


def calls(pac: SandboxServer, operation: str = VOID) -> int:
    return len(pac.journal.requests(operation))


def turned_back(document: Document, hours: float) -> None:
    """Let the deadline have passed `hours` ago."""
    before = timezone.now() - timedelta(hours=hours)
    Document.objects.filter(pk=document.pk).update(
        void_deadline=before, issue_date=before - timedelta(hours=182)
    )


# The guard


def test_a_void_is_first_asked_for_then_done(tenant: Tenant, pac: SandboxServer) -> None:
    document = authorised(tenant)
    asked(document)
    assert (seen(document).void_status, calls(pac)) == (VoidStatus.REQUESTED, 0)
    work_through(rounds=1)
    assert seen(document).void_status == VoidStatus.VOIDED
    assert document.voided_at is not None
    assert document.legal_status == LegalStatus.DGI_AUTHORIZED
    assert settling.business(document).status is BusinessStatus.VOID
    assert document.void_answer["body"]["message"] == "Document cancelled"
    codes = TimelineEvent.objects.filter(document_uid=document.uid).values_list("code", flat=True)
    assert {"void_requested", "voided"} <= set(codes)
    assert calls(pac) == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"mode": "PROFORM"}, "void_proforma"),
        ({"draft": True}, "void_never_sent"),
        ({}, "void_never_sent"),
    ],
)
def test_what_never_reached_the_authority_is_discarded_instead(
    tenant: Tenant, changes: dict[str, Any], code: str
) -> None:
    document = services.create_invoice(invoice_json(tenant, **changes), actor=None)
    assert refusal_of(document) == code


@pytest.mark.parametrize("name", ["RECHAZO-PAC, S.A.", "RECHAZO-DGI, S.A."])
def test_what_was_rejected_has_nothing_to_void(tenant: Tenant, name: str) -> None:
    document = services.create_invoice(invoice_json(tenant, receiver=contribuyente(name=name)), actor=None)
    work_through(rounds=1)
    assert refusal_of(document) == "void_rejected"


def test_what_may_still_become_legal_is_not_void_yet(tenant: Tenant, pac: SandboxServer) -> None:
    pac.behaviour.authorise_after = 3600
    accepted = services.create_invoice(invoice_json(tenant), actor=None)
    work_through(rounds=1)
    assert seen(accepted).legal_status == LegalStatus.PAC_AUTHORIZED
    pac.behaviour.list_status = 404
    pac.faults.add("drop_after_commit", "create_invoice")
    unknown = services.create_invoice(invoice_json(tenant), actor=None)
    work_through(rounds=1)
    assert [refusal_of(document) for document in (accepted, unknown)] == ["void_not_yet"] * 2


def test_a_void_in_course_is_not_asked_for_again(tenant: Tenant, pac: SandboxServer) -> None:
    document = authorised(tenant)
    asked(document)
    assert refusal_of(document) == "void_in_course"
    work_through(rounds=1)
    assert refusal_of(document) == "already_voided"


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        (" " * 10 + "x" * 14 + " " * 10, "void_reason_too_short"),
        ("x" * 1001, "void_reason_too_long"),
        ("", "void_reason_too_short"),
    ],
)
def test_a_reason_has_15_to_1000_characters_besides_blanks(tenant: Tenant, reason: str, code: str) -> None:
    document = authorised(tenant)
    assert refusal_of(document, reason) == code
    assert seen(document).void_status == VoidStatus.NONE


@pytest.mark.parametrize("length", [15, 1000])
def test_a_reason_at_the_border_is_sent_as_it_is(tenant: Tenant, pac: SandboxServer, length: int) -> None:
    document = authorised(tenant)
    services.void_invoice(document.uid, f" {'ñ' * length}\n", actor=None)
    work_through(rounds=1)
    assert seen(document).void_status == VoidStatus.VOIDED
    assert pac.authority.documents[document.document_id].void_reason == "ñ" * length


def test_the_window_is_182_hours_from_the_issue(tenant: Tenant, pac: SandboxServer) -> None:
    issued = timezone.now() - timedelta(hours=183)
    late = authorised(tenant, issue_date=issued.isoformat())
    with pytest.raises(VoidWindowClosed) as refused:
        asked(late)
    assert (refused.value.field, refused.value.deadline) == ("issue_date", late.void_deadline)
    assert seen(late).void_deadline == issued.replace(microsecond=0) + timedelta(hours=182)
    assert (late.legal_status, late.void_status, calls(pac)) == (LegalStatus.DGI_AUTHORIZED, "", 0)


def test_the_window_and_the_reason_are_refused_at_once(tenant: Tenant) -> None:
    late = authorised(tenant, issue_date=(timezone.now() - timedelta(hours=183)).isoformat())
    with pytest.raises(RuleBroken) as refused:
        services.void_invoice(late.uid, "corta", actor=None)
    assert [reason.code for reason in refused.value.reasons] == [
        "void_window_closed",
        "void_reason_too_short",
    ]


def test_the_hours_of_the_window_are_a_setting(tenant: Tenant, settings: Any) -> None:
    settings.PAC_VOID_WINDOW_HOURS = 1
    document = authorised(tenant, issue_date=(timezone.now() - timedelta(minutes=61)).isoformat())
    assert refusal_of(document) == "void_window_closed"


# The border of the window, second by second: no call after the deadline, no refusal inside


@pytest.mark.parametrize("seconds_left", [7200, 60, 5, 1, 0, -1, -2, -60, -3600, -7200])
@pytest.mark.parametrize("kind", ["INVOICE", "CREDIT"])
def test_the_window_is_kept_to_the_second(
    tenant: Tenant, pac: SandboxServer, kind: str, seconds_left: int
) -> None:
    document = authorised(tenant, external_id="SO-A")
    if kind == "CREDIT":
        document = a_note(tenant, "SO-A")
    assert document.void_deadline == document.issue_date + timedelta(hours=182)
    void = services.void_invoice if kind == "INVOICE" else services.void_credit
    moment = document.void_deadline - timedelta(seconds=seconds_left)
    with time_machine.travel(moment, tick=False):
        if seconds_left < 0:
            assert refusal_of(document) == "void_window_closed"
        else:
            void(document.uid, REASON, actor=None)
        voiding.void_due()
    inside = seconds_left >= 0
    assert seen(document).void_status == (VoidStatus.VOIDED if inside else VoidStatus.NONE)
    assert calls(pac) + calls(pac, "void_credit_note") == (1 if inside else 0)


@pytest.mark.parametrize("seconds_late", [-1, 0, 1, 60])
def test_a_void_asked_for_in_time_is_not_called_when_its_turn_comes_after_the_deadline(
    tenant: Tenant, pac: SandboxServer, seconds_late: int
) -> None:
    document = authorised(tenant)
    with time_machine.travel(document.void_deadline - timedelta(seconds=5), tick=False):
        asked(document)
    turn = document.void_deadline + timedelta(seconds=seconds_late)
    with time_machine.travel(turn, tick=False):
        voiding.void_due()
    outcome = (VoidStatus.REFUSED, 0) if seconds_late > 0 else (VoidStatus.VOIDED, 1)
    assert (seen(document).void_status, calls(pac)) == outcome


# Credit notes


def test_live_credit_notes_stand_in_the_way_and_are_named(tenant: Tenant, pac: SandboxServer) -> None:
    invoice = authorised(tenant, external_id="SO-A")
    note = a_note(tenant, "SO-A", lines=[line(quantity="1")], payments=[{"method": "02", "amount": "160.50"}])
    with pytest.raises(RuleBroken) as refused:
        asked(invoice)
    assert refused.value.code == "void_live_credits"
    assert note.number in refused.value.message
    services.void_credit(note.uid, REASON, actor=None)
    work_through(rounds=1)
    asked(invoice)
    work_through(rounds=1)
    assert (seen(note).void_status, seen(invoice).void_status) == ("VOIDED", "VOIDED")
    assert calls(pac, "void_credit_note") == 1


def test_a_note_in_flight_stands_in_the_way_and_a_rejected_one_does_not(
    tenant: Tenant, pac: SandboxServer
) -> None:
    invoice = authorised(tenant, external_id="SO-A")
    services.create_credit(credit_json(tenant, "SO-A", notes="RECHAZO-PAC", external_id="NC-A"), actor=None)
    assert refusal_of(invoice) == "void_live_credits"
    Document.objects.filter(external_id="NC-A").update(
        submission="REFUSED", legal_status="PAC_REJECTED", due_at=None
    )
    assert asked(invoice).void_status == VoidStatus.REQUESTED


def test_a_void_note_gives_its_amount_back(tenant: Tenant) -> None:
    invoice = authorised(tenant, external_id="SO-A")
    note = a_note(tenant, "SO-A", external_id="NC-A")
    assert settling.business(seen(invoice)).status is BusinessStatus.CANCELED
    with pytest.raises(RuleBroken):
        a_note(tenant, "SO-A", external_id="NC-B")
    services.void_credit(note.uid, REASON, actor=None)
    work_through(rounds=1)
    assert settling.business(seen(invoice)).status is BusinessStatus.PAID
    assert a_note(tenant, "SO-A", external_id="NC-B").legal_status == LegalStatus.DGI_AUTHORIZED


# What the provider answers: each row of the voiding paper, for invoices and for credit notes


@pytest.mark.parametrize("kind", ["INVOICE", "CREDIT"])
def test_each_failure_of_the_voiding_paper_on_either_kind(
    tenant: Tenant, pac: SandboxServer, kind: str
) -> None:
    operation = VOID if kind == "INVOICE" else "void_credit_note"
    void = services.void_invoice if kind == "INVOICE" else services.void_credit
    document = authorised(tenant, external_id="SO-A")
    if kind == "CREDIT":
        document = a_note(tenant, "SO-A")
    known_id = document.document_id
    rows = [
        ({"void_reason": "corta"}, {}, "reason"),
        ({}, {"void_window_hours": 0}, "nota de crédito"),
        ({"document_id": "01K9WRONG00000000000000000"}, {}, "pac_company_id"),
    ]
    for wrong, behaviour, words in rows:
        pac.behaviour.update({"void_window_hours": 182, **behaviour})
        void(document.uid, REASON, actor=None)
        Document.objects.filter(pk=document.pk).update(**wrong)
        voiding.void_due()
        assert seen(document).void_status == VoidStatus.REFUSED
        assert document.legal_status == LegalStatus.DGI_AUTHORIZED
        said = f"{document.void_answer['message']} {document.void_answer['provider']}"
        assert words in said
        Document.objects.filter(pk=document.pk).update(document_id=known_id)
    pac.behaviour.void_window_hours = 182
    for fault in ("drop_before", "500_before"):
        pac.faults.add(fault, operation)
    void(document.uid, REASON, actor=None)
    work_through()
    assert seen(document).void_status == VoidStatus.VOIDED
    assert calls(pac, operation) == len(rows) + 3


def test_outside_window_on_the_first_call_is_a_refusal(tenant: Tenant, pac: SandboxServer) -> None:
    document = authorised(tenant)
    pac.behaviour.void_window_hours = 0
    asked(document)
    work_through()
    assert (seen(document).void_status, document.void_due_at) == (VoidStatus.REFUSED, None)
    assert document.legal_status == LegalStatus.DGI_AUTHORIZED
    assert "nota de crédito" in document.void_answer["message"]
    assert document.void_answer["provider"] == "outside void window"
    assert calls(pac) == 1


def test_a_reason_that_is_too_short_for_the_provider_is_a_refusal(tenant: Tenant, pac: SandboxServer) -> None:
    document = authorised(tenant)
    asked(document)
    Document.objects.filter(pk=document.pk).update(void_reason="corta")
    work_through(rounds=1)
    assert (seen(document).void_status, document.legal_status) == (
        VoidStatus.REFUSED,
        LegalStatus.DGI_AUTHORIZED,
    )
    assert "reason" in document.void_answer["provider"]


def test_a_refused_void_may_be_asked_for_again_while_the_window_is_open(
    tenant: Tenant, pac: SandboxServer
) -> None:
    document = authorised(tenant)
    pac.behaviour.void_window_hours = 0
    asked(document)
    work_through(rounds=1)
    pac.behaviour.void_window_hours = 182
    asked(document)
    work_through(rounds=1)
    assert seen(document).void_status == VoidStatus.VOIDED
    turned_back(document, hours=1)
    Document.objects.filter(pk=document.pk).update(void_status=VoidStatus.REFUSED, voided_at=None)
    assert refusal_of(document) == "void_window_closed"


def test_a_document_that_the_provider_does_not_know_points_to_the_company(
    tenant: Tenant, pac: SandboxServer
) -> None:
    document = authorised(tenant)
    Document.objects.filter(pk=document.pk).update(document_id="01K9WRONG00000000000000000")
    asked(document)
    work_through()
    assert seen(document).void_status == VoidStatus.REFUSED
    assert "pac_company_id" in document.void_answer["message"]
    assert calls(pac) == 1


@pytest.mark.parametrize(
    "fault", ["timeout_after_commit", "drop_after_commit", "500_after", "malformed_json"]
)
def test_a_lost_answer_is_unknown_and_already_void_is_success(
    tenant: Tenant, pac: SandboxServer, fault: str
) -> None:
    document = authorised(tenant)
    pac.faults.add(fault, VOID)
    asked(document)
    voiding.void_due()
    assert (seen(document).void_status, document.voided_at) == (VoidStatus.UNKNOWN, None)
    assert settling.business(document).status is not BusinessStatus.VOID
    work_through()
    assert seen(document).void_status == VoidStatus.VOIDED
    assert document.void_answer["message"] == "Document already cancelled"
    outcomes = Attempt.objects.filter(document=document, act="VOID").values_list("outcome", flat=True)
    assert (sorted(outcomes), calls(pac)) == (["DONE", "UNKNOWN"], 2)


@pytest.mark.parametrize("fault", ["500_before", "drop_before", "timeout_before", "429"])
def test_what_was_not_done_is_called_again(tenant: Tenant, pac: SandboxServer, fault: str) -> None:
    document = authorised(tenant)
    pac.faults.add(fault, VOID)
    asked(document)
    work_through()
    assert (seen(document).void_status, calls(pac)) == (VoidStatus.VOIDED, 2)


def test_a_busy_provider_leaves_the_void_asked_for(tenant: Tenant, pac: SandboxServer) -> None:
    document = authorised(tenant)
    pac.faults.add("429", VOID, retry_after=90)
    asked(document)
    voiding.void_due()
    assert (seen(document).void_status, document.void_called_at) == (VoidStatus.REQUESTED, None)
    assert timedelta(seconds=80) < document.void_due_at - timezone.now() <= timedelta(seconds=90)


def test_an_unauthorised_answer_opens_an_incident_and_the_void_waits(
    tenant: Tenant, pac: SandboxServer
) -> None:
    document = authorised(tenant)
    pac.faults.add("401", VOID)
    asked(document)
    voiding.void_due()
    assert (seen(document).void_status, document.void_called_at) == (VoidStatus.REQUESTED, None)
    incident = Incident.objects.get(tenant=tenant)
    assert incident.http_status == 401
    assert (voiding.void_due(), calls(pac)) == (0, 1)
    incidents.release(incident, actor=None)
    assert (voiding.void_due(), calls(pac)) == (1, 2)
    assert seen(document).void_status == VoidStatus.VOIDED


# The deadline and the second call


def test_the_first_call_is_not_made_after_the_deadline(tenant: Tenant, pac: SandboxServer) -> None:
    document = authorised(tenant)
    asked(document)
    turned_back(document, hours=0.1)
    work_through()
    assert (seen(document).void_status, calls(pac)) == (VoidStatus.REFUSED, 0)
    assert "nota de crédito" in document.void_answer["message"]


def test_a_call_that_never_left_counts_as_none_after_the_deadline(
    tenant: Tenant, pac: SandboxServer, settings: Any
) -> None:
    document = authorised(tenant)
    asked(document)
    settings.PAC_SANDBOX_BASE_URL = "http://127.0.0.1:9/alanube"
    voiding.void_due()
    assert seen(document).void_status == VoidStatus.REQUESTED
    settings.PAC_SANDBOX_BASE_URL = pac.base_url
    turned_back(document, hours=0.1)
    work_through()
    assert (seen(document).void_status, calls(pac)) == (VoidStatus.REFUSED, 0)


def test_a_repeat_may_come_after_the_deadline(tenant: Tenant, pac: SandboxServer) -> None:
    document = authorised(tenant)
    pac.faults.add("drop_after_commit", VOID)
    asked(document)
    voiding.void_due()
    turned_back(document, hours=1)
    work_through()
    assert (seen(document).void_status, calls(pac)) == (VoidStatus.VOIDED, 2)


def test_outside_window_on_a_repeat_proves_nothing_and_goes_to_a_person(
    tenant: Tenant, pac: SandboxServer
) -> None:
    document = authorised(tenant)
    pac.faults.add("drop_after_commit", VOID)
    asked(document)
    voiding.void_due()
    pac.behaviour.update({"window_first": True, "void_window_hours": 0})
    work_through()
    assert (seen(document).void_status, document.void_due_at) == (VoidStatus.UNKNOWN, None)
    assert document.void_answer["provider"] == "outside void window"
    assert calls(pac) == 2
    assert refusal_of(document) == "void_in_course"


@pytest.mark.parametrize("fault", ["429", "401"])
def test_the_call_of_a_killed_worker_is_not_forgotten_when_the_repeat_was_not_done(
    tenant: Tenant, pac: SandboxServer, fault: str
) -> None:
    document = authorised(tenant)
    asked(document)
    assert voiding._claim(document)
    lose_the_workers()
    pac.authority.void(pac.authority.documents[document.document_id], REASON)
    pac.faults.add(fault, VOID)
    voiding.void_due()
    assert seen(document).void_status == VoidStatus.UNKNOWN
    turned_back(document, hours=1)
    work_through()
    assert seen(document).void_status == VoidStatus.VOIDED


def test_the_void_of_a_killed_worker_is_called_again(tenant: Tenant, pac: SandboxServer) -> None:
    document = authorised(tenant)
    asked(document)
    assert voiding._claim(document)
    assert voiding.void_due() == 0
    lose_the_workers()
    work_through()
    assert (seen(document).void_status, calls(pac)) == (VoidStatus.VOIDED, 1)


def test_a_suspended_company_still_voids(tenant: Tenant) -> None:
    document = authorised(tenant)
    Tenant.objects.update(state=Tenant.State.SUSPENDED)
    asked(document)
    work_through(rounds=1)
    assert seen(document).void_status == VoidStatus.VOIDED


def test_an_unknown_document_is_refused(tenant: Tenant) -> None:
    for name in (uuid.uuid4(), "no-uuid"):
        with pytest.raises(RuleBroken) as refused:
            services.void_invoice(name, REASON, actor=None)
        assert refused.value.code == "unknown_document"


# Several at once, which only PostgreSQL allows


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_void_that_several_people_ask_for_at_once_is_asked_for_once(tenant: Tenant) -> None:
    document = authorised(tenant)

    def ask() -> str:
        try:
            return asked(document).void_status
        except RuleBroken as error:
            return error.code

    assert sorted(at_once([ask] * 6)) == [VoidStatus.REQUESTED, *["void_in_course"] * 5]
    assert TimelineEvent.objects.filter(document_uid=document.uid, code="void_requested").count() == 1


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_several_workers_call_one_void_once(tenant: Tenant, pac: SandboxServer) -> None:
    documents = [authorised(tenant) for _ in range(3)]
    for document in documents:
        asked(document)
    assert sum(at_once([voiding.void_due] * 4)) == 3
    assert {seen(document).void_status for document in documents} == {VoidStatus.VOIDED}
    assert calls(pac) == 3


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_people_and_two_workers_over_one_document_make_one_void(
    tenant: Tenant, pac: SandboxServer
) -> None:
    people = [a_staff_member(tenant) for _ in range(2)]
    for _ in range(3):
        document, before = authorised(tenant), calls(pac)

        def ask(person: Staff, document: Document = document) -> str:
            try:
                return services.void_invoice(document.uid, REASON, actor=person).void_reason
            except RuleBroken as error:
                return error.code

        def work() -> str:
            return f"{voiding.void_due()} called"

        said = at_once([lambda: ask(people[0]), work, lambda: ask(people[1]), work])
        voiding.void_due()
        assert sorted(said)[2:] in ([REASON, "already_voided"], [REASON, "void_in_course"])
        assert seen(document).void_status == VoidStatus.VOIDED
        assert calls(pac) == before + 1
        told = TimelineEvent.objects.filter(document_uid=document.uid).values_list("code", flat=True)
        assert [code for code in told if "void" in code] == ["voided", "void_requested"]


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_void_and_a_credit_note_at_once_never_both_pass(tenant: Tenant) -> None:
    for serial in range(4):
        invoice = authorised(tenant, external_id=f"SO-{serial}")
        note = credit_json(tenant, invoice.external_id, external_id=f"NC-{serial}")

        def void(invoice: Document = invoice) -> str:
            try:
                return asked(invoice).void_status
            except RuleBroken as error:
                return error.code

        def credit(note: dict[str, Any] = note) -> str:
            try:
                return services.create_credit(note, actor=None).submission
            except RuleBroken as error:
                return error.code

        assert set(at_once([void, credit])) in (
            {VoidStatus.REQUESTED, "reference_void"},
            {"void_live_credits", "QUEUED"},
        )
