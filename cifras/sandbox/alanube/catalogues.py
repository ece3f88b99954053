"""The check-digit service and the DGI's catalogues: a small sample of each."""

import csv
from collections.abc import Sequence
from pathlib import Path

from cifras.sandbox.alanube.answers import error, not_found
from cifras.sandbox.alanube.onboarding import kind_of_taxpayer
from cifras.sandbox.taxpayer import NATURAL, check_digit
from cifras.sandbox.web import Request, Response
from cifras.sandbox.world import World

GOODS = tuple(
    {"code": code, "description": description, "unit": "und"}
    for code, description in (
        ("1411", "Productos de papel"),
        ("4321", "Equipo informático y accesorios"),
        ("4412", "Suministros de oficina"),
        ("5013", "Productos lácteos y huevos"),
        ("5610", "Muebles de alojamiento"),
        ("7210", "Servicios de mantenimiento y reparaciones de construcciones e instalaciones"),
        ("7611", "Servicios de aseo y limpieza"),
        ("8010", "Servicios de asesoría de gestión"),
        ("8111", "Servicios informáticos"),
        ("9010", "Restaurantes y catering"),
    )
)
_UNITS = ("und", "kg", "g", "l", "m", "m2", "cm", "lb", "oz", "Docena", "Paquete", "Hora trabajo")
_COUNTRIES = {"PA": "Panamá", "US": "Estados Unidos", "CO": "Colombia", "CR": "Costa Rica", "PE": "Perú"}
_LOCATIONS_FILE = Path(__file__).parent / "locations.csv"


def check_digit_answer(world: World, request: Request) -> Response:
    """DV and kind of receiver of a RUC; 400 when nobody has it."""
    ruc, word = request.query.get("ruc", ""), request.query.get("type", "")
    kind = kind_of_taxpayer(word, world.behaviour.check_digit_type)
    if kind is None:
        return error(400, "type is not valid")
    receiver = world.authority.receiver_kind(ruc, kind)
    if receiver is None:
        return error(400, "RUC not found")
    name = "NATURAL" if kind == NATURAL else "JURIDICO"
    return Response(200, {"checkDigit": check_digit(ruc, kind), "receiver": receiver, "type": name})


def catalogue(name: str) -> Response:
    """One of the DGI's catalogues."""
    rows = _CATALOGUES.get(name)
    return Response(200, rows) if rows is not None else not_found("Catalog")


def _locations() -> Sequence[dict[str, str]]:
    with _LOCATIONS_FILE.open(encoding="utf-8") as file:
        return [
            {"code": row["code"], "label": f"{row['province']}, {row['district']}, {row['corregimiento']}"}
            for row in csv.DictReader(file)
        ]


def _parts(places: Sequence[dict[str, str]], depth: int) -> Sequence[dict[str, str]]:
    found = {
        "-".join(place["code"].split("-")[: depth + 1]): place["label"].split(", ")[depth] for place in places
    }
    return [{"code": code, "label": label} for code, label in found.items()]


_LOCATIONS = _locations()
_CATALOGUES: dict[str, Sequence[dict[str, str]]] = {
    "goods-and-services": GOODS,
    "locations": _LOCATIONS,
    "provinces": _parts(_LOCATIONS, 0),
    "districts": _parts(_LOCATIONS, 1),
    "corrections": _parts(_LOCATIONS, 2),
    "measurement-units": [{"code": unit, "label": unit} for unit in _UNITS],
    "countries": [{"code": code, "label": name} for code, name in _COUNTRIES.items()],
}
