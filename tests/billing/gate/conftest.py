"""A real Valkey with an open site, for the tests of the gate.

Some modules run on a cluster of three primaries as well; GATE_SERVERS=all runs every one on both.
"""

import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from redis import Redis

from billing.gate.client import RedisClient
from billing.gate.gate import Gate
from billing.gate.steward import Steward
from billing.gate.usage_stream import UsageStream
from tests.billing.gate.calls import SITE
from tests.billing.gate.cluster import ValkeyCluster, close
from tests.billing.gate.valkey import PATIENCE_S, Valkey

# Every script and every command of the cold side, in little time.
ON_A_CLUSTER_TOO = ("test_rebuild", "test_settle", "test_usage_stream", "test_open_and_close")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """On which servers a test of the gate runs."""
    if "shared_valkey" in metafunc.fixturenames:
        is_wanted = os.environ.get("GATE_SERVERS") == "all"
        module = metafunc.module.__name__.rpartition(".")[2]
        servers = ["single"]
        if is_wanted or module in ON_A_CLUSTER_TOO:
            servers.append("cluster")
        metafunc.parametrize("shared_valkey", servers, indirect=True, scope="session")


@pytest.fixture(scope="session")
def shared_valkey(request: pytest.FixtureRequest) -> Iterator[Valkey | ValkeyCluster]:
    """One server, or cluster, for all tests that leave it running."""
    server: Valkey | ValkeyCluster
    if request.param == "cluster":
        server = ValkeyCluster()
    else:
        server = Valkey(Path(tempfile.mkdtemp(prefix="gate-")))
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture
def own_valkey() -> Iterator[Valkey]:
    """A server that the test may freeze, kill and start again; not started yet."""
    server = Valkey(Path(tempfile.mkdtemp(prefix="gate-")))
    yield server
    server.remove()


@pytest.fixture
def valkey_url(shared_valkey: Valkey | ValkeyCluster) -> str:
    return shared_valkey.url


@pytest.fixture
def redis(shared_valkey: Valkey | ValkeyCluster) -> Iterator[Redis]:
    client = shared_valkey.redis()
    client.flushall()
    yield client
    close(client)


@pytest.fixture
def steward(redis: Redis) -> Steward:
    """Of an open site: acme has 1,000 nanos, globex 500, zero none."""
    steward = Steward(redis)
    assert steward.open(SITE, "epoch-1", {"acme": 1_000, "globex": 500, "zero": 0})
    return steward


@pytest.fixture
def stream(redis: Redis) -> UsageStream:
    stream = UsageStream(redis, SITE)
    stream.create_group()
    return stream


@pytest.fixture
async def client(valkey_url: str) -> AsyncIterator[RedisClient]:
    client = RedisClient(valkey_url, timeout_s=PATIENCE_S)
    yield client
    await client.close()


@pytest.fixture
async def gate(client: RedisClient, steward: Steward) -> Gate:
    """Of a site that `steward` opened."""
    return Gate(client, owner="relay-1")


@pytest.fixture
def mid_minute(redis: Redis) -> None:
    """Rate windows are real minutes of the server: let no test begin in the last of one."""
    while int(redis.time()[0]) % 60 >= 57:
        pass
