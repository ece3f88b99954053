"""How branches and their points are called, by country."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from tenants.models import Tenant

_PANAMA: Mapping[str, Any] = {
    "question": _(
        "¿Desde dónde factura la empresa? Primero la sucursal principal. Cada punto de facturación lleva su propia "
        "numeración."
    ),
    "offices": _("Sucursales"),
    "office": _("Sucursal"),
    "add_office": _("Agregar sucursal"),
    "points": _("Puntos de facturación"),
    "points_short": _("Puntos"),
    "points_help": "",
    "add_point": _("Agregar punto"),
}
_ABROAD: Mapping[str, Mapping[str, Any]] = {
    Tenant.Country.PERU: {
        "question": _(
            "¿Desde dónde factura la empresa? Primero el establecimiento principal, con el código de la ficha RUC. Cada serie "
            "lleva su propia numeración y no se repite en otro establecimiento."
        ),
        "offices": _("Establecimientos"),
        "office": _("Establecimiento"),
        "add_office": _("Agregar establecimiento"),
        "points": _("Series"),
        "points_short": _("Series"),
        "points_help": _(
            "F para facturas y sus notas, B para boletas y las suyas. Si la serie ya se usó, el primer número es el que sigue "
            "al último emitido."
        ),
        "add_point": _("Agregar serie"),
    },
}


def office_words(tenant: Tenant) -> Mapping[str, Any]:
    """The words of the tenant's country."""
    return _ABROAD.get(tenant.country, _PANAMA)
