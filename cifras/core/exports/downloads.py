"""Files as downloads: CSV from its first byte on, XLSX as a temporary file that is gone when it has been sent."""

from collections.abc import Iterator
from typing import Any, cast

from django.http import FileResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.text import slugify

CONTENT_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def csv_response(chunks: Iterator[bytes], name: str) -> StreamingHttpResponse:
    """CSV in pieces."""
    return cast(StreamingHttpResponse, attached(StreamingHttpResponse(chunks), name, "csv"))


def xlsx_response(file: Any, name: str) -> FileResponse:
    """An open file from its beginning; it is closed once it has been sent."""
    file.seek(0)
    return cast(FileResponse, attached(FileResponse(file), name, "xlsx"))


def attached(response: HttpResponseBase, name: str, ending: str) -> HttpResponseBase:
    """The response as a download of this name, never shown inside a page and never kept by a cache."""
    response["Content-Type"] = CONTENT_TYPES[ending]
    response["Content-Disposition"] = f'attachment; filename="{slugify(name) or "export"}.{ending}"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response
