"""The gate on a Redis Cluster: keys go to the node that serves their slot, wherever it moves.

What the scripts do there is told by the modules that run on both (conftest.py).
"""

from collections.abc import AsyncIterator, Iterator

import pytest

from billing.gate.client import RedisClient
from billing.gate.errors import GateUnavailable
from billing.gate.scripts import LUA_FOLDER, Script
from billing.gate.slots import Endpoint, Redirect, parse_redirect, parse_slots, slot_of
from tests.billing.gate.cluster import ValkeyCluster

COUNT = Script("count", "return redis.call('INCRBY', KEYS[1], ARGV[1])")
HERE = Endpoint("10.0.0.1", 6379)
SITES = [f"tg:{{site-{n}}}:epoch" for n in range(40)]


@pytest.fixture(scope="module")
def three() -> Iterator[ValkeyCluster]:
    server = ValkeyCluster()
    server.start()
    yield server
    server.remove()


@pytest.fixture
async def client(three: ValkeyCluster) -> AsyncIterator[RedisClient]:
    client = RedisClient(three.url)
    yield client
    await client.close()


async def test_every_site_is_served_by_the_node_of_its_slot(
    three: ValkeyCluster, client: RedisClient
) -> None:
    three.flush()
    for _ in range(2):
        for key in SITES:
            await client.run(COUNT, [key], [1])
    counts = [int(await client.command("GET", key)) for key in SITES]

    assert counts == [2] * len(SITES)
    sizes = [three.node(number).dbsize() for number in range(3)]
    assert sum(sizes) == len(SITES)
    assert min(sizes) > 0
    assert client.connections_made == 4  # the seed, by the URL's name for it, and three nodes


async def test_a_slot_on_its_way_is_served_by_both_its_nodes(
    three: ValkeyCluster, client: RedisClient
) -> None:
    key = "tg:{moving}:epoch"
    slot = slot_of(key)
    share = slot // 5462
    source, target = three.node(share), three.node((share + 1) % 3)
    source_id, target_id = (node.execute_command("CLUSTER", "MYID") for node in (source, target))
    await client.run(COUNT, [key], [1])
    target.execute_command("CLUSTER", "SETSLOT", slot, "IMPORTING", source_id)
    source.execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", target_id)
    source.execute_command("MIGRATE", "127.0.0.1", three.ports[(share + 1) % 3], key, 0, 5000)

    # the source sends us to the target for this once, where the script is not known yet
    assert await client.run(COUNT, [key], [1]) == 2

    for node in (target, source):
        node.execute_command("CLUSTER", "SETSLOT", slot, "NODE", target_id)
    assert await client.run(COUNT, [key], [1]) == 3
    assert await client.command("GET", key) == b"3"


async def test_a_dead_node_fails_its_own_sites_only(own_three: ValkeyCluster) -> None:
    client = RedisClient(own_three.url)
    for key in SITES:
        await client.run(COUNT, [key], [1])
    own_three.servers[2].stop()
    outcomes = []
    for key in SITES:
        try:
            outcomes.append(await client.run(COUNT, [key], [1]))
        except GateUnavailable:
            outcomes.append(None)
    await client.close()

    dead = [slot_of(key) >= 2 * 5462 for key in SITES]
    assert [outcome is None for outcome in outcomes] == dead
    assert {outcome for outcome in outcomes if outcome is not None} == {2}


@pytest.fixture
def own_three() -> Iterator[ValkeyCluster]:
    """A cluster that goes on with what it has when a node dies."""
    server = ValkeyCluster()
    server.start()
    for number in range(3):
        server.node(number).config_set("cluster-require-full-coverage", "no")
    yield server
    server.remove()


@pytest.mark.parametrize(
    ("key", "slot"),
    [("123456789", 12739), ("{user1000}.following", 3443), ("foo{}{bar}", 8363), ("{bar", 4015)],
)
def test_slots_are_those_of_the_specification(key: str, slot: int) -> None:
    assert slot_of(key) == slot_of(key.encode()) == slot


def test_redirections_are_read() -> None:
    there = Endpoint("10.0.0.2", 6380)
    assert parse_redirect("MOVED 3999 10.0.0.2:6380", HERE) == Redirect(3999, there, True)
    assert parse_redirect("ASK 3999 10.0.0.2:6380", HERE) == Redirect(3999, there, False)
    assert parse_redirect("MOVED 1 ::1:6380", HERE) == Redirect(1, Endpoint("::1", 6380), True)
    assert parse_redirect("MOVED 1 :6380", HERE) == Redirect(1, Endpoint(HERE.host, 6380), True)


@pytest.mark.parametrize("message", ["ERR no", "MOVED", "MOVED x y:1", "MOVED 99999 a:1", "ASK 1"])
def test_other_errors_are_no_redirections(message: str) -> None:
    assert parse_redirect(message, HERE) is None


def test_the_map_of_slots_is_read() -> None:
    reply = [[0, 99, [b"10.0.0.2", 1, b"id"], [b"replica", 2, b"id"]], [100, 100, [None, 3, b"id"]]]
    owners = parse_slots(reply, HERE)

    assert {owners[0], owners[99]} == {Endpoint("10.0.0.2", 1)}
    assert owners[100:102] == [Endpoint(HERE.host, 3), None]


def test_no_script_spells_a_key_itself() -> None:
    scripts = list(LUA_FOLDER.glob("*.lua"))

    assert len(scripts) == 12
    assert not [path.name for path in scripts if "tg:" in path.read_text()]
