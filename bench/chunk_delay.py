"""How much later a chunk leaves the relay than it left the upstream, with gaps between chunks.

    python -m bench.chunk_delay [--streams 200] [--chunks 50] [--gap-ms 50]

The upstream is a part of this: every chunk carries the instant at which it was written, and the
client, on the same clock, notes when it has it. Direct and through the relay by turns.
"""

import argparse
import asyncio
import re
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.faults.cluster import cluster

MODEL = "stamped"
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
USAGE = b'{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":%d}}'
STAMP = re.compile(rb'"content":"(\d+)"')
CATALOG = """
upstreams:
  - {{id: stamped, dialect: openai, base_url: "http://127.0.0.1:{port}", credential: none-needed}}
models:
  - id: stamped
    max_output_tokens: 4096
    context_tokens: 8192
    price: {{input: "0.15", output: "0.60"}}
    routes: [{{upstream: stamped, name: stamped}}]
"""


def event(data: bytes) -> bytes:
    return b"data: " + data + b"\n\n"


class Stamping:
    """An upstream whose chunks are stamped."""

    def __init__(self, chunks: int, gap_s: float) -> None:
        self._chunks, self._gap_s = chunks, gap_s
        self.port = 0

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head, re.I)
        await reader.readexactly(int(length[1]) if length else 0)
        writer.write(HEAD)
        for _ in range(self._chunks):
            await asyncio.sleep(self._gap_s)
            stamp = b'{"choices":[{"index":0,"delta":{"content":"%d"}}]}'
            writer.write(event(stamp % time.monotonic_ns()))
        writer.write(event(b'{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}'))
        writer.write(event(USAGE % self._chunks) + event(b"[DONE]"))
        await writer.drain()
        writer.close()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Serves from a thread of its own while the block runs."""
        started, loop = threading.Event(), asyncio.new_event_loop()

        async def serve() -> None:
            server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
            self.port = server.sockets[0].getsockname()[1]
            started.set()

        def run() -> None:
            loop.create_task(serve())
            loop.run_forever()

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        started.wait()
        try:
            yield
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()


async def listen(port: int, path: str, host: str, key: str) -> list[float]:
    """One stream: by how many milliseconds each chunk came after it was stamped."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    body = b'{"model":"%s","stream":true,"messages":[{"role":"user","content":"x"}]}'
    body %= MODEL.encode()
    lines = [
        f"POST {path} HTTP/1.1",
        f"Host: {host}",
        f"Authorization: Bearer {key}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
    delays = []
    while b"[DONE]" not in (chunk := await reader.read(65_536)):
        now = time.monotonic_ns()
        if not chunk:
            raise RuntimeError("the stream was cut")
        delays += [(now - int(each)) / 1e6 for each in STAMP.findall(chunk)]
    writer.close()
    return delays


async def measure(port: int, path: str, host: str, key: str, streams: int) -> list[float]:
    found = await asyncio.gather(*[listen(port, path, host, key) for _ in range(streams)])
    return sorted(delay for delays in found for delay in delays)


def told(name: str, delays: list[float]) -> str:
    p99 = delays[int(len(delays) * 0.99)]
    return (
        f"{name}: {len(delays)} chunks, delay p50 {statistics.median(delays):.2f} ms,"
        f" p99 {p99:.2f} ms, max {delays[-1]:.2f} ms"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=200)
    parser.add_argument("--chunks", type=int, default=50)
    parser.add_argument("--gap-ms", type=int, default=50)
    options = parser.parse_args()
    upstream = Stamping(options.chunks, options.gap_ms / 1000)
    with (
        upstream.running(),
        cluster(relays=1, more=CATALOG.format(port=upstream.port), LOG_LEVEL="WARNING") as made,
    ):
        (customer,) = made.customers(1, amount="1000.00")
        url = made.relays[0][1]
        host = url.split("/")[2]
        relay_port = int(host.rpartition(":")[2])
        for _ in range(2):
            direct = asyncio.run(measure(upstream.port, "/", "x", "x", options.streams))
            path = "/v1/chat/completions"
            ours = asyncio.run(measure(relay_port, path, host, customer.secret, options.streams))
            print(told("direct", direct))
            print(told("through the relay", ours), flush=True)
            late = sum(delay > options.gap_ms for delay in ours)
            print(f"chunks that left after the next one had come: {late}")


if __name__ == "__main__":
    main()
