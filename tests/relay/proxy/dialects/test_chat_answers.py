"""Whole chat answers, to and from events."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings

from relay.proxy.dialects import conversation as cv
from relay.proxy.dialects.chat.answer import parse, render
from relay.proxy.dialects.events import Reason, TokenLogprob
from relay.proxy.dialects.whole import Choice, Whole, gather, spread
from relay.proxy.types import Usage
from tests.relay.proxy.dialects.answers import answers, choices
from tests.relay.proxy.dialects.streams import LABEL

# OpenAI API reference, "Create chat completion", the example with functions, read 2026-11.
PUBLISHED = {
    "id": "chatcmpl-abc123",
    "object": "chat.completion",
    "created": 1699896916,
    "model": "gpt-4o-mini",
    "choices": [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {
                        "id": "call_abc123",
                        "type": "function",
                        "function": {
                            "name": "get_current_weather",
                            "arguments": '{\n"location": "Boston, MA"\n}',
                        },
                    }
                ],
            },
            "logprobs": None,
            "finish_reason": "tool_calls",
        }
    ],
    "usage": {
        "prompt_tokens": 82,
        "completion_tokens": 17,
        "total_tokens": 99,
        "completion_tokens_details": {"reasoning_tokens": 0},
    },
}


def read(body: dict[str, Any]) -> Whole:
    """The answer that an upstream's body amounts to."""
    return gather(parse(msgspec.json.encode(body)))


def shown(whole: Whole) -> Any:
    """The body that a client gets, decoded."""
    return msgspec.json.decode(render(spread(whole), LABEL))


def of_message(message: dict[str, Any], reason: str = "stop") -> Choice:
    """The choice that such a message amounts to."""
    choice = {"index": 0, "message": message, "finish_reason": reason}
    return read({"choices": [choice]}).choices[0]


def test_the_published_example() -> None:
    call = cv.ToolUse("call_abc123", "get_current_weather", '{\n"location": "Boston, MA"\n}')
    assert read(PUBLISHED) == Whole(
        "chatcmpl-abc123",
        "gpt-4o-mini",
        1699896916,
        [Choice([call], Reason.TOOL_CALLS)],
        Usage(input_tokens=82, output_tokens=17),
    )


@settings(max_examples=50, deadline=None)
@given(answers(choices()))
def test_what_is_rendered_reads_as_the_same_answer(whole: Whole) -> None:
    again = gather(parse(render(spread(whole), LABEL)))
    assert (again.choices, again.usage) == (whole.choices, whole.usage)


def test_the_client_sees_our_names_only() -> None:
    body = shown(Whole("gen-1", "upstream-name", 5, [Choice([cv.Text("Hi")])]))
    assert body == {
        "id": "chatcmpl-42",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": "public",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Hi", "refusal": None},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
    }


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"<html>",
        b'{"choices":[]}',
        b'{"error":{"message":"no"},"choices":[{"message":{}}]}',
        b'{"object":"error","choices":[{"message":{}}]}',
    ],
)
def test_what_is_no_answer_is_told_apart(body: bytes) -> None:
    with pytest.raises(ValueError, match="not a chat answer"):
        parse(body)


def test_reasoning_comes_as_text_or_with_its_signature() -> None:
    assert of_message({"reasoning_content": "hm", "content": "Hi"}).parts == [
        cv.Thinking("hm", origin="chat"),
        cv.Text("Hi"),
    ]
    detail = {"type": "reasoning.text", "text": "hm", "signature": "s"}
    details = [detail | {"format": "anthropic-claude-v1"}]
    assert of_message({"reasoning": "hm", "reasoning_details": details}).parts == [
        cv.Thinking("hm", "s", "messages")
    ]


def test_encrypted_reasoning_stays_with_its_summary() -> None:
    thought = cv.Thinking("summed up", "b3BhcXVl", "responses", "rs_1")
    choice = Choice([thought, cv.RedactedThinking("eA==", "messages"), cv.Text("Hi")])
    details = shown(Whole(choices=[choice]))["choices"][0]["message"]["reasoning_details"]
    assert [detail["type"] for detail in details] == [
        "reasoning.summary",
        "reasoning.encrypted",
        "reasoning.encrypted",
    ]
    assert gather(parse(render(spread(Whole(choices=[choice])), LABEL))).choices == [choice]


def test_a_call_keeps_googles_signature() -> None:
    choice = Choice([cv.ToolUse("c", "f", "{}", "c2ln", "gemini")], Reason.TOOL_CALLS)
    assert gather(parse(render(spread(Whole(choices=[choice])), LABEL))).choices == [choice]


@pytest.mark.parametrize(
    ("word", "message", "reason"),
    [
        ("stop", {"content": "x"}, Reason.STOP),
        ("eos", {"content": "x"}, Reason.STOP),
        ("length", {"content": "x"}, Reason.LENGTH),
        ("content_filter", {"content": "x"}, Reason.CONTENT_FILTER),
        ("stop", {"refusal": "no"}, Reason.REFUSAL),
        ("stop", {"tool_calls": [{"id": "a", "function": {"name": "f"}}]}, Reason.TOOL_CALLS),
        ("function_call", {"content": "x"}, Reason.TOOL_CALLS),
    ],
)
def test_finish_reasons(word: str, message: dict[str, Any], reason: Reason) -> None:
    assert of_message(message, word).reason is reason


@pytest.mark.parametrize(
    ("reason", "parts", "word"),
    [
        (Reason.STOP_SEQUENCE, [cv.Text("x")], "stop"),
        (Reason.PAUSE, [cv.Text("x")], "stop"),
        (Reason.REFUSAL, [cv.Refusal("no")], "stop"),
        (Reason.REFUSAL, [cv.Text("x")], "content_filter"),
        (Reason.LENGTH, [], "length"),
    ],
)
def test_reasons_of_others_become_finish_reasons(
    reason: Reason, parts: list[Any], word: str
) -> None:
    assert shown(Whole(choices=[Choice(parts, reason)]))["choices"][0]["finish_reason"] == word


def test_pictures_come_as_data() -> None:
    image = cv.Image(data="aGk=", media_type="image/webp")
    choice = Choice([cv.Text("Here"), image])
    assert gather(parse(render(spread(Whole(choices=[choice])), LABEL))).choices == [choice]


def test_log_probabilities_are_kept() -> None:
    top = (TokenLogprob("Hi", -0.1, (72, 105)), TokenLogprob("Ho", -3.0, None))
    tokens = (TokenLogprob("Hi", -0.1, (72, 105), top),)
    body = shown(Whole(choices=[Choice([cv.Text("Hi")], logprobs=tokens)]))
    assert body["choices"][0]["logprobs"]["content"][0]["top_logprobs"][1] == {
        "token": "Ho",
        "logprob": -3.0,
        "bytes": [72, 111],
    }
    (again,) = read(body).choices
    assert again.logprobs is not None
    assert again.logprobs[0].token == "Hi"


def test_a_call_without_an_id_gets_one() -> None:
    calls = [{"function": {"name": "f", "arguments": "{}"}} for _ in range(2)]
    choice = {"message": {"tool_calls": calls}, "finish_reason": "tool_calls"}
    first, second = read({"id": "a1", "choices": [choice]}).choices[0].tools
    assert first.id
    assert first.id != second.id
