"""What the books call things in the country of the company."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from cifras.fiscal.lifecycle import LegalStatus
from invoicing.models.choices import LEGAL_STATUSES
from tenants.models import Tenant


@dataclass(frozen=True, slots=True)
class Words:
    """One country's. `other_taxes` are those that no rate names."""

    authority: str
    office: Any
    point: Any
    other_taxes: Any
    legal: Mapping[str, Any]


_BY_COUNTRY: Mapping[str, Words] = {
    Tenant.Country.PANAMA: Words(
        authority="DGI",
        office=_("Sucursal"),
        point=_("Punto"),
        other_taxes=_("ISC y otros impuestos"),
        legal=dict(LEGAL_STATUSES),
    ),
    Tenant.Country.PERU: Words(
        authority="SUNAT",
        office=_("Establecimiento"),
        point=_("Serie"),
        other_taxes=_("ISC e ICBPER"),
        legal={
            LegalStatus.PAC_AUTHORIZED: _("Recibida por el proveedor"),
            LegalStatus.DGI_AUTHORIZED: _("Aceptada por SUNAT"),
            LegalStatus.PAC_REJECTED: _("Rechazada por el proveedor"),
            LegalStatus.DGI_REJECTED: _("Rechazada por SUNAT"),
        },
    ),
}


def words_of(tenant: Tenant) -> Words:
    """The words of the company's country."""
    return _BY_COUNTRY[tenant.country]
