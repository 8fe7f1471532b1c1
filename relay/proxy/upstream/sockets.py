"""WebSockets to Upstreams, by the `websockets` library over connections to addresses that the SSRF
guard has judged. Bounded in message, queue and time; follows no redirect; knows no dialect."""

import asyncio
import logging
import ssl
from collections.abc import Sequence
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from relay.proxy.upstream.errors import (
    ConnectFailed,
    ConnectionReset,
    ConnectTimeout,
    ProtocolError,
    TlsError,
    UpstreamError,
)
from relay.proxy.upstream.guard import AddressGuard, IPNetwork
from relay.proxy.upstream.port import HeaderBlock, Origin
from relay.proxy.upstream.resolver import Resolver
from relay.proxy.upstream.tls import client_context

# TCP, TLS and the handshake together; a session is only worth as much patience as a dial tone.
HANDSHAKE_S = 10.0
# OpenAI takes events of 15 MiB (input_audio_buffer.append, read 2026-11); none it sends is near.
MESSAGE_BYTES_MAX = 16 * 1024 * 1024
# Messages that wait for a slow client before the Upstream is made to wait.
QUEUE_MESSAGES_MAX = 8
WRITE_BYTES_HIGH = 64 * 1024
PING_S = 20.0
# How long a closing handshake may take: the connection must be gone within a second.
CLOSE_S = 0.5
# Set by the library, or of no use in a handshake.
_OWN_NAMES = frozenset((b"accept", b"accept-encoding"))


class HandshakeRefused(UpstreamError):
    """The Upstream answered with plain HTTP: implements `port.UpstreamResponse`, all there."""

    def __init__(self, status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> None:
        super().__init__(f"handshake answered with {status}")
        self.status = status
        self.headers = headers
        self._body = body

    def header(self, name: bytes) -> bytes | None:
        """See `port.UpstreamResponse.header`."""
        return next((value for each, value in self.headers if each == name), None)

    async def chunk(self) -> bytes:
        """See `port.UpstreamResponse.chunk`."""
        body, self._body = self._body, b""
        return body

    async def read(self, limit_bytes: int) -> bytes:
        """See `port.UpstreamResponse.read`. The library took no more than a megabyte."""
        return self._body[:limit_bytes]

    def close(self) -> None:
        """It is over already."""


class UpstreamSocket:
    """One open WebSocket of text messages. For one reader and one writer at a time."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def receive(self) -> bytes:
        """The next message as UTF-8; ConnectionReset when there will be none."""
        try:
            return await self._connection.recv(decode=False)
        except ConnectionClosed as error:
            raise ConnectionReset("the socket was closed", after_head=True) from error

    async def send(self, message: bytes) -> None:
        """Send UTF-8 text; waits while the Upstream reads slowly. ConnectionReset as above."""
        try:
            await self._connection.send(message, text=True)
        except ConnectionClosed as error:
            raise ConnectionReset("the socket was closed", after_head=True) from error

    async def close(self) -> None:
        """Close within CLOSE_S, properly or not. Idempotent, never raises."""
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._connection.close()
        except TimeoutError:
            pass
        finally:
            self._connection.transport.abort()


class _Connect(connect):
    """Follows no redirect: where it leads, nobody has judged."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


class SocketDialer:
    """Opens WebSockets. One per event loop."""

    def __init__(
        self,
        *,
        allowed_networks: Sequence[IPNetwork] = (),
        tls_context: ssl.SSLContext | None = None,
    ) -> None:
        """`allowed_networks` as for `HttpClient`."""
        self._resolver = Resolver(AddressGuard(allowed_networks))
        self._tls_context = tls_context or client_context()
        self._log = logging.getLogger(__name__)
        # The library logs whole messages at DEBUG, and handshakes hold the credential.
        self._log.setLevel(logging.WARNING)

    async def connect(
        self, origin: Origin, path: str, head: HeaderBlock, more: Sequence[tuple[str, str]] = ()
    ) -> UpstreamSocket:
        """Open `path` (it follows the base path) within HANDSHAKE_S; UpstreamError otherwise."""
        deadline = asyncio.get_running_loop().time() + HANDSHAKE_S
        headers = [*_pairs(head), *more]
        try:
            async with asyncio.timeout_at(deadline):
                addresses = await self._resolver.addresses(origin.host)
                return await self._first_to_answer(origin, addresses, path, headers, deadline)
        except TimeoutError as error:
            raise ConnectTimeout(f"no WebSocket with {origin.host} in time") from error

    async def _first_to_answer(
        self,
        origin: Origin,
        addresses: list[str],
        path: str,
        headers: list[tuple[str, str]],
        deadline: float,
    ) -> UpstreamSocket:
        """Try the addresses in turn, each with an even share of what is left of the time."""
        loop = asyncio.get_running_loop()
        failure: Exception | None = None
        for index, address in enumerate(addresses):
            share_s = (deadline - loop.time()) / (len(addresses) - index)
            try:
                async with asyncio.timeout(share_s):
                    return UpstreamSocket(await self._open(origin, address, path, headers))
            except InvalidStatus as error:
                raise _refused(error) from None
            except InvalidHandshake as error:
                raise ProtocolError(f"no WebSocket handshake with {origin.host}") from error
            except ssl.SSLError as error:
                raise TlsError(f"TLS with {origin.host} failed: {error.reason}") from error
            except (OSError, EOFError) as error:  # TimeoutError is one
                failure = error
        if isinstance(failure, TimeoutError):
            raise failure
        raise ConnectFailed(f"cannot connect to {origin.host}") from failure

    async def _open(
        self, origin: Origin, address: str, path: str, headers: list[tuple[str, str]]
    ) -> ClientConnection:
        is_tls = origin.scheme == "https"
        tls: dict[str, Any] = (
            {"ssl": self._tls_context, "server_hostname": origin.host} if is_tls else {}
        )
        return await _Connect(
            f"{'wss' if is_tls else 'ws'}://{origin.authority}{origin.base_path}{path}",
            host=address,
            port=origin.port,
            additional_headers=headers,
            user_agent_header=None,
            compression=None,
            proxy=None,
            open_timeout=None,  # ours is around it
            ping_interval=PING_S,
            ping_timeout=PING_S,
            close_timeout=CLOSE_S,
            max_size=MESSAGE_BYTES_MAX,
            max_queue=QUEUE_MESSAGES_MAX,
            write_limit=WRITE_BYTES_HIGH,
            logger=self._log,
            **tls,
        )


def _refused(error: InvalidStatus) -> HandshakeRefused:
    told = error.response
    headers = [
        (name.lower().encode("latin-1", "replace"), value.encode("latin-1", "replace"))
        for name, value in told.headers.raw_items()
    ]
    return HandshakeRefused(told.status_code, headers, bytes(told.body or b""))


def _pairs(head: HeaderBlock) -> list[tuple[str, str]]:
    lines = [line.partition(b": ") for line in head.split(b"\r\n") if line]
    return [
        (name.decode("ascii"), value.decode("latin-1"))
        for name, _, value in lines
        if name.lower() not in _OWN_NAMES
    ]
