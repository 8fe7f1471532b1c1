"""Answers by Idempotency-Key on a real Redis: one does the work, whoever comes later repeats it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from django.conf import settings
from redis import Redis

from billing import connections
from billing.gate.client import RedisClient
from relay.adapters.replays import CLAIM_MS, KEPT_MS, RedisReplays
from relay.proxy.errors import ApiError, Cause
from relay.proxy.recording import KeptAnswer
from relay.proxy.replays import Claim, Found

ANSWER = KeptAnswer(200, ((b"content-type", b"application/json"),), b'{"a":"\xff\x00"}')
CLAIM = Claim("name", b"digest", "req_1", "site")
LATER = replace(CLAIM, owner="req_2")
KEY = "tg:{site}:replay:name"


@pytest.fixture
def redis() -> Redis:
    made = connections.redis()
    made.flushall()
    return made


@pytest.fixture
async def pair(redis: Redis) -> AsyncIterator[tuple[RedisReplays, RedisReplays]]:
    """Two relays on one Redis."""
    made = (
        RedisReplays(RedisClient(settings.REDIS_URL)),
        RedisReplays(RedisClient(settings.REDIS_URL)),
    )
    yield made
    for each in made:
        await each.stop()


async def test_of_many_at_once_one_does_the_work(pair: tuple[RedisReplays, RedisReplays]) -> None:
    claims = [replace(CLAIM, owner=f"req_{number}") for number in range(50)]
    found = await asyncio.gather(
        *[pair[number % 2].claim(each) for number, each in enumerate(claims)]
    )
    assert sorted(map(str, found)) == sorted(["None"] + [str(Found.RUNNING)] * 49)


async def test_the_other_relay_repeats_what_was_kept(
    pair: tuple[RedisReplays, RedisReplays], redis: Redis
) -> None:
    one, two = pair
    assert await one.claim(CLAIM) is None
    await one.finish(CLAIM, ANSWER)
    assert await two.claim(LATER) == ANSWER
    assert await two.claim(replace(LATER, digest=b"else")) is Found.OTHER_REQUEST
    assert CLAIM_MS < redis.pttl(KEY) <= KEPT_MS


async def test_what_cannot_be_repeated_says_so(pair: tuple[RedisReplays, RedisReplays]) -> None:
    one, two = pair
    await one.claim(CLAIM)
    await one.finish(CLAIM, None)
    assert await two.claim(LATER) is Found.NOT_KEPT


async def test_an_abandoned_key_is_free_and_only_its_owner_abandons_it(
    pair: tuple[RedisReplays, RedisReplays],
) -> None:
    one, two = pair
    await one.claim(CLAIM)
    await two.abandon(LATER)
    assert await two.claim(LATER) is Found.RUNNING
    await one.abandon(CLAIM)
    assert await two.claim(LATER) is None


async def test_a_dead_relays_claim_runs_out_and_a_living_ones_does_not(
    pair: tuple[RedisReplays, RedisReplays], redis: Redis
) -> None:
    one, two = pair
    await one.claim(CLAIM)
    redis.pexpire(KEY, 1_000)
    await two.renew(LATER)
    assert redis.pttl(KEY) <= 1_000
    await one.renew(CLAIM)
    assert redis.pttl(KEY) > 1_000
    redis.delete(KEY)  # it ran out
    assert await two.claim(LATER) is None


async def test_without_redis_nobody_may_begin_and_what_is_done_is_kept_later(redis: Redis) -> None:
    away = RedisReplays(RedisClient("redis://127.0.0.1:1/0"))
    with pytest.raises(ApiError) as caught:
        await away.claim(CLAIM)
    assert caught.value.cause is Cause.GATE_UNAVAILABLE
    await away.finish(CLAIM, ANSWER)
    await away.renew(CLAIM)
    await away.stop()
