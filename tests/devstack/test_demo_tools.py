"""The demo upstream calls the tools that a prompt speaks of, and uses what they answer."""

import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from devstack.demo_upstream.server import Running, running


@pytest.fixture(scope="module")
def upstream() -> Iterator[Running]:
    with running() as upstream:
        yield upstream


@pytest.fixture
def client(upstream: Running) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=upstream.base_url, api_key="any", max_retries=0) as client:
        yield client


def tool(name: str, description: str, argument: str) -> dict[str, Any]:
    parameters = {
        "type": "object",
        "properties": {argument: {"type": "string"}},
        "required": [argument],
    }
    function = {"name": name, "description": description, "parameters": parameters}
    return {"type": "function", "function": function}


WEATHER = tool("get_weather", "Tells how warm it is.", "city")
STOCKS = tool("stock_price", "Looks up a share.", "symbol")


def ask(client: openai.OpenAI, prompt: str, **more: Any) -> Any:
    messages = [{"role": "user", "content": prompt}]
    asked = {"model": "demo-model", "messages": messages, "tools": [WEATHER, STOCKS], **more}
    return client.chat.completions.create(**asked)


def called(answer: Any) -> list[str]:
    return [call.function.name for call in answer.choices[0].message.tool_calls or ()]


def test_tool_that_the_prompt_mentions_is_called(client: openai.OpenAI) -> None:
    answer = ask(client, "What is the weather in Paris?")
    assert called(answer) == ["get_weather"]
    assert answer.choices[0].finish_reason == "tool_calls"
    assert answer.choices[0].message.content is None
    call = answer.choices[0].message.tool_calls[0]
    assert json.loads(call.function.arguments) == {"city": "Paris"}


def test_several_matching_tools_are_called_in_parallel(client: openai.OpenAI) -> None:
    prompt = "The weather in Paris, and the stock price of Acme"
    assert called(ask(client, prompt)) == ["get_weather", "stock_price"]
    assert called(ask(client, prompt, parallel_tool_calls=False)) == ["get_weather"]


def test_qwen_calls_one_tool_at_a_time_unless_told_otherwise(client: openai.OpenAI) -> None:
    prompt = "The weather in Paris, and the stock price of Acme"
    assert called(ask(client, prompt, model="qwen-plus")) == ["get_weather"]
    both = ask(client, prompt, model="qwen-plus", parallel_tool_calls=True)
    assert called(both) == ["get_weather", "stock_price"]


def test_tool_that_a_chinese_prompt_mentions_is_called(client: openai.OpenAI) -> None:
    tools = [tool("now", "获取当前的时间", "zone"), tool("look_up", "获取指定城市的天气", "city")]
    assert called(ask(client, "北京今天天气怎么样?", tools=tools)) == ["look_up"]
    assert called(ask(client, "写一首诗", tools=tools)) == []


def test_tool_choice_decides(client: openai.OpenAI) -> None:
    named = {"type": "function", "function": {"name": "stock_price"}}
    assert called(ask(client, "hello")) == []
    assert called(ask(client, "hello", tool_choice="required")) == ["get_weather"]
    assert called(ask(client, "hello", tool_choice=named)) == ["stock_price"]
    assert called(ask(client, "the weather", tool_choice="none")) == []


def test_unknown_tool_choice_is_refused(client: openai.OpenAI) -> None:
    named = {"type": "function", "function": {"name": "nowhere"}}
    with pytest.raises(openai.BadRequestError):
        ask(client, "hello", tool_choice=named)


def test_streamed_tool_calls_join_to_the_same_calls(client: openai.OpenAI) -> None:
    prompt = "weather and stock in Paris"
    whole = ask(client, prompt)
    chunks = list(ask(client, prompt, stream=True, stream_options={"include_usage": True}))
    arguments: dict[int, str] = defaultdict(str)
    deltas = [d for c in chunks if c.choices for d in c.choices[0].delta.tool_calls or ()]
    for delta in deltas:
        arguments[delta.index] += delta.function.arguments
    expected = [call.function.arguments for call in whole.choices[0].message.tool_calls]
    assert list(arguments.values()) == expected
    assert [d.id for d in deltas if d.id] == [c.id for c in whole.choices[0].message.tool_calls]
    assert chunks[-1].usage.completion_tokens == whole.usage.completion_tokens == len(deltas)
    assert chunks[-2].choices[0].finish_reason == "tool_calls"


def test_tool_result_is_used_in_the_answer(client: openai.OpenAI) -> None:
    asked = {"role": "user", "content": "What is the weather in Paris?"}
    call = ask(client, asked["content"]).choices[0].message
    result = {
        "role": "tool",
        "tool_call_id": call.tool_calls[0].id,
        "content": "21 degrees",
    }
    messages = [asked, call.model_dump(exclude_none=True), result]
    answer = ask(client, "", messages=messages)
    assert called(answer) == []
    assert "21 degrees" in answer.choices[0].message.content


def test_maximum_of_tokens_cuts_the_arguments(client: openai.OpenAI) -> None:
    answer = ask(client, "the weather in Paris", max_tokens=3)
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage.completion_tokens == 3
