"""Secrets at rest: a column that the database only ever sees encrypted, and a value that does not show itself.

The plaintext is JSON that names its own place (model, field, owner), so a ciphertext that was copied to another row or column,
or changed, is refused when it is read rather than believed. Keys: settings.CIFRAS_FIELD_KEYS; the first encrypts, all decrypt.
"""

import json
from base64 import b64decode, b64encode
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.db.models.query_utils import DeferredAttribute

MASK = "••••"

type Clear = str | bytes


class SecretUnreadable(Exception):
    """The stored secret cannot be read: unknown key, tampered with, or it belongs to another row or field."""

    def __init__(self, label: str) -> None:
        super().__init__(f"The secret in {label} cannot be read: wrong key, changed, or not this row's own.")


class Ciphertext(str):
    """What stands in the column."""

    __slots__ = ()


class Secret:
    """A secret that masks itself wherever it is printed; true when there is one. `reveal` hands it out."""

    __slots__ = ("_clear", "_label", "_owner", "_sealed")

    def __init__(
        self, clear: Clear = "", *, sealed: Ciphertext | None = None, label: str = "", owner: str = ""
    ) -> None:
        self._clear, self._sealed, self._label, self._owner = clear, sealed, label, owner

    def reveal(self) -> str:
        """The secret as text. Raises SecretUnreadable, and TypeError when bytes were sealed."""
        clear = self._opened()
        if isinstance(clear, bytes):
            raise TypeError("This secret is made of bytes: use reveal_bytes().")
        return clear

    def reveal_bytes(self) -> bytes:
        """The secret as bytes; text is encoded as UTF-8. Raises SecretUnreadable."""
        clear = self._opened()
        return clear if isinstance(clear, bytes) else clear.encode()

    def sealed_for(self, label: str, owner: str) -> Ciphertext:
        """The ciphertext for the row `owner` of the field `label`; sealed again only when it was for another place."""
        if self._sealed and (self._label, self._owner) == (label, owner):
            return self._sealed
        return seal(self._opened(), label=label, owner=owner)

    def _opened(self) -> Clear:
        return unseal(self._sealed, label=self._label, owner=self._owner) if self._sealed else self._clear

    def __bool__(self) -> bool:
        return bool(self._sealed or self._clear)

    def __str__(self) -> str:
        return MASK if self else ""

    def __repr__(self) -> str:
        return f"<Secret {self}>"

    def __reduce__(self) -> str:
        raise TypeError("A secret is not pickled.")


def seal(clear: Clear, *, label: str, owner: str) -> Ciphertext:
    """Encrypt `clear` for the field `label` ("app.Model.field") of the row whose UUID is `owner`, with the first key."""
    value = {"bytes": b64encode(clear).decode()} if isinstance(clear, bytes) else {"text": clear}
    plaintext = json.dumps({"field": label, "owner": owner, **value})
    return Ciphertext(_keyring().encrypt(plaintext.encode()).decode())


def unseal(sealed: Ciphertext, *, label: str, owner: str) -> Clear:
    """Decrypt, and check that the secret is at home. Raises SecretUnreadable."""
    try:
        content = json.loads(_keyring().decrypt(sealed))
    except (InvalidToken, ValueError):
        raise SecretUnreadable(label) from None
    if not isinstance(content, dict) or (content.get("field"), content.get("owner")) != (label, owner):
        raise SecretUnreadable(label)
    return b64decode(content["bytes"]) if "bytes" in content else str(content["text"])


def is_under_first_key(sealed: Ciphertext) -> bool:
    """Whether the newest key already opens it."""
    try:
        Fernet(_keys()[0]).decrypt(sealed)
    except InvalidToken:
        return False
    return True


def _keys() -> tuple[str, ...]:
    keys = tuple(settings.CIFRAS_FIELD_KEYS)
    if not keys:
        raise ImproperlyConfigured("CIFRAS_FIELD_KEYS is empty: secrets can be neither written nor read.")
    return keys


def _keyring() -> MultiFernet:
    return _keyring_of(_keys())


@lru_cache(maxsize=4)
def _keyring_of(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


class SealedAttribute(DeferredAttribute):
    """Hands out `Secret`; takes text, bytes, None or a `Secret` until the row is saved."""

    field: "SealedField"

    def __get__(self, instance: models.Model | None, cls: Any = None) -> Any:
        if instance is None:
            return self
        stored = super().__get__(instance, cls)
        if isinstance(stored, Ciphertext):
            return Secret(sealed=stored, label=self.field.label, owner=self.field.owner_of(instance))
        return stored

    def __set__(self, instance: models.Model, value: "Clear | Secret | None") -> None:
        kept = value if isinstance(value, Secret | Ciphertext) else Secret(value or "")
        instance.__dict__[self.field.attname] = kept


if TYPE_CHECKING:
    TextField = models.TextField[str | bytes | Secret | None, Secret]
else:
    TextField = models.TextField


class SealedField(TextField):
    """A secret bound to its row: `owner_field` names the attribute that identifies the row for good (its UUID).

    It is read as `Secret`, assigned as text or bytes, and written by save() and bulk_create() only. It cannot be looked up by
    its content, and no form shows it. "" means that there is none.
    """

    descriptor_class = SealedAttribute

    def __init__(self, *args: Any, owner_field: str = "uid", **kwargs: Any) -> None:
        self.owner_field = owner_field
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> tuple[str, str, Any, Any]:
        name, path, args, kwargs = super().deconstruct()
        if self.owner_field != "uid":
            kwargs["owner_field"] = self.owner_field
        return name, path, args, kwargs

    @property
    def label(self) -> str:
        """Where this field lives: "app.Model.field"."""
        return f"{self.model._meta.label}.{self.name}"

    def owner_of(self, instance: models.Model) -> str:
        """What identifies the row in the sealed text."""
        return str(getattr(instance, self.owner_field))

    def from_db_value(self, value: str | None, *_: Any) -> Ciphertext | str | None:
        return Ciphertext(value) if value else value

    def pre_save(self, model_instance: models.Model, add: bool) -> Ciphertext | str:
        secret: Secret = getattr(model_instance, self.attname)
        if not secret:
            return ""
        sealed = secret.sealed_for(self.label, self.owner_of(model_instance))
        setattr(model_instance, self.attname, sealed)
        return sealed

    def get_prep_value(self, value: Any) -> str | None:
        if value is None or isinstance(value, Ciphertext):
            return value
        if value == "":
            return ""
        raise TypeError(f"{self.label} is sealed: it is written by save() only and cannot be searched.")

    def get_lookup(self, lookup_name: str) -> Any:
        return super().get_lookup(lookup_name) if lookup_name in {"exact", "in", "isnull"} else None

    def get_transform(self, lookup_name: str) -> None:
        return None

    def value_to_string(self, obj: models.Model) -> str:
        raise TypeError(f"{self.label} is sealed: it does not leave in a dump.")

    def formfield(self, *args: Any, **kwargs: Any) -> None:
        return None

    def clean(self, value: Any, model_instance: models.Model | None) -> Any:
        return value
