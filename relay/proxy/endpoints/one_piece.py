"""What requests have in common whose answer is always one piece."""

from typing import ClassVar

from relay.proxy import errors
from relay.proxy.answer_headers import Header
from relay.proxy.dialect import Dialect
from relay.proxy.errors import ApiError
from relay.proxy.request import JSON_HEADERS, NotAnAnswer, Reader
from relay.proxy.types import Route, Site


class OnePiece:
    """The streaming side of `request.Request`, which is never asked for."""

    __slots__ = ()
    is_stream: ClassVar[bool] = False

    @property
    def dialect(self) -> Dialect:
        """See `Request.dialect`: OpenAI's, unless said otherwise."""
        return Dialect.CHAT

    def spoken(self, route: Route) -> Dialect:
        """See `Request.spoken`: nothing is translated unless said otherwise."""
        return self.dialect

    def reader(self, route: Route, content_type: bytes) -> Reader:
        """See `Request.reader`."""
        raise NotAnAnswer("not_a_stream")

    def stream_headers(self, content_type: bytes) -> tuple[Header, ...]:
        """See `Request.stream_headers`."""
        return JSON_HEADERS

    def failure(self, error: ApiError, reader: Reader, site: Site, request_id: str) -> bytes:
        """See `Request.failure`."""
        return errors.event(error, site.contract, self.dialect, site.language, request_id)
