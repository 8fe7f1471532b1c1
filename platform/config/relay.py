"""Puts the relay together: adapters into ports, started and stopped in order."""

import asyncio
import gc
import logging
import os
import socket
from dataclasses import dataclass

from django.conf import settings

from billing.gate.client import RedisClient
from billing.gate.errors import GateUnavailable
from billing.gate.gate import Gate
from relay import deferred
from relay.adapters.accounts import Books
from relay.adapters.changes import Listener
from relay.adapters.credit import GateCredit
from relay.adapters.health_board import HealthBoard
from relay.adapters.keys import CachedKeyDirectory
from relay.adapters.objects import Objects
from relay.adapters.records import find_posted
from relay.adapters.refusals import RefusalSink
from relay.adapters.replays import RedisReplays
from relay.adapters.routes import SnapshotTable
from relay.proxy.app import Ports, Relay
from relay.proxy.attempts import Opener
from relay.proxy.realtime.door import RealtimeDoor
from relay.proxy.upstream.client import HttpClient
from relay.proxy.upstream.port import Timeouts
from relay.proxy.upstream.sockets import SocketDialer

log = logging.getLogger(__name__)

# Settles that still wait for Redis when everything else has stopped; then the reaper has to do.
LAST_SETTLES_S = 5.0

# What is here once a relay serves stays, Django above all: looking through it again, which takes
# the collector a tenth of a second, would hold up every stream. Beside it, Calls leave no cycles:
# Python's 700 objects would start a collection with every sixteenth Call, for nothing.
GC_THRESHOLDS = (20_000, 10, 10)


@dataclass(slots=True)
class RelayProcess:
    """Everything one relay process runs beside its open calls."""

    app: Relay
    realtime: RealtimeDoor
    redis: RedisClient
    replays: RedisReplays
    upstreams: HttpClient
    credit: GateCredit
    routes: SnapshotTable
    refusals: RefusalSink
    changes: Listener
    health: HealthBoard

    @classmethod
    def from_settings(cls) -> "RelayProcess":
        """Build it for this process; call inside the running loop."""
        redis = RedisClient(settings.REDIS_URL)
        owner = f"{socket.gethostname()}:{os.getpid()}"
        gate = Gate(redis, owner=owner, hold_lifetime_ms=settings.HOLD_LIFETIME_MS)
        credit = GateCredit(
            gate,
            connections_made=lambda: redis.connections_made,
            find_posted=find_posted,
            hold_lifetime_ms=settings.HOLD_LIFETIME_MS,
        )
        # Kept answers are long: on a connection of their own they hold up no Call's admission.
        replays = RedisReplays(RedisClient(settings.REDIS_URL))
        objects = Objects(Gate(redis, owner=owner, hold_lifetime_ms=deferred.HOLD_LIFETIME_MS))
        keys, routes, refusals = CachedKeyDirectory(), SnapshotTable(), RefusalSink(redis)
        upstreams = HttpClient(allowed_networks=settings.UPSTREAM_ALLOWED_NETWORKS)
        opener = Opener(
            client=upstreams,
            timeouts=Timeouts(
                first_byte_s=settings.UPSTREAM_FIRST_BYTE_S,
                between_bytes_s=settings.UPSTREAM_BETWEEN_BYTES_S,
            ),
            deadline_s=settings.UPSTREAM_DEADLINE_S,
        )
        app = Relay(
            Ports(keys, routes, credit, refusals, objects, replays, Books()),
            opener,
            body_bytes_max=settings.BODY_BYTES_MAX,
            upload_bytes_max=settings.UPLOAD_BYTES_MAX,
        )
        sockets = SocketDialer(allowed_networks=settings.UPSTREAM_ALLOWED_NETWORKS)
        realtime = RealtimeDoor(app, sockets)
        changes = Listener(settings.DATABASE_URL, keys, routes.want_reload)
        health = HealthBoard(redis, opener.health, routes, owner=owner)
        return cls(
            app, realtime, redis, replays, upstreams, credit, routes, refusals, changes, health
        )

    async def start(self) -> None:
        """Load the catalog and begin. Without Redis it starts all the same and answers 503."""
        await self.routes.load()
        try:
            await self.redis.connect()
        except GateUnavailable as error:
            log.warning("starting without the gate: %s", error)
        parts = (self.routes, self.changes, self.refusals, self.credit, self.health, self.app)
        for part in parts:
            await part.start()
        gc.collect()
        gc.freeze()
        gc.set_threshold(*GC_THRESHOLDS)

    async def stop(self) -> None:
        """End in the order that loses nothing: open calls have finished by now."""
        await self.realtime.aclose()
        for part in (self.app, self.health, self.changes, self.routes, self.refusals):
            await part.stop()
        try:
            async with asyncio.timeout(LAST_SETTLES_S):
                await self.credit.stop()
        except TimeoutError:
            log.error("stopping with calls unsettled: the reaper will end their Holds")
        await self.replays.stop()
        await self.upstreams.aclose()
        await self.redis.close()
