"""The gate's Redis client: runs scripts on a single server or on the right node of a cluster.

Never sends anything twice that may have run: only what a server says that it did not run (it does
not know the script, or does not serve the slot) is sent again. While Redis is away, callers fail.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NoReturn

from billing.gate.address import Address, parse_address
from billing.gate.errors import GateUnavailable, ScriptRefused
from billing.gate.node import Node
from billing.gate.resp import TIMEOUT_S, ErrorReply, RespConnection
from billing.gate.runner import Word
from billing.gate.scripts import Script
from billing.gate.slots import Endpoint, Redirect, parse_redirect, parse_slots, slot_of

logger = logging.getLogger(__name__)

# A script that is unknown, on a slot that moved, and once more of each.
HOPS_MAX = 5
# A cluster that changes hands answers the same for a moment: asking it more often helps nobody.
RELEARN_S = 0.5

# Redis is there but cannot serve; it says so before running anything. (Redis 7.2 and Valkey 9.1
# error prefixes, read 2026-11.)
_NOT_SERVING = (
    "LOADING",
    "READONLY",
    "MASTERDOWN",
    "CLUSTERDOWN",
    "MISCONF",
    "NOREPLICAS",
    "OOM",
    "BUSY",
    "TRYAGAIN",
)


class RedisClient:
    """A `ScriptRunner`, and plain commands, over one connection to each node.

    The URL names the server, or any node of a cluster: that it is one shows by its first
    redirection, and from then on every key goes to the node that serves its slot. Belongs to one
    event loop. `timeout_s` bounds connecting, waiting and redirections together.
    """

    def __init__(self, url: str, *, timeout_s: float = TIMEOUT_S) -> None:
        self._address: Address = parse_address(url)
        self._timeout_s = timeout_s
        self._seed = Node(self._address, timeout_s=timeout_s)
        self._nodes: dict[Endpoint, Node] = {}
        self._owners: list[Endpoint | None] = []  # by slot; empty: a single server
        self._learning: asyncio.Task[None] | None = None

    @property
    def connections_made(self) -> int:
        """One more than before: the server behind it may have lost its last writes."""
        return sum(node.connections_made for node in (self._seed, *self._nodes.values()))

    async def connect(self) -> None:
        """Connect now rather than with the first command; raises `GateUnavailable`."""
        await self._seed.connected()

    async def close(self) -> None:
        """Drop all connections; what is under way fails with `GateUnavailable`. Idempotent."""
        if self._learning is not None:
            self._learning.cancel()
            await asyncio.gather(self._learning, return_exceptions=True)
        for node in (self._seed, *self._nodes.values()):
            await node.close()

    async def run(self, script: Script, keys: Sequence[Word], args: Sequence[Word]) -> Any:
        """Run a script once. See `ScriptRunner`."""
        words = ("EVALSHA", script.sha, len(keys), *keys, *args)
        return await self._ask(words, keys[0] if keys else "", script)

    async def command(self, *words: Word) -> Any:
        """Send one plain command once, and give its reply; not for SUBSCRIBE, MONITOR or BLOCK.

        In a cluster the second word is taken for the key; without one, any node will do. Raises
        `GateUnavailable` (it may have run) or `ScriptRefused`.
        """
        return await self._ask(words, words[1] if len(words) > 1 else "", None)

    async def _ask(self, words: Sequence[Word], key: Word, script: Script | None) -> Any:
        node = self._owner(key) if self._owners else self._seed
        connection = node.connection
        try:
            if connection is not None:
                reply = await connection.send(_told(words, script, connection))
                if not isinstance(reply, ErrorReply):
                    return reply
            else:
                reply = None
            async with asyncio.timeout(self._timeout_s):
                return await self._insist(node, words, script, reply)
        except TimeoutError:
            raise GateUnavailable("Redis did not answer in time") from None
        except GateUnavailable:
            if self._owners:
                self._relearn()  # its replica may have taken over
            raise

    async def _insist(
        self, node: Node, words: Sequence[Word], script: Script | None, reply: Any
    ) -> Any:
        """Go where the error replies point; `reply` is None while nothing was sent."""
        before: list[Sequence[Word]] = []
        for _ in range(HOPS_MAX):
            if reply is None:
                connection = await node.connected()
                told = _told(words, script, connection)
                sent = [connection.send(each) for each in (*before, told)]
                *_, reply = await asyncio.gather(*sent)
            if not isinstance(reply, ErrorReply):
                return reply
            message = str(reply)
            if script is not None and message.startswith("NOSCRIPT"):
                before = [("SCRIPT", "LOAD", script.text), *before]
            elif (redirect := parse_redirect(message, node.endpoint)) is not None:
                before = [] if redirect.is_for_good else [("ASKING",)]
                node = self._follow(redirect)
            else:
                self._refuse(node, message)
            reply = None
        raise GateUnavailable("Redis could not be brought to serve")

    def _refuse(self, node: Node, message: str) -> NoReturn:
        """Raise what an error reply means to the caller."""
        if not message.startswith(_NOT_SERVING):
            raise ScriptRefused(message)
        if message.startswith("READONLY") and node.connection is not None:
            # a failover moved the primary: look the name up again
            node.connection.close("Redis became a replica")
        raise GateUnavailable(f"Redis cannot serve: {message.split(' ', 1)[0]}")

    def _owner(self, key: Word) -> Node:
        endpoint = self._owners[slot_of(key if not isinstance(key, int) else str(key))]
        return self._seed if endpoint is None else self._node(endpoint)

    def _node(self, endpoint: Endpoint) -> Node:
        node = self._nodes.get(endpoint)
        if node is None:
            address = replace(
                self._address, host=endpoint.host, port=endpoint.port, socket_path=None
            )
            self._nodes[endpoint] = node = Node(address, timeout_s=self._timeout_s)
        return node

    def _follow(self, redirect: Redirect) -> Node:
        if redirect.is_for_good:
            if self._owners:
                self._owners[redirect.slot] = redirect.to
            self._relearn()  # where one slot moved, others did
        return self._node(redirect.to)

    def _relearn(self) -> None:
        """Read the map of slots anew, behind; once at a time."""
        if self._learning is None or self._learning.done():
            self._learning = asyncio.create_task(self._learn())

    async def _learn(self) -> None:
        """Ask the nodes in turn until one knows; the old map serves meanwhile."""
        for node in (*self._nodes.values(), self._seed):
            try:
                reply = await node.ask(("CLUSTER", "SLOTS"))
            except GateUnavailable:
                continue
            if isinstance(reply, ErrorReply):
                continue
            self._owners = parse_slots(reply, node.endpoint)
            await self._drop_strangers()
            break
        await asyncio.sleep(RELEARN_S)

    async def _drop_strangers(self) -> None:
        """Close the connections to nodes that serve no slot any more."""
        for endpoint in set(self._nodes) - set(self._owners):
            logger.info("Redis at %s:%d serves no slot any more", *endpoint)
            await self._nodes.pop(endpoint).close()


def _told(
    words: Sequence[Word], script: Script | None, connection: RespConnection
) -> Sequence[Word]:
    """A script is told on which server process it runs: of this connection, not of the last."""
    return words if script is None else (*words, connection.run_id)
