"""Companies and their branches as a provider is told of them, and as it sees them; part of `contract`."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class CompanyProfile:
    """What a provider needs to register a company. Certificates are PKCS#12 bytes; nothing here is ever logged."""

    ruc: str
    contributor: str
    dv: str
    legal_name: str
    trade_name: str
    logo_url: str = ""
    certificate: bytes = field(default=b"", repr=False)
    certificate_password: str = field(default="", repr=False)
    authentication_certificate: bytes = field(default=b"", repr=False)
    authentication_password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """The certificates a company signs with from now on, as PKCS#12 bytes; one alone serves both purposes. Never logged."""

    signature: bytes = field(repr=False)
    signature_password: str = field(repr=False)
    authentication: bytes = field(default=b"", repr=False)
    authentication_password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class CompanyState:
    """A company as the provider sees it. `affiliated` is the provider's own word (SUBSCRIBED allows issuing)."""

    company_id: str
    ruc: str = ""
    affiliated: str = ""
    may_issue: bool = False
    qr: str = ""
    body: Any = None
    exchange_id: str = ""


@dataclass(frozen=True, slots=True)
class OfficeProfile:
    """A branch. `coordinates` as +9.0017832,-79.5275519, `location` as province-district-corregimiento."""

    code: str
    is_main: bool
    address: str
    telephone: str
    coordinates: str
    location: str
    email: str = ""


@dataclass(frozen=True, slots=True)
class OfficeState:
    """A branch as the provider sees it."""

    office_id: str
    code: str = ""
    body: Any = None
    exchange_id: str = ""
