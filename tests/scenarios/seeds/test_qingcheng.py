"""Qingcheng's page: keys in X-API-Key, the vendor in X-AI-Provider, programs in curl, Python and
a browser. Each test says for which lines it stands."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import requests

from tests.scenarios.seeds.rows import Row, error_of, message_of, mistyped, passing, refused
from tests.scenarios.seeds.sellers import Seller, Upstream

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]
SITE = "qingcheng"
MODEL = "deepseek-chat"
QUESTION = [{"role": "user", "content": "你好,请介绍一下青城数智平台"}]
ROWS = [
    Row(22, "model", (MODEL,), (3, None)),
    Row(23, "messages", (QUESTION,), ([], "你好", [{"role": 1}]), {2: "messages[0].role"}),
    Row(24, "temperature", (0, 0.7, 2), (-1, 2.5, "0.7")),
    Row(25, "max_tokens", (1, 1000), (0, 0.5, "1000")),
    Row(26, "stream", (True, False), ("true", 1)),
]


def headers(seller: Seller, key: str = "", provider: str = "deepseek") -> dict[str, str]:
    """Lines 29-31."""
    return {
        "Content-Type": "application/json",
        "X-API-Key": key or seller.key,
        "X-AI-Provider": provider,
    }


def post(
    curl: httpx.Client, seller: Seller, key: str = "", provider: str = "deepseek", **body: Any
) -> httpx.Response:
    return curl.post(
        f"{seller.base_url}/chat/completions",
        headers=headers(seller, key, provider),
        json={"model": MODEL, "messages": QUESTION, "max_tokens": 20} | body,
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
    assert error_of(answer) == (400, "Bad Request", "invalid_request", param)
    assert message_of(answer).startswith("请求参数错误：")


def read_as_the_page_does(response: httpx.Response) -> Iterator[str]:
    """Lines 116-139: the browser's loop over chunks and lines."""
    lines = (line for chunk in response.iter_text() for line in chunk.split("\n"))
    for data in (line[6:] for line in lines if line.startswith("data: ")):
        if data == "[DONE]":
            return
        try:
            content = json.loads(data)["choices"][0].get("delta", {}).get("content")
        except ValueError:
            continue  # as the page does, where a line came in two chunks
        if content:
            yield content


def test_the_curl_example(curl: httpx.Client, seller: Seller, upstream: Upstream) -> None:
    """Lines 4-19."""
    body = {
        "model": "deepseek-chat",
        "messages": [{"role": "user", "content": "你好,请介绍一下青城数智平台"}],
        "temperature": 0.7,
        "max_tokens": 1000,
        "stream": True,
    }
    url = f"{seller.base_url}/chat/completions"
    with curl.stream("POST", url, headers=headers(seller), json=body) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        assert len(list(read_as_the_page_does(response))) > 1
    sent = upstream.newest()["body"]
    assert {name: sent[name] for name in body} == body


def test_the_python_example(seller: Seller, upstream: Upstream) -> None:
    """Lines 60-80, and the answer of 32-52."""
    data = {
        "model": "deepseek-chat",
        "messages": [{"role": "user", "content": "你好,请介绍一下青城数智平台"}],
        "temperature": 0.7,
    }
    response = requests.post(
        f"{seller.base_url}/chat/completions", headers=headers(seller), json=data, timeout=30
    )
    result = response.json()
    main = {"id": str, "object": str, "created": int, "model": str, "choices": list, "usage": dict}
    assert mistyped(result, main) == []
    assert (result["object"], result["model"]) == ("chat.completion", MODEL)
    (choice,) = result["choices"]
    assert (choice["index"], choice["finish_reason"]) == (0, "stop")
    assert choice["message"]["role"] == "assistant"
    assert choice["message"]["content"]
    counted = {"prompt_tokens": int, "completion_tokens": int, "total_tokens": int}
    assert mistyped(result["usage"], counted) == []
    assert upstream.newest()["body"] == data


ORIGIN = {"Origin": "https://a-readers-own.example"}


def test_a_browser_may_ask_before_it_calls(curl: httpx.Client, seller: Seller) -> None:
    """Lines 81-87: fetch() with headers of its own is preceded by a preflight."""
    asked = ORIGIN | {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type,x-ai-provider,x-api-key",
    }
    answer = curl.options(f"{seller.base_url}/chat/completions", headers=asked)
    assert answer.is_success
    assert answer.headers["access-control-allow-origin"] in ("*", ORIGIN["Origin"])
    assert "POST" in answer.headers["access-control-allow-methods"]
    allowed = answer.headers["access-control-allow-headers"].lower()
    assert all(name in allowed for name in ("content-type", "x-api-key", "x-ai-provider"))


def test_the_browser_example(curl: httpx.Client, seller: Seller) -> None:
    """Lines 81-100."""
    answer = curl.post(
        f"{seller.base_url}/chat/completions",
        headers=headers(seller) | ORIGIN,
        content=json.dumps({"model": MODEL, "messages": QUESTION, "temperature": 0.7}),
    )
    assert answer.headers["access-control-allow-origin"] in ("*", ORIGIN["Origin"])
    assert answer.json()["choices"][0]["message"]["content"]


def test_the_browsers_stream_example(curl: httpx.Client, seller: Seller) -> None:
    """Lines 101-145."""
    body = {"model": MODEL, "messages": QUESTION, "stream": True, "temperature": 0.7}
    url = f"{seller.base_url}/chat/completions"
    with curl.stream("POST", url, headers=headers(seller) | ORIGIN, json=body) as response:
        assert response.headers["access-control-allow-origin"] in ("*", ORIGIN["Origin"])
        assert len(list(read_as_the_page_does(response))) > 1


@pytest.mark.parametrize("provider", ["deepseek", "DeepSeek", ""])
def test_the_vendor_that_the_header_names_is_asked(
    curl: httpx.Client, seller: Seller, provider: str
) -> None:
    """Line 31."""
    assert post(curl, seller, provider=provider).status_code == 200


def test_a_vendor_that_does_not_have_the_model_is_refused_by_the_headers_name(
    curl: httpx.Client, seller: Seller, upstream: Upstream
) -> None:
    """Line 31."""
    before = upstream.count()
    answer = post(curl, seller, provider="another")
    assert error_of(answer) == (400, "Bad Request", "invalid_request", "X-AI-Provider")
    assert upstream.count() == before


def test_the_vendors_name_goes_no_further(
    curl: httpx.Client, seller: Seller, upstream: Upstream
) -> None:
    """Lines 30, 31: neither header is the upstream's business."""
    assert post(curl, seller).status_code == 200
    names = {name.lower() for name in upstream.newest()["header_names"]}
    assert names.isdisjoint({"x-api-key", "x-ai-provider"})


def test_error_row_400(curl: httpx.Client, seller: Seller) -> None:
    """Line 55."""
    url = f"{seller.base_url}/chat/completions"
    answer = curl.post(url, headers=headers(seller), content=b"model=deepseek-chat")
    assert error_of(answer) == (400, "Bad Request", "invalid_json", None)


@pytest.mark.parametrize("given", [{"X-API-Key": "your-api-key-here"}, {}])
def test_error_row_401(curl: httpx.Client, seller: Seller, given: dict[str, str]) -> None:
    """Line 56: wrong or missing."""
    body = {"model": MODEL, "messages": QUESTION}
    answer = curl.post(f"{seller.base_url}/chat/completions", headers=given, json=body)
    assert error_of(answer) == (401, "Unauthorized", "invalid_api_key", None)
    assert message_of(answer) == "API密钥无效或缺失"


def test_error_row_403(curl: httpx.Client, seller: Seller) -> None:
    """Line 57."""
    answer = post(curl, seller, seller.keys["spent"])
    assert error_of(answer) == (403, "Forbidden", "credit_balance_exhausted", None)
    assert message_of(answer) == "账户余额不足"


def test_error_row_429(curl: httpx.Client, seller: Seller) -> None:
    """Line 58."""
    answer = seller.refused_as_too_often(lambda key: post(curl, seller, key))
    assert error_of(answer) == (429, "Too Many Requests", "rate_limit_exceeded", None)
    assert message_of(answer) == "请求频率超限：每分钟 1 次请求。"


def test_error_row_500(curl: httpx.Client, seller: Seller) -> None:
    """Line 59."""
    answer = post(curl, seller, messages=[{"role": "user", "content": "[[demo: fault=500]]"}])
    status, kind, _, _ = error_of(answer)
    assert (status, kind) == (500, "Internal Server Error")
