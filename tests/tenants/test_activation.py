"""Suspended and reactivated: by people, with a reason, once."""

import pytest

from cifras.core.models import AuditEntry
from cifras.fiscal.errors import RuleBroken
from tenants.models import Tenant
from tenants.services import reactivate_tenant, suspend_tenant
from tests.factories import an_administrator

pytestmark = pytest.mark.django_db

REASON = "El cliente no ha pagado tres meses"


def a_stored_tenant(state: str = Tenant.State.ACTIVE) -> Tenant:
    return Tenant.objects.create(ruc="253-92-57027", dv="76", legal_name="Una, S.A.", state=state)


def test_a_suspension_and_its_end_are_audited_with_their_reasons() -> None:
    tenant, ana = a_stored_tenant(), an_administrator(username="ana")
    suspend_tenant(tenant, reason=f"  {REASON} ", actor=ana)
    assert Tenant.objects.get().state == tenant.state == Tenant.State.SUSPENDED
    reactivate_tenant(tenant, reason="El cliente pagó todo lo pendiente", actor=ana)
    assert Tenant.objects.get().state == Tenant.State.ACTIVE
    first, second = AuditEntry.objects.filter(chain=tenant.uid).order_by("sequence")
    assert (first.action, first.reason, first.actor_name) == ("tenant.suspended", REASON, "ana")
    assert (second.action, second.after) == ("tenant.reactivated", {"state": "active"})


def test_a_suspension_needs_a_reason() -> None:
    tenant = a_stored_tenant()
    with pytest.raises(RuleBroken) as refused:
        suspend_tenant(tenant, reason="porque sí", actor=None)
    assert refused.value.field == "reason"
    assert Tenant.objects.get().state == Tenant.State.ACTIVE


@pytest.mark.parametrize("state", [Tenant.State.ONBOARDING, Tenant.State.SUSPENDED, Tenant.State.CLOSED])
def test_only_an_active_tenant_is_suspended(state: str) -> None:
    tenant = a_stored_tenant(state)
    with pytest.raises(RuleBroken) as refused:
        suspend_tenant(tenant, reason=REASON, actor=None)
    assert refused.value.code == "tenant_state"


def test_the_later_of_two_suspensions_is_refused() -> None:
    tenant = a_stored_tenant()
    seen_by_another = Tenant.objects.get()
    suspend_tenant(tenant, reason=REASON, actor=None)
    with pytest.raises(RuleBroken):
        suspend_tenant(seen_by_another, reason=REASON, actor=None)
    assert seen_by_another.state == Tenant.State.SUSPENDED
