"""The companies that issue, each with its main office and one billing point."""

import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cifras.fiscal.ruc import panama as ruc
from invoicing.models import NumberSeries, Receiver
from tenants.models import BillingPoint, Office, Tenant

MARK = "01K9BNCHC"  # begins the provider's id of every company that is made here
_SANDBOX_EVERY = 10


@dataclass(frozen=True, slots=True)
class Issuer:
    """What its documents copy of a company."""

    tenant: Tenant
    office: Office
    receiver: Receiver
    cufe_head: str
    chain: list[str]  # the hash its audit trail ends with, one member


def make(count: int, chance: random.Random, since: datetime) -> list[Issuer]:
    """So many active companies; one in ten tries things out."""
    tenants = Tenant.objects.bulk_create([_tenant(serial, chance) for serial in range(count)], batch_size=500)
    Tenant.objects.filter(pac_company_id__startswith=MARK).update(created_at=since)
    offices = Office.objects.bulk_create([_office(tenant, chance) for tenant in tenants], batch_size=500)
    BillingPoint.objects.bulk_create([BillingPoint(office=office, code="001") for office in offices])
    receivers = Receiver.objects.bulk_create(
        [_receiver(tenant, serial, chance) for serial, tenant in enumerate(tenants)], batch_size=500
    )
    return [
        Issuer(*each, _cufe_head(each[0]), [""]) for each in zip(tenants, offices, receivers, strict=True)
    ]


def number_series(issuers: Sequence[Issuer], taken: Sequence[int]) -> None:
    """Have each company's series go on after the numbers that were taken."""
    NumberSeries.objects.bulk_create(
        [
            NumberSeries(
                office=each.office, billing_point="001", series=series, next_number=last + 1, checked_to=last
            )
            for each, last in zip(issuers, taken, strict=True)
            for series in ("01", "04")
        ],
        batch_size=500,
    )


def uuid_text(chance: random.Random) -> str:
    """A random one of the fourth kind."""
    digits = f"{chance.getrandbits(128):032x}"
    return f"{digits[:12]}4{digits[13:16]}8{digits[17:]}"


def a_uuid(chance: random.Random) -> uuid.UUID:
    """The same as an object."""
    return uuid.UUID(uuid_text(chance))


def _tenant(serial: int, chance: random.Random) -> Tenant:
    number = f"{155_700_000 + serial}-2-2015"
    is_sandbox = serial % _SANDBOX_EVERY == _SANDBOX_EVERY - 1
    return Tenant(
        uid=a_uuid(chance),
        ruc=number,
        dv=ruc.check_digit(number, Tenant.TaxIdType.JURIDICO),
        legal_name=f"Comercial {serial:04d}, S.A.",
        trade_name=f"Comercial {serial:04d}",
        state=Tenant.State.ACTIVE,
        environment=Tenant.Environment.SANDBOX if is_sandbox else Tenant.Environment.LIVE,
        pac_company_id=f"{MARK}{serial:017d}",
        affiliated="SUBSCRIBED",
        may_issue_live=True,
    )


def _office(tenant: Tenant, chance: random.Random) -> Office:
    return Office(
        uid=a_uuid(chance),
        tenant=tenant,
        code="0001",
        type=Office.Type.MAIN,
        pac_office_id=f"01K9BNCHF{tenant.pk:017d}",
        registration=Office.Registration.DONE,
        address="Vía España, edificio 12",
        telephone="200-0000",
        coordinates="+9.0017832,-79.5275519",
        location="8-8-7",
    )


def _receiver(tenant: Tenant, serial: int, chance: random.Random) -> Receiver:
    number = f"{155_500_000 + serial}-2-2014"
    return Receiver(
        uid=a_uuid(chance),
        tenant=tenant,
        code="C-0001",
        contributor=Tenant.TaxIdType.JURIDICO,
        ruc=number,
        dv=ruc.check_digit(number, Tenant.TaxIdType.JURIDICO),
        name=f"Distribuidora {serial:04d}, S.A.",
        address="Calle 50, local 3",
        location="8-8-8",
        telephones=["300-0000"],
        emails=[f"pagos{serial}@receptor.test"],
    )


def _cufe_head(tenant: Tenant) -> str:
    """What stands between a CUFE's document type and its date."""
    return f"2{tenant.ruc.zfill(20)}-{tenant.dv}0001"
