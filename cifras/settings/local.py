"""A developer's machine and the demo: SQLite, a folder as broker, secrets made on first use and kept in var/."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from cryptography.fernet import Fernet

from cifras.settings import base
from cifras.settings.reader import VAR_DIR, env

globals().update({name: value for name, value in vars(base).items() if name.isupper()})


def _kept(name: str, make: Callable[[], str]) -> str:
    """The secret in var/`name`, made once. Two processes that start together end up with the same one."""
    target = VAR_DIR / name
    if not target.exists():
        draft = Path(f"{target}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(make())
        try:
            target.hardlink_to(draft)
        except FileExistsError:
            pass  # the other process was first
        finally:
            draft.unlink()
    return target.read_text()


DEBUG = env.bool("DEBUG", default=True)
ALLOWED_HOSTS = base.ALLOWED_HOSTS or ["localhost", "127.0.0.1", "[::1]", "0.0.0.0"]  # noqa: S104 a name, not a socket
SECRET_KEY = base.SECRET_KEY or _kept("secret-key", lambda: secrets.token_urlsafe(50))
CIFRAS_FIELD_KEYS = base.CIFRAS_FIELD_KEYS or [_kept("field-key", lambda: Fernet.generate_key().decode())]

# Static files are served from where they lie, whatever server runs and whatever DEBUG says.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
