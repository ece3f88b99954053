"""The one reader of environment variables. A `.env` beside manage.py is read when present; the environment wins."""

import os
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent.parent

env = environ.Env()

# A developer's .env must not decide how the tests end.
if os.environ.get("DJANGO_SETTINGS_MODULE") != "cifras.settings.test":
    environ.Env.read_env(BASE_DIR / ".env")

VAR_DIR = Path(env.str("CIFRAS_VAR_DIR", default="") or BASE_DIR / "var")
VAR_DIR.mkdir(parents=True, exist_ok=True)


def seconds(name: str, *, default: str, count: int | None = None) -> tuple[float, ...]:
    """The comma-separated numbers of `name`; exactly `count` of them where it is given, else at least one."""
    text = env.str(name, default=default)
    try:
        values = tuple(float(part) for part in text.split(","))
    except ValueError:
        values = ()
    if not values or (count is not None and len(values) != count) or min(values) < 0:
        wanted = f"{count} numbers" if count else "numbers"
        raise ImproperlyConfigured(
            f"{name} must be {wanted} separated by commas, such as {default}; it is {text!r}."
        )
    return values


def one_of(name: str, *words: str) -> str:
    """The word of `name`, which must be one of `words`; the first is the default."""
    word: str = env.str(name, default=words[0])
    if word not in words:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(words)}; it is {word!r}.")
    return word
