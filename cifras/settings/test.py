"""The tests: throw-away secrets, no .env, everything in memory unless the environment names a database or a broker."""

from base64 import urlsafe_b64encode

from cifras.settings import base
from cifras.settings.reader import env

globals().update({name: value for name, value in vars(base).items() if name.isupper()})

DEBUG = False
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "testserver"]
SECRET_KEY = "throw-away-key-of-the-tests-" * 3
CIFRAS_FIELD_KEYS = [urlsafe_b64encode(b"throw-away-field-key-of-the-test").decode()]
CIFRAS_SECOND_FACTOR = False

DATABASES = {"default": {**base.DATABASES["default"], "CONN_MAX_AGE": 0}}
if not env.str("DATABASE_URL", default=""):
    DATABASES["default"]["NAME"] = ":memory:"

CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="memory://")
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, object] = {}

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
PAC_ALLOW_INSECURE_FILES = True
PAC_FILE_HOSTS = ["localhost", "127.0.0.1"]
# Most tests live inside one transaction, which other threads could not see into.
PAC_THREADS = 1
