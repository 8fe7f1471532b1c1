"""The gate of the cast's site, open, and the credit adapter on a connection of its own to it."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from django.conf import settings
from redis import Redis

from billing.gate.client import RedisClient
from billing.gate.errors import GateUnavailable
from billing.gate.gate import Gate
from billing.gate.runner import ScriptRunner, Word
from billing.gate.scripts import Script
from relay.adapters.credit import GateCredit


@dataclass(slots=True)
class Link:
    """Carries scripts to Redis; while it is `down` nobody answers."""

    redis: ScriptRunner
    down: bool = False

    async def run(self, script: Script, keys: Sequence[Word], args: Sequence[Word]) -> Any:
        if self.down:
            raise GateUnavailable("down")
        return await self.redis.run(script, keys, args)


@pytest.fixture
async def link(gate: Redis) -> AsyncIterator[Link]:
    redis = RedisClient(settings.REDIS_URL)
    await redis.connect()
    yield Link(redis)
    await redis.close()


@pytest.fixture
def credit(link: Link) -> GateCredit:
    async def none_posted(request_ids: Sequence[str]) -> set[str]:
        return set()

    return GateCredit(Gate(link, owner="test"), connections_made=lambda: 1, find_posted=none_posted)
