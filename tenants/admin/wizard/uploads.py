"""Files that are read into memory and nowhere else, and never more of them than they may be long.

A certificate may not touch the disk, not even as a temporary file; so the pages that take files use this handler alone. What is
over its limit is let go while it is being read: the form says so, and the rest of the request goes on.
"""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile, StopUpload
from django.http import HttpRequest, HttpResponseBase

from tenants.services.logos import LARGEST_BYTES
from tenants.services.pkcs12_costs import LONGEST_FILE_BYTES

LIMITS: Mapping[str, int] = {
    "certificate": LONGEST_FILE_BYTES,
    "authentication_certificate": LONGEST_FILE_BYTES,
    "logo": LARGEST_BYTES,
}
_MOST_BYTES = 8 * LARGEST_BYTES  # read of one request, let go or not


class LimitedMemoryUpload(FileUploadHandler):
    """Takes the files named in LIMITS; `too_large` of the request names those that were longer."""

    def __init__(self, request: HttpRequest | None = None) -> None:
        super().__init__(request)
        self.total = 0
        self.too_large: set[str] = set()
        self.received = bytearray()

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.received = bytearray()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.total += len(raw_data)
        self.received += raw_data
        if self.total > _MOST_BYTES:
            self.too_large.add(str(self.field_name))
            raise StopUpload(connection_reset=True)
        if len(self.received) > LIMITS.get(str(self.field_name), 0):
            self.too_large.add(str(self.field_name))
            self.received = bytearray()
            raise SkipFile

    def file_complete(self, file_size: int) -> SimpleUploadedFile:
        content, self.received = bytes(self.received), bytearray()
        return SimpleUploadedFile(str(self.file_name), content)


def in_memory_only(view: Callable[..., Any]) -> Callable[..., HttpResponseBase]:
    """The view, which has to check the CSRF token itself (as every view of the staff site does), with this handler alone.

    The check reads the request, so it may only come once the handler is in its place.
    """

    @wraps(view)
    def door(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        handler = LimitedMemoryUpload(request)
        request.upload_handlers = [handler]
        request.__dict__["too_large"] = handler.too_large
        response: HttpResponseBase = view(request, *args, **kwargs)
        return response

    door.csrf_exempt = True  # type: ignore[attr-defined]
    return door
