"""Tables that only grow: the Python side refuses first, and on PostgreSQL a trigger refuses for everybody.

TRUNCATE is not caught by row triggers, so a test database can be emptied. On SQLite, the demo's database, Python alone refuses.
"""

from collections.abc import Iterator
from typing import Any, NoReturn

from django.apps import AppConfig, apps
from django.core import checks
from django.db import connections, models

CREATE_FUNCTION = """
CREATE OR REPLACE FUNCTION cifras_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'table % is append only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$
"""
CREATE_TRIGGER = """
CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table}
FOR EACH ROW EXECUTE FUNCTION cifras_refuse_change()
"""


class AppendOnlyViolation(TypeError):
    """Somebody tried to change or delete a row that must stay as it was written."""

    def __init__(self, model: type[models.Model]) -> None:
        super().__init__(f"{model._meta.label} is append only")


class AppendOnlyQuerySet[M: models.Model](models.QuerySet[M]):
    """Rows may be added and read."""

    def update(self, **kwargs: Any) -> NoReturn:
        raise AppendOnlyViolation(self.model)

    def delete(self) -> NoReturn:
        raise AppendOnlyViolation(self.model)

    def bulk_update(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnlyViolation(self.model)

    def bulk_create(self, *args: Any, **kwargs: Any) -> list[M]:
        if kwargs.get("update_conflicts"):
            raise AppendOnlyViolation(self.model)
        return super().bulk_create(*args, **kwargs)


class AppendOnlyModel(models.Model):
    """Base of ledgers, timelines and the audit trail. Subclasses are protected in the database without further ado.

    Their `objects` is the manager of an `AppendOnlyQuerySet`; a system check insists.
    """

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnlyViolation(type(self))
        super().save(*args, **{**kwargs, "force_insert": True})

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnlyViolation(type(self))


def install_triggers(sender: AppConfig, using: str, **_: Any) -> None:
    """Give the protected tables of one app their trigger; a receiver of post_migrate, safe to repeat."""
    connection = connections[using]
    if connection.vendor != "postgresql":
        return
    present = set(connection.introspection.table_names())
    tables = [model._meta.db_table for model in sender.get_models() if _is_protected(model)]
    with connection.cursor() as cursor:
        for table in sorted(present.intersection(tables)):
            cursor.execute(CREATE_FUNCTION)
            cursor.execute(CREATE_TRIGGER.format(table=connection.ops.quote_name(table)))


def grants(role: str) -> Iterator[str]:
    """SQL for PostgreSQL: what `role`, who owns nothing, needs to run the product; append-only tables only grow under it."""
    yield f'GRANT USAGE ON SCHEMA public TO "{role}"'
    yield f'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO "{role}"'
    yield f'GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO "{role}"'
    for model in sorted(apps.get_models(), key=lambda model: model._meta.db_table):
        if _is_protected(model):
            yield f'REVOKE UPDATE, DELETE, TRUNCATE ON "{model._meta.db_table}" FROM "{role}"'


def check_managers(**_: Any) -> list[checks.CheckMessage]:
    """A system check: an append-only model reached through a plain manager could be updated on SQLite."""
    return [
        checks.Error(
            "An append-only model needs the manager of an AppendOnlyQuerySet.", obj=model, id="core.E001"
        )
        for model in apps.get_models()
        if issubclass(model, AppendOnlyModel)
        and not issubclass(getattr(model._default_manager, "_queryset_class", object), AppendOnlyQuerySet)
    ]


def _is_protected(model: type[models.Model]) -> bool:
    return not model._meta.proxy and issubclass(model, AppendOnlyModel)
