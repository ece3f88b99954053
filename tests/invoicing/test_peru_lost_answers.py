"""Fabo cannot be asked: what became of a lost answer is told by what SUNAT says of the same bytes sent again (domain 6)."""

import runpy
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from cifras.core import proposals
from cifras.core.models import Staff
from cifras.fiscal.errors import RuleBroken
from cifras.sandbox.peru.sunat import FACTURA, Comprobante, Taxpayer, new_id
from cifras.sandbox.server import SandboxServer
from cifras.settings import base
from invoicing.models import Document, Incident, TimelineEvent
from invoicing.services import create_invoice, incidents, queues, void_invoice
from invoicing.services.verdicts import Verdict, give_verdict
from tenants.models import Tenant
from tests.clockwork import make_everything_due, work_through
from tests.factories import a_staff_member
from tests.peru import a_company, factura_json

pytestmark = pytest.mark.django_db

REASON = "La consulta de la SUNAT lo muestra así"


@pytest.fixture
def fabo(pac: SandboxServer) -> Tenant:
    return a_company(pac)


@pytest.fixture
def staff(fabo: Tenant) -> tuple[Staff, Staff]:
    return a_staff_member(fabo), a_staff_member(fabo)


def settled(document: Document) -> Document:
    work_through(rounds=2)
    document.refresh_from_db()
    return document


def saying(tenant: Tenant, words: str) -> dict[str, Any]:
    data = factura_json(tenant)
    data["lines"][0]["description"] = words
    return data


def held_there(pac: SandboxServer, tenant: Tenant, number: int = 1) -> Comprobante:
    """Another sale under a number of ours, issued without us."""
    other = Comprobante(
        id=new_id("fabo_"),
        company_id=tenant.pac_company_id or "",
        document_type=FACTURA,
        series="F001",
        number=number,
        issued_at=timezone.now(),
        receiver_type="r",
        receiver_number="20131312955",
        receiver_name="Otro Cliente S.A.C.",
        currency="PEN",
        net=Decimal(50),
        igv=Decimal(9),
        total=Decimal(59),
    )
    return pac.sunat.register(other, [])


def a_real_one(tenant: Tenant) -> Taxpayer:
    """The company at the provider, its account in production."""
    return Taxpayer(tenant.pac_company_id or "", tenant.ruc, tenant.legal_name, "fabo", is_live=True)


def codes(document: Document) -> list[str]:
    return list(TimelineEvent.objects.filter(document_uid=document.uid).values_list("code", flat=True))


def decided(document: Document, verdict: Verdict, staff: tuple[Staff, Staff]) -> Document:
    """One proposes it with evidence, another one approves."""
    proposal = give_verdict(
        document.uid, verdict, reason=REASON, actor=staff[0], upload=ContentFile(b"%PDF-1.4\n%%EOF", "a.pdf")
    )
    assert proposal is not None
    proposals.approve(proposal, actor=staff[1])
    document.refresh_from_db()
    return document


def test_presented_before_proves_that_the_lost_answer_was_an_acceptance(
    pac: SandboxServer, fabo: Tenant
) -> None:
    pac.faults.add("drop_after_commit", "emitir")
    factura = settled(create_invoice(factura_json(fabo), actor=None))
    assert (factura.submission, factura.legal_status, factura.raw_legal_status) == (
        "ACCEPTED",
        "DGI_AUTHORIZED",
        "SUNAT 4000",
    )
    assert factura.document_id == f"prueba-{fabo.ruc}-01-F001-1"
    assert factura.authorized_at is not None
    assert "issued_before" in codes(factura)
    void_invoice(factura.uid, "Error de datos", actor=None)
    assert settled(factura).void_status == "VOIDED"


def test_presented_before_on_a_first_attempt_is_somebody_elses_until_persons_say_otherwise(
    pac: SandboxServer, fabo: Tenant, staff: tuple[Staff, Staff]
) -> None:
    create_invoice(factura_json(fabo), actor=None)
    queues.work_until_idle()
    office = fabo.offices.get()
    Document.objects.update(number="00000099", document_id="")
    office.number_series.update(next_number=1)
    again = settled(create_invoice(factura_json(fabo), actor=None))
    assert (again.submission, again.flag) == ("UNKNOWN", "CONFLICT")
    assert decided(again, Verdict.ADOPT, staff).document_id == f"prueba-{fabo.ruc}-01-F001-1"


@pytest.mark.parametrize(
    ("verdict", "outcome"),
    [
        (Verdict.ADOPT, ("ACCEPTED", "DGI_AUTHORIZED", "")),
        (Verdict.TAKEN, ("REFUSED", "PAC_REJECTED", "taken")),
        (Verdict.NEVER, ("REFUSED", "PAC_REJECTED", "rejected-not-consumed")),
    ],
)
def test_registered_with_other_data_is_decided_by_two_persons(
    pac: SandboxServer, fabo: Tenant, staff: tuple[Staff, Staff], verdict: Verdict, outcome: tuple[str, ...]
) -> None:
    pac.faults.add("drop_before", "emitir")
    factura = create_invoice(factura_json(fabo), actor=None)
    queues.work_until_idle()
    held_there(pac, fabo)
    assert (settled(factura).submission, factura.flag) == ("UNKNOWN", "CONFLICT")
    factura = decided(factura, verdict, staff)
    assert (factura.submission, factura.legal_status, factura.number_fate) == outcome
    assert bool(factura.document_id) is (verdict is Verdict.ADOPT)
    assert len(pac.sunat.of_company(fabo.pac_company_id or "")) == 1


def test_a_number_whose_document_was_rejected_is_never_adopted(
    pac: SandboxServer, fabo: Tenant, staff: tuple[Staff, Staff]
) -> None:
    pac.faults.add("drop_after_commit", "emitir")
    burnt = settled(create_invoice(saying(fabo, "SUNAT-2335"), actor=None))
    assert (burnt.submission, burnt.flag, burnt.legal_status) == ("UNKNOWN", "CONFLICT", "")
    with pytest.raises(RuleBroken) as refusal:
        give_verdict(burnt.uid, Verdict.ADOPT, reason=REASON, actor=staff[0])
    assert refusal.value.code == "adopt_rejected"
    assert decided(burnt, Verdict.TAKEN, staff).submission == "REFUSED"


@pytest.mark.parametrize("words", ["SUNAT-2335", "SUNAT-1001"])
def test_a_rejection_of_what_was_sent_again_says_nothing_about_the_first_attempt(
    pac: SandboxServer, fabo: Tenant, words: str
) -> None:
    pac.faults.add("drop_before", "emitir")
    factura = settled(create_invoice(saying(fabo, words), actor=None))
    assert (factura.submission, factura.legal_status, factura.due_at) == ("UNKNOWN", "", None)
    assert factura.problems[0]["code"] == words.removeprefix("SUNAT-")
    assert "refused_on_resend" in codes(factura)
    assert pac.journal.times_posted("1") == 2


def test_a_baja_in_course_is_asked_for_again_until_sunat_has_spoken(pac: SandboxServer, fabo: Tenant) -> None:
    factura = settled(create_invoice(factura_json(fabo), actor=None))
    void_invoice(factura.uid, "SUNAT-TICKET error de datos", actor=None)
    queues.work_until_idle()
    factura.refresh_from_db()
    assert (factura.void_status, factura.is_voided) == ("UNKNOWN", False)
    assert factura.void_due_at is not None
    assert "void_in_course" in codes(factura)
    make_everything_due()
    queues.work_until_idle()
    factura.refresh_from_db()
    assert factura.is_voided
    assert len(pac.journal.requests("baja")) == 2


def test_a_baja_that_stays_in_course_for_hours_waits_for_a_person(pac: SandboxServer, fabo: Tenant) -> None:
    factura = settled(create_invoice(factura_json(fabo), actor=None))
    void_invoice(factura.uid, "SUNAT-TICKET error de datos", actor=None)
    Document.objects.filter(pk=factura.pk).update(void_attempts=49)
    queues.work_until_idle()
    factura.refresh_from_db()
    assert (factura.void_status, factura.void_due_at) == ("UNKNOWN", None)


def test_persons_may_settle_a_baja_in_course(
    pac: SandboxServer, fabo: Tenant, staff: tuple[Staff, Staff]
) -> None:
    factura = settled(create_invoice(factura_json(fabo), actor=None))
    void_invoice(factura.uid, "SUNAT-TICKET error de datos", actor=None)
    queues.work_until_idle()
    assert decided(factura, Verdict.VOID_NOT_DONE, staff).void_status == "REFUSED"


def test_a_live_company_whose_address_leads_to_practice_issues_nothing(
    pac: SandboxServer, fabo: Tenant
) -> None:
    Tenant.objects.filter(pk=fabo.pk).update(environment="live", may_issue_live=True)
    factura = settled(create_invoice(factura_json(fabo), actor=None))
    assert (factura.submission, factura.held_reason) == ("QUEUED", "wrong_environment")
    incident = Incident.objects.get(tenant=fabo, released_at=None)
    assert incident.code == "wrong_environment"

    pac.sunat.reset()
    pac.sunat.save(a_real_one(fabo))
    incidents.release(incident, actor=None)
    assert settled(factura).document_id == f"{fabo.ruc}-01-F001-1"


def test_a_company_that_practises_is_told_when_nothing_says_that_its_document_is_one_of_practice(
    pac: SandboxServer, fabo: Tenant
) -> None:
    pac.sunat.save(a_real_one(fabo))
    factura = settled(create_invoice(factura_json(fabo), actor=None))
    assert (factura.document_id, factura.legal_status) == (f"{fabo.ruc}-01-F001-1", "DGI_AUTHORIZED")
    assert [each["code"] for each in factura.problems] == ["unmarked_practice"]
    assert pac.journal.times_posted("1") == 1


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("", "https://api-testing.fabo.dev/v1"),
        ("https://api.fabo.dev/v1/", "https://api-testing.fabo.dev/v1"),
        ("http://127.0.0.1:9/v1", "http://127.0.0.1:9/v1"),
    ],
)
def test_nobody_practises_at_the_address_that_issues_for_good(
    monkeypatch: pytest.MonkeyPatch, given: str, address: str
) -> None:
    monkeypatch.setenv("FABO_BASE_URL", given)
    monkeypatch.setenv("FABO_PRACTICE_BASE_URL", "")
    assert runpy.run_path(base.__file__)["FABO_PRACTICE_BASE_URL"] == address


def test_a_company_that_practises_has_the_practice_address_by_default(
    pac: SandboxServer, fabo: Tenant, settings: Any
) -> None:
    settings.FABO_BASE_URL = "http://127.0.0.1:9/v1"
    settings.FABO_PRACTICE_BASE_URL = f"{pac.root_url}/fabo/v1"
    Tenant.objects.filter(pk=fabo.pk).update(pac_base_url="")
    factura = settled(create_invoice(factura_json(fabo), actor=None))
    assert factura.legal_status == "DGI_AUTHORIZED"
    assert len(pac.journal.requests("emitir")) == 1
