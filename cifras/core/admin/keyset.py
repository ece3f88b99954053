"""Paging by key: a page is the rows next to a given row, so the deepest page costs what the first one does.

The order is one indexed column and the primary key. A page's place in the address is the value and key of its neighbour, so
rows that are added meanwhile move nothing.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Func, Value
from django.db.models.lookups import GreaterThan, LessThan


class _Row(Func):
    """(a, b): compared as one, which databases answer from the index on both."""

    function = ""
    template = "(%(expressions)s)"
    output_field = models.Field()


@dataclass(frozen=True, slots=True)
class Order:
    """By `column` and then key, both descending or both ascending."""

    model: type[models.Model]
    column: str
    descending: bool = True

    @property
    def is_by_key(self) -> bool:
        """Whether the key alone decides."""
        return self.column in {"pk", self.model._meta.pk.name}

    def ordering(self, *, backwards: bool = False) -> list[str]:
        """For order_by()."""
        sign = "-" if self.descending != backwards else ""
        return [f"{sign}pk"] if self.is_by_key else [f"{sign}{self.column}", f"{sign}pk"]

    def token(self, row: models.Model) -> str:
        """The place of `row`, for an address."""
        value = None if self.is_by_key else self._column.value_from_object(row)
        text = json.dumps([self.ordering()[0], value, row.pk], cls=PreciseEncoder)
        return urlsafe_b64encode(text.encode()).decode().rstrip("=")

    def place(self, token: str) -> tuple[Any, Any] | None:
        """(value, key) of a token; None when it is not one of ours or of another order."""
        try:
            order, value, key = json.loads(urlsafe_b64decode(token + "=" * (-len(token) % 4)))
            place = (
                (None if self.is_by_key else self._column.to_python(value)),
                self.model._meta.pk.to_python(key),
            )
        except (Base64Error, ValueError, TypeError, ValidationError):
            return None
        return place if order == self.ordering()[0] and key is not None else None

    def beyond(self, rows: models.QuerySet, place: tuple[Any, Any], *, backwards: bool) -> models.QuerySet:
        """The rows after `place`, or before it when going backwards, nearest first."""
        value, key = place
        follows = LessThan if self.descending != backwards else GreaterThan
        key_value = Value(key, output_field=self.model._meta.pk)
        if self.is_by_key:
            condition = follows(F("pk"), key_value)
        else:
            condition = follows(
                _Row(F(self.column), F("pk")), _Row(Value(value, output_field=self._column), key_value)
            )
        return rows.filter(condition).order_by(*self.ordering(backwards=backwards))

    @property
    def _column(self) -> Any:
        return self.model._meta.get_field(self.column)


class PreciseEncoder(DjangoJSONEncoder):
    """Keeps the microseconds that Django's own encoder cuts off: a place must be met exactly."""

    def default(self, value: Any) -> Any:
        return value.isoformat() if hasattr(value, "isoformat") else super().default(value)


@dataclass(frozen=True, slots=True)
class KeysetPage:
    """The rows of one page, and the tokens of its neighbours (empty: there is none)."""

    rows: list[Any]
    before: str = ""
    after: str = ""


def page_of(
    rows: models.QuerySet, order: Order, size: int, *, after: str = "", before: str = ""
) -> KeysetPage:
    """The page after or before a token, else the first: one query, of `size` rows and one more, and never a count.

    Where rows have gone since, so that the asked page would be empty or short at the top, it is the first page.
    """
    place = order.place(before or after)
    if place and before:
        found = list(order.beyond(rows, place, backwards=True)[: size + 1])
        if len(found) >= size:
            shown = found[:size][::-1]
            return KeysetPage(
                shown, order.token(shown[0]) if len(found) > size else "", order.token(shown[-1])
            )
    elif place:
        found = list(order.beyond(rows, place, backwards=False)[: size + 1])
        if found:
            return KeysetPage(found[:size], order.token(found[0]), _token_after(order, found, size))
    found = list(rows.order_by(*order.ordering())[: size + 1])
    return KeysetPage(found[:size], "", _token_after(order, found, size))


def _token_after(order: Order, found: list[Any], size: int) -> str:
    return order.token(found[size - 1]) if len(found) > size else ""
