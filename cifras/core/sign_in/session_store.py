"""Where sessions are kept (SESSION_ENGINE): Django's database store, with whose each session is in columns."""

from datetime import timedelta
from typing import Any

from django.apps import apps
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.utils import timezone

_FORMER = "former"
FORMER_LIVES = timedelta(seconds=10)


class SessionStore(DatabaseStore):
    """Rows of `StaffSession`."""

    @property
    def is_former(self) -> bool:
        """Whether this id was replaced: it only answers what was on its way by then."""
        return _FORMER in self

    def replace_key(self) -> None:
        """A new id, as `cycle_key` gives, while the former one serves for some seconds more, with what it held before.

        A page that fetches its parts by itself has one on its way at any time: were its id unknown, the answer would take the
        browser's cookie away, and the person with it.
        """
        former = type(self)(self.session_key)
        if self.session_key is None or not former.exists(self.session_key):
            return
        former[_FORMER] = True
        former.set_expiry(timezone.now() + FORMER_LIVES)
        former.save()
        self.pop(_FORMER, None)
        self.set_expiry(None)
        self.create()

    @classmethod
    def get_model_class(cls) -> Any:
        return apps.get_model("core", "StaffSession")

    def create_model_instance(self, data: dict[str, Any]) -> Any:
        row: Any = super().create_model_instance(data)
        row.describe(data)
        return row
