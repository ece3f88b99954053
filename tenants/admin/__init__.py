"""The staff pages about tenants: who issues, where, who may see them. What was said to their providers is a floor above."""

from tenants.admin.catalogues import CatalogueEntryPage, CataloguePage
from tenants.admin.certificates import CertificatePage
from tenants.admin.grants import GrantPage
from tenants.admin.offices import OfficePage
from tenants.admin.tax_ids import TaxIdPage
from tenants.admin.tenants import TenantPage

__all__ = [
    "CatalogueEntryPage",
    "CataloguePage",
    "CertificatePage",
    "GrantPage",
    "OfficePage",
    "TaxIdPage",
    "TenantPage",
]
