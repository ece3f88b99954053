"""Re-encrypting every secret with the newest key.

A row whose secret the newest key already opens is left alone, so an interrupted run goes on where it stopped and a second run
does nothing. A secret that changes meanwhile is not overwritten: whoever changed it used the newest key.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.apps import apps
from django.db import models, transaction

from cifras.core.sealed import Ciphertext, SealedField, SecretUnreadable, is_under_first_key, seal, unseal

BATCH = 200


@dataclass(slots=True)
class Rotation:
    """What happened to the secrets of one field ("app.Model.field"). `unreadable` ones were left as they are."""

    field: str
    rotated: int = 0
    current: int = 0
    unreadable: int = 0


def rotate() -> Iterator[Rotation]:
    """Re-encrypt, batch by batch in short transactions; yields once per field of every model that seals anything."""
    for field in sealed_fields():
        yield _rotate_field(field)


def sealed_fields() -> Iterator[SealedField]:
    """Every sealed field of every table."""
    for model in apps.get_models():
        if not model._meta.proxy:
            yield from (field for field in model._meta.local_fields if isinstance(field, SealedField))


def _rotate_field(field: SealedField) -> Rotation:
    result = Rotation(field.label)
    rows = field.model._base_manager.exclude(**{field.attname: ""}).order_by("pk")
    last_key = None
    while True:
        pending = rows.filter(pk__gt=last_key) if last_key is not None else rows
        batch = list(pending.values_list("pk", field.owner_field, field.attname)[:BATCH])
        if not batch:
            return result
        with transaction.atomic():
            for key, owner, sealed in batch:
                _rotate_row(field, result, rows.filter(pk=key), str(owner), sealed)
        last_key = batch[-1][0]


def _rotate_row(
    field: SealedField, result: Rotation, row: models.QuerySet[models.Model], owner: str, sealed: Ciphertext
) -> None:
    try:
        clear = unseal(sealed, label=field.label, owner=owner)
    except SecretUnreadable:
        result.unreadable += 1
        return
    if is_under_first_key(sealed):
        result.current += 1
        return
    fresh = seal(clear, label=field.label, owner=owner)
    result.rotated += row.filter(**{field.attname: sealed}).update(**{field.attname: fresh})
