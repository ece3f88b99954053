"""Production: refuses to start without its secrets, with weak ones or with DEBUG on, and speaks https only."""

from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

from cifras.settings import base
from cifras.settings.logs import logging_settings
from cifras.settings.reader import env

globals().update({name: value for name, value in vars(base).items() if name.isupper()})

REQUIRED = ("SECRET_KEY", "CIFRAS_FIELD_KEYS", "DATABASE_URL", "ALLOWED_HOSTS")

missing = [name for name in REQUIRED if not env.str(name, default="")]
if missing:
    raise ImproperlyConfigured(f"Production needs these variables (see .env.example): {', '.join(missing)}.")
if base.DEBUG:
    raise ImproperlyConfigured(
        "DEBUG must be off in production: its error pages show what nobody outside may see."
    )
if (
    len(base.SECRET_KEY) < 50
    or len(set(base.SECRET_KEY)) < 15
    or base.SECRET_KEY.startswith("django-insecure-")
):
    raise ImproperlyConfigured(
        "SECRET_KEY is weak: it signs sessions and links. Make one with: python -c "
        "'import secrets; print(secrets.token_urlsafe(60))'"
    )
if base.DATABASES["default"]["ENGINE"].endswith("sqlite3") and env.int("WEB_CONCURRENCY", default=1) > 1:
    raise ImproperlyConfigured(
        "WEB_CONCURRENCY must be 1 with SQLite, where one process writes at a time: name a PostgreSQL in DATABASE_URL."
    )
try:
    for key in base.CIFRAS_FIELD_KEYS:
        Fernet(key)
except ValueError:
    raise ImproperlyConfigured(
        "CIFRAS_FIELD_KEYS must be Fernet keys separated by commas. Make one with: python -c "
        "'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'"
    ) from None

SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=True)
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
SESSION_COOKIE_NAME = "__Host-sessionid"
CSRF_COOKIE_SECURE = True
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_NAME = "__Host-csrftoken"
LANGUAGE_COOKIE_SECURE = True

CIFRAS_METRICS_NEED_TOKEN = True
LOGGING = logging_settings(level=env.str("LOG_LEVEL", default="INFO"), as_json=True)

STORAGES = {
    **base.STORAGES,
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
