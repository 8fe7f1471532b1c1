"""The HTTP/1.1 client that the data plane reaches Upstreams with: one pool per Origin, one
transparent resend, no redirects, no proxies, no cookies. Knows nothing of Calls or money."""

import asyncio
import ssl
from collections.abc import Sequence

from relay.proxy.upstream.dialer import Dialer
from relay.proxy.upstream.errors import ConnectionReset
from relay.proxy.upstream.guard import AddressGuard, IPNetwork
from relay.proxy.upstream.pool import Pool, PoolLimits
from relay.proxy.upstream.port import Body, HeaderBlock, Origin, Timeouts
from relay.proxy.upstream.request_head import request_head
from relay.proxy.upstream.resolver import Resolver
from relay.proxy.upstream.response import Response
from relay.proxy.upstream.tls import client_context

# Origins leave the snapshot when an operator edits an Upstream; their pools empty themselves in
# `idle_s` and are forgotten when the count reaches this.
POOLS_SWEEP_COUNT = 64


class HttpClient:
    """Implements `port.UpstreamClient`. One per event loop; create it inside the running loop."""

    def __init__(
        self,
        *,
        allowed_networks: Sequence[IPNetwork] = (),
        limits: PoolLimits | None = None,
        tls_context: ssl.SSLContext | None = None,
    ) -> None:
        """`allowed_networks` are reached although they are not public: an internal model server,
        the demo upstream."""
        resolver = Resolver(AddressGuard(allowed_networks))
        self._dialer = Dialer(resolver, tls_context or client_context())
        self._limits = limits or PoolLimits()
        self._pools: dict[Origin, Pool] = {}
        self._is_closed = False

    async def request(
        self,
        origin: Origin,
        method: bytes,
        path: str,
        headers: HeaderBlock | Sequence[tuple[bytes, bytes]],
        body: Body,
        timeouts: Timeouts,
    ) -> Response:
        """See `port.UpstreamClient.request`."""
        head = request_head(origin, method, path, headers, body_bytes=_size_bytes(body))
        is_head = method == b"HEAD"
        response = await self._send(origin, head, body, timeouts, is_head=is_head, fresh=False)
        try:
            await response.wait_for_head(timeouts.first_byte_s)
        except ConnectionReset:
            if not response.is_unanswered_reuse:
                raise
            response = await self._send(origin, head, body, timeouts, is_head=is_head, fresh=True)
            await response.wait_for_head(timeouts.first_byte_s)
        return response

    async def aclose(self) -> None:
        """See `port.UpstreamClient.aclose`. Idempotent."""
        self._is_closed = True
        await asyncio.gather(*(pool.aclose() for pool in self._pools.values()))
        self._pools.clear()

    async def _send(
        self,
        origin: Origin,
        head: bytes,
        body: Body,
        timeouts: Timeouts,
        *,
        is_head: bool,
        fresh: bool,
    ) -> Response:
        pool = self._pools.get(origin) or self._new_pool(origin)
        connection = await pool.acquire(timeouts, fresh=fresh)
        # No await between here and `send`: the connection can't change hands or state.
        if isinstance(body, bytes):
            return connection.send(
                head, body, head_only=is_head, between_bytes_s=timeouts.between_bytes_s
            )
        return connection.send_upload(head, body, timeouts)

    def _new_pool(self, origin: Origin) -> Pool:
        if self._is_closed:
            raise RuntimeError("the client is closed")
        if len(self._pools) >= POOLS_SWEEP_COUNT:
            for known in [known for known, pool in self._pools.items() if pool.is_unused]:
                del self._pools[known]
        pool = self._pools[origin] = Pool(origin, self._dialer, self._limits)
        return pool


def _size_bytes(body: Body) -> int:
    return len(body) if isinstance(body, bytes) else body.size_bytes
