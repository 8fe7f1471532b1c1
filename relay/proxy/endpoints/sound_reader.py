"""A stream of bytes that mean nothing to us: passed on as they come. Only its end says whether it
is whole, so a cut one must not end cleanly."""

from collections.abc import Callable
from typing import ClassVar

from relay.proxy.errors import Framing
from relay.proxy.types import Usage


class SoundReader:
    """Implements `request.Reader`. The body's framing tells its end: the empty chunk."""

    framing: ClassVar[Framing] = Framing.SSE
    is_done: ClassVar[bool] = False
    has_error: ClassVar[bool] = False
    has_overlong: ClassVar[bool] = False
    last: ClassVar[bytes] = b""

    def __init__(
        self, used: Callable[[int, bool], Usage], bytes_per_token: int, tokens_max: int
    ) -> None:
        """`used` takes how many bytes came, and whether they are all."""
        self._used = used
        self._bytes_per_token = bytes_per_token
        self._tokens_max = tokens_max
        self._passed_bytes = 0
        self._is_ended = False

    @property
    def usage(self) -> Usage:
        """See `Reader.usage`; here it is our own count."""
        return self._used(self._passed_bytes, self._is_ended)

    @property
    def has_output(self) -> bool:
        """See `Reader.has_output`."""
        return self._passed_bytes > 0

    @property
    def delivered_tokens(self) -> int:
        """See `Reader.delivered_tokens`."""
        tokens = -(-self._passed_bytes // self._bytes_per_token)
        return min(tokens, max(1, self._tokens_max)) if tokens else 0

    @property
    def is_complete(self) -> bool:
        """See `Reader.is_complete`."""
        return self._is_ended and self.has_output

    def feed(self, chunk: bytes) -> bytes:
        """See `Reader.feed`."""
        self._passed_bytes += len(chunk)
        self._is_ended = not chunk
        return chunk
