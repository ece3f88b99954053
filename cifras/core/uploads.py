"""Files that are uploaded: never more of them is kept than is allowed, which is judged while they are read.

The handler stands first in FILE_UPLOAD_HANDLERS. A file over the limit is let go and the rest of the form goes on; `too_large`
tells the view which fields' files those were. Pages with stricter limits put handlers of their own in its place.
"""

from typing import Any

from django.core.files.uploadhandler import FileUploadHandler, SkipFile, StopUpload
from django.http import HttpRequest

LARGEST_FILE = 20 * 1024**2
MOST_OF_A_REQUEST = 4 * LARGEST_FILE


class CappedUpload(FileUploadHandler):
    """Counts what comes in and passes it on to the handlers behind it."""

    def __init__(self, request: HttpRequest | None = None) -> None:
        super().__init__(request)
        self.total = self.of_file = 0

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.of_file = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self.total += len(raw_data)
        self.of_file += len(raw_data)
        if self.of_file > LARGEST_FILE or self.total > MOST_OF_A_REQUEST:
            if self.request is not None:
                self.request.__dict__.setdefault("too_large", set()).add(str(self.field_name))
            raise StopUpload(connection_reset=True) if self.total > MOST_OF_A_REQUEST else SkipFile
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None


def too_large(request: HttpRequest) -> frozenset[str]:
    """The fields whose files were let go because they were too large."""
    return frozenset(request.__dict__.get("too_large", ()))
