"""Looks after jobs that nobody may be asking for: a worker's round over deferred Calls.

Each open one is asked about at its Upstream and its Hold renewed; each decided one is told to the
gate until its record is posted. A relay does the same for the job that it is asked about.
"""

import asyncio
import logging
import os
import socket
from datetime import UTC, datetime

from channels.db import database_sync_to_async
from django.conf import settings

from billing.gate.client import RedisClient
from billing.gate.gate import Gate
from relay import deferred
from relay.adapters.objects import Objects, shown
from relay.deferred import Due, Outcome
from relay.proxy import videos
from relay.proxy.errors import ApiError
from relay.proxy.objects import ObjectState
from relay.proxy.owned import Owned
from relay.proxy.upstream.client import HttpClient
from relay.proxy.upstream.port import Timeouts

log = logging.getLogger(__name__)

# One round: what a worker can ask within seconds; the next takes the rest.
DUE_MAX = 100
ASKED_AT_ONCE = 16
# Bounds what one silent upstream can cost a round.
TIMEOUTS = Timeouts(connect_s=5.0, first_byte_s=5.0, between_bytes_s=5.0)


async def look_after(now: datetime | None = None) -> int:
    """One round; how many Calls it was about. Raises the database's errors."""
    due = await database_sync_to_async(deferred.take_due)(now or datetime.now(UTC), DUE_MAX)
    if not due:
        return 0
    redis = RedisClient(settings.REDIS_URL)
    client = HttpClient(allowed_networks=settings.UPSTREAM_ALLOWED_NETWORKS)
    owner = f"{socket.gethostname()}:{os.getpid()}"
    gate = Gate(redis, owner=owner, hold_lifetime_ms=deferred.HOLD_LIFETIME_MS)
    objects = Objects(gate)
    try:
        await _settle(objects, [each for each in due if each.call.outcome != Outcome.OPEN])
        await _look(
            Owned(objects, client, TIMEOUTS),
            objects,
            [each for each in due if each.call.outcome == Outcome.OPEN],
        )
    finally:
        await client.aclose()
        await redis.close()
    return len(due)


async def _settle(objects: Objects, decided: list[Due]) -> None:
    """Once more what is not on record yet."""
    calls = [each.call for each in decided]
    posted = await database_sync_to_async(deferred.close_posted)(calls) if calls else set()
    for call in calls:
        if call.pk not in posted:
            await objects.settle(call)


async def _look(owned: Owned, objects: Objects, still_open: list[Due]) -> None:
    slots = asyncio.Semaphore(ASKED_AT_ONCE)

    async def one(due: Due) -> None:
        async with slots:
            await _look_at(owned, objects, due)

    await asyncio.gather(*[one(each) for each in still_open])


async def _look_at(owned: Owned, objects: Objects, due: Due) -> None:
    """Ask, and renew what goes on. At the end of its time a job that is not done is released."""
    found = shown(due.object)
    await objects.renew(due.call)
    try:
        found = await owned.look(found)
    except ApiError as error:
        log.info("job %s: %s", found.id, error)
    if found.state is ObjectState.PENDING and datetime.now(UTC) >= due.call.gives_up_at:
        await objects.conclude(found, ObjectState.EXPIRED, videos.expired(found.document))
