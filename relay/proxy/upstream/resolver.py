"""Host name to the addresses we may connect to: look-up, then the SSRF guard. Opens no connection
and keeps no answers: a kept-alive connection is the only cache, so a moved name is found again."""

import asyncio
import socket
from functools import partial
from ipaddress import ip_address

from relay.proxy.upstream.errors import AddressRefused, ConnectFailed
from relay.proxy.upstream.guard import AddressGuard

# More addresses than this are not tried: each costs a share of the connect time-out.
ADDRESSES_MAX = 4


class Resolver:
    """Looks each name up once at a time, however many connections wait for it.

    getaddrinfo blocks a thread of the loop's small pool; were every caller to ask, one dead name
    server would starve the look-ups of all other Upstreams.
    """

    def __init__(self, guard: AddressGuard) -> None:
        self._guard = guard
        self._lookups: dict[str, asyncio.Task[list[str]]] = {}

    async def addresses(self, host: str) -> list[str]:
        """The allowed addresses in the system's order of preference, at least one.

        ConnectFailed for an unknown name, AddressRefused when the guard allows none of them.
        """
        found = [host] if _is_literal(host) else await self._look_up_once(host)
        allowed = [address for address in found if self._guard.is_allowed(address)]
        if not allowed:
            raise AddressRefused(f"address of {host} is not allowed")
        return allowed[:ADDRESSES_MAX]

    async def _look_up_once(self, host: str) -> list[str]:
        lookup = self._lookups.get(host)
        if lookup is None:
            lookup = self._lookups[host] = asyncio.create_task(_look_up(host))
            lookup.add_done_callback(partial(self._forget, host))
        try:
            # Shielded: one caller giving up must not end the look-up of the others.
            return await asyncio.shield(lookup)
        except (OSError, UnicodeError) as error:  # UnicodeError: what IDNA cannot encode
            raise ConnectFailed(f"no address for {host}") from error

    def _forget(self, host: str, lookup: asyncio.Task[list[str]]) -> None:
        del self._lookups[host]
        if not lookup.cancelled():
            # Looked at, or asyncio reports the failure of a look-up that all callers gave up on.
            lookup.exception()


def _is_literal(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


async def _look_up(host: str) -> list[str]:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    # The address is the first field for IPv4 and IPv6 alike; a dict keeps order, drops repeats.
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))
