"""Who issues: tenants, their offices, who of the staff may see them, and how far their onboarding has come."""

from tenants.models.catalogue import Catalogue, CatalogueEntry
from tenants.models.exchange import Exchange
from tenants.models.grant import StaffGrant
from tenants.models.office import BillingPoint, Office
from tenants.models.onboarding import Onboarding
from tenants.models.tax_id import TaxIdCheck
from tenants.models.tenant import Certificate, Tenant

__all__ = [
    "BillingPoint",
    "Catalogue",
    "CatalogueEntry",
    "Certificate",
    "Exchange",
    "Office",
    "Onboarding",
    "StaffGrant",
    "TaxIdCheck",
    "Tenant",
]
