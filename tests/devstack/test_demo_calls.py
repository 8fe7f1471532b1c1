"""The demo upstream keeps a record of what it saw and delivered, and notices who left when."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from devstack.demo_upstream.calls import COMPLETED, CallBook
from devstack.demo_upstream.exchange import Options
from devstack.demo_upstream.server import Running, running

KEY = "upstream-key"


@pytest.fixture(scope="module")
def upstream() -> Iterator[Running]:
    with running(Options(api_key=KEY)) as upstream:
        yield upstream


@pytest.fixture(autouse=True)
def clear(upstream: Running) -> None:
    upstream.clear()


def body(prompt: str, **more: Any) -> dict[str, Any]:
    return {"model": "demo-model", "messages": [{"role": "user", "content": prompt}], **more}


def post(upstream: Running, prompt: str, key: str = KEY, **more: Any) -> httpx.Response:
    return httpx.post(
        f"{upstream.base_url}/chat/completions",
        json=body(prompt, **more),
        headers={"Authorization": f"Bearer {key}", "X-Acme": "1"},
        trust_env=False,
    )


@asynccontextmanager
async def asking(
    upstream: Running, prompt: str, **more: Any
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", upstream.port)
    content = json.dumps(body(prompt, **more)).encode()
    head = (
        "POST /v1/chat/completions HTTP/1.1\r\nHost: demo\r\n"
        f"Authorization: Bearer {KEY}\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    writer.write(head.encode() + content)
    try:
        yield reader, writer
    finally:
        writer.close()
        await writer.wait_closed()


async def ended(upstream: Running) -> dict[str, Any]:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        last = upstream.calls()[-1:]
        if last and last[0]["ending"] != "open":
            return last[0]
        await asyncio.sleep(0.01)
    raise AssertionError("the call did not end in 5 s")


def test_call_is_recorded_without_its_credential(upstream: Running) -> None:
    answer = post(upstream, "Hello").json()
    (call,) = upstream.calls()
    assert call["body"] == body("Hello")
    assert call["authorized"] is True
    assert "authorization" in call["header_names"]
    assert "x-acme" in call["header_names"]
    assert call["prompt_tokens"] == answer["usage"]["prompt_tokens"]
    assert call["tokens_sent"] == answer["usage"]["completion_tokens"]
    assert call["ending"] == "completed"
    assert KEY not in json.dumps(call)


def test_refused_call_is_recorded(upstream: Running) -> None:
    assert post(upstream, "Hello", key="wrong").status_code == 401
    (call,) = upstream.calls()
    assert (call["authorized"], call["ending"], call["status"]) == (False, "refused", 401)


def test_calls_after_a_sequence_number(upstream: Running) -> None:
    for prompt in ("one", "two", "three"):
        post(upstream, prompt)
    first, *later = upstream.calls()
    assert upstream.calls(after=first["sequence"]) == later
    assert upstream.calls(after=later[-1]["sequence"]) == []


def test_totals_sum_tokens_by_ending(upstream: Running) -> None:
    post(upstream, "[[demo: tokens=10 prompt_tokens=100]]")
    post(upstream, "[[demo: tokens=5 prompt_tokens=50]]")
    post(upstream, "[[demo: fault=500 prompt_tokens=7]]")
    totals = upstream.totals()
    assert totals["completed"]["calls"] == 2
    assert totals["completed"]["prompt_tokens"] == 150
    assert totals["completed"]["tokens_sent"] == 15
    assert totals["fault:500"]["completion_tokens"] == 0


def test_clear_forgets_calls_but_no_number_comes_twice(upstream: Running) -> None:
    post(upstream, "one")
    before = upstream.calls()[-1]["sequence"]
    upstream.clear()
    assert upstream.calls() == []
    assert upstream.totals() == {}
    post(upstream, "two")
    assert upstream.calls()[-1]["sequence"] > before


async def test_client_leaving_a_stream_is_noticed_with_what_it_got(upstream: Running) -> None:
    async with asking(upstream, "[[demo: tokens=500 pace=5]]", stream=True) as (reader, _):
        received = b""
        while received.count(b'"content":" ') < 3:
            received += await asyncio.wait_for(reader.read(65536), 30)
        left_at = time.monotonic()
    call = await ended(upstream)
    assert time.monotonic() - left_at < 1
    assert call["ending"] == "client_closed"
    assert 4 <= call["tokens_sent"] < 500
    assert call["completion_tokens"] == 500
    assert call["client_closed_ms"] > 0


@pytest.mark.parametrize("padding", [0, 200_000], ids=["small body", "large body"])
async def test_client_leaving_before_the_first_byte_is_noticed(
    upstream: Running, padding: int
) -> None:
    async with asking(upstream, "x" * padding + "[[demo: wait=60000]]"):
        deadline = time.monotonic() + 5
        while not (seen := upstream.calls()) or not seen[0]["body_bytes"]:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)
    call = await ended(upstream)
    assert call["ending"] == "client_closed"
    assert call["tokens_sent"] == 0


async def test_client_leaving_a_big_answer_is_noticed(upstream: Running) -> None:
    async with asking(upstream, "[[demo: size=100000000]]") as (reader, _):
        await asyncio.wait_for(reader.readexactly(100_000), 30)
    call = await ended(upstream)
    assert call["ending"] == "client_closed"
    assert 0 < call["bytes_sent"] < 100_000_000


def test_oldest_bodies_are_forgotten_first() -> None:
    book = CallBook(bodies_bytes_max=10)
    for _ in range(3):
        call = book.open([], authorized=True)
        book.keep_body(call, b"[1,2]")
        book.end(call, COMPLETED)
    assert [call["body"] for call in book.after(0)] == [None, [1, 2], [1, 2]]
    assert book.totals()[COMPLETED]["calls"] == 3


def test_ring_keeps_its_bound_and_finds_what_is_left() -> None:
    book = CallBook(calls_max=3)
    for _ in range(5):
        book.end(book.open([], authorized=True), COMPLETED)
    assert [call["sequence"] for call in book.after(0)] == [3, 4, 5]
    assert [call["sequence"] for call in book.after(4)] == [5]
    assert book.totals()[COMPLETED]["calls"] == 5
