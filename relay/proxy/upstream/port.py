"""The port to Upstreams: what the data plane asks of an HTTP client. Holds no behaviour but the
parsing of an Origin; `client` is the implementation, tests may bring another."""

import ipaddress
import re
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import NewType, Protocol, Self
from urllib.parse import urlsplit

DEFAULT_PORTS = {"http": 80, "https": 443}

# RFC 1123 labels, with the underscore that private DNS zones use; 253 is the limit of RFC 1035.
_HOST = re.compile(
    r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*"
)
HOST_CHARS_MAX = 253
_VISIBLE_ASCII = re.compile(r"[!-~]+")

HeaderBlock = NewType("HeaderBlock", bytes)
"""Header lines ready for the wire, each ended by CRLF. Made by `request_head.header_block` only."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an Upstream listens. Parsed once from its base URL and kept in the snapshot."""

    scheme: str
    host: str
    port: int
    base_path: str

    @classmethod
    def parse(cls, base_url: str) -> Self:
        """Read `https://host[:port][/path]`; ValueError for anything else.

        User info, query and fragment are refused, as are names that are not ASCII (write them in
        Punycode) and dot segments. The message never repeats the URL: it may hold a password.
        """
        # urlsplit silently drops tabs and newlines and lets backslashes pass, so look before.
        if not _VISIBLE_ASCII.fullmatch(base_url) or "\\" in base_url:
            raise ValueError("base URL: only visible ASCII characters, no backslash")
        if any(mark in base_url for mark in "@?#"):
            raise ValueError("base URL: no user info, query or fragment")
        parts = urlsplit(base_url)
        if parts.scheme not in DEFAULT_PORTS:
            raise ValueError("base URL: scheme must be http or https")
        if {".", ".."} & set(parts.path.split("/")):
            raise ValueError("base URL: no dot segments")
        port = DEFAULT_PORTS[parts.scheme] if parts.port is None else parts.port
        if port == 0:
            raise ValueError("base URL: port must be 1 to 65535")
        return cls(parts.scheme, _checked_host(parts.hostname), port, parts.path.rstrip("/"))

    @property
    def authority(self) -> str:
        """The value of the Host header: the port only where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS.get(self.scheme) else f"{host}:{self.port}"


def _checked_host(host: str | None) -> str:
    if not host:
        raise ValueError("base URL: no host")
    if ":" in host:
        if "%" in host:
            raise ValueError("base URL: no IPv6 zone")
        return str(ipaddress.IPv6Address(host))
    if len(host) > HOST_CHARS_MAX or not _HOST.fullmatch(host):
        raise ValueError("base URL: not a host name")
    return host


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long each wait for an Upstream may last, in seconds."""

    connect_s: float = 5.0
    """Name look-up, TCP and TLS together."""
    first_byte_s: float = 120.0
    """From sending the request to the complete response head: long prompts think for minutes."""
    between_bytes_s: float = 120.0
    """Between two pieces of the body, counted only while somebody waits for one."""
    pool_wait_s: float = 5.0
    """For a free connection when all are busy: then another Upstream is the better choice."""


class Upload(Protocol):
    """A body that is too long to hold: it is read while it is sent, and again for each sending."""

    @property
    def size_bytes(self) -> int:
        """How long it is, to the byte."""

    def pieces(self) -> AsyncGenerator[bytes, None]:
        """The body from its beginning, in pieces of a size that one connection may hold."""


Body = bytes | Upload


class UpstreamResponse(Protocol):
    """One response. Whoever gets it calls `close` in a `finally`."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Sequence[tuple[bytes, bytes]]:
        """In the order received, names in lower case, repeats kept."""

    def header(self, name: bytes) -> bytes | None:
        """The first value of the header with this lower-case name."""

    async def chunk(self) -> bytes:
        """The body bytes that have arrived, waiting for at least one; b"" at the end.

        For one reader at a time. Raises an UpstreamError when the body does not end as announced,
        after everything that came before has been handed out.
        """

    async def read(self, limit_bytes: int) -> bytes:
        """The whole body; BodyTooLarge (and closed) when it is longer than the limit."""

    def close(self) -> None:
        """Let go, at once and without waiting. Idempotent.

        A connection whose body ended cleanly is already back in the pool; any other is aborted.
        """


class UpstreamClient(Protocol):
    """Sends requests, each on a connection of its own for as long as the answer lasts."""

    async def request(
        self,
        origin: Origin,
        method: bytes,
        path: str,
        headers: HeaderBlock | Sequence[tuple[bytes, bytes]],
        body: Body,
        timeouts: Timeouts,
    ) -> UpstreamResponse:
        """Send the request and wait for the response head. Redirects are never followed.

        An Upload is sent as fast as the Upstream takes it; its answer may come before the end.

        `path` follows the origin's base path and may carry a query; Host and Content-Length are
        added. ValueError for what would not be one well-formed request; UpstreamError for the
        rest. Not idempotent: the request is sent a second time only when a kept-alive connection
        turned out closed before any byte of an answer. Cancelling the task closes the connection.
        """

    async def aclose(self) -> None:
        """Close every connection, those in use too; later requests are a RuntimeError."""
