"""The common form as a Gemini request: nothing is lost, and what Google can't take is refused."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.proxy.dialects import conversation as cv
from relay.proxy.dialects.chat import request as chat
from relay.proxy.dialects.gemini.request import parse, render
from relay.proxy.errors import ApiError, Cause
from tests.relay.proxy.dialects.conversations import CHAT, TEXTS, conversations

decode = msgspec.json.decode
PLAIN = cv.Conversation("public", (cv.Message(cv.Role.USER, (cv.Text("Hi"),)),))
OLD, NEW = "gemini-2.5-flash", "gemini-3-flash-preview"
GEMINI = {
    **{name: CHAT[name] for name in ("n", "frequency_penalty", "presence_penalty")},
    "seed": st.integers(-(2**31), 2**31 - 1) | st.none(),
    "stop": st.lists(TEXTS, max_size=5).map(tuple),
    "top_k": st.integers(1, 100) | st.none(),
    "output": st.sampled_from(
        [None, cv.OutputFormat(cv.OutputKind.TEXT), cv.OutputFormat(cv.OutputKind.JSON)]
    ),
}


def rendered(model: str = OLD, **change: Any) -> Any:
    """The request that an upstream would get, decoded."""
    return decode(render(replace(PLAIN, **change), model))


def config(model: str = OLD, **change: Any) -> Any:
    """Its generationConfig."""
    return rendered(model, **change).get("generationConfig", {})


def model_parts(*parts: cv.Part, model: str = OLD) -> Any:
    """The parts of a turn of the model."""
    return rendered(model, messages=(cv.Message(cv.Role.ASSISTANT, parts),))["contents"][0]["parts"]


@settings(max_examples=60, deadline=None)
@given(conversations(**GEMINI))
def test_what_is_rendered_reads_as_the_same_conversation(conversation: cv.Conversation) -> None:
    body = render(conversation, OLD)
    again = parse(body, model=conversation.model, is_stream=conversation.is_stream)
    assert again == replace(conversation, wants_usage=True)


@settings(max_examples=40, deadline=None)
@given(conversations(**GEMINI))
def test_chat_survives_the_way_through_gemini(conversation: cv.Conversation) -> None:
    asked = chat.parse(chat.render(replace(conversation, top_k=None), "model"))
    body = render(asked, OLD)
    again = parse(body, model=asked.model, is_stream=asked.is_stream)
    assert again == replace(asked, wants_usage=True)


def test_a_plain_request_is_plain() -> None:
    assert rendered() == {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}


def test_tools_keep_their_schema() -> None:
    schema = msgspec.Raw(b'{"type": "object", "additionalProperties": false}')
    body = rendered(tools=(cv.Tool("f", "does f", schema), cv.Tool("g", strict=True)))
    assert body["tools"] == [
        {
            "functionDeclarations": [
                {"name": "f", "description": "does f", "parametersJsonSchema": decode(schema)},
                {"name": "g"},
            ]
        }
    ]
    assert body["toolConfig"] == {"functionCallingConfig": {"mode": "VALIDATED"}}


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        (cv.ToolChoice(cv.ToolMode.AUTO), {"mode": "AUTO"}),
        (cv.ToolChoice(cv.ToolMode.NONE), {"mode": "NONE"}),
        (cv.ToolChoice(cv.ToolMode.REQUIRED), {"mode": "ANY"}),
        (
            cv.ToolChoice(cv.ToolMode.REQUIRED, ("f",)),
            {"mode": "ANY", "allowedFunctionNames": ["f"]},
        ),
        (
            cv.ToolChoice(cv.ToolMode.AUTO, ("f",)),
            {"mode": "VALIDATED", "allowedFunctionNames": ["f"]},
        ),
    ],
)
def test_the_choice_of_tools(choice: cv.ToolChoice, said: dict[str, Any]) -> None:
    body = rendered(tools=(cv.Tool("f"), cv.Tool("g")), tool_choice=choice)
    assert body["toolConfig"] == {"functionCallingConfig": said}


def test_results_name_their_tool_and_come_first() -> None:
    picture = cv.Image(data="aGk=", media_type="image/png")
    asked = cv.Message(cv.Role.ASSISTANT, (cv.ToolUse("c1", "f", '{"a":1}'),))
    told = cv.Message(cv.Role.USER, (cv.Text("And?"), cv.ToolResult("c1", (cv.Text("5"), picture))))
    model, user = rendered(messages=(asked, told))["contents"]
    assert model["parts"] == [{"functionCall": {"id": "c1", "name": "f", "args": {"a": 1}}}]
    assert user["parts"] == [
        {"functionResponse": {"id": "c1", "name": "f", "response": {"output": "5"}}},
        {"inlineData": {"mimeType": "image/png", "data": "aGk="}},
        {"text": "And?"},
    ]


@pytest.mark.parametrize(
    ("text", "is_error", "response"),
    [
        ("5", False, {"output": "5"}),
        ('{"a":1}', False, {"a": 1}),
        ('{"error":"x"}', False, {"output": '{"error":"x"}'}),
        ("{oops", False, {"output": "{oops"}),
        ("no net", True, {"error": "no net"}),
    ],
)
def test_a_result_is_an_object(text: str, is_error: bool, response: dict[str, Any]) -> None:
    asked = cv.Message(cv.Role.ASSISTANT, (cv.ToolUse("c1", "f", "{}"),))
    told = cv.Message(cv.Role.USER, (cv.ToolResult("c1", (cv.Text(text),), is_error),))
    (part,) = rendered(messages=(asked, told))["contents"][1]["parts"]
    assert part["functionResponse"]["response"] == response


def test_only_googles_own_thoughts_go_back() -> None:
    parts = model_parts(
        cv.Thinking("theirs", "c2ln", "messages"), cv.Thinking("own", "", "gemini"), cv.Text("Hi")
    )
    assert parts == [{"text": "own", "thought": True}, {"text": "Hi"}]


@pytest.mark.parametrize(
    "parts",
    [
        [cv.RedactedThinking("c2ln", "gemini"), cv.Text("Hi")],
        [cv.Text("Hi"), cv.RedactedThinking("c2ln", "gemini")],
    ],
)
def test_a_signature_goes_to_the_text_beside_it(parts: list[cv.Part]) -> None:
    assert model_parts(*parts) == [{"text": "Hi", "thoughtSignature": "c2ln"}]


def test_a_signature_alone_gets_a_part_of_its_own() -> None:
    use = cv.ToolUse("c1", "f", "{}", "YQ==", "gemini")
    parts = model_parts(use, cv.RedactedThinking("c2ln", "gemini"))
    assert [part["thoughtSignature"] for part in parts] == ["YQ==", "c2ln"]


def test_calls_of_other_models_pass_googles_check() -> None:
    uses = [cv.ToolUse("c1", "f", "{}"), cv.ToolUse("c2", "f", "{}")]
    first, second = model_parts(*uses, model=NEW)
    assert first["thoughtSignature"] == "skip_thought_signature_validator"
    assert "thoughtSignature" not in second
    assert "thoughtSignature" not in model_parts(*uses)[0]


@pytest.mark.parametrize(
    ("model", "reasoning", "thinking"),
    [
        (OLD, cv.Reasoning(cv.Effort.LOW), {"thinkingBudget": 1024, "includeThoughts": True}),
        (OLD, cv.Reasoning(cv.Effort.MAX), {"thinkingBudget": 24576, "includeThoughts": True}),
        (OLD, cv.Reasoning(cv.Effort.NONE), {"thinkingBudget": 0}),
        (
            "gemini-2.5-pro",
            cv.Reasoning(budget_tokens=50),
            {"thinkingBudget": 128, "includeThoughts": True},
        ),
        (
            NEW,
            cv.Reasoning(cv.Effort.MINIMAL),
            {"thinkingLevel": "minimal", "includeThoughts": True},
        ),
        (
            "gemini-3.1-pro-preview",
            cv.Reasoning(cv.Effort.MINIMAL, wants_summary=False),
            {"thinkingLevel": "low", "includeThoughts": False},
        ),
        (NEW, cv.Reasoning(wants_summary=True), {"includeThoughts": True}),
    ],
)
def test_thinking_fits_the_model(
    model: str, reasoning: cv.Reasoning, thinking: dict[str, Any]
) -> None:
    assert config(model, reasoning=reasoning)["thinkingConfig"] == thinking


def test_a_schema_for_the_answer_keeps_its_purpose() -> None:
    schema = msgspec.Raw(b'{"type":"object"}')
    output = cv.OutputFormat(cv.OutputKind.SCHEMA, "x", "A recipe.", schema, True)
    assert config(output=output) == {
        "responseMimeType": "application/json",
        "responseJsonSchema": {"type": "object", "description": "A recipe."},
    }


def test_media_by_address_and_by_value() -> None:
    parts = (
        cv.Image("https://example.org/a.png", detail="low"),
        cv.Audio("aGk=", "wav"),
        cv.Document(data="aGk=", name="a.pdf"),
        cv.Document(text="Once.", name="Tale"),
    )
    body = rendered(messages=(cv.Message(cv.Role.USER, parts),))
    assert body["contents"][0]["parts"] == [
        {"fileData": {"mimeType": "image/png", "fileUri": "https://example.org/a.png"}},
        {"inlineData": {"mimeType": "audio/wav", "data": "aGk="}},
        {"inlineData": {"mimeType": "application/pdf", "data": "aGk="}},
        {"text": "Tale\n\nOnce."},
    ]
    assert body["generationConfig"] == {"mediaResolution": "MEDIA_RESOLUTION_LOW"}


@pytest.mark.parametrize(("tier", "said"), [("auto", None), ("default", "standard")])
def test_service_tiers(tier: str, said: str | None) -> None:
    assert rendered(service_tier=tier).get("serviceTier") == said


USE = cv.Message(cv.Role.ASSISTANT, (cv.ToolUse("c1", "f", "[1]", at="use"),))
TWO = (cv.Image("https://a/b", detail="low", at="one"), cv.Image("https://a/c", at="two"))


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"logit_bias": {"1": 2}}, "logit_bias"),
        ({"verbosity": "low"}, "verbosity"),
        ({"metadata": {"a": "b"}}, "metadata"),
        ({"store": True}, "store"),
        ({"parallel_tools": False}, "parallel_tools"),
        ({"n": 9}, "n"),
        ({"seed": 2**31}, "seed"),
        ({"stop": ("a",) * 6, "names": {"stop": "stop_sequences"}}, "stop_sequences"),
        ({"service_tier": "flex"}, "service_tier"),
        ({"messages": (cv.Message(cv.Role.USER, (cv.ToolResult("x", at="here"),)),)}, "here"),
        (
            {"messages": (cv.Message(cv.Role.USER, (cv.Text(""),), at="messages[0]"),)},
            "messages[0]",
        ),
        ({"messages": (cv.Message(cv.Role.USER, (), "bob", "m"),)}, "m.name"),
        ({"messages": (USE,)}, "use"),
        ({"messages": (cv.Message(cv.Role.USER, TWO),)}, "one"),
    ],
)
def test_what_google_cannot_take_is_refused(change: dict[str, Any], param: str) -> None:
    with pytest.raises(ApiError) as refused:
        rendered(**change)
    assert (refused.value.cause, refused.value.param) == (Cause.BAD_REQUEST, param)


@pytest.mark.parametrize("model", ["gemini-2.5-pro", NEW])
def test_models_that_always_think_cannot_be_told_not_to(model: str) -> None:
    with pytest.raises(ApiError) as refused:
        config(model, reasoning=cv.Reasoning(cv.Effort.NONE))
    assert refused.value.param == "reasoning"
