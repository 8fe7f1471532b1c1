"""What requests for sound and pictures have in common: they pass through under the Route's model
name, in OpenAI's format only, and are counted in other things than text."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from relay.proxy import errors
from relay.proxy.answer_headers import Header
from relay.proxy.dialect import Dialect
from relay.proxy.endpoints.asked import Asked
from relay.proxy.endpoints.event_reader import EventReader
from relay.proxy.errors import ApiError, Framing
from relay.proxy.request import (
    JSON_HEADERS,
    SSE_HEADERS,
    Demand,
    NotAnAnswer,
    Outgoing,
    Reader,
    Whole,
)
from relay.proxy.types import Route, Site, Usage


@dataclass(frozen=True, slots=True)
class MediaRequest:
    """The greater part of a `request.Request`."""

    endpoint: str
    model: str
    asked: Asked
    demand: Demand
    is_stream: bool

    @property
    def dialect(self) -> Dialect:
        """See `Request.dialect`."""
        return Dialect.CHAT

    def spoken(self, route: Route) -> Dialect:
        """See `Request.spoken`."""
        return Dialect.CHAT

    def outgoing(self, route: Route, output_tokens_cap: int | None) -> Outgoing:
        """See `Request.outgoing`. These endpoints know no cap."""
        return self.asked.outgoing(route, self.endpoint, self.model)

    def stream_headers(self, content_type: bytes) -> tuple[Header, ...]:
        """See `Request.stream_headers`."""
        return SSE_HEADERS if b"event-stream" in content_type else JSON_HEADERS

    def failure(self, error: ApiError, reader: Reader, site: Site, request_id: str) -> bytes | None:
        """See `Request.failure`: half a file must not look like a whole one."""
        if not isinstance(reader, EventReader):
            return None
        return errors.event(error, site.contract, self.dialect, site.language, request_id)

    def whole(self, route: Route, body: bytes, content_type: bytes) -> Whole:
        """See `Request.whole`."""
        raise NotAnAnswer("not_an_answer")

    def in_one_piece(self, route: Route, content_type: bytes, bytes_max: int) -> "WholeReader":
        """For an Upstream that was asked for a stream and gives the whole: some models can't."""
        return WholeReader(lambda body: self.whole(route, body, content_type), bytes_max)


class WholeReader:
    """Implements `request.Reader` for a body that makes sense as a whole only: it is kept back
    until it has come, been looked at, and been paid for."""

    framing: ClassVar[Framing] = Framing.SSE

    def __init__(self, judge: Callable[[bytes], Whole], bytes_max: int) -> None:
        self._judge = judge
        self._bytes_max = bytes_max
        self._pieces: list[bytes] = []
        self._held_bytes = 0
        self._whole: Whole | None = None
        self.has_error = False

    @property
    def usage(self) -> Usage | None:
        """See `Reader.usage`."""
        return self._whole.usage if self._whole is not None else None

    @property
    def last(self) -> bytes:
        """See `Reader.last`: all of it."""
        return self._whole.body if self._whole is not None else b""

    @property
    def is_done(self) -> bool:
        """See `Reader.is_done`."""
        return self._whole is not None

    is_complete = has_output = is_done
    delivered_tokens = 0
    has_overlong = False

    def feed(self, chunk: bytes) -> bytes:
        """See `Reader.feed`; the empty chunk is the body's end."""
        self._pieces.append(chunk)
        self._held_bytes += len(chunk)
        if self._held_bytes > self._bytes_max:
            self.has_error = True
        elif not chunk:
            try:
                self._whole = self._judge(b"".join(self._pieces))
            except NotAnAnswer:
                self.has_error = True
        return b""
