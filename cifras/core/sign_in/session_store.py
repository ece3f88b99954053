"""Where sessions are kept (SESSION_ENGINE): Django's database store, with whose each session is in columns."""

from typing import Any

from django.apps import apps
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore


class SessionStore(DatabaseStore):
    """Rows of `StaffSession`."""

    @classmethod
    def get_model_class(cls) -> Any:
        return apps.get_model("core", "StaffSession")

    def create_model_instance(self, data: dict[str, Any]) -> Any:
        row: Any = super().create_model_instance(data)
        row.describe(data)
        return row
