"""Opens connections: resolve, guard, TCP, TLS. What is connected to is the address that the guard
has seen, never the name again, so a second look-up cannot swap it (DNS rebinding)."""

import asyncio
import ssl

from relay.proxy.upstream.connection import Connection
from relay.proxy.upstream.errors import ConnectFailed, ConnectTimeout, TlsError
from relay.proxy.upstream.port import Origin
from relay.proxy.upstream.resolver import Resolver


class Dialer:
    """Turns an Origin into an open connection."""

    def __init__(self, resolver: Resolver, tls_context: ssl.SSLContext) -> None:
        self._resolver = resolver
        self._tls_context = tls_context

    async def dial(self, origin: Origin, connect_s: float) -> Connection:
        """Connect within `connect_s` seconds overall; ConnectFailed and leaves, AddressRefused."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + connect_s
        try:
            async with asyncio.timeout_at(deadline):
                addresses = await self._resolver.addresses(origin.host)
                return await self._first_to_answer(origin, addresses, deadline)
        except TimeoutError as error:
            raise ConnectTimeout(f"no connection to {origin.host} in {connect_s:g} s") from error

    async def _first_to_answer(
        self, origin: Origin, addresses: list[str], deadline: float
    ) -> Connection:
        """Try the addresses in turn, each with an even share of what is left of the time."""
        loop = asyncio.get_running_loop()
        failure: Exception | None = None
        for index, address in enumerate(addresses):
            share_s = (deadline - loop.time()) / (len(addresses) - index)
            try:
                async with asyncio.timeout(share_s):
                    return await self._open(origin, address)
            except ssl.SSLError as error:
                # The same certificate waits at the other addresses.
                raise TlsError(f"TLS with {origin.host} failed: {error.reason}") from error
            except OSError as error:  # TimeoutError is one
                failure = error
        if isinstance(failure, TimeoutError):
            raise failure
        raise ConnectFailed(f"cannot connect to {origin.host}") from failure

    async def _open(self, origin: Origin, address: str) -> Connection:
        loop = asyncio.get_running_loop()
        is_tls = origin.scheme == "https"
        _, connection = await loop.create_connection(
            lambda: Connection(loop),
            address,
            origin.port,
            ssl=self._tls_context if is_tls else None,
            server_hostname=origin.host if is_tls else None,
        )
        return connection
