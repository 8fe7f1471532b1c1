"""A Valkey Cluster of three primaries for the gate's tests, on loopback ports of its own."""

import random
import socket
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from redis import Redis, RedisCluster

from billing.gate import blocking
from tests.billing.gate.valkey import PATIENCE_S, START_TIMEOUT_S, Valkey

PRIMARIES = 3
SLOTS = 16_384


# Ports for both lie below those that a system gives to whoever connects (Linux: from 32,768 on).
PORTS = range(10_000, 22_000)
BUS_ABOVE = 10_000


def free_port() -> int:
    """A port that nobody listens at, nor at its cluster bus above."""
    while True:
        port = random.choice(PORTS)
        with suppress(OSError):
            for each in (port, port + BUS_ABOVE):
                socket.create_server(("127.0.0.1", each)).close()
            return port


def close(client: Redis) -> None:
    """End a client of one server or of a cluster: redis-py leaves a cluster's connections open."""
    if isinstance(client, RedisCluster):
        client.disconnect_connection_pools()
    client.close()


class ValkeyCluster:
    """Three primaries that share the slots evenly; stands in for one `Valkey`."""

    def __init__(self) -> None:
        self.ports = [free_port() for _ in range(PRIMARIES)]
        self.servers = [Valkey(Path(tempfile.mkdtemp(prefix="gate-"))) for _ in self.ports]

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.ports[0]}"

    def redis(self) -> Redis:
        return blocking.connect(self.url, is_cluster=True, timeout_s=PATIENCE_S)

    def flush(self) -> None:
        """Empty all primaries."""
        for number in range(PRIMARIES):
            with self.node(number) as node:
                node.flushall()

    def node(self, number: int) -> Redis:
        """One primary by itself."""
        return Redis(port=self.ports[number])

    def start(self) -> None:
        for number in range(PRIMARIES):
            self._start(number)
        share = -(-SLOTS // PRIMARIES)
        for number, port in enumerate(self.ports):
            with self.node(number) as node:
                first, last = number * share, min((number + 1) * share, SLOTS) - 1
                node.execute_command("CLUSTER", "ADDSLOTSRANGE", first, last)
                for other in self.ports:
                    if other != port:
                        node.execute_command("CLUSTER", "MEET", "127.0.0.1", other)
        self._await_formed()

    def restart(self, number: int) -> None:
        """Kill one primary and bring it back with its data, before its slots count as lost."""
        self.servers[number].stop()
        self._start(number)
        self._await_formed()

    def _start(self, number: int) -> None:
        self.servers[number].start(
            *("--cluster-enabled", "yes", "--appendonly", "yes", "--appendfsync", "always"),
            *("--port", str(self.ports[number]), "--bind", "127.0.0.1"),
        )

    def _await_formed(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not all(self._is_formed(number) for number in range(PRIMARIES)):
            assert time.monotonic() < deadline, "the cluster did not form"

    def _is_formed(self, number: int) -> bool:
        with self.node(number) as node:
            info = node.execute_command("CLUSTER", "INFO")
            slots = node.execute_command("CLUSTER", "SLOTS")
        return b"cluster_state:ok" in info and len(slots) == PRIMARIES

    def remove(self) -> None:
        for server in self.servers:
            server.remove()
