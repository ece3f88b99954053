"""What happens to tenants: doors call these. `accounts` is for the services of the floors above."""

from tenants.services.activation import activate_tenant, reactivate_tenant, suspend_tenant
from tenants.services.affiliation import refresh_affiliation
from tenants.services.catalogues import goods_and_services, refresh_catalogues
from tenants.services.closing import close_office, close_tenant, reopen_office
from tenants.services.onboarding import STEPS, Step, advance, run_step, start_onboarding, steps_for
from tenants.services.pending import PendingStep, pending_steps
from tenants.services.progress import StepState, StepTry, last_try
from tenants.services.promotion import PromotionPlan, promote_tenant, promotion_plan
from tenants.services.rotation import abandon_rotation, rotate_certificate, rotation_of, send_certificate
from tenants.services.tax_ids import TaxIdResult, verify_ruc

__all__ = [
    "STEPS",
    "PendingStep",
    "PromotionPlan",
    "Step",
    "StepState",
    "StepTry",
    "TaxIdResult",
    "abandon_rotation",
    "activate_tenant",
    "advance",
    "close_office",
    "close_tenant",
    "goods_and_services",
    "last_try",
    "pending_steps",
    "promote_tenant",
    "promotion_plan",
    "reactivate_tenant",
    "refresh_affiliation",
    "refresh_catalogues",
    "reopen_office",
    "rotate_certificate",
    "rotation_of",
    "run_step",
    "send_certificate",
    "start_onboarding",
    "steps_for",
    "suspend_tenant",
    "verify_ruc",
]
