"""The end of a company, and of one of its offices. What was issued stays: it is read, voided and credited as before."""

from django.db import transaction
from django.utils import timezone

from cifras.core import audit
from cifras.core.models import Staff
from cifras.fiscal.errors import RuleBroken, gettext_noop, refuse
from tenants.models import Office, Onboarding, Tenant
from tenants.services import custody
from tenants.services.activation import require_reason
from tenants.services.floors_above import obligations


def close_tenant(
    tenant: Tenant, *, reason: str, successor: Tenant | None = None, actor: Staff | None
) -> None:
    """Nothing is ever issued by the company again; `successor` is who goes on instead.

    Refused, with all reasons at once, over documents in flight or in doubt, over a request to create the company whose answer
    was lost, and for a successor that cannot be one. A certificate that still waited is erased.
    """
    require_reason(reason)
    with transaction.atomic():
        current = Tenant.objects.select_for_update().get(pk=tenant.pk)
        refuse([*_state_reasons(current), *_successor_reasons(current, successor), *obligations(current)])
        before, now = current.state, timezone.now()
        Tenant.objects.filter(pk=current.pk).update(
            state=Tenant.State.CLOSED, closed_at=now, successor=successor, affiliation_due_at=None
        )
        onboarding = Onboarding.objects.filter(tenant=current).first()
        if onboarding:
            custody.seal(onboarding, dict.fromkeys(custody.SECRETS, ""))
        audit.record(
            "tenant.closed",
            actor=actor,
            tenant_uid=current.uid,
            target=current,
            before={"state": before},
            after={"state": Tenant.State.CLOSED, "successor": str(successor.uid) if successor else None},
            reason=reason.strip(),
        )
    tenant.refresh_from_db(fields=["state", "closed_at", "successor"])


def close_office(office: Office, *, reason: str, actor: Staff | None) -> None:
    """Its series are frozen: no new invoices; what is in the queue leaves, notes and voids go on. Raises RuleBroken."""
    _move_office(office, reason=reason, actor=actor, is_closing=True)


def reopen_office(office: Office, *, reason: str, actor: Staff | None) -> None:
    """Its series go on where they stopped. Raises RuleBroken."""
    _move_office(office, reason=reason, actor=actor, is_closing=False)


def _move_office(office: Office, *, reason: str, actor: Staff | None, is_closing: bool) -> None:
    require_reason(reason)
    closed_at = timezone.now() if is_closing else None
    with transaction.atomic():
        if is_closing:
            _require_a_main_office_left(office)
        moved = Office.objects.filter(pk=office.pk, closed_at__isnull=is_closing).update(closed_at=closed_at)
        if not moved:
            raise RuleBroken(
                "office_state",
                gettext_noop("La sucursal {office} ya está así: recargue la página."),
                office=office.code,
            )
        office.closed_at = closed_at
        audit.record(
            "office.closed" if is_closing else "office.reopened",
            actor=actor,
            tenant_uid=office.tenant.uid,
            target=office,
            after={"code": office.code, "closed_at": closed_at},
            reason=reason.strip(),
        )


def _require_a_main_office_left(office: Office) -> None:
    """The main office is the last to close: the associated ones are registered under it."""
    others = Office.objects.select_for_update().filter(tenant=office.tenant_id, closed_at=None)
    open_ones = [each.code for each in others.exclude(pk=office.pk).order_by("code")]
    if office.type == Office.Type.MAIN and open_ones:
        raise RuleBroken(
            "main_office_last",
            gettext_noop(
                "La sucursal {office} es la principal: cierre antes las asociadas que siguen abiertas ({others})."
            ),
            office=office.code,
            others=", ".join(open_ones),
        )


def _state_reasons(tenant: Tenant) -> list[RuleBroken]:
    if tenant.state == Tenant.State.CLOSED:
        return [RuleBroken("tenant_state", gettext_noop("La empresa ya está cerrada."))]
    if Onboarding.objects.filter(tenant=tenant, company_unknown=True).exists():
        return [
            RuleBroken(
                "company_unknown",
                gettext_noop(
                    "Se pidió crear la empresa en el PAC y la respuesta se perdió: aclárelo en la habilitación antes."
                ),
            )
        ]
    return []


def _successor_reasons(tenant: Tenant, successor: Tenant | None) -> list[RuleBroken]:
    if successor is None:
        return []
    if successor.pk == tenant.pk:
        text = gettext_noop("Una empresa no puede ser su propia sucesora.")
    elif successor.state == Tenant.State.CLOSED:
        text = gettext_noop("La sucesora también está cerrada: elija otra.")
    elif successor.environment != tenant.environment:
        text = gettext_noop("La sucesora es de otro ambiente: elija una del mismo.")
    else:
        return []
    return [RuleBroken("successor", text, "successor")]
