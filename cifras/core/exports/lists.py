"""The columns of a list's file, as expressions of the database: one query, whatever the number of rows and columns.

A single statement reads the rows, so that a long file is one picture of one moment, whatever is written meanwhile.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.utils import get_fields_from_path
from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.db.models import F, Func, QuerySet, TextField, Value
from django.db.models.functions import Cast
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from cifras.core.exports.table import CellKind, Column, Table
from cifras.core.sealed import SealedField

_CHUNK = 2000
_YES_NO = {True: _("sí"), False: _("no")}
_KINDS: tuple[tuple[type["models.Field[Any, Any]"], CellKind], ...] = (
    (models.DateTimeField, CellKind.MOMENT),
    (models.DateField, CellKind.DATE),
    (models.DecimalField, CellKind.MONEY),
    (models.IntegerField, CellKind.INTEGER),
)
_NEVER = (SealedField, models.BinaryField, models.FileField)
_SECRET_NAMES = frozenset(
    {"password", "pac_token", "webhook_secret", "secret", "key", "token", "security_code"}
)


class _Worded(Func):
    """`CASE value WHEN known THEN word ... ELSE unknown END`: a computed value is computed once, not once per word."""

    output_field = TextField()

    def as_sql(self, compiler: Any, connection: Any, **extra_context: Any) -> Any:  # type: ignore[override]
        value, unknown, *words = [compiler.compile(each) for each in self.source_expressions]
        known = " ".join(
            f"WHEN {each} THEN {word}" for (each, _), (word, _) in zip(words[::2], words[1::2], strict=True)
        )
        parameters = [each for _, given in (value, *words, unknown) for each in given]
        return f"CASE {value[0]} {known} ELSE {unknown[0]} END", parameters


@dataclass(frozen=True)
class ListColumn:
    """`source`: the path of a field, or an expression. `words`: what its values are called; an unknown one stays as it is.

    `is_ours`: the values are made by us alone, so that nothing in them can be taken for a formula.
    """

    label: Any
    source: Any
    kind: CellKind = CellKind.TEXT
    words: Mapping[Any, Any] | None = None
    is_ours: bool = False

    @property
    def value(self) -> Any:
        """The expression of the value itself."""
        return F(self.source) if isinstance(self.source, str) else self.source

    @property
    def _nothing(self) -> dict[str, str]:
        """An empty text is no unknown word."""
        return {"": ""} if any(isinstance(value, str) for value in self.words or {}) else {}

    def worded(self, unknown: Any) -> Func:
        """The value's word in the language of the moment; `unknown` where there is none."""
        words = {**(self.words or {}), **self._nothing}
        return _Worded(
            self.value,
            unknown,
            *(Value(each) for value, word in words.items() for each in (value, str(word))),
        )


@dataclass(frozen=True)
class ListExport:
    """What a list's file holds; `name` is the file's. `prepare` adds to the rows what the columns' expressions name."""

    name: str
    columns: tuple[ListColumn, ...]
    prepare: Callable[[Any], Any] = lambda rows: rows

    def table(self, title: Any, rows: Iterable[Any] = ()) -> Table:
        """The table of `rows`, whose values are in the order of the columns."""
        return Table(self.name, title, [Column(each.label, each.kind) for each in self.columns], rows)

    def select(
        self, rows: "QuerySet[Any]", expression: "Callable[[ListColumn], Any] | None" = None
    ) -> "QuerySet[Any, Any]":
        """The query of the list's rows, in its order, with one value per column."""
        make = expression or _plain
        named = {f"column_{number}": make(column) for number, column in enumerate(self.columns)}
        listed: QuerySet[Any, Any] = self.prepare(_each_row_once(rows)).annotate(**named).values_list(*named)
        return listed

    def read(self, rows: "QuerySet[Any]") -> Iterator[tuple[Any, ...]]:
        """The rows in the columns' order, a piece at a time."""
        yield from self.select(rows).iterator(chunk_size=_CHUNK)


@dataclass(frozen=True)
class NotExported:
    """A list without a file, and why."""

    why: str


def columns_of(model: type[models.Model], *paths: str, **labels: Any) -> tuple[ListColumn, ...]:
    """Columns of these fields with the labels, kinds and words that the model gives them; `labels` by path say others.

    Raises ImproperlyConfigured for a field that holds secrets or files.
    """
    return tuple(_column_of(model, path, labels.get(path)) for path in paths)


def _column_of(model: type[models.Model], path: str, label: Any) -> ListColumn:
    field: Any = get_fields_from_path(model, path)[-1]
    if isinstance(field, _NEVER) or field.name in _SECRET_NAMES:
        raise ImproperlyConfigured(f"{model._meta.label}.{path} is never exported.")
    kind = next((kind for known, kind in _KINDS if isinstance(field, known)), CellKind.TEXT)
    words = _YES_NO if isinstance(field, models.BooleanField) else dict(field.flatchoices) or None
    return ListColumn(
        label or capfirst(field.verbose_name),
        path,
        CellKind.TEXT if words else kind,
        words,
        is_ours=isinstance(field, models.UUIDField),
    )


def _plain(column: ListColumn) -> Any:
    return column.worded(Cast(column.value, TextField())) if column.words else column.value


def _each_row_once(rows: "QuerySet[Any]") -> "QuerySet[Any]":
    """Rows that a search joins with others are the list's own only once; DISTINCT would look at the columns instead."""
    if not rows.query.distinct:
        return rows
    keys = rows.order_by().values("pk")
    once: QuerySet[Any] = rows.model._base_manager.filter(pk__in=keys).order_by(*rows.query.order_by)
    return once
