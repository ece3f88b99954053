"""A table as a download: CSV from its first byte on, XLSX through a temporary file that is gone when it has been sent."""

from collections.abc import Iterator
from contextvars import copy_context
from tempfile import TemporaryFile
from typing import Any, cast

from django.http import FileResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.text import slugify

from cifras.core.exports.csv_file import csv_chunks
from cifras.core.exports.table import Table
from cifras.core.exports.xlsx_file import write_xlsx

CONTENT_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def download(table: Table, form: str, *, bom: bool = False) -> HttpResponseBase:
    """The table as an attachment; `form` is "csv" or "xlsx". Whoever calls has asked for the right and audits."""
    if form == "csv":
        return csv_response(csv_chunks(table, bom=bom), table.name)
    file: Any = TemporaryFile()  # noqa: SIM115 the response closes it
    write_xlsx(table, file)
    return xlsx_response(file, table.name)


def csv_response(chunks: Iterator[bytes], name: str) -> StreamingHttpResponse:
    """CSV in pieces. They are made in the context of the request, which has ended by then."""
    return cast(
        StreamingHttpResponse,
        attached(StreamingHttpResponse(_in_this_context(chunks)), name, "csv"),
    )


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


def _in_this_context(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """`chunks`, each made with what is known now about the act under way: language, person, address, scope."""
    context, end = copy_context(), object()

    def pieces() -> Iterator[bytes]:
        try:
            while (chunk := context.run(next, chunks, end)) is not end:
                yield cast(bytes, chunk)
        finally:
            context.run(getattr(chunks, "close", lambda: None))

    return pieces()
