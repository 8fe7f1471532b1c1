"""The demo upstream's Messages endpoint is as strict and as exact as Anthropic's."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from devstack.demo_upstream import tokens
from devstack.demo_upstream.errors import LEAK_MARK
from devstack.demo_upstream.exchange import Options
from devstack.demo_upstream.server import Running, running
from devstack.demo_upstream.wording import NOTICE

KEY = "upstream-key"
HEADERS = {"x-api-key": KEY, "anthropic-version": "2023-06-01"}
WEATHER = {
    "name": "get_weather",
    "description": "Tells how warm it is.",
    "input_schema": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
    },
}
STOCKS = {"name": "stock_price", "input_schema": {"type": "object"}}


@pytest.fixture(scope="module")
def upstream() -> Iterator[Running]:
    with running(Options(api_key=KEY)) as upstream:
        yield upstream


def post(upstream: Running, content: Any = "Hello", path: str = "", **more: Any) -> httpx.Response:
    messages = [{"role": "user", "content": content}]
    body = {"model": "claude", "max_tokens": 4096, "messages": messages, **more}
    url = f"{upstream.base_url}/messages{path}"
    return httpx.post(url, json=body, headers=HEADERS, trust_env=False)


def events(response: httpx.Response) -> list[tuple[str, Any]]:
    found = []
    for block in response.text.strip().split("\n\n"):
        event, _, data = block.partition("\n")
        found.append((event.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    assert all(name == data["type"] for name, data in found)
    return found


def test_message_has_the_published_fields(upstream: Running) -> None:
    body = post(upstream, "What is the capital of France?").json()
    (block,) = body["content"]
    assert body["type"], body["role"] == ("message", "assistant")
    assert block["text"].startswith(NOTICE)
    assert (body["stop_reason"], body["stop_sequence"]) == ("end_turn", None)
    assert body["usage"]["output_tokens"] == tokens.count(block["text"])


def test_cache_tokens_stand_beside_the_input(upstream: Running) -> None:
    upstream.clear()
    order = "[[demo: tokens=3 prompt_tokens=100 cached=40 cache_write=10 cache_write_1h=5]]"
    usage = post(upstream, order).json()["usage"]
    assert usage == {
        "input_tokens": 45,
        "cache_creation_input_tokens": 15,
        "cache_read_input_tokens": 40,
        "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 5},
        "output_tokens": 3,
        "service_tier": "standard",
    }
    assert upstream.routes()["messages"]["completed"] == {
        "calls": 1,
        "input_tokens": 45,
        "cached_input_tokens": 40,
        "output_tokens": 3,
        "reasoning_tokens": 0,
        "cache_write_5m": 10,
        "cache_write_1h": 5,
    }


def test_marked_prompt_is_written_to_the_cache_up_to_the_mark(upstream: Running) -> None:
    mark = {"type": "ephemeral", "ttl": "1h"}
    system = [{"type": "text", "text": "one two three", "cache_control": mark}]
    usage = post(upstream, "four", system=system).json()["usage"]
    assert usage["cache_creation"]["ephemeral_1h_input_tokens"] == 3 + tokens.MESSAGE_TOKENS
    assert usage["input_tokens"] == 1 + tokens.MESSAGE_TOKENS


def test_stream_has_the_published_events_in_order(upstream: Running) -> None:
    found = events(post(upstream, "[[demo: tokens=2 reasoning=2]]", stream=True))
    assert [name for name, _ in found] == [
        "message_start",
        "ping",
        "content_block_start",
        "content_block_delta",
        "content_block_delta",
        "content_block_delta",
        "content_block_stop",
        "content_block_start",
        "content_block_delta",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    deltas = [data["delta"]["type"] for name, data in found if name == "content_block_delta"]
    assert deltas == [*["thinking_delta"] * 2, "signature_delta", *["text_delta"] * 2]
    assert found[0][1]["message"]["content"] == []
    assert found[-2][1]["delta"] == {"stop_reason": "end_turn", "stop_sequence": None}
    assert found[-2][1]["usage"]["output_tokens"] == 4


def test_streamed_tool_calls_join_to_the_whole_ones(upstream: Running) -> None:
    asked: dict[str, Any] = {"tools": [WEATHER, STOCKS]}
    prompt = "The weather in Paris, and the stock price"
    whole = post(upstream, prompt, **asked).json()
    assert [block["name"] for block in whole["content"]] == ["get_weather", "stock_price"]
    assert whole["content"][0]["input"] == {"city": "Paris"}
    assert whole["stop_reason"] == "tool_use"
    found = events(post(upstream, prompt, stream=True, **asked))
    starts = [data["content_block"] for name, data in found if name == "content_block_start"]
    assert [start["id"] for start in starts] == [block["id"] for block in whole["content"]]
    pieces = [data for name, data in found if name == "content_block_delta"]
    joined = "".join(data["delta"]["partial_json"] for data in pieces if data["index"] == 0)
    assert json.loads(joined) == whole["content"][0]["input"]
    assert found[-2][1]["usage"]["output_tokens"] == whole["usage"]["output_tokens"]


def test_stop_sequence_is_named(upstream: Running) -> None:
    body = post(upstream, stop_sequences=[" upstream"]).json()
    assert (body["stop_reason"], body["stop_sequence"]) == ("stop_sequence", " upstream")


def test_maximum_of_tokens_ends_the_message(upstream: Running) -> None:
    body = post(upstream, max_tokens=5).json()
    assert (body["stop_reason"], body["usage"]["output_tokens"]) == ("max_tokens", 5)


def test_thinking_and_its_signature_come_back_unchanged(upstream: Running) -> None:
    thinking = {"type": "enabled", "budget_tokens": 1024}
    order = "the weather in Paris [[demo: redacted=1]]"
    first = post(upstream, order, thinking=thinking, tools=[WEATHER]).json()
    kinds = [block["type"] for block in first["content"]]
    assert kinds == ["thinking", "redacted_thinking", "tool_use"]
    result = {"type": "tool_result", "tool_use_id": first["content"][2]["id"], "content": "21"}
    turns = [
        {"role": "user", "content": order},
        {"role": "assistant", "content": first["content"]},
        {"role": "user", "content": [result]},
    ]
    more: dict[str, Any] = {"thinking": thinking, "tools": [WEATHER]}
    again = post(upstream, messages=turns, **more)
    assert "The tool answered: 21" in again.json()["content"][-1]["text"]
    first["content"][0]["thinking"] += "!"
    refused = post(upstream, messages=turns, **more)
    assert "Invalid `signature`" in refused.json()["error"]["message"]
    del first["content"][:2]
    assert "must start with a thinking" in post(upstream, messages=turns, **more).text


def test_count_tokens_counts_what_a_message_costs(upstream: Running) -> None:
    counted = post(upstream, "Hello there", "/count_tokens", max_tokens=1).json()
    usage = post(upstream, "Hello there").json()["usage"]
    assert counted == {"input_tokens": usage["input_tokens"]}


def user(*blocks: Any) -> dict[str, Any]:
    return {"role": "user", "content": list(blocks)}


@pytest.mark.parametrize(
    "more",
    [
        {"max_tokens": None},
        {"max_tokens": 0},
        {"messages": []},
        {"messages": [{"role": "system", "content": "a"}]},
        {"messages": [user({"type": "text", "text": ""})]},
        {"messages": [user({"type": "input_text", "text": "a"})]},
        {"messages": [user({"type": "tool_result", "tool_use_id": "x", "content": "a"})]},
        {"messages": [user({"type": "image", "source": {"type": "base64", "data": "a"}})]},
        {"messages": [{"role": "assistant", "content": "a "}]},
        {"temperature": 1.5},
        {"frequency_penalty": 1},
        {"tool_choice": {"type": "any"}},
        {"tools": [{"name": "a"}]},
        {"thinking": {"type": "enabled", "budget_tokens": 5000}},
        {"thinking": {"type": "enabled", "budget_tokens": 1024}, "temperature": 0.5},
        {"stop_sequences": [" "]},
    ],
    ids=str,
)
def test_wrong_request_is_refused_in_anthropics_shape(
    upstream: Running, more: dict[str, Any]
) -> None:
    response = post(upstream, **more)
    assert response.status_code == 400
    assert response.json()["type"] == "error"
    assert response.json()["error"]["type"] == "invalid_request_error"


def test_version_header_and_key_are_required(upstream: Running) -> None:
    url = f"{upstream.base_url}/messages"
    body = {"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": "a"}]}
    without = httpx.post(url, json=body, headers={"x-api-key": KEY}, trust_env=False)
    assert (without.status_code, without.json()["error"]["type"]) == (400, "invalid_request_error")
    bearer = {"Authorization": f"Bearer {KEY}", "anthropic-version": "2023-06-01"}
    wrong = httpx.post(url, json=body, headers=bearer, trust_env=False)
    assert (wrong.status_code, wrong.json()["error"]["type"]) == (401, "authentication_error")


def test_models_have_anthropics_shape_with_its_version_header(upstream: Running) -> None:
    body = httpx.get(f"{upstream.base_url}/models", headers=HEADERS, trust_env=False).json()
    assert body["data"][0]["type"] == "model"
    assert (body["first_id"], body["has_more"]) == ("demo-model", False)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(429, "rate_limit_error"), (500, "api_error"), (529, "overloaded_error")],
)
def test_error_status_has_anthropics_type(upstream: Running, status: int, kind: str) -> None:
    response = post(upstream, f"[[demo: fault={status}]]", stream=True)
    assert response.status_code == status
    assert response.json()["error"]["type"] == kind


def test_error_event_is_overloaded_and_ends_the_stream(upstream: Running) -> None:
    found = events(post(upstream, "[[demo: fault=error-event after=1 tokens=3]]", stream=True))
    name, data = found[-1]
    assert (name, data["error"]["type"]) == ("error", "overloaded_error")
    assert LEAK_MARK in data["error"]["message"]
    assert [name for name, _ in found].count("content_block_delta") == 1


@pytest.mark.parametrize("fault", ["crlf", "comments", "split", "drip pace=0", "empty"])
def test_dressed_stream_still_ends_well(upstream: Running, fault: str) -> None:
    response = post(upstream, f"[[demo: fault={fault} tokens=3]]", stream=True)
    assert response.text.split("\n")[-3].rstrip().endswith('{"type":"message_stop"}')


def test_spoilt_usage(upstream: Running) -> None:
    assert "usage" not in post(upstream, "[[demo: fault=no-usage]]").json()
    assert b"usage" not in post(upstream, "[[demo: fault=no-usage tokens=2]]", stream=True).content
    usage = post(upstream, "[[demo: fault=absurd-usage]]").json()["usage"]
    assert usage["output_tokens"] == 10**15


def test_big_answer_is_counted(upstream: Running) -> None:
    body = post(upstream, "[[demo: size=1000003]]").json()
    assert len(body["content"][0]["text"]) == 1_000_003
    assert body["usage"]["output_tokens"] == 200_003
