"""A small vocabulary to say what a JSON body may look like, complaining in the provider's words.

The provider validates with a JSON schema library whose messages begin with `instance`; public clients quote them.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}-05:00")
_LARGEST = Decimal(10) ** 12


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong, where. `path` begins with `instance`."""

    path: str
    text: str

    @property
    def message(self) -> str:
        """As the provider's own validator says it."""
        return f"{self.path} {self.text}"

    @property
    def field(self) -> str:
        """The path without `instance`."""
        return self.path.removeprefix("instance").removeprefix(".")


class Shape(Protocol):
    """What a value may look like."""

    def complaints(self, value: Any, path: str) -> Iterator[Complaint]:
        """Everything wrong with `value`."""


@dataclass(frozen=True, slots=True)
class Text:
    """A string: not empty, no control characters."""

    choices: tuple[str, ...] = ()
    pattern: str = ""
    shortest: int = 1
    longest: int = 5000

    def complaints(self, value: Any, path: str) -> Iterator[Complaint]:
        if not isinstance(value, str):
            yield Complaint(path, "is not of a type(s) string")
        elif self.choices and value not in self.choices:
            yield Complaint(path, f"is not one of enum values: {','.join(self.choices)}")
        elif self.pattern and not re.fullmatch(self.pattern, value):
            yield Complaint(path, f'does not match pattern "{self.pattern}"')
        elif len(value) < self.shortest:
            yield Complaint(path, f"does not meet minimum length of {self.shortest}")
        elif len(value) > self.longest:
            yield Complaint(path, f"does not meet maximum length of {self.longest}")
        elif _CONTROL.search(value):
            yield Complaint(path, "has control characters")


@dataclass(frozen=True, slots=True)
class Moment:
    """A time in Panama, to the second, with its offset."""

    def complaints(self, value: Any, path: str) -> Iterator[Complaint]:
        if not isinstance(value, str):
            yield Complaint(path, "is not of a type(s) string")
        elif not _MOMENT.fullmatch(value) or not _is_moment(value):
            yield Complaint(path, 'does not conform to the "date-time" format with offset -05:00')


def _is_moment(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Whole:
    """An integer, never text and never true."""

    choices: tuple[int, ...] = ()
    least: int = 0

    def complaints(self, value: Any, path: str) -> Iterator[Complaint]:
        if type(value) is not int:
            yield Complaint(path, "is not of a type(s) integer")
        elif self.choices and value not in self.choices:
            yield Complaint(path, f"is not one of enum values: {','.join(map(str, self.choices))}")
        elif value < self.least:
            yield Complaint(path, f"must be greater than or equal to {self.least}")


@dataclass(frozen=True, slots=True)
class Number:
    """A JSON number of at most so many decimals, never text."""

    decimals: int = 2
    is_positive: bool = False

    def complaints(self, value: Any, path: str) -> Iterator[Complaint]:
        if type(value) not in (int, Decimal):
            yield Complaint(path, "is not of a type(s) number")
        elif value < 0 or (self.is_positive and value == 0):
            yield Complaint(path, f"must be greater than {'' if self.is_positive else 'or equal to '}0")
        elif value >= _LARGEST:
            yield Complaint(path, f"must be less than {_LARGEST:f}")
        elif Decimal(value) != round(Decimal(value), self.decimals):
            yield Complaint(path, f"is not a multiple of (divisible by) {Decimal(1).scaleb(-self.decimals)}")


@dataclass(frozen=True, slots=True)
class Truth:
    """true or false."""

    def complaints(self, value: Any, path: str) -> Iterator[Complaint]:
        if not isinstance(value, bool):
            yield Complaint(path, "is not of a type(s) boolean")


@dataclass(frozen=True, slots=True)
class Many:
    """An array."""

    of: Shape
    fewest: int = 0
    most: int = 1000

    def complaints(self, value: Any, path: str) -> Iterator[Complaint]:
        if not isinstance(value, list):
            yield Complaint(path, "is not of a type(s) array")
            return
        if len(value) < self.fewest:
            yield Complaint(path, f"does not meet minimum length of {self.fewest}")
        if len(value) > self.most:
            yield Complaint(path, f"does not meet maximum length of {self.most}")
        for index, element in enumerate(value):
            yield from self.of.complaints(element, f"{path}[{index}]")


@dataclass(frozen=True, slots=True)
class Members:
    """An object: these members must be there, those may, no others. An empty object is always wrong."""

    required: Mapping[str, Shape] = field(default_factory=dict)
    optional: Mapping[str, Shape] = field(default_factory=dict)
    is_open: bool = False

    def complaints(self, value: Any, path: str) -> Iterator[Complaint]:
        if not isinstance(value, dict):
            yield Complaint(path, "is not of a type(s) object")
            return
        for name in self.required:
            if name not in value:
                yield Complaint(path, f'requires property "{name}"')
        if not value and not self.required:
            yield Complaint(path, "does not meet minimum property length of 1")
        known = {**self.required, **self.optional}
        for name, member in value.items():
            if name in known:
                yield from known[name].complaints(member, f"{path}.{name}")
            elif not self.is_open:
                yield Complaint(path, f'is not allowed to have the additional property "{name}"')


@dataclass(frozen=True, slots=True)
class Either:
    """One of several shapes; the complaints are those of the first."""

    shapes: tuple[Shape, ...]

    def complaints(self, value: Any, path: str) -> Iterator[Complaint]:
        found = [list(shape.complaints(value, path)) for shape in self.shapes]
        if all(found):
            yield from found[0]


def examine(shape: Shape, value: Any) -> list[Complaint]:
    """Everything wrong with a body."""
    return list(shape.complaints(value, "instance"))
