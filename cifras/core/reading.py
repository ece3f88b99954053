"""Reading JSON strictly: every member known, every type right, every reason said at once with the member's path.

    reader = Reader(data)
    name = reader.text("name")
    offices = [office.text("code") for office in reader.objects("offices")]
    reader.finish()        # raises RulesBroken with all reasons, unknown members included

A member that is wrong reads as its empty value, so that the rest is examined too; nothing read so far may be used before
`finish` has returned. Amounts are Decimal; a float is read by its shortest text, which is the JSON number as it was written.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from cifras.fiscal import money
from cifras.fiscal.errors import RuleBroken, RulesBroken, gettext_noop

_MISSING = object()

_OBJECT_WANTED = gettext_noop("El tipo no es correcto: se espera un objeto, {…}.")
_LIST_WANTED = gettext_noop("El tipo no es correcto: se espera una lista, […].")
_TEXT_WANTED = gettext_noop("El tipo no es correcto: se espera un texto entre comillas.")
_BOOLEAN_WANTED = gettext_noop("El tipo no es correcto: se espera true o false.")
_INTEGER_WANTED = gettext_noop("El tipo no es correcto: se espera un número entero.")


def parse_json(text: str) -> Any:
    """The value that a JSON text describes, its fractions as Decimal.

    Raises RuleBroken (not_json) also for what JSON leaves open: NaN and infinity, a member given twice, endless nesting.
    """
    try:
        return json.loads(
            text, parse_float=Decimal, parse_constant=_refuse_constant, object_pairs_hook=_members_once
        )
    except json.JSONDecodeError as error:
        where = gettext_noop("El texto no es JSON (línea {line}, columna {column}): corríjalo.")
        raise RuleBroken("not_json", where, line=error.lineno, column=error.colno) from None
    except (ValueError, RecursionError) as error:
        raise RuleBroken(
            "not_json",
            gettext_noop("El texto no es JSON que se pueda leer con seguridad ({problem}): corríjalo."),
            problem=str(error)[:80],
        ) from None


class Reader:
    """One JSON object being read. Children share the list of reasons; only the outermost is finished."""

    def __init__(self, data: Any, path: str = "", reasons: list[RuleBroken] | None = None) -> None:
        self.path = path
        self.reasons: list[RuleBroken] = [] if reasons is None else reasons
        self._data: Mapping[str, Any] = data if isinstance(data, Mapping) else {}
        self._known: set[str] = set()
        self._children: list[Reader] = []
        self._is_object = isinstance(data, Mapping)
        if not self._is_object:
            self._wrong_type(path, _OBJECT_WANTED)

    def has(self, name: str) -> bool:
        """Whether the member is there and not null."""
        self._known.add(name)
        return self._data.get(name) is not None

    def text(self, name: str, *, default: str | None = None, longest: int = 500) -> str:
        """A text, stripped; required unless a default is given. At most `longest` characters."""
        value = self._take(name, default)
        if value is _MISSING or value is None:
            return ""
        if not isinstance(value, str):
            self._wrong_type(self.at(name), _TEXT_WANTED)
            return ""
        text = self._clean_text(value, self.at(name), longest)
        if default is None and not value.strip():
            self._missing(name)
        return text

    def choice(self, name: str, allowed: Iterable[str], *, default: str | None = None) -> str:
        """One of the allowed words."""
        words = list(allowed)
        value = self.text(name, default=default)
        if value and value not in words:
            self.refuse(
                "not_a_choice",
                gettext_noop("«{value}» no es válido: use uno de {allowed}."),
                name,
                value=value[:40],
                allowed=", ".join(words),
            )
            return ""
        return value

    def boolean(self, name: str, *, default: bool | None = None) -> bool:
        """true or false."""
        value = self._take(name, default)
        if isinstance(value, bool):
            return value
        if value is not _MISSING and value is not None:
            self._wrong_type(self.at(name), _BOOLEAN_WANTED)
        return False

    def integer(self, name: str, *, default: int | None = None) -> int:
        """A whole number."""
        value = self._take(name, default)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if value is not _MISSING and value is not None:
            self._wrong_type(self.at(name), _INTEGER_WANTED)
        return 0

    def amount(self, name: str, *, default: Decimal | None = None, places: int = 6) -> Decimal:
        """A Decimal from a text or a number, with at most `places` decimals."""
        value = self._take(name, default)
        if value is _MISSING or value is None:
            return Decimal(0)
        try:
            number = money.amount(repr(value) if isinstance(value, float) else value, self.at(name))
        except RuleBroken as reason:
            self.reasons.append(reason.at(self.at(name)))
            return Decimal(0)
        exponent = number.normalize().as_tuple().exponent
        if isinstance(exponent, int) and -exponent > places:
            self.refuse(
                "too_many_decimals", gettext_noop("Use como máximo {places} decimales."), name, places=places
            )
        return number

    def optional_amount(self, name: str, *, places: int = 6) -> Decimal | None:
        """As `amount`; None when absent or null."""
        return self.amount(name, places=places) if self.has(name) else None

    def moment(self, name: str) -> datetime | None:
        """An ISO date and time with its offset; None when absent or null."""
        value = self._optional_text(name)
        if not value:
            return None
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            self.refuse(
                "bad_time",
                gettext_noop("Escriba fecha y hora con zona, como 2026-11-21T10:30:00-05:00."),
                name,
            )
            return None
        return moment

    def day(self, name: str) -> date | None:
        """An ISO date; None when absent or null."""
        value = self._optional_text(name)
        if not value:
            return None
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.refuse("bad_date", gettext_noop("Escriba la fecha como 2026-11-21."), name)
            return None

    def texts(self, name: str, *, longest: int = 500) -> tuple[str, ...]:
        """A list of texts of at most `longest` characters; empty when absent or null."""
        found = []
        for position, value in enumerate(self._list(name)):
            path = f"{self.at(name)}[{position}]"
            if isinstance(value, str):
                found.append(self._clean_text(value, path, longest))
            else:
                self._wrong_type(path, _TEXT_WANTED)
        return tuple(found)

    def objects(self, name: str, *, required: bool = False, short: str = "") -> Iterator["Reader"]:
        """A list of objects, one reader each; empty when absent or null.

        With `short`, an element that is a mere text stands for an object with that one member.
        """
        rows = self._list(name)
        if required and not rows and (not self.has(name) or self._data[name] in ([], ())):
            self.refuse("empty_list", gettext_noop("Falta al menos un elemento."), name)
        for position, value in enumerate(rows):
            element = {short: value} if short and isinstance(value, str) else value
            yield self._child(element, f"{self.at(name)}[{position}]")

    def object(self, name: str) -> "Reader | None":
        """An object; None when absent or null."""
        return self._child(self._data[name], self.at(name)) if self.has(name) else None

    def at(self, name: str) -> str:
        """The path of a member."""
        return f"{self.path}.{name}" if self.path else name

    def refuse(self, code: str, message: str, name: str, **values: Any) -> None:
        """Add a reason about a member."""
        self.reasons.append(RuleBroken(code, message, self.at(name), **values))

    def finish(self) -> None:
        """Raise RulesBroken with every reason found, unknown members included; return when there is none."""
        self._refuse_unknown()
        if self.reasons:
            raise RulesBroken(self.reasons)

    def _take(self, name: str, default: Any) -> Any:
        self._known.add(name)
        value = self._data.get(name)
        if value is not None:
            return value
        if default is not None:
            return default
        self._missing(name)
        return _MISSING

    def _missing(self, name: str) -> None:
        """Of something that is no object at all only that is said."""
        if self._is_object:
            self.refuse("missing", gettext_noop("Falta este dato."), name)

    def _optional_text(self, name: str) -> str:
        return self.text(name, default="") if self.has(name) else ""

    def _clean_text(self, value: str, path: str, longest: int) -> str:
        """`value` without outer blanks; "" and a reason when it is too long or holds what no database takes."""
        if len(value) > longest:
            too_long = gettext_noop("El texto es demasiado largo (máximo {longest}).")
            self.reasons.append(RuleBroken("bad_text", too_long, path, longest=longest))
            return ""
        if "\x00" in value or any("\ud800" <= character <= "\udfff" for character in value):
            unreadable = gettext_noop("El texto contiene caracteres que no se pueden guardar: quítelos.")
            self.reasons.append(RuleBroken("bad_text", unreadable, path))
            return ""
        return value.strip()

    def _list(self, name: str) -> list[Any]:
        if not self.has(name):
            return []
        value = self._data[name]
        if isinstance(value, list | tuple):
            return list(value)
        self._wrong_type(self.at(name), _LIST_WANTED)
        return []

    def _child(self, value: Any, path: str) -> "Reader":
        child = Reader(value, path, self.reasons)
        self._children.append(child)
        return child

    def _wrong_type(self, path: str, sentence: str) -> None:
        self.reasons.append(RuleBroken("wrong_type", sentence, path))

    def _refuse_unknown(self) -> None:
        for name in self._data:
            if name not in self._known:
                self.refuse(
                    "unknown_member",
                    gettext_noop("Dato desconocido: quítelo o corrija su nombre."),
                    str(name)[:60],
                )
        for child in self._children:
            child._refuse_unknown()


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _members_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(next(name for name in names if names.count(name) > 1)[:40])
    return members
