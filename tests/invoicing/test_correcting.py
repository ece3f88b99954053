"""Mending what was issued: the original loses its effect, the replacement waits for that, the money goes along."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from cifras.fiscal.errors import RuleBroken
from cifras.sandbox.server import SandboxServer
from invoicing import services
from invoicing.models import Correction, Document
from invoicing.services import correcting, preflight, settling
from tenants.models import Tenant
from tests.clockwork import work_through
from tests.factories import a_staff_member, a_tenant, invoice_json, line
from tests.invoicing.test_returning import rows
from tests.invoicing.test_settling import HALF, a_note, authorised, is_as_recomputed, seen

pytestmark = pytest.mark.django_db

REASON = "Datos del receptor incorrectos"


@pytest.fixture
def tenant(pac: SandboxServer) -> Tenant:
    return a_tenant()


def an_old_one(tenant: Tenant, **changes: Any) -> Document:
    """Authorised, its void window closed."""
    issued = timezone.localtime() - timedelta(hours=183)
    return authorised(tenant, issue_date=issued.isoformat(), **changes)


def start(document: Document, **changes: Any) -> Correction:
    return services.start_correction(document.uid, **{"reason": REASON, "actor": None, **changes})


def anew(correction: Correction) -> Correction:
    return correcting.get_correction(correction.uid, actor=None)


def mend(correction: Correction) -> Document:
    draft = anew(correction).replacement
    assert draft is not None
    data = invoice_json(draft.tenant, external_id=draft.external_id, notes="Corregida", draft=True)
    return services.update_invoice(draft.uid, data, actor=None)


def test_inside_the_window_the_original_is_voided_and_only_then_the_new_one_is_issued(
    tenant: Tenant, pac: SandboxServer
) -> None:
    original = authorised(tenant)
    correction = start(original, money="move", issues_itself=True)
    draft = mend(correction)
    assert (correction.way, draft.replaces, seen(original).void_status) == ("VOID", original, "REQUESTED")
    assert not seen(original).is_superseded
    with pytest.raises(RuleBroken) as early:
        services.generate_invoice(draft.uid, actor=None)
    assert early.value.code == "replaced_still_stands"
    work_through(rounds=2)
    assert [seen(original).void_status, seen(draft).legal_status] == ["VOIDED", "DGI_AUTHORIZED"]
    assert (seen(draft).external_id, seen(original).is_superseded) == (original.external_id, True)
    assert [seen(draft).number, rows(draft), rows(original)[-1]] == [
        "0000000002",
        [("ADVANCE", "321.00")],
        ("REFUND", "321.00"),
    ]
    assert anew(correction).state == "DONE"
    calls = [request.operation for request in pac.journal.requests()]
    assert calls.index("void_invoice") < len(calls) - 1 - calls[::-1].index("create_invoice")
    assert is_as_recomputed(original)
    assert is_as_recomputed(draft)


def test_without_being_asked_to_issue_it_the_draft_waits_ready_for_a_person(tenant: Tenant) -> None:
    original = authorised(tenant)
    correction = start(original)
    draft = mend(correction)
    work_through(rounds=1)
    assert (seen(original).void_status, seen(draft).submission) == ("VOIDED", "DRAFT")
    assert preflight.check(seen(draft)) == []
    services.generate_invoice(draft.uid, actor=None)
    work_through(rounds=1)
    assert anew(correction).state == "DONE"


def test_outside_the_window_a_note_over_the_rest_comes_first(tenant: Tenant, pac: SandboxServer) -> None:
    original = an_old_one(tenant, lines=[line(quantity="3")], payments=[{"method": "02", "amount": "481.50"}])
    a_note(tenant, original, **HALF)
    correction = start(original, money="move", issues_itself=True)
    note, draft = correction.credit, mend(correction)
    assert note is not None
    assert (correction.way, f"{note.total:.2f}", note.notes) == ("CREDIT", "321.00", REASON)
    assert seen(note).receiver_data == original.receiver_data
    assert seen(draft).submission == "DRAFT"
    work_through(rounds=2)
    assert (seen(note).legal_status, seen(draft).legal_status) == ("DGI_AUTHORIZED", "DGI_AUTHORIZED")
    assert settling.business(seen(original)).status == "CANCELED"
    assert (rows(draft), settling.business(seen(original)).refund_due) == ([("ADVANCE", "481.50")], 0)
    assert anew(correction).state == "DONE"
    assert not pac.journal.requests("void_invoice")


def test_a_refused_void_is_seen_tried_again_or_stopped(tenant: Tenant, pac: SandboxServer) -> None:
    original = authorised(tenant)
    correction = start(original, issues_itself=True)
    pac.behaviour.void_window_hours = 0
    work_through(rounds=1)
    obstacle = correcting.obstacle_of(anew(correction))
    assert obstacle is not None
    assert (obstacle.code, anew(correction).state) == ("void_refused", "OPEN")
    assert seen(anew(correction).replacement).submission == "DRAFT"
    pac.behaviour.void_window_hours = 182
    correcting.try_again(correction.uid, actor=None)
    assert seen(original).void_status == "REQUESTED"
    work_through(rounds=2)
    assert seen(original).void_status == "VOIDED"


def test_where_the_window_has_closed_meanwhile_trying_again_issues_the_note(
    tenant: Tenant, pac: SandboxServer, settings: Any
) -> None:
    original = authorised(tenant)
    correction = start(original)
    pac.behaviour.void_window_hours = 0
    work_through(rounds=1)
    settings.PAC_VOID_WINDOW_HOURS = 0
    assert correcting.try_again(correction.uid, actor=None).way == "CREDIT"
    work_through(rounds=1)
    assert settling.business(seen(original)).status == "CANCELED"


def test_a_stopped_correction_leaves_the_original_free_for_another(
    tenant: Tenant, pac: SandboxServer
) -> None:
    original = authorised(tenant)
    correction = start(original)
    assert start(original) == correction, "one at a time"
    pac.behaviour.void_window_hours = 0
    work_through(rounds=1)
    with pytest.raises(RuleBroken) as silent:
        services.stop_correction(correction.uid, reason=" ", actor=None)
    assert silent.value.field == "reason"
    services.stop_correction(correction.uid, reason="El cliente la acepta así", actor=None)
    stopped = anew(correction)
    assert (stopped.state, stopped.replacement.submission) == ("STOPPED", "DISCARDED")
    pac.behaviour.void_window_hours = 182
    second = start(original)
    assert second != correction
    with pytest.raises(RuleBroken) as late:
        services.stop_correction(correction.uid, reason="otra vez", actor=None)
    assert late.value.code == "correction_over"


def test_what_stands_in_the_way_of_issuing_it_is_kept_for_the_person(tenant: Tenant) -> None:
    original = authorised(tenant)
    correction = start(original, issues_itself=True)
    office = tenant.offices.get()
    office.closed_at = timezone.now()
    office.save()
    work_through(rounds=1)
    held = anew(correction)
    assert [problem["code"] for problem in held.problems] == ["office_closed"]
    assert held.due_at is None
    office.closed_at = None
    office.save()
    correcting.try_again(correction.uid, actor=None)
    work_through(rounds=1)
    assert anew(correction).state == "DONE"


def test_a_discarded_draft_is_made_anew(tenant: Tenant) -> None:
    original = authorised(tenant)
    correction = start(original)
    services.discard_document(anew(correction).replacement.uid, actor=None)
    work_through(rounds=1)
    obstacle = correcting.obstacle_of(anew(correction))
    assert obstacle is not None
    assert obstacle.code == "draft_gone"
    again = correcting.try_again(correction.uid, actor=None).replacement
    assert again is not None
    assert (again.submission, again.replaces) == ("DRAFT", original)
    services.generate_invoice(again.uid, actor=None)
    work_through(rounds=1)
    assert (anew(correction).state, seen(again).external_id) == ("DONE", original.external_id)


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"draft": True}, "void_never_sent"), ({"mode": "PROFORM"}, "void_proforma")],
)
def test_what_was_never_issued_is_not_corrected(tenant: Tenant, changes: dict[str, Any], code: str) -> None:
    document = services.create_invoice(invoice_json(tenant, **changes), actor=None)
    with pytest.raises(RuleBroken) as refused:
        start(document)
    assert refused.value.code == code
    assert not Correction.objects.exists()
    assert Document.objects.count() == 1


def test_a_bad_reason_or_live_notes_leave_nothing_behind(tenant: Tenant) -> None:
    document, old = authorised(tenant), an_old_one(tenant)
    credited = authorised(tenant)
    a_note(tenant, credited, **HALF)
    for each, reason, code in (
        (document, "corto", "void_reason_too_short"),
        (old, "corto", "void_reason_too_short"),
        (credited, REASON, "void_live_credits"),
    ):
        with pytest.raises(RuleBroken) as refused:
            start(each, reason=reason)
        assert refused.value.code == code
    assert not Correction.objects.exists()
    assert not Document.objects.filter(submission__in=["DRAFT", "QUEUED"]).exists()


def test_whoever_lost_the_tenant_does_not_go_on(tenant: Tenant) -> None:
    person = a_staff_member(tenant)
    correction = start(authorised(tenant), actor=person, issues_itself=True)
    person.grants.all().delete()
    work_through(rounds=1)
    assert [problem["code"] for problem in anew(correction).problems] == ["unknown_document"]
    with pytest.raises(RuleBroken):
        correcting.get_correction(correction.uid, actor=person)
