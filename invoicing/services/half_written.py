"""A document half written: read with stand-ins where something is missing or mistyped, so that the rest can be judged.

A stand-in weighs nothing in the totals. What it stands in for is among the reasons, so it is never taken for the real thing.
"""

import re
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from cifras.fiscal.catalogues.sunat_taxes import Affectation
from cifras.fiscal.document import Kind, ReceiverType
from cifras.fiscal.errors import RuleBroken
from invoicing.services.entry import DocumentEntry
from invoicing.services.reading import read_entry

_LINE = {"description": "—", "quantity": "1", "unit_price": "0", "tax_rate": "0"}
_PERUVIAN_LINE = {**_LINE, "affectation": Affectation.UNAFFECTED.value}  # no line of Peru adds up without one
_PAYMENT = {"method": "02", "amount": "0"}
_STAND_INS: Mapping[str, Any] = {
    **_LINE,
    **_PAYMENT,
    "tenant": "—",
    "office": "0000",
    "due_date": "2000-01-01",
    "payment_time": "CASH",
    "lines": [_LINE],
    "payments": [_PAYMENT],
    "receiver": {"type": ReceiverType.CONSUMIDOR_FINAL.value},
    "type": ReceiverType.CONSUMIDOR_FINAL.value,
    "number": "—",
    "country": "PA",
    "currency": "USD",
    "incoterm": "FOB",
}
_STEP = re.compile(r"(?P<name>\w+)|\[(?P<index>\d+)\]")


@dataclass(frozen=True, slots=True)
class HalfWritten:
    """What could be read. `entry` is None when not even stand-ins make one; `reasons` say what is missing or mistyped."""

    entry: DocumentEntry | None
    reasons: tuple[RuleBroken, ...] = ()

    def stands_in_for(self, path: str) -> bool:
        """Whether the member at `path` could not be read, nor what holds it."""
        return any(_covers(reason.field, path) for reason in self.reasons)


def read_half_written(data: Mapping[str, Any], *, kind: Kind = Kind.INVOICE) -> HalfWritten:
    """As `read_entry`, without raising."""
    try:
        return HalfWritten(read_entry(data, kind=kind))
    except RuleBroken as refusal:
        reasons = refusal.reasons
    mended = deepcopy(dict(data))
    for reason in reasons:
        _stand_in(mended, reason.field)
        if reason.field == "lines" and "document_kind" in data:
            mended["lines"] = [_PERUVIAN_LINE]
    try:
        return HalfWritten(read_entry(mended, kind=kind), reasons)
    except RuleBroken:
        return HalfWritten(None, reasons)


def _covers(refused: str, path: str) -> bool:
    return path == refused or path.startswith((f"{refused}.", f"{refused}["))


def _stand_in(data: Any, path: str) -> None:
    """Put a stand-in at `path`, or nothing where none is needed."""
    steps: list[Any] = [step["name"] or int(step["index"]) for step in _STEP.finditer(path)]
    if not steps:
        return
    *way, last = steps
    for step in way:
        data = data[step]
    if not isinstance(data, dict | list):
        return
    if last in _STAND_INS:
        data[last] = deepcopy(_STAND_INS[last])
    elif isinstance(data, dict):
        data.pop(last, None)
    else:
        data[last] = ""
