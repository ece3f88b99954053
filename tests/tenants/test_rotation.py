"""Another certificate: judged, sent, and only then the current one; the old one stays in the history."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from cifras.core.models import AuditEntry
from cifras.fiscal.errors import RuleBroken
from cifras.pac.errors import Outcome, PacError
from cifras.sandbox.server import SandboxServer
from tenants.models import Certificate, Exchange, Onboarding, Tenant
from tenants.services import StepState, advance, pending_steps
from tenants.services.radar import Level, level_of, tenants_ending
from tenants.services.rotation import abandon_rotation, rotate_certificate, rotation_of, send_certificate
from tests import certificates
from tests.factories import an_administrator
from tests.onboarding import begun

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("impatient")]

LOST = ["drop_after_commit", "500_after", "timeout_after_commit", "malformed_json"]


@pytest.fixture
def tenant(pac: SandboxServer) -> Tenant:
    """An active company with the certificate of its onboarding."""
    onboarding = begun()
    advance(onboarding, actor=None)
    return Tenant.objects.get()


def fresh(tenant: Tenant) -> Tenant:
    return Tenant.objects.select_related("onboarding").get(pk=tenant.pk)


def a_new_one(tenant: Tenant, **changes: Any) -> tuple[bytes, str]:
    return certificates.a_p12(tenant.ruc, **changes), certificates.PASSWORD


def secrets_kept() -> list[tuple[str, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT certificate, certificate_password, authentication_certificate, authentication_password"
            " FROM tenants_onboarding"
        )
        return [row for row in cursor.fetchall() if any(row)]


def changes_sent(pac: SandboxServer) -> int:
    return len(pac.journal.requests("update_company"))


def test_the_new_certificate_takes_the_place_of_the_old_which_stays_in_the_history(
    pac: SandboxServer, tenant: Tenant
) -> None:
    old = Certificate.objects.get()
    ana = an_administrator(username="ana")
    assert rotate_certificate(tenant, signature=a_new_one(tenant), actor=ana)
    old.refresh_from_db()
    new = Certificate.objects.get(replaced_at=None)
    assert old.replaced_at is not None
    assert (new.accepted_at is not None, new.fingerprint != old.fingerprint) == (True, True)
    assert secrets_kept() == []
    assert rotation_of(fresh(tenant)) is None
    entry = AuditEntry.objects.get(action="certificate.replaced")
    assert (entry.actor_name, entry.before, entry.after["signature"]) == (
        "ana",
        {"signature": old.fingerprint},
        new.fingerprint,
    )
    assert entry.exchange_id


def test_the_provider_gets_both_purposes_and_the_ledger_keeps_neither_file_nor_password(
    pac: SandboxServer, tenant: Tenant
) -> None:
    signature, authentication = a_new_one(tenant), a_new_one(tenant)
    rotate_certificate(tenant, signature=signature, authentication=authentication, actor=None)
    sent = Exchange.objects.get(operation="update_company")
    assert (sent.method, certificates.PASSWORD in sent.request_body) == ("PATCH", False)
    assert sent.request_body.count("***") == 2
    assert {row.purpose for row in Certificate.objects.filter(replaced_at=None)} == {
        "signature",
        "authentication",
    }


@pytest.mark.parametrize("fault", LOST)
def test_a_lost_answer_leaves_a_doubt_and_the_same_certificate_is_sent_again(
    pac: SandboxServer, tenant: Tenant, fault: str
) -> None:
    old = Certificate.objects.get()
    pac.faults.add(fault, "update_company")
    with pytest.raises(PacError) as lost:
        rotate_certificate(tenant, signature=a_new_one(tenant), actor=None)
    assert lost.value.outcome is Outcome.UNKNOWN
    doubt = rotation_of(fresh(tenant))
    assert doubt is not None
    assert (doubt.is_in_doubt, doubt.last.state) == (True, StepState.UNKNOWN)
    assert Certificate.objects.get(replaced_at=None) == old, "the old one is current until it is certain"
    assert [each.code for each in pending_steps(fresh(tenant))] == ["certificate_in_doubt"]
    with pytest.raises(RuleBroken) as refused:
        abandon_rotation(fresh(tenant), actor=None)
    assert refused.value.code == "certificate_in_doubt"

    send_certificate(fresh(tenant), actor=None)
    assert pending_steps(fresh(tenant)) == []
    assert Certificate.objects.get(replaced_at=None) != old
    assert (secrets_kept(), changes_sent(pac)) == ([], 2)


def test_a_worker_killed_while_it_waited_leaves_the_doubt_behind(pac: SandboxServer, tenant: Tenant) -> None:
    pac.faults.add("drop_after_commit", "update_company")
    with pytest.raises(PacError):
        rotate_certificate(tenant, signature=a_new_one(tenant), actor=None)
    mark = {"state": "running", "at": "2020-01-01T00:00:00+00:00", "by": "", "notes": []}
    Onboarding.objects.update(steps={"replace_certificate": mark | {"answer": "", "exchange_id": ""}})
    send_certificate(fresh(tenant), actor=None)
    assert rotation_of(fresh(tenant)) is None


def test_what_did_not_leave_waits_without_a_doubt_and_may_be_given_up(
    pac: SandboxServer, tenant: Tenant, settings: Any
) -> None:
    settings.PAC_SANDBOX_BASE_URL = "http://127.0.0.1:1"
    with pytest.raises(PacError):
        rotate_certificate(tenant, signature=a_new_one(tenant), actor=None)
    waiting = rotation_of(fresh(tenant))
    assert waiting is not None
    assert not waiting.is_in_doubt
    assert pending_steps(fresh(tenant)) == []
    abandon_rotation(fresh(tenant), actor=None)
    assert (rotation_of(fresh(tenant)), secrets_kept()) == (None, [])


def test_a_refused_certificate_is_erased_and_the_old_one_goes_on(pac: SandboxServer, tenant: Tenant) -> None:
    pac.faults.add("403", "update_company")
    with pytest.raises(PacError):
        rotate_certificate(tenant, signature=a_new_one(tenant), actor=None)
    assert rotation_of(fresh(tenant)) is not None, "the key was refused, not the certificate"
    abandon_rotation(fresh(tenant), actor=None)

    Tenant.objects.update(pac_company_id="01K9NOSUCHCOMPANY0000000000")
    with pytest.raises(PacError):
        rotate_certificate(fresh(tenant), signature=a_new_one(tenant), actor=None)
    assert Certificate.objects.filter(replaced_at=None).count() == 1


@pytest.mark.parametrize(
    ("content", "password", "code"),
    [
        (lambda ruc: certificates.expired(ruc), certificates.PASSWORD, "certificate_expired"),
        (lambda ruc: certificates.a_p12(ruc), "otra", "certificate_wrong_password"),
        (lambda _ruc: b"nothing", certificates.PASSWORD, "certificate_not_pkcs12"),
        (
            lambda _ruc: certificates.a_p12("253-92-57027"),
            certificates.PASSWORD,
            "certificate_other_company",
        ),
    ],
)
def test_the_new_one_is_judged_as_in_the_onboarding_and_nothing_leaves(
    pac: SandboxServer, tenant: Tenant, content: Any, password: str, code: str
) -> None:
    with pytest.raises(RuleBroken) as refused:
        rotate_certificate(tenant, signature=(content(tenant.ruc), password), actor=None)
    assert [each.code for each in refused.value.reasons] == [code]
    assert (changes_sent(pac), secrets_kept()) == (0, [])


def test_the_one_that_is_in_use_is_not_sent_again(pac: SandboxServer, tenant: Tenant) -> None:
    signature = a_new_one(tenant)
    rotate_certificate(tenant, signature=signature, actor=None)
    with pytest.raises(RuleBroken) as refused:
        rotate_certificate(fresh(tenant), signature=signature, actor=None)
    assert refused.value.code == "certificate_same"


def test_a_holder_that_is_a_person_is_confirmed_before_it_is_sent(pac: SandboxServer, tenant: Tenant) -> None:
    signature = (certificates.of_person(), certificates.PASSWORD)
    assert not rotate_certificate(tenant, signature=signature, actor=None)
    waiting = rotation_of(fresh(tenant))
    assert waiting is not None
    assert [note.code for note in waiting.said] == ["certificate_of_person"]
    assert changes_sent(pac) == 0
    send_certificate(fresh(tenant), actor=None)
    assert "8-274-125" in str(AuditEntry.objects.get(action="certificate.replaced").after["said"])


def test_a_company_that_the_provider_does_not_have_uses_its_onboarding() -> None:
    onboarding = begun()
    with pytest.raises(RuleBroken) as refused:
        rotate_certificate(onboarding.tenant, signature=(b"x", ""), actor=None)
    assert refused.value.code == "tenant_not_registered"


@pytest.mark.parametrize(
    ("left", "level"),
    [
        (timedelta(days=60, seconds=1), Level.FAR),
        (timedelta(days=60), Level.DAYS_60),
        (timedelta(days=30, seconds=1), Level.DAYS_60),
        (timedelta(days=30), Level.DAYS_30),
        (timedelta(days=7), Level.DAYS_7),
        (timedelta(days=1, seconds=1), Level.DAYS_7),
        (timedelta(days=1), Level.DAYS_1),
        (timedelta(seconds=1), Level.DAYS_1),
        (timedelta(0), Level.EXPIRED),
        (timedelta(days=-400), Level.EXPIRED),
    ],
)
def test_the_radar_has_its_levels_to_the_second(left: timedelta, level: Level) -> None:
    now = timezone.now()
    assert level_of(now + left, now) is level
    tenant = Tenant.objects.create(ruc="253-92-57027", legal_name="Una, S.A.")
    Certificate.objects.create(
        tenant=tenant, fingerprint="0", not_before=now - timedelta(days=900), not_after=now + left
    )
    found = [
        each
        for each in Level
        if each is not Level.FAR and Tenant.objects.filter(tenants_ending(each, now)).exists()
    ]
    order = [Level.DAYS_60, Level.DAYS_30, Level.DAYS_7, Level.DAYS_1, Level.EXPIRED]
    assert found == (order[: order.index(level) + 1] if level is not Level.FAR else [])
