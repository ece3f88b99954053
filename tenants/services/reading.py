"""What a company gives to be onboarded, read strictly (interface: `onboard`)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from cifras.core.reading import Reader
from cifras.fiscal.catalogues.places import require_location
from cifras.fiscal.document import Contributor
from cifras.fiscal.errors import CannotVerifyLocally, RuleBroken, gettext_noop
from cifras.fiscal.ruc import panama as ruc_rules
from cifras.pac.contract import Capability
from cifras.pac.registry import PROVIDERS
from tenants.models import Office, Tenant

_OFFICE_CODE = re.compile("[0-9A-Z]{4}")
_POINT_CODE = re.compile("(?!000)[0-9]{3}")
_TELEPHONE = re.compile("[0-9]{3,4}-[0-9]{4}")  # as the DGI takes them
_COORDINATES = re.compile(r"([+-][0-9]{1,2}\.[0-9]{1,8}),([+-][0-9]{1,3}\.[0-9]{1,8})")
_LATITUDES, _LONGITUDES = (6.5, 10.5), (-84.0, -76.5)  # Panama with its waters
_HIGHEST_NUMBER = 9_999_999_999


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
class PointEntry:
    """A billing point and the number its documents begin with."""

    code: str
    first_number: int = 1


@dataclass(frozen=True, slots=True)
class OfficeEntry:
    """A branch."""

    code: str
    type: str
    address: str
    telephone: str
    coordinates: str
    location: str
    email: str
    billing_points: tuple[PointEntry, ...]


@dataclass(frozen=True, slots=True)
class CertificateNames:
    """Where a command finds a .p12 and its password; the services never open a path."""

    path: str = ""
    password_env: str = ""


@dataclass(frozen=True, slots=True)
class OnboardingEntry:
    """A whole request; what may follow later is None or empty. `pac_company_id` adopts a company that exists there."""

    identity: Identity
    company: CompanyEntry | None = None
    offices: tuple[OfficeEntry, ...] = ()
    pac_company_id: str = ""
    certificate: CertificateNames = CertificateNames()
    authentication: CertificateNames = CertificateNames()


def read_onboarding(data: Any, *, is_whole: bool = False) -> OnboardingEntry:
    """The request that `data` describes; with `is_whole` names and offices may not be missing.

    Raises RulesBroken with every unknown, missing, mistyped or impossible member.
    """
    reader = Reader(data)
    password_env = reader.text("certificate_password_env", default="", longest=100)
    entry = OnboardingEntry(
        identity=_identity(reader),
        company=_company(reader) if is_whole or reader.has("legal_name") else None,
        offices=_offices(reader, is_required=is_whole),
        pac_company_id=reader.text("pac_company_id", default="", longest=255),
        certificate=CertificateNames(reader.text("certificate", default=""), password_env),
        authentication=CertificateNames(
            reader.text("authentication_certificate", default=""),
            reader.text("authentication_password_env", default=password_env, longest=100),
        ),
    )
    reader.finish()
    return entry


def read_company(data: Mapping[str, Any]) -> CompanyEntry:
    """Names, logo and mail. Raises RulesBroken."""
    reader = Reader(data)
    entry = _company(reader)
    reader.finish()
    return entry


def read_offices(data: Mapping[str, Any]) -> tuple[OfficeEntry, ...]:
    """The member `offices`, at least one. Raises RulesBroken."""
    reader = Reader(data)
    entries = _offices(reader, is_required=True)
    reader.finish()
    return entries


def _identity(reader: Reader) -> Identity:
    keys = [key for key, spec in PROVIDERS.items() if spec.can(Capability.ONBOARD)]
    provider = reader.choice("pac_provider", keys)
    country = reader.choice("country", Tenant.Country.values)
    if provider and country and PROVIDERS[provider].country != country:
        reader.refuse(
            "wrong_country",
            gettext_noop("{provider} atiende a empresas de {country}: corrija el país o el proveedor."),
            "country",
            provider=PROVIDERS[provider].name,
            country=PROVIDERS[provider].country,
        )
    ruc = reader.text("ruc", longest=40)
    ruc_type = reader.choice("ruc_type", list(Contributor))
    dv = reader.text("dv", longest=2)
    if ruc and ruc_type and dv:
        ruc = _checked_ruc(reader, ruc, ruc_type, dv)
    return Identity(
        country=country,
        provider=provider,
        environment=reader.choice("environment", Tenant.Environment.values),
        ruc=ruc,
        ruc_type=ruc_type,
        dv=dv,
    )


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
        email=_email(reader, longest=254),
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


def _email(reader: Reader, *, longest: int) -> str:
    email = reader.text("email", default="", longest=longest)
    if email:
        try:
            validate_email(email)
        except ValidationError:
            reader.refuse("email_shape", gettext_noop("«{email}» no es un correo."), "email", email=email)
    return email


def _offices(reader: Reader, *, is_required: bool) -> tuple[OfficeEntry, ...]:
    offices = tuple(_office(row) for row in reader.objects("offices", required=is_required))
    codes = [office.code for office in offices]
    for code in sorted({code for code in codes if code and codes.count(code) > 1}):
        reader.refuse(
            "office_twice",
            gettext_noop("La sucursal {office} aparece dos veces: deje una."),
            "offices",
            office=code,
        )
    mains = sum(office.type == Office.Type.MAIN for office in offices)
    if offices and mains != 1:
        reader.refuse(
            "one_main_office",
            gettext_noop("Una sucursal, y solo una, es la principal; aquí hay {count}."),
            "offices",
            count=mains,
        )
    return offices


def _office(reader: Reader) -> OfficeEntry:
    code = _shaped(
        reader, "code", 4, _OFFICE_CODE, gettext_noop("El código son cuatro cifras o mayúsculas, como 0001.")
    )
    entry = OfficeEntry(
        code=code,
        type=reader.choice("type", Office.Type.values, default=Office.Type.ASSOCIATED),
        address=reader.text("address", longest=100),
        telephone=_shaped(
            reader,
            "telephone",
            12,
            _TELEPHONE,
            gettext_noop("El teléfono tiene la forma 999-9999 o 9999-9999."),
        ),
        coordinates=_coordinates(reader),
        location=reader.text("location", longest=8),
        email=_email(reader, longest=50),
        billing_points=_points(reader),
    )
    if entry.location:
        try:
            require_location(entry.location)
        except RuleBroken as reason:
            reader.reasons.append(reason.at(reader.at("location")))
    return entry


def _coordinates(reader: Reader) -> str:
    text = _shaped(
        reader,
        "coordinates",
        22,
        _COORDINATES,
        gettext_noop(
            "Las coordenadas son latitud y longitud con signo y decimales, como +9.0017832,-79.5275519."
        ),
    )
    if found := _COORDINATES.fullmatch(text):
        latitude, longitude = map(float, found.groups())
        if not (_LATITUDES[0] <= latitude <= _LATITUDES[1] and _LONGITUDES[0] <= longitude <= _LONGITUDES[1]):
            reader.refuse(
                "coordinates_abroad",
                gettext_noop("Las coordenadas {text} quedan fuera de Panamá: revise el orden y los signos."),
                "coordinates",
                text=text,
            )
    return text


def _points(reader: Reader) -> tuple[PointEntry, ...]:
    points = tuple(_point(row) for row in reader.objects("billing_points", short="code"))
    if len({point.code for point in points}) != len(points):
        reader.refuse(
            "point_twice",
            gettext_noop("Un punto de facturación aparece dos veces: deje uno."),
            "billing_points",
        )
    return points or (PointEntry(settings.PAC_BILLING_POINT),)


def _point(reader: Reader) -> PointEntry:
    code = _shaped(
        reader, "code", 3, _POINT_CODE, gettext_noop("El punto de facturación son tres cifras, de 001 a 999.")
    )
    first_number = reader.integer("first_number", default=1)
    if not 1 <= first_number <= _HIGHEST_NUMBER:
        reader.refuse(
            "first_number_range", gettext_noop("El primer número va de 1 a 9999999999."), "first_number"
        )
    return PointEntry(code, first_number)


def _shaped(reader: Reader, name: str, longest: int, shape: re.Pattern[str], message: str) -> str:
    text = reader.text(name, longest=longest)
    if text and not shape.fullmatch(text):
        reader.refuse(f"{name}_shape", message, name)
    return text
