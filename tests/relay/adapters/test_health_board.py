"""Relays report what they leave alone, learn of each other, and share caps."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from django.conf import settings
from redis import Redis

from billing.gate.blocking import command
from billing.gate.client import RedisClient
from relay import health_reports
from relay.adapters.health_board import HealthBoard
from relay.adapters.routes import SnapshotTable
from relay.health_reports import KEY, Report, encode
from relay.proxy.failures import Failed
from relay.proxy.health import Health
from tests.relay.proxy.fakes import route

ONE = route("http://127.0.0.1:1/v1", "one")


@pytest.fixture
async def client() -> AsyncIterator[RedisClient]:
    made = RedisClient(settings.REDIS_URL)
    await made.connect()
    yield made
    await made.close()


@pytest.fixture(autouse=True)
def clean(gate: Redis) -> Iterator[None]:
    command(gate, "delete", KEY)
    yield
    command(gate, "delete", KEY)


async def test_what_changed_is_reported_and_taken_back_at_the_end(client: RedisClient) -> None:
    health = Health()
    board = HealthBoard(client, health, SnapshotTable(), owner="relay-1")
    await board.report()
    assert [report.trips for report in health_reports.read()] == [()]
    turn = health.begin(ONE, 0.0)
    failure = Failed("status_503", status=503, retry_after_s=30.0)
    now = asyncio.get_running_loop().time()
    health.failed(turn, failure, now)
    await board.report()
    (report,) = health_reports.read()
    (trip,) = report.trips
    assert (trip.upstream, trip.state, trip.reason) == ("one", "open", "status_503")
    assert 29 < trip.until - report.at < 31
    assert report.busy == {"one": 1}
    await board.stop()
    assert health_reports.read() == []


async def test_a_cap_is_divided_by_the_relays_that_are_alive(
    client: RedisClient, gate: Redis
) -> None:
    command(gate, "hset", KEY, "dead", encode(Report("dead", 0.0)))
    first, second = Health(), Health()
    boards = [
        HealthBoard(client, health, SnapshotTable(), owner=f"relay-{number}")
        for number, health in enumerate((first, second))
    ]
    for board in boards:
        await board.report()
    assert (first.share, second.share) == (1, 2)
    assert [report.relay for report in health_reports.read()] == ["relay-0", "relay-1"]
