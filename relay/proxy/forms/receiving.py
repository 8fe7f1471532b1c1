"""Receives a form from a client: parsed as it arrives, its files put on a spool, everything
bounded. What is wrong with it is refused at once, and leaves nothing behind."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field

from multipart import (
    MultipartError,
    MultipartSegment,
    ParserLimitReached,
    PushMultipartParser,
    parse_options_header,
)

from relay.proxy.client import Client
from relay.proxy.dialects.decoding import wrong
from relay.proxy.errors import ApiError, Cause
from relay.proxy.forms.form import File, Form, Text

# OpenAI's richest form has 16 pictures and some twenty fields, a few of them lists.
PARTS_MAX = 128
NAME_CHARS_MAX = 100
FILENAME_CHARS_MAX = 255  # what file systems take
CONTENT_TYPE_CHARS_MAX = 100
# A voice sample as a data URL is the longest field there is (10 s of sound).
FIELD_BYTES_MAX = 2_000_000
FIELDS_BYTES_MAX = 4_000_000
BOUNDARY_CHARS_MAX = 200  # RFC 2046 says 70; a few libraries make longer ones
# What may stand before the first part, whose head is bounded too: libraries send nothing there.
PREAMBLE_BYTES_MAX = 64 * 1024
# A client that sends nothing for so long has gone, or means harm.
STALL_S = 30.0
# 100 MB at the speed of a poor mobile connection.
RECEIVE_S = 600.0


async def receive(client: Client, *, bytes_max: int) -> Form:
    """The form in the request's body, of `bytes_max` at most.

    Raises ApiError naming what is wrong, ConnectionError when the client left.
    """
    parser = PushMultipartParser(
        _boundary(client), max_segment_count=PARTS_MAX, header_charset="utf8"
    )
    receiver = _Receiver(parser, Form())
    try:
        async with aclosing(_in_time(client, bytes_max)) as pieces:
            async for piece in pieces:
                await receiver.feed(piece)
        parser.close()
    except ParserLimitReached:
        receiver.form.close()
        raise wrong(None, f"the form has more than {PARTS_MAX} parts, or too long a head") from None
    except MultipartError:
        receiver.form.close()
        raise wrong(None, "the multipart body is malformed or cut short") from None
    except BaseException:
        receiver.form.close()
        raise
    return receiver.form


def _boundary(client: Client) -> str:
    """What parts the form. Raises ApiError for a body of another kind."""
    given = client.headers.get(b"content-type", b"").decode("latin-1")
    kind, options = parse_options_header(given)
    if kind != "multipart/form-data":
        raise wrong(None, "the body must be multipart/form-data")
    boundary: str = options.get("boundary", "")
    if not 0 < len(boundary) <= BOUNDARY_CHARS_MAX or not boundary.isprintable():
        raise wrong(None, "the Content-Type has no usable boundary")
    return boundary


async def _in_time(client: Client, bytes_max: int) -> AsyncGenerator[bytes, None]:
    """The body as it arrives. ApiError when it stalls or takes too long."""
    now = asyncio.get_running_loop().time
    latest = now() + RECEIVE_S
    async with aclosing(client.pieces(bytes_max)) as pieces:
        while True:
            try:
                async with asyncio.timeout_at(min(latest, now() + STALL_S)):
                    piece = await anext(pieces)
            except StopAsyncIteration:
                return
            except TimeoutError:
                raise ApiError(Cause.CLIENT_TIMEOUT) from None
            yield piece


@dataclass(slots=True)
class _Receiver:
    """Takes the parser's events; `form` grows by whole parts."""

    parser: PushMultipartParser
    form: Form
    _segment: MultipartSegment | None = None
    _value: bytearray = field(default_factory=bytearray)
    _fields_bytes: int = 0
    _offset: int = 0
    _fed_bytes: int = 0

    async def feed(self, piece: bytes) -> None:
        """Take more of the body."""
        for event in self.parser.parse(piece):
            if isinstance(event, MultipartSegment):
                self._begin(event)
            elif event is None:
                self._end()
            elif self._segment is not None and self._segment.filename is not None:
                await self.form.spool.append(bytes(event))
            else:
                self._add(event)
        self._fed_bytes += len(piece)
        if self._fed_bytes > PREAMBLE_BYTES_MAX and not (self.form.parts or self._segment):
            raise wrong(None, "the multipart body does not begin with its boundary")

    def _begin(self, segment: MultipartSegment) -> None:
        if not _is_word(segment.name, NAME_CHARS_MAX):
            raise wrong(None, "the form has a part without a usable name")
        if segment.filename is not None and not _is_word(
            segment.filename or "file", FILENAME_CHARS_MAX
        ):
            raise wrong(segment.name, "must have a printable file name")
        self._segment, self._offset = segment, self.form.spool.size_bytes

    def _add(self, data: bytes) -> None:
        self._value += data
        self._fields_bytes += len(data)
        if len(self._value) > FIELD_BYTES_MAX or self._fields_bytes > FIELDS_BYTES_MAX:
            name = self._segment.name if self._segment is not None else None
            raise wrong(name, f"must be {FIELD_BYTES_MAX} bytes at most")

    def _end(self) -> None:
        segment, self._segment = self._segment, None
        if segment is None:
            return
        if segment.filename is None:
            value, self._value = bytes(self._value), bytearray()
            self.form.parts.append(Text(segment.name, _utf8(segment.name, value)))
            return
        given = segment.content_type or ""
        is_usable = _is_word(given, CONTENT_TYPE_CHARS_MAX) and given.isascii()
        size_bytes = self.form.spool.size_bytes - self._offset
        content_type = given if is_usable else "application/octet-stream"
        filename = segment.filename or "file"
        file = File(segment.name, filename, content_type, self._offset, size_bytes)
        self.form.parts.append(file)


def _is_word(text: str, chars_max: int) -> bool:
    return 0 < len(text) <= chars_max and text.isprintable()


def _utf8(name: str, value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise wrong(name, "must be UTF-8 text") from None
