"""A Redis that comes back is closed, whatever data it has, until somebody rebuilds it: it may have
lost what its log had not on disk, and a replica what had not reached it."""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp

import pytest
from redis import Redis

from billing.gate.client import RedisClient
from billing.gate.errors import GateClosed, GateUnavailable
from billing.gate.gate import Gate
from billing.gate.steward import Steward
from billing.gate.types import AdmitRequest, Admitted, Balance, Settlement
from tests.billing.gate.calls import SITE, a_call, an_end, ref
from tests.billing.gate.cluster import ValkeyCluster, close, free_port
from tests.billing.gate.valkey import Valkey

WITHIN_S = 60.0
EPOCH = f"tg:{{{SITE}}}:epoch"
WITH_DATA = ("--appendonly", "yes", "--appendfsync", "always")


@pytest.fixture
async def own_client(own_valkey: Valkey) -> AsyncIterator[RedisClient]:
    own_valkey.start(*WITH_DATA)
    assert Steward(own_valkey.redis()).open(SITE, "epoch-1", {"acme": 1_000})
    client = RedisClient(own_valkey.url)
    yield client
    await client.close()


@pytest.fixture
def replica(own_valkey: Valkey) -> Iterator[Valkey]:
    server = Valkey(Path(mkdtemp(prefix="gate-")))
    yield server
    server.remove()


@pytest.fixture
def three() -> Iterator[ValkeyCluster]:
    server = ValkeyCluster()
    server.start()
    yield server
    server.remove()


def _restart(server: Valkey) -> None:
    server.stop()
    server.start(*WITH_DATA)


async def _first_answer(gate: Gate, call: AdmitRequest) -> object:
    """What the server says as soon as it can be asked again; a closed gate is raised."""
    deadline = time.monotonic() + WITHIN_S
    while True:
        try:
            return await gate.admit(call)
        except GateClosed:
            raise
        except GateUnavailable:
            assert time.monotonic() < deadline, "the client did not come back"
            await asyncio.sleep(0.01)


async def test_the_first_call_after_a_restart_meets_a_closed_gate(
    own_valkey: Valkey, own_client: RedisClient
) -> None:
    gate, steward = Gate(own_client, owner="relay-1"), Steward(own_valkey.redis())
    assert isinstance(await gate.admit(a_call()), Admitted)
    _restart(own_valkey)

    with pytest.raises(GateClosed):
        await _first_answer(gate, a_call(ref("call-2")))
    with pytest.raises(GateClosed):
        await gate.settle(an_end())
    with pytest.raises(GateClosed):
        steward.credit(SITE, "acme", 1, "top-up-1")
    assert await gate.read_epoch(SITE) is None
    assert steward.read_epoch(SITE) is None
    assert steward.read_balance(SITE, "acme") == Balance(900, 100, 0, 1)  # its data is there

    assert steward.open(SITE, "epoch-2", {"acme": 900})
    assert await gate.read_epoch(SITE) == "epoch-2"
    assert isinstance(await gate.settle(an_end()), Settlement)
    assert steward.read_balance(SITE, "acme") == Balance(940, 0, 60, 0)


async def _admitted(gate: Gate, calls: int, name: str) -> int:
    """How many of so many Calls of 100 nanos are let in; a closed gate lets in none."""
    answers = []
    for n in range(calls):
        with suppress(GateClosed):
            answers.append(await _first_answer(gate, a_call(ref(f"{name}-{n}"))))
    return sum(isinstance(answer, Admitted) for answer in answers)


def _mind_no_run_id(steward: Steward, redis: Redis) -> None:
    """The guard off: what stands in the data counts as opened by the process that loaded it."""
    run_id = steward.read_run_id(SITE)
    epoch = redis.get(EPOCH).decode()  # type: ignore[union-attr]  # stubs: awaitable
    redis.set(EPOCH, run_id + epoch[epoch.index(":") :])


@pytest.mark.parametrize("is_guarded", [True, False], ids=["guarded", "control: unguarded"])
async def test_a_redis_that_is_behind_lets_nobody_in_twice(
    own_valkey: Valkey, own_client: RedisClient, is_guarded: bool
) -> None:
    gate, log = Gate(own_client, owner="relay-1"), own_valkey.folder / "appendonlydir"
    earlier = own_valkey.folder / "earlier"
    shutil.copytree(log, earlier)  # a second ago, nobody had been let in
    before = await _admitted(gate, 10, "before")
    own_valkey.stop()
    shutil.rmtree(log)
    earlier.rename(log)
    own_valkey.start(*WITH_DATA)
    if not is_guarded:
        with own_valkey.redis() as redis:
            _mind_no_run_id(Steward(redis), redis)

    after = await _admitted(gate, 10, "after")

    assert before == 10  # all that the balance of 1,000 pays
    assert after == (0 if is_guarded else 10)


async def test_figures_read_before_a_restart_do_not_open_the_gate_after_it(
    own_valkey: Valkey, own_client: RedisClient
) -> None:
    steward = Steward(own_valkey.redis())
    steward.close(SITE)
    before = steward.read_run_id(SITE)
    _restart(own_valkey)
    steward = Steward(own_valkey.redis())

    assert not steward.open(SITE, "epoch-2", {"acme": 7}, run_id=before)
    assert steward.read_epoch(SITE) is None
    assert steward.read_balance(SITE, "acme").available_nanos == 1_000


async def test_a_replica_that_takes_over_is_closed(
    own_valkey: Valkey, replica: Valkey, own_client: RedisClient
) -> None:
    port = free_port()
    own_valkey.redis().config_set("port", port)
    replica.start("--replicaof", f"127.0.0.1 {port}")
    deadline = time.monotonic() + WITHIN_S
    while Steward(replica.redis()).read_balance(SITE, "acme").available_nanos != 1_000:
        assert time.monotonic() < deadline, "the replica got no data"
    own_valkey.stop()
    replica.redis().execute_command("REPLICAOF", "NO", "ONE")

    client = RedisClient(replica.url)
    with pytest.raises(GateClosed):
        await Gate(client, owner="relay-1").admit(a_call())
    await client.close()
    assert Steward(replica.redis()).read_epoch(SITE) is None


async def test_in_a_cluster_the_sites_of_the_node_that_restarted_are_closed(
    three: ValkeyCluster,
) -> None:
    redis = three.redis()
    steward = Steward(redis)
    sites = [f"site-{n}" for n in range(12)]
    for site in sites:
        assert steward.open(site, "epoch-1", {"acme": 1_000})
    with three.node(2) as node:
        there = {key.decode() for key in node.keys("tg:*:epoch")}
    assert 0 < len(there) < len(sites)
    three.restart(2)

    client = RedisClient(three.url)
    gate = Gate(client, owner="relay-1")
    for site in sites:
        epoch = None if f"tg:{{{site}}}:epoch" in there else "epoch-1"
        assert await gate.read_epoch(site) == epoch
    await client.close()
    close(redis)
