"""What a company gives to be onboarded, read strictly (interface: `onboard`)."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from cifras.core.reading import Reader
from cifras.fiscal.document import Contributor
from cifras.fiscal.errors import CannotVerifyLocally, RuleBroken, gettext_noop
from cifras.fiscal.ruc import panama as ruc_rules
from cifras.fiscal.ruc import peru as peru_ruc
from cifras.pac.contract import Capability
from cifras.pac.registry import PROVIDERS
from tenants.models import Tenant
from tenants.services.account_reading import AccountNames, account_names
from tenants.services.mail_reading import read_email
from tenants.services.office_reading import OfficeEntry, offices_of
from tenants.services.providers import ways_in

_CERTIFICATE_MEMBERS = (
    "certificate",
    "certificate_password_env",
    "authentication_certificate",
    "authentication_password_env",
)
_COMPANY_PREFIX = "20"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is to be onboarded, where. The RUC is clean, and its DV is right as far as it can be told here."""

    country: str
    provider: str
    environment: str
    ruc: str
    ruc_type: str
    dv: str


@dataclass(frozen=True, slots=True)
class CompanyEntry:
    """How the company is called."""

    legal_name: str
    trade_name: str = ""
    logo_url: str = ""
    email: str = ""
    contact_name: str = ""
    contact_telephone: str = ""


@dataclass(frozen=True, slots=True)
class CertificateNames:
    """Where a command finds a .p12 and its password; the services never open a path."""

    path: str = ""
    password_env: str = ""


@dataclass(frozen=True, slots=True)
class OnboardingEntry:
    """A whole request; what may follow later is None or empty. `pac_company_id` adopts a company that exists there; `account`
    is of a provider that does not create companies."""

    identity: Identity
    company: CompanyEntry | None = None
    offices: tuple[OfficeEntry, ...] = ()
    pac_company_id: str = ""
    account: AccountNames | None = None
    certificate: CertificateNames = CertificateNames()
    authentication: CertificateNames = CertificateNames()


def read_onboarding(data: Any, *, is_whole: bool = False) -> OnboardingEntry:
    """The request that `data` describes; with `is_whole` names and offices may not be missing.

    Raises RulesBroken with every unknown, missing, mistyped or impossible member.
    """
    reader = Reader(data)
    identity = _identity(reader)
    company = _company(reader) if is_whole or reader.has("legal_name") else None
    offices = offices_of(reader, country=identity.country, is_required=is_whole)
    spec = PROVIDERS.get(identity.provider)
    if spec is None or spec.can(Capability.ONBOARD):
        entry = _with_certificates(reader, OnboardingEntry(identity, company, offices))
    else:
        account = account_names(reader, spec) if is_whole else None
        entry = OnboardingEntry(identity, company, offices, account=account)
        _refuse_certificates(reader)
    reader.finish()
    return entry


def read_company(data: Mapping[str, Any]) -> CompanyEntry:
    """Names, logo and mail. Raises RulesBroken."""
    reader = Reader(data)
    entry = _company(reader)
    reader.finish()
    return entry


def _with_certificates(reader: Reader, entry: OnboardingEntry) -> OnboardingEntry:
    password_env = reader.text("certificate_password_env", default="", longest=100)
    return replace(
        entry,
        pac_company_id=reader.text("pac_company_id", default="", longest=255),
        certificate=CertificateNames(reader.text("certificate", default=""), password_env),
        authentication=CertificateNames(
            reader.text("authentication_certificate", default=""),
            reader.text("authentication_password_env", default=password_env, longest=100),
        ),
    )


def _refuse_certificates(reader: Reader) -> None:
    for name in _CERTIFICATE_MEMBERS:
        if reader.has(name):
            reader.refuse(
                "certificate_not_asked",
                gettext_noop("Este proveedor no recibe el certificado por aquí: quite este dato."),
                name,
            )


def _identity(reader: Reader) -> Identity:
    provider = reader.choice("pac_provider", ways_in())
    country = reader.choice("country", Tenant.Country.values)
    if provider and country and PROVIDERS[provider].country != country:
        reader.refuse(
            "wrong_country",
            gettext_noop("{provider} atiende a empresas de {country}: corrija el país o el proveedor."),
            "country",
            provider=PROVIDERS[provider].name,
            country=PROVIDERS[provider].country,
        )
    ruc, ruc_type, dv = _TAX_IDS.get(country, _panamanian)(reader)
    return Identity(
        country=country,
        provider=provider,
        environment=reader.choice("environment", Tenant.Environment.values),
        ruc=ruc,
        ruc_type=ruc_type,
        dv=dv,
    )


def _panamanian(reader: Reader) -> tuple[str, str, str]:
    ruc = reader.text("ruc", longest=40)
    ruc_type = reader.choice("ruc_type", list(Contributor))
    dv = reader.text("dv", longest=2)
    if ruc and ruc_type and dv:
        ruc = _checked_ruc(reader, ruc, ruc_type, dv)
    return ruc, ruc_type, dv


def _peruvian(reader: Reader) -> tuple[str, str, str]:
    """The check digit is the RUC's last; its prefix tells the kind of taxpayer where nobody says it."""
    ruc = reader.text("ruc", longest=40)
    if ruc:
        try:
            ruc = peru_ruc.validate(ruc)
        except RuleBroken as reason:
            reader.reasons.append(reason.at(reader.at(reason.field)))
    if reader.text("dv", default="", longest=2):
        reader.refuse(
            "dv_not_in_peru",
            gettext_noop("El RUC del Perú lleva su dígito al final y no tiene DV aparte: déjelo vacío."),
            "dv",
        )
    given = reader.choice("ruc_type", list(Contributor), default="")
    is_company = ruc.startswith(_COMPANY_PREFIX)
    return ruc, given or (Contributor.JURIDICO if is_company else Contributor.NATURAL).value, ""


def _checked_ruc(reader: Reader, ruc: str, ruc_type: str, dv: str) -> str:
    try:
        return ruc_rules.validate(ruc, ruc_type, dv)
    except CannotVerifyLocally:
        return ruc_rules.compact(ruc)  # the step `ruc` asks the provider
    except RuleBroken as reason:
        reader.reasons.append(reason.at(reader.at(reason.field)))
        return ruc


def _company(reader: Reader) -> CompanyEntry:
    entry = CompanyEntry(
        legal_name=reader.text("legal_name", longest=200),
        trade_name=reader.text("trade_name", default="", longest=200),
        logo_url=reader.text("logo_url", default="", longest=200),
        email=read_email(reader, longest=254),
        contact_name=reader.text("contact_name", default="", longest=120),
        contact_telephone=reader.text("contact_telephone", default="", longest=30),
    )
    if entry.logo_url and not _is_https(entry.logo_url):
        reader.refuse(
            "logo_url_shape",
            gettext_noop(
                "«{url}» no sirve como dirección del logo: tiene que ser pública y empezar con https://."
            ),
            "logo_url",
            url=entry.logo_url[:80],
        )
    return entry


def _is_https(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    is_name = "." in host.strip(".") and not re.fullmatch(r"[0-9.]+", host)
    return parts.scheme == "https" and is_name and not parts.username and not re.search(r"\s", url)


_TAX_IDS: Mapping[str, Callable[[Reader], tuple[str, str, str]]] = {
    Tenant.Country.PANAMA: _panamanian,
    Tenant.Country.PERU: _peruvian,
}
