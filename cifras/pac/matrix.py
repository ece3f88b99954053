"""What each provider can do, told from the registry: for the page of the staff and the table in the README.

`python -m cifras.pac.matrix` prints the table; a house test keeps the README to it.
"""

import sys
from collections.abc import Iterator
from enum import StrEnum

from cifras.fiscal.document import Kind
from cifras.fiscal.voiding import CalendarDays, Hours
from cifras.pac.contract import Capability, ProviderSpec
from cifras.pac.registry import PROVIDERS


class Offer(StrEnum):
    """Whether a provider can do something; ON_REQUEST: once the account has the option that it names."""

    YES = "yes"
    ON_REQUEST = "on request"
    NO = "no"


_SIGNS = {Offer.YES: "yes", Offer.NO: "–"}
_WINDOWS = {Kind.INVOICE: "void window, invoices", Kind.CREDIT: "void window, credit notes"}


def offer(spec: ProviderSpec, capability: Capability) -> Offer:
    """What the provider's row says about `capability`."""
    if spec.can(capability):
        return Offer.YES
    return Offer.ON_REQUEST if capability in spec.on_request else Offer.NO


def markdown() -> str:
    """The table, a row for each capability, then windows and limits."""
    return "\n".join("| " + " | ".join(row) + " |" for row in _rows()) + "\n"


def _rows() -> Iterator[list[str]]:
    specs = list(PROVIDERS.values())
    yield ["", *(f"{spec.name} ({spec.country})" for spec in specs)]
    yield ["---"] * (len(specs) + 1)
    for capability in Capability:
        yield [capability.value.replace("_", " "), *(_sign(spec, capability) for spec in specs)]
    for kind, title in _WINDOWS.items():
        yield [title, *(_window(spec, kind) for spec in specs)]
    yield ["reason of a void, characters", *(_reason(spec) for spec in specs)]
    yield ["longest statement, days", *(_days(spec) for spec in specs)]


def _sign(spec: ProviderSpec, capability: Capability) -> str:
    found = offer(spec, capability)
    return f"option `{spec.on_request[capability]}`" if found is Offer.ON_REQUEST else _SIGNS[found]


def _window(spec: ProviderSpec, kind: Kind) -> str:
    window = spec.void_windows.get(kind)
    match window:
        case Hours():
            return f"{window.hours} hours (`PAC_VOID_WINDOW_HOURS`)"
        case CalendarDays():
            return f"{window.days} calendar days"
        case _:
            return "–"


def _reason(spec: ProviderSpec) -> str:
    return f"{spec.void_reason.minimum} to {spec.void_reason.maximum}" if spec.void_windows else "–"


def _days(spec: ProviderSpec) -> str:
    return str(spec.statement_days) if spec.can(Capability.STATEMENT) else "–"


if __name__ == "__main__":
    sys.stdout.write(markdown())
