"""The totals of a document, computed again for the sandbox (dgi.md 3.8): its payments must add up to them.

Line values are rounded half up to two decimals and then added; a discount of the whole document comes after tax.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

CENT = Decimal("0.01")
ITBMS = {"00": Decimal(0), "01": Decimal("0.07"), "02": Decimal("0.10"), "03": Decimal("0.15")}
# Percent of the ITBMS that a receiver withholds; 8 leaves it free.
RETENTION = {"1": 100, "2": 50, "3": 100, "4": 50, "7": 50, "8": None}


@dataclass(frozen=True, slots=True)
class Amounts:
    """All in balboas with two decimals; `total` is what the payments must bring."""

    net: Decimal
    itbms: Decimal
    total: Decimal


def to_cent(value: Decimal) -> Decimal:
    """Rounded half up to two decimals."""
    return value.quantize(CENT, ROUND_HALF_UP)


def compute(body: Mapping[str, Any], rounding: str = "line") -> Amounts:
    """Totals of a request whose shape has been examined. `rounding` of the ITBMS: line or total."""
    net = itbms = rest = Decimal(0)
    for item in body["items"]:
        prices = item["prices"]
        line = to_cent(_d(item["quantity"]) * (_d(prices["transfer"]) - _d(prices.get("discount"))))
        tax = line * ITBMS[item["itbms"]["rate"]]
        net += line
        itbms += to_cent(tax) if rounding == "line" else tax
        rest += to_cent(_d(prices.get("transport"))) + to_cent(_d(prices.get("insurance")))
        rest += to_cent(_d(item.get("isc", {}).get("amount")))
    itbms = to_cent(itbms)
    totals = body["totals"]
    rest += sum((_d(totals.get(name)) for name in ("transport", "insurance", "otherExpenses")), Decimal(0))
    rest -= sum((_d(discount["amount"]) for discount in totals.get("discounts", ())), Decimal(0))
    return Amounts(net=to_cent(net), itbms=itbms, total=to_cent(net + itbms + rest))


def retention(code: str, itbms: Decimal) -> Decimal | None:
    """What a receiver withholds; None where the code leaves it free."""
    percent = RETENTION[code]
    return None if percent is None else to_cent(itbms * percent / 100)


def _d(value: Any) -> Decimal:
    return Decimal(value or 0)
