"""Companies on plans, documents of every kind, and months that are closed: without the way there, which has tests of its own."""

import itertools
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from cifras.fiscal.zones import PANAMA
from invoicing.models import Document
from reports.models import MonthClosing, Plan
from reports.services import rollups
from reports.services.billing import drafts, issuing
from reports.services.billing.drafting import draft
from reports.services.billing.plans import Prices, create_plan
from reports.services.billing.terms import subscribe
from reports.services.closing import adjusting, freezing, gates
from tenants.models import Office, Tenant

_serial = itertools.count(1)
AUGUST, SEPTEMBER, OCTOBER, NOVEMBER = (date(2026, month, 1) for month in (8, 9, 10, 11))


def prices(fee: str = "30.00", invoices: int = 10, credits: int = 5, *units: str, **more: Any) -> Prices:
    """0.10 per further invoice and 0.05 per further note, voids forgiven."""
    invoice, credit = units or ("0.10", "0.05")
    forgives = more.get("forgives_voids", True)
    return Prices(Decimal(fee), invoices, credits, Decimal(invoice), Decimal(credit), forgives_voids=forgives)


def a_plan(name: str = "Básico", currency: str = "PAB", since: date = AUGUST, **more: Any) -> Plan:
    return create_plan(
        name, currency, valid_from=since, prices=more.pop("prices", None) or prices(**more), actor=None
    )


def a_company(name: str, plan: Plan | None = None, since: date = AUGUST, **more: Any) -> Tenant:
    """A live company, on `plan` since then."""
    serial = next(_serial)
    tenant = Tenant.objects.create(
        **{
            "legal_name": f"{name}, S.A.",
            "trade_name": name,
            "ruc": f"{155_700_000 + serial}-2-2020",
            "environment": Tenant.Environment.LIVE,
            "state": Tenant.State.ACTIVE,
            "pac_company_id": f"company-{serial}",
            **more,
        }
    )
    Office.objects.create(tenant=tenant, code="0001", type="main", address="Vía España")
    if plan:
        subscribe(tenant, plan, starts_on=since, actor=None)
    return tenant


def documents(tenant: Tenant, day: str, count: int, kind: str = "INVOICE", **changes: Any) -> list[Document]:
    """So many of them issued at 23:30 of a local day, authorised unless said."""
    issued = datetime.fromisoformat(f"{day}T23:30:00").replace(tzinfo=PANAMA)
    values: dict[str, Any] = {
        "mode": "DGI",
        "submission": "ACCEPTED",
        "legal_status": "DGI_AUTHORIZED",
        "environment": tenant.environment,
        "series": "01" if kind == "INVOICE" else "04",
        "security_code": "123456789",
        "payload": b"{}",
        "provider": tenant.pac_provider,
        "currency": "PAB",
        "net": Decimal(100),
        "total": Decimal(107),
        "itbms": Decimal(7),
        "receiver_name": "Comercial Uno",
        **changes,
    }
    office = tenant.offices.get()
    return [
        Document.objects.create(
            tenant=tenant,
            office=office,
            kind=kind,
            number=f"{next(_serial):010}",
            issue_date=issued,
            **values,
        )
        for _ in range(count)
    ]


@transaction.atomic
def close_month(tenant: Tenant, month: date = OCTOBER) -> MonthClosing:
    """Freeze the month as a closing does."""
    adjusting.adjust_before(tenant, month)
    rollups.recompute(tenant.pk, month)
    closing = MonthClosing.objects.create(
        tenant=tenant,
        month=month,
        environment=tenant.environment,
        number=MonthClosing.objects.filter(tenant=tenant, month=month).count() + 1,
        state=MonthClosing.State.CLOSED,
        closed_at=timezone.now(),
        facts=gates.look(tenant, month).facts,
        reason="Revisado",
    )
    freezing.freeze(closing)
    return closing


def happened(document: Document, **changes: Any) -> None:
    """Something became of a document after its month had been closed."""
    Document.objects.filter(pk=document.pk).update(**changes)
    rollups.mark_dirty([(document.tenant_id, month_of(document))])
    rollups.roll_up_due()
    adjusting.adjust_due()


def voided(document: Document) -> None:
    happened(document, void_status="VOIDED", voided_at=timezone.now())


def month_of(document: Document) -> date:
    assert document.issue_date
    return document.issue_date.astimezone(PANAMA).date().replace(day=1)


def issue(tenant: Tenant, month: date = OCTOBER, **more: Any) -> Any:
    """The statement, issued by somebody who has seen it."""
    return issuing.issue_statement(tenant, month, seen=draft(tenant, month).digest, actor=more.get("actor"))


def drafted() -> int:
    return drafts.compute_due()


def on(day: str) -> datetime:
    """Noon of a local day."""
    return datetime.fromisoformat(f"{day}T12:00:00").replace(tzinfo=PANAMA)


def days_later(count: int) -> datetime:
    return timezone.now() + timedelta(days=count)
