"""A chat request in the common form: everything that was said is found again."""

from typing import Any

import msgspec
import pytest

from relay.proxy.dialects import conversation as cv
from relay.proxy.dialects.chat.request import parse
from relay.proxy.errors import ApiError, Cause

encode = msgspec.json.encode
HELLO: list[dict[str, Any]] = [{"role": "user", "content": "Hello!"}]


def request(**fields: Any) -> bytes:
    """A request with these fields beside model and messages."""
    return encode({"model": "gpt-5.4", "messages": HELLO, **fields})


def test_a_plain_request() -> None:
    conversation = parse(request(stream=True, stream_options={"include_usage": True}))
    assert conversation == cv.Conversation(
        "gpt-5.4",
        (cv.Message(cv.Role.USER, (cv.Text("Hello!"),)),),
        is_stream=True,
        wants_usage=True,
    )


def test_system_texts_are_gathered_in_order() -> None:
    messages = [
        {"role": "developer", "content": "One."},
        *HELLO,
        {"role": "system", "content": [{"type": "text", "text": "Two."}]},
    ]
    assert parse(request(messages=messages)).system == (cv.Text("One."), cv.Text("Two."))


def test_parts_of_a_user_message() -> None:
    content = [
        {"type": "text", "text": "Look", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
        {"type": "image_url", "image_url": {"url": "https://example.org/a.png", "detail": "low"}},
        {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,aaaa"}},
        {"type": "input_audio", "input_audio": {"data": "bbbb", "format": "wav"}},
        {
            "type": "file",
            "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,cccc"},
        },
    ]
    (message,) = parse(request(messages=[{"role": "user", "content": content}])).messages
    assert message.parts == (
        cv.Text("Look", cache=cv.CacheMark.ONE_HOUR),
        cv.Image("https://example.org/a.png", detail="low"),
        cv.Image(data="aaaa", media_type="image/jpeg"),
        cv.Audio("bbbb", "wav"),
        cv.Document(data="cccc", media_type="application/pdf", name="a.pdf"),
    )
    assert message.parts[1].at == "messages[0].content[1]"


def test_a_round_of_tools() -> None:
    calls = [
        {"id": f"call_{n}", "type": "function", "function": {"name": "f", "arguments": "{}"}}
        for n in (1, 2)
    ]
    messages = [
        *HELLO,
        {"role": "assistant", "content": "", "tool_calls": calls},
        {"role": "tool", "tool_call_id": "call_1", "content": "sun"},
        {"role": "tool", "tool_call_id": "call_2", "content": "rain"},
        {"role": "user", "content": "So?"},
    ]
    _, asked, results, last = parse(request(messages=messages)).messages
    assert asked.parts == (cv.ToolUse("call_1", "f", "{}"), cv.ToolUse("call_2", "f", "{}"))
    assert results == cv.Message(
        cv.Role.USER,
        (cv.ToolResult("call_1", (cv.Text("sun"),)), cv.ToolResult("call_2", (cv.Text("rain"),))),
    )
    assert last.parts == (cv.Text("So?"),)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("none", cv.ToolChoice(cv.ToolMode.NONE)),
        ("required", cv.ToolChoice(cv.ToolMode.REQUIRED)),
        (
            {"type": "function", "function": {"name": "f"}},
            cv.ToolChoice(cv.ToolMode.REQUIRED, ("f",)),
        ),
        (
            {
                "type": "allowed_tools",
                "allowed_tools": {
                    "mode": "auto",
                    "tools": [{"type": "function", "function": {"name": "f"}}],
                },
            },
            cv.ToolChoice(cv.ToolMode.AUTO, ("f",)),
        ),
    ],
)
def test_tool_choices(given: Any, expected: cv.ToolChoice) -> None:
    assert parse(request(tool_choice=given)).tool_choice == expected


def test_a_schema_keeps_the_bytes_of_the_caller() -> None:
    schema = b'{ "type": "object",\n"properties": {} }'
    body = b'{"model":"m","messages":[{"role":"user","content":"x"}],"response_format":'
    body += b'{"type":"json_schema","json_schema":{"name":"n","strict":true,"schema":%b}}}' % schema
    output = parse(body).output
    assert output is not None
    assert output.schema is not None
    assert (output.kind, output.name, output.strict) == (cv.OutputKind.SCHEMA, "n", True)
    assert bytes(output.schema) == schema


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"reasoning_effort": "minimal"}, cv.Reasoning(cv.Effort.MINIMAL)),
        ({"reasoning": {"max_tokens": 2000}}, cv.Reasoning(budget_tokens=2000)),
        (
            {"reasoning": {"effort": "high", "exclude": True}},
            cv.Reasoning(cv.Effort.HIGH, wants_summary=False),
        ),
        ({"reasoning": {"enabled": False}}, cv.Reasoning(cv.Effort.NONE)),
    ],
)
def test_reasoning(fields: dict[str, Any], expected: cv.Reasoning) -> None:
    assert parse(request(**fields)).reasoning == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"logprobs": True, "top_logprobs": 3}, (True, 3)),
        ({"logprobs": 5}, (True, 5)),
        ({"logprobs": False}, (False, None)),
    ],
)
def test_logprobs_come_as_a_switch_or_a_number(fields: dict[str, Any], expected: Any) -> None:
    conversation = parse(request(**fields))
    assert (conversation.logprobs, conversation.top_logprobs) == expected


def test_the_smaller_of_two_caps_keeps_both() -> None:
    conversation = parse(request(max_tokens=1000.0, max_completion_tokens=500))
    assert conversation.output_tokens_max == 500
    assert conversation.not_carried("output_tokens_max").param == "max_completion_tokens"


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"messages": []}, "messages"),
        ({"temperature": 2.1}, "temperature"),
        ({"top_p": "x"}, "top_p"),
        ({"n": 0}, "n"),
        ({"n": 1.5}, "n"),
        ({"presence_penalty": -3}, "presence_penalty"),
        ({"logprobs": 30}, "logprobs"),
        ({"top_logprobs": 3}, "top_logprobs"),
        ({"reasoning_effort": "huge"}, "reasoning_effort"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"stop": [50256]}, "stop[0]"),
        ({"web_search_options": {}}, "web_search_options"),
        ({"functions": []}, "functions"),
        ({"user": "a", "safety_identifier": "b"}, "user"),
        ({"enable_search": True}, "enable_search"),
        ({"tools": [{"type": "custom", "custom": {}}]}, "tools[0].type"),
        ({"messages": [{"role": "robot", "content": ""}]}, "messages[0].role"),
        (
            {"messages": [{"role": "user", "content": [{"type": "video"}]}]},
            "messages[0].content[0].type",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "file", "file": {}}]}]},
            "messages[0].content[0].file.file_data",
        ),
        (
            {"messages": [{"role": "system", "content": "x", "name": "n"}]},
            "messages[0].name",
        ),
    ],
)
def test_what_is_wrong_or_unknown_is_refused_by_name(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(ApiError) as refused:
        parse(request(**fields))
    assert (refused.value.cause, refused.value.param) == (Cause.BAD_REQUEST, param)


def test_a_file_of_the_store_is_refused() -> None:
    content = [{"type": "file", "file": {"file_id": "file-1"}}]
    with pytest.raises(ApiError) as refused:
        parse(request(messages=[{"role": "user", "content": content}]))
    assert refused.value.param == "messages[0].content[0].file.file_id"


def test_null_is_the_same_as_not_given() -> None:
    names = ["tools", "functions", "audio", "stop", "temperature", "n", "reasoning"]
    assert parse(request(**dict.fromkeys(names))) == parse(request())
