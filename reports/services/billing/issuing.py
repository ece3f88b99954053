"""Issuing a statement, and withdrawing one that was wrong: the first takes one person, the second two.

The month's closing has taken two persons already. What an issued statement says stays; a withdrawn one is replaced by a new one
with a number of its own that names it.
"""

from datetime import date
from uuid import UUID

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from cifras.core import audit, proposals
from cifras.core.models import Proposal, Staff
from cifras.core.proposals import Act
from cifras.core.waking import wake
from cifras.fiscal.errors import RuleBroken, gettext_noop
from reports.models import (
    BillingDraft,
    BillingLine,
    BillingStatement,
    StatementWithdrawal,
)
from reports.services.billing.drafting import draft
from reports.services.billing.papers import Draft, fingerprint, totals_json
from reports.services.locking import lock_tenant
from tenants.models import Tenant

VIEW = "reports.view_billing"
ISSUE = "reports.issue_statement"
WITHDRAW = "statement.withdraw"


def issue_statement(tenant: Tenant, month: date, *, seen: str, actor: Staff | None) -> BillingStatement:
    """Freeze the month's statement. `seen` is the digest of the draft that was shown: one that says something else is refused.

    Raises RuleBroken: month_open, already_issued, nothing_to_bill, draft_changed, and what `draft` raises.
    """
    try:
        with transaction.atomic():
            return _issue(tenant, month, seen, actor)
    except RuleBroken as refusal:
        if refusal.code == "draft_changed":
            BillingDraft.objects.filter(tenant=tenant, month=month).delete()
            wake("reports.billing")
        raise


def _issue(tenant: Tenant, month: date, seen: str, actor: Staff | None) -> BillingStatement:
    lock_tenant(tenant.pk)
    earlier = BillingStatement.objects.filter(tenant=tenant, month=month).order_by("-version").first()
    if earlier is not None and not is_withdrawn(earlier):
        raise RuleBroken(
            "already_issued",
            gettext_noop("El mes ya tiene su estado de cuenta: {number}."),
            number=earlier.number,
        )
    found = draft(tenant, month)
    if not found.lines:
        raise RuleBroken("nothing_to_bill", gettext_noop("No hay nada que cobrar ni devolver en el mes."))
    if found.digest != seen:
        raise RuleBroken(
            "draft_changed",
            gettext_noop("El estado de cuenta ya no es el que usted vio: revíselo y emítalo de nuevo."),
        )
    statement = _written(tenant, found, earlier, actor)
    BillingDraft.objects.filter(tenant=tenant, month__gte=month).delete()
    audit.record(
        "billing.issued",
        actor=actor,
        tenant_uid=tenant.uid,
        target=statement,
        after={
            "month": f"{month:%Y-%m}",
            "totals": statement.totals,
            "replaces": earlier.number if earlier else None,
            "sha256": statement.sha256,
        },
    )
    wake("reports.billing")
    return statement


def _written(
    tenant: Tenant, found: Draft, earlier: BillingStatement | None, actor: Staff | None
) -> BillingStatement:
    version = earlier.version + 1 if earlier else 1
    statement = BillingStatement(
        number=f"EC-{found.month:%Y%m}-{tenant.pk:05d}-{version}",
        tenant=tenant,
        month=found.month,
        version=version,
        replaces=earlier,
        closing_uid=found.closing_uid,
        tenant_name=tenant.legal_name,
        tenant_tax_id=f"{tenant.ruc} DV {tenant.dv}" if tenant.dv else tenant.ruc,
        plan_name=found.plan_name,
        totals=totals_json(found.totals),
        usage={name: dict(counts) for name, counts in found.usage.items()},
        issued_by=actor.username if actor else "",
    )
    statement.sha256 = fingerprint(statement, found.lines)
    statement.save()
    BillingLine.objects.bulk_create(
        BillingLine(
            statement=statement,
            position=position,
            **{name: getattr(line, name) for name in line.__slots__},
        )
        for position, line in enumerate(found.lines, start=1)
    )
    return statement


def is_withdrawn(statement: BillingStatement) -> bool:
    """Whether it no longer holds."""
    return StatementWithdrawal.objects.filter(statement=statement).exists()


def propose_withdrawal(statement: BillingStatement, *, reason: str, actor: Staff) -> Proposal:
    """Put the withdrawal before a second person. Raises RuleBroken for one that is withdrawn, or proposed, already."""
    _require_standing(statement)
    return proposals.propose(
        WITHDRAW,
        target=statement,
        label=f"{statement.number} · {statement.tenant_name}",
        tenant_uid=statement.tenant.uid,
        content={"number": statement.number, "totals": statement.totals, "sha256": statement.sha256},
        reason=reason,
        actor=actor,
    )


def declare_acts() -> None:
    """Tell the four eyes what can be proposed about a statement; called once, when the app starts."""
    proposals.declare(
        Act(
            word=WITHDRAW,
            label=_("Retirar el estado de cuenta"),
            permission=ISSUE,
            carry_out=_withdraw,
            address=_address,
        )
    )


def standing_statement(tenant_id: int, month: date) -> BillingStatement | None:
    """The statement of a company's month that holds; a closing that one stands on is not reopened."""
    return BillingStatement.objects.standing().filter(tenant=tenant_id, month=month).first()


def _withdraw(proposal: Proposal, actor: Staff) -> None:
    statement = _of(proposal.target_uid)
    lock_tenant(statement.tenant_id)
    _require_standing(statement)
    try:
        with transaction.atomic():
            StatementWithdrawal.objects.create(
                statement=statement,
                reason=proposal.reason,
                proposed_by=proposal.proposed_by_name,
                approved_by=actor.username,
            )
    except IntegrityError:
        raise _withdrawn_already() from None
    BillingDraft.objects.filter(tenant=statement.tenant, month__gte=statement.month).delete()
    audit.record(
        "billing.withdrawn",
        actor=actor,
        tenant_uid=statement.tenant.uid,
        target=statement,
        before={"totals": statement.totals},
        reason=proposal.reason,
    )
    wake("reports.billing")


def _of(uid: UUID) -> BillingStatement:
    found = BillingStatement.objects.select_related("tenant").filter(uid=uid).first()
    if found is None:
        raise RuleBroken("no_statement", gettext_noop("Ese estado de cuenta no existe."))
    return found


def _address(proposal: Proposal) -> str:
    statement = _of(proposal.target_uid)
    return reverse("reports:billing_tenant", args=[f"{statement.month:%Y-%m}", statement.tenant.uid])


def _require_standing(statement: BillingStatement) -> None:
    if is_withdrawn(statement):
        raise _withdrawn_already()


def _withdrawn_already() -> RuleBroken:
    return RuleBroken("withdrawn_already", gettext_noop("Ese estado de cuenta ya está retirado."))
