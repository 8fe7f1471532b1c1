"""Baystone's page of text models. Each test says for which lines it stands."""

from typing import Any

import httpx
import pytest

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
SITE = "baystone"
INVALID = "invalid_request_error"
MODEL = "deepseek-r1-distill-qwen-14b"
QUANTUM = [
    {"role": "system", "content": "You are a helpful assistant."},
    {"role": "user", "content": "Explain quantum mechanics in simple terms."},
]
HISTORY = [
    {"role": "system", "content": "You are a helpful assistant."},
    {"role": "user", "content": "What is the capital of France?"},
    {"role": "assistant", "content": "The capital of France is Paris."},
]
PENALTIES = (-2.0, 0.0, 2.0), (-2.1, 2.1, "1")
ROWS = [
    Row(32, "model", ("gpt-4", "gpt-3.5-turbo", MODEL), (4, None)),
    Row(
        33, "messages", (QUANTUM, HISTORY), ([], "hi", [{"content": "hi"}]), {2: "messages[0].role"}
    ),
    Row(34, "temperature", (0, 0.7, 1.0, 2), (-0.01, 2.01, "hot")),
    Row(35, "max_tokens", (1, 64), (0, 2.5, "64")),
    Row(36, "top_p", (0.1, 1.0), (-1, 1.01, True)),
    Row(37, "frequency_penalty", *PENALTIES),
    Row(38, "presence_penalty", *PENALTIES),
    Row(
        39,
        "stop",
        ("END", ["\n\n"], ["a1", "b2", "c3", "d4"]),
        (5, ["a", "b", "c", "d", "e"], ["a", 5]),
    ),
    Row(40, "stream", (True, False), ("true", 0)),
    Row(41, "logprobs", (True, False), (6, -1, "5")),
    Row(42, "n", (1, 3), (0, 129, 1.5, "2")),
    Row(43, "user", ("customer-7", ""), (7, ["customer-7"])),
]


def post(curl: httpx.Client, seller: Seller, key: str = "", **body: Any) -> httpx.Response:
    """Lines 21-27: method, path and headers."""
    return curl.post(
        f"{seller.base_url}/chat/completions",
        headers={
            "Content-Type": "application/json",
            "Authorization": f"Bearer {key or seller.key}",
        },
        json={"model": MODEL, "messages": QUANTUM} | body,
    )


def said(directive: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": f"[[demo: {directive}]]"}]


@pytest.mark.parametrize(("name", "value"), passing(ROWS))
def test_a_parameter_reaches_the_model_as_it_is(
    curl: httpx.Client, seller: Seller, upstream: Upstream, name: str, value: Any
) -> None:
    assert post(curl, seller, **{"max_tokens": 20, name: value}).status_code == 200
    assert upstream.newest()["body"][name] == value


@pytest.mark.parametrize(("name", "value", "param"), refused(ROWS))
def test_a_parameter_that_is_wrong_is_refused_by_its_name(
    curl: httpx.Client, seller: Seller, name: str, value: Any, param: str
) -> None:
    answer = post(curl, seller, **{name: value})
    assert error_of(answer) == (400, INVALID, "400", param)
    assert message_of(answer).startswith("Bad Request：")


@pytest.mark.parametrize("count", range(6))
def test_logprobs_as_a_number_gives_the_likeliest_tokens(
    curl: httpx.Client, seller: Seller, upstream: Upstream, count: int
) -> None:
    """Line 41."""
    answer = post(curl, seller, logprobs=count, max_tokens=2)
    tokens = answer.json()["choices"][0]["logprobs"]["content"]
    assert [len(token["top_logprobs"]) for token in tokens] == [count, count]
    sent = upstream.newest()["body"]
    assert (sent["logprobs"], sent["top_logprobs"]) == (True, count)


def test_more_answers_cost_more_tokens(curl: httpx.Client, seller: Seller) -> None:
    """Line 42."""
    one, three = (post(curl, seller, n=n, max_tokens=8).json() for n in (1, 3))
    assert [choice["index"] for choice in three["choices"]] == [0, 1, 2]
    assert three["usage"]["completion_tokens"] == 3 * one["usage"]["completion_tokens"]
    assert three["usage"]["prompt_tokens"] == one["usage"]["prompt_tokens"]


def test_an_answer_has_the_documented_fields(curl: httpx.Client, seller: Seller) -> None:
    """Lines 60-65, 75-80, 100-102, and the example of 130-164."""
    answer = post(curl, seller, temperature=0.7).json()
    main = {"id": str, "object": str, "created": int, "model": str, "choices": list, "usage": dict}
    assert mistyped(answer, main) == []
    assert (answer["object"], answer["model"]) == ("chat.completion", MODEL)
    (choice,) = answer["choices"]
    assert mistyped(choice, {"index": int, "message": dict, "finish_reason": str}) == []
    assert mistyped(choice["message"], {"role": str, "content": str}) == []
    assert (choice["index"], choice["message"]["role"]) == (0, "assistant")
    usage = answer["usage"]
    counted = {"prompt_tokens": int, "completion_tokens": int, "total_tokens": int}
    assert mistyped(usage, counted) == []
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


TOOL = {"type": "function", "function": {"name": "get_capital"}}
REASONS = {
    "L85-stop": ("stop", {"messages": said("tokens=9")}),
    "L86-length": ("length", {"max_tokens": 3}),
    "L87-content_filter": ("content_filter", {"messages": said("finish=content_filter tokens=9")}),
    "L88-function_call": ("function_call", {"messages": said("finish=function_call tokens=9")}),
    "L89-tool_calls": ("tool_calls", {"tools": [TOOL], "tool_choice": "required"}),
}


@pytest.mark.parametrize(("reason", "body"), REASONS.values(), ids=REASONS)
@pytest.mark.parametrize("is_stream", [False, True])
def test_an_answer_ends_for_a_documented_reason(
    curl: httpx.Client, seller: Seller, reason: str, body: dict[str, Any], is_stream: bool
) -> None:
    answer = post(curl, seller, **{"max_tokens": 60, "stream": is_stream} | body)
    documents = list(chunks(answer)) if is_stream else [answer.json()]
    assert documents[-1]["choices"][0]["finish_reason"] == reason


def test_the_stream_example(curl: httpx.Client, seller: Seller) -> None:
    """Lines 9, 165-196."""
    answer = post(curl, seller, stream=True)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.text.endswith("data: [DONE]\n\n")
    found = list(chunks(answer))
    main = {"id": str, "object": str, "created": int, "model": str, "choices": list}
    for chunk in found:
        assert mistyped(chunk, main) == []
        assert (chunk["object"], chunk["model"]) == ("chat.completion.chunk", MODEL)
    deltas = [chunk["choices"][0] for chunk in found]
    assert {choice["index"] for choice in deltas} == {0}
    assert [choice["finish_reason"] for choice in deltas] == [None] * (len(deltas) - 1) + ["stop"]
    assert "".join(choice["delta"].get("content") or "" for choice in deltas)


def test_error_row_400(curl: httpx.Client, seller: Seller) -> None:
    """Line 107: a body that is no JSON."""
    head = {"Authorization": f"Bearer {seller.key}"}
    answer = curl.post(f"{seller.base_url}/chat/completions", headers=head, content=b"{")
    assert error_of(answer) == (400, INVALID, "400", None)


@pytest.mark.parametrize("headers", [{"Authorization": "Bearer YOUR_API_KEY"}, {}])
def test_the_example_of_an_error(
    curl: httpx.Client, seller: Seller, headers: dict[str, str]
) -> None:
    """Lines 17, 108, 115-124: wrong, or not given."""
    body = {"model": MODEL, "messages": QUANTUM}
    answer = curl.post(f"{seller.base_url}/chat/completions", headers=headers, json=body)
    assert answer.status_code == 401
    assert answer.json() == {
        "error": {
            "message": "Invalid API key provided",
            "type": "invalid_request_error",
            "param": None,
            "code": "401",
        }
    }


def test_error_row_403(curl: httpx.Client, seller: Seller) -> None:
    """Line 109."""
    answer = post(curl, seller, seller.keys["narrow"])
    assert error_of(answer) == (403, "permission_error", "403", "model")
    assert message_of(answer) == f"Forbidden：该 API 密钥无权使用模型“{MODEL}”。"


def test_error_row_404(curl: httpx.Client, seller: Seller) -> None:
    """Line 110: a path, and a model."""
    head = {"Authorization": f"Bearer {seller.key}"}
    lost = curl.post(f"{seller.base_url}/chat/completion", headers=head, json={})
    assert error_of(lost) == (404, INVALID, "404", None)
    unknown = post(curl, seller, model="gpt-9")
    assert error_of(unknown) == (404, INVALID, "404", "model")
    assert message_of(unknown) == "Not Found：模型“gpt-9”不存在。"


def test_error_row_429(curl: httpx.Client, seller: Seller) -> None:
    """Line 111."""
    answer = seller.refused_as_too_often(lambda key: post(curl, seller, key))
    assert error_of(answer) == (429, "rate_limit_error", "429", None)
    assert message_of(answer) == "Too Many Requests：每分钟 1 次请求。"


@pytest.mark.parametrize(("line", "fault", "status"), [(112, 500, 500), (113, 503, 503)])
def test_error_rows_of_a_server_that_fails(
    curl: httpx.Client, seller: Seller, line: int, fault: int, status: int
) -> None:
    answer = post(curl, seller, messages=said(f"fault={fault}"))
    assert error_of(answer) == (status, "server_error", str(status), None)
    phrase = {500: "Internal Server Error", 503: "Service Unavailable"}[status]
    assert message_of(answer).startswith(phrase)
