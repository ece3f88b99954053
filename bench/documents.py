"""Tenants and queued documents for the benchmarks: one real document each, issued by the services, and copies of it."""

import uuid
from itertools import count
from typing import Any

from django.utils import timezone

from cifras.fiscal.ruc import panama as ruc
from invoicing import services
from invoicing.models import Document
from tenants.models import BillingPoint, Office, Tenant

_serial = count(1)


def a_tenant() -> Tenant:
    """An active tenant of the stub, with its main office."""
    serial = next(_serial)
    number = f"{155_600_000 + serial}-2-2015"
    tenant = Tenant.objects.create(
        ruc=number,
        ruc_type="JURIDICO",
        dv=ruc.check_digit(number, "JURIDICO"),
        legal_name=f"Comercial {number}, S.A.",
        trade_name=f"Comercial {number}",
        state=Tenant.State.ACTIVE,
        environment=Tenant.Environment.SANDBOX,
        pac_company_id=f"01K9COMPANY{serial:015d}",
        affiliated="SUBSCRIBED",
        may_issue_live=True,
    )
    office = Office.objects.create(
        tenant=tenant,
        code="0001",
        type=Office.Type.MAIN,
        pac_office_id=f"01K9OFFICE{serial:016d}",
        registration=Office.Registration.DONE,
        address="Vía España, edificio 12",
        telephone="200-0000",
        coordinates="+9.0017832,-79.5275519",
        location="8-8-7",
    )
    BillingPoint.objects.create(office=office, code="001")
    return tenant


def a_document(tenant: Tenant) -> Document:
    """One cash invoice, queued by the services. It is the pattern of `queue`."""
    return services.create_invoice(invoice_json(tenant), actor=None)


def invoice_json(tenant: Tenant) -> dict[str, Any]:
    """What an integration sends for a cash invoice."""
    return {
        "tenant": tenant.pac_company_id,
        "kind": "INVOICE",
        "mode": "DGI",
        "external_id": f"SO-{next(_serial)}",
        "office": "0001",
        "billing_point": "001",
        "receiver": {
            "type": "CONTRIBUYENTE",
            "contributor": "JURIDICO",
            "ruc": "155596713-2-2015",
            "dv": "59",
            "name": "Comercial Ejemplo Uno, S.A.",
            "address": "Calle Ficticia 10, Edificio Muestra",
            "location": "8-8-7",
            "country": "PA",
            "telephones": ["200-0001"],
            "emails": ["pagos@ejemplo-uno.test"],
        },
        "lines": [{"description": "Consultoría", "quantity": "2", "unit_price": "150.00", "tax_rate": "7"}],
        "payment_time": "CASH",
        "payments": [{"method": "02", "amount": "321.00"}],
    }


def queue(pattern: Document, copies: int) -> list[int]:
    """Put so many copies of a document into the queue, due now, with numbers of their own; answers their keys."""
    pattern = Document.objects.get(pk=pattern.pk)
    now = timezone.now()
    rows = []
    for _ in range(copies):
        row, serial = copy_of(pattern), next(_serial)
        row.number, row.external_id = f"{serial:010d}", f"SO-{serial}"
        row.queued_at = row.due_at = now
        rows.append(row)
    return [row.pk for row in Document.objects.bulk_create(rows, batch_size=500)]


def copy_of(pattern: Document) -> Document:
    """A new row like a queued document's; number and external id are still the pattern's."""
    values = {field.attname: getattr(pattern, field.attname) for field in Document._meta.concrete_fields}
    anew = {"id": None, "uid": uuid.uuid4(), "local_cufe": "", "due_at": None, "attempts_made": 0}
    return Document(**values | anew)
