"""When a tenant may issue: activated once, suspended and reactivated by people with a reason."""

from django.db import transaction

from cifras.core import audit, wake
from cifras.core.models import Staff
from cifras.fiscal.errors import RuleBroken, gettext_noop, refuse
from tenants.models import Tenant
from tenants.services.pending import blocking_steps
from tenants.services.progress import StepResult, StepRun

SHORTEST_REASON = 15


def activate_tenant(tenant: Tenant, *, actor: Staff | None) -> None:
    """Let an onboarded tenant issue. Raises RulesBroken with everything that is missing; an active one stays as it is."""
    if tenant.state != Tenant.State.ONBOARDING:
        return
    refuse(
        RuleBroken(
            pending.code,
            gettext_noop("Aún no se puede activar. {reason}"),
            pending.step,
            reason=pending.reason,
        )
        for pending in blocking_steps(tenant)
    )
    _move(tenant, Tenant.State.ONBOARDING, Tenant.State.ACTIVE, actor=actor, action="tenant.activated")


def suspend_tenant(tenant: Tenant, *, reason: str, actor: Staff | None) -> None:
    """Nothing new leaves; voids, files and webhooks go on. `reason` has at least 15 characters. Raises RuleBroken."""
    require_reason(reason)
    _move(
        tenant,
        Tenant.State.ACTIVE,
        Tenant.State.SUSPENDED,
        actor=actor,
        action="tenant.suspended",
        reason=reason.strip(),
    )


def reactivate_tenant(tenant: Tenant, *, reason: str, actor: Staff | None) -> None:
    """A suspended tenant issues again, and what was held leaves. Raises RuleBroken."""
    require_reason(reason)
    _move(
        tenant,
        Tenant.State.SUSPENDED,
        Tenant.State.ACTIVE,
        actor=actor,
        action="tenant.reactivated",
        reason=reason.strip(),
    )


def activate(run: StepRun) -> StepResult:
    """The onboarding's last step."""
    activate_tenant(run.tenant, actor=run.actor)
    return StepResult()


def _move(
    tenant: Tenant,
    state: Tenant.State,
    to: Tenant.State,
    *,
    actor: Staff | None,
    action: str,
    reason: str = "",
) -> None:
    with transaction.atomic():
        if not Tenant.objects.filter(pk=tenant.pk, state=state).update(state=to):
            tenant.refresh_from_db(fields=["state"])
            raise RuleBroken(
                "tenant_state",
                gettext_noop("La empresa está en estado «{state}»: esta operación no corresponde."),
                "tenant",
                state=tenant.get_state_display(),
            )
        tenant.state = to
        audit.record(
            action,
            actor=actor,
            tenant_uid=tenant.uid,
            target=tenant,
            before={"state": state},
            after={"state": to},
            reason=reason,
        )
        wake("invoicing.submit")


def require_reason(reason: str) -> None:
    """Raises RuleBroken where `reason` is too short to tell anybody anything later."""
    if len(reason.strip()) < SHORTEST_REASON:
        raise RuleBroken(
            "reason_too_short",
            gettext_noop("Escriba el motivo en al menos {minimum} caracteres: queda en la auditoría."),
            "reason",
            minimum=SHORTEST_REASON,
        )
