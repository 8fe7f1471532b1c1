"""The demo upstream's Responses: the object, every event in its order, and what is stored."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest

from devstack.demo_upstream.errors import LEAK_MARK
from devstack.demo_upstream.server import Running, running
from devstack.demo_upstream.wording import NOTICE

WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "Tells how warm it is.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
    },
}
STOCKS = {"type": "function", "name": "stock_price", "parameters": {"type": "object"}}


@pytest.fixture(scope="module")
def upstream() -> Iterator[Running]:
    with running() as upstream:
        yield upstream


@pytest.fixture
def client(upstream: Running) -> Iterator[Any]:
    upstream.clear()
    with openai.OpenAI(base_url=upstream.base_url, api_key="any", max_retries=0) as client:
        yield client


def ask(client: Any, prompt: Any = "Hello", **more: Any) -> Any:
    return client.responses.create(model="m", input=prompt, **more)


def post(upstream: Running, **body: Any) -> httpx.Response:
    url = f"{upstream.base_url}/responses"
    return httpx.post(url, json={"model": "m", "input": "Hello", **body}, trust_env=False)


def kinds(events: list[Any]) -> list[str]:
    """The events' types without repetition."""
    found = [event.type.removeprefix("response.") for event in events]
    return [kind for number, kind in enumerate(found) if found[number - 1 : number] != [kind]]


def test_response_says_the_notice_and_counts(client: Any, upstream: Running) -> None:
    answer = ask(client, "[[demo: reasoning=4 prompt_tokens=100 cached=30]]", instructions="Be")
    assert answer.status == "completed"
    assert answer.output_text.startswith(NOTICE)
    assert [item.type for item in answer.output] == ["reasoning", "message"]
    assert answer.usage.input_tokens_details.cached_tokens == 30
    assert answer.usage.output_tokens_details.reasoning_tokens == 4
    counted = upstream.routes()["responses"]["completed"]
    assert counted["input_tokens"] + counted["cached_input_tokens"] == answer.usage.input_tokens
    assert counted["output_tokens"] == answer.usage.output_tokens


def test_text_stream_has_every_event_in_order(client: Any) -> None:
    events = list(ask(client, "[[demo: tokens=3 reasoning=2]]", stream=True, reasoning=SUMMARY))
    assert kinds(events) == [
        "created",
        "in_progress",
        "output_item.added",
        "reasoning_summary_part.added",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.done",
        "reasoning_summary_part.done",
        "output_item.done",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    last = events[-1].response
    assert text == last.output_text == "one two three"
    assert last.usage.output_tokens == 5


SUMMARY: Any = {"effort": "low", "summary": "auto"}


def test_parallel_calls_stream_like_the_whole_ones(client: Any) -> None:
    prompt = "The weather in Paris, and the stock price"
    whole = ask(client, prompt, tools=[WEATHER, STOCKS])
    assert [item.name for item in whole.output] == ["get_weather", "stock_price"]
    assert json.loads(whole.output[0].arguments) == {"city": "Paris"}
    events = list(ask(client, prompt, tools=[WEATHER, STOCKS], stream=True))
    assert kinds(events)[2:6] == [
        "output_item.added",
        "function_call_arguments.delta",
        "function_call_arguments.done",
        "output_item.done",
    ]
    assert events[-1].response.output == whole.output
    assert events[-1].response.usage == whole.usage


def test_results_and_sealed_reasoning_come_back(client: Any) -> None:
    prompt = "the weather in Paris"
    more: dict[str, Any] = {"tools": [WEATHER], "reasoning": SUMMARY, "store": False}
    first = ask(client, prompt, include=["reasoning.encrypted_content"], **more)
    reasoning, call = first.output
    asked: list[Any] = [
        {"role": "user", "content": prompt},
        reasoning.model_dump(exclude_none=True),
        call.model_dump(exclude_none=True),
        {"type": "function_call_output", "call_id": call.call_id, "output": "21 degrees"},
    ]
    assert "21 degrees" in ask(client, asked, **more).output_text
    asked[1]["encrypted_content"] = "other"
    with pytest.raises(openai.BadRequestError) as caught:
        ask(client, asked, **more)
    assert caught.value.code == "invalid_encrypted_content"


def test_incomplete_says_why(client: Any) -> None:
    events = list(ask(client, max_output_tokens=16, stream=True))
    assert events[-1].type == "response.incomplete"
    assert events[-1].response.incomplete_details.reason == "max_output_tokens"
    assert events[-1].response.usage.output_tokens == 16
    filtered = ask(client, "[[demo: finish=content_filter]]")
    assert filtered.incomplete_details.reason == "content_filter"


def test_failed_response_has_no_usage(client: Any) -> None:
    events = list(ask(client, "[[demo: fault=failed tokens=2]]", stream=True))
    assert events[-1].type == "response.failed"
    failed = events[-1].response
    assert LEAK_MARK in failed.error.message
    assert (failed.status, failed.usage) == ("failed", None)


def test_stored_response_is_found_continued_and_deleted(client: Any) -> None:
    first = ask(client, "one")
    assert client.responses.retrieve(first.id).output_text == first.output_text
    second = ask(client, "two", previous_response_id=first.id)
    assert second.usage.input_tokens > first.usage.input_tokens + first.usage.output_tokens
    listed = client.responses.input_items.list(second.id, order="asc")
    assert [item.role for item in listed] == ["user", "assistant", "user"]
    client.responses.delete(first.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(first.id)
    with pytest.raises(openai.BadRequestError) as caught:
        ask(client, "three", previous_response_id=first.id)
    assert caught.value.code == "previous_response_not_found"


def test_response_that_is_not_stored_is_not_found(client: Any) -> None:
    answer = ask(client, store=False)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(answer.id)


@pytest.mark.parametrize(
    "body",
    [
        {"input": []},
        {"messages": []},
        {"max_output_tokens": 5},
        {"input": [{"role": "tool", "content": "a"}]},
        {"input": [{"role": "user", "content": [{"type": "text", "text": "a"}]}]},
        {"input": [{"role": "assistant", "content": [{"type": "input_text", "text": "a"}]}]},
        {"input": [{"type": "function_call_output", "call_id": "x", "output": "a"}]},
        {"input": [{"type": "function_call", "call_id": "x", "name": "a", "arguments": "{}"}]},
        {"tools": [{"type": "function", "function": {"name": "a"}}]},
        {"text": {"format": {"type": "json_schema", "schema": {}}}},
        {"temperature": 3},
    ],
    ids=str,
)
def test_wrong_request_is_refused(upstream: Running, body: dict[str, Any]) -> None:
    response = post(upstream, **body)
    assert response.status_code == 400
    assert response.json()["error"]["type"] == "invalid_request_error"


def test_error_event_stands_where_the_stream_breaks(upstream: Running) -> None:
    response = post(upstream, model="m+fault=error-event+after=1+tokens=3", stream=True)
    *_, last = response.text.strip().split("\n\n")
    name, _, data = last.partition("\n")
    assert name == "event: error"
    assert LEAK_MARK in json.loads(data.removeprefix("data: "))["message"]
    assert "response.completed" not in response.text


def test_usage_can_be_left_out(upstream: Running) -> None:
    assert "usage" not in post(upstream, model="m+fault=no-usage").json()
