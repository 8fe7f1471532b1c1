"""What a Gemini request says, in the common form; what is wrong with it, by the caller's name."""

from base64 import b64encode
from typing import Any

import msgspec
import pytest

from relay.proxy.dialects import conversation as cv
from relay.proxy.dialects.gemini import request
from relay.proxy.dialects.gemini.thoughts import sealed
from relay.proxy.errors import ApiError, Cause

LEAST = {"contents": [{"parts": [{"text": "Explain how AI works"}]}]}


def parse(**more: Any) -> cv.Conversation:
    body = msgspec.json.encode({**LEAST, **more})
    return request.parse(body, model="gemini-2.5-flash", is_stream=False)


def refusal(**more: Any) -> tuple[Cause, str | None]:
    with pytest.raises(ApiError) as caught:
        parse(**more)
    return caught.value.cause, caught.value.param


def part(role: str, **content: Any) -> cv.Part:
    (message,) = parse(contents=[{"role": role, "parts": [content]}]).messages
    return message.parts[0]


def test_the_published_example() -> None:
    conversation = parse()
    assert conversation.model == "gemini-2.5-flash"
    assert conversation.messages == (cv.Message(cv.Role.USER, (cv.Text("Explain how AI works"),)),)
    assert conversation.messages[0].parts[0].at == "contents[0].parts[0]"
    assert not conversation.is_stream


def test_plain_parameters() -> None:
    conversation = parse(
        systemInstruction={"parts": [{"text": "You are a cat."}]},
        generationConfig={
            "stopSequences": ["Title"],
            "temperature": 1.0,
            "maxOutputTokens": 800,
            "topP": 0.8,
            "topK": 10,
            "candidateCount": 2,
            "seed": 7,
            "presencePenalty": 0.5,
            "frequencyPenalty": -0.5,
            "responseLogprobs": True,
            "logprobs": 3,
            "thinkingConfig": {"thinkingBudget": 1024, "includeThoughts": True},
        },
        serviceTier="standard",
    )
    assert conversation.system == (cv.Text("You are a cat."),)
    assert conversation.stop == ("Title",)
    assert (conversation.temperature, conversation.top_p, conversation.top_k) == (1.0, 0.8, 10)
    assert (conversation.output_tokens_max, conversation.n, conversation.seed) == (800, 2, 7)
    assert (conversation.logprobs, conversation.top_logprobs) == (True, 3)
    assert conversation.reasoning == cv.Reasoning(None, 1024, True)
    assert conversation.service_tier == "default"


def test_both_spellings_and_lone_values_are_read() -> None:
    conversation = parse(
        system_instruction={"parts": {"text": "Be brief."}},
        contents={"role": "user", "parts": {"inline_data": {"mime_type": "image/png", "data": ""}}},
        generation_config={"max_output_tokens": 5, "stop_sequences": "END"},
        tools={"function_declarations": {"name": "f", "parameters": {"type": "OBJECT"}}},
    )
    assert conversation.system == (cv.Text("Be brief."),)
    assert conversation.messages[0].parts == (cv.Image(data="", media_type="image/png"),)
    assert (conversation.output_tokens_max, conversation.stop) == (5, ("END",))
    assert conversation.names["top_k"] == "generation_config.topK"
    assert conversation.messages[0].parts[0].at == "contents[0].parts[0].inline_data"
    assert conversation.tools[0].at == "tools[0].function_declarations[0]"


def test_the_callers_own_names_stay_as_they_are() -> None:
    args = {"file_data": {"some_key": [1]}}
    said = part("model", functionCall={"name": "f", "args": args})
    assert isinstance(said, cv.ToolUse)
    assert msgspec.json.decode(said.arguments) == args


def test_binary_data_is_put_into_the_alphabet_that_others_read() -> None:
    said = part("user", inlineData={"mimeType": "image/png", "data": "_-8"})
    assert said == cv.Image(data="/+8=", media_type="image/png")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            {"inlineData": {"mimeType": "audio/mpeg", "data": "aGk="}},
            cv.Audio("aGk=", "mp3"),
        ),
        (
            {"inlineData": {"mimeType": "application/pdf", "data": "aGk=", "displayName": "a"}},
            cv.Document(data="aGk=", media_type="application/pdf", name="a"),
        ),
        (
            {"fileData": {"fileUri": "https://example.org/a.JPG?b=c"}},
            cv.Image("https://example.org/a.JPG?b=c", media_type="image/jpeg"),
        ),
        (
            {"fileData": {"fileUri": "https://example.org/a", "mimeType": "application/pdf"}},
            cv.Document("https://example.org/a", media_type="application/pdf"),
        ),
    ],
)
def test_parts_of_the_user(content: dict[str, Any], said: cv.Part) -> None:
    assert part("user", **content) == said


SEALED = sealed("c2ln", origin="messages")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"text": "Hm.", "thought": True}, [cv.Thinking("Hm.", "", "gemini")]),
        (
            {"text": "Hm.", "thought": True, "thoughtSignature": SEALED},
            [cv.Thinking("Hm.", "c2ln", "messages")],
        ),
        (
            {"text": "Hi", "thoughtSignature": "c2ln"},
            [cv.Text("Hi"), cv.RedactedThinking("c2ln", "gemini")],
        ),
        ({"text": "", "thoughtSignature": "c2ln"}, [cv.RedactedThinking("c2ln", "gemini")]),
        (
            {
                "text": "",
                "thought": True,
                "thoughtSignature": sealed(
                    "eHh4", origin="responses", item_id="rs_1", is_redacted=True
                ),
            },
            [cv.RedactedThinking("eHh4", "responses", "rs_1")],
        ),
        (
            {"functionCall": {"name": "f", "id": "fc1"}, "thoughtSignature": "c2ln"},
            [cv.ToolUse("fc1", "f", "{}", "c2ln", "gemini")],
        ),
    ],
)
def test_parts_of_the_model(content: dict[str, Any], said: list[cv.Part]) -> None:
    (message,) = parse(contents=[{"role": "model", "parts": [content]}]).messages
    assert list(message.parts) == said


def test_clients_may_put_a_signature_into_the_other_alphabet() -> None:
    again = SEALED.replace("+", "-").replace("/", "_").rstrip("=")
    said = part("model", text="", thought=True, thoughtSignature=again)
    assert said == cv.Thinking("", "c2ln", "messages")


def test_results_are_matched_to_calls_by_name_in_order() -> None:
    calls = [{"functionCall": {"name": name}} for name in ("a", "b", "a")]
    results = [
        {"functionResponse": {"name": "a", "response": {"output": "1"}}},
        {"functionResponse": {"name": "b", "response": {"error": "no net"}}},
        {"functionResponse": {"name": "a", "response": {"celsius": 5}}},
    ]
    turns = [{"role": "model", "parts": calls}, {"role": "user", "parts": results}]
    asked, told = parse(contents=turns).messages
    ids = [use.id for use in asked.parts if isinstance(use, cv.ToolUse)]
    assert ids == ["call_0_0", "call_0_1", "call_0_2"]
    assert told.parts == (
        cv.ToolResult(ids[0], (cv.Text("1"),)),
        cv.ToolResult(ids[1], (cv.Text("no net"),), is_error=True),
        cv.ToolResult(ids[2], (cv.Text('{"celsius":5}'),)),
    )


def test_tools_take_either_kind_of_schema() -> None:
    parameters = {
        "type": "OBJECT",
        "properties": {
            "type": {"type": "STRING", "enum": ["a"], "format": "enum", "nullable": True},
            "n": {"type": "ARRAY", "items": {"type": "INTEGER"}, "min_items": "1"},
        },
        "propertyOrdering": ["n", "type"],
        "required": ["n"],
    }
    declared = [
        {"name": "f", "description": "d", "parameters": parameters},
        {"name": "g", "parametersJsonSchema": {"type": "object"}},
    ]
    first, second = parse(tools=[{"functionDeclarations": declared}]).tools
    assert first.schema is not None
    schema = msgspec.json.decode(first.schema)
    assert schema == {
        "type": "object",
        "properties": {
            "n": {"type": "array", "items": {"type": "integer"}, "minItems": 1},
            "type": {"type": ["string", "null"], "enum": ["a", None]},
        },
        "required": ["n"],
    }
    assert list(schema["properties"]) == ["n", "type"]
    assert second == cv.Tool("g", schema=msgspec.Raw(b'{"type":"object"}'))


@pytest.mark.parametrize(
    ("config", "choice"),
    [
        ({"mode": "AUTO"}, cv.ToolChoice(cv.ToolMode.AUTO)),
        (
            {"mode": "ANY", "allowedFunctionNames": ["f"]},
            cv.ToolChoice(cv.ToolMode.REQUIRED, ("f",)),
        ),
        ({"mode": "NONE"}, cv.ToolChoice(cv.ToolMode.NONE)),
        ({}, None),
    ],
)
def test_the_choice_of_tools(config: dict[str, Any], choice: cv.ToolChoice | None) -> None:
    assert parse(toolConfig={"functionCallingConfig": config}).tool_choice == choice


def test_validated_calls_are_strict_tools() -> None:
    conversation = parse(
        tools=[{"functionDeclarations": [{"name": "f"}]}],
        toolConfig={"functionCallingConfig": {"mode": "VALIDATED"}},
    )
    assert conversation.tool_choice == cv.ToolChoice(cv.ToolMode.AUTO)
    assert conversation.tools[0].strict is True


@pytest.mark.parametrize(
    ("config", "output"),
    [
        ({"responseMimeType": "text/plain"}, cv.OutputFormat(cv.OutputKind.TEXT)),
        ({"responseMimeType": "application/json"}, cv.OutputFormat(cv.OutputKind.JSON)),
        (
            {"responseMimeType": "application/json", "responseSchema": {"type": "STRING"}},
            cv.OutputFormat(
                cv.OutputKind.SCHEMA, "answer", schema=msgspec.Raw(b'{"type":"string"}')
            ),
        ),
    ],
)
def test_the_form_of_the_answer(config: dict[str, Any], output: cv.OutputFormat) -> None:
    assert parse(generationConfig=config).output == output


@pytest.mark.parametrize(
    ("thinking", "reasoning"),
    [
        ({"thinkingLevel": "HIGH"}, cv.Reasoning(cv.Effort.HIGH)),
        ({"thinkingBudget": 0}, cv.Reasoning(budget_tokens=0)),
        ({"thinkingBudget": -1, "includeThoughts": True}, cv.Reasoning(wants_summary=True)),
    ],
)
def test_thinking(thinking: dict[str, Any], reasoning: cv.Reasoning) -> None:
    assert parse(generationConfig={"thinkingConfig": thinking}).reasoning == reasoning


def test_filters_that_are_off_ask_for_nothing() -> None:
    settings = [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}]
    assert parse(safetySettings=settings) == parse()


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"contents": []}, "contents"),
        ({"contents": [{"parts": [{}]}]}, "contents[0].parts[0]"),
        ({"contents": [{"parts": [{"text": 1}]}]}, "contents[0].parts[0].text"),
        ({"tools": [{"googleSearch": {}}]}, "tools[0].googleSearch"),
        ({"tools": [{"google_search": {}}]}, "tools[0].google_search"),
        ({"cachedContent": "cachedContents/x"}, "cachedContent"),
        ({"cached_content": "cachedContents/x"}, "cached_content"),
        ({"generationConfig": {"temperature": 3}}, "generationConfig.temperature"),
        ({"generation_config": {"max_output_tokens": 0}}, "generation_config.max_output_tokens"),
        ({"generationConfig": {"speechConfig": {}}}, "generationConfig.speechConfig"),
        ({"generationConfig": {"whatever": 1}}, "generationConfig.whatever"),
        (
            {"generationConfig": {"responseMimeType": "text/x.enum"}},
            "generationConfig.responseMimeType",
        ),
        (
            {"generationConfig": {"thinkingConfig": {"thinkingLevel": "huge"}}},
            "generationConfig.thinkingConfig.thinkingLevel",
        ),
        (
            {"safetySettings": [{"category": "c", "threshold": "BLOCK_LOW_AND_ABOVE"}]},
            "safetySettings[0].threshold",
        ),
        (
            {"contents": [{"parts": [{"file_data": {"file_uri": "gs://a/b"}}]}]},
            "contents[0].parts[0].file_data.file_uri",
        ),
        (
            {"contents": [{"parts": [{"fileData": {"fileUri": "https://youtu.be/x"}}]}]},
            "contents[0].parts[0].fileData.fileUri",
        ),
        (
            {"contents": [{"parts": [{"inlineData": {"mimeType": "video/mp4", "data": ""}}]}]},
            "contents[0].parts[0].inlineData.mimeType",
        ),
        (
            {"contents": [{"parts": [{"functionResponse": {"name": "f"}}]}]},
            "contents[0].parts[0].functionResponse",
        ),
    ],
)
def test_what_is_wrong_is_named_as_the_caller_wrote_it(more: dict[str, Any], param: str) -> None:
    assert refusal(**more) == (Cause.BAD_REQUEST, param)


@pytest.mark.parametrize("body", [b"{", b'"\xff"', b"[" * 100_000])
def test_a_body_that_is_no_json(body: bytes) -> None:
    with pytest.raises(ApiError) as caught:
        request.parse(body, model="m", is_stream=False)
    assert caught.value.cause is Cause.INVALID_JSON


def test_what_is_to_be_counted_stands_alone_or_in_a_request() -> None:
    alone = request.parse_count(msgspec.json.encode(LEAST), model="m")
    whole = {"generateContentRequest": {"model": "models/m", **LEAST}}
    assert request.parse_count(msgspec.json.encode(whole), model="m") == alone
    with pytest.raises(ApiError) as caught:
        request.parse_count(b"{}", model="m")
    assert caught.value.param == "contents"


def test_a_signature_that_is_not_ours_is_googles() -> None:
    for given in ("c2ln", b64encode(b"tollgate:x").decode(), "%", "gE=="):
        said = part("model", functionCall={"name": "f"}, thoughtSignature=given)
        assert isinstance(said, cv.ToolUse)
        assert (said.signature, said.origin) == (given, "gemini")
