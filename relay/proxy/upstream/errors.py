"""What can go wrong between us and an Upstream, as a tree. Never says what the client is told.

UpstreamError
├── AddressRefused        the name leads to an address we must not reach (SSRF guard); final
├── ConnectFailed         no such name, refused, unreachable
│   ├── ConnectTimeout
│   └── TlsError          certificate or handshake
├── PoolTimeout           every connection to the Origin is busy
├── FirstByteTimeout      request sent, no complete response head in time
├── ReadTimeout           the body stalled
├── ConnectionReset       the Upstream hung up; `after_head` says when
├── ProtocolError         what came is not the HTTP/1.1 we accept
│   └── IncompleteBody    the body ended before its announced end
├── BodyTooLarge          more than the caller wanted to hold; final
├── ResponseClosed        our own side closed the response; final
└── UploadFailed          our own side could not read what it was to send; final

`retryable` means that another Route may be tried, as long as the client has got nothing yet.
Messages name the Upstream's host at most: never a credential, a header or a body.
"""


class UpstreamError(Exception):
    """The Upstream did not answer, or not properly. The leaves say how."""

    retryable = True


class AddressRefused(UpstreamError):
    """The SSRF guard refused every address of the host: a matter of configuration."""

    retryable = False


class ConnectFailed(UpstreamError):
    """No connection: nothing of the request has been sent."""


class ConnectTimeout(ConnectFailed):
    """Name look-up, TCP and TLS together took longer than `connect_s`."""


class TlsError(ConnectFailed):
    """The certificate or the handshake was not acceptable."""


class PoolTimeout(UpstreamError):
    """No connection became free in `pool_wait_s`, or too many were waiting already."""


class FirstByteTimeout(UpstreamError):
    """No complete response head within `first_byte_s` of sending the request."""


class ReadTimeout(UpstreamError):
    """No body byte for `between_bytes_s` while we were waiting for one."""


class ConnectionReset(UpstreamError):
    """The Upstream closed or reset the connection."""

    def __init__(self, message: str, *, after_head: bool) -> None:
        super().__init__(message)
        self.after_head = after_head


class ProtocolError(UpstreamError):
    """The response breaks HTTP/1.1, or one of our limits on its head."""


class IncompleteBody(ProtocolError):
    """The connection closed before the end that Content-Length or chunking announced."""


class BodyTooLarge(UpstreamError):
    """The body is longer than `read` was told to hold. Asking again would not shorten it."""

    retryable = False


class ResponseClosed(UpstreamError):
    """The response was closed by our side (`close`, `aclose`) before its end was read."""

    retryable = False


class UploadFailed(UpstreamError):
    """The body could not be read, or was not as long as it had said."""

    retryable = False
