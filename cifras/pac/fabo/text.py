"""Fabo's text/plain bodies: one ``propiedad: valor`` per line, collections as ``coleccion-1-propiedad``.

Source: Fabo's paper ("Formatos aceptados") and Peru contract 2.2 and 5. The format has no escape, so whatever could become a
line of its own is flattened: a customer's name must not inject properties. Answers repeat a name once per element, without
numbers. Booleans travel as 1 and 0, since any text, ``false`` too, is true to Fabo.

>>> encode({"tipo": "f", "items": [{"unidad": "NIU", "cantidad": 1}]})
'tipo: f\\nitems-1-unidad: NIU\\nitems-1-cantidad: 1\\n'
>>> decode("sunat_respuesta: 0\\nsunat_observacion: 4287 - X\\n")
{'sunat_respuesta': '0', 'sunat_observaciones': ['4287 - X']}
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from cifras.fiscal.errors import RuleBroken, gettext_noop

MOST_DIGITS = 15  # the decimal point counts
UNPARSED = "_unparsed"
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_BREAKS = re.compile(
    r"[ \t]*[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]+(?:[ \t]|[\r\n\v\f\x1c-\x1e\x85\u2028\u2029])*"
)
# What answers repeat, and the name under which it is kept: always as a list.
_COLLECTIONS = {"sunat_observacion": "sunat_observaciones", "sunat_observaciones": "sunat_observaciones"}


def encode(mapping: Mapping[str, Any]) -> str:
    """The body for `mapping`, in its order. None leaves a line out, an empty list too.

    Raises RuleBroken for what the format cannot say: a name with a dash, a colon or a blank, a plain list, a collection inside
    a collection, a number of more than 15 digits.
    """
    return "".join(f"{name}: {value}\n" for name, value in _lines(mapping))


def decode(text: str) -> dict[str, Any]:
    """The members of an answer as texts; a repeated name becomes a list. A line without a colon is kept in ``_unparsed``."""
    found: dict[str, Any] = {}
    for line in re.split(r"\r?\n", text):
        if not line.strip():
            continue
        name, colon, value = line.partition(":")
        if not colon:
            found.setdefault(UNPARSED, []).append(line)
            continue
        _keep(found, name.strip(), value.strip())
    return found


def _keep(found: dict[str, Any], name: str, value: str) -> None:
    known = _COLLECTIONS.get(name)
    if known:
        found.setdefault(known, []).append(value)
    elif name not in found:
        found[name] = value
    elif isinstance(found[name], list):
        found[name].append(value)
    else:
        found[name] = [found[name], value]


def _lines(mapping: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in mapping.items():
        _require_name(name)
        if isinstance(value, Mapping):
            raise _unsayable(name)
        if isinstance(value, Sequence) and not isinstance(value, str):
            yield from _elements(name, value)
        elif value is not None:
            yield name, _written(name, value)


def _elements(name: str, elements: Sequence[Any]) -> Iterator[tuple[str, str]]:
    for number, element in enumerate(elements, start=1):
        if not isinstance(element, Mapping):
            raise _unsayable(name)
        for member, value in element.items():
            _require_name(member)
            if value is not None:
                yield f"{name}-{number}-{member}", _written(f"{name}[{number - 1}].{member}", value)


def _written(path: str, value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, str):
        return _one_line(value)
    if isinstance(value, int | float | Decimal):
        return number_text(path, Decimal(repr(value)) if isinstance(value, float) else Decimal(value))
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    raise _unsayable(path)


def _one_line(text: str) -> str:
    return _BREAKS.sub(" ", text).replace("\t", " ").strip()


def number_text(path: str, number: Decimal) -> str:
    """Plain digits with at most one point, no exponent; a fraction too long is rounded half up until all of it fits.

    Raises RuleBroken, naming `path`, for more than 15 digits before the point.
    """
    if not number.is_finite():
        raise _too_long(path)
    text = _plain(number)
    if len(text) <= MOST_DIGITS:
        return text
    room = MOST_DIGITS - len(text.partition(".")[0])
    if room < 0:
        raise _too_long(path)
    text = _plain(number.quantize(Decimal(1).scaleb(-max(room - 1, 0)), ROUND_HALF_UP))
    if len(text) > MOST_DIGITS:
        raise _too_long(path)
    return text


def _plain(number: Decimal) -> str:
    text = f"{number:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


def _require_name(name: Any) -> None:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise RuleBroken(
            "text_name",
            gettext_noop(
                "«{name}» no puede ser el nombre de una propiedad en el formato de texto: use JSON."
            ),
            "",
            name=str(name)[:40],
        )


def _unsayable(path: str) -> RuleBroken:
    return RuleBroken(
        "text_shape",
        gettext_noop("El formato de texto no admite el valor de «{path}»: use JSON."),
        path,
        path=path,
    )


def _too_long(path: str) -> RuleBroken:
    return RuleBroken(
        "text_number",
        gettext_noop("El número de «{path}» no cabe en quince caracteres."),
        path,
        path=path,
    )
