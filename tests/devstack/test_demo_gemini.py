"""The demo upstream's Gemini endpoints answer in Google's names, as strictly as Google."""

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
PARAMETERS = {
    "type": "OBJECT",
    "properties": {"city": {"type": "STRING"}},
    "required": ["city"],
}
WEATHER = {"name": "get_weather", "description": "How warm it is.", "parameters": PARAMETERS}
STOCKS = {"name": "stock_price", "parametersJsonSchema": {"type": "object", "x-mine": 1}}


@pytest.fixture(scope="module")
def upstream() -> Iterator[Running]:
    with running(Options(api_key=KEY)) as upstream:
        yield upstream


def call(upstream: Running, operation: str, body: Any, model: str = "gemini") -> httpx.Response:
    url = f"{upstream.root_url}/v1beta/models/{model}:{operation}"
    return httpx.post(url, json=body, headers={"x-goog-api-key": KEY}, trust_env=False)


def user(*parts: Any) -> dict[str, Any]:
    return {"role": "user", "parts": list(parts)}


def generate(
    upstream: Running,
    prompt: str = "Hello",
    operation: str = "generateContent",
    **more: Any,
) -> httpx.Response:
    return call(upstream, operation, {"contents": [user({"text": prompt})], **more})


def chunks(response: httpx.Response) -> list[Any]:
    lines = response.text.splitlines()
    return [json.loads(line.removeprefix("data: ")) for line in lines if line]


def test_answer_has_googles_names(upstream: Running) -> None:
    body = generate(upstream, "What is the capital of France?").json()
    (candidate,) = body["candidates"]
    (part,) = candidate["content"]["parts"]
    assert part["text"].startswith(NOTICE)
    assert (candidate["finishReason"], candidate["content"]["role"]) == ("STOP", "model")
    usage = body["usageMetadata"]
    assert usage["candidatesTokenCount"] == tokens.count(part["text"])
    assert usage["totalTokenCount"] == usage["promptTokenCount"] + usage["candidatesTokenCount"]
    assert body["modelVersion"] == "gemini"


def test_thoughts_stand_beside_the_candidates_and_cached_inside_the_prompt(
    upstream: Running,
) -> None:
    upstream.clear()
    order = "[[demo: tokens=3 reasoning=5 prompt_tokens=100 cached=40 tool_prompt=7]]"
    thinking = {"thinkingConfig": {"includeThoughts": True}}
    body = generate(upstream, order, generationConfig=thinking).json()
    thought, text = body["candidates"][0]["content"]["parts"]
    assert thought["thought"] is True
    assert text["thoughtSignature"]
    assert body["usageMetadata"] == {
        "promptTokenCount": 100,
        "candidatesTokenCount": 3,
        "totalTokenCount": 115,
        "cachedContentTokenCount": 40,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 100}],
        "cacheTokensDetails": [{"modality": "TEXT", "tokenCount": 40}],
        "candidatesTokensDetails": [{"modality": "TEXT", "tokenCount": 3}],
        "thoughtsTokenCount": 5,
        "toolUsePromptTokenCount": 7,
        "toolUsePromptTokensDetails": [{"modality": "TEXT", "tokenCount": 7}],
    }
    assert upstream.routes()["generateContent"]["completed"] == {
        "calls": 1,
        "input_tokens": 67,
        "cached_input_tokens": 40,
        "output_tokens": 8,
        "reasoning_tokens": 5,
    }


@pytest.mark.parametrize("operation", ["streamGenerateContent?alt=sse", "streamGenerateContent"])
def test_stream_says_the_same_in_both_forms(upstream: Running, operation: str) -> None:
    whole = generate(upstream, "[[demo: tokens=3]]").json()
    response = generate(upstream, "[[demo: tokens=3]]", operation)
    is_events = operation.endswith("sse")
    kind = "text/event-stream" if is_events else "application/json"
    assert response.headers["content-type"].startswith(kind)
    found = chunks(response) if is_events else response.json()
    texts = [chunk["candidates"][0]["content"]["parts"][0]["text"] for chunk in found]
    assert "".join(texts) == whole["candidates"][0]["content"]["parts"][0]["text"]
    assert "finishReason" not in found[0]["candidates"][0]
    assert found[-1]["candidates"][0]["finishReason"] == "STOP"
    assert found[-1]["usageMetadata"] == whole["usageMetadata"]
    assert upstream.calls()[-1]["tokens_sent"] == 3


def test_parallel_calls_and_their_results(upstream: Running) -> None:
    offered = [{"functionDeclarations": [WEATHER, STOCKS]}]
    prompt = "The weather in Paris, and the stock price"
    thinking = {"thinkingConfig": {"thinkingBudget": 10}}
    body = generate(upstream, prompt, tools=offered, generationConfig=thinking).json()
    turn = body["candidates"][0]["content"]
    calls = [part["functionCall"] for part in turn["parts"]]
    assert calls == [
        {"name": "get_weather", "args": {"city": "Paris"}},
        {"name": "stock_price", "args": {}},
    ]
    assert ["thoughtSignature" in part for part in turn["parts"]] == [True, False]
    results = [
        {"functionResponse": {"name": each["name"], "response": {"result": 21}}} for each in calls
    ]
    turns = [user({"text": prompt}), turn, user(*results)]
    again = call(upstream, "generateContent", {"contents": turns, "tools": offered})
    assert '{"result":21}' in again.json()["candidates"][0]["content"]["parts"][0]["text"]
    missing = call(upstream, "generateContent", {"contents": [*turns[:2], user(results[0])]})
    assert "number of function response parts" in missing.json()["error"]["message"]
    turn["parts"][0]["thoughtSignature"] = "bm9wZQ=="
    corrupt = call(upstream, "generateContent", {"contents": turns, "tools": offered})
    assert "thought signature" in corrupt.json()["error"]["message"]


def test_blocked_prompt_has_feedback_and_no_candidate(upstream: Running) -> None:
    body = generate(upstream, "[[demo: finish=blocked]]").json()
    assert body["promptFeedback"] == {"blockReason": "PROHIBITED_CONTENT"}
    assert "candidates" not in body
    assert "candidatesTokenCount" not in body["usageMetadata"]


def test_reasons_to_end(upstream: Running) -> None:
    for order, config, reason in (
        ("[[demo: finish=content_filter]]", {}, "SAFETY"),
        ("Hello", {"maxOutputTokens": 3}, "MAX_TOKENS"),
        ("Hello", {"stopSequences": [" upstream"]}, "STOP"),
    ):
        body = generate(upstream, order, generationConfig=config).json()
        assert body["candidates"][0]["finishReason"] == reason


def test_json_mode_fills_the_schema(upstream: Running) -> None:
    config = {"response_mime_type": "application/json", "response_schema": PARAMETERS}
    body = generate(upstream, "How warm is it in Paris?", generation_config=config).json()
    assert json.loads(body["candidates"][0]["content"]["parts"][0]["text"]) == {"city": "Paris"}


def test_media_is_told_apart_by_modality(upstream: Running) -> None:
    def media(kind: str) -> dict[str, Any]:
        return {"inlineData": {"mimeType": kind, "data": "AAAA"}}

    turn = user({"text": "Look"}, media("image/png"), media("audio/wav"))
    body = call(upstream, "generateContent", {"contents": [turn]}).json()
    assert body["usageMetadata"]["promptTokensDetails"] == [
        {"modality": "TEXT", "tokenCount": 1 + tokens.MESSAGE_TOKENS},
        {"modality": "IMAGE", "tokenCount": tokens.PART_TOKENS},
        {"modality": "AUDIO", "tokenCount": tokens.PART_TOKENS},
    ]
    assert upstream.calls()[-1]["usage"]["audio_input"] == tokens.PART_TOKENS


def test_embeddings_and_the_count(upstream: Running) -> None:
    content = {"parts": [{"text": "a cat"}]}
    one = call(upstream, "embedContent", {"content": content, "outputDimensionality": 8}).json()
    many = [{"model": "models/gemini", "content": content, "outputDimensionality": 8}] * 2
    both = call(upstream, "batchEmbedContents", {"requests": many}).json()
    assert both["embeddings"] == [one["embedding"]] * 2
    assert len(one["embedding"]["values"]) == 8
    counted = call(upstream, "countTokens", {"contents": [user({"text": "a cat"})]}).json()
    assert counted["totalTokens"] == one["usageMetadata"]["promptTokenCount"] == 6


def test_models_are_listed_under_both_versions(upstream: Running) -> None:
    for url in ("v1beta/models", "v1/models"):
        body = httpx.get(f"{upstream.root_url}/{url}?key={KEY}", trust_env=False).json()
        assert body["models"][0]["name"] == "models/demo-model"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"contents": [{"role": "assistant", "parts": [{"text": "a"}]}]},
        {"contents": [user()]},
        {"contents": [user({})]},
        {"contents": [user({"type": "text", "text": "a"})]},
        {"contents": [user({"text": "a", "inlineData": {}})]},
        {"contents": [user({"functionResponse": {"name": "a", "response": {}}})]},
        {"contents": [user({"text": 5})]},
        {"contents": [user({"text": "a"})], "max_tokens": 5},
        {"contents": [user({"text": "a"})], "generationConfig": {"maxOutputTokens": "x"}},
        {"contents": [user({"text": "a"})], "generationConfig": {"responseSchema": PARAMETERS}},
        {
            "contents": [user({"text": "a"})],
            "tools": [
                {
                    "functionDeclarations": [
                        {"name": "a", "parameters": {"additionalProperties": False}}
                    ]
                }
            ],
        },
    ],
    ids=str,
)
def test_wrong_request_is_refused_in_googles_shape(upstream: Running, body: dict[str, Any]) -> None:
    response = call(upstream, "generateContent", body)
    assert response.status_code == 400
    error = response.json()["error"]
    assert (error["code"], error["status"]) == (400, "INVALID_ARGUMENT")


def test_wrong_key_is_a_400_as_googles(upstream: Running) -> None:
    url = f"{upstream.root_url}/v1/models/m:generateContent?key=wrong"
    error = httpx.post(url, json={}, trust_env=False).json()["error"]
    assert (error["code"], error["details"][0]["reason"]) == (400, "API_KEY_INVALID")


@pytest.mark.parametrize(
    ("status", "name"),
    [(429, "RESOURCE_EXHAUSTED"), (500, "INTERNAL"), (503, "UNAVAILABLE")],
)
def test_error_status_has_googles_name(upstream: Running, status: int, name: str) -> None:
    response = generate(upstream, f"[[demo: fault={status}]]")
    assert (response.status_code, response.json()["error"]["status"]) == (status, name)
    assert LEAK_MARK in response.text


def test_faults_break_both_kinds_of_stream(upstream: Running) -> None:
    for operation in ("streamGenerateContent", "streamGenerateContent?alt=sse"):
        with pytest.raises(httpx.RemoteProtocolError):
            generate(upstream, "[[demo: fault=cut after=1 tokens=4]]", operation)
    response = generate(upstream, "[[demo: fault=error-event after=1]]", operation)
    assert chunks(response)[-1]["error"]["status"] == "INTERNAL"


def test_spoilt_usage(upstream: Running) -> None:
    assert "usageMetadata" not in generate(upstream, "[[demo: fault=no-usage]]").json()
    usage = generate(upstream, "[[demo: fault=negative-usage]]").json()["usageMetadata"]
    assert usage["promptTokenCount"] < 0
