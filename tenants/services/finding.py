"""Finding the company that an onboarding is about: by provider, environment and tax id, closed ones left out."""

from cifras.core.scopes import all_tenants
from tenants.models import Onboarding, Tenant
from tenants.models.tenant import TenantQuerySet
from tenants.services.reading import Identity


def tenants_of(identity: Identity) -> TenantQuerySet:
    """The tenant with this identity: one, or none. A company is known to us or not, whoever may see it."""
    with all_tenants(reason="whether a company is known already"):
        tenants = Tenant.objects.exclude(state=Tenant.State.CLOSED)
    return tenants.filter(
        pac_provider=identity.provider,
        environment=identity.environment,
        country=identity.country,
        ruc=identity.ruc,
    )


def onboarding_of(identity: Identity) -> Onboarding | None:
    """The onboarding begun for this identity."""
    return Onboarding.objects.select_related("tenant").filter(tenant__in=tenants_of(identity)).first()
