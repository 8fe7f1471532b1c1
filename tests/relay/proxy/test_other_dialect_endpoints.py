"""Responses and Gemini at the door: each passes through to its own kind and is translated to
others, streams in either of Google's framings, and is metered by the upstream's figures."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from devstack.demo_upstream.server import Running
from relay.proxy.dialect import Dialect
from relay.proxy.types import Ending
from relay.proxy.wire import Kind, Quirks, wire
from tests.relay.proxy.fakes import MODEL, SECRET, Exchange, House, house, route

WIRES = {
    "chat": wire(Kind.OPENAI, b"sk-upstream", Quirks()),
    "responses": wire(Kind.OPENAI, b"sk-upstream", Quirks(speaks=(Dialect.RESPONSES,))),
    "messages": wire(Kind.ANTHROPIC, b"sk-upstream", Quirks()),
    "gemini": wire(Kind.GEMINI, b"sk-upstream", Quirks()),
}
CONTENTS = [{"role": "user", "parts": [{"text": "hello"}]}]


@pytest.fixture(params=WIRES)
async def any_kind(request: pytest.FixtureRequest, one: Running) -> AsyncIterator[House]:
    """One upstream of each dialect in turn."""
    async with house(route(one.base_url, "one", wire=WIRES[request.param])) as made:
        yield made


async def respond(relay: House, **body: Any) -> Exchange:
    content = msgspec.json.encode({"model": MODEL, "input": "hello"} | body)
    return await relay.request(path="/v1/responses", body=[content]).begin().finish()


async def generate(relay: House, operation: str, query: bytes = b"", **body: Any) -> Exchange:
    needs_contents = "mbed" not in operation
    content = msgspec.json.encode(({"contents": CONTENTS} if needs_contents else {}) | body)
    path = f"/v1beta/models/{MODEL}:{operation}"
    headers = {"authorization": "", "x-goog-api-key": SECRET}
    exchange = relay.request(path=path, headers=headers, body=[content])
    exchange.ask(query)
    return await exchange.begin().finish()


def is_metered(relay: House) -> bool:
    end = relay.end
    has_figures = end.usage is not None and end.usage.output_tokens > 0
    return has_figures and end.usage is not None and not end.usage.is_estimated


async def test_a_response_is_answered_and_metered(any_kind: House) -> None:
    answer = await respond(any_kind)
    assert answer.status == 200
    shown = answer.json()
    assert (shown["object"], shown["status"], shown["model"]) == ("response", "completed", MODEL)
    assert is_metered(any_kind)


async def test_a_responses_stream_is_completed_after_the_debit(any_kind: House) -> None:
    answer = await respond(any_kind, stream=True)
    kinds = [msgspec.json.decode(each)["type"] for each in data_of(answer.body)]
    assert (kinds[0], kinds[-1]) == ("response.created", "response.completed")
    assert "response.output_text.delta" in kinds
    assert any_kind.journal.index("settled") == len(any_kind.journal) - 2
    assert is_metered(any_kind)


async def test_gemini_content_is_generated_and_metered(any_kind: House) -> None:
    answer = await generate(any_kind, "generateContent")
    assert answer.status == 200
    shown = answer.json()
    assert shown["candidates"][0]["content"]["parts"][0]["text"]
    assert shown["modelVersion"] == MODEL
    assert is_metered(any_kind)


async def test_a_gemini_stream_is_events_to_those_who_ask(any_kind: House) -> None:
    answer = await generate(any_kind, "streamGenerateContent", b"alt=sse")
    chunks = [msgspec.json.decode(each) for each in data_of(answer.body)]
    assert chunks[-1]["candidates"][0]["finishReason"] == "STOP"
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert is_metered(any_kind)


async def test_a_gemini_stream_is_one_json_array_to_others(any_kind: House) -> None:
    answer = await generate(any_kind, "streamGenerateContent")
    chunks = answer.json()
    assert chunks[-1]["candidates"][0]["finishReason"] == "STOP"
    assert answer.headers["content-type"].startswith("application/json")
    assert any_kind.end.ending is Ending.COMPLETED


async def test_errors_of_gemini_are_in_googles_shape(any_kind: House) -> None:
    answer = await generate(any_kind, "generateContent", contents=[])
    assert (answer.status, answer.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert all(end.usage is None for end in any_kind.gate.ended)


EMBEDS = {"chat", "gemini"}


@pytest.fixture(params=sorted(EMBEDS))
async def embedder(request: pytest.FixtureRequest, one: Running) -> AsyncIterator[House]:
    """An upstream that embeds, of either kind."""
    async with house(route(one.base_url, "one", wire=WIRES[request.param])) as made:
        yield made


async def test_one_content_is_embedded_wherever(embedder: House) -> None:
    answer = await generate(
        embedder, "embedContent", content={"parts": [{"text": "hello"}]}, outputDimensionality=8
    )
    assert answer.status == 200
    assert len(answer.json()["embedding"]["values"]) == 8
    assert embedder.end.usage is not None
    assert (embedder.end.usage.output_tokens, embedder.end.status) == (0, 200)


async def test_a_batch_is_embedded_in_its_order(embedder: House) -> None:
    wanted = [{"content": {"parts": [{"text": text}]}} for text in ("one", "two", "one")]
    answer = await generate(embedder, "batchEmbedContents", requests=wanted)
    first, second, third = [each["values"] for each in answer.json()["embeddings"]]
    assert first == third != second


async def test_what_only_google_can_embed_is_refused_by_name(one: Running) -> None:
    async with house(route(one.base_url, "one", wire=WIRES["chat"])) as plain:
        answer = await generate(
            plain, "embedContent", content={"parts": [{"text": "x"}]}, taskType="CLUSTERING"
        )
        assert answer.status == 400
        assert "taskType" in answer.json()["error"]["message"]


async def test_tokens_are_counted_for_nothing(any_kind: House) -> None:
    answer = await generate(any_kind, "countTokens")
    assert answer.json()["totalTokens"] > 0
    assert all(end.usage is None for end in any_kind.gate.ended)


async def test_google_lists_models_in_its_own_shape(any_kind: House) -> None:
    headers = {"authorization": "", "x-goog-api-key": SECRET}
    for path in ("/v1beta/models", "/v1/models"):
        exchange = any_kind.request(method="GET", path=path, headers=headers)
        shown = (await exchange.begin().finish()).json()
        assert shown["models"][0]["name"] == f"models/{MODEL}"


def data_of(body: bytes) -> list[bytes]:
    lines = body.replace(b"\r\n", b"\n").split(b"\n")
    return [line[6:] for line in lines if line.startswith(b"data: ")]
