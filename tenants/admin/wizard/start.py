"""Where onboardings begin and are found again."""

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse

from cifras.core.admin.badges import Badge
from cifras.core.models import Staff
from cifras.core.rights import may
from cifras.fiscal.errors import RuleBroken
from tenants.admin.badges import environment_badge
from tenants.admin.wizard.forms import StartForm
from tenants.admin.wizard.frame import (
    StepShown,
    TryShown,
    latest_try,
    step_address,
    steps_of,
    where_to_go_on,
)
from tenants.admin.wizard.visit import SEEN_WITH
from tenants.models import Onboarding, Tenant
from tenants.services import StepState, pending_steps, start_onboarding, steps_for
from tenants.services.finding import tenants_of
from tenants.services.reading import read_onboarding

ROWS_PER_PAGE = 20
MAY_BEGIN = ("tenants.onboard_tenant", "tenants.add_tenant")


@dataclass(frozen=True, slots=True)
class Row:
    """One onboarding under way."""

    tenant: Tenant
    environment: Badge
    next: StepShown
    done: int
    total: int
    last: TryShown | None
    address: str


@dataclass(frozen=True, slots=True)
class Known:
    """The company that is there already, and where to go to."""

    tenant: Tenant
    onboard_address: str
    tenant_address: str


def under_way(request: HttpRequest) -> tuple[Page, list[Row]]:
    """The onboardings that the person may see and that are not complete, the newest first: a page, and its rows."""
    rows = Onboarding.objects.visible_to(request.user).select_related("tenant").prefetch_related(*SEEN_WITH)
    rows = rows.filter(Q(finished_at=None) | Q(tenant__state=Tenant.State.ONBOARDING))
    rows = rows.exclude(tenant__state=Tenant.State.CLOSED).order_by("-started_at", "-pk")
    page = Paginator(rows, ROWS_PER_PAGE).get_page(request.GET.get("page"))
    return page, [_row(onboarding, request.user) for onboarding in page.object_list]


def begin(form: StartForm, staff: Staff) -> Onboarding | Known | None:
    """The onboarding begun; the company that was there already; None when `form` now says what is wrong."""
    try:
        entry = read_onboarding({name: str(form.cleaned_data[name]) for name in form.fields})
        tenant = tenants_of(entry.identity).visible_to(staff).select_related("onboarding").first()
        return _known(tenant, staff) if tenant else start_onboarding(entry, actor=staff)
    except RuleBroken as refusal:
        form.refuse(refusal)
        return None


def way_on(tenant: Tenant, step: str = "") -> str:
    """Where the onboarding of `tenant` goes on, or where `step` is mended; empty when nothing is open."""
    onboarding: Onboarding | None = getattr(tenant, "onboarding", None)
    if onboarding is None or tenant.state == Tenant.State.CLOSED or not pending_steps(tenant):
        return ""
    return step_address(onboarding, step) if step else where_to_go_on(steps_of(onboarding)).address


def _known(tenant: Tenant, staff: Staff) -> Known:
    onboarding: Onboarding | None = getattr(tenant, "onboarding", None)
    may_view = may(staff, "tenants.view_tenant")
    return Known(
        tenant,
        step_address(onboarding, next(iter(steps_for(tenant)))) if onboarding else "",
        reverse("admin:tenants_tenant_change", args=[tenant.uid]) if may_view else "",
    )


def _row(onboarding: Onboarding, staff: Any) -> Row:
    steps = steps_of(onboarding)
    following = where_to_go_on(steps)
    done = sum(step.state is StepState.DONE for step in steps)
    badge: Any = environment_badge(onboarding.tenant)
    return Row(
        onboarding.tenant,
        badge,
        following,
        done,
        len(steps),
        latest_try(onboarding, staff),
        following.address,
    )
