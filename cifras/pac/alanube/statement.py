"""Alanube's documents reports as rows: the one place that knows how they may look.

Only "counts and totals" is documented (contract wire.md 12). Seen or INFERRED shapes: rows under ``data`` or bare, one per group
(``docType``, ``legalStatus``, ``count``, ``total``); groups within groups; an object keyed by kinds, statuses, days or companies;
and ``{data: {totalEmittedDocuments, invoices, creditNotes}}``, which only counts. So the answer is walked: whatever names a
kind, a status, a day or a company narrows what stands below it, and whatever counts is a row.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from cifras.fiscal.document import Kind
from cifras.fiscal.lifecycle import LegalStatus
from cifras.fiscal.money import CENT, LIMIT
from cifras.pac.contract import StatementRow
from cifras.pac.masking import storable

_COUNTS = ("count", "quantity", "totalDocuments", "documentsCount", "documentCount", "totalCount", "cantidad")
_TOTALS = ("total", "totalAmount", "amount", "sum", "monto")
_GRAND_COUNTS = ("totalEmittedDocuments", "totalDocuments", "emittedDocuments")
_KIND_MEMBERS = ("docType", "documentType")
_STATUS_MEMBERS = ("legalStatus", "legal_status")
_LOOSE_MEMBERS = ("type", "kind", "status")  # say other things, too: only words that we know count
_DAY_MEMBERS = ("day", "date", "issueDate")
_COMPANY_MEMBERS = ("idCompany", "companyId", "company_id", "company")
_KINDS = {
    "invoice": Kind.INVOICE,
    "invoices": Kind.INVOICE,
    "01": Kind.INVOICE,
    "creditnote": Kind.CREDIT,
    "creditnotes": Kind.CREDIT,
    "credit": Kind.CREDIT,
    "02": Kind.CREDIT,
}
_FOREIGN_KINDS = frozenset({"debitnote", "debitnotes", "event", "events", "03", "04"})
_WORDS = {word.value: word for word in LegalStatus if word}
_DEEPEST = 8
_MOST_ROWS = 100_000
_LONGEST_WORD = 60
_LONGEST_ID = 255
_ID_LENGTH = 26  # a ULID


@dataclass(frozen=True, slots=True)
class _Group:
    """What is known about everything below a place of the answer."""

    kind: Kind | None = None
    raw_kind: str = ""
    status: LegalStatus | None = None
    raw_status: str = ""
    day: date | None = None
    company_id: str = ""


def read_statement(body: Any, *, company_id: str = "") -> tuple[StatementRow, ...] | None:
    """The rows of a report; None when the answer holds something and no count can be found in it.

    `company_id`: whose report it is, where the rows don't say.
    """
    inner = body.get("data", body) if isinstance(body, Mapping) else body
    if not isinstance(inner, Mapping | list):
        return None
    if not inner:
        return ()
    rows = _limited(_walk(inner, _Group(company_id=company_id), _DEEPEST))
    if not rows and not _is_empty_list(inner):
        return None
    return tuple(row for row in rows if row.count or row.total)


def _limited(rows: Iterator[StatementRow]) -> list[StatementRow]:
    return [row for _place, row in zip(range(_MOST_ROWS), rows, strict=False)]


def _is_empty_list(node: Any) -> bool:
    return isinstance(node, Mapping) and any(isinstance(value, list) and not value for value in node.values())


def _walk(node: Any, group: _Group, depth: int) -> Iterator[StatementRow]:
    """Every row below a place, unless it lies too deep."""
    if depth >= 0 and isinstance(node, list):
        for item in node:
            if isinstance(item, Mapping):
                yield from _walk(item, group, depth - 1)
    elif depth >= 0 and isinstance(node, Mapping):
        yield from _of_object(node, _narrowed(node, group), depth)


def _of_object(node: Mapping[str, Any], group: _Group, depth: int) -> Iterator[StatementRow]:
    """The groups that an object holds; its own figures only where nothing below tells more."""
    below: list[StatementRow] = []
    for name, value in node.items():
        inside = _named(str(name), group)
        if isinstance(value, (list, Mapping)) and name not in _COMPANY_MEMBERS:
            below += _walk(value, inside or group, depth - 1)
        elif inside is not None and (count := _count(value)) is not None:
            below.append(_row(inside, count, None))
    if below:
        yield from below
        return
    count = _first(node, (*_COUNTS, *_GRAND_COUNTS), _count)
    if count is not None:
        yield _row(group, count, _first(node, _TOTALS, _amount))


def _row(group: _Group, count: int, total: Decimal | None) -> StatementRow:
    return StatementRow(
        count,
        total,
        group.kind,
        group.raw_kind,
        group.status,
        group.raw_status,
        group.day,
        group.company_id,
    )


def _narrowed(node: Mapping[str, Any], group: _Group) -> _Group:
    """The group, as the object's own members say it."""
    loose = [_word(node, (name,)) for name in _LOOSE_MEMBERS]
    kind = _word(node, _KIND_MEMBERS) or next((word for word in loose if _plain(word) in _KINDS), "")
    status = _word(node, _STATUS_MEMBERS) or next((word for word in loose if word.upper() in _WORDS), "")
    if kind:
        group = replace(group, kind=_KINDS.get(_plain(kind)), raw_kind=kind)
    if status:
        group = replace(group, status=_WORDS.get(status.upper()), raw_status=status)
    if day := _day(_word(node, _DAY_MEMBERS)):
        group = replace(group, day=day)
    if company := _company(node):
        group = replace(group, company_id=company)
    return group


def _named(name: str, group: _Group) -> _Group | None:
    """The group, as the name of a member says it; None when the name says nothing."""
    plain = _plain(name)
    if plain in _KINDS or plain in _FOREIGN_KINDS:
        return replace(group, kind=_KINDS.get(plain), raw_kind=name)
    if name.upper() in _WORDS:
        return replace(group, status=_WORDS[name.upper()], raw_status=name)
    if day := _day(name):
        return replace(group, day=day)
    if len(name) == _ID_LENGTH and name.isalnum() and name.upper() == name:
        return replace(group, company_id=name)
    return None


def _plain(word: str) -> str:
    return "".join(letter for letter in word.lower() if letter.isalnum())


def _word(node: Mapping[str, Any], names: tuple[str, ...]) -> str:
    found = next((node[name] for name in names if isinstance(node.get(name), str)), "")
    return storable(found.strip())[:_LONGEST_WORD]


def _company(node: Mapping[str, Any]) -> str:
    for name in _COMPANY_MEMBERS:
        value = node.get(name)
        value = value.get("id") if isinstance(value, Mapping) else value
        if isinstance(value, str) and 0 < len(value) <= _LONGEST_ID:
            return storable(value)
    return ""


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def _count(value: Any) -> int | None:
    number = _number(value)
    is_count = number is not None and 0 <= number < LIMIT and number == number.to_integral_value()
    return int(number) if is_count and number is not None else None


def _amount(value: Any) -> Decimal | None:
    """Unsigned, to the cent: sums made with binary fractions carry dust."""
    number = _number(value)
    if number is None or number.copy_abs() >= LIMIT:
        return None
    return number.copy_abs().quantize(CENT, ROUND_HALF_UP)


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _first[T](node: Mapping[str, Any], names: tuple[str, ...], read: Callable[[Any], T | None]) -> T | None:
    return next((found for name in names if (found := read(node.get(name))) is not None), None)
