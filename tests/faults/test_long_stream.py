"""Acceptance 11: a stream that outgrows its Hold is paid for as it grows, or cut; never for free.

The upstream here ignores the output cap, which the demo upstream never does.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from tests.faults.calls import Answer, body, call, posted_record
from tests.faults.cluster import READY_S, UPSTREAM_KEY, Cluster, Customer
from tests.patience import promised

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]

OUTPUT_NANOS = 100_000  # a token at 100.00 a million
CAP = 100
CLOSED_S = promised(1.0)


@dataclass
class Rogue:
    """Streams `tokens` words, whatever it was asked for; then the end, without usage."""

    tokens: int = 0
    sent: int = 0
    gone: asyncio.Event = field(default_factory=asyncio.Event)  # its client closed early

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1])
            for line in head.splitlines()
            if line.lower().startswith(b"content-length")
        )
        await reader.readexactly(length)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        self.sent = 0
        try:
            while self.sent < self.tokens:
                self.sent += 1
                writer.write(_frame({"content": " word"}, None))
                await writer.drain()
            writer.write(_frame({}, "stop") + b"data: [DONE]\n\n")
            await writer.drain()
        except ConnectionError:
            self.gone.set()
        finally:
            writer.close()


def _frame(delta: dict[str, str], finish_reason: str | None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    chunk = {"id": "c", "object": "chat.completion.chunk", "model": "rogue", "choices": [choice]}
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


@asynccontextmanager
async def _rogue(deployment: Cluster, tokens: int) -> AsyncIterator[Rogue]:
    """On sale as the model `rogue`."""
    rogue = Rogue(tokens)
    server = await asyncio.start_server(rogue.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    text = f"""
upstreams:
  - id: rogue
    dialect: openai
    base_url: "http://127.0.0.1:{port}/v1"
    credential: {UPSTREAM_KEY}
models:
  - id: rogue
    max_output_tokens: 4096
    context_tokens: 100000
    price: {{input: "1.00", output: "100.00"}}
    routes: [{{upstream: rogue, name: rogue}}]
"""
    await asyncio.to_thread(deployment.apply, text)
    try:
        yield rogue
    finally:
        server.close()


async def _ask(deployment: Cluster, customer: Customer) -> Answer:
    """One stream, as soon as the relay sells the model at the upstream's new address."""
    request = body("rogue", "", stream=True, max_tokens=CAP)
    async with asyncio.timeout(READY_S):
        while True:
            answer = await call(deployment.relays[0][1], customer, request)
            if answer.status == 200:
                return answer
            await asyncio.sleep(0.05)


def _words(answer: Answer) -> int:
    return sum("word" in str(event) for event in answer.events)


async def test_a_stream_that_outgrows_the_balance_is_cut_and_paid_to_the_last_token(
    deployment: Cluster,
) -> None:
    # The second customer's money is nobody's to take, though the same relay holds it.
    customer, other = await asyncio.to_thread(deployment.customers, 2, amount="0.20")
    async with _rogue(deployment, tokens=1_000_000) as rogue:
        answer = await _ask(deployment, customer)
        async with asyncio.timeout(CLOSED_S):
            await rogue.gone.wait()

    assert not answer.is_done
    assert answer.events[-1]["error"]["code"] == "credit_balance_exhausted"
    row = await posted_record(deployment, answer.request_id)
    assert (row["ending"], row["error_code"]) == ("cut", "credit_balance_exhausted")
    assert row["written_off_nanos"] == 0
    assert row["output_tokens"] == _words(answer)
    assert row["charge_nanos"] == row["input_tokens"] * 1_000 + _words(answer) * OUTPUT_NANOS
    # What is left pays for no chunk more: a chunk from the socket holds some hundred tokens.
    assert 0.5 < row["charge_nanos"] / 200_000_000 <= 1.0
    await asyncio.to_thread(deployment.settled_audit)
    balances = deployment.query(
        "SELECT organization_id, balance_nanos FROM billing_ledgeraccount"  # noqa: S608
        f" WHERE organization_id IN ('{customer.organization}', '{other.organization}')"
    )
    assert dict(balances) == {
        customer.organization: 200_000_000 - row["charge_nanos"],
        other.organization: 200_000_000,
    }
