"""Which page asks each step, and where a country or a provider asks another way."""

from collections.abc import Mapping

from tenants.admin.wizard.account_pages import AccountPage, PeruRucPage, PingPage
from tenants.admin.wizard.pages import (
    ActivatePage,
    AffiliationPage,
    CertificatePage,
    CompanyPage,
    CreatePage,
    OfficesPage,
    RegisterPage,
    RucPage,
    StepPage,
)
from tenants.admin.wizard.visit import Visit
from tenants.models import Tenant

_PAGES: Mapping[str, StepPage] = {
    "account": AccountPage(),
    "ping": PingPage(),
    "ruc": RucPage(),
    "company": CompanyPage(),
    "certificate": CertificatePage(),
    "create_company": CreatePage(),
    "request_affiliation": AffiliationPage(),
    "finish_affiliation": AffiliationPage(),
    "offices": OfficesPage(),
    "register_offices": RegisterPage(),
    "activate": ActivatePage(),
}
_ABROAD: Mapping[tuple[str, str], StepPage] = {(Tenant.Country.PERU, "ruc"): PeruRucPage()}


def page_for(visit: Visit) -> StepPage:
    """The page of the visit's step."""
    return _ABROAD.get((visit.tenant.country, visit.step.name)) or _PAGES[visit.step.name]
