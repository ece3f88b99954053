"""Logging: one line per record on stderr, with secrets masked on the way out; in production a line of JSON."""

from typing import Any


def logging_settings(level: str, *, as_json: bool = False) -> dict[str, Any]:
    """Django's LOGGING. The filter sits on the handler, so that records of every library pass it."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"masking": {"()": "cifras.core.masking.MaskingFilter"}},
        "formatters": {
            "line": {
                "format": "%(asctime)s %(levelname)s %(name)s: %(message)s",
                "datefmt": "%Y-%m-%dT%H:%M:%S%z",
            },
            "json": {"()": "cifras.core.log_lines.JsonLines"},
        },
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": "json" if as_json else "line",
                "filters": ["masking"],
            },
        },
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # The end of the audit trail, which is to be found elsewhere than in its own database, whatever the level.
            "cifras.core.anchors": {"level": "INFO"},
            # Django gives these two handlers of their own, which know no mask.
            "django": {"handlers": [], "level": "INFO", "propagate": True},
            "django.server": {"handlers": [], "level": "INFO", "propagate": True},
            # It warns at every connection that a folder has no host name.
            "kombu.connection": {"level": "ERROR"},
            # It tells of every sign-in what the audit trail tells already.
            "axes": {"level": "ERROR"},
        },
    }
