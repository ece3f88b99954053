"""The sales register of each country, as data: its title, its columns, and how a document's facts fill them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from invoicing.models import Document
from reports.models import MonthlyRate
from reports.services.books import panama, peru
from reports.services.books.population import Amounts, Rates
from reports.services.books.shapes import Column, More, Period
from tenants.models import Tenant


@dataclass(frozen=True, slots=True)
class Register:
    """One country's.

    `facts` are a document's cells that are no money, `rates` its bases and taxes (for which the query has the `annotations`).
    `folded` are the sums by the columns' keys, of one document or of many; `more` a document's further cells, from those sums
    with their sign. `foot_rates` are the month's by currency, from what each rate comes to, and `more_foot` the sums of `more`.
    `note` is for the reader.
    """

    title: Any
    columns: tuple[Column, ...]
    facts: Callable[[Document], Mapping[str, object]]
    folded: Callable[[Amounts], dict[str, Decimal]]
    retention: Callable[[Document], Decimal | None]
    rates: Callable[[Document], Rates]
    more: Callable[[Document, Mapping[str, Decimal], int], Mapping[str, object]]
    foot_rates: Callable[[Period, Sequence[MonthlyRate]], Mapping[str, Rates]]
    more_foot: Callable[[Period, Mapping[str, Mapping[str, Decimal]]], More]
    annotations: Mapping[str, Any] = field(default_factory=dict)
    note: Any = ""


_REGISTERS: Mapping[str, Register] = {
    Tenant.Country.PANAMA: Register(
        title=panama.TITLE,
        columns=panama.COLUMNS,
        facts=panama.facts,
        folded=panama.folded,
        retention=panama.expected_retention,
        rates=panama.rates,
        more=panama.more,
        foot_rates=panama.foot_rates,
        more_foot=panama.more_foot,
    ),
    Tenant.Country.PERU: Register(
        title=peru.TITLE,
        columns=peru.COLUMNS,
        facts=peru.facts,
        folded=peru.folded,
        retention=peru.expected_retention,
        rates=peru.rates,
        more=peru.more,
        foot_rates=peru.foot_rates,
        more_foot=peru.more_foot,
        annotations=peru.ANNOTATIONS,
        note=peru.NOTE,
    ),
}


def register_of(tenant: Tenant) -> Register:
    """The register of the tenant's country."""
    return _REGISTERS[tenant.country]
