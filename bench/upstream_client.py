"""Requests per second of the upstream client, one core, over loopback against a server that only
counts bytes. Says nothing about the relay: there is no ASGI server in front.

    taskset -c 0 .venv/bin/python bench/upstream_client.py [--seconds 2] [--connections 32]

The server runs in a child process; with `taskset` give it the other core: `--server-cpu 1`.
"""

import argparse
import asyncio
import multiprocessing
import os
import socket
import time
from ipaddress import ip_network
from typing import cast

import uvloop

from relay.proxy.upstream.client import HttpClient
from relay.proxy.upstream.port import Origin, Timeouts
from relay.proxy.upstream.request_head import header_block

BODY_BYTES = 1500
TIMEOUTS = Timeouts()
HEADERS = header_block(
    [(b"authorization", b"Bearer sk-bench"), (b"content-type", b"application/json")]
)
ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nServer: bench\r\n"
    b"X-Request-Id: 0123456789abcdef\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
    b"Content-Length: %d\r\n\r\n" % BODY_BYTES
) + b"a" * BODY_BYTES


class CountingServer(asyncio.Protocol):
    """Answers each complete request; knows only the two shapes that the bench sends."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # A cast, for uvloop's transports do not inherit from asyncio's.
        self._transport = cast(asyncio.Transport, transport)
        self._received = b""

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        wanted_bytes = BODY_BYTES if head.startswith(b"POST") else 0
        if end and len(body) >= wanted_bytes:
            self._received = b""
            self._transport.write(ANSWER)


def serve(listener: socket.socket, cpu: int | None) -> None:
    """Runs in the child until it is terminated."""
    if cpu is not None:
        os.sched_setaffinity(0, {cpu})

    async def forever() -> None:
        server = await asyncio.get_running_loop().create_server(CountingServer, sock=listener)
        await server.serve_forever()

    uvloop.run(forever())


async def measure(port: int, method: bytes, body: bytes, seconds: float, connections: int) -> None:
    """Keep `connections` requests under way for `seconds`, then print the rate."""
    client = HttpClient(allowed_networks=[ip_network("127.0.0.0/8")])
    origin = Origin.parse(f"http://127.0.0.1:{port}/v1")
    count = 0
    end = time.perf_counter() + seconds

    async def one_after_another() -> None:
        nonlocal count
        while time.perf_counter() < end:
            response = await client.request(origin, method, "/chat", HEADERS, body, TIMEOUTS)
            received = await response.read(1 << 20)
            response.close()
            assert len(received) == BODY_BYTES
            count += 1

    started_cpu, started = time.process_time(), time.perf_counter()
    await asyncio.gather(*(one_after_another() for _ in range(connections)))
    elapsed_s = time.perf_counter() - started
    cpu_us = (time.process_time() - started_cpu) / count * 1e6
    loop = type(asyncio.get_running_loop()).__module__.partition(".")[0]
    print(f"{loop:8} {method.decode():5} {count / elapsed_s:9,.0f} requests/s {cpu_us:6.1f} us CPU")
    await client.aclose()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--server-cpu", type=int)
    options = parser.parse_args()
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    port = listener.getsockname()[1]
    server = multiprocessing.Process(target=serve, args=(listener, options.server_cpu))
    server.start()
    try:
        for run in (uvloop.run, asyncio.run):
            for method, body in ((b"GET", b""), (b"POST", b"q" * BODY_BYTES)):
                run(measure(port, method, body, options.seconds, options.connections))
    finally:
        server.terminate()
        server.join()


if __name__ == "__main__":
    main()
