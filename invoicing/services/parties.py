"""Copies of issuer and receiver: a document keeps its own, so later edits never reach it."""

from dataclasses import asdict, replace
from typing import Any

from cifras.fiscal.document import Contributor, ForeignId, Issuer, Party, ReceiverType
from invoicing.models import Receiver
from tenants.models import Office, Tenant


def issuer_of(tenant: Tenant) -> Issuer:
    """The tenant as it issues today."""
    return Issuer(
        ruc=tenant.ruc, contributor=Contributor(tenant.ruc_type), dv=tenant.dv, name=tenant.legal_name
    )


def issuer_snapshot(tenant: Tenant, office: Office) -> dict[str, Any]:
    """Issuer and office as plain JSON, frozen onto the document."""
    return {
        "ruc": tenant.ruc,
        "contributor": tenant.ruc_type,
        "dv": tenant.dv,
        "name": tenant.legal_name,
        "trade_name": tenant.trade_name,
        "office": {
            "code": office.code,
            "address": office.address,
            "telephone": office.telephone,
            "location": office.location,
            "coordinates": office.coordinates,
        },
    }


def party_of(receiver: Receiver) -> Party:
    """A registered receiver as the law sees it."""
    foreign = (
        ForeignId(receiver.foreign_number, receiver.foreign_country) if receiver.foreign_number else None
    )
    return Party(
        type=ReceiverType(receiver.type),
        name=receiver.name,
        contributor=Contributor(receiver.contributor) if receiver.contributor else None,
        ruc=receiver.ruc,
        dv=receiver.dv,
        address=receiver.address,
        location=receiver.location,
        country=receiver.country,
        telephones=tuple(receiver.telephones),
        emails=tuple(receiver.emails),
        withholds=receiver.withholds,
        retention_code=receiver.retention_code,
        foreign_id=foreign,
        identity_type=receiver.identity_type,
        identity_number=receiver.ruc if receiver.identity_type else "",
    )


def party_snapshot(party: Party) -> dict[str, Any]:
    """The receiver as plain JSON, frozen onto the document."""
    return asdict(party)


def party_from_snapshot(data: dict[str, Any]) -> Party:
    """The receiver back from its frozen copy."""
    foreign = data.get("foreign_id")
    return replace(
        Party(**{**data, "foreign_id": None}),
        type=ReceiverType(data["type"]),
        contributor=Contributor(data["contributor"]) if data.get("contributor") else None,
        telephones=tuple(data.get("telephones") or ()),
        emails=tuple(data.get("emails") or ()),
        foreign_id=ForeignId(**foreign) if foreign else None,
    )
