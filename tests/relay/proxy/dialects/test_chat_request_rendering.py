"""The common form as a chat request: nothing is lost, and what chat can't say is refused."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings

from relay.proxy.dialects import conversation as cv
from relay.proxy.dialects.chat.request import parse, render
from relay.proxy.errors import ApiError, Cause
from tests.relay.proxy.dialects.conversations import CHAT, conversations

decode = msgspec.json.decode
PLAIN = cv.Conversation("public", (cv.Message(cv.Role.USER, (cv.Text("Hi"),)),))


def rendered(conversation: cv.Conversation) -> Any:
    """The request that an upstream would get, decoded."""
    return decode(render(conversation, "upstream-model"))


@settings(max_examples=60, deadline=None)
@given(conversations(**CHAT))
def test_what_is_rendered_reads_as_the_same_conversation(conversation: cv.Conversation) -> None:
    again = parse(render(conversation, conversation.model))
    expected = replace(conversation, wants_usage=conversation.is_stream, system=again.system)
    assert again == expected
    assert [text.text for text in again.system] == [text.text for text in conversation.system]


def test_a_plain_request_is_plain() -> None:
    assert rendered(PLAIN) == {
        "model": "upstream-model",
        "messages": [{"role": "user", "content": "Hi"}],
    }


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("gpt-4o", "max_tokens"),
        ("deepseek-chat", "max_tokens"),
        ("o3-mini", "max_completion_tokens"),
        ("gpt-5.4", "max_completion_tokens"),
        ("openai/gpt-5", "max_completion_tokens"),
    ],
)
def test_the_cap_has_the_name_that_the_model_knows(model: str, name: str) -> None:
    assert decode(render(replace(PLAIN, output_tokens_max=9), model))[name] == 9


def test_results_come_before_the_rest_and_their_pictures_after() -> None:
    result = cv.ToolResult("t1", (cv.Text("seen"), cv.Image(data="aGk=", media_type="image/png")))
    turn = cv.Message(cv.Role.USER, (cv.Text("And?"), result))
    tool, user = rendered(replace(PLAIN, messages=(turn,)))["messages"]
    assert tool == {"role": "tool", "tool_call_id": "t1", "content": "seen"}
    assert [part["type"] for part in user["content"]] == ["image_url", "text"]


def test_a_failed_tool_says_so() -> None:
    turn = cv.Message(cv.Role.USER, (cv.ToolResult("t1", (cv.Text("no net"),), is_error=True),))
    (tool,) = rendered(replace(PLAIN, messages=(turn,)))["messages"]
    assert tool["content"] == "Error: no net"


def test_a_budget_becomes_an_effort() -> None:
    reasoning = cv.Reasoning(budget_tokens=5_000)
    assert rendered(replace(PLAIN, reasoning=reasoning))["reasoning_effort"] == "medium"


def test_only_reasoning_of_unsigned_origin_goes_back() -> None:
    parts = (cv.Thinking("theirs", "c2ln", "messages"), cv.Thinking("ours"), cv.Text("Hello"))
    turn = cv.Message(cv.Role.ASSISTANT, parts)
    (message,) = rendered(replace(PLAIN, messages=(turn,)))["messages"]
    assert message == {"role": "assistant", "content": "Hello", "reasoning_content": "ours"}


def test_a_plain_text_document_becomes_text() -> None:
    turn = cv.Message(cv.Role.USER, (cv.Document(text="Once.", name="Tale"),))
    (message,) = rendered(replace(PLAIN, messages=(turn,)))["messages"]
    assert message["content"] == [{"type": "text", "text": "Tale\n\nOnce."}]


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"top_k": 5, "names": {"top_k": "generationConfig.topK"}}, "generationConfig.topK"),
        ({"modalities": ("text", "image")}, "modalities"),
        (
            {
                "messages": (
                    cv.Message(
                        cv.Role.USER, (cv.Document(url="https://example.org/a.pdf", at="here"),)
                    ),
                )
            },
            "here",
        ),
        (
            {"messages": (cv.Message(cv.Role.ASSISTANT, (cv.Image(data="aGk=", at="there"),)),)},
            "there",
        ),
    ],
)
def test_what_chat_cannot_say_is_refused(change: dict[str, Any], param: str) -> None:
    with pytest.raises(ApiError) as refused:
        render(replace(PLAIN, **change), "m")
    assert (refused.value.cause, refused.value.param) == (Cause.BAD_REQUEST, param)
