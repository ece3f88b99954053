"""The sales register of each country, as data: its title, its columns, and how a document's facts fill them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from invoicing.models import Document
from reports.services.books import panama, peru
from reports.services.books.population import Amounts, Rates
from reports.services.books.shapes import Column, Period
from tenants.models import Tenant


@dataclass(frozen=True, slots=True)
class Register:
    """One country's.

    `facts` are a document's cells that are no money, `rates` its bases and taxes (for which the query has the `annotations`),
    `retention` what the receiver keeps of the tax, None where nobody said how much. `folded` are the sums by the columns' keys,
    of one document or of many; `foot_rates` and `retained` are the month's by currency, the latter where the documents do not
    state their retention themselves.
    """

    title: Any
    columns: tuple[Column, ...]
    facts: Callable[[Document], Mapping[str, object]]
    folded: Callable[[Amounts], dict[str, Decimal]]
    retention: Callable[[Document], Decimal | None]
    rates: Callable[[Document], Rates]
    foot_rates: Callable[[Period], Mapping[str, Rates]]
    retained: Callable[[Period], Mapping[str, Decimal]] | None = None
    annotations: Mapping[str, Any] = field(default_factory=dict)


_REGISTERS: Mapping[str, Register] = {
    Tenant.Country.PANAMA: Register(
        title=panama.TITLE,
        columns=panama.COLUMNS,
        facts=panama.facts,
        folded=panama.folded,
        retention=panama.expected_retention,
        rates=panama.rates,
        foot_rates=panama.foot_rates,
        retained=panama.retained,
    ),
    Tenant.Country.PERU: Register(
        title=peru.TITLE,
        columns=peru.COLUMNS,
        facts=peru.facts,
        folded=peru.folded,
        retention=peru.expected_retention,
        rates=peru.rates,
        foot_rates=peru.foot_rates,
        annotations=peru.ANNOTATIONS,
    ),
}


def register_of(tenant: Tenant) -> Register:
    """The register of the tenant's country."""
    return _REGISTERS[tenant.country]
