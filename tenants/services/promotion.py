"""From practice to the real thing: a live twin of a sandbox company, with what may go along and nothing that may not.

The twin is another tenant with the same RUC: it is created at the live provider, affiliated and given its certificate by its own
onboarding. Documents and numbers never go along; neither do the accesses, which somebody gives anew.
"""

import logging
from dataclasses import dataclass, replace

from django.db import transaction

from cifras.core import audit
from cifras.core.models import Staff
from cifras.fiscal.errors import RuleBroken, gettext_noop
from tenants.models import BillingPoint, Onboarding, Tenant
from tenants.services.companies import entry_of
from tenants.services.finding import tenants_of
from tenants.services.floors_above import Copied, copied
from tenants.services.logos import clean_picture, keep_logo
from tenants.services.office_reading import OfficeEntry, PointEntry
from tenants.services.offices import entries_of
from tenants.services.onboarding import start_onboarding
from tenants.services.reading import Identity, OnboardingEntry

logger = logging.getLogger(__name__)

_SETTINGS = (
    "grace_days",
    "max_backdate_days",
    "discounts_after_tax",
    "four_eyes_void",
    "four_eyes_void_above",
    "mail_language",
    "mail_text",
)
FIRST_NUMBER = 1


@dataclass(frozen=True, slots=True)
class PromotionPlan:
    """What a promotion would take along; `twin` is there once it was done."""

    offices: int
    points: int
    others: tuple[Copied, ...]
    twin: Tenant | None


def promotion_plan(tenant: Tenant) -> PromotionPlan:
    """What goes along. Raises RuleBroken where there is nothing to promote."""
    _require_promotable(tenant)
    offices = tenant.offices.filter(closed_at=None)
    return PromotionPlan(
        offices=offices.count(),
        points=BillingPoint.objects.filter(office__in=offices).count(),
        others=tuple(copied(tenant, None)),
        twin=tenants_of(_live_identity(tenant)).first(),
    )


def promote_tenant(tenant: Tenant, *, actor: Staff | None) -> Onboarding:
    """The onboarding of the live twin: begun with all that may go along, or taken up as it is.

    Repeating it adds nothing that the twin has already, and undoes nothing that was changed there. Raises RuleBroken.
    """
    _require_promotable(tenant)
    identity = _live_identity(tenant)
    with transaction.atomic():
        Tenant.objects.select_for_update().get(
            pk=tenant.pk
        )  # two promotions at once become one after the other
        is_new = not tenants_of(identity).exists()
        entry = OnboardingEntry(identity=identity)
        if is_new:
            entry = replace(entry, company=entry_of(tenant), offices=_offices(tenant))
        onboarding = start_onboarding(entry, actor=actor)
        if is_new:
            _copy_settings(tenant, onboarding.tenant)
        others = copied(tenant, onboarding.tenant)
        if is_new or any(each.count for each in others):
            _tell(tenant, onboarding.tenant, others, actor=actor)
    return onboarding


def _require_promotable(tenant: Tenant) -> None:
    if tenant.is_live:
        raise RuleBroken("already_live", gettext_noop("La empresa ya es de producción."))
    if tenant.state == Tenant.State.CLOSED:
        raise RuleBroken("tenant_closed", gettext_noop("La empresa está cerrada: no se promueve."))
    if not tenant.legal_name:
        raise RuleBroken("company_missing", gettext_noop("Falta la razón social de la empresa."))


def _live_identity(tenant: Tenant) -> Identity:
    return Identity(
        country=tenant.country,
        provider=tenant.pac_provider,
        environment=Tenant.Environment.LIVE,
        ruc=tenant.ruc,
        ruc_type=tenant.ruc_type,
        dv=tenant.dv,
    )


def _offices(tenant: Tenant) -> tuple[OfficeEntry, ...]:
    """The open offices. Live numbering has nothing to do with the practice range: it begins anew."""
    is_open = set(tenant.offices.filter(closed_at=None).values_list("code", flat=True))
    return tuple(
        replace(
            entry,
            billing_points=tuple(PointEntry(point.code, FIRST_NUMBER) for point in entry.billing_points),
        )
        for entry in entries_of(tenant)
        if entry.code in is_open
    )


def _copy_settings(source: Tenant, target: Tenant) -> None:
    for name in _SETTINGS:
        setattr(target, name, getattr(source, name))
    _copy_logo(source, target)
    target.save(update_fields=[*_SETTINGS, "logo", "updated_at"])


def _copy_logo(source: Tenant, target: Tenant) -> None:
    """Each company has a file of its own: the other's may be replaced. One that is missing is no reason to stop."""
    if not source.logo:
        return
    try:
        with source.logo.open("rb") as stored:
            keep_logo(target, clean_picture(stored.read()))
    except (OSError, RuleBroken):
        logger.warning("The logo of tenant %s could not be copied", source.uid)


def _tell(source: Tenant, target: Tenant, others: list[Copied], *, actor: Staff | None) -> None:
    """Both chains know of it, in the order of their UUIDs."""
    counts = {str(each.title): each.count for each in others}
    named = {source: {"live": str(target.uid)}, target: {"sandbox": str(source.uid), "copied": counts}}
    for tenant, after in sorted(named.items(), key=lambda each: each[0].uid):
        audit.record("tenant.promoted", actor=actor, tenant_uid=tenant.uid, target=tenant, after=after)
