"""The gate's scripts run on a Redis Cluster node: every key is declared and in the site's slot."""

import socket
import time

from billing.gate.client import RedisClient
from billing.gate.gate import Gate
from billing.gate.keys import epoch_key, organization_key
from billing.gate.scripts import LUA_FOLDER
from billing.gate.types import Admitted, Budget, HoldState, Limits, RenewRequest, Scope
from tests.billing.gate.calls import SITE, a_call, an_end, ref
from tests.billing.gate.valkey import Valkey

BUDGETS = (Budget(Scope.KEY, "2026-11", 1_000, 4_000_000_000_000),)
LIMITS = Limits(requests_per_minute=10, tokens_per_minute=10, concurrency=10)


def free_port() -> int:
    """A port whose cluster bus, 10,000 above, exists too."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port: int = probe.getsockname()[1]
        if port < 55_000:
            return port


async def test_a_call_from_admit_to_settle_on_a_cluster_node(own_valkey: Valkey) -> None:
    own_valkey.start("--cluster-enabled", "yes", "--port", str(free_port()), "--bind", "127.0.0.1")
    client = RedisClient(own_valkey.url)
    await client.command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
    deadline = time.monotonic() + 10
    while b"cluster_state:ok" not in await client.command("CLUSTER", "INFO"):
        assert time.monotonic() < deadline, "the cluster did not form"
    await client.command("HSET", organization_key(SITE, "acme"), "available", 1_000)
    await client.command("SET", epoch_key(SITE), "epoch-1")

    gate, hold = Gate(client, owner="relay-1"), ref(budgets=BUDGETS)
    admitted = await gate.admit(a_call(hold, key_limits=LIMITS, organization_limits=LIMITS))
    renewal = await gate.renew(RenewRequest(hold, 10, b"{}", hold_nanos_min=120))
    settled = await gate.settle(an_end(hold, 60, tokens=3))
    await client.close()

    assert isinstance(admitted, Admitted)
    assert (renewal.state, renewal.hold_nanos) == (HoldState.OPEN, 120)
    assert (settled.state, settled.debited_nanos) == (HoldState.SETTLED, 60)


def test_no_script_spells_a_key_itself() -> None:
    scripts = list(LUA_FOLDER.glob("*.lua"))

    assert len(scripts) == 10
    assert not [path.name for path in scripts if "tg:" in path.read_text()]
