"""Reports to Redis what this relay knows of its Upstreams, and learns how many relays there are."""

import asyncio
import logging
import time

from billing.gate.client import RedisClient
from billing.gate.errors import GateError
from relay.adapters.background import Background
from relay.adapters.routes import SnapshotTable
from relay.health_reports import (
    KEY,
    KEY_LIFETIME_S,
    REPORT_S,
    TRIPS_MAX,
    Report,
    TripReport,
    decode,
    encode,
    is_fresh,
)
from relay.proxy.health import Health

log = logging.getLogger(__name__)

# What changed is told so often at most.
LOOK_S = 1.0


class HealthBoard(Background):
    """One per process. `start` and `stop` from the lifespan. Redis away costs reports only."""

    def __init__(
        self, redis: RedisClient, health: Health, routes: SnapshotTable, *, owner: str
    ) -> None:
        self._redis = redis
        self._health = health
        self._routes = routes
        self._owner = owner
        self._told: tuple[TripReport, ...] = ()
        self._told_busy: dict[str, int] = {}
        self._told_at = 0.0
        self._looked_at = 0.0

    async def stop(self) -> None:
        """Stop, and take the report back."""
        await super().stop()
        try:
            await self._redis.command("HDEL", KEY, self._owner)
        except GateError:
            log.info("the last health report stays until it is old")

    async def _run(self) -> None:
        while True:
            try:
                await self.report()
            except GateError as error:
                log.info("no health report: %s", type(error).__name__)
            await asyncio.sleep(LOOK_S)

    async def report(self) -> None:
        """Tell what changed, or that we are alive; raises GateError."""
        trips, busy, now = self._trips(), self._health.busy(), time.time()
        is_news = trips != self._told or busy != self._told_busy
        if not is_news and now - self._told_at < REPORT_S:
            return
        report = Report(self._owner, now, trips, busy)
        await self._redis.command("HSET", KEY, self._owner, encode(report))
        self._told, self._told_busy, self._told_at = trips, busy, now
        if now - self._looked_at >= REPORT_S:
            self._looked_at = now
            await self._look_around(now)

    async def _look_around(self, now: float) -> None:
        """Count the relays, forget those that are gone, and what left the catalog."""
        fields = await self._redis.command("HGETALL", KEY)
        reports = decode(fields[1::2])
        self._health.share = max(1, sum(is_fresh(report, now) for report in reports))
        for report in reports:
            if not is_fresh(report, now):
                await self._redis.command("HDEL", KEY, report.relay)
        await self._redis.command("EXPIRE", KEY, KEY_LIFETIME_S)
        offers = self._routes.snapshot().offers_by_site.values()
        self._health.keep(
            route for by_id in offers for offer in by_id.values() for route in offer.routes
        )

    def _trips(self) -> tuple[TripReport, ...]:
        loop_now = asyncio.get_running_loop().time()
        ahead = round(time.time() - loop_now, 1)
        found = [
            TripReport(
                upstream,
                credential,
                trip.state.value,
                trip.reason,
                trip.failures,
                round(trip.since + ahead, 1),
                round(trip.until + ahead, 1),
            )
            for (upstream, credential), trip in self._health.seen(loop_now).items()
        ]
        return tuple(found[:TRIPS_MAX])
