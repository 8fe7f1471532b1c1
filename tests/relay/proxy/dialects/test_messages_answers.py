"""Whole messages answers, read and written."""

from typing import Any

import msgspec
import pytest

from relay.proxy.dialects import conversation as cv
from relay.proxy.dialects.conversation import Conversation
from relay.proxy.dialects.events import Label, Reason
from relay.proxy.dialects.messages import answer
from relay.proxy.dialects.messages.output_out import JSON_TOOL
from relay.proxy.dialects.whole import AnswerPart, Choice, Whole, gather, spread
from relay.proxy.types import Usage

LABEL = Label("req_1", "public", 1_700_000_000, Conversation("public", ()))
EXAMPLE: dict[str, Any] = {
    "id": "msg_01XFDUDYJgAACzvnptvVoYEL",
    "type": "message",
    "role": "assistant",
    "content": [{"type": "text", "text": "Hello!"}],
    "model": "claude-sonnet-4-5",
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 12, "output_tokens": 6},
}


def parse(**changes: Any) -> Whole:
    return gather(answer.parse(msgspec.json.encode({**EXAMPLE, **changes})))


def render(whole: Whole) -> dict[str, Any]:
    body: dict[str, Any] = msgspec.json.decode(answer.render(spread(whole), LABEL))
    return body


def test_the_published_example() -> None:
    assert parse() == Whole(
        id="msg_01XFDUDYJgAACzvnptvVoYEL",
        model="claude-sonnet-4-5",
        choices=[Choice([cv.Text("Hello!")])],
        usage=Usage(input_tokens=12, output_tokens=6),
    )


BLOCKS = [
    {"type": "thinking", "thinking": "hm", "signature": "c2ln"},
    {"type": "redacted_thinking", "data": "eHh4"},
    {"type": "text", "text": "Let me look."},
    {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Bern"}},
]
PARTS: list[AnswerPart] = [
    cv.Thinking("hm", "c2ln", "messages"),
    cv.RedactedThinking("eHh4", "messages"),
    cv.Text("Let me look."),
    cv.ToolUse("toolu_1", "weather", '{"city":"Bern"}'),
]


def test_every_block_is_read_and_written() -> None:
    whole = parse(content=BLOCKS, stop_reason="tool_use")
    assert whole.choices == [Choice(list(PARTS), Reason.TOOL_CALLS)]
    body = render(whole)
    assert body["content"] == BLOCKS
    assert (body["id"], body["model"]) == ("msg_req_1", "public")
    assert (body["type"], body["role"]) == ("message", "assistant")
    assert (body["stop_reason"], body["stop_sequence"]) == ("tool_use", None)
    assert body["usage"]["input_tokens"] == 12


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("end_turn", Reason.STOP),
        ("max_tokens", Reason.LENGTH),
        ("pause_turn", Reason.PAUSE),
        ("refusal", Reason.REFUSAL),
    ],
)
def test_reasons(word: str, reason: Reason) -> None:
    whole = parse(stop_reason=word)
    assert whole.choices[0].reason is reason
    assert render(whole)["stop_reason"] == word


def test_the_context_window_is_a_length() -> None:
    whole = parse(stop_reason="model_context_window_exceeded")
    assert whole.choices[0].reason is Reason.LENGTH


def test_a_stop_sequence_is_told_with_its_reason() -> None:
    body = render(parse(stop_reason="stop_sequence", stop_sequence="END"))
    assert (body["stop_reason"], body["stop_sequence"]) == ("stop_sequence", "END")
    unknown = Whole(choices=[Choice([], Reason.STOP_SEQUENCE)])
    assert render(unknown)["stop_reason"] == "end_turn"


def test_the_tool_for_json_is_text_again() -> None:
    block = {"type": "tool_use", "id": "t", "name": JSON_TOOL, "input": {"a": [1]}}
    whole = parse(content=[block], stop_reason="tool_use")
    assert whole.choices == [Choice([cv.Text('{"a":[1]}')], Reason.STOP)]


def test_what_other_vendors_answer_is_told_in_blocks() -> None:
    parts: list[AnswerPart] = [
        cv.Thinking("hm", "ZW5j", "responses", "rs_1"),
        cv.RedactedThinking("eHh4", "responses"),
        cv.Text(""),
        cv.ToolUse("t", "f", "", "c2ln", "gemini"),
        cv.Refusal("No."),
        cv.Image(data="aW1n", media_type="image/png"),
        cv.ToolUse("t", "f", '{"cut of'),
    ]
    body = render(Whole(choices=[Choice(parts, Reason.CONTENT_FILTER)]))
    assert body["content"] == [
        {"type": "thinking", "thinking": "hm", "signature": "responses:rs_1#ZW5j"},
        {"type": "redacted_thinking", "data": "responses#eHh4"},
        {"type": "tool_use", "id": "t", "name": "f", "input": {}},
        {"type": "redacted_thinking", "data": "gemini#c2ln"},
        {"type": "text", "text": "No."},
        {"type": "text", "text": "![](data:image/png;base64,aW1n)"},
        {"type": "tool_use", "id": "t", "name": "f", "input": {"raw": '{"cut of'}},
    ]
    assert body["stop_reason"] == "refusal"


def test_blocks_that_nobody_asked_for_are_passed_over() -> None:
    blocks = [{"type": "server_tool_use", "id": "s", "input": {}}, {"type": "text", "text": "x"}]
    assert parse(content=blocks).choices[0].parts == [cv.Text("x")]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"type":"message"}',
        b'{"type":"error","error":{"type":"overloaded_error","message":"x"}}',
        b'{"type":"message","content":"x"}',
    ],
)
def test_what_is_no_answer(body: bytes) -> None:
    with pytest.raises(ValueError, match="not a messages answer"):
        answer.parse(body)
