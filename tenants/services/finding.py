"""Finding the company that an onboarding is about: by provider, environment and tax id, closed ones left out."""

from tenants.models import Onboarding, Tenant
from tenants.models.tenant import TenantQuerySet
from tenants.services.reading import Identity


def tenants_of(identity: Identity) -> TenantQuerySet:
    """The tenant with this identity: one, or none."""
    return Tenant.objects.exclude(state=Tenant.State.CLOSED).filter(
        pac_provider=identity.provider,
        environment=identity.environment,
        country=identity.country,
        ruc=identity.ruc,
    )


def onboarding_of(identity: Identity) -> Onboarding | None:
    """The onboarding begun for this identity."""
    return Onboarding.objects.select_related("tenant").filter(tenant__in=tenants_of(identity)).first()
