"""Closing and reopening a month: one person proposes with a reason, another one approves, and only then it is done.

Neither of the two may have decided a difference of the month, in whichever run and however late (domain 12). Of a closing the
gates are looked at twice, and what was seen when it was proposed has to hold still. Reopening leaves the closing as it was: the
next one freezes anew, and what was booked as its adjustments no longer counts.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cifras.core import audit, proposals
from cifras.core.models import Proposal, Staff
from cifras.core.proposals import Act
from cifras.core.waking import wake
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.fiscal.lifecycle import LegalStatus
from reports.models import MonthClosing, Origin
from reports.services.closing.adjusting import adjust_before
from reports.services.closing.freezing import facts_moved, freeze
from reports.services.closing.gates import OVERRIDABLE, Standing, look
from reports.services.closing.reopening import require_reopenable
from reports.services.locking import lock_tenant
from reports.services.queries import bucket
from reports.services.rollups import cents
from tenants.models import Tenant

CLOSE, REOPEN = "month.close", "month.reopen"
CLOSE_RIGHT, REOPEN_RIGHT = "reports.close_month", "reports.reopen_month"
State = MonthClosing.State


def propose_closing(
    tenant: Tenant, month: date, *, overridden: Collection[str] = (), reason: str, actor: Staff
) -> MonthClosing:
    """Put the closing of a month before a second person. `overridden` names the gates to be passed with the reason.

    Raises RuleBroken with every gate that stands in the way, for a month that is closed, and for who decided differences.
    """
    with transaction.atomic():
        lock_tenant(tenant.pk)
        _require_open(tenant, month)
        standing = look(tenant, month)
        standing.require(overridden)
        standing.require_another(actor)
        closing = MonthClosing.objects.create(
            tenant=tenant,
            month=month,
            environment=tenant.environment,
            number=_next_number(tenant, month),
            reconciliation=standing.run,
            overridden=sorted(
                gate.name for gate in standing.gates if not gate.is_passed and gate.name in OVERRIDABLE
            ),
            reason=proposals.require_reason(reason),
            facts=standing.facts,
            proposed_by=actor,
        )
        proposals.propose(
            CLOSE,
            target=closing,
            label=f"{month:%m/%Y} · {tenant}",
            tenant_uid=tenant.uid,
            content=_seen(closing, standing),
            reason=reason,
            actor=actor,
        )
    return closing


def propose_reopening(closing: MonthClosing, *, reason: str, actor: Staff) -> Proposal:
    """Put the reopening of a closed month before a second person. Raises RuleBroken with what stands in the way."""
    require_reopenable(closing)
    return proposals.propose(
        REOPEN,
        target=closing,
        label=f"{closing.month:%m/%Y} · {closing.tenant}",
        tenant_uid=closing.tenant.uid,
        content={"month": closing.month, "closing": closing.number, "facts": closing.facts},
        reason=reason,
        actor=actor,
    )


def declare_acts() -> None:
    """Tell the four eyes what the acts on months are; called once, when the app starts."""
    proposals.declare(
        Act(CLOSE, _("Cerrar el mes"), CLOSE_RIGHT, _close, put_aside=_put_aside, address=address_of)
    )
    proposals.declare(Act(REOPEN, _("Reabrir un mes cerrado"), REOPEN_RIGHT, _reopen, address=address_of))


def address_of(proposal: Proposal) -> str:
    """The page of the month that a proposal is about."""
    closing = MonthClosing.objects.select_related("tenant").filter(uid=proposal.target_uid).first()
    if closing is None:
        return ""
    return reverse("reports:closing", args=[f"{closing.month:%Y-%m}", closing.tenant.uid])


def _close(proposal: Proposal, actor: Staff) -> None:
    closing = _locked(proposal)
    adjust_before(closing.tenant, closing.month)
    standing = look(closing.tenant, closing.month)
    standing.require(closing.overridden)
    standing.require_another(actor, proposer=closing.proposed_by)
    if standing.facts != closing.facts or standing.run != closing.reconciliation:
        raise facts_moved()
    freeze(closing)
    now = timezone.now()
    changed = MonthClosing.objects.filter(pk=closing.pk, state=State.PROPOSED).update(
        state=State.CLOSED,
        gates=[{"name": gate.name, "count": gate.count, "passed": gate.is_passed} for gate in standing.gates],
        closed_by=actor,
        closed_at=now,
        mail_due_at=now if settings.CIFRAS_FINANCE_EMAILS else None,
    )
    if not changed:
        raise facts_moved()
    _record("month.closed", closing, actor, before=State.PROPOSED, after=State.CLOSED, reason=closing.reason)
    wake("reports.month_end")


def _put_aside(proposal: Proposal, actor: Staff) -> None:
    closing = _locked(proposal)
    MonthClosing.objects.filter(pk=closing.pk, state=State.PROPOSED).update(state=State.PUT_ASIDE)
    _record(
        "month.closing_put_aside",
        closing,
        actor,
        before=State.PROPOSED,
        after=State.PUT_ASIDE,
        reason=proposal.decision_note,
    )


def _reopen(proposal: Proposal, actor: Staff) -> None:
    closing = _locked(proposal)
    require_reopenable(closing)
    MonthClosing.objects.filter(pk=closing.pk, state=State.CLOSED).update(
        state=State.REOPENED,
        reopened_by=actor,
        reopened_at=timezone.now(),
        reopening_reason=proposal.reason,
        due_at=None,
    )
    _record(
        "month.reopened", closing, actor, before=State.CLOSED, after=State.REOPENED, reason=proposal.reason
    )


def _locked(proposal: Proposal) -> MonthClosing:
    """The closing that a proposal is about, read under its tenant's lock."""
    closing = MonthClosing.objects.select_related("tenant", "reconciliation", "proposed_by").get(
        uid=proposal.target_uid
    )
    lock_tenant(closing.tenant_id)
    closing.refresh_from_db(fields=["state"])
    return closing


def _require_open(tenant: Tenant, month: date) -> None:
    rows = MonthClosing.objects.filter(tenant=tenant, month=month, environment=tenant.environment)
    state = rows.filter(state__in=[State.CLOSED, State.PROPOSED]).values_list("state", flat=True).first()
    if state == State.CLOSED:
        raise RuleBroken("month_closed", gettext_noop("El mes ya está cerrado."))
    if state:
        raise RuleBroken(
            "already_proposed",
            gettext_noop("Ya se propuso cerrar este mes: apruébenlo, recházenlo o retírenlo."),
        )


def _next_number(tenant: Tenant, month: date) -> int:
    rows = MonthClosing.objects.filter(tenant=tenant, month=month, environment=tenant.environment)
    return (rows.aggregate(last=Max("number"))["last"] or 0) + 1


def _seen(closing: MonthClosing, standing: Standing) -> dict[str, Any]:
    """What is put before the second person."""
    return {
        "month": closing.month,
        "environment": closing.environment,
        "run": standing.run.run if standing.run else None,
        "documents": sum(group["documents"] for group in standing.groups),
        "authorized": _authorized(closing.tenant, standing.groups),
        "overridden": closing.overridden,
        "facts": closing.facts,
    }


def _authorized(tenant: Tenant, groups: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What we issued and the authority authorised: by currency, kind, and void or not."""
    sums: dict[tuple[str, str, bool], tuple[int, Decimal]] = {}
    for group in groups:
        if group["origin"] == Origin.ISSUED and group["legal_status"] == LegalStatus.DGI_AUTHORIZED:
            key = bucket(group["currency"], tenant.country), group["kind"], group["voided"]
            count, total = sums.get(key, (0, Decimal(0)))
            sums[key] = count + group["documents"], total + cents(group["total_sum"])
    return [
        {"currency": currency, "kind": kind, "voided": is_voided, "documents": count, "total": total}
        for (currency, kind, is_voided), (count, total) in sorted(sums.items())
    ]


def _record(
    action: str, closing: MonthClosing, actor: Staff, *, before: str, after: str, reason: str
) -> None:
    audit.record(
        action,
        actor=actor,
        tenant_uid=closing.tenant.uid,
        target=closing,
        before={"state": before},
        after={
            "state": after,
            "month": closing.month,
            "environment": closing.environment,
            "number": closing.number,
            "overridden": closing.overridden,
            "facts": closing.facts,
        },
        reason=reason,
    )
