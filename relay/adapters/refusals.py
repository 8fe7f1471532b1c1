"""UsageSink: counts refusals in memory and hands them to billing's stream twice a second."""

import asyncio
import logging
import time
from typing import NamedTuple

import msgspec

from billing.events import REFUSALS_STREAM, REFUSALS_STREAM_MAX, RefusalEvent, encode
from billing.gate.client import RedisClient
from relay.adapters.background import Background
from relay.proxy.errors import ApiError
from relay.proxy.types import Caller

log = logging.getLogger(__name__)

# The dashboard shows a refusal within 2 s: half a second here, half in the worker's beat.
FLUSH_S = 0.5
# Distinct (key, code, model, …) in one flush; more means a scan, and the rest is not kept apart.
GROUPS_MAX = 2_000
# Refusals of one group in one flush that keep their own request id: as many as the log shows
# before it samples. Those beyond are counted with the last.
ROWS_MAX = 5


class _Group(NamedTuple):
    site: str
    organization: str
    api_key: str
    code: str
    status: int
    endpoint: str
    model: str
    rule: str
    param: str


class _Count(msgspec.Struct):
    request_id: str
    first_at_ms: int
    last_at_ms: int
    count: int = 1


class RefusalSink(Background):
    """Implements the proxy's UsageSink. `start` and `stop` from the lifespan."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis
        self._counts: dict[_Group, list[_Count]] = {}

    async def stop(self) -> None:
        """Flush what is left and end."""
        await super().stop()
        await self._flush()

    def refused(
        self,
        error: ApiError,
        *,
        status: int,
        request_id: str,
        caller: Caller,
        endpoint: str,
        model: str,
    ) -> None:
        """See `ports.UsageSink.refused`."""
        group = _Group(
            site=caller.site_id,
            organization=caller.organization_id,
            api_key=caller.key_id,
            code=error.cause.value.code,
            status=status,
            endpoint=endpoint,
            model=model,
            rule=error.rule,
            param=error.param or "",
        )
        now_ms = time.time_ns() // 1_000_000
        counts = self._counts.get(group)
        if counts is None:
            if len(self._counts) < GROUPS_MAX:
                self._counts[group] = [_Count(request_id, now_ms, now_ms)]
        elif len(counts) < ROWS_MAX:
            counts.append(_Count(request_id, now_ms, now_ms))
        else:
            counts[-1].count += 1
            counts[-1].last_at_ms = now_ms

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_S)
            await self._flush()

    async def _flush(self) -> None:
        counts, self._counts = self._counts, {}
        if not counts:
            return
        commands = [self._append(group, count) for group in counts for count in counts[group]]
        results = await asyncio.gather(*commands, return_exceptions=True)
        lost = [result for result in results if isinstance(result, BaseException)]
        if lost:
            log.warning("%d groups of refusals were not counted: %s", len(lost), lost[0])

    async def _append(self, group: _Group, count: _Count) -> None:
        event = RefusalEvent(
            request_id=count.request_id,
            organization=group.organization,
            api_key=group.api_key,
            code=group.code,
            status=group.status,
            endpoint=group.endpoint,
            model=group.model,
            rule=group.rule,
            param=group.param,
            count=count.count,
            first_at_ms=count.first_at_ms,
            last_at_ms=count.last_at_ms,
        )
        stream = REFUSALS_STREAM % group.site
        await self._redis.command(
            "XADD", stream, "MAXLEN", "~", REFUSALS_STREAM_MAX, "*", "event", encode(event)
        )
