"""Xidao's page: chat, its errors, and the endpoints of text. Each test says for which lines it
stands; sound, pictures and conversations by voice are in the modules beside this one."""

import json
from typing import Any

import httpx
import openai
import pytest
import requests

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
SITE = "xidao"
INVALID = "invalid_request_error"
HELLO = [
    {"role": "system", "content": "You are a helpful assistant."},
    {"role": "user", "content": "Hello! Please introduce yourself."},
]
PIXEL = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="  # noqa: E501
PICTURED = [
    {"type": "text", "text": "What is this?"},
    {"type": "image_url", "image_url": {"url": PIXEL}},
]
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}
CALL = {
    "id": "call_1",
    "type": "function",
    "function": {"name": "get_weather", "arguments": '{"city": "Paris"}'},
}
# Line 26: every role, one message of several parts.
CONVERSATION = [
    HELLO[0],
    {"role": "user", "content": PICTURED},
    {"role": "assistant", "content": None, "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "call_1", "content": "rain"},
    {"role": "assistant", "content": "It rains."},
    HELLO[1],
]
PENALTIES = (-2, 0, 2), (-2.5, 2.5, "0")
NAMED = {"type": "function", "function": {"name": "get_weather"}}
CHAT = [
    Row(11, "model", ("gpt-5.4", "claude-opus-4-7", "gemini-2.5-flash"), (5, None)),
    Row(12, "messages", (HELLO,), ([], {}, [{"content": "hi"}]), {2: "messages[0].role"}),
    Row(13, "stream", (True, False), ("true",)),
    Row(14, "temperature", (0, 1, 2), (-1, 2.1)),
    Row(15, "max_tokens", (1, 1024), (0, "1024")),
    Row(16, "top_p", (0, 0.5, 1), (-0.1, 1.1)),
    Row(17, "presence_penalty", *PENALTIES),
    Row(18, "frequency_penalty", *PENALTIES),
    Row(19, "stop", ("END", ["a1", "b2", "c3", "d4"], None), (["a", "b", "c", "d", "e"], 5)),
    Row(20, "tools", ([WEATHER],), ({}, [{"type": "function"}]), {1: "tools[0].function"}),
    Row(21, "tool_choice", ("auto", "none"), ("sometimes", 1)),
    Row(22, "response_format", ({"type": "json_object"}, {"type": "text"}), ("json_object",)),
    Row(23, "n", (1, 2), (0, 129)),
    Row(24, "logprobs", (True, False), ("yes", 6)),
    Row(26, "messages", (CONVERSATION,)),
]
SMALL = "text-embedding-3-small"
MANY = [str(number) for number in range(2048)]
EMBEDDINGS = [
    Row(59, "model", (SMALL, "text-embedding-3-large", "text-embedding-ada-002"), (3, None)),
    Row(60, "input", ("Hello", ["a", "b"], MANY), ("", [], [*MANY, "one more"], 5, ["a", 1])),
    Row(61, "dimensions", (256, None), (0, 0.5, "256")),
    Row(62, "encoding_format", ("float", "base64"), ("hex", 64)),
]


def post(
    curl: httpx.Client, seller: Seller, path: str, body: dict[str, Any], key: str = ""
) -> httpx.Response:
    """Lines 6, 7."""
    headers = {
        "Content-Type": "application/json",
        "Authorization": f"Bearer {key or seller.key}",
    }
    return curl.post(f"{seller.base_url}/{path}", headers=headers, json=body)


def chat(curl: httpx.Client, seller: Seller, key: str = "", **body: Any) -> httpx.Response:
    asked = {"model": "gpt-5.4", "messages": HELLO, "max_tokens": 20} | body
    return post(curl, seller, "chat/completions", asked, key)


def curled(curl: httpx.Client, seller: Seller, path: str, data: str) -> httpx.Response:
    """`curl -d` without a Content-Type says that JSON is a form, and JSON it is all the same."""
    headers = {
        "Authorization": f"Bearer {seller.key}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    return curl.post(f"{seller.base_url}/{path}", headers=headers, content=data)


@pytest.mark.parametrize(("name", "value"), passing(CHAT))
def test_a_chat_parameter_reaches_the_model_as_it_is(
    curl: httpx.Client, seller: Seller, upstream: Upstream, name: str, value: Any
) -> None:
    assert chat(curl, seller, **{name: value}).status_code == 200
    assert upstream.newest()["body"][name] == value


@pytest.mark.parametrize(("name", "value", "param"), refused(CHAT))
def test_a_chat_parameter_that_is_wrong_is_refused_by_its_name(
    curl: httpx.Client, seller: Seller, name: str, value: Any, param: str
) -> None:
    status, kind, _, named = error_of(chat(curl, seller, **{name: value}))
    assert (status, kind, named) == (400, INVALID, param)


@pytest.mark.parametrize("choice", ["required", NAMED])
def test_a_tool_that_must_be_called_is_called(
    curl: httpx.Client, seller: Seller, choice: str | dict[str, Any]
) -> None:
    """Line 21."""
    answer = chat(curl, seller, tools=[WEATHER], tool_choice=choice).json()
    assert answer["choices"][0]["finish_reason"] == "tool_calls"


def test_the_curl_example_of_chat(curl: httpx.Client, seller: Seller) -> None:
    """Lines 27-52."""
    body = {
        "model": "gpt-5.4",
        "messages": [
            {"role": "system", "content": "You are a helpful assistant."},
            {"role": "user", "content": "Hello! Please introduce yourself."},
        ],
        "temperature": 0.7,
        "max_tokens": 1024,
        "stream": False,
    }
    answer = post(curl, seller, "chat/completions", body).json()
    main = {"id": str, "object": str, "created": int, "model": str, "choices": list, "usage": dict}
    assert mistyped(answer, main) == []
    assert (answer["object"], answer["model"]) == ("chat.completion", "gpt-5.4")
    (choice,) = answer["choices"]
    assert (choice["index"], choice["finish_reason"]) == (0, "stop")
    assert choice["message"]["role"] == "assistant"
    usage = answer["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


def test_a_stream_ends_with_done(curl: httpx.Client, seller: Seller) -> None:
    """Line 13."""
    answer = chat(curl, seller, stream=True)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.text.endswith("data: [DONE]\n\n")
    assert {chunk["object"] for chunk in chunks(answer)} == {"chat.completion.chunk"}


def test_gemini_in_openais_format(client: openai.OpenAI) -> None:
    """Lines 153-159."""
    resp = client.chat.completions.create(
        model="gemini-2.5-flash", messages=[{"role": "user", "content": "Hello!"}]
    )
    assert resp.choices[0].message.content


@pytest.mark.parametrize(("name", "value"), passing(EMBEDDINGS))
def test_a_parameter_of_embeddings_reaches_the_model_as_it_is(
    curl: httpx.Client, seller: Seller, upstream: Upstream, name: str, value: Any
) -> None:
    # In base64, or the vectors of 2,048 inputs would be 64 MB of digits.
    body = {"model": SMALL, "input": "Hello", "encoding_format": "base64", name: value}
    answer = post(curl, seller, "embeddings", body)
    assert answer.status_code == 200
    sent = upstream.newest()["body"]
    assert sent[name] == value
    inputs = sent["input"] if isinstance(sent["input"], list) else [sent["input"]]
    assert [item["index"] for item in answer.json()["data"]] == list(range(len(inputs)))


@pytest.mark.parametrize(("name", "value", "param"), refused(EMBEDDINGS))
def test_a_parameter_of_embeddings_that_is_wrong_is_refused_by_its_name(
    curl: httpx.Client, seller: Seller, name: str, value: Any, param: str
) -> None:
    answer = post(curl, seller, "embeddings", {"model": SMALL, "input": "Hello", name: value})
    status, kind, _, named = error_of(answer)
    assert (status, kind, named) == (400, INVALID, param)


def test_the_example_of_embeddings(client: openai.OpenAI) -> None:
    """Lines 64-73."""
    response = client.embeddings.create(model="text-embedding-3-small", input="Hello, world!")
    assert len(response.data[0].embedding) == 1536
    assert (response.object, response.data[0].object, response.data[0].index) == (
        *("list", "embedding"),
        0,
    )
    assert response.model == "text-embedding-3-small"
    assert response.usage.prompt_tokens == response.usage.total_tokens > 0


@pytest.mark.parametrize(
    ("model", "length"),
    [("text-embedding-3-large", 3072), ("text-embedding-ada-002", 1536)],
)
def test_vectors_are_as_long_as_the_model_makes_them(
    client: openai.OpenAI, model: str, length: int
) -> None:
    """Line 59 (of ada-002 the page has 1532, a slip: OpenAI documents 1,536)."""
    response = client.embeddings.create(model=model, input="Hello, world!")
    assert len(response.data[0].embedding) == length


def test_dimensions_are_the_vectors_length(client: openai.OpenAI) -> None:
    """Line 61."""
    response = client.embeddings.create(model=SMALL, input="Hello, world!", dimensions=256)
    assert len(response.data[0].embedding) == 256


def test_the_curl_example_of_completions(
    curl: httpx.Client, seller: Seller, upstream: Upstream
) -> None:
    """Lines 113-117."""
    data = '{"model":"gpt-5.4","prompt":"The quick brown fox","max_tokens":50}'
    answer = curled(curl, seller, "completions", data).json()
    assert (answer["object"], answer["model"]) == ("text_completion", "gpt-5.4")
    assert answer["choices"][0]["text"]
    assert upstream.newest()["body"] == json.loads(data)


def test_the_curl_example_of_moderations(curl: httpx.Client, seller: Seller) -> None:
    """Lines 119-122: without a model."""
    answer = curled(curl, seller, "moderations", '{"input":"Test content"}').json()
    assert isinstance(answer["results"][0]["flagged"], bool)


def test_the_example_of_rerank(seller: Seller) -> None:
    """Lines 124-142."""
    response = requests.post(
        f"{seller.base_url}/rerank",
        headers={"Authorization": f"Bearer {seller.key}"},
        json={
            "model": "rerank-v1",
            "query": "What is machine learning?",
            "documents": [
                "Machine learning is a subset of artificial intelligence.",
                "Python is a popular programming language.",
                "Deep learning uses neural networks with multiple layers.",
            ],
            "top_n": 3,
        },
        timeout=30,
    )
    results = response.json()["results"]
    assert sorted(r["index"] for r in results) == [0, 1, 2]
    scores = [r["relevance_score"] for r in results]
    assert scores == sorted(scores, reverse=True)
    assert all(f"{score:.4f}" for score in scores)


def test_the_curl_example_of_anthropics_messages(curl: httpx.Client, seller: Seller) -> None:
    """Lines 143-152."""
    answer = curl.post(
        f"{seller.root}/v1/messages",
        headers={
            "x-api-key": seller.key,
            "anthropic-version": "2023-06-01",
            "Content-Type": "application/x-www-form-urlencoded",
        },
        content='{"model":"claude-opus-4-7","max_tokens":1024,'
        '"messages":[{"role":"user","content":"Hello!"}]}',
    ).json()
    assert (answer["type"], answer["role"]) == ("message", "assistant")
    assert answer["model"] == "claude-opus-4-7"
    assert answer["content"][0]["text"]
    assert answer["usage"]["output_tokens"] > 0


def test_the_curl_example_of_models(curl: httpx.Client, seller: Seller) -> None:
    """Lines 176-178."""
    head = {"Authorization": f"Bearer {seller.key}"}
    answer = curl.get(f"{seller.base_url}/models", headers=head).json()
    assert answer["object"] == "list"
    assert [model["id"] for model in answer["data"]] == sorted(seller.models)


def test_error_row_400(curl: httpx.Client, seller: Seller) -> None:
    """Line 182."""
    assert error_of(curled(curl, seller, "chat/completions", "{"))[:2] == (400, INVALID)


@pytest.mark.parametrize("headers", [{"Authorization": "Bearer sk-your-api-key"}, {}])
def test_error_row_401(curl: httpx.Client, seller: Seller, headers: dict[str, str]) -> None:
    """Lines 6, 183."""
    body = {"model": "gpt-5.4", "messages": HELLO}
    answer = curl.post(f"{seller.base_url}/chat/completions", headers=headers, json=body)
    assert error_of(answer) == (401, "authentication_error", "invalid_api_key", None)


def test_error_row_402(curl: httpx.Client, seller: Seller) -> None:
    """Line 184."""
    answer = chat(curl, seller, seller.keys["spent"])
    assert error_of(answer) == (402, "insufficient_quota", "insufficient_quota", None)
    assert answer.headers["x-should-retry"] == "false"


def test_error_row_404(curl: httpx.Client, seller: Seller) -> None:
    """Line 185."""
    answer = chat(curl, seller, model="gpt-9")
    assert error_of(answer) == (404, "not_found", "model_not_found", "model")
    assert message_of(answer) == "模型“gpt-9”不存在。"


def test_error_row_429(curl: httpx.Client, seller: Seller) -> None:
    """Line 186."""
    answer = seller.refused_as_too_often(lambda key: chat(curl, seller, key))
    assert error_of(answer) == (429, "rate_limit_exceeded", "rate_limit_exceeded", None)


def test_error_row_500(curl: httpx.Client, seller: Seller) -> None:
    """Line 187."""
    answer = chat(curl, seller, messages=[{"role": "user", "content": "[[demo: fault=500]]"}])
    assert error_of(answer)[:2] == (500, "server_error")
