"""What is exported: columns with a kind, and rows that are read only once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.utils import timezone


class CellKind(StrEnum):
    """How a column's cells are written. TEXT stays text even where it looks like a number (a RUC, a CUFE, 0000000012)."""

    TEXT = "text"
    INTEGER = "integer"
    MONEY = "money"
    NUMBER = "number"
    DATE = "date"
    MOMENT = "moment"


AMOUNTS = frozenset({CellKind.INTEGER, CellKind.MONEY, CellKind.NUMBER})


@dataclass(frozen=True)
class Column:
    """`label` may be lazy: it is read in the language in which the file is written. A MOMENT is an aware datetime."""

    label: Any
    kind: CellKind = CellKind.TEXT

    @property
    def heading(self) -> str:
        """The label; of a moment with the zone in which the file states it."""
        label = str(self.label)
        return f"{label} ({timezone.get_default_timezone_name()})" if self.kind is CellKind.MOMENT else label


@dataclass(frozen=True)
class Table:
    """`name` becomes the file's name, `title` the sheet's; `notes` stand below a CSV's rows, in XLSX on a sheet of their own."""

    name: str
    title: Any
    columns: Sequence[Column]
    rows: Iterable[Sequence[object]]
    notes: Sequence[Any] = ()


def local(moment: datetime) -> datetime:
    """The moment in the zone of the files, to the second and without the zone, which the heading states."""
    return timezone.localtime(moment, timezone.get_default_timezone()).replace(tzinfo=None, microsecond=0)
