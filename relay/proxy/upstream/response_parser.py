"""Response bytes in, one `Incoming` message out. Sans-IO: no socket, no clock, no waiting; what to
do about a finished or broken message is the connection's business."""

import httptools

from relay.proxy.upstream.errors import (
    ConnectionReset,
    IncompleteBody,
    ProtocolError,
    UpstreamError,
)

# Generous for headers, and little to hold for each of a thousand connections. Interim (1xx)
# heads, trailers and chunk extensions count too: no other limit holds for them.
HEAD_BYTES_MAX = 64 * 1024
_HEAD_TOO_LARGE = f"bad response: more than {HEAD_BYTES_MAX} bytes of head"

# The interim answers that exist (RFC 9110, 2518, 8297). 101 would end HTTP on the connection.
_INTERIM_STATUSES = frozenset((100, 102, 103))

_FRAMING_NAMES = frozenset((b"content-length", b"transfer-encoding"))


class _StrayBytes(Exception):
    """Raised inside a parser callback: something follows the end of the message."""


class Incoming:
    """One response as far as it has arrived."""

    __slots__ = (
        "buffered_bytes",
        "ended",
        "has_head",
        "head_only",
        "headers",
        "pieces",
        "received_bytes",
        "reusable",
        "status",
    )

    def __init__(self, *, head_only: bool) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.has_head = False
        self.head_only = head_only
        self.pieces: list[bytes] = []
        self.buffered_bytes = 0
        self.ended = False
        self.reusable = False  # says of the connection, once `ended`, whether it may go on
        self.received_bytes = 0  # without a complete head or, after it, a body byte

    def take(self) -> bytes:
        """The body bytes that wait, leaving none."""
        pieces = self.pieces
        if not pieces:
            return b""
        self.pieces = []
        self.buffered_bytes = 0
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def header(self, name: bytes) -> bytes | None:
        """The first value of the header with this lower-case name."""
        for known, value in self.headers:
            if known == name:
                return value
        return None


class ResponseParser:
    """Parses the responses of one connection, one after the other, as `expect` announces them."""

    def __init__(self) -> None:
        self._incoming = Incoming(head_only=False)
        self._parser = httptools.HttpResponseParser(self)

    def expect(self, *, head_only: bool) -> Incoming:
        """Start on the next response; `head_only` for the answer to a HEAD request."""
        self._incoming = Incoming(head_only=head_only)
        return self._incoming

    def feed(self, data: bytes) -> None:
        """Take bytes as they came; ProtocolError if they can't be part of the response.

        Bytes after the end are no error of the response: they make the connection unusable.
        """
        incoming = self._incoming
        buffered_before = incoming.buffered_bytes
        incoming.received_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._after_parser_error(incoming, error)
        if incoming.ended or incoming.buffered_bytes != buffered_before:
            incoming.received_bytes = 0
        elif incoming.received_bytes > HEAD_BYTES_MAX:
            # No head yet; or, after it, trailers and chunk extensions.
            raise ProtocolError(_HEAD_TOO_LARGE)

    def feed_eof(self) -> None:
        """The peer closed: ends a body that runs until then, breaks anything else."""
        incoming = self._incoming
        if incoming.ended:
            return
        if not incoming.has_head:
            raise ConnectionReset("closed before a response head", after_head=False)
        if any(name in _FRAMING_NAMES for name, _ in incoming.headers):
            raise IncompleteBody("closed before the announced end of the body")
        incoming.ended = True

    def _after_parser_error(self, incoming: Incoming, error: Exception) -> None:
        if incoming.ended:
            incoming.reusable = False
            return
        cause = error.__context__
        if isinstance(cause, UpstreamError):
            raise cause from None
        # llhttp's reasons name the rule that was broken, they do not quote what was received.
        raise ProtocolError(f"bad response: {error}") from error

    # Called by httptools, by these names.

    def on_message_begin(self) -> None:
        if self._incoming.ended:
            raise _StrayBytes

    def on_header(self, name: bytes, value: bytes) -> None:
        # After the head these are trailers: nobody asked for them.
        if not self._incoming.has_head:
            # llhttp trims white space before the value only; RFC 9110 section 5.5 wants both.
            self._incoming.headers.append((name.lower(), value.rstrip(b" \t")))

    def on_headers_complete(self) -> None:
        incoming = self._incoming
        status = self._parser.get_status_code()
        if status < 200:
            if status not in _INTERIM_STATUSES:
                raise ProtocolError("bad response: status below 200")
            incoming.headers.clear()
            return
        # We never offer another coding, and a body in one would be unreadable to our caller.
        for name, value in incoming.headers:
            if name == b"transfer-encoding" and value.lower() != b"chunked":
                raise ProtocolError("bad response: unknown transfer coding")
        if incoming.received_bytes > HEAD_BYTES_MAX:
            # It may have come in one read with much of its body, so count the fields themselves.
            if sum(len(name) + len(value) for name, value in incoming.headers) > HEAD_BYTES_MAX:
                raise ProtocolError(_HEAD_TOO_LARGE)
            incoming.received_bytes = 0
        incoming.status = status
        incoming.has_head = True
        incoming.reusable = self._parser.should_keep_alive()
        if incoming.head_only:
            # llhttp can't be told that no body follows, so the connection is spent with it.
            incoming.ended = True
            incoming.reusable = False

    def on_body(self, body: bytes) -> None:
        incoming = self._incoming
        if incoming.ended:
            raise _StrayBytes
        incoming.pieces.append(body)
        incoming.buffered_bytes += len(body)

    def on_message_complete(self) -> None:
        if self._incoming.has_head:
            self._incoming.ended = True
