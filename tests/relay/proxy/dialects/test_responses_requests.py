"""Responses requests, to and from the common form."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.proxy.dialects import conversation as cv
from relay.proxy.dialects.responses.request import parse, render
from relay.proxy.errors import ApiError, Cause
from tests.relay.proxy.dialects.conversations import CHAT, conversations

encode, decode = msgspec.json.encode, msgspec.json.decode
ALSO = ("user", "metadata", "parallel_tools", "output", "reasoning")
PLAIN = cv.Conversation("public", (cv.Message(cv.Role.USER, (cv.Text("Hi"),)),))


def request(**fields: Any) -> bytes:
    """A request with these fields beside model and input."""
    return encode({"model": "gpt-5.4", "input": "Hello!", **fields})


@settings(max_examples=60, deadline=None)
@given(conversations(**{name: CHAT[name] for name in ALSO}, store=st.booleans()))
def test_what_is_rendered_reads_as_the_same_conversation(conversation: cv.Conversation) -> None:
    again = parse(render(conversation, conversation.model))
    expected = replace(
        conversation,
        wants_usage=conversation.is_stream,
        tools=tuple(replace(tool, strict=False) for tool in conversation.tools),
    )
    assert again == expected


def test_a_plain_request() -> None:
    conversation = parse(request(instructions="Be brief.", max_output_tokens=50))
    assert conversation == cv.Conversation(
        "gpt-5.4",
        (cv.Message(cv.Role.USER, (cv.Text("Hello!"),)),),
        system=(cv.Text("Be brief."),),
        output_tokens_max=50,
    )


def test_nothing_is_stored_unless_the_caller_wants_it() -> None:
    assert decode(render(PLAIN, "m")) == {
        "model": "m",
        "store": False,
        "input": [{"role": "user", "content": "Hi"}],
    }
    assert decode(render(replace(PLAIN, store=True), "m"))["store"] is True


def test_items_of_a_turn_are_gathered() -> None:
    items = [
        {"role": "developer", "content": "Be kind."},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]},
        {
            "type": "reasoning",
            "id": "rs_1",
            "summary": [{"type": "summary_text", "text": "hm"}],
            "encrypted_content": "b3BhcXVl",
        },
        {
            "type": "message",
            "id": "msg_1",
            "status": "completed",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "Let me look.", "annotations": []}],
        },
        {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"},
        {"type": "function_call", "call_id": "c2", "name": "g", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "sun"},
        {
            "type": "function_call_output",
            "call_id": "c2",
            "output": [{"type": "input_image", "image_url": "data:image/png;base64,aGk="}],
        },
        {"role": "user", "content": "So?"},
    ]
    conversation = parse(request(input=items))
    assert conversation.system == (cv.Text("Be kind."),)
    assert conversation.messages == (
        cv.Message(cv.Role.USER, (cv.Text("Hi"),)),
        cv.Message(
            cv.Role.ASSISTANT,
            (
                cv.Thinking("hm", "b3BhcXVl", "responses", "rs_1"),
                cv.Text("Let me look."),
                cv.ToolUse("c1", "f", "{}"),
                cv.ToolUse("c2", "g", "{}"),
            ),
        ),
        cv.Message(
            cv.Role.USER,
            (
                cv.ToolResult("c1", (cv.Text("sun"),)),
                cv.ToolResult("c2", (cv.Image(data="aGk=", media_type="image/png"),)),
            ),
        ),
        cv.Message(cv.Role.USER, (cv.Text("So?"),)),
    )
    assert parse(render(conversation, "m")).messages == conversation.messages


def test_files_come_by_address_or_as_data() -> None:
    content = [
        {"type": "input_file", "file_url": "https://example.org/a.pdf"},
        {"type": "input_file", "filename": "b.pdf", "file_data": "data:application/pdf;base64,aa"},
    ]
    (message,) = parse(request(input=[{"role": "user", "content": content}])).messages
    assert message.parts == (
        cv.Document(url="https://example.org/a.pdf"),
        cv.Document(data="aa", media_type="application/pdf", name="b.pdf"),
    )


def test_encrypted_reasoning_is_asked_for_where_there_is_reasoning() -> None:
    asked = replace(PLAIN, reasoning=cv.Reasoning(budget_tokens=2_000, wants_summary=True))
    body = decode(render(asked, "m"))
    assert body["reasoning"] == {"effort": "medium", "summary": "auto"}
    assert body["include"] == ["reasoning.encrypted_content"]
    off = decode(render(replace(PLAIN, reasoning=cv.Reasoning(cv.Effort.NONE)), "m"))
    assert off["reasoning"] == {"effort": "none"}
    assert "include" not in off


def test_only_our_own_vendors_reasoning_goes_back() -> None:
    parts = (cv.Thinking("a", "s", "messages"), cv.Thinking("b", "", "responses"), cv.Text("x"))
    turn = cv.Message(cv.Role.ASSISTANT, parts)
    assert decode(render(replace(PLAIN, messages=(turn,)), "m"))["input"] == [
        {"role": "assistant", "content": "x"}
    ]


def test_a_tool_is_strict_only_where_that_was_asked() -> None:
    tools = (cv.Tool("f", schema=msgspec.Raw(b"{}")), cv.Tool("g", strict=True))
    body = decode(render(replace(PLAIN, tools=tools), "m"))
    assert [tool["strict"] for tool in body["tools"]] == [False, True]


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"input": []}, "input"),
        ({"input": [{"type": "item_reference", "id": "x"}]}, "input[0].type"),
        ({"input": [{"type": "web_search_call"}]}, "input[0].type"),
        ({"input": [{"role": "robot", "content": "x"}]}, "input[0].role"),
        (
            {"input": [{"role": "user", "content": [{"type": "input_image", "file_id": "f"}]}]},
            "input[0].content[0].file_id",
        ),
        (
            {"input": [{"role": "user", "content": [{"type": "input_image"}]}]},
            "input[0].content[0].image_url",
        ),
        ({"previous_response_id": "resp_1"}, "previous_response_id"),
        ({"conversation": "conv_1"}, "conversation"),
        ({"background": True}, "background"),
        ({"truncation": "auto"}, "truncation"),
        ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
        ({"include": ["file_search_call.results"]}, "include[0]"),
        ({"temperature": 3}, "temperature"),
        ({"max_output_tokens": 1.5}, "max_output_tokens"),
        ({"reasoning": {"effort": "huge"}}, "reasoning.effort"),
        ({"stop": "x"}, "stop"),
    ],
)
def test_what_is_wrong_or_unknown_is_refused_by_name(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(ApiError) as refused:
        parse(request(**fields))
    assert (refused.value.cause, refused.value.param) == (Cause.BAD_REQUEST, param)


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"stop": ("x",)}, "stop"),
        ({"n": 2}, "n"),
        ({"seed": 0}, "seed"),
        ({"top_k": 4}, "top_k"),
        ({"frequency_penalty": 0.1}, "frequency_penalty"),
        (
            {"messages": (cv.Message(cv.Role.USER, (cv.Audio("aGk=", "wav", at="here"),)),)},
            "here",
        ),
    ],
)
def test_what_responses_cannot_say_is_refused(change: dict[str, Any], param: str) -> None:
    with pytest.raises(ApiError) as refused:
        render(replace(PLAIN, **change), "m")
    assert (refused.value.cause, refused.value.param) == (Cause.BAD_REQUEST, param)


def test_what_changes_nothing_need_not_be_carried() -> None:
    asked = replace(PLAIN, n=1, frequency_penalty=0.0, presence_penalty=0.0)
    assert render(asked, "m") == render(PLAIN, "m")
