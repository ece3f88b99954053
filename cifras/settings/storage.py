"""Where documents' files are kept: a local folder, or any S3-compatible store (the `s3` extra)."""

from typing import Any

from cifras.settings.reader import env


def default_storage() -> dict[str, Any]:
    """The default of Django's STORAGES. Credentials come by boto's own variables (AWS_ACCESS_KEY_ID, ...)."""
    bucket = env.str("S3_BUCKET", default="")
    if not bucket:
        return {"BACKEND": "django.core.files.storage.FileSystemStorage"}
    return {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": bucket,
            "endpoint_url": env.str("S3_ENDPOINT_URL", default="") or None,
            "region_name": env.str("S3_REGION", default="") or None,
            "file_overwrite": False,
            "querystring_expire": 60,
        },
    }
