"""What stands around each question: the steps with their state, how far it is, and how the last try ended."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from cifras.core.admin.badges import AMBER, BLUE, GREEN, GREY, RED, Badge
from cifras.core.rights import may
from cifras.core.wording import as_received
from cifras.fiscal.zones import written
from cifras.pac.contract import Capability
from tenants.models import Onboarding, Tenant
from tenants.services import PendingStep, StepState, last_try, pending_steps, steps_for
from tenants.services.accounts import provider_spec
from tenants.services.progress import is_under_way

AFFILIATION = ("request_affiliation", "finish_affiliation")
_BADGES: Mapping[StepState, tuple[Any, str, str]] = {
    StepState.PENDING: (_("pendiente"), "radio_button_unchecked", GREY),
    StepState.RUNNING: (_("en curso"), "progress_activity", BLUE),
    StepState.DONE: (_("hecho"), "check_circle", GREEN),
    StepState.WAITING: (_("espera"), "hourglass_top", AMBER),
    StepState.FAILED: (_("fallo"), "error", RED),
    StepState.UNKNOWN: (_("sin confirmar"), "help", AMBER),
}
_OF_REASON = {
    "company_unknown": StepState.UNKNOWN,
    "office_unknown": StepState.UNKNOWN,
    "certificate_expired": StepState.FAILED,
    "holder_open": StepState.WAITING,
}


@dataclass(frozen=True, slots=True)
class StepShown:
    """One row of the list of steps."""

    number: int
    name: str
    title: Any
    state: StepState
    reasons: tuple[str, ...]
    address: str

    @property
    def badge(self) -> Badge:
        """Its state as word, icon and colour."""
        return state_badge(self.state)


@dataclass(frozen=True, slots=True)
class TryShown:
    """The last try of a step: when, by whom, our sentences, the provider's words."""

    badge: Badge
    at: datetime
    written_at: str
    by: str
    sentences: tuple[str, ...]
    answer: str
    exchange: str


def state_badge(state: StepState) -> Badge:
    """A step's state as word, icon and colour."""
    return Badge(*_BADGES[state])


def step_address(onboarding: Onboarding, step: str, page: str = "step") -> str:
    """Where a step is asked, or its live part."""
    return reverse(f"admin:tenants_tenant_onboard_{page}", args=[onboarding.uid, step])


def steps_of(onboarding: Onboarding) -> list[StepShown]:
    """Every step with its state. Reads the tenant's offices and certificates, which may be prefetched."""
    reasons: defaultdict[str, list[PendingStep]] = defaultdict(list)
    for each in pending_steps(onboarding.tenant):
        reasons[each.step].append(each)
    return [
        StepShown(
            number=number,
            name=row.name,
            title=row.title_in(onboarding.tenant.country),
            state=_state(onboarding, row.name, reasons),
            reasons=tuple(each.reason for each in reasons[row.name]),
            address=step_address(onboarding, row.name),
        )
        for number, row in enumerate(steps_for(onboarding.tenant).values(), start=1)
    ]


def where_to_go_on(steps: Iterable[StepShown], after: str = "") -> StepShown:
    """The next step that somebody can do something about: behind `after` first, then from the beginning."""
    rows = list(steps)
    start = next((row.number for row in rows if row.name == after), 0)
    turned = rows[start:] + rows[:start]
    for unfinished in ({StepState.DONE, StepState.WAITING}, {StepState.DONE}):
        for row in turned:
            if row.state not in unfinished and row.name != after:
                return row
    return rows[-1]


def last_try_shown(onboarding: Onboarding, step: str, staff: Any) -> TryShown | None:
    """How the last try ended; None before the first."""
    said = last_try(onboarding, step)
    if said.at is None:
        return None
    is_lost = said.state is StepState.RUNNING and not is_under_way(onboarding, step)
    exchange = ""
    if said.exchange_id and may(staff, "tenants.view_exchange"):
        exchange = reverse("admin:tenants_exchange_change", args=[said.exchange_id])
    return TryShown(
        badge=state_badge(StepState.FAILED if is_lost else said.state),
        at=said.at,
        written_at=written(said.at),
        by=said.by or "Cifras",
        sentences=tuple(line for text in said.sentences for line in as_received(text).splitlines()),
        answer=as_received(said.answer),
        exchange=exchange,
    )


def latest_try(onboarding: Onboarding, staff: Any) -> TryShown | None:
    """The last thing anybody did with it."""
    tries = [shown for name in onboarding.steps if (shown := last_try_shown(onboarding, name, staff))]
    return max(tries, key=lambda shown: shown.at, default=None)


def _state(onboarding: Onboarding, step: str, reasons: Mapping[str, list[PendingStep]]) -> StepState:
    said = last_try(onboarding, step).state
    if is_under_way(onboarding, step):
        return StepState.RUNNING
    if not reasons[step]:
        return StepState.DONE if _is_complete(onboarding, step, said) else StepState.PENDING
    for each in reasons[step]:
        if each.code in _OF_REASON:
            return _OF_REASON[each.code]
    if step == "finish_affiliation" and not reasons["request_affiliation"]:
        return StepState.WAITING if said in {StepState.DONE, StepState.RUNNING} else said
    if said is StepState.RUNNING:
        return StepState.FAILED  # whoever was at it is gone
    return said if said is not StepState.DONE else StepState.PENDING


def _is_complete(onboarding: Onboarding, step: str, said: StepState) -> bool:
    """Nothing is missing; but a RUC that nobody asked about yet, or no office at all, is nothing done either."""
    tenant = onboarding.tenant
    if step == "ruc" and provider_spec(tenant).can(Capability.ONBOARD):
        return said is StepState.DONE or bool(tenant.pac_company_id)
    if step == "register_offices":
        return any(office.closed_at is None for office in tenant.offices.all())
    return step != "activate" or tenant.state != Tenant.State.ONBOARDING
