"""Panama's provinces and places.

Source: DGI contract 3.7 for the form of dCodUbi (province-district-corregimiento, without padding) and the provinces; the names
are a sample of the list of 2021. The form decides whether a code is good: the full list changes and is the provider's.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from cifras.fiscal.errors import RuleBroken, gettext_noop


class Place(NamedTuple):
    """The names of a location."""

    province: str
    district: str
    corregimiento: str


PROVINCES: Mapping[int, str] = {
    1: "Bocas del Toro",
    2: "Coclé",
    3: "Colón",
    4: "Chiriquí",
    5: "Darién",
    6: "Herrera",
    7: "Los Santos",
    8: "Panamá",
    9: "Veraguas",
    10: "Guna Yala",
    11: "Emberá",
    12: "Ngäbe-Buglé",
    13: "Panamá Oeste",
}

_CAPITAL = (
    "San Felipe",
    "El Chorrillo",
    "Santa Ana",
    "La Exposición o Calidonia",
    "Curundú",
    "Betania",
    "Bella Vista",
    "Pueblo Nuevo",
    "San Francisco",
    "Parque Lefevre",
    "Río Abajo",
    "Juan Díaz",
    "Pedregal",
    "Ancón",
    "Chilibre",
    "Las Cumbres",
    "Pacora",
    "San Martín",
    "Tocumen",
    "Las Mañanitas",
    "24 de Diciembre",
    "Ernesto Córdoba Campos",
    "Alcalde Díaz",
    "Caimitillo",
    "Don Bosco",
    "Las Garzas",
)

LOCATIONS: Mapping[str, Place] = {
    "1-1-1": Place("Bocas del Toro", "Bocas del Toro", "Bocas del Toro (cabecera)"),
    "2-1-1": Place("Coclé", "Aguadulce", "Aguadulce (cabecera)"),
    "3-1-1": Place("Colón", "Colón", "Barrio Norte"),
    "4-6-1": Place("Chiriquí", "David", "David (cabecera)"),
    "5-1-1": Place("Darién", "Chepigana", "La Palma (cabecera)"),
    "6-1-1": Place("Herrera", "Chitré", "Chitré (cabecera)"),
    "7-1-1": Place("Los Santos", "Guararé", "Guararé (cabecera)"),
    **{f"8-8-{number}": Place("Panamá", "Panamá", name) for number, name in enumerate(_CAPITAL, start=1)},
    "8-10-1": Place("Panamá", "San Miguelito", "Amelia Denis de Icaza"),
    "9-12-5": Place("Veraguas", "Mariato", "Tebario"),
    "10-1-1": Place("Comarca Kuna Yala", "Comarca Kuna Yala", "Narganá (cabecera)"),
    "11-1-1": Place("Comarca Emberá-Wounaan", "Cémaco", "Cirilo Guainora (cabecera)"),
    "12-1-1": Place("Comarca Ngäbe-Buglé", "Besikó", "Soloy (cabecera)"),
    "13-1-1": Place("Panamá Oeste", "Arraiján", "Arraiján (cabecera)"),
}

_LOCATION = re.compile(r"(?:[1-9]|1[0-3])-[1-9][0-9]?-[1-9][0-9]?")


def require_location(code: str, field: str = "location") -> str:
    """`code` itself when it has the form of a location, known by name or not; raises RuleBroken otherwise."""
    if not _LOCATION.fullmatch(code):
        raise RuleBroken(
            "location_shape",
            gettext_noop(
                "«{given}» no es una ubicación: escriba provincia-distrito-corregimiento sin ceros a la izquierda, como 8-8-7."
            ),
            field,
            given=code,
        )
    return code
