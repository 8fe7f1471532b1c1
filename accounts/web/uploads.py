"""Bounds what a form may upload: no page takes more than a logo, whoever sends it."""

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload

# Twice the largest logo, so that one a little too large is refused by its form, with words.
BYTES_MAX = 2_000_000


class BoundedUploadHandler(FileUploadHandler):
    """Stops reading a request whose files are longer together; its form then has no file.

    Stands first of the handlers and hands every chunk on: it keeps none.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._bytes = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self._bytes += len(raw_data)
        if self._bytes > BYTES_MAX:
            raise StopUpload(connection_reset=True)
        return raw_data

    def file_complete(self, file_size: int) -> "UploadedFile[Any] | None":
        return None
