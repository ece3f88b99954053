"""A statement before and after it is issued, in one shape, and as JSON."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from cifras.core.audit import plain_json
from cifras.fiscal.document import Kind
from reports.models import BillingLine, BillingStatement, Charge
from reports.services.billing.rating import Line, totals
from reports.services.queries import home_currency
from tenants.models import Tenant

# What is counted, beside the kind: of the month itself, and of earlier months that were closed already.
ISSUED, VOIDED, LATE, LATE_VOIDED = "issued", "voided", "late", "late_voided"
Usage = Mapping[str, Mapping[str, int]]
_NAMES = tuple(each.name for each in fields(Line))
_AMOUNTS = {"unit_price", "amount"}


@dataclass(frozen=True, slots=True)
class Draft:
    """What a statement says. `plan_name` and `currency` are those of the month's last term, `country` the company's."""

    month: date
    closing_uid: UUID
    plan_name: str
    currency: str
    lines: Sequence[Line]
    usage: Usage
    country: str = Tenant.Country.PANAMA.value

    @property
    def totals(self) -> dict[str, Decimal]:
        """The sum per currency; nought in the plan's where there is no line."""
        return totals(self.lines, self.country) or {self.currency: Decimal("0.00")}

    @property
    def digest(self) -> str:
        """The sha256 of everything it says."""
        return _sha256(self.as_json())

    def as_json(self) -> dict[str, Any]:
        """For the draft's row."""
        abroad = {} if self.country == Tenant.Country.PANAMA else {"country": self.country}
        return {
            **abroad,
            "month": f"{self.month:%Y-%m}",
            "closing": str(self.closing_uid),
            "plan": self.plan_name,
            "currency": self.currency,
            "lines": [line_json(line) for line in self.lines],
            "totals": totals_json(self.totals),
            "usage": {name: dict(counts) for name, counts in self.usage.items()},
        }


def draft_of(content: Mapping[str, Any]) -> Draft:
    """The draft of such JSON."""
    return Draft(
        month=date.fromisoformat(f"{content['month']}-01"),
        closing_uid=UUID(content["closing"]),
        plan_name=content["plan"],
        currency=content["currency"],
        lines=[_line(each) for each in content["lines"]],
        usage=content["usage"],
        country=content.get("country", Tenant.Country.PANAMA.value),
    )


def draft_issued(statement: BillingStatement, lines: Sequence[BillingLine]) -> Draft:
    """What an issued statement says; `lines` are its lines in their order."""
    return Draft(
        month=statement.month,
        closing_uid=statement.closing_uid,
        plan_name=statement.plan_name,
        currency=next(iter(statement.totals), home_currency(statement.tenant.country)),
        lines=[_line({name: getattr(row, name) for name in _NAMES}) for row in lines],
        usage=statement.usage,
        country=statement.tenant.country,
    )


def line_json(line: Line) -> dict[str, Any]:
    """A line with its amounts as text."""
    written: dict[str, Any] = plain_json({name: getattr(line, name) for name in _NAMES})
    written["unit_price"] = f"{line.unit_price.normalize():f}"
    written["amount"] = f"{line.amount:.2f}"
    return written


def totals_json(sums: Mapping[str, Decimal]) -> dict[str, str]:
    """Amounts per currency, as text."""
    return {currency: f"{amount:.2f}" for currency, amount in sorted(sums.items())}


def fingerprint(statement: BillingStatement, lines: Sequence[Line]) -> str:
    """The sha256 of an issued statement: whose, which, how much and every line."""
    return _sha256(
        {
            "number": statement.number,
            "tenant": statement.tenant_name,
            "tax_id": statement.tenant_tax_id,
            "month": f"{statement.month:%Y-%m}",
            "closing": str(statement.closing_uid),
            "plan": statement.plan_name,
            "totals": statement.totals,
            "usage": statement.usage,
            "lines": [line_json(line) for line in lines],
        }
    )


def empty_usage() -> dict[str, dict[str, int]]:
    """Nothing of anything."""
    return {name: {kind.value: 0 for kind in Kind} for name in (ISSUED, VOIDED, LATE, LATE_VOIDED)}


def _line(given: Mapping[str, Any]) -> Line:
    values = {name: given[name] for name in _NAMES}
    for name in _AMOUNTS:
        values[name] = Decimal(values[name])
    for name in ("plan_uid", "price_uid"):
        values[name] = UUID(str(values[name]))
    for name in ("origin_month", "first", "last"):
        values[name] = date.fromisoformat(str(values[name]))
    values["charge"] = Charge(values["charge"])
    return Line(**values)


def _sha256(content: Any) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
