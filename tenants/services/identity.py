"""Mending who is being onboarded, for as long as the provider has not heard of it."""

from django.db import IntegrityError, transaction

from cifras.core import audit
from cifras.core.models import Staff
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.pac.contract import Capability
from tenants.models import Onboarding, Tenant
from tenants.services import custody
from tenants.services.accounts import provider_spec
from tenants.services.finding import tenants_of
from tenants.services.reading import Identity


def change_identity(onboarding: Onboarding, identity: Identity, *, actor: Staff | None) -> bool:
    """Take over RUC, type and DV, in the caller's transaction; whether anything was different.

    Another RUC makes a certificate that was handed in worthless: it is erased. Raises RuleBroken: company_already_sent, and
    tenant_exists when another company of ours has that RUC.
    """
    tenant = onboarding.tenant
    before, after = _identity_of(tenant), (identity.ruc, identity.ruc_type, identity.dv)
    if before == after:
        return False
    if is_settled(onboarding):
        field = next(name for name, old, new in zip(_FIELDS, before, after, strict=True) if old != new)
        raise RuleBroken(
            "company_already_sent",
            gettext_noop("El PAC ya recibió este dato («{known}»): no se cambia durante la habilitación."),
            field,
            known=" ".join(before),
        )
    if before[0] != after[0]:
        _require_free(tenant, identity)
        custody.give_up(onboarding)
    try:
        with transaction.atomic():
            tenant.ruc, tenant.ruc_type, tenant.dv = after
            tenant.save(update_fields=[*_FIELDS, "updated_at"])
    except IntegrityError:
        raise _taken(identity) from None
    audit.record(
        "tenant.tax_id_corrected",
        actor=actor,
        tenant_uid=tenant.uid,
        target=tenant,
        before=before,
        after=after,
    )
    return True


def is_settled(onboarding: Onboarding) -> bool:
    """Whether who the company is cannot be changed any more: the provider has been told, or may have been; where it is told
    nothing, because the company has its account already, until the company is active."""
    tenant = onboarding.tenant
    if provider_spec(tenant).can(Capability.ONBOARD):
        return bool(tenant.pac_company_id or onboarding.company_unknown)
    return tenant.state != Tenant.State.ONBOARDING


_FIELDS = ("ruc", "ruc_type", "dv")


def _identity_of(tenant: Tenant) -> tuple[str, str, str]:
    return tenant.ruc, tenant.ruc_type, tenant.dv


def _require_free(tenant: Tenant, identity: Identity) -> None:
    if tenants_of(identity).exclude(pk=tenant.pk).exists():
        raise _taken(identity)


def _taken(identity: Identity) -> RuleBroken:
    return RuleBroken(
        "tenant_exists",
        gettext_noop("Ya hay otra empresa con el RUC {ruc} en este proveedor y ambiente."),
        "ruc",
        ruc=identity.ruc,
    )
