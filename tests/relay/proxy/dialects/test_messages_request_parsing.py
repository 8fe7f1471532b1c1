"""What a messages request says, in the common form; what is wrong with it, by name."""

from typing import Any

import msgspec
import pytest

from relay.proxy.dialects import conversation as cv
from relay.proxy.dialects.messages import request
from relay.proxy.errors import ApiError, Cause

HELLO = {"role": "user", "content": "Hello, Claude"}
LEAST = {"model": "claude", "max_tokens": 1024, "messages": [HELLO]}


def parse(**more: Any) -> cv.Conversation:
    return request.parse(msgspec.json.encode({**LEAST, **more}))


def refusal(**more: Any) -> tuple[Cause, str | None]:
    with pytest.raises(ApiError) as caught:
        parse(**more)
    return caught.value.cause, caught.value.param


def block(role: str, **content: Any) -> cv.Part:
    (message,) = parse(messages=[{"role": role, "content": [content]}]).messages
    return message.parts[0]


def test_the_published_example() -> None:
    conversation = parse()
    assert conversation.model == "claude"
    assert conversation.output_tokens_max == 1024
    assert conversation.messages == (cv.Message(cv.Role.USER, (cv.Text("Hello, Claude"),)),)
    assert conversation.messages[0].parts[0].at == "messages[0].content"
    assert not conversation.is_stream


def test_plain_parameters() -> None:
    conversation = parse(
        system=[{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
        temperature=0.5,
        top_p=0.9,
        top_k=5,
        stop_sequences=["END"],
        metadata={"user_id": "u1"},
        service_tier="standard_only",
        stream=True,
        cache_control={"type": "ephemeral"},
    )
    assert conversation.system == (cv.Text("Be brief.", cache=cv.CacheMark.FIVE_MINUTES),)
    assert (conversation.temperature, conversation.top_p, conversation.top_k) == (0.5, 0.9, 5)
    assert conversation.stop == ("END",)
    assert (conversation.user, conversation.service_tier) == ("u1", "default")
    assert conversation.is_stream


SOURCE = {"type": "base64", "media_type": "image/jpeg", "data": "aW1n"}
PDF = {"type": "base64", "media_type": "application/pdf", "data": "cGRm"}
PLAIN = {"type": "text", "media_type": "text/plain", "data": "words"}
MARK = {"type": "ephemeral", "ttl": "1h"}


@pytest.mark.parametrize(
    ("content", "part"),
    [
        ({"type": "image", "source": SOURCE}, cv.Image(data="aW1n", media_type="image/jpeg")),
        (
            {"type": "image", "source": {"type": "url", "url": "https://x/i"}},
            cv.Image("https://x/i"),
        ),
        (
            {"type": "document", "source": PDF, "title": "T", "cache_control": MARK},
            cv.Document(
                data="cGRm", media_type="application/pdf", name="T", cache=cv.CacheMark.ONE_HOUR
            ),
        ),
        (
            {"type": "document", "source": PLAIN, "citations": {"enabled": False}},
            cv.Document(text="words", media_type="text/plain"),
        ),
        (
            {"type": "tool_result", "tool_use_id": "t1", "content": "15 degrees"},
            cv.ToolResult("t1", (cv.Text("15 degrees"),)),
        ),
        (
            {
                "type": "tool_result",
                "tool_use_id": "t1",
                "is_error": True,
                "content": [{"type": "image", "source": SOURCE}],
            },
            cv.ToolResult("t1", (cv.Image(data="aW1n", media_type="image/jpeg"),), is_error=True),
        ),
        ({"type": "tool_result", "tool_use_id": "t1"}, cv.ToolResult("t1")),
    ],
)
def test_blocks_of_the_user(content: dict[str, Any], part: cv.Part) -> None:
    assert block("user", **content) == part


@pytest.mark.parametrize(
    ("content", "part"),
    [
        ({"type": "text", "text": "hi", "citations": []}, cv.Text("hi")),
        (
            {"type": "thinking", "thinking": "hm", "signature": "c2ln"},
            cv.Thinking("hm", "c2ln", "messages"),
        ),
        ({"type": "redacted_thinking", "data": "eHh4"}, cv.RedactedThinking("eHh4", "messages")),
        (
            {"type": "redacted_thinking", "data": "responses:rs_1#eHh4"},
            cv.RedactedThinking("eHh4", "responses", "rs_1"),
        ),
        (
            {"type": "tool_use", "id": "t1", "name": "f", "input": {"city": "Bern"}},
            cv.ToolUse("t1", "f", '{"city":"Bern"}'),
        ),
    ],
)
def test_blocks_of_the_assistant(content: dict[str, Any], part: cv.Part) -> None:
    assert block("assistant", **content) == part


def test_a_signature_of_a_tool_call_comes_back_behind_it() -> None:
    content = [
        {"type": "tool_use", "id": "t1", "name": "f", "input": {}},
        {"type": "redacted_thinking", "data": "gemini#c2ln"},
    ]
    (message,) = parse(messages=[{"role": "assistant", "content": content}]).messages
    assert message.parts == (cv.ToolUse("t1", "f", "{}", "c2ln", "gemini"),)


def test_tools_keep_the_bytes_of_their_schema() -> None:
    body = (
        b'{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"x"}],"tools":'
        b'[{"type":"custom","name":"f","input_schema":{ "type": "object" },"strict":true}]}'
    )
    (tool,) = request.parse(body).tools
    assert bytes(tool.schema or b"") == b'{ "type": "object" }'
    assert tool.strict is True


@pytest.mark.parametrize(
    ("given", "choice", "parallel"),
    [
        ({"type": "auto"}, cv.ToolChoice(cv.ToolMode.AUTO), None),
        ({"type": "any"}, cv.ToolChoice(cv.ToolMode.REQUIRED), None),
        ({"type": "none"}, cv.ToolChoice(cv.ToolMode.NONE), None),
        (
            {"type": "tool", "name": "f", "disable_parallel_tool_use": True},
            cv.ToolChoice(cv.ToolMode.REQUIRED, ("f",)),
            False,
        ),
    ],
)
def test_the_choice_of_a_tool(
    given: dict[str, Any], choice: cv.ToolChoice, parallel: bool | None
) -> None:
    conversation = parse(tool_choice=given)
    assert (conversation.tool_choice, conversation.parallel_tools) == (choice, parallel)


@pytest.mark.parametrize(
    ("given", "reasoning"),
    [
        (
            {"thinking": {"type": "enabled", "budget_tokens": 1_024}, "max_tokens": 2_048},
            cv.Reasoning(budget_tokens=1_024),
        ),
        ({"thinking": {"type": "disabled"}}, cv.Reasoning(cv.Effort.NONE)),
        (
            {"thinking": {"type": "adaptive", "display": "omitted"}},
            cv.Reasoning(cv.Effort.HIGH, wants_summary=False),
        ),
        (
            {"thinking": {"type": "adaptive"}, "output_config": {"effort": "max"}},
            cv.Reasoning(cv.Effort.MAX),
        ),
        ({"output_config": {"effort": "low"}}, cv.Reasoning(cv.Effort.LOW)),
    ],
)
def test_how_much_to_reason(given: dict[str, Any], reasoning: cv.Reasoning) -> None:
    assert parse(**given).reasoning == reasoning


@pytest.mark.parametrize("name", ["output_config", "output_format"])
def test_the_form_of_the_answer(name: str) -> None:
    form = {"type": "json_schema", "schema": {"type": "object"}}
    given = {"format": form} if name == "output_config" else form
    output = parse(**{name: given}).output
    assert output is not None
    assert (output.kind, output.strict) == (cv.OutputKind.SCHEMA, True)
    assert output.schema == msgspec.Raw(b'{"type":"object"}')


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ({"messages": []}, "messages"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": 1.5}, "max_tokens"),
        ({"temperature": 1.5}, "temperature"),
        ({"messages": [{"role": "system", "content": "x"}]}, "messages"),
        ({"messages": [{"role": "user", "content": 3}]}, "messages[0].content"),
        ({"thinking": {"type": "enabled", "budget_tokens": 5}}, "thinking.budget_tokens"),
        ({"thinking": {"type": "enabled", "budget_tokens": 1_024}}, "thinking.budget_tokens"),
        ({"tools": [{"name": "f", "input_schema": 3}]}, "tools[0].input_schema"),
        ({"tools": [{"type": "web_search_20250305", "name": "s"}]}, "tools[0].type"),
        ({"mcp_servers": []}, "mcp_servers"),
        (
            {"context_management": {"edits": [{"type": "clear_tool_uses_20250919"}]}},
            "context_management.edits[0].type",
        ),
        ({"frequency_penalty": 1}, "frequency_penalty"),
        (
            {
                "messages": [
                    {"role": "user", "content": [{"type": "image", "source": {"type": "file"}}]}
                ]
            },
            "messages[0].content[0].source.type",
        ),
        (
            {
                "messages": [
                    {
                        "role": "assistant",
                        "content": [{"type": "tool_use", "id": "t", "name": "f", "input": "x"}],
                    }
                ]
            },
            "messages[0].content[0].input",
        ),
    ],
)
def test_what_is_wrong_is_named(given: dict[str, Any], param: str) -> None:
    assert refusal(**given) == (Cause.BAD_REQUEST, param)


def test_the_cap_is_required_but_for_counting() -> None:
    body = msgspec.json.encode({"model": "m", "messages": [HELLO]})
    with pytest.raises(ApiError) as caught:
        request.parse(body)
    assert (caught.value.cause, caught.value.param) == (Cause.MISSING_PARAMETER, "max_tokens")
    assert request.parse_count(body).output_tokens_max is None


def test_clearing_thoughts_of_anthropics_own_means_nothing_to_others() -> None:
    edits = [{"type": "clear_thinking_20251015", "keep": "all"}]
    assert parse(context_management={"edits": edits}) == parse()


def test_refusals_of_other_dialects_use_the_names_of_this_one() -> None:
    assert parse(top_k=3).not_carried("stop").param == "stop_sequences"


def test_instructions_in_mid_conversation_go_in_front() -> None:
    late = {"role": "system", "content": [{"type": "text", "text": "Now in French."}]}
    answered = {"role": "assistant", "content": "Hi"}
    conversation = parse(system="Be brief.", messages=[HELLO, answered, late, HELLO])
    assert conversation.system == (cv.Text("Be brief."), cv.Text("Now in French."))
    assert [turn.role for turn in conversation.messages] == ["user", "assistant", "user"]
