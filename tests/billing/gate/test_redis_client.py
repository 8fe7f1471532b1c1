"""The gate's client on a real server: scripts, failures, and coming back from them."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from redis import Redis

from billing.gate.client import RedisClient
from billing.gate.errors import GateUnavailable, ScriptRefused
from billing.gate.scripts import Script
from tests.billing.gate.valkey import Valkey
from tests.patience import promised

COUNT = Script("count", "return redis.call('INCRBY', KEYS[1], ARGV[1])")
BACK_WITHIN_S = promised(5.0)


@pytest.fixture
async def own_client(own_valkey: Valkey) -> AsyncIterator[RedisClient]:
    client = RedisClient(own_valkey.url)
    yield client
    await client.close()


async def until_it_answers(client: RedisClient) -> None:
    deadline = time.monotonic() + BACK_WITHIN_S
    while True:
        try:
            await client.command("PING")
            return
        except GateUnavailable:
            assert time.monotonic() < deadline, "the client did not come back"
            await asyncio.sleep(0.01)


async def test_a_script_that_redis_does_not_know_is_loaded_and_runs_once(
    client: RedisClient, redis: Redis
) -> None:
    await client.command("DEL", "counter")
    redis.script_flush()

    assert await client.run(COUNT, ["counter"], [5]) == 5
    assert await client.run(COUNT, ["counter"], [5]) == 10
    assert redis.evalsha(COUNT.sha, 1, "counter", 1) == 11  # by its digest alone


async def test_many_coroutines_share_one_connection(client: RedisClient) -> None:
    await client.command("DEL", "counter")

    counts = await asyncio.gather(*(client.run(COUNT, ["counter"], [1]) for _ in range(500)))

    assert sorted(counts) == list(range(1, 501))


async def test_plain_commands_give_redis_replies(client: RedisClient) -> None:
    await client.command("SET", "greeting", "grüß dich")

    assert await client.command("GET", "greeting") == "grüß dich".encode()
    assert await client.command("GET", "absent") is None


async def test_an_error_reply_is_a_refusal_and_the_connection_goes_on(client: RedisClient) -> None:
    with pytest.raises(ScriptRefused, match="unknown command"):
        await client.command("NONSENSE")

    assert await client.command("PING") == b"PONG"


async def test_a_server_that_is_not_there(own_client: RedisClient) -> None:
    with pytest.raises(GateUnavailable):
        await own_client.connect()


async def test_a_frozen_server_fails_within_a_second_and_recovers(
    own_valkey: Valkey, own_client: RedisClient
) -> None:
    own_valkey.start()
    await own_client.connect()
    own_valkey.freeze()

    started = time.monotonic()
    answers = await asyncio.gather(
        *(own_client.run(COUNT, ["counter"], [1]) for _ in range(20)), return_exceptions=True
    )
    took_s = time.monotonic() - started
    assert {type(answer) for answer in answers} == {GateUnavailable}
    assert took_s <= 1.0

    # still frozen: a new command waits for the attempt to reconnect, but no longer than before
    started = time.monotonic()
    with pytest.raises(GateUnavailable):
        await own_client.command("PING")
    assert time.monotonic() - started <= 1.0

    own_valkey.thaw()
    await until_it_answers(own_client)
    # the 20 may have run after the thaw, but none ran twice
    assert int(await own_client.command("GET", "counter") or 0) in {0, 20}


async def test_a_killed_server_fails_what_is_under_way_and_is_found_again(
    own_valkey: Valkey, own_client: RedisClient
) -> None:
    own_valkey.start()
    await own_client.connect()
    own_valkey.freeze()
    under_way = asyncio.create_task(own_client.command("PING"))
    await asyncio.sleep(0)
    own_valkey.stop()

    with pytest.raises(GateUnavailable):
        await under_way

    own_valkey.start()
    await until_it_answers(own_client)


async def test_while_redis_is_away_callers_fail_at_once(
    own_valkey: Valkey, own_client: RedisClient
) -> None:
    own_valkey.start()
    await own_client.connect()
    own_valkey.stop()
    with pytest.raises(GateUnavailable):
        await own_client.command("PING")

    started = time.monotonic()
    for _ in range(100):
        with pytest.raises(GateUnavailable):
            await own_client.command("PING")
    assert time.monotonic() - started < 0.5


async def test_a_password_and_a_database_are_used(own_valkey: Valkey) -> None:
    own_valkey.start("--requirepass", "s3cret")
    url = f"unix://:s3cret@{own_valkey.socket_path}?db=3"
    client, stranger = RedisClient(url), RedisClient(f"unix://:wrong@{own_valkey.socket_path}")

    await client.command("SET", "here", 1)
    keyspace = await client.command("INFO", "keyspace")
    with pytest.raises(GateUnavailable):
        await stranger.command("PING")
    await client.close()
    await stranger.close()

    assert b"db3:keys=1" in keyspace
    assert b"db0" not in keyspace


async def test_a_server_that_cannot_serve_is_unavailable(
    own_valkey: Valkey, own_client: RedisClient
) -> None:
    own_valkey.start("--maxmemory", "1")

    with pytest.raises(GateUnavailable, match="OOM"):
        await own_client.command("SET", "a", 1)


async def test_a_closed_client_stays_closed(client: RedisClient) -> None:
    await client.connect()
    await client.close()
    await client.close()

    with pytest.raises(GateUnavailable):
        await client.command("PING")
