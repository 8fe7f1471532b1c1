"""Model Studio's page of its OpenAI-compatible interface: Qwen under a base path of its own, by the
OpenAI SDK, LangChain and curl. Each test says for which lines it stands."""

from typing import Any

import httpx
import openai
import pytest
from langchain_openai import ChatOpenAI

from tests.scenarios.seeds import model_studio_tools
from tests.scenarios.seeds.rows import (
    Row,
    chunks,
    error_of,
    message_of,
    mistyped,
    passing,
    refused,
)
from tests.scenarios.seeds.sellers import Seller, Upstream

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]
SITE = "modelstudio"
INVALID = "invalid_request_error"
WHO = [
    {"role": "system", "content": "You are a helpful assistant."},
    {"role": "user", "content": "你是誰?"},
]
TOOLS = model_studio_tools.TOOLS


def tool(**function: Any) -> list[dict[str, Any]]:
    return [{"type": "function", "function": function}]


ROWS = [
    Row(345, "model", ("qwen-plus", "qwen-max"), (1, None)),
    Row(
        353,
        "messages",
        (WHO, [*WHO, {"role": "assistant", "content": "我是通義千問。"}, WHO[1]]),
        ([], "你是誰?", [{"content": "你是誰?"}]),
        {2: "messages[0].role"},
    ),
    Row(361, "top_p", (0.1, 0.8, 1.0), (-0.1, 1.1, "0.8")),
    Row(369, "temperature", (0, 0.7, 1.99), (-0.1, 2.1, "1")),
    Row(379, "presence_penalty", (-2.0, 0, 2.0), (-2.1, 2.1)),
    Row(393, "n", (1, 4), (0, 1.5, "4")),
    Row(404, "max_tokens", (1, 1024), (0, "1k")),
    Row(414, "seed", (0, 1234, 2**64 - 1), (2**64, 0.5, "7")),
    Row(422, "stream", (True, False), ("True", 1)),
    Row(440, "stop", ("你好",), (7, {})),
    Row(450, "stop", ([108386, 104307],), ([1.5],), {0: "stop[0]"}),
    Row(454, "stop", (["你好", "天氣"],), (["a", "b", "c", "d", "e"],)),
    Row(458, "stop", ([[108386, 103924], [35946, 101243]],), ([["你"]],), {0: "stop[0][0]"}),
    Row(462, "stop", (), (["你好", 104307], [[1], 2], ["a", [1]])),
    Row(464, "tools", (TOOLS, []), ({}, "get_current_time")),
    Row(472, "tools", (), ([{"function": {"name": "f"}}],), {0: "tools[0].type"}),
    Row(
        476,
        "tools",
        (tool(name="a-Z_9"), tool(name="n" * 64)),
        (tool(name="天氣"), tool(name="n" * 65), tool()),
        dict.fromkeys(range(3), "tools[0].function.name"),
    ),
    Row(
        478,
        "tools",
        (tool(name="f", description="何時"),),
        (tool(name="f", description=1),),
        {0: "tools[0].function.description"},
    ),
    Row(
        480,
        "tools",
        (tool(name="f", parameters={}), tool(name="f")),
        (tool(name="f", parameters="{}"),),
        {0: "tools[0].function.parameters"},
    ),
    Row(
        488,
        "stream_options",
        (),
        ([], {"include_usage": "yes"}),
        {1: "stream_options.include_usage"},
    ),
]


@pytest.fixture(scope="module")
def base_url(seller: Seller) -> str:
    """Lines 19-24: the page's path, on our host."""
    return f"{seller.root}/compatible-mode/v1"


def post(curl: httpx.Client, seller: Seller, key: str = "", **body: Any) -> httpx.Response:
    return curl.post(
        f"{seller.root}/compatible-mode/v1/chat/completions",
        headers={"Authorization": f"Bearer {key or seller.key}"},
        json={"model": "qwen-plus", "messages": WHO, "max_tokens": 20} | body,
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
    status, kind, _, named = error_of(post(curl, seller, **{name: value}))
    assert (status, kind, named) == (400, INVALID, param)


def test_every_listed_model_is_sold_and_answers(
    curl: httpx.Client, seller: Seller, base_url: str
) -> None:
    """Lines 36-102."""
    head = {"Authorization": f"Bearer {seller.key}"}
    listed = curl.get(f"{base_url}/models", headers=head).json()["data"]
    assert [model["id"] for model in listed] == sorted(seller.models)
    assert len(listed) == 33
    for model in seller.models:
        assert post(curl, seller, model=model, max_tokens=1).json()["model"] == model


def test_the_example_of_the_openai_sdk(client: openai.OpenAI) -> None:
    """Lines 122-167, and the table of what comes back, 506-594."""
    completion = client.chat.completions.create(
        model="qwen-plus",
        messages=[
            {"role": "system", "content": "You are a helpful assistant."},
            {"role": "user", "content": "你是誰?"},
        ],
    )
    answer = completion.model_dump()
    main = {
        "id": str,
        "choices": list,
        "created": int,
        "model": str,
        "object": str,
        "system_fingerprint": str,
        "usage": dict,
    }
    assert mistyped(answer, main) == []
    assert (answer["model"], answer["object"]) == ("qwen-plus", "chat.completion")
    (choice,) = answer["choices"]
    assert (choice["finish_reason"], choice["index"], choice["logprobs"]) == ("stop", 0, None)
    message = choice["message"]
    assert message["role"] == "assistant"
    assert message["content"]
    assert message["function_call"] is message["tool_calls"] is None
    usage = answer["usage"]
    assert 0 < usage["prompt_tokens"] < usage["total_tokens"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


def test_an_answer_that_is_too_long_ends_for_length(curl: httpx.Client, seller: Seller) -> None:
    """Line 540."""
    assert post(curl, seller, max_tokens=2).json()["choices"][0]["finish_reason"] == "length"


def test_the_stream_example_of_the_openai_sdk(client: openai.OpenAI) -> None:
    """Lines 171-207, 488-494, 536."""
    completion = client.chat.completions.create(
        model="qwen-plus",
        messages=[
            {"role": "system", "content": "You are a helpful assistant."},
            {"role": "user", "content": "你是誰?"},
        ],
        stream=True,
        stream_options={"include_usage": True},
    )
    *found, last = (chunk.model_dump() for chunk in completion)
    assert {chunk["model"] for chunk in found} == {"qwen-plus"}
    assert {chunk["object"] for chunk in found} == {"chat.completion.chunk"}
    assert {chunk["usage"] for chunk in found} == {None}
    assert found[0]["choices"][0]["delta"]["role"] == "assistant"
    assert found[0]["choices"][0]["delta"]["content"] == ""
    reasons = [chunk["choices"][0]["finish_reason"] for chunk in found]
    assert reasons == [None] * (len(found) - 1) + ["stop"]
    assert last["choices"] == []
    usage = last["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


def test_stream_options_without_a_stream_have_no_effect(
    curl: httpx.Client, seller: Seller, upstream: Upstream
) -> None:
    """Line 494."""
    answer = post(curl, seller, stream_options={"include_usage": True})
    assert answer.json()["object"] == "chat.completion"
    assert "stream_options" not in upstream.newest()["body"]


@pytest.mark.parametrize(
    ("question", "called"),
    [
        ("杭州和北京天氣怎麼樣?現在幾點了?", ["get_current_time"]),
        ("現在幾點了?", ["get_current_time"]),
        ("北京天氣如何?", ["get_current_weather"]),
        ("你好", []),
    ],
)
def test_the_function_call_example(client: openai.OpenAI, question: str, called: list[str]) -> None:
    """Lines 213-329: the results name their tool, not their call."""
    assistant_output, tools_called = model_studio_tools.call_with_messages(client, question)
    assert tools_called == called
    assert assistant_output["content"]
    assert assistant_output["tool_calls"] is None


@pytest.fixture
def llm(seller: Seller, base_url: str) -> ChatOpenAI:
    """Lines 619-623."""
    key: Any = seller.key
    return ChatOpenAI(api_key=key, base_url=base_url, model="qwen-plus", stream_usage=True)


def test_the_langchain_example(llm: ChatOpenAI) -> None:
    """Lines 613-656."""
    messages = [
        {"role": "system", "content": "You are a helpful assistant."},
        {"role": "user", "content": "你是誰?"},
    ]
    answer = llm.invoke(messages).model_dump()
    assert answer["content"]
    assert (answer["type"], answer["tool_calls"], answer["invalid_tool_calls"]) == ("ai", [], [])
    metadata = answer["response_metadata"]
    assert (metadata["model_name"], metadata["finish_reason"]) == ("qwen-plus", "stop")
    usage = metadata["token_usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


def test_the_stream_example_of_langchain(llm: ChatOpenAI) -> None:
    """Lines 658-694."""
    messages = [
        {"role": "system", "content": "You are a helpful assistant."},
        {"role": "user", "content": "你是誰?"},
    ]
    found = [chunk.model_dump() for chunk in llm.stream(messages)]
    assert {chunk["type"] for chunk in found} == {"AIMessageChunk"}
    assert len([chunk for chunk in found if chunk["content"]]) > 1
    reasons = [chunk["response_metadata"].get("finish_reason") for chunk in found]
    assert [reason for reason in reasons if reason] == ["stop"]
    (usage,) = (chunk["usage_metadata"] for chunk in found if chunk["usage_metadata"])
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]


def test_the_curl_example(curl: httpx.Client, seller: Seller, base_url: str) -> None:
    """Lines 719-761."""
    answer = curl.post(
        f"{base_url}/chat/completions",
        headers={"Authorization": f"Bearer {seller.key}", "Content-Type": "application/json"},
        json={"model": "qwen-plus", "messages": WHO},
    ).json()
    main = {"choices": list, "object": str, "usage": dict, "created": int, "id": str}
    assert mistyped(answer, main | {"system_fingerprint": str, "model": str}) == []
    (choice,) = answer["choices"]
    assert choice["message"]["role"] == "assistant"
    assert (choice["finish_reason"], choice["index"], choice["logprobs"]) == ("stop", 0, None)


def test_the_stream_example_of_curl(curl: httpx.Client, seller: Seller, base_url: str) -> None:
    """Lines 763-802."""
    answer = curl.post(
        f"{base_url}/chat/completions",
        headers={"Authorization": f"Bearer {seller.key}", "Content-Type": "application/json"},
        json={"model": "qwen-plus", "messages": WHO, "stream": True},
    )
    assert answer.text.endswith("data: [DONE]\n\n")
    found = list(chunks(answer))
    assert found[0]["choices"][0]["delta"]["role"] == "assistant"
    assert all(chunk["choices"] for chunk in found)  # usage was not asked for
    assert {chunk.get("usage") for chunk in found} == {None}
    assert found[-1]["choices"][0]["finish_reason"] == "stop"


def test_error_row_400(curl: httpx.Client, seller: Seller, base_url: str) -> None:
    """Line 825."""
    head = {"Authorization": f"Bearer {seller.key}"}
    answer = curl.post(f"{base_url}/chat/completions", headers=head, content=b"{")
    assert error_of(answer) == (400, INVALID, "invalid_json", None)


@pytest.mark.parametrize("headers", [{"Authorization": "Bearer sk-xxx"}, {}])
def test_the_example_of_an_error(
    curl: httpx.Client, base_url: str, headers: dict[str, str]
) -> None:
    """Lines 806-817, 829."""
    body = {"model": "qwen-plus", "messages": WHO}
    answer = curl.post(f"{base_url}/chat/completions", headers=headers, json=body)
    assert answer.status_code == 401
    assert answer.json() == {
        "error": {
            "message": "Incorrect API key provided. ",
            "type": "invalid_request_error",
            "param": None,
            "code": "invalid_api_key",
        }
    }


def test_error_row_429_of_the_rate(curl: httpx.Client, seller: Seller) -> None:
    """Line 833."""
    answer = seller.refused_as_too_often(lambda key: post(curl, seller, key))
    assert error_of(answer) == (429, "rate_limit_error", "rate_limit_exceeded", None)
    assert message_of(answer) == "Rate limit reached for requests"


def test_error_row_429_of_the_quota(curl: httpx.Client, seller: Seller) -> None:
    """Line 837."""
    answer = post(curl, seller, seller.keys["spent"])
    assert error_of(answer) == (429, "insufficient_quota", "insufficient_quota", None)
    quota = "You exceeded your current quota, please check your plan and billing details"
    assert message_of(answer) == quota
    assert answer.headers["x-should-retry"] == "false"


@pytest.mark.parametrize(
    ("line", "fault", "message"),
    [
        (841, 500, "The server had an error while processing your request"),
        (845, 503, "The engine is currently overloaded, please try again later"),
    ],
)
def test_error_rows_of_a_server_that_fails(
    curl: httpx.Client, seller: Seller, line: int, fault: int, message: str
) -> None:
    failing = [{"role": "user", "content": f"[[demo: fault={fault}]]"}]
    answer = post(curl, seller, messages=failing)
    assert (answer.status_code, message_of(answer)) == (fault, message)
