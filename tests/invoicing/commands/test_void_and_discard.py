"""`manage.py void` and `manage.py discard`: which document is meant, what comes of it, and the exit code."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from cifras.sandbox.server import SandboxServer
from invoicing import services
from invoicing.models import Document
from tenants.models import Tenant
from tests.clockwork import work_through
from tests.factories import a_tenant, contribuyente, credit_json, invoice_json
from tests.terminal import Ended

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("impatient")]

Manage = Callable[..., Ended]
REASON = "Factura emitida con datos equivocados"


@pytest.fixture
def tenant(pac: SandboxServer) -> Tenant:
    return a_tenant()


def authorised(tenant: Tenant, **changes: Any) -> Document:
    document = services.create_invoice(invoice_json(tenant, **changes), actor=None)
    work_through(rounds=1)
    document.refresh_from_db()
    assert document.legal_status == "DGI_AUTHORIZED"
    return document


# Which document is meant


@pytest.mark.parametrize("member", ["uid", "cufe", "external_id"])
def test_a_document_is_named_by_our_id_its_cufe_or_its_external_id(
    tenant: Tenant, manage: Manage, member: str
) -> None:
    document = authorised(tenant, external_id="SO/2026 «uno»")
    voided = manage("void", str(getattr(document, member)), "--reason", REASON)
    assert (voided.code, voided.line["id"]) == (0, str(document.uid))


def test_an_external_id_may_look_like_an_id_of_ours(tenant: Tenant, manage: Manage) -> None:
    document = authorised(tenant, external_id="00000000-0000-4000-8000-000000000000")
    assert manage("void", document.external_id, "--reason", REASON).line["id"] == str(document.uid)


def test_an_ambiguous_external_id_is_refused_until_company_and_kind_are_told(
    tenant: Tenant, manage: Manage
) -> None:
    other = a_tenant()
    wanted = authorised(tenant, external_id="SO-A")
    authorised(other, external_id="SO-A")
    note = services.create_credit(credit_json(tenant, "SO-A", external_id="SO-A"), actor=None)
    refused = manage("void", "SO-A", "--reason", REASON)
    assert (refused.code, refused.error_codes) == (1, ["ambiguous_document"])
    company = ["--tenant", tenant.pac_company_id]
    assert manage("void", "SO-A", "--reason", REASON, *company).error_codes == ["ambiguous_document"]
    services.discard_document(note.uid, actor=None)
    by_our_id = ["--tenant", str(tenant.uid), "--kind", "INVOICE"]
    assert manage("void", "SO-A", "--reason", REASON, *by_our_id).line["id"] == str(wanted.uid)


@pytest.mark.parametrize("name", ["SO-NONE", "", str(uuid.UUID(int=7)), "FE" + "0" * 64])
@pytest.mark.parametrize("command", [("void", "--reason", REASON), ("discard",)])
def test_an_unknown_document_is_refused(
    tenant: Tenant, manage: Manage, name: str, command: tuple[str, ...]
) -> None:
    authorised(tenant, external_id="")
    refused = manage(command[0], name, *command[1:])
    assert (refused.code, refused.error_codes) == (1, ["unknown_document"])
    assert refused.line["errors"][0]["message"] in refused.err


def test_an_unknown_company_is_refused(tenant: Tenant, manage: Manage) -> None:
    refused = manage("void", "SO-A", "--reason", REASON, "--tenant", "nobody")
    assert (refused.code, refused.line["errors"][0]["field"]) == (1, "tenant")


# Void


def test_a_void_is_done_once_it_is_asked_for_and_carried_out_by_the_workers(
    tenant: Tenant, manage: Manage, pac: SandboxServer
) -> None:
    document = authorised(tenant)
    asked = manage("void", str(document.uid), "--reason", f"  {REASON}  ")
    assert (asked.code, asked.err, asked.line["void_status"]) == (0, "", "REQUESTED")
    assert pac.journal.requests("void_invoice") == []
    work_through(rounds=1)
    [request] = pac.journal.requests("void_invoice")
    assert request.body == {"reason": REASON}
    document.refresh_from_db()
    assert document.void_status == "VOIDED"


def test_waiting_for_a_void_tells_that_it_is_void(tenant: Tenant, manage: Manage) -> None:
    document = authorised(tenant)
    voided = manage("void", str(document.uid), "--reason", REASON, "--wait", "30")
    assert (voided.code, voided.line["void_status"], voided.line["business_status"]) == (0, "VOIDED", "VOID")
    again = manage("void", str(document.uid), "--reason", REASON, "--wait", "30")
    assert (again.code, again.error_codes) == (1, ["already_voided"])


def test_a_credit_note_is_voided_by_the_same_command(
    tenant: Tenant, manage: Manage, pac: SandboxServer
) -> None:
    authorised(tenant, external_id="SO-A")
    note = services.create_credit(credit_json(tenant, "SO-A", external_id="NC-A"), actor=None)
    work_through(rounds=1)
    voided = manage("void", "NC-A", "--reason", REASON, "--wait", "30")
    assert (voided.code, voided.line["id"], voided.line["kind"]) == (0, str(note.uid), "CREDIT")
    assert len(pac.journal.requests("void_credit_note")) == 1


def test_what_the_provider_refuses_is_told_in_its_words(
    tenant: Tenant, manage: Manage, pac: SandboxServer
) -> None:
    document = authorised(tenant)
    pac.behaviour.void_window_hours = 0
    refused = manage("void", str(document.uid), "--reason", REASON, "--wait", "30")
    assert (refused.code, refused.line["void_status"]) == (1, "REFUSED")
    assert refused.error_codes == ["void_refused"]
    assert "outside void window" in refused.err
    assert refused.line["legal_status"] == "DGI_AUTHORIZED"


def test_a_void_in_doubt_is_incomplete(tenant: Tenant, manage: Manage, pac: SandboxServer) -> None:
    document = authorised(tenant)
    pac.faults.add("timeout_after_commit", "void_invoice", times=None)
    unsure = manage("void", str(document.uid), "--reason", REASON, "--wait", "0.2")
    assert (unsure.code, unsure.line["void_status"]) == (1, "UNKNOWN")
    assert "sin confirmar" in unsure.err


@pytest.mark.parametrize(
    ("reason", "code"), [("x" * 14, "void_reason_too_short"), ("x" * 1001, "void_reason_too_long")]
)
def test_a_reason_has_15_to_1000_characters(tenant: Tenant, manage: Manage, reason: str, code: str) -> None:
    document = authorised(tenant)
    refused = manage("void", str(document.uid), "--reason", reason)
    assert (refused.code, refused.error_codes) == (1, [code])
    assert refused.line["errors"][0]["field"] == "reason"
    document.refresh_from_db()
    assert (document.void_status, document.void_reason) == ("", "")


def test_a_void_is_refused_once_182_hours_have_passed(
    tenant: Tenant, manage: Manage, pac: SandboxServer
) -> None:
    now = timezone.now()
    late = authorised(tenant, issue_date=(now - timedelta(hours=182, seconds=5)).isoformat())
    in_time = authorised(tenant, issue_date=(now - timedelta(hours=181, minutes=58)).isoformat())
    refused = manage("void", str(late.uid), "--reason", REASON)
    assert (refused.code, refused.error_codes) == (1, ["void_window_closed"])
    assert refused.line["errors"][0]["field"] == "issue_date"
    assert "nota de crédito" in refused.err
    assert manage("void", str(in_time.uid), "--reason", REASON, "--wait", "30").code == 0
    assert len(pac.journal.requests("void_invoice")) == 1


# Discard


@pytest.mark.parametrize("changes", [{"draft": True}, {"mode": "PROFORM"}, {}])
def test_what_never_left_is_discarded(tenant: Tenant, manage: Manage, changes: dict[str, Any]) -> None:
    document = services.create_invoice(invoice_json(tenant, **changes), actor=None)
    discarded = manage("discard", document.external_id, "--reason", "El cliente desistió")
    assert (discarded.code, discarded.line["submission"]) == (0, "DISCARDED")
    assert discarded.line["business_status"] == "CANCELED"
    assert manage("discard", document.external_id).line == discarded.line
    refused = manage("void", str(document.uid), "--reason", REASON)
    assert refused.code == 1


def test_what_the_provider_refused_is_discarded(tenant: Tenant, manage: Manage) -> None:
    receiver = contribuyente(name="RECHAZO-PAC, S.A.")
    document = services.create_invoice(invoice_json(tenant, receiver=receiver), actor=None)
    work_through(rounds=1)
    assert manage("discard", str(document.uid)).code == 0


@pytest.mark.parametrize(
    ("state", "code"), [("authorised", "discard_authorized"), ("unknown", "discard_may_become_legal")]
)
def test_what_is_or_may_become_legal_is_not_discarded(
    tenant: Tenant, manage: Manage, pac: SandboxServer, state: str, code: str
) -> None:
    if state == "unknown":
        pac.faults.add("drop_after_commit", "create_invoice")
        pac.behaviour.list_status = 404
    document = services.create_invoice(invoice_json(tenant), actor=None)
    work_through(rounds=1)
    refused = manage("discard", str(document.uid))
    assert (refused.code, refused.error_codes) == (1, [code])
    assert refused.line["errors"][0]["message"] in refused.err
