"""What the page that writes an invoice offers: tenants, offices with their points, receivers, places."""

import uuid
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from cifras.core.models import Staff
from cifras.fiscal.catalogues.sunat import IdentityType
from invoicing.admin.words import words_in
from invoicing.models import Receiver
from tenants.access import tenants_for
from tenants.models import BillingPoint, Tenant
from tenants.services.catalogues import find_goods, find_places, place_name

_MOST_SUGGESTED = 12


def tenants_offered(staff: Staff) -> QuerySet[Tenant]:
    """The tenants that `staff` may write invoices for on this page: visible, not closed."""
    return tenants_for(staff).exclude(state=Tenant.State.CLOSED)


def find_offered(staff: Staff, uid: str) -> Tenant | None:
    """The offered tenant with this id."""
    try:
        return tenants_offered(staff).filter(uid=uuid.UUID(uid)).first()
    except ValueError:
        return None


def tenant_choices(staff: Staff) -> list[tuple[str, str]]:
    """The select's rows; a blank one first where there is a choice."""
    rows = [(str(tenant.uid), _tenant_label(tenant)) for tenant in tenants_offered(staff)]
    return rows if len(rows) == 1 else [("", _("Elija la empresa")), *rows]


def place_choices(tenant: Tenant | None, current: str = "") -> list[tuple[str, str]]:
    """Open offices with their billing points as "0001/001"; `current` stays even if it is none of them any more."""
    if tenant is None:
        return [("", _("Elija antes la empresa"))]
    text = _("{office} · {address} · {word} {point}")
    rows = [
        (
            f"{point.office.code}/{point.code}",
            text.format(
                office=point.office.code,
                address=point.office.address,
                word=words_in(tenant.country).point,
                point=point.code,
            ),
        )
        for point in _points(tenant)
    ]
    if current and current not in dict(rows):
        rows.append((current, current))
    return rows or [("", _("La empresa no tiene puntos de facturación"))]


def first_place(tenant: Tenant | None, letter: str) -> str:
    """The first open series that begins with `letter`, as "0000/F001"; empty where there is none."""
    points = _points(tenant).filter(code__startswith=letter) if tenant else ()
    return next((f"{point.office.code}/{point.code}" for point in points), "")


def _points(tenant: Tenant) -> QuerySet[BillingPoint]:
    points = BillingPoint.objects.filter(office__tenant=tenant, office__closed_at=None)
    return points.select_related("office").order_by("office__code", "code")


def find_receivers(tenant: Tenant, typed: str) -> list[dict[str, str]]:
    """Registered receivers whose name, RUC or code fits what was typed."""
    rows = Receiver.objects.filter(tenant=tenant)
    if typed:
        rows = rows.filter(Q(name__icontains=typed) | Q(ruc__startswith=typed) | Q(code__istartswith=typed))
    return [
        {"value": row.code, "label": row.name, "detail": " · ".join(filter(None, [row.ruc, row.code]))}
        for row in rows.order_by("name", "pk")[:_MOST_SUGGESTED]
    ]


def find_locations(typed: str) -> list[dict[str, str]]:
    """Places whose code or names fit what was typed, accents and case aside."""
    found = []
    for row in find_places(typed)[:_MOST_SUGGESTED]:
        smallest, *larger = reversed(row.name.split(", "))
        detail = " · ".join(filter(None, [", ".join(larger), row.code]))
        found.append({"value": row.code, "label": smallest, "detail": detail})
    return found


def find_cpbs(tenant: Tenant, typed: str, *, actor: Staff) -> list[dict[str, str]]:
    """CPBS codes that fit what was typed, with the unit that goes with each."""
    rows = find_goods(tenant, typed, actor=actor)[:_MOST_SUGGESTED]
    return [{"value": row.code, "label": row.name, "detail": row.code, "unit": row.unit} for row in rows]


def location_name(code: str) -> str:
    """The names of a place from the smallest part on; empty for a code that the list lacks."""
    return ", ".join(reversed(place_name(code).split(", ")))


def receiver_card(receiver: Receiver | None) -> dict[str, Any]:
    """What the page shows of a registered receiver."""
    if receiver is None:
        return {}
    return {
        "receiver": receiver,
        "place": location_name(receiver.location) or receiver.location,
        "identity": _(IdentityType(receiver.identity_type).label) if receiver.identity_type else "",
        "contacts": [*receiver.emails, *receiver.telephones],
        "is_abroad": receiver.type == Receiver.Type.EXTRANJERO and receiver.country != "PA",
    }


def _tenant_label(tenant: Tenant) -> str:
    name = str(tenant) if tenant.is_live else _("{tenant} · Pruebas").format(tenant=tenant)
    return f"{name} ({tenant.ruc})"
