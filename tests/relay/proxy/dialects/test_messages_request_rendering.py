"""A conversation as Anthropic takes it, and what Anthropic cannot take."""

from typing import Any

import msgspec
import pytest

from relay.proxy.dialects import conversation as cv
from relay.proxy.dialects.conversation import Conversation, Message, Role
from relay.proxy.dialects.messages import request
from relay.proxy.errors import ApiError

OLDER, NEWER = "claude-sonnet-4-5-20250929", "claude-opus-4-7"
ASK = (Message(Role.USER, (cv.Text("Hi"),), at="messages[0]"),)
SCHEMA = msgspec.Raw(b'{"type":"object"}')
TOOLS = (cv.Tool("f", "Does f.", SCHEMA), cv.Tool("g"), cv.Tool("h"))


def render(model: str = OLDER, **fields: Any) -> dict[str, Any]:
    fields = {"model": "m", "messages": ASK, "output_tokens_max": 8_192, **fields}
    body: dict[str, Any] = msgspec.json.decode(request.render(Conversation(**fields), model))
    return body


def content(*parts: cv.Part, role: Role = Role.USER) -> list[dict[str, Any]]:
    (message,) = render(messages=(Message(role, parts),))["messages"]
    assert message["role"] == role
    blocks: list[dict[str, Any]] = message["content"]
    return blocks


def refused(model: str = OLDER, **fields: Any) -> str | None:
    with pytest.raises(ApiError) as caught:
        render(model, **fields)
    return caught.value.param


def test_the_least_request() -> None:
    assert render(output_tokens_max=None) == {
        "model": OLDER,
        "max_tokens": 8_192,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}],
    }


def test_plain_parameters() -> None:
    body = render(
        system=(cv.Text("Be brief.", cache=cv.CacheMark.ONE_HOUR), cv.Text("")),
        temperature=0.5,
        top_p=0.9,
        top_k=5,
        stop=("END",),
        user="u1",
        service_tier="default",
        is_stream=True,
        n=1,
        logprobs=False,
        store=False,
        frequency_penalty=0,
    )
    del body["model"], body["max_tokens"], body["messages"]
    mark = {"type": "ephemeral", "ttl": "1h"}
    assert body == {
        "system": [{"type": "text", "text": "Be brief.", "cache_control": mark}],
        "temperature": 0.5,
        "top_p": 0.9,
        "top_k": 5,
        "stop_sequences": ["END"],
        "metadata": {"user_id": "u1"},
        "service_tier": "standard_only",
        "stream": True,
    }


def test_results_come_first_and_bear_one_mark() -> None:
    mark = cv.CacheMark.FIVE_MINUTES
    result = cv.ToolResult("t1", (cv.Text("15", cache=mark),), is_error=True, cache=mark)
    assert content(cv.Text("And?"), result) == [
        {
            "type": "tool_result",
            "tool_use_id": "t1",
            "content": [{"type": "text", "text": "15"}],
            "is_error": True,
            "cache_control": {"type": "ephemeral"},
        },
        {"type": "text", "text": "And?"},
    ]


def test_documents() -> None:
    pdf = cv.Document(data="cGRm", name="a.pdf")
    text = cv.Document(data="aGk=", media_type="text/markdown")
    plain = cv.Document(text="hi")
    assert [block["source"] for block in content(pdf, text, plain)] == [
        {"type": "base64", "media_type": "application/pdf", "data": "cGRm"},
        {"type": "text", "media_type": "text/plain", "data": "hi"},
        {"type": "text", "media_type": "text/plain", "data": "hi"},
    ]


def test_only_own_thoughts_go_back() -> None:
    parts = (
        cv.Thinking("hm", "c2ln", "messages"),
        cv.Thinking("hm", "c2ln", "gemini"),
        cv.Thinking("hm"),
        cv.RedactedThinking("eHh4", "messages"),
        cv.RedactedThinking("eHh4", "responses"),
        cv.Refusal("No."),
    )
    assert content(*parts, role=Role.ASSISTANT) == [
        {"type": "thinking", "thinking": "hm", "signature": "c2ln"},
        {"type": "redacted_thinking", "data": "eHh4"},
        {"type": "text", "text": "No."},
    ]


def test_ids_of_calls_are_made_fit_and_stay_apart() -> None:
    calls = [cv.ToolUse(name, "f", "") for name in ("call_1", "f:0", "f.0")]
    results = [cv.ToolResult(call.id) for call in calls]
    asked = [block["id"] for block in content(*calls, role=Role.ASSISTANT)]
    assert [block["tool_use_id"] for block in content(*results)] == asked
    assert asked[0] == "call_1"
    assert len(set(asked)) == 3
    assert all(":" not in name and "." not in name for name in asked)


def test_a_turn_of_the_assistant_that_says_nothing_is_left_out() -> None:
    silent = Message(Role.ASSISTANT, (cv.Text(""), cv.Thinking("hm")))
    assert len(render(messages=(*ASK, silent, *ASK))["messages"]) == 2


@pytest.mark.parametrize(
    ("choice", "parallel", "said", "names"),
    [
        (None, None, None, "fgh"),
        (None, False, {"type": "auto", "disable_parallel_tool_use": True}, "fgh"),
        (cv.ToolChoice(cv.ToolMode.NONE), False, {"type": "none"}, "fgh"),
        (cv.ToolChoice(cv.ToolMode.REQUIRED), True, {"type": "any"}, "fgh"),
        (cv.ToolChoice(cv.ToolMode.REQUIRED, ("g",)), None, {"type": "tool", "name": "g"}, "fgh"),
        (cv.ToolChoice(cv.ToolMode.REQUIRED, ("f", "g")), None, {"type": "any"}, "fg"),
        (cv.ToolChoice(cv.ToolMode.AUTO, ("h",)), None, {"type": "auto"}, "h"),
    ],
)
def test_the_choice_of_a_tool(
    choice: cv.ToolChoice | None, parallel: bool | None, said: Any, names: str
) -> None:
    body = render(tools=TOOLS, tool_choice=choice, parallel_tools=parallel)
    assert body.get("tool_choice") == said
    assert "".join(tool["name"] for tool in body["tools"]) == names


@pytest.mark.parametrize(
    ("model", "reasoning", "thinking", "effort"),
    [
        (OLDER, cv.Reasoning(cv.Effort.LOW), ("enabled", 1_024), None),
        (OLDER, cv.Reasoning(cv.Effort.HIGH), ("enabled", 4_096), None),
        (OLDER, cv.Reasoning(budget_tokens=100), ("enabled", 1_024), None),
        ("my-claude", cv.Reasoning(budget_tokens=2_000), ("enabled", 2_000), None),
        (NEWER, cv.Reasoning(cv.Effort.MINIMAL), ("adaptive", None), "low"),
        (
            "anthropic/claude-sonnet-5",
            cv.Reasoning(budget_tokens=9_000),
            ("adaptive", None),
            "high",
        ),
        (NEWER, cv.Reasoning(), ("adaptive", None), None),
        (NEWER, cv.Reasoning(cv.Effort.NONE), ("disabled", None), None),
        (OLDER, cv.Reasoning(budget_tokens=0), ("disabled", None), None),
    ],
)
def test_how_much_to_reason(
    model: str, reasoning: cv.Reasoning, thinking: tuple[str, int | None], effort: str | None
) -> None:
    body = render(model, reasoning=reasoning)
    assert (body["thinking"]["type"], body["thinking"].get("budget_tokens")) == thinking
    assert body.get("output_config", {}).get("effort") == effort


def test_no_room_to_reason() -> None:
    reasoning = cv.Reasoning(cv.Effort.LOW)
    assert "thinking" not in render(reasoning=reasoning, output_tokens_max=2_047)


def test_whether_thoughts_are_shown() -> None:
    reasoning = cv.Reasoning(cv.Effort.LOW, wants_summary=False)
    assert render(reasoning=reasoning)["thinking"]["display"] == "omitted"


def output(kind: cv.OutputKind, *, strict: bool | None = None) -> cv.OutputFormat:
    schema = SCHEMA if kind is cv.OutputKind.SCHEMA else None
    return cv.OutputFormat(kind, "answer", schema=schema, strict=strict)


def test_a_strict_schema_is_a_format() -> None:
    reasoning = cv.Reasoning(cv.Effort.LOW)
    body = render(NEWER, output=output(cv.OutputKind.SCHEMA, strict=True), reasoning=reasoning)
    form = {"type": "json_schema", "schema": {"type": "object"}}
    assert body["output_config"] == {"effort": "low", "format": form}


@pytest.mark.parametrize("kind", [cv.OutputKind.JSON, cv.OutputKind.SCHEMA])
def test_other_json_is_a_tool_that_must_be_called(kind: cv.OutputKind) -> None:
    body = render(output=output(kind))
    (tool,) = body["tools"]
    assert tool["input_schema"]["type"] == "object"
    assert body["tool_choice"]["name"] == tool["name"]
    assert "output_config" not in body


def test_beside_tools_a_schema_is_a_format() -> None:
    body = render(output=output(cv.OutputKind.SCHEMA), tools=TOOLS)
    assert body["output_config"]["format"]["type"] == "json_schema"
    assert len(body["tools"]) == 3


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"n": 2}, "n"),
        ({"seed": 7}, "seed"),
        ({"logprobs": True}, "logprobs"),
        ({"logit_bias": {"1": 2.0}}, "logit_bias"),
        ({"metadata": {"a": "b"}}, "metadata"),
        ({"presence_penalty": 0.1}, "presence_penalty"),
        ({"verbosity": "low"}, "verbosity"),
        ({"modalities": ("audio",)}, "modalities"),
        ({"store": True}, "store"),
        ({"service_tier": "flex"}, "service_tier"),
        ({"temperature": 1.5}, "temperature"),
        ({"temperature": 0.5, "reasoning": cv.Reasoning(cv.Effort.LOW)}, "temperature"),
        ({"top_k": 5, "reasoning": cv.Reasoning(cv.Effort.LOW)}, "top_k"),
        ({"output": output(cv.OutputKind.JSON), "tools": TOOLS}, "response_format"),
        (
            {"messages": (Message(Role.USER, (cv.Text("x"),), "Ann", "messages[0]"),)},
            "messages[0].name",
        ),
        ({"messages": (Message(Role.USER, (cv.Text(""),), at="messages[0]"),)}, "messages[0]"),
        ({"messages": (Message(Role.USER, (cv.Audio("YQ==", "wav", at="here"),)),)}, "here"),
        ({"messages": (Message(Role.USER, (cv.Image("u", detail="low", at="here"),)),)}, "here"),
        (
            {"messages": (Message(Role.ASSISTANT, (cv.ToolUse("1", "f", "[]", at="here"),)),)},
            "here",
        ),
        ({"messages": (Message(Role.ASSISTANT, (cv.ToolUse("1", "f", "{", at="here"),)),)}, "here"),
    ],
)
def test_what_anthropic_cannot_carry_is_refused_by_name(fields: dict[str, Any], param: str) -> None:
    assert refused(**fields, names={"output": "response_format"}) == param


def test_a_request_of_its_own_comes_back_the_same() -> None:
    body = {
        "model": OLDER,
        "max_tokens": 4_096,
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "Weather?"}]},
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "hm", "signature": "c2ln"},
                    {"type": "tool_use", "id": "t1", "name": "f", "input": {"a": 1}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {
                        "type": "tool_result",
                        "tool_use_id": "t1",
                        "content": [{"type": "text", "text": "15"}],
                    },
                    {"type": "image", "source": {"type": "url", "url": "https://x/i.png"}},
                ],
            },
        ],
        "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
        "tools": [{"name": "f", "input_schema": {"type": "object"}, "description": "Does f."}],
        "tool_choice": {"type": "auto"},
        "stop_sequences": ["END"],
        "metadata": {"user_id": "u1"},
        "service_tier": "standard_only",
        "thinking": {"type": "enabled", "budget_tokens": 2_000},
        "stream": True,
    }
    again = request.render(request.parse(msgspec.json.encode(body)), OLDER)
    assert msgspec.json.decode(again) == body
