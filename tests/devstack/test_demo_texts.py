"""The demo upstream's smaller text endpoints answer the official SDK as OpenAI would."""

import base64
import math
import struct
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest

from devstack.demo_upstream.errors import LEAK_MARK
from devstack.demo_upstream.server import Running, running


@pytest.fixture(scope="module")
def upstream() -> Iterator[Running]:
    with running() as upstream:
        yield upstream


@pytest.fixture
def client(upstream: Running) -> Iterator[openai.OpenAI]:
    upstream.clear()
    with openai.OpenAI(base_url=upstream.base_url, api_key="any", max_retries=0) as client:
        yield client


def post(upstream: Running, path: str, **body: Any) -> httpx.Response:
    return httpx.post(f"{upstream.base_url}/{path}", json=body, trust_env=False)


@pytest.mark.parametrize(
    ("model", "asked", "dimensions"),
    [
        ("text-embedding-3-small", None, 1536),
        ("text-embedding-3-large", None, 3072),
        ("text-embedding-3-large", 256, 256),
    ],
)
def test_embedding_is_a_unit_vector_of_its_text(
    client: openai.OpenAI, model: str, asked: int | None, dimensions: int
) -> None:
    more = {} if asked is None else {"dimensions": asked}
    answer = client.embeddings.create(
        model=model, input=["a cat", "a dog", "a cat"], encoding_format="float", **more
    )
    first, second, third = [each.embedding for each in answer.data]
    assert len(first) == dimensions
    assert math.isclose(math.sqrt(sum(value * value for value in first)), 1, abs_tol=1e-6)
    assert first == third != second
    assert answer.usage.prompt_tokens == answer.usage.total_tokens == 6


def test_base64_embedding_holds_the_same_floats(upstream: Running) -> None:
    body = {"model": "text-embedding-3-small", "input": "a cat", "dimensions": 8}
    floats = post(upstream, "embeddings", **body).json()["data"][0]["embedding"]
    packed = post(upstream, "embeddings", **body, encoding_format="base64").json()
    assert list(struct.unpack("<8f", base64.b64decode(packed["data"][0]["embedding"]))) == floats


def test_embedding_of_token_ids_counts_the_ids(client: openai.OpenAI) -> None:
    for ids, inputs in ([1, 2, 3], 1), ([[1, 2], [3]], 2):
        answer = client.embeddings.create(model="text-embedding-3-small", input=ids)
        assert (len(answer.data), answer.usage.total_tokens) == (inputs, 3)


@pytest.mark.parametrize(
    "body",
    [
        {"input": ""},
        {"input": []},
        {"input": ["a", 1]},
        {"input": "a", "dimensions": 0},
        {"input": "a", "dimensions": 4, "model": "text-embedding-ada-002"},
        {"input": "a", "encoding_format": "hex"},
        {"input": "word " * 9000},
    ],
    ids=["empty", "none", "mixed", "no dimensions", "fixed dimensions", "format", "too long"],
)
def test_wrong_embeddings_request_is_refused(upstream: Running, body: dict[str, Any]) -> None:
    response = post(upstream, "embeddings", **{"model": "text-embedding-3-small", **body})
    assert response.status_code == 400
    assert response.json()["error"]["type"] == "invalid_request_error"
    assert response.json()["error"]["param"]


def test_completion_answers_each_prompt_n_times(client: openai.OpenAI) -> None:
    answer = client.completions.create(model="m", prompt=["one", "two"], n=2, logprobs=2)
    assert [choice.index for choice in answer.choices] == [0, 1, 2, 3]
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 4 * 16  # the vendor's own default
    assert {choice.finish_reason for choice in answer.choices} == {"length"}
    found = answer.choices[0].logprobs
    assert found is not None
    assert found.tokens is not None
    assert "".join(found.tokens) == answer.choices[0].text
    assert found.text_offset is not None
    assert found.text_offset[:2] == [0, len(found.tokens[0])]


def test_streamed_completion_says_the_same_with_its_echo(client: openai.OpenAI) -> None:
    asked: dict[str, Any] = {"model": "m", "prompt": "Once upon", "echo": True, "max_tokens": 5}
    whole = client.completions.create(**asked)
    options = {"include_usage": True}
    chunks = list(client.completions.create(**asked, stream=True, stream_options=options))
    *deltas, last = chunks
    assert "".join(chunk.choices[0].text for chunk in deltas) == whole.choices[0].text
    assert whole.choices[0].text.startswith("Once upon")
    assert last.usage == whole.usage
    assert deltas[-1].choices[0].finish_reason == "length"


def test_moderation_flags_plain_words(client: openai.OpenAI) -> None:
    answer = client.moderations.create(input=["a nice day", "I will kill it"])
    assert [result.flagged for result in answer.results] == [False, True]
    assert answer.results[1].categories.violence
    assert answer.results[1].category_scores.violence > 0.5
    assert answer.results[1].category_applied_input_types.violence == ["text"]


def test_moderation_takes_parts_as_one_input(client: openai.OpenAI) -> None:
    parts: Any = [
        {"type": "text", "text": "kill"},
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
    ]
    (result,) = client.moderations.create(input=parts).results
    assert result.category_applied_input_types.violence == ["text", "image"]


def test_rerank_sorts_by_shared_words(upstream: Running) -> None:
    documents = ["a snake", "machine learning is fun", {"text": "learning"}]
    body = post(
        upstream,
        "rerank",
        model="rerank-v1",
        query="machine learning",
        documents=documents,
        top_n=2,
        return_documents=True,
    ).json()
    assert [result["index"] for result in body["results"]] == [1, 2]
    first, second = (result["relevance_score"] for result in body["results"])
    assert 1 > first > second > 0
    assert body["results"][0]["document"] == {"text": "machine learning is fun"}
    assert body["usage"]["total_tokens"] == upstream.calls()[-1]["prompt_tokens"] > 0


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("embeddings", "input"),
        ("completions", "prompt"),
        ("moderations", "input"),
        ("rerank", "query"),
    ],
)
def test_faults_strike_on_every_route(upstream: Running, path: str, field: str) -> None:
    more = {"documents": ["a"]} if path == "rerank" else {}
    response = post(upstream, path, model="m", **{field: "[[demo: fault=429]]"}, **more)
    assert response.status_code == 429
    assert response.headers["retry-after"] == "2"
    assert LEAK_MARK in response.json()["error"]["message"]
    cut = {"model": "m+fault=cut", field: "hello", **more}
    with pytest.raises(httpx.RemoteProtocolError):
        post(upstream, path, **cut)


def test_usage_is_summed_by_route_and_ending(upstream: Running) -> None:
    upstream.clear()
    for _ in range(2):
        post(upstream, "embeddings", model="m+prompt_tokens=10+cached=4", input="hello")
    post(upstream, "completions", model="m+tokens=5+reasoning=3", prompt="hello")
    post(upstream, "embeddings", model="m", input=[])
    routes = upstream.routes()
    assert routes["embeddings"]["completed"]["calls"] == 2
    assert routes["embeddings"]["completed"]["input_tokens"] == 12
    assert routes["embeddings"]["completed"]["cached_input_tokens"] == 8
    assert routes["embeddings"]["refused"] == {"calls": 1}
    assert routes["completions"]["completed"]["output_tokens"] == 8
    assert routes["completions"]["completed"]["reasoning_tokens"] == 3
