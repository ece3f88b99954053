"""Two months of the demo's sales, as the JSON that `issue` takes."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from cifras.fiscal.money import round_half_up
from reports.services.demo.companies import Company
from tenants.models import Tenant

DAYS = 60
_RECEIVERS = ("C-100", "C-100", "C-200", "G-300", "F-400")


def sales(tenant: Tenant, company: Company, *, count: int, seed: int) -> Iterator[dict[str, Any]]:
    """`count` invoices over the last two months, oldest first; the same seed gives the same sales."""
    chance = random.Random(seed)  # noqa: S311 - figures of a demo
    now = timezone.localtime().replace(second=0, microsecond=0)
    moments = sorted(
        now - timedelta(days=chance.randrange(1, DAYS), minutes=chance.randrange(600)) for _ in range(count)
    )
    for position, moment in enumerate(moments, start=1):
        yield invoice(tenant, company, f"{company.trade}-{position:04d}", moment, chance)


def invoice(
    tenant: Tenant,
    company: Company,
    external_id: str,
    moment: datetime,
    chance: random.Random,
    **changes: Any,
) -> dict[str, Any]:
    """One sale at `moment`."""
    receiver = chance.choice(_RECEIVERS)
    wares = chance.sample(company.wares, k=chance.randrange(1, len(company.wares) + 1))
    lines = [_line(ware, chance.randrange(1, 9), is_government=receiver == "G-300") for ware in wares]
    total = sum((_total(line) for line in lines), Decimal(0))
    return {
        "tenant": tenant.pac_company_id,
        "kind": "INVOICE",
        "external_id": external_id,
        "office": "0001",
        "billing_point": "001",
        "issue_date": moment.isoformat(),
        "receiver": {"code": receiver},
        "lines": lines,
        **_payment(total, moment, chance, may_be_credit=receiver != "F-400"),
        **changes,
    }


def _line(ware: tuple[str, str, str], quantity: int, *, is_government: bool) -> dict[str, Any]:
    description, price, rate = ware
    line = {"description": description, "quantity": str(quantity), "unit_price": price, "tax_rate": rate}
    return {**line, "cpbs_code": "1411", "cpbs_unit": "und"} if is_government else line


def _total(line: dict[str, Any]) -> Decimal:
    net = round_half_up(Decimal(line["quantity"]) * Decimal(line["unit_price"]))
    return net + round_half_up(net * Decimal(line["tax_rate"]) / 100)


def _payment(
    total: Decimal, moment: datetime, chance: random.Random, *, may_be_credit: bool
) -> dict[str, Any]:
    if may_be_credit and chance.random() < 0.45:
        return {
            "payment_time": "CREDIT",
            "payments": [{"method": "01", "amount": str(total)}],
            "due_date": (moment + timedelta(days=30)).date().isoformat(),
        }
    return {
        "payment_time": "CASH",
        "payments": [{"method": chance.choice(["02", "03", "04", "08"]), "amount": str(total)}],
    }
