"""Chat completions beyond plain text: audio, reasoning, refusals, and strictness."""

from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest

from devstack.demo_upstream import tokens
from devstack.demo_upstream.server import Running, running


@pytest.fixture(scope="module")
def upstream() -> Iterator[Running]:
    with running() as upstream:
        yield upstream


@pytest.fixture
def client(upstream: Running) -> Iterator[Any]:
    upstream.clear()
    with openai.OpenAI(base_url=upstream.base_url, api_key="any", max_retries=0) as client:
        yield client


def ask(client: Any, content: Any = "Hello", **more: Any) -> Any:
    messages = [{"role": "user", "content": content}]
    return client.chat.completions.create(**{"model": "m", "messages": messages, **more})


def test_sound_in_the_prompt_is_counted_apart(client: Any, upstream: Running) -> None:
    parts = [
        {"type": "text", "text": "Listen"},
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
        {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
    ]
    usage = ask(client, parts).usage
    assert usage.prompt_tokens_details.audio_tokens == tokens.PART_TOKENS
    assert usage.prompt_tokens == 1 + tokens.MESSAGE_TOKENS + 2 * tokens.PART_TOKENS
    counted = upstream.routes()["chat/completions"]["completed"]
    assert counted["audio_input"] == tokens.PART_TOKENS
    assert counted["input_tokens"] + counted["audio_input"] == usage.prompt_tokens


def test_spoken_answer_has_audio_and_its_words(client: Any, upstream: Running) -> None:
    audio = {"voice": "alloy", "format": "wav"}
    more: dict[str, Any] = {"modalities": ["text", "audio"], "audio": audio}
    answer = ask(client, "[[demo: tokens=3]]", **more)
    assert answer.choices[0].message.audio.transcript == "one two three"
    assert answer.usage.completion_tokens_details.audio_tokens == 3
    assert answer.usage.completion_tokens == 6
    assert upstream.routes()["chat/completions"]["completed"]["audio_output"] == 3
    chunks = list(ask(client, "[[demo: tokens=3]]", stream=True, **more))
    found = [chunk.choices[0].delta.to_dict().get("audio", {}) for chunk in chunks]
    assert "".join(each.get("transcript", "") for each in found) == "one two three"
    assert upstream.calls()[-1]["tokens_sent"] == 6


def test_reasoning_is_hidden_but_counted(client: Any) -> None:
    answer = ask(client, "[[demo: tokens=3]]", reasoning_effort="medium")
    assert answer.usage.completion_tokens_details.reasoning_tokens == 16
    assert answer.usage.completion_tokens == 19
    cut = ask(client, reasoning_effort="high", max_completion_tokens=20)
    assert (cut.choices[0].message.content, cut.choices[0].finish_reason) == ("", "length")


def test_reasoning_can_be_shown_as_other_vendors_do(client: Any, upstream: Running) -> None:
    chunks = list(ask(client, "[[demo: tokens=2 reasoning=3 reasoning_shown=1]]", stream=True))
    thoughts = [chunk.choices[0].delta.to_dict().get("reasoning_content") for chunk in chunks]
    assert "".join(each for each in thoughts if each) == "let me think"
    assert upstream.calls()[-1]["tokens_sent"] == 5


def test_refusal_and_filter(client: Any) -> None:
    refused = ask(client, "[[demo: finish=refusal tokens=2]]").choices[0]
    assert (refused.message.refusal, refused.message.content) == ("one two", None)
    assert refused.finish_reason == "stop"
    assert ask(client, "[[demo: finish=content_filter]]").choices[0].finish_reason == (
        "content_filter"
    )


CALL = {"id": "x", "type": "function", "function": {"name": "a", "arguments": "{}"}}
USER = {"role": "user", "content": "a"}


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"messages": [{"role": "human", "content": "a"}]}, "messages[0].role"),
        ({"messages": [{"role": "user"}]}, "messages[0].content"),
        (
            {"messages": [USER, {"role": "tool", "tool_call_id": "x", "content": "a"}]},
            "messages[1].role",
        ),
        (
            {"messages": [{"role": "assistant", "tool_calls": [CALL]}, USER]},
            "messages[0].role",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "input_text", "text": "a"}]}]},
            "messages[0].content[0].type",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": "a"}]}]},
            "messages[0].content[0].image_url",
        ),
        ({"temperature": 2.5}, "temperature"),
        ({"tools": [{"type": "function", "function": {"name": "not ok"}}]}, None),
        ({"response_format": {"type": "json"}}, "response_format.type"),
    ],
    ids=str,
)
def test_wrong_request_names_its_parameter(
    upstream: Running, more: dict[str, Any], param: str | None
) -> None:
    body = {"model": "m", "messages": [USER], **more}
    url = f"{upstream.base_url}/chat/completions"
    response = httpx.post(url, json=body, trust_env=False)
    assert response.status_code == 400
    error = response.json()["error"]
    assert error["type"] == "invalid_request_error"
    if param is not None:
        assert error["param"] == param
