"""From a file's rows to the JSON form: flat rows are grouped into documents, JSON passes as it is.

Rows that follow one another with the same reference (or the same CUFE) are one document with several lines. What concerns the
document as a whole is read from the first of them; a later row may leave it empty or repeat it, nothing else.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cifras.fiscal.errors import RuleBroken, gettext_noop, refuse
from invoicing.services.importing.columns import (
    DOCUMENT_NAMES,
    HEAD,
    INSTALMENT,
    LINE,
    PAYMENT,
    SETTLEMENT_NAMES,
    Column,
    are_settlements,
    plain,
)
from invoicing.services.importing.files import SourceRow

_DAY = re.compile(r"(?P<day>\d{1,2})/(?P<month>\d{1,2})/(?P<year>\d{4})")
_LISTS = {LINE: "lines", PAYMENT: "payments", INSTALMENT: "instalments"}
_YES, _NO = {"si", "yes", "true", "1", "x"}, {"no", "false", "0"}


@dataclass(frozen=True, slots=True)
class Item:
    """One document or movement to import: where it begins in the file, how many rows it takes, and what it says."""

    number: int
    row_count: int
    data: Mapping[str, Any] | RuleBroken


@dataclass(slots=True)
class _Group:
    number: int
    key: tuple[str, ...]
    rows: list[Mapping[str, str]] = field(default_factory=list)


def items(rows: Iterable[SourceRow]) -> Iterator[Item]:
    """The documents and movements that the rows make up, in their order."""
    group: _Group | None = None
    for row in rows:
        key = _key(row)
        if group and (key is None or not _continues(key, group.key)):
            yield _made(group)
            group = None
        if key is None:
            yield _single(row)
        elif group:
            group.rows.append(_cells(row))
        else:
            group = _Group(row.number, key, [_cells(row)])
    if group:
        yield _made(group)


def _cells(row: SourceRow) -> Mapping[str, str]:
    return row.data if isinstance(row.data, Mapping) else {}


def _key(row: SourceRow) -> tuple[str, ...] | None:
    """What a flat row shares with the others of its document; None for a row that stands alone."""
    if not row.is_flat or isinstance(row.data, RuleBroken) or are_settlements(row.data):
        return None
    said = {
        column.member: value
        for name, value in row.data.items()
        if (column := DOCUMENT_NAMES.get(plain(name)))
    }
    name = said.get("external_id") or said.get("cufe")
    return (said.get("tenant", ""), plain(said.get("kind", "")), name) if name else None


def _continues(key: tuple[str, ...], first: tuple[str, ...]) -> bool:
    """Whether a row goes on with the document before it: the same name, and nothing said otherwise."""
    *said, name = key
    *begun, named = first
    return name == named and all(now in {"", then} for now, then in zip(said, begun, strict=True))


def _single(row: SourceRow) -> Item:
    if isinstance(row.data, RuleBroken) or not row.is_flat:
        return Item(row.number, 1, row.data)
    if are_settlements(row.data):
        return Item(row.number, 1, _refusing(lambda: _settlement(row)))
    return _made(_Group(row.number, (), [_cells(row)]))


def _made(group: _Group) -> Item:
    return Item(group.number, len(group.rows), _refusing(lambda: _document(group)))


def _refusing(make: Any) -> Mapping[str, Any] | RuleBroken:
    try:
        made: Mapping[str, Any] = make()
    except RuleBroken as reason:
        return reason
    return made


def _settlement(row: SourceRow) -> dict[str, Any]:
    reasons: list[RuleBroken] = []
    said = dict(_read(_cells(row), SETTLEMENT_NAMES, reasons))
    refuse(reasons)
    return {column.member: value for column, value in said.items()}


def _document(group: _Group) -> dict[str, Any]:
    reasons: list[RuleBroken] = []
    head: dict[Column, Any] = {}
    parts: dict[str, list[dict[str, Any]]] = {}
    for offset, cells in enumerate(group.rows):
        elements: dict[str, dict[str, Any]] = {}
        for column, value in _read(cells, DOCUMENT_NAMES, reasons):
            if column.part != HEAD:
                elements.setdefault(column.part, {})[column.member] = value
            elif head.setdefault(column, value) != value:
                reasons.append(_disagreement(column, group.number + offset))
        for part, element in elements.items():
            parts.setdefault(_LISTS[part], []).append(element)
    refuse(reasons)
    data: dict[str, Any] = {}
    for column, value in head.items():
        _put(data, column.member, value)
    for number, instalment in enumerate(parts.get("instalments", ()), start=1):
        instalment["sequence"] = number
    if "receiver" in data and "code" not in data["receiver"]:
        data["receiver"].setdefault("type", "CONTRIBUYENTE")
    return data | parts


def _disagreement(column: Column, number: int) -> RuleBroken:
    return RuleBroken(
        "rows_disagree",
        gettext_noop(
            "La fila {row} dice otra cosa en «{column}» que la primera de su documento: repítala igual o déjela vacía."
        ),
        column.member,
        row=number,
        column=column.name,
    )


def _put(data: dict[str, Any], member: str, value: Any) -> None:
    outer, _dot, inner = member.partition(".")
    if inner:
        data.setdefault(outer, {})[inner] = value
    else:
        data[outer] = value


def _read(
    cells: Mapping[str, str], names: Mapping[str, Column], reasons: list[RuleBroken]
) -> Iterator[tuple[Column, Any]]:
    for header, text in cells.items():
        column = names.get(plain(header))
        if column is None:
            reasons.append(
                RuleBroken(
                    "unknown_column",
                    gettext_noop("La columna «{column}» no existe: quítela o corrija su nombre."),
                    header[:60],
                    column=header[:60],
                )
            )
            continue
        try:
            yield column, _value(column, text)
        except RuleBroken as reason:
            reasons.append(reason.at(column.member))


def _value(column: Column, text: str) -> Any:
    if column.words:
        return column.words.get(plain(text), text)
    kind, _colon, width = column.reads.partition(":")
    if kind == "zeros":
        return text.zfill(int(width)) if text.isdecimal() else text
    if kind == "list":
        return [part.strip() for part in text.split("|") if part.strip()]
    if kind == "yes":
        return _yes(text)
    if kind == "day":
        return _iso_day(text)
    if kind == "moment":
        day = _iso_day(text)
        return f"{day}T00:00:00-05:00" if len(day) == len("2026-11-21") else day
    return text


def _iso_day(text: str) -> str:
    """21/11/2026 as 2026-11-21; anything else as it stands, to be judged with the rest."""
    found = _DAY.fullmatch(text)
    return f"{found['year']}-{int(found['month']):02}-{int(found['day']):02}" if found else text


def _yes(text: str) -> bool:
    word = plain(text)
    if word in _YES or word in _NO:
        return word in _YES
    raise RuleBroken("not_yes_or_no", gettext_noop("«{value}»: escriba sí o no."), value=text[:40])
