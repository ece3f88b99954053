"""What happens to tenants: doors call these. `accounts` is for the services of the floors above."""

from tenants.services.activation import activate_tenant, reactivate_tenant, suspend_tenant
from tenants.services.affiliation import refresh_affiliation
from tenants.services.onboarding import STEPS, Step, advance, run_step, start_onboarding
from tenants.services.pending import PendingStep, pending_steps
from tenants.services.progress import StepState, StepTry, last_try
from tenants.services.tax_ids import TaxIdResult, verify_ruc

__all__ = [
    "STEPS",
    "PendingStep",
    "Step",
    "StepState",
    "StepTry",
    "TaxIdResult",
    "activate_tenant",
    "advance",
    "last_try",
    "pending_steps",
    "reactivate_tenant",
    "refresh_affiliation",
    "run_step",
    "start_onboarding",
    "suspend_tenant",
    "verify_ruc",
]
