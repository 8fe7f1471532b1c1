"""Fifty calls of a real model: what customers are debited is what the model's own server counted,
at the set prices, to the nano."""

import asyncio
import time
from typing import Any

import openai
import pytest

from tests.faults.cluster import Cluster, Customer
from tests.real.books import CREDIT, Seen, assert_booked, tell
from tests.real.llama import Llama

pytest.importorskip("xllamacpp", reason="make test-real installs the small model")
pytestmark = [pytest.mark.real, pytest.mark.timeout(1200)]

CALLS = 50
# The server has two slots; more would only wait.
AT_ONCE = 2
PROMPTS = (
    "Name three fruits.",
    "Write one line about the sea.",
    "用一句话介绍北京。",
    "Zähle bis fünf. 🙂",
    "What is 17 plus 25? " + "Think about it slowly. " * 8,
)


def _request(number: int) -> dict[str, Any]:
    """The number-th of the calls: half are streamed, each fifth wants JSON."""
    prompt = PROMPTS[number % len(PROMPTS)]
    request: dict[str, Any] = {
        "model": "gemma",
        "messages": [{"role": "user", "content": prompt}],
        "max_tokens": (4, 8, 12, 20)[number % 4],
        "temperature": 0.8,
        "seed": number,
        "stream": number % 2 == 1,
    }
    if request["stream"]:
        request["stream_options"] = {"include_usage": True}
    if number % 5 == 3:
        request["response_format"] = {"type": "json_object"}
    if number % 7 == 0:
        request["messages"].insert(0, {"role": "system", "content": "Answer briefly."})
    return request


async def _ask(client: openai.AsyncOpenAI, number: int) -> Seen:
    request = _request(number)
    raw = await client.chat.completions.with_raw_response.create(**request)
    answer = raw.parse()
    if request["stream"]:
        chunks = [chunk async for chunk in answer]
        usage = chunks[-1].usage
        deltas = [choice.delta.content for chunk in chunks for choice in chunk.choices]
        text = "".join(delta or "" for delta in deltas)
    else:
        usage, text = answer.usage, answer.choices[0].message.content or ""
    details = usage.prompt_tokens_details
    cached = (details.cached_tokens if details else None) or 0
    tokens = {
        "input": usage.prompt_tokens - cached,
        "cached_input": cached,
        "output": usage.completion_tokens,
    }
    return Seen(raw.headers["x-request-id"], tokens, text)


async def _ask_all(urls: list[str], customer: Customer) -> list[Seen]:
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(client: openai.AsyncOpenAI, number: int) -> Seen:
        async with slots:
            return await _ask(client, number)

    async with (
        openai.AsyncOpenAI(base_url=urls[0], api_key=customer.secret, max_retries=0) as first,
        openai.AsyncOpenAI(base_url=urls[1], api_key=customer.secret, max_retries=0) as second,
    ):
        clients = (first, second)
        return await asyncio.gather(*[one(clients[n // 2 % 2], n) for n in range(CALLS)])


async def test_fifty_calls_are_debited_by_the_models_own_count(
    deployment: Cluster, model: Llama, capsys: pytest.CaptureFixture[str]
) -> None:
    (customer,) = await asyncio.to_thread(deployment.customers, 1, amount=CREDIT)
    before, began_at = model.counted(), time.monotonic()
    seen = await _ask_all([url for _, url in deployment.relays], customer)
    seconds = round(time.monotonic() - began_at)
    counted = model.counted_since(before)
    # Asked directly, this server also streams no text for some of its JSON answers.
    without_text = [_request(number) for number, each in enumerate(seen) if not each.text]
    assert all(request["stream"] and "response_format" in request for request in without_text)
    nanos = await asyncio.to_thread(assert_booked, deployment, customer, seen, counted)
    assert counted["cached_input"] > 0, "the prompt cache was never used: no test of its price"
    tell(capsys, calls=len(seen), **counted, nanos=nanos, seconds=seconds)
