"""Asks the Upstream that has an object about it, again and again if need be. Reads and deletes
only: what such a question can cost was paid, or is held for, by the Call that made the object.
"""

import asyncio
import time
from dataclasses import dataclass
from urllib.parse import quote

from relay.proxy import videos
from relay.proxy.errors import ApiError, Cause
from relay.proxy.objects import Link, ObjectState, StoredObject
from relay.proxy.ports import ObjectDirectory
from relay.proxy.upstream.errors import UpstreamError
from relay.proxy.upstream.port import Timeouts, UpstreamClient, UpstreamResponse

# However often its owner asks, an upstream is asked about a job at most so often.
LOOK_S = 1.0
# One look may take so long in all: a poll that waits longer is repeated by its sender.
LOOK_TIMEOUT_S = 20.0
# An upstream that does not know a job may not know it yet; after so long it has lost it.
LOST_AFTER_S = 300.0


@dataclass(frozen=True, slots=True)
class Asked:
    """A whole answer; its status may be anything."""

    status: int
    body: bytes


@dataclass(slots=True)
class Owned:
    """One per process: the way to the Upstreams that have something of ours."""

    objects: ObjectDirectory
    client: UpstreamClient
    timeouts: Timeouts

    async def open(
        self, found: StoredObject, method: bytes = b"GET", tail: str = ""
    ) -> UpstreamResponse:
        """Ask about the object; whoever gets the response closes it. Raises ApiError, and
        UpstreamError where the upstream is out of reach."""
        link = await self.objects.link(found)
        path = path_of(link, found, tail)
        return await self.client.request(
            link.origin, method, path, link.wire.bare_head, b"", self.timeouts
        )

    async def ask(
        self, found: StoredObject, method: bytes = b"GET", tail: str = "", *, bytes_max: int
    ) -> Asked:
        """The whole answer. Raises ApiError where there is none."""
        try:
            async with asyncio.timeout(LOOK_TIMEOUT_S):
                response = await self.open(found, method, tail)
                try:
                    return Asked(response.status, await response.read(bytes_max))
                finally:
                    response.close()
        except TimeoutError:
            raise ApiError(Cause.UPSTREAM_TIMEOUT) from None
        except UpstreamError:
            raise ApiError(Cause.UPSTREAM_ERROR) from None

    async def look(self, found: StoredObject) -> StoredObject:
        """The video job as it is now; ended jobs are settled before this returns.

        Raises ApiError where the upstream gives no answer that makes sense.
        """
        now = time.time()
        if found.state is not ObjectState.PENDING or now - found.looked_at < LOOK_S:
            return found
        asked = await self.ask(found, bytes_max=videos.JOB_BYTES_MAX)
        if asked.status in (404, 410) and now - found.created_at > LOST_AFTER_S:
            lost = videos.expired(found.document)
            return await self.objects.conclude(found, ObjectState.FAILED, lost)
        if asked.status != 200:
            raise ApiError(Cause.UPSTREAM_ERROR)
        try:
            job = videos.read(asked.body)
        except videos.NotAJob:
            raise ApiError(Cause.UPSTREAM_ERROR) from None
        document = videos.shown(job, public_id=found.id, model=found.model)
        return await self.objects.conclude(found, videos.state_of(job), document)


def path_of(link: Link, found: StoredObject, tail: str) -> str:
    """Where the upstream has the object; a query that belongs to the path stays behind it."""
    made, mark, query = link.wire.path(found.operation, found.upstream_model).partition("?")
    own, more, asked = tail.partition("?")
    queries = "&".join(each for each in (query, asked) if each)
    path = f"{made}/{quote(found.upstream_object, safe='')}{own}"
    return path + (mark or more) + queries if queries else path
