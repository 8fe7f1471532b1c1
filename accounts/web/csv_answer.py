"""A table as a CSV file that is sent while it is read. Whoever gives the rows bounds them."""

import csv
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from io import StringIO

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse

# Rows that go out together: a chunk of tens of kilobytes.
CHUNK_ROWS = 200
# A spreadsheet takes a cell that begins so for a formula (OWASP, "CSV Injection", read 2026-11).
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")


def answer(
    request: HttpRequest, name: str, header: Sequence[str], rows: Iterable[Sequence[object]]
) -> StreamingHttpResponse:
    """The file `name`. Rows are read after the view has returned: neither language nor time zone
    of the request counts for them."""
    chunks = _chunks(header, rows)
    is_async = isinstance(request, ASGIRequest)
    response = StreamingHttpResponse(
        _awaited(chunks) if is_async else chunks, content_type="text/csv; charset=utf-8"
    )
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


def cell(value: object) -> str:
    """As text that no spreadsheet runs; a number stays one."""
    text = "" if value is None else str(value)
    is_amount = text[:1] in "+-" and text[1:].replace(".", "", 1).isdigit()
    return f"'{text}" if text.startswith(FORMULA_SIGNS) and not is_amount else text


def _chunks(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[bytes]:
    # Without the mark, Excel reads UTF-8 as the machine's own code page.
    buffer = StringIO("\ufeff")
    buffer.seek(0, 2)
    writer = csv.writer(buffer)
    writer.writerow(header)
    for number, row in enumerate(rows, start=1):
        writer.writerow([cell(value) for value in row])
        if number % CHUNK_ROWS == 0:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


async def _awaited(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    def take() -> bytes | None:
        return next(chunks, None)

    while (chunk := await sync_to_async(take)()) is not None:
        yield chunk
