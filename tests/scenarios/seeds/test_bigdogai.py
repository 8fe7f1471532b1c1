"""BigDogAI's page: OpenAI's format for Qwen. Each test says for which lines it stands."""

import json
from typing import Any

import httpx
import openai
import pytest

from tests.scenarios.seeds.rows import Row, error_of, message_of, passing, refused
from tests.scenarios.seeds.sellers import Seller, Upstream

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]
SITE = "bigdogai"
INVALID = "invalid_request_error"
QUESTION = [{"role": "user", "content": "解释什么是API网关"}]
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "获取指定城市的天气",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string", "description": "城市名称"}},
            "required": ["city"],
        },
    },
}
ROWS = [
    Row(15, "model", ("qwen-turbo", "qwen-plus"), (7, None, "a\u0000b")),
    Row(
        16,
        "messages",
        (QUESTION, [{"role": "system", "content": "你是专业助手"}, *QUESTION]),
        ([], {}, "你好", [{"content": "你好"}]),
        {3: "messages[0].role"},
    ),
    Row(17, "temperature", (0, 0.7, 1, 2), (-0.1, 2.1, "1")),
    Row(18, "max_tokens", (1, 1000), (0, -5, 1.5, "10")),
    Row(19, "top_p", (0.1, 1), (-0.1, 1.1, [])),
    Row(20, "stream", (True, False), ("yes", 1)),
    Row(
        21,
        "tools",
        ([WEATHER], []),
        ({}, [{"type": "function"}], [{"type": "function", "function": {"name": "a b"}}]),
        {1: "tools[0].function", 2: "tools[0].function.name"},
    ),
    Row(22, "tool_choice", ("auto", "none"), ("maybe", 3)),
    Row(
        23,
        "response_format",
        ({"type": "json_object"}, {"type": "text"}),
        ("json_object", {}),
        {1: "response_format.type"},
    ),
]


def post(curl: httpx.Client, seller: Seller, key: str = "", **body: Any) -> httpx.Response:
    return curl.post(
        f"{seller.base_url}/chat/completions",
        headers={"Authorization": f"Bearer {key or seller.key}"},
        json={"model": "qwen-turbo", "messages": QUESTION, "max_tokens": 20} | body,
    )


@pytest.mark.parametrize(("name", "value"), passing(ROWS))
def test_a_parameter_reaches_the_model_as_it_is(
    curl: httpx.Client, seller: Seller, upstream: Upstream, name: str, value: Any
) -> None:
    assert post(curl, seller, **{name: value}).status_code == 200
    assert upstream.newest()["body"][name] == value


@pytest.mark.parametrize(("name", "value", "param"), refused(ROWS))
def test_a_parameter_that_is_wrong_is_refused_by_its_name(
    curl: httpx.Client, seller: Seller, name: str, value: Any, param: str
) -> None:
    answer = post(curl, seller, **{name: value})
    assert error_of(answer) == (400, INVALID, INVALID, param)
    assert message_of(answer).startswith("请求参数错误：")


@pytest.mark.parametrize("name", ["model", "messages"])
def test_a_required_parameter_that_is_missing_is_named(
    curl: httpx.Client, seller: Seller, name: str
) -> None:
    """Lines 15, 16: 必填."""
    body = {"model": "qwen-turbo", "messages": QUESTION}
    del body[name]
    answer = curl.post(
        f"{seller.base_url}/chat/completions",
        headers={"Authorization": f"Bearer {seller.key}"},
        json=body,
    )
    assert error_of(answer) == (400, INVALID, INVALID, name)
    assert message_of(answer) == f"请求参数错误：缺少必填参数“{name}”。"


def test_required_calls_a_tool_that_nobody_spoke_of(client: openai.OpenAI) -> None:
    """Line 22: required."""
    messages: Any = [{"role": "user", "content": "写一首诗"}]
    tools: Any = [WEATHER]
    answer = client.chat.completions.create(
        model="qwen-plus", messages=messages, tools=tools, tool_choice="required"
    )
    assert answer.choices[0].finish_reason == "tool_calls"


def test_the_request_example(client: openai.OpenAI, upstream: Upstream) -> None:
    """Lines 4, 8, 25-33."""
    response = client.chat.completions.create(
        model="qwen-turbo",
        messages=[
            {"role": "system", "content": "你是专业助手"},
            {"role": "user", "content": "解释什么是API网关"},
        ],
        temperature=0.7,
        max_tokens=1000,
    )
    assert response.choices[0].message.content
    assert response.model == "qwen-turbo"
    assert upstream.newest()["body"] == {
        "model": "qwen-turbo",
        "messages": [
            {"role": "system", "content": "你是专业助手"},
            {"role": "user", "content": "解释什么是API网关"},
        ],
        "temperature": 0.7,
        "max_tokens": 1000,
    }


def test_the_stream_example(client: openai.OpenAI) -> None:
    """Lines 35-43."""
    response = client.chat.completions.create(
        model="qwen-turbo",
        messages=[{"role": "user", "content": "写一首诗"}],
        stream=True,
    )
    pieces = [
        chunk.choices[0].delta.content for chunk in response if chunk.choices[0].delta.content
    ]
    assert len(pieces) > 1


def test_the_function_calling_example(client: openai.OpenAI) -> None:
    """Lines 46-67."""
    tools: Any = [WEATHER]
    response = client.chat.completions.create(
        model="qwen-plus",
        messages=[{"role": "user", "content": "北京今天天气怎么样?"}],
        tools=tools,
        tool_choice="auto",
    )
    (call,) = response.choices[0].message.tool_calls or ()
    assert call.type == "function"
    assert call.function.name == "get_weather"
    assert list(json.loads(call.function.arguments)) == ["city"]


def test_the_json_mode_example(client: openai.OpenAI) -> None:
    """Lines 69-77."""
    response = client.chat.completions.create(
        model="qwen-plus",
        messages=[
            {"role": "system", "content": "请以JSON格式输出"},
            {"role": "user", "content": "列出3个编程语言及其特点"},
        ],
        response_format={"type": "json_object"},
    )
    assert isinstance(json.loads(response.choices[0].message.content or ""), dict)


def test_the_model_list_example(curl: httpx.Client, seller: Seller) -> None:
    """Lines 79-80."""
    answer = curl.get(
        f"{seller.base_url}/models", headers={"Authorization": f"Bearer {seller.key}"}
    )
    assert answer.json()["object"] == "list"
    assert [model["id"] for model in answer.json()["data"]] == ["qwen-plus", "qwen-turbo"]


def test_error_row_400(curl: httpx.Client, seller: Seller) -> None:
    """Line 85."""
    answer = curl.post(
        f"{seller.base_url}/chat/completions",
        headers={"Authorization": f"Bearer {seller.key}"},
        content=b'{"model": ',
    )
    assert error_of(answer) == (400, INVALID, INVALID, None)
    assert message_of(answer) == "请求参数错误：请求正文不是有效的 JSON。"


@pytest.mark.parametrize("headers", [{"Authorization": "Bearer sk-your-api-key"}, {}])
def test_error_row_401(curl: httpx.Client, seller: Seller, headers: dict[str, str]) -> None:
    """Lines 8, 86."""
    body = {"model": "qwen-turbo", "messages": QUESTION}
    answer = curl.post(f"{seller.base_url}/chat/completions", headers=headers, json=body)
    assert error_of(answer) == (401, "authentication_error", "invalid_api_key", None)
    assert message_of(answer).startswith("API Key 无效")


def test_error_row_429(curl: httpx.Client, seller: Seller) -> None:
    """Line 87."""
    refusal = seller.refused_as_too_often(lambda key: post(curl, seller, key))
    assert error_of(refusal) == (429, "rate_limit_error", "rate_limit_exceeded", None)
    assert message_of(refusal) == "请求过于频繁：每分钟 1 次请求。"


def test_error_row_500(curl: httpx.Client, seller: Seller) -> None:
    """Line 88."""
    answer = post(curl, seller, messages=[{"role": "user", "content": "[[demo: fault=500]]"}])
    assert error_of(answer) == (500, "server_error", "server_error", None)
