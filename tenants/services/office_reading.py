"""The branches that a company gives, read strictly, by the rules of its country.

In Peru a branch is an establishment under SUNAT's code (0000 is the main one), and its billing points are series such as F001,
which belong to the RUC as a whole: none stands twice (Peru contract 3.1).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from cifras.core.reading import Reader
from cifras.fiscal import peru
from cifras.fiscal.catalogues.places import require_location
from cifras.fiscal.errors import RuleBroken, gettext_noop
from tenants.models import Office, Tenant
from tenants.services.mail_reading import read_email

_OFFICE_CODE = re.compile("[0-9A-Z]{4}")
_POINT_CODE = re.compile("(?!000)[0-9]{3}")
_TELEPHONE = re.compile("[0-9]{3,4}-[0-9]{4}")  # as the DGI takes them
_COORDINATES = re.compile(r"([+-][0-9]{1,2}\.[0-9]{1,8}),([+-][0-9]{1,3}\.[0-9]{1,8})")
_LATITUDES, _LONGITUDES = (6.5, 10.5), (-84.0, -76.5)  # Panama with its waters
_HIGHEST_NUMBER = 9_999_999_999
_ESTABLISHMENT = re.compile("[0-9]{4}")
_ANY_TELEPHONE = re.compile("[0-9+() -]{6,12}")
_UBIGEO = re.compile("[0-9]{6}")
_SOME_POINT: Mapping[str, str] = {Tenant.Country.PANAMA: "001", Tenant.Country.PERU: "F001"}


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


def read_offices(data: Mapping[str, Any], *, country: str) -> tuple[OfficeEntry, ...]:
    """The member `offices`, at least one. Raises RulesBroken."""
    reader = Reader(data)
    entries = offices_of(reader, country=country, is_required=True)
    reader.finish()
    return entries


def offices_of(reader: Reader, *, country: str, is_required: bool) -> tuple[OfficeEntry, ...]:
    """The same as part of a larger request; of a country that is none nothing is read."""
    rows = reader.objects("offices", required=is_required)
    read = _READS.get(country)
    if read is None:
        return ()
    offices = tuple(map(read, rows))
    _require_once(reader, offices)
    mains = sum(office.type == Office.Type.MAIN for office in offices)
    if offices and mains != 1:
        reader.refuse(
            "one_main_office",
            gettext_noop("Una sucursal, y solo una, es la principal; aquí hay {count}."),
            "offices",
            count=mains,
        )
    if country == Tenant.Country.PERU:
        _require_series_once(reader, offices)
    return offices


def require_office(data: Mapping[str, Any], *, country: str) -> None:
    """Raises RulesBroken for an office that cannot be one, whatever its type and its points."""
    point = _SOME_POINT.get(country, "")
    read_offices(
        {"offices": [{**data, "type": Office.Type.MAIN.value, "billing_points": [point]}]}, country=country
    )


def require_point(code: str, first_number: int, *, country: str) -> None:
    """Raises RulesBroken for a billing point, or series, that cannot be one."""
    reader = Reader({"code": code, "first_number": first_number})
    _POINTS[country](reader)
    reader.finish()


def _require_once(reader: Reader, offices: Sequence[OfficeEntry]) -> None:
    codes = [office.code for office in offices]
    for code in sorted({code for code in codes if code and codes.count(code) > 1}):
        reader.refuse(
            "office_twice",
            gettext_noop("La sucursal {office} aparece dos veces: deje una."),
            "offices",
            office=code,
        )


def _require_series_once(reader: Reader, offices: Sequence[OfficeEntry]) -> None:
    codes = [point.code for office in offices for point in office.billing_points]
    for code in sorted({code for code in codes if code and codes.count(code) > 1}):
        reader.refuse(
            "series_twice",
            gettext_noop(
                "La serie {series} aparece dos veces: cada serie es de un solo establecimiento. Deje una."
            ),
            "offices",
            series=code,
        )


def _panamanian_office(reader: Reader) -> OfficeEntry:
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
        email=read_email(reader, longest=50),
        billing_points=_points(reader),
    )
    if entry.location:
        try:
            require_location(entry.location)
        except RuleBroken as reason:
            reader.reasons.append(reason.at(reader.at("location")))
    return entry


def _peruvian_office(reader: Reader) -> OfficeEntry:
    code_shape = gettext_noop(
        "El código del establecimiento son cuatro cifras, como 0000: es el de la ficha RUC."
    )
    telephone_shape = gettext_noop("El teléfono tiene de 6 a 12 cifras.")
    ubigeo_shape = gettext_noop("El ubigeo son seis cifras, como 150101.")
    if reader.text("coordinates", default="", longest=22):
        reader.refuse(
            "not_in_peru", gettext_noop("En el Perú no se pide este dato: déjelo vacío."), "coordinates"
        )
    return OfficeEntry(
        code=_shaped(reader, "code", 4, _ESTABLISHMENT, code_shape),
        type=reader.choice("type", Office.Type.values, default=Office.Type.ASSOCIATED),
        address=reader.text("address", longest=100),
        telephone=_shaped(reader, "telephone", 12, _ANY_TELEPHONE, telephone_shape, default=""),
        coordinates="",
        location=_shaped(reader, "location", 8, _UBIGEO, ubigeo_shape, default=""),
        email=read_email(reader, longest=50),
        billing_points=tuple(
            _series(row) for row in reader.objects("billing_points", required=True, short="code")
        ),
    )


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


def _series(reader: Reader) -> PointEntry:
    code = reader.text("code", longest=4)
    if code and not peru.is_electronic_series(code):
        reader.refuse(
            "series_shape",
            gettext_noop(
                "«{series}» no es una serie electrónica: comienza por F (facturas y sus notas) o B (boletas y sus notas) y "
                "siguen tres letras mayúsculas o cifras, como F001, B001, FC01 o BC01."
            ),
            "code",
            series=code,
        )
    first_number = reader.integer("first_number", default=1)
    if not 1 <= first_number <= peru.HIGHEST_NUMBER:
        reader.refuse(
            "first_number_range", gettext_noop("El primer número va de 1 a 99999999."), "first_number"
        )
    return PointEntry(code, first_number)


def _shaped(
    reader: Reader,
    name: str,
    longest: int,
    shape: re.Pattern[str],
    message: str,
    *,
    default: str | None = None,
) -> str:
    text = reader.text(name, default=default, longest=longest)
    if text and not shape.fullmatch(text):
        reader.refuse(f"{name}_shape", message, name)
    return text


_READS: Mapping[str, Callable[[Reader], OfficeEntry]] = {
    Tenant.Country.PANAMA: _panamanian_office,
    Tenant.Country.PERU: _peruvian_office,
}
_POINTS: Mapping[str, Callable[[Reader], PointEntry]] = {
    Tenant.Country.PANAMA: _point,
    Tenant.Country.PERU: _series,
}
