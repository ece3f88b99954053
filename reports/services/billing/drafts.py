"""The drafts of closed months, kept level by the workers so that a page of many companies asks little."""

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from cifras.fiscal.errors import RuleBroken
from reports.models import BillingDraft, BillingStatement, MonthClosing
from reports.services.billing.drafting import draft
from reports.services.locking import lock_tenant
from tenants.models import Tenant

_MOST = 500


def compute_due(*, limit: int = _MOST) -> int:
    """Draft every closed month of a live company that has neither a statement nor a draft of this closing; answers how many."""
    own = {"tenant": OuterRef("tenant"), "month": OuterRef("month")}
    waiting = (
        MonthClosing.objects.filter(state=MonthClosing.State.CLOSED, environment=Tenant.Environment.LIVE)
        .exclude(Exists(BillingDraft.objects.filter(**own, closing_uid=OuterRef("uid"))))
        .exclude(Exists(BillingStatement.objects.standing().filter(**own)))
        .select_related("tenant")
        .order_by("-month", "tenant")[:limit]
    )
    done = 0
    for closing in waiting:
        _draft(closing)
        done += 1
    return done


def _draft(closing: MonthClosing) -> None:
    with transaction.atomic():
        lock_tenant(closing.tenant_id)
        content, problem = {}, ""
        try:
            content = draft(closing.tenant, closing.month).as_json()
        except RuleBroken as refusal:
            problem = refusal.code
            content = {"problem": {"template": refusal.template, "values": dict(refusal.values)}}
        BillingDraft.objects.update_or_create(
            tenant=closing.tenant,
            month=closing.month,
            defaults={
                "closing_uid": closing.uid,
                "content": content,
                "problem": problem,
                "computed_at": timezone.now(),
            },
        )
