"""The same directives do the same on every route and in every dialect."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from devstack.demo_upstream.errors import LEAK_MARK
from devstack.demo_upstream.server import Running, running

USER = {"role": "user", "content": "Hello"}
TURN = {"role": "user", "parts": [{"text": "Hello"}]}

# Route: the path without its host, and the body; `{model}` and "MODEL" stand for the model.
ROUTES: dict[str, tuple[str, dict[str, Any]]] = {
    "chat": ("/v1/chat/completions", {"messages": [USER]}),
    "completions": ("/v1/completions", {"prompt": "Hello"}),
    "embeddings": ("/v1/embeddings", {"input": "Hello"}),
    "moderations": ("/v1/moderations", {"input": "Hello"}),
    "rerank": ("/v1/rerank", {"query": "Hello", "documents": ["Hello"]}),
    "responses": ("/v1/responses", {"input": "Hello"}),
    "images": ("/v1/images/generations", {"prompt": "Hello"}),
    "speech": ("/v1/audio/speech", {"input": "Hello", "voice": "alloy"}),
    "videos": ("/v1/videos", {"prompt": "Hello"}),
    "messages": ("/v1/messages", {"max_tokens": 999, "messages": [USER]}),
    "gemini": ("/v1beta/models/{model}:generateContent", {"contents": [TURN]}),
    "azure": (
        "/openai/deployments/{model}/chat/completions?api-version=2024-10-21",
        {"messages": [USER]},
    ),
}
STREAMS = {
    "chat": ("/v1/chat/completions", {"messages": [USER], "stream": True}),
    "completions": ("/v1/completions", {"prompt": "Hello", "stream": True, "max_tokens": 99}),
    "responses": ("/v1/responses", {"input": "Hello", "stream": True}),
    "messages": ("/v1/messages", {"max_tokens": 999, "messages": [USER], "stream": True}),
    "gemini": ("/v1beta/models/{model}:streamGenerateContent?alt=sse", {"contents": [TURN]}),
    "gemini array": ("/v1beta/models/{model}:streamGenerateContent", {"contents": [TURN]}),
    "azure": (
        "/openai/deployments/{model}/chat/completions?api-version=2024-10-21",
        {"messages": [USER], "stream": True},
    ),
}


@pytest.fixture(scope="module")
def upstream() -> Iterator[Running]:
    with running() as upstream:
        yield upstream


@pytest.fixture(scope="module")
def client(upstream: Running) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=upstream.root_url, trust_env=False) as client:
        yield client


def post(
    client: httpx.Client, route: tuple[str, dict[str, Any]], order: str, *, timeout_s: float = 5
) -> httpx.Response:
    path, body = route
    model = f"m+{order}"
    named = body if "{model}" in path else {"model": model, **body}
    return client.post(
        path.replace("{model}", model),
        json=named,
        headers={"anthropic-version": "2023-06-01"},
        timeout=timeout_s,
    )


@pytest.mark.parametrize("name", ROUTES)
def test_faults_of_a_whole_answer(upstream: Running, client: httpx.Client, name: str) -> None:
    route = ROUTES[name]
    assert post(client, route, "tokens=1").status_code == 200
    limited = post(client, route, "fault=429+retry_after=7")
    assert (limited.status_code, limited.headers["retry-after"]) == (429, "7")
    assert LEAK_MARK in limited.text
    assert post(client, route, "fault=html-200").text.startswith("<!doctype html>")
    with pytest.raises(httpx.RemoteProtocolError):
        post(client, route, "fault=cut")
    with pytest.raises(httpx.ReadError):
        post(client, route, "fault=reset")
    with pytest.raises(httpx.ReadTimeout):
        post(client, route, "fault=silence", timeout_s=0.1)
    assert post(client, route, "fault=drip+pace=0+tokens=1").content
    assert upstream.calls()[-1]["ending"] == "completed"


@pytest.mark.parametrize("name", STREAMS)
def test_faults_of_a_stream(upstream: Running, client: httpx.Client, name: str) -> None:
    route = STREAMS[name]
    upstream.clear()
    for order in ("tokens=6", "fault=split+tokens=6", "fault=comments+tokens=6"):
        assert post(client, route, order).status_code == 200
        call = upstream.calls()[-1]
        assert (call["tokens_sent"], call["ending"]) == (6, "completed")
    with pytest.raises(httpx.RemoteProtocolError):
        post(client, route, "fault=cut+after=2+tokens=6")
    assert upstream.calls()[-1]["tokens_sent"] == 2
    post(client, route, "pace=10+tokens=6")
    assert upstream.calls()[-1]["ended_ms"] >= 40
    spoilt = post(client, route, "fault=absurd-usage+tokens=1")
    has_usage = name not in ("chat", "completions", "azure")  # those were not asked for it
    assert (b"1000000000000000" in spoilt.content) == has_usage
