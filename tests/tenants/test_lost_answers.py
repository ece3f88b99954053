"""Whatever becomes of an answer: one company, one office of each code, and a person knows what is in doubt."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from cifras.pac.errors import Outcome, PacError
from cifras.sandbox.journal import Posting
from cifras.sandbox.server import SandboxServer
from cifras.sandbox.web import Dialect, Request, Response
from tenants.models import Office, Onboarding
from tenants.services import StepState, advance, last_try, pending_steps
from tests.onboarding import begun, office_json

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("impatient")]

AFTER_THE_DEED = ["drop_after_commit", "500_after", "408_after", "malformed_json", "timeout_after_commit"]


def reload(onboarding: Onboarding) -> Onboarding:
    return Onboarding.objects.select_related("tenant").get(pk=onboarding.pk)


def repeat(onboarding: Onboarding, **inputs: Any) -> list[Any]:
    return list(advance(reload(onboarding), actor=None, inputs=inputs))


def codes_pending(onboarding: Onboarding) -> list[str]:
    return [each.code for each in pending_steps(reload(onboarding).tenant)]


def posts(pac: SandboxServer, operation: str) -> int:
    return len(pac.journal.requests(operation))


@pytest.mark.parametrize("fault", AFTER_THE_DEED)
def test_a_lost_answer_about_the_company_is_asked_about_and_no_second_one_is_made(
    pac: SandboxServer, fault: str
) -> None:
    onboarding = begun()
    pac.faults.add(fault, "create_company")
    [error] = advance(onboarding, actor=None)
    assert isinstance(error, PacError)
    assert error.outcome is Outcome.UNKNOWN
    assert reload(onboarding).company_unknown
    assert last_try(reload(onboarding), "create_company").state is StepState.UNKNOWN
    assert "company_unknown" in codes_pending(onboarding)

    assert repeat(onboarding) == []
    assert codes_pending(onboarding) == []
    assert (len(pac.authority.companies), posts(pac, "create_company")) == (1, 1)
    settled = reload(onboarding)
    assert not settled.company_unknown
    assert settled.tenant.pac_company_id in pac.authority.companies
    assert settled.tenant.certificates.get().accepted_at is not None


@pytest.mark.parametrize("which", ["0001", "0002"])
@pytest.mark.parametrize("fault", AFTER_THE_DEED)
def test_a_lost_answer_about_an_office_is_asked_about_and_no_second_one_is_made(
    pac: SandboxServer, fault: str, which: str
) -> None:
    onboarding = begun(offices=[office_json(), office_json("0002", type="associated")])
    pac.faults.add(fault, "create_office", skip=int(which) - 1)
    advance(onboarding, actor=None)
    registrations = dict(Office.objects.values_list("code", "registration"))
    done, unknown, pending = (
        Office.Registration.DONE,
        Office.Registration.UNKNOWN,
        Office.Registration.PENDING,
    )
    assert registrations == (
        {"0001": unknown, "0002": pending} if which == "0001" else {"0001": done, "0002": unknown}
    )
    assert "office_unknown" in codes_pending(onboarding)

    assert repeat(onboarding) == []
    assert codes_pending(onboarding) == []
    assert [office.code for office in pac.authority.offices.values()] == ["0001", "0002"]
    assert posts(pac, "create_office") == 2


@pytest.mark.parametrize("which", ["3", "1"])
@pytest.mark.parametrize("fault", AFTER_THE_DEED)
def test_a_lost_answer_about_the_affiliation_is_no_harm(pac: SandboxServer, fault: str, which: str) -> None:
    onboarding = begun()
    pac.faults.add(fault, "affiliate_company", skip=0 if which == "3" else 1)
    advance(onboarding, actor=None)
    repeat(onboarding)
    assert codes_pending(onboarding) == []
    assert reload(onboarding).tenant.affiliated == "SUBSCRIBED"
    assert (len(pac.authority.companies), len(pac.authority.offices)) == (1, 1)


def require_pending_steps_true(onboarding: Onboarding, pac: SandboxServer) -> None:
    """What is said to be pending and what is not, against what the provider holds."""
    tenant = reload(onboarding).tenant
    said = {each.step for each in pending_steps(tenant)}
    companies = list(pac.authority.companies.values())
    assert ("create_company" in said) == (tenant.pac_company_id is None)
    assert tenant.pac_company_id in {None, *(company.id for company in companies)}
    assert ("finish_affiliation" in said) == (not tenant.may_issue_live)
    assert not tenant.may_issue_live or companies[0].may_issue
    there = {office.code: office.id for office in pac.authority.offices.values()}
    registered = {office.code: office.pac_office_id for office in tenant.offices.exclude(pac_office_id="")}
    assert registered.items() <= there.items()
    assert ("register_offices" in said) == (len(registered) < tenant.offices.count())


@pytest.mark.parametrize("by_patch", [False, True], ids=["posted", "patched"])
def test_with_every_answer_lost_once_there_is_one_company_and_one_office_of_each_code(
    pac: SandboxServer, *, by_patch: bool
) -> None:
    pac.behaviour.main_office_by_patch = by_patch
    codes = ["0001", "0002", "0003"]
    types = ["main", "associated", "associated"]
    onboarding = begun(
        offices=[office_json(code, type=type_) for code, type_ in zip(codes, types, strict=True)]
    )
    fault = "drop_after_commit"
    pac.faults.add(fault, "create_company")
    pac.faults.add(fault, "affiliate_company")  # type 3, which is then repeated
    pac.faults.add(fault, "affiliate_company", skip=1)  # type 1
    pac.faults.add(fault, "update_main_office")
    pac.faults.add(fault, "create_office", times=2 if by_patch else 3, skip=1 if by_patch else 0)
    require_pending_steps_true(onboarding, pac)
    for _ in range(8):
        repeat(onboarding)
        require_pending_steps_true(onboarding, pac)
    assert codes_pending(onboarding) == []
    assert len(pac.authority.companies) == 1
    assert sorted(office.code for office in pac.authority.offices.values()) == codes
    assert posts(pac, "create_company") == 1


@pytest.mark.parametrize("operation", ["list_companies", "get_company", "list_offices"])
def test_a_look_up_that_fails_leaves_nothing_in_doubt(pac: SandboxServer, operation: str) -> None:
    onboarding = begun()
    pac.faults.add("500_before", operation, times=2)
    assert advance(onboarding, actor=None)
    assert not reload(onboarding).company_unknown
    assert not Office.objects.filter(registration=Office.Registration.UNKNOWN).exists()
    assert repeat(onboarding) == []
    assert codes_pending(onboarding) == []


def test_a_company_the_provider_does_not_show_yet_is_not_created_again_at_once(
    pac: SandboxServer, settings: Any
) -> None:
    settings.PAC_RESEND_AFTER = 120
    onboarding = begun()
    pac.faults.add("500_before", "create_company")
    advance(onboarding, actor=None)
    assert repeat(onboarding) == []
    assert posts(pac, "create_company") == 1
    assert last_try(reload(onboarding), "create_company").state is StepState.UNKNOWN
    assert "minutos" in last_try(reload(onboarding), "create_company").sentences[0]

    earlier = (timezone.now() - timedelta(seconds=121)).isoformat()
    Onboarding.objects.update(data={"requested_at": {"company": earlier}})
    assert repeat(onboarding) == []
    assert codes_pending(onboarding) == []
    assert (len(pac.authority.companies), posts(pac, "create_company")) == (1, 2)


def test_an_office_the_provider_does_not_show_yet_is_not_registered_again_at_once(
    pac: SandboxServer, settings: Any
) -> None:
    settings.PAC_RESEND_AFTER = 120
    onboarding = begun()
    pac.faults.add("500_before", "create_office")
    advance(onboarding, actor=None)
    assert repeat(onboarding) == []
    assert posts(pac, "create_office") == 1
    assert last_try(reload(onboarding), "register_offices").state is StepState.UNKNOWN

    settings.PAC_RESEND_AFTER = 0
    assert repeat(onboarding) == []
    assert codes_pending(onboarding) == []
    assert (len(pac.authority.offices), posts(pac, "create_office")) == (1, 2)


def test_a_worker_killed_while_it_waited_for_the_answer_leaves_the_doubt_behind(pac: SandboxServer) -> None:
    onboarding = begun()
    company = pac.authority.add_company(ruc=onboarding.tenant.ruc, name="Creada", affiliated=None)
    mark = {**onboarding.steps["certificate"], "state": "running", "at": "2020-01-01T00:00:00+00:00"}
    Onboarding.objects.update(company_unknown=True, steps={"create_company": mark})
    repeat(onboarding)
    settled = reload(onboarding)
    assert settled.tenant.pac_company_id == company.id
    assert settled.tenant.certificates.get().accepted_at is not None
    assert posts(pac, "create_company") == 0


@dataclass
class WithoutLists:
    """The practice PAC as one that shows neither companies nor offices."""

    inside: Dialect
    prefix: str = "/alanube"

    def operation(self, request: Request) -> str:
        return self.inside.operation(request)

    def posting(self, request: Request) -> Posting | None:
        return self.inside.posting(request)

    def answer(self, request: Request) -> Response:
        if self.operation(request) in {"list_companies", "list_offices"}:
            return Response(404, {"code": 404, "message": "Cannot GET"})
        return self.inside.answer(request)


@pytest.fixture
def silent_pac(pac: SandboxServer) -> Iterator[SandboxServer]:
    """`pac`, where nobody can ask what exists."""
    pac.dialects.insert(0, WithoutLists(pac.dialects[0]))
    yield pac
    del pac.dialects[0]


def test_a_provider_without_lists_serves_as_long_as_no_answer_is_lost(silent_pac: SandboxServer) -> None:
    onboarding = begun()
    assert advance(onboarding, actor=None) == []
    assert codes_pending(onboarding) == []


def test_where_nobody_can_be_asked_a_lost_company_waits_for_a_person(silent_pac: SandboxServer) -> None:
    onboarding = begun()
    silent_pac.faults.add("drop_after_commit", "create_company")
    advance(onboarding, actor=None)
    for _ in range(2):
        assert repeat(onboarding) == []
        assert posts(silent_pac, "create_company") == 1
    assert "portal" in last_try(reload(onboarding), "create_company").sentences[0]

    [company] = silent_pac.authority.companies.values()
    assert repeat(onboarding, create_company={"company_id": company.id}) == []
    assert reload(onboarding).tenant.pac_company_id == company.id
    assert codes_pending(onboarding) == []


def test_a_person_who_knows_that_there_is_no_company_may_have_it_created(silent_pac: SandboxServer) -> None:
    onboarding = begun()
    silent_pac.faults.add("500_before", "create_company")
    advance(onboarding, actor=None)
    [refused] = repeat(onboarding, create_company={"absent_because": "no está"})
    assert refused.code == "reason_too_short"
    sure = {"absent_because": "Se buscó el RUC en el portal y no aparece"}
    assert repeat(onboarding, create_company=sure) == []
    assert codes_pending(onboarding) == []


def test_where_nobody_can_be_asked_a_lost_office_waits_for_a_person(silent_pac: SandboxServer) -> None:
    onboarding = begun()
    silent_pac.faults.add("500_before", "create_office")
    advance(onboarding, actor=None)
    assert repeat(onboarding) == []
    assert posts(silent_pac, "create_office") == 1
    assert "portal" in last_try(reload(onboarding), "register_offices").sentences[0]
    sure = {"absent_because": "Se buscó la sucursal en el portal y no aparece"}
    assert repeat(onboarding, register_offices=sure) == []
    assert codes_pending(onboarding) == []


@pytest.mark.parametrize(
    ("company_id", "code"),
    [("01K9NOSUCHCOMPANY0000000000", "unknown_company"), ("other", "company_of_another_ruc")],
)
def test_a_company_named_by_a_person_has_to_be_this_one(
    pac: SandboxServer, company_id: str, code: str
) -> None:
    onboarding = begun()
    pac.authority.add_company(ruc="253-92-57027", name="Otra", company_id="other")
    [refused] = repeat(onboarding, create_company={"company_id": company_id})
    assert (refused.code, refused.field) == (code, "company_id")
    assert reload(onboarding).tenant.pac_company_id is None
