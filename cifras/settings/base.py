"""What all three environments share. Every variable comes through the one reader, `cifras.settings.reader.env`.

`local`, `test` and `production` copy these names and change what differs. `.env.example` explains each variable;
names and defaults are an agreement with operators and scripts.
"""

from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _

from cifras.settings.broker import QUEUES, ROUTES, transport_options
from cifras.settings.logs import logging_settings
from cifras.settings.policies import STAFF_SITE, STRICT
from cifras.settings.reader import BASE_DIR, VAR_DIR, env, one_of, seconds
from cifras.settings.storage import default_storage
from cifras.settings.unfold import UNFOLD as UNFOLD

SECRET_KEY = env.str("SECRET_KEY", default="")
CIFRAS_FIELD_KEYS: list[str] = env.list("CIFRAS_FIELD_KEYS", default=[])
# How many proxies of ours stand before the site: the audit trail takes the client's address from the last ones' header.
CIFRAS_PROXY_COUNT = env.int("CIFRAS_PROXY_COUNT", default=0)
# Who answers which tenants a staff member may see.
CIFRAS_TENANT_SIGHT = "tenants.access.granted_sight"
# What the floors above the tenants' say when a company is closed or promoted, or when somebody of the staff leaves
# (tenants.services.floors_above).
CIFRAS_TENANT_OBLIGATIONS = ["invoicing.services.tenant_life.obligations"]
CIFRAS_TENANT_COPIERS = ["invoicing.services.tenant_life.copy_receivers"]
CIFRAS_STAFF_HOLDINGS = [
    "tenants.services.staff_endings.held_here",
    "invoicing.services.tenant_life.drafts_of",
]
CIFRAS_SECOND_FACTOR = env.bool("CIFRAS_SECOND_FACTOR", default=True)
CIFRAS_IDLE_MINUTES = env.int("CIFRAS_IDLE_MINUTES", default=30)
DEBUG = env.bool("DEBUG", default=False)
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=[])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "axes",
    "django_celery_beat",
    "cifras.core",
    "cifras.sandbox",
    "tenants",
    "invoicing",
    "reports",  # last: reference data needs the permissions of all the others
]

MIDDLEWARE = [
    "cifras.core.middleware.RequestContextMiddleware",
    "cifras.core.health.probes.probes",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "cifras.core.middleware.PagePolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "cifras.language.chosen_language",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "cifras.core.sign_in.middleware.StaffDoor",
    "cifras.core.scope_middleware.person_scope",
    "cifras.core.denials.audited_denials",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "cifras.urls"
WSGI_APPLICATION = "cifras.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

DATABASE_URL = env.str("DATABASE_URL", default="") or f"sqlite:///{VAR_DIR / 'cifras.sqlite3'}"
DATABASES: dict[str, dict[str, Any]] = {"default": env.db_url_config(DATABASE_URL)}
del DATABASE_URL  # it may carry a password, which only DATABASES knows how to hide
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # Several processes share the file: readers never wait, and writers queue up instead of failing.
    DATABASES["default"]["OPTIONS"] = {
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
    }
else:
    DATABASES["default"] |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}

AUTH_USER_MODEL = "core.Staff"
AUTHENTICATION_BACKENDS = [
    "cifras.core.sign_in.lockout.LockoutBackend",
    "django.contrib.auth.backends.ModelBackend",
]
# The limits and waits are in cifras.core.sign_in.lockout; axes counts, and answers nothing of its own.
AXES_HANDLER = "cifras.core.sign_in.lockout.LockoutHandler"
AXES_CLIENT_IP_CALLABLE = "cifras.core.sign_in.lockout.network_of"
AXES_USERNAME_CALLABLE = "cifras.core.sign_in.lockout.account_of"
AXES_COOLOFF_TIME = "cifras.core.sign_in.lockout.forgotten_after"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 1
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_ENABLE_ADMIN = False
AXES_DISABLE_ACCESS_LOG = True
AXES_VERBOSE = False
SILENCED_SYSTEM_CHECKS = [
    "axes.W002"
]  # its middleware would answer a closed account otherwise than a wrong password
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
SESSION_ENGINE = "cifras.core.sign_in.session_store"
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
CONTENT_SECURITY_POLICY = {"DIRECTIVES": STRICT}
CIFRAS_STAFF_SITE_POLICY = STAFF_SITE
# Who may read /metrics; empty: only this machine, and nobody in production or behind a proxy.
CIFRAS_METRICS_TOKEN = env.str("CIFRAS_METRICS_TOKEN", default="")
CIFRAS_METRICS_NEED_TOKEN = False
# Who brings figures to it, beyond those of the ground floor.
CIFRAS_METRICS = ["reports.services.metrics.metrics"]

LANGUAGE_CODE = "es-pa"
LANGUAGES = [("es-pa", _("Español (Panamá)")), ("en", _("Inglés"))]
LANGUAGE_COOKIE_SAMESITE = "Lax"
LOCALE_PATHS = [BASE_DIR / "cifras" / "locale"]
FORMAT_MODULE_PATH = ["cifras.formats"]
USE_I18N = True
USE_THOUSAND_SEPARATOR = True
USE_TZ = True
TIME_ZONE = "America/Panama"

FILE_UPLOAD_HANDLERS = [
    "cifras.core.uploads.CappedUpload",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "cifras" / "static"]
MEDIA_ROOT = Path(env.str("MEDIA_ROOT", default="") or VAR_DIR / "media")
STORAGES = {
    "default": default_storage(),
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

# The server of our own mails; without one none is written. Its address may carry a password: only Django's names keep it.
globals().update(env.email_url_config(env.str("EMAIL_URL", default="") or "dummymail://"))
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="") or "Cifras <no-reply@localhost>"
CIFRAS_FINANCE_EMAILS: list[str] = env.list("CIFRAS_FINANCE_EMAILS", default=[])

LOGGING = logging_settings(level=env.str("LOG_LEVEL", default="INFO"))

CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="") or "filesystem://"
CELERY_BROKER_TRANSPORT_OPTIONS = transport_options(CELERY_BROKER_URL, VAR_DIR / "broker")
CELERY_BROKER_CONNECTION_TIMEOUT = 2
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# The truth is in the tables: a task that cannot be sent is logged and found by the sweep, and nobody waits.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_RESULT_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_QUEUES = QUEUES
CELERY_TASK_ROUTES = ROUTES
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_TIME_LIMIT = 15 * 60
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
# Celery keeps time in UTC; a schedule that means local time carries its zone on its own row.
CELERY_ENABLE_UTC = True
CELERY_TIMEZONE = "UTC"
# Celery's habit of closing the connection around every task costs one connection per task: cifras/celery.py
# closes what is too old or broken instead.
CELERY_DB_REUSE_MAX = 10_000

PAC_BASE_URL = env.str("PAC_BASE_URL", default="").rstrip("/")
PAC_API_KEY = env.str("PAC_API_KEY", default="")
PAC_SANDBOX_BASE_URL = env.str("PAC_SANDBOX_BASE_URL", default="").rstrip("/") or PAC_BASE_URL
PAC_SANDBOX_API_KEY = env.str("PAC_SANDBOX_API_KEY", default="") or PAC_API_KEY
PAC_WEBHOOK_SECRET: list[str] = env.list("PAC_WEBHOOK_SECRET", default=[])
PAC_WEBHOOK_URL = env.str("PAC_WEBHOOK_URL", default="")
PAC_BILLING_POINT = env.str("PAC_BILLING_POINT", default="001")
PAC_VOID_WINDOW_HOURS = env.int("PAC_VOID_WINDOW_HOURS", default=182)
PAC_MAX_BACKDATE_DAYS = env.int("PAC_MAX_BACKDATE_DAYS", default=30)
PAC_CONNECT_TIMEOUT = env.float("PAC_CONNECT_TIMEOUT", default=5.0)
PAC_READ_TIMEOUT = env.float("PAC_READ_TIMEOUT", default=30.0)
PAC_TOTAL_TIMEOUT = env.float("PAC_TOTAL_TIMEOUT", default=60.0)
PAC_RETRY_WAIT = seconds("PAC_RETRY_WAIT", default="2,10", count=2)
PAC_QUEUE_WAITS = seconds("PAC_QUEUE_WAITS", default="5,15,60,300")
PAC_RESEND_AFTER = env.float("PAC_RESEND_AFTER", default=120.0)
PAC_BREAKER = seconds("PAC_BREAKER", default="10,30", count=2)
PAC_CONCURRENCY = env.int("PAC_CONCURRENCY", default=32)
PAC_THREADS = env.int("PAC_THREADS", default=32)
PAC_PROXY_URL = env.str("PAC_PROXY_URL", default="")
PAC_FILE_HOSTS: list[str] = env.list("PAC_FILE_HOSTS", default=[])
PAC_ALLOW_INSECURE_FILES = env.bool("PAC_ALLOW_INSECURE_FILES", default=False)
PAC_LEGACY_CANCEL_PATH = env.str("PAC_LEGACY_CANCEL_PATH", default="")
PAC_ITBMS_ROUNDING = one_of("PAC_ITBMS_ROUNDING", "line", "total")
PAC_COMPANY_BODY = one_of("PAC_COMPANY_BODY", "flat", "nested")
PAC_CHECK_DIGIT_TYPE = one_of("PAC_CHECK_DIGIT_TYPE", "words", "numbers")
TANDIA_BASE_URL = env.str("TANDIA_BASE_URL", default="https://invoice.tandia.io").rstrip("/")
_FABO_ISSUES_FOR_GOOD = "https://api.fabo.dev/v1"
FABO_BASE_URL = env.str("FABO_BASE_URL", default="").rstrip("/") or _FABO_ISSUES_FOR_GOOD
# Who names one address of their own only has one for both; nobody practises at the one that issues for good.
FABO_PRACTICE_BASE_URL = env.str("FABO_PRACTICE_BASE_URL", default="").rstrip("/") or (
    "https://api-testing.fabo.dev/v1" if FABO_BASE_URL == _FABO_ISSUES_FOR_GOOD else FABO_BASE_URL
)
