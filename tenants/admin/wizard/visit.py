"""One look at one step: whose onboarding, by whom, and what is known so far."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.http import HttpRequest

from cifras.core.models import Staff
from cifras.fiscal.zones import written
from tenants.admin.wizard.frame import AFFILIATION, StepShown, steps_of
from tenants.models import Onboarding, Tenant
from tenants.services import STEPS, Step, StepState
from tenants.services.drafts import Draft, draft_of
from tenants.services.identity import is_settled
from tenants.services.progress import is_under_way

SEEN_WITH = ("tenant__certificates", "tenant__offices__billing_points")


@dataclass
class Visit:
    """`data` is what was posted, or None."""

    request: HttpRequest
    staff: Staff
    onboarding: Onboarding
    step: Step
    data: Mapping[str, Any] | None = None
    notices: list[str] = field(default_factory=list)
    is_late: bool = False  # somebody else was quicker

    @property
    def tenant(self) -> Tenant:
        return self.onboarding.tenant

    @property
    def is_sent(self) -> bool:
        """Whether who the company is stands fast: the provider has heard of it, or may have."""
        return is_settled(self.onboarding)

    @property
    def title(self) -> Any:
        """How the step is called in the company's country."""
        return self.step.title_in(self.tenant.country)

    @cached_property
    def steps(self) -> list[StepShown]:
        """Every step with its state."""
        return steps_of(self.onboarding)

    @property
    def shown(self) -> StepShown:
        """The step itself."""
        return next(row for row in self.steps if row.name == self.step.name)

    @property
    def before(self) -> list[StepShown]:
        """What has to be complete first, and is not."""
        return [row for row in self.steps if row.name in self.step.after and row.reasons]

    @property
    def draft(self) -> Draft | None:
        """What somebody typed and did not finish."""
        return draft_of(self.onboarding, self.step.name)

    @property
    def draft_at(self) -> str:
        """When it was put aside."""
        return written(self.draft.at) if self.draft else ""

    @property
    def earlier(self) -> StepShown | None:
        """The step before this one."""
        return next((row for row in self.steps if row.number == self.shown.number - 1), None)

    @property
    def addresses(self) -> dict[str, str]:
        """Where each step is asked."""
        return {row.name: row.address for row in self.steps}

    @property
    def too_large(self) -> set[str]:
        """The files that were let go while they were read."""
        return self.request.__dict__.get("too_large", set())

    @property
    def is_moving(self) -> bool:
        """Whether something may change by itself, so that the page should follow it."""
        waits = self.tenant.pac_company_id and self.onboarding.qr and not self.tenant.may_issue_live
        is_busy = any(is_under_way(self.onboarding, name) for name in STEPS)
        return bool(is_busy or (waits and self.step.name in AFFILIATION))

    @property
    def state_key(self) -> str:
        """A text that changes whenever the page would look different."""
        tenant = self.tenant
        seen = (self.onboarding.version, tenant.affiliated, int(tenant.may_issue_live), tenant.state)
        states = "".join(row.state[0] for row in self.steps)
        return ".".join(map(str, (*seen, states, int(self.is_moving))))

    def is_state(self, state: StepState) -> bool:
        """Whether the step is in this state."""
        return self.shown.state is state
