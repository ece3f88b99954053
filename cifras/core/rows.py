"""Many rows, each with values of its own, in one round trip."""

from collections.abc import Mapping
from typing import Any

from django.db import connection, models


def update_rows(model: type[models.Model], changes: Mapping[Any, Mapping[str, Any]]) -> None:
    """Write the changes of each primary key; every row changes the same fields. The caller holds the rows' locks.

    Django's `bulk_update` makes an expression of every value, which costs more than the database's own work.
    """
    if not changes:
        return
    names = list(next(iter(changes.values())))
    known = {field.name: field for field in model._meta.concrete_fields}
    fields, key = [known[name] for name in names], known[model._meta.pk.name]
    assignments = ", ".join(f"{_quoted(field)} = %s" for field in fields)
    table = connection.ops.quote_name(model._meta.db_table)
    rows = [
        [
            *(
                field.get_db_prep_save(row[name], connection)
                for name, field in zip(names, fields, strict=True)
            ),
            key.get_db_prep_save(pk, connection),
        ]
        for pk, row in changes.items()
    ]
    with connection.cursor() as cursor:
        cursor.executemany(f"UPDATE {table} SET {assignments} WHERE {_quoted(key)} = %s", rows)  # noqa: S608 our own names


def _quoted(field: "models.Field[Any, Any]") -> str:
    return connection.ops.quote_name(str(field.column))
